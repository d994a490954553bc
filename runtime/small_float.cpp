// Source of the formats: https://onnx.ai/onnx/technical/float8.html and float4.html; of the special cases: ONNX's Cast.
#include "runtime/small_float.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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

std::uint8_t small_float_code(DataType type, double value, const SmallFloatRounding& rounding) noexcept {
  if (type == DataType::kFloat8e8m0) return power_code(value, rounding);
  const SmallFloatFormat& format = small_float_format(type);
  const std::uint64_t bits = bits_of(value);
  const bool negative = bits >> 63 != 0;
  if (std::isnan(value)) {
    return type == DataType::kFloat4e2m1 || !format.signed_zero || !negative
               ? format.nan
               : static_cast<std::uint8_t>(format.sign | format.nan);
  }
  // Beyond this all are too large; below it the whole number of quanta, 2^(exponent - mantissa_bits), is at most 16.
  const double magnitude = std::min(std::fabs(value), 0x1p20);
  const int exponent = std::max(static_cast<int>(bits_of(magnitude) >> 52) - 1023, 1 - format.bias);
  const int mantissa_bits = static_cast<int>(format.mantissa_bits);
  // Behind 2^52 there are whole numbers only: the sum is rounded to nearest even.
  const auto quanta =
      static_cast<unsigned>(bits_of(magnitude * power_of_two(mantissa_bits - exponent) + 0x1p52) & 0xff);
  // The implicit bit adds one to the exponent's field, and so does a carry.
  unsigned code = quanta + (static_cast<unsigned>(exponent + format.bias - 1) << format.mantissa_bits);
  if (code > format.largest) code = rounding.saturate ? format.largest : format.too_large;
  const bool keeps_sign = format.signed_zero || (code != 0 && code != format.nan);
  return static_cast<std::uint8_t>(negative && keeps_sign ? code | format.sign : code);
}

double small_float_value(DataType type, std::uint8_t code) noexcept {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (type == DataType::kFloat8e8m0) return code == kPowerNan ? kNan : power_of_two(code - kPowerBias);
  const SmallFloatFormat& format = small_float_format(type);
  const unsigned magnitude = code & (format.sign - 1U);
  const bool negative = (code & format.sign) != 0;
  if (!format.signed_zero && code == format.nan) return kNan;
  if (magnitude > format.largest) {
    if (type != DataType::kFloat8e5m2 || magnitude != format.too_large) return negative ? -kNan : kNan;
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  const unsigned field = magnitude >> format.mantissa_bits;
  const unsigned hidden = field == 0 ? 0 : 1U << format.mantissa_bits;
  const unsigned quanta = hidden + (magnitude & ((1U << format.mantissa_bits) - 1));
  const int exponent = static_cast<int>(std::max(field, 1U)) - format.bias - static_cast<int>(format.mantissa_bits);
  const double value = quanta * power_of_two(exponent);
  return negative ? -value : value;
}

}  // namespace linnet::internal
