// One element of a tensor as a double or as text, whatever its type.
#pragma once

#include <linnet/linnet.hpp>

#include <cstdint>
#include <cstring>
#include <string>

namespace linnet::tools {

template <typename T>
T load(const void* data, std::size_t index) {
  T value;
  std::memcpy(&value, static_cast<const unsigned char*>(data) + index * sizeof(T), sizeof value);
  return value;
}

/// Whether elements are floating-point numbers, of any size.
bool is_float(DataType type);

/// The bits of an element of a type of 8 bits or less, several of which may lie in a byte.
std::uint8_t bits_at(const void* data, DataType type, std::size_t index);
void put_bits(void* data, DataType type, std::size_t index, std::uint8_t value);

/// The number that these bits stand for. Requires: a floating-point type of 8 bits or less.
double small_float(DataType type, std::uint8_t bits);

/// 64-bit integers are rounded to the nearest double.
double element(const ConstTensorView& view, std::size_t index);

/// |a - b|; rounded only where it has more than 53 bits, so that it is 0 for equal elements alone. Requires: one type.
double element_distance(const ConstTensorView& a, const ConstTensorView& b, std::size_t index);

/// Integers in full, floats with as many significant digits.
std::string element_text(const ConstTensorView& view, std::size_t index, int digits);

}  // namespace linnet::tools
