// What Resize does along one axis: where an element of Y lies in X, and which elements of X it is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

enum class ResizeMode : std::uint8_t { kNearest, kLinear, kCubic };
/// kBeforeOpset11: down where the axis grows, up where it shrinks.
enum class NearestMode : std::uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil, kBeforeOpset11 };
enum class CoordinateMode : std::uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize,
};
enum class AspectPolicy : std::uint8_t { kStretch, kNotLarger, kNotSmaller };

/// Of Resize and Upsample, every opset's form.
struct ResizeAttributes : Attributes {
  ResizeMode mode = ResizeMode::kNearest;
  NearestMode nearest = NearestMode::kRoundPreferFloor;
  CoordinateMode coordinates = CoordinateMode::kHalfPixel;
  AspectPolicy policy = AspectPolicy::kStretch;
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation_value = 0;
  std::optional<std::vector<std::int64_t>> axes;  ///< all where there are none
  std::optional<std::vector<float>> scales;       ///< of Upsample before opset 9
  std::size_t scales_input = 2;
  bool never_shrinks = false;  ///< Upsample
};

/// X has `size` elements along the axis and Y `resized`, which is size * to / from where that is a whole number.
struct AxisResize {
  std::int64_t size = 1, resized = 1;
  double to = 1, from = 1;
  bool rounded_scale = false;  ///< to / from is a float32 that may stand for another number
  double start = 0, end = 1;   ///< of the roi, in units of the axis
  /// Y has the elements of X along this axis.
  bool keeps() const { return size == resized && to == from && start == 0 && end == 1; }
};

/// Floor of size * scale, the product rounded to float32 as long as that is exact for integers: 10 times 0.7 is 7,
/// though the float32 nearest to 0.7 is a little less. Requires: scale is finite and above 0. Errors: kInvalidModel
/// when it is larger than 64 bits can count.
std::int64_t resized_length(std::int64_t size, float scale);

/// Weight of an element at distance x >= 0: Keys, "Cubic convolution interpolation for digital image processing", 1981,
/// equation (4).
double cubic_weight(double a, double x);

/// One for each axis of X. Requires: the node has passed infer, and all shapes and values are known.
std::vector<AxisResize> resized_axes(const NodeView& node);

/// The elements of Y that get the extrapolation value.
std::vector<std::int64_t> extrapolated(const ResizeAttributes& attributes, const AxisResize& axis);

/// For each element of Y along the axis, that of X.
std::vector<std::int64_t> nearest_elements(const ResizeAttributes& attributes, const AxisResize& axis);

/// Element i of Y is the sum over tap < taps of weights[i * taps + tap] times element first[i] + tap of X.
struct AxisTaps {
  std::size_t taps = 1;
  std::vector<std::int64_t> first;
  std::vector<double> weights;
};
/// Requires: X has elements.
AxisTaps axis_taps(const ResizeAttributes& attributes, const AxisResize& axis);

// The implementations, of Resize and Upsample.
Implementation simd_resize();  ///< float32, float16 and bfloat16, but for mode nearest
Implementation reference_resize();

/// Mode nearest: elements of any type, moved.
std::shared_ptr<const void> prepare_nearest(const NodeView& node);
void run_nearest(const void* prepared, const RunArguments& args);

/// Sets the elements of Y that an axis marks to one value, of any type.
class Extrapolation {
 public:
  Extrapolation() = default;
  Extrapolation(const NodeView& node, const std::vector<AxisResize>& axes);
  void run(const RunArguments& args) const;

 private:
  /// Of Y [outer, size, inner] the blocks of `inner` elements at `places`.
  struct Blocks {
    std::size_t outer = 1, size = 1, inner = 1;
    std::vector<std::int64_t> places;
  };
  DataType type_ = DataType::kUndefined;
  double value_ = 0;
  std::vector<Blocks> blocks_;
};

/// Elements [first, first + count) of a type become these numbers: integers are rounded to the nearest, halves to even,
/// and cut to their range.
void store_rounded(DataType type, const double* numbers, std::size_t first, std::size_t count, void* elements);

}  // namespace linnet::internal
