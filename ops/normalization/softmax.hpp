// What Softmax and LogSoftmax share.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

struct SoftmaxAttributes : Attributes {
  std::int64_t axis = -1;
  bool flattened = false;  ///< before opset 13: X counts as a matrix, its columns the dimensions from `axis` on
  bool logarithm = false;
};

/// X seen as [outer, axis, inner]; the sums run over the middle one.
struct SoftmaxExtents {
  std::int64_t outer = 1, axis = 1, inner = 1;
  std::int64_t count() const { return outer * axis * inner; }
};
/// Requires: all dimensions known.
SoftmaxExtents softmax_extents(const NodeView& node);

/// simd for float32, simd half for 16-bit floats in tasks of a fair size, simd double, onednn where it is asked for,
/// reference.
std::vector<Implementation> softmax_implementations();
Implementation onednn_softmax_implementation();
Implementation double_softmax_implementation();

}  // namespace linnet::internal
