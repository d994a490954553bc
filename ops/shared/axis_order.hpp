// Orders of axes, as Transpose has them: dimension i of the result is dimension order[i] of what it is made of. An
// empty order changes nothing.
#pragma once

#include <cstddef>
#include <vector>

namespace linnet::internal {

/// What a tensor has of each dimension, in the order of the result's dimensions.
template <typename T>
std::vector<T> in_order(const std::vector<T>& list, const std::vector<std::size_t>& order) {
  if (order.empty()) return list;
  std::vector<T> result;
  result.reserve(order.size());
  for (const std::size_t axis : order) result.push_back(list[axis]);
  return result;
}

/// The order that first `first` and then `second` make.
inline std::vector<std::size_t> composed(const std::vector<std::size_t>& first,
                                         const std::vector<std::size_t>& second) {
  return first.empty() ? second : in_order(first, second);
}

}  // namespace linnet::internal
