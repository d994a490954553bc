// One element of a tensor as a double, whatever its type.
#pragma once

#include <linnet/linnet.hpp>

#include <cstring>

namespace linnet::tools {

template <typename T>
T load(const void* data, std::size_t index) {
  T value;
  std::memcpy(&value, static_cast<const unsigned char*>(data) + index * sizeof(T), sizeof value);
  return value;
}

/// 64-bit integers are rounded to the nearest double.
double element(const ConstTensorView& view, std::size_t index);

}  // namespace linnet::tools
