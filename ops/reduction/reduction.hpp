// What ReduceMean, ReduceSum, ReduceL1, ReduceL2, ReduceSumSquare, ReduceLogSum, ReduceLogSumExp, ReduceProd, ReduceMax
// and ReduceMin share.
#pragma once

#include <limits>
#include <vector>

#include "ops/kernels/reduction.hpp"
#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

enum class ReduceOp { kMean, kSum, kL1, kL2, kSumSquare, kLogSum, kLogSumExp, kProd, kMax, kMin };

inline constexpr TypeSet kSummedTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};
inline constexpr TypeSet kComparedTypes = kSummedTypes | TypeSet{DataType::kInt8, DataType::kUint8, DataType::kBool};

struct ReduceAttributes : Attributes {
  ReduceOp op = ReduceOp::kMean;
  std::vector<std::int64_t> axes;  ///< of the opsets in which they are an attribute; else input 1, if there is one
  bool keep_dims = true;
  bool keep_without_axes = false;
  bool spatial = false;        ///< instead of axes: all but the first two
  bool channels_last = false;  ///< of X and Y, images; axes are those with channels first
};

/// By dimension of X: is it reduced? Nothing when the axes are not known. Errors: kInvalidModel for wrong axes.
std::optional<std::vector<bool>> reduced_dims(const NodeView& node);

/// For OpFacts.
std::optional<ChannelsLast> reduction_channels_last(const NodeView& node);

/// X as a few dimensions, alternately kept and reduced: neighbours of the same kind are joined, those of size 1 left
/// out. There are none where Y or what lies behind each of its elements is empty.
struct Reduction {
  ReduceOp op = ReduceOp::kMean;
  DataType type = DataType::kFloat32;
  std::int64_t results = 0;  ///< elements of Y
  std::int64_t count = 1;    ///< elements of X behind each
  Shape sizes, strides;
  std::vector<bool> reduced;

  /// Offset of the first element behind a result, or (reduced) of element `index` behind the first result.
  std::int64_t offset(std::int64_t index, bool of_reduced) const;
};

/// What ReduceLogSumExp makes of some numbers, and of none: their sum of e^x is e^maximum (sum.equal + sum.others).
/// Where `maximum` is not finite, only it counts.
struct LogSumExp {
  double maximum = -std::numeric_limits<double>::infinity();
  kernels::ExponentialSum sum;
};
LogSumExp joined(const LogSumExp& a, const LogSumExp& b);
/// maximum + log(sum), not rounded to double where that is longer.
long double logarithm_of(const LogSumExp& sums);

/// Requires: all shapes and axes known.
Reduction reduction_of(const NodeView& node);

/// Whether X is [outer, rows, columns] and Y [outer, columns].
bool reduces_neighbours(const Reduction& reduction);
struct ReducedExtents {
  std::int64_t outer = 1, rows = 1, columns = 1;
};
/// Requires: reduces_neighbours.
ReducedExtents extents_of(const Reduction& reduction);

/// What is made of the elements; of ReduceLogSumExp the first of two things.
kernels::ReduceKind kind_of(ReduceOp op);

/// simd for float32, simd half for 16-bit floats and simd double, where the reduced dimensions are neighbours;
/// reference.
std::vector<Implementation> reduction_implementations();
Implementation reduction_double_implementation();
Implementation reduction_reference_implementation();

}  // namespace linnet::internal
