#include "runtime/float16.hpp"

#include <cmath>

namespace linnet::internal {
namespace {

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// `value >> shift`, rounded to nearest, ties to even. Requires: 0 < shift < 64.
std::uint64_t shift_round_even(std::uint64_t value, unsigned shift) {
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t rest = value & ((half << 1) - 1);
  const std::uint64_t quotient = value >> shift;
  return quotient + (rest > half || (rest == half && (quotient & 1) != 0) ? 1 : 0);
}

/// Rounds a double to a format of 16 bits with `mantissa_bits` and `exponent_bits` in one step.
std::uint16_t round_to_16_bits(double value, int mantissa_bits, int exponent_bits) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>((bits >> 63) << 15);
  const int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const auto infinity = static_cast<std::uint64_t>((1 << exponent_bits) - 1) << mantissa_bits;
  if (exponent == 0x7ff) {
    const std::uint64_t quiet =
        mantissa == 0 ? 0 : (std::uint64_t{1} << (mantissa_bits - 1)) | (mantissa >> (52 - mantissa_bits));
    return static_cast<std::uint16_t>(sign | infinity | quiet);
  }
  if (exponent == 0) return sign;  // a double's denormals are far below half of the smallest denormal here
  mantissa |= std::uint64_t{1} << 52;
  const int target = exponent - 1023 + bias;
  if (target >= (1 << exponent_bits) - 1) return static_cast<std::uint16_t>(sign | infinity);
  unsigned shift = static_cast<unsigned>(52 - mantissa_bits);
  if (target <= 0) {
    shift += static_cast<unsigned>(1 - target);
    if (shift >= 64) return sign;
    return static_cast<std::uint16_t>(sign | shift_round_even(mantissa, shift));
  }
  // The implicit bit adds one to the exponent field, and so does a carry out of the mantissa, up to infinity.
  const std::uint64_t rounded =
      shift_round_even(mantissa, shift) + (static_cast<std::uint64_t>(target - 1) << mantissa_bits);
  return static_cast<std::uint16_t>(sign | rounded);
}

}  // namespace

// Every float is a double, so one rounding from double is right for both.
std::uint16_t float16_bits(float value) noexcept { return round_to_16_bits(static_cast<double>(value), 10, 5); }
std::uint16_t float16_bits(double value) noexcept { return round_to_16_bits(value, 10, 5); }
std::uint16_t bfloat16_bits(double value) noexcept { return round_to_16_bits(value, 7, 8); }

std::uint16_t bfloat16_bits(float value) noexcept {
  const std::uint32_t bits = bits_of(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float float16_value(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31;
  const std::uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = sign | (exponent == 31 ? 0x7f800000U : (exponent + 112) << 23) | (mantissa << 13);
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

}  // namespace linnet::internal
