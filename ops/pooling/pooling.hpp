// What MaxPool, AveragePool, LpPool and GlobalLpPool share: they differ in what they make of the elements of a window.
#pragma once

#include <vector>

#include "ops/shared/window.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {

enum class PoolOp : std::uint8_t { kMax, kAverage, kLp };

struct PoolAttributes : Attributes {
  PoolOp op = PoolOp::kMax;
  WindowAttributes window;
  bool global = false;             ///< the window is the whole input
  bool count_include_pad = false;  ///< of kAverage
  bool column_major = false;       ///< of kMax: how Indices count within a plane
  bool channels_last = false;      ///< of X and Y; without Indices
  double p = 2;                    ///< of kLp
};

/// A spatial axis.
struct PooledAxis : WindowAxis {
  std::int64_t stride_of_x = 1;   ///< elements of X between neighbours: of the last axis `channels`
  std::int64_t index_stride = 1;  ///< the same, in what Indices count
};

/// A pooling in numbers. X is [planes, outer axes..., last axis]; Y likewise. A row is what lies along the last axis.
/// With channels last, planes are woven into each other: neighbours of one are `channels` apart.
struct Pooling {
  PoolOp op = PoolOp::kMax;
  DataType type = DataType::kFloat32;
  bool count_include_pad = false;
  double p = 2;
  std::int64_t planes = 1;        ///< 0 where Y is empty: nothing else is set then
  std::int64_t channels = 1;      ///< of an image with channels last
  std::int64_t plane_inputs = 1;  ///< elements of a plane of X
  std::int64_t plane_rows = 1;    ///< rows of a plane of Y
  std::vector<PooledAxis> outer;
  PooledAxis last;
  double taps = 1;  ///< of a window

  /// Offset of the first element of a plane of so many elements.
  std::int64_t plane_begin(std::int64_t plane, std::int64_t elements) const {
    return plane / channels * channels * elements + plane % channels;
  }
  /// Elements along an axis that a mean divides by.
  std::int64_t counted(const WindowAxis& axis, std::int64_t output) const;
};

/// Requires: all shapes known.
Pooling pooling_of(const NodeView& node);

/// For each output along an axis, what a mean is multiplied by: 0 where nothing counts.
std::vector<double> inverses_of(const Pooling& pooling, const WindowAxis& axis);

/// The rows of X behind a row of Y.
class PooledRows {
 public:
  /// `row` counts over all planes.
  PooledRows(const Pooling& pooling, std::int64_t row);
  std::int64_t count() const { return count_; }
  struct Place {
    std::int64_t x;      ///< offset in X of the row's first element
    std::int64_t index;  ///< of that element, in what Indices count
  };
  /// Of row `index` < count(): in row-major order of their taps.
  Place place(std::int64_t index) const;
  /// Of a mean: the elements along the outer axes.
  double counted() const { return counted_; }

 private:
  const Pooling* pooling_;
  std::int64_t row_;
  std::int64_t count_ = 1;
  double counted_ = 1;
};

/// Of MaxPool and AveragePool: simd, simd lines, and the reference.
std::vector<Implementation> pooling_implementations();
Implementation pooling_lines_implementation();  ///< float32 with channels last
Implementation pooling_reference_implementation();

/// For OpFacts, of MaxPool and AveragePool.
std::optional<ChannelsLast> pooling_channels_last(const NodeView& node);

}  // namespace linnet::internal
