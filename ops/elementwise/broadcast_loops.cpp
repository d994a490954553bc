#include "ops/elementwise/broadcast_loops.hpp"

#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

/// Where a run covers all of them, they lie in B.
template <typename T>
const T* gather(const BroadcastLoops& loops, const T* b_elements, std::size_t first, std::size_t count, T* buffer) {
  const T* line = buffer;
  for_broadcast_runs(loops, first, count, [&](std::size_t y, std::size_t, std::size_t b, std::size_t run) {
    if (loops.inner.b_stride != 0 && run == count) {
      line = b_elements + b;
    } else if (loops.inner.b_stride == 0) {
      std::fill_n(buffer + (y - first), run, b_elements[b]);
    } else {
      std::copy_n(b_elements + b, run, buffer + (y - first));
    }
  });
  return line;
}

}  // namespace

const void* line_up(const BroadcastLoops& loops, std::size_t element_bytes, const void* b_elements, std::size_t first,
                    std::size_t count, void* buffer) {
  if (loops.b_dense) return static_cast<const std::byte*>(b_elements) + first * element_bytes;
  return visit_size(element_bytes, [&](auto tag) -> const void* {
    using T = typename decltype(tag)::type;
    return gather(loops, static_cast<const T*>(b_elements), first, count, static_cast<T*>(buffer));
  });
}

}  // namespace linnet::internal
