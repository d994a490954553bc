// Operands lined up beside the result that they broadcast to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ops/shared/element_lines.hpp"
#include "runtime/broadcast_loops.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// For operators of any number of inputs, where A stands for Y: the elements of B that belong to [first, first + count)
/// of Y. They are lined up in `buffer`, unless they lie in B one behind the other.
const void* line_up(const BroadcastLoops& loops, std::size_t element_bytes, const void* b_elements, std::size_t first,
                    std::size_t count, void* buffer);
template <typename T>
const T* line_up(const BroadcastLoops& loops, const T* b_elements, std::size_t first, std::size_t count, T* buffer) {
  return static_cast<const T*>(line_up(loops, sizeof(T), b_elements, first, count, buffer));
}

/// Elements of Y that are worked on at a time by those who line up their operands.
inline constexpr std::size_t kLinedUp = kLineElements;

/// Calls body(first, count) for blocks of at most kLinedUp elements that cover [first, first + count).
template <typename Body>
void for_lined_up(std::size_t first, std::size_t count, const Body& body) {
  for (std::size_t done = 0; done < count; done += kLinedUp) body(first + done, std::min(kLinedUp, count - done));
}

/// Room for lined up elements of any type.
struct LineBuffer {
  alignas(std::uint64_t) std::byte bytes[kLinedUp * sizeof(std::uint64_t)];
};

/// As line_up, into lines of `Wide` (ops/shared/element_lines.hpp). Requires: count <= kLinedUp.
template <typename Wide>
void load_lined_up(const BroadcastLoops& loops, DataType type, const void* b_elements, std::size_t first,
                   std::size_t count, Wide* line) {
  LineBuffer buffer;
  load_line(type, line_up(loops, size_of(type), b_elements, first, count, &buffer), 0, count, line);
}

}  // namespace linnet::internal
