// Places in boxes of elements in row-major order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/shape.hpp"

namespace linnet::internal {

/// Calls visitor(place) for every place in a box of these sizes.
template <typename Visitor>
void for_places(const Shape& sizes, const Visitor& visitor) {
  std::vector<std::int64_t> place(sizes.size(), 0);
  for (std::int64_t left = element_count(sizes); left > 0; --left) {
    visitor(place);
    for (std::size_t axis = sizes.size(); axis-- > 0;) {
      if (++place[axis] < sizes[axis]) break;
      place[axis] = 0;
    }
  }
}

inline std::int64_t offset_of(const Shape& sizes, const std::vector<std::int64_t>& place) {
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) offset = offset * sizes[axis] + place[axis];
  return offset;
}

/// The place of element `index`.
inline std::vector<std::int64_t> coordinates(const Shape& sizes, std::int64_t index) {
  std::vector<std::int64_t> place(sizes.size());
  for (std::size_t axis = sizes.size(); axis-- > 0; index /= sizes[axis]) place[axis] = index % sizes[axis];
  return place;
}

}  // namespace linnet::internal
