// Source of the formats: https://onnx.ai/onnx/technical/float8.html and float4.html; of the special cases: ONNX's Cast.
#include "runtime/small_float.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace linnet::internal {
namespace {

constexpr SmallFloatFormat kE4m3fn{3, 7, 0x80, 0x7e, 0x7f, 0x7f, true};
constexpr SmallFloatFormat kE4m3fnuz{3, 8, 0x80, 0x7f, 0x80, 0x80, false};
constexpr SmallFloatFormat kE5m2{2, 15, 0x80, 0x7b, 0x7c, 0x7e, true};
constexpr SmallFloatFormat kE5m2fnuz{2, 16, 0x80, 0x7f, 0x80, 0x80, false};
constexpr SmallFloatFormat kE2m1{1, 1, 0x08, 0x07, 0x07, 0x08, true};

constexpr std::uint8_t kPowerNan = 0xff;  // of float8e8m0
constexpr int kPowerBias = 127;

std::uint64_t bits_of(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// 2^exponent. Requires: a normal double.
double power_of_two(int exponent) {
  const std::uint64_t bits = static_cast<std::uint64_t>(exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::uint8_t power_code(double value, const SmallFloatRounding& rounding) {
  if (std::isnan(value) || value < 0) return kPowerNan;
  const std::uint64_t bits = bits_of(value);
  const std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023;  // of 0 and a double's denormals: far below the range
  using Power = SmallFloatRounding::Power;
  const bool up =
      rounding.power == Power::kNearest ? mantissa >> 51 != 0 : rounding.power == Power::kUp && mantissa != 0;
  if (up) ++exponent;
  if (exponent >= -kPowerBias && exponent <= kPowerBias) return static_cast<std::uint8_t>(exponent + kPowerBias);
  if (!rounding.saturate) return kPowerNan;
  return exponent < 0 ? 0 : kPowerNan - 1;
}

}  // namespace

const SmallFloatFormat& small_float_format(DataType type) noexcept {
  switch (type) {
    case DataType::kFloat8e4m3fn:
      return kE4m3fn;
    case DataType::kFloat8e4m3fnuz:
      return kE4m3fnuz;
    case DataType::kFloat8e5m2:
      return kE5m2;
    case DataType::kFloat8e5m2fnuz:
      return kE5m2fnuz;
    default:
      return kE2m1;
  }
}

void small_float_codes(DataType type, const SmallFloatRounding& rounding, const double* values, std::size_t count,
                       std::uint8_t* codes) noexcept {
  if (type == DataType::kFloat8e8m0) {
    for (std::size_t i = 0; i < count; ++i) codes[i] = power_code(values[i], rounding);
    return;
  }
  const SmallFloatFormat format = small_float_format(type);
  const auto mantissa_bits = static_cast<int>(format.mantissa_bits);
  const unsigned most = rounding.saturate ? format.largest : format.too_large;
  const unsigned to_sign = type == DataType::kFloat4e2m1 ? 60 : 56;  // from a double's sign to the bit of the sign
  const unsigned signed_nan = format.signed_zero && type != DataType::kFloat4e2m1 ? 1 : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = bits_of(values[i]);
    const unsigned sign = static_cast<unsigned>(bits >> to_sign) & format.sign;
    // Beyond this all are too large; below it the whole number of quanta, 2^(exponent - mantissa_bits), is at most 16.
    const double magnitude = std::min(std::fabs(values[i]), 0x1p20);
    const int exponent = std::max(static_cast<int>(bits_of(magnitude) >> 52) - 1023, 1 - format.bias);
    // Behind 2^52 there are whole numbers only: the sum is rounded to nearest even.
    const double rounded = magnitude * power_of_two(mantissa_bits - exponent) + 0x1p52;
    // The implicit bit adds one to the exponent's field, and so does a carry.
    unsigned code = static_cast<unsigned>(bits_of(rounded) & 0xff) +
                    (static_cast<unsigned>(exponent + format.bias - 1) << format.mantissa_bits);
    code = code > format.largest ? most : code;
    // Signs are as good as random: no branch.
    const unsigned has_sign = code != 0 && code != format.nan ? 1 : 0;
    code |= sign * (has_sign | (format.signed_zero ? 1 : 0));
    if (std::isnan(values[i])) code = format.nan | sign * signed_nan;
    codes[i] = static_cast<std::uint8_t>(code);
  }
}

void small_float_values(DataType type, const std::uint8_t* codes, std::size_t count, float* values) noexcept {
  constexpr std::uint32_t kNan = 0x7fc00000;
  constexpr std::uint32_t kInfinity = 0x7f800000;
  if (type == DataType::kFloat8e8m0) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t normal = codes[i] == kPowerNan ? kNan : std::uint32_t{codes[i]} << 23;
      const std::uint32_t bits = codes[i] == 0 ? 0x00400000 : normal;  // 2^-127 is a denormal float
      std::memcpy(values + i, &bits, sizeof bits);
    }
    return;
  }
  const SmallFloatFormat format = small_float_format(type);
  const unsigned to_sign = type == DataType::kFloat4e2m1 ? 28 : 24;  // from the sign's bit to a float's
  const std::uint32_t rebias = static_cast<std::uint32_t>(127 - format.bias) << 23;
  const auto quantum = static_cast<float>(power_of_two(1 - format.bias - static_cast<int>(format.mantissa_bits)));
  const std::uint32_t infinite = type == DataType::kFloat8e5m2 ? format.too_large : 0x100;
  const std::uint32_t lone_sign = format.signed_zero ? 0x100 : format.sign;  // NaN where zero has no sign
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t code = codes[i];
    const std::uint32_t magnitude = code & (format.sign - 1U);
    const float denormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * quantum;
    std::uint32_t denormal_bits;
    std::memcpy(&denormal_bits, &denormal, sizeof denormal_bits);
    std::uint32_t bits = (magnitude << (23 - format.mantissa_bits)) + rebias;
    bits = magnitude >> format.mantissa_bits == 0 ? denormal_bits : bits;
    bits = magnitude > format.largest ? kNan : bits;
    bits = magnitude == infinite ? kInfinity : bits;
    bits |= (code & format.sign) << to_sign;
    bits = code == lone_sign ? kNan : bits;
    std::memcpy(values + i, &bits, sizeof bits);
  }
}

}  // namespace linnet::internal
