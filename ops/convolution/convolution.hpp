// What Conv and ConvTranspose share. With s, p, d the stride, pad and dilation of an axis:
//   Conv            Y[n, m, o...] = B[m] + sum over c, k... of X[n, c, o * s - p + k * d ...] * W[m, c, k...]
//   ConvTranspose   Y[n, m, o...] = B[m] + sum over c, k..., i... with i * s - p + k * d = o of
//                                         X[n, c, i...] * W[c, m, k...]
// where what lies outside of X is 0. Channels fall into groups of which each is a convolution of its own.
#pragma once

#include <vector>

#include "ops/kernels/activation.hpp"
#include "ops/shared/window.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct ConvolutionAttributes : Attributes {
  WindowAttributes window;
  std::int64_t group = 1;
  bool transposed = false;
  std::vector<std::int64_t> output_padding;  ///< of ConvTranspose, as output_shape: empty where it was left out
  std::vector<std::int64_t> output_shape;    ///< of the spatial axes, or of all
  kernels::Activation activation;            ///< the epilogue that a pass took in; float32 only
  bool channels_last = false;                ///< of X, Y and what is added; W is as ever
};

/// For `parse`. Errors: kInvalidModel for numbers out of range.
AttributesPtr parse_convolution(ParseContext& context, bool transposed);
/// What every convolution has: the window and the group.
void parse_windows(ParseContext& context, ConvolutionAttributes& attributes);

/// Dimensions of Y, as far as known; `b` is null where there is none. Channels are first in `x` and in Y. Errors:
/// kInvalidModel where they do not fit.
Dims convolution_dims(const ConvolutionAttributes& attributes, const Dims& x, const Dims& w, const Dims* b);

/// A convolution with concrete shapes. Channels are those of one group; sizes count elements.
struct Convolution {
  bool transposed = false;
  bool channels_last = false;           ///< of X and Y
  std::int64_t images = 0, groups = 1;  ///< no images where Y has no elements
  std::int64_t x_channels = 0, y_channels = 0;
  std::vector<WindowAxis> axes;           ///< two at least: before a single one stands one of size 1
  std::int64_t x_plane = 1, y_plane = 1;  ///< of one channel of one image
  std::int64_t taps = 1;                  ///< of the kernel
  kernels::Activation activation;

  // Where element (group, y channel, x channel, tap) of W is.
  std::int64_t w_group_stride() const { return x_channels * y_channels * taps; }
  std::int64_t w_y_stride() const { return transposed ? taps : x_channels * taps; }
  std::int64_t w_x_stride() const { return transposed ? y_channels * taps : taps; }
};

/// Requires: the node has passed infer, and all dimensions are known.
Convolution convolution_of(const NodeView& node);
/// The same of the shapes of X, with channels first, and W.
Convolution convolution_of(const ConvolutionAttributes& attributes, const Shape& x, const Shape& w);

constexpr std::size_t kConvolutionX = 0, kConvolutionW = 1, kConvolutionB = 2;
/// What fusions made an input, of the shape of Y: it is added to Y before the activation. float32 only.
constexpr std::size_t kConvolutionAddend = 3;
/// Output channels of a group that earn a product. Fewer are summed by taps, which add nothing else.
constexpr std::size_t kLeastProductRows = 8;

Implementation simd_convolution();       ///< float32
Implementation depthwise_convolution();  ///< float32 with channels last
Implementation half_convolution();       ///< float16 and bfloat16
Implementation reference_convolution();  ///< every type; sums in double, rounded once

/// Spatial axes of images with channels last that the simd backend takes.
constexpr std::size_t kMostChannelsLastAxes = 3;
/// The hook; nothing for what no kernels make well with channels last.
std::optional<ChannelsLast> channels_last_convolution(const NodeView& node);
/// The depthwise convolution with channels last; nothing for any other.
std::optional<ChannelsLast> channels_last_depthwise(const NodeView& node);

// Fusion hooks.
std::optional<Replacement> absorb_affine_into_convolution(const FusionContext& context);
std::optional<Replacement> absorb_activation_into_convolution(const FusionContext& context);

/// `name`: Conv or ConvTranspose.
void register_convolution(Registry& registry, const char* name, AttributesPtr (*parse)(ParseContext&));

}  // namespace linnet::internal
