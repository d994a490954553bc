// The 16-bit floating-point element types. Arithmetic is done in float; these only store and convert.
#pragma once

#include <cstdint>
#include <cstring>

#include <linnet/linnet.hpp>

namespace linnet::internal {

/// IEEE 754 binary16. Conversion from float rounds to nearest even; NaN stays NaN (quiet).
std::uint16_t float16_bits(float value) noexcept;
/// Exact rounding of a double, without rounding twice through float.
std::uint16_t float16_bits(double value) noexcept;
float float16_value(std::uint16_t bits) noexcept;

struct Float16 {
  std::uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value) noexcept : bits(float16_bits(value)) {}
  explicit Float16(double value) noexcept : bits(float16_bits(value)) {}
  operator float() const noexcept { return float16_value(bits); }
};

/// The upper half of a float. Conversion rounds to nearest even; NaN stays NaN.
std::uint16_t bfloat16_bits(float value) noexcept;
std::uint16_t bfloat16_bits(double value) noexcept;

struct Bfloat16 {
  std::uint16_t bits = 0;
  Bfloat16() = default;
  explicit Bfloat16(float value) noexcept : bits(bfloat16_bits(value)) {}
  explicit Bfloat16(double value) noexcept : bits(bfloat16_bits(value)) {}
  operator float() const noexcept {
    const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }
};

static_assert(sizeof(Float16) == 2 && sizeof(Bfloat16) == 2);

}  // namespace linnet::internal

namespace linnet {
template <>
constexpr DataType data_type_of<internal::Float16>() {
  return DataType::kFloat16;
}
template <>
constexpr DataType data_type_of<internal::Bfloat16>() {
  return DataType::kBfloat16;
}
}  // namespace linnet
