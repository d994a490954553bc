#include "runtime/broadcast_loops.hpp"

namespace linnet::internal {
namespace {

using Axis = BroadcastLoops::Axis;

/// Size of dimension `i` of a shape that is filled up with ones at the front to `rank` dimensions.
std::size_t size_at(const Shape& shape, std::size_t rank, std::size_t i) {
  const std::size_t missing = rank - shape.size();
  return i < missing ? 1 : static_cast<std::size_t>(shape[i - missing]);
}

/// Whether a step of the outer axis goes as far as the whole inner axis does.
bool continues(const Axis& outer, const Axis& inner) {
  return outer.a_stride == inner.size * inner.a_stride && outer.b_stride == inner.size * inner.b_stride;
}

}  // namespace

BroadcastLoops broadcast_loops(const Shape& a, const Shape& b) {
  BroadcastLoops loops;
  const std::size_t rank = std::max(a.size(), b.size());
  std::vector<Axis> axes;  // innermost first
  std::size_t a_count = 1;
  std::size_t b_count = 1;
  loops.count = 1;
  for (std::size_t i = rank; i-- > 0;) {
    const std::size_t a_size = size_at(a, rank, i);
    const std::size_t b_size = size_at(b, rank, i);
    const Axis axis{a_size == 1 ? b_size : a_size, a_size == 1 ? 0 : a_count, b_size == 1 ? 0 : b_count};
    a_count *= a_size;
    b_count *= b_size;
    loops.count *= axis.size;
    if (axis.size == 1) continue;
    if (!axes.empty() && continues(axis, axes.back())) {
      axes.back().size *= axis.size;
    } else {
      axes.push_back(axis);
    }
  }
  loops.a_dense = a_count == loops.count;
  loops.b_dense = b_count == loops.count;
  if (!axes.empty()) loops.inner = axes.front();
  loops.outer.assign(axes.rbegin(), axes.rend());
  if (!loops.outer.empty()) loops.outer.pop_back();
  return loops;
}

}  // namespace linnet::internal
