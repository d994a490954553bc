// The loops behind Y = f(A, B) with NumPy's broadcasting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/shape.hpp"

namespace linnet::internal {

/// Axes along which both operands advance alike are joined and those of size 1 dropped, so equal shapes give one loop,
/// and a row, a column or a scalar beside a matrix two at most.
struct BroadcastLoops {
  struct Axis {
    std::size_t size = 1;
    std::size_t a_stride = 0;  ///< in elements; 0: A repeats along this axis
    std::size_t b_stride = 0;
  };
  std::vector<Axis> outer;  ///< outermost first
  Axis inner;               ///< strides are 0 or 1
  std::size_t count = 0;    ///< elements of Y
  bool a_dense = false;     ///< A has the elements of Y, in the same order
  bool b_dense = false;
};

/// Requires: the shapes broadcast.
BroadcastLoops broadcast_loops(const Shape& a, const Shape& b);

/// Calls body(y, a, b, size) for every run of `size` elements along the inner axis that lies in [first, first + count)
/// of Y; y, a and b are the indices of the run's first elements. In the order of Y.
template <typename Body>
void for_broadcast_runs(const BroadcastLoops& loops, std::size_t first, std::size_t count, const Body& body) {
  if (loops.outer.empty()) {
    if (count > 0) body(first, first * loops.inner.a_stride, first * loops.inner.b_stride, count);
    return;
  }
  const std::size_t end = first + count;
  const BroadcastLoops::Axis& inner = loops.inner;
  const BroadcastLoops::Axis last = loops.outer.back();
  while (first < end) {
    // Where the run stands: divisions once per round of the last outer axis.
    const std::size_t row = first / inner.size;
    std::size_t column = first % inner.size;
    std::size_t position = row % last.size;
    std::size_t rest = row / last.size;
    std::size_t a = position * last.a_stride;
    std::size_t b = position * last.b_stride;
    for (std::size_t i = loops.outer.size(); i-- > 1;) {
      const BroadcastLoops::Axis& axis = loops.outer[i - 1];
      a += rest % axis.size * axis.a_stride;
      b += rest % axis.size * axis.b_stride;
      rest /= axis.size;
    }
    for (; position < last.size && first < end; ++position) {
      const std::size_t size = std::min(inner.size - column, end - first);
      body(first, a + column * inner.a_stride, b + column * inner.b_stride, size);
      first += size;
      column = 0;
      a += last.a_stride;
      b += last.b_stride;
    }
  }
}

}  // namespace linnet::internal
