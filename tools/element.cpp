#include "tools/element.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace linnet::tools {
namespace {

double from_float16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 0x3ff;
  double value = 0.0;
  if (exponent == 31) {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

double from_bfloat16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return static_cast<double>(value);
}

template <typename T>
double integer_distance(const ConstTensorView& a, const ConstTensorView& b, std::size_t index) {
  const T x = load<T>(a.data, index);
  const T y = load<T>(b.data, index);
  const auto larger = static_cast<std::uint64_t>(x > y ? x : y);
  return static_cast<double>(larger - static_cast<std::uint64_t>(x > y ? y : x));
}

/// `bits` bits in two's complement.
int with_sign(std::uint8_t code, std::size_t bits) {
  const int half = 1 << (bits - 1);
  return (code ^ half) - half;
}

}  // namespace

bool is_float(DataType type) {
  switch (type) {
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kFloat16:
    case DataType::kBfloat16:
    case DataType::kFloat8e4m3fn:
    case DataType::kFloat8e4m3fnuz:
    case DataType::kFloat8e5m2:
    case DataType::kFloat8e5m2fnuz:
    case DataType::kFloat8e8m0:
    case DataType::kFloat4e2m1:
      return true;
    default:
      return false;
  }
}

std::uint8_t bits_at(const void* data, DataType type, std::size_t index) {
  const std::size_t bits = bits_of(type);
  const unsigned byte = static_cast<const std::uint8_t*>(data)[index * bits / 8];
  return static_cast<std::uint8_t>(byte >> index * bits % 8 & ((1U << bits) - 1));
}

void put_bits(void* data, DataType type, std::size_t index, std::uint8_t value) {
  const std::size_t bits = bits_of(type);
  const std::size_t shift = index * bits % 8;
  const unsigned mask = (1U << bits) - 1;
  std::uint8_t& byte = static_cast<std::uint8_t*>(data)[index * bits / 8];
  byte = static_cast<std::uint8_t>((byte & ~(mask << shift)) | (value & mask) << shift);
}

double small_float(DataType type, std::uint8_t bits) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (type == DataType::kFloat8e8m0) return bits == 255 ? kNan : std::ldexp(1.0, bits - 127);
  const bool is_e5m2 = type == DataType::kFloat8e5m2 || type == DataType::kFloat8e5m2fnuz;
  const bool is_uz = type == DataType::kFloat8e4m3fnuz || type == DataType::kFloat8e5m2fnuz;
  const int sign = type == DataType::kFloat4e2m1 ? 8 : 128;
  const int mantissa_bits = type == DataType::kFloat4e2m1 ? 1 : is_e5m2 ? 2 : 3;
  const int bias = (type == DataType::kFloat4e2m1 ? 1 : is_e5m2 ? 15 : 7) + (is_uz ? 1 : 0);
  const int magnitude = bits & (sign - 1);
  if (is_uz && bits == sign) return kNan;
  if (type == DataType::kFloat8e4m3fn && magnitude == 127) return kNan;
  if (type == DataType::kFloat8e5m2 && magnitude > 124) return kNan;
  const int exponent = magnitude >> mantissa_bits;
  const int mantissa = magnitude - (exponent << mantissa_bits) + (exponent > 0 ? 1 << mantissa_bits : 0);
  double value = std::ldexp(mantissa, std::max(exponent, 1) - bias - mantissa_bits);
  if (type == DataType::kFloat8e5m2 && magnitude == 124) value = std::numeric_limits<double>::infinity();
  return (bits & sign) != 0 ? -value : value;
}

double element(const ConstTensorView& view, std::size_t index) {
  switch (view.type) {
    case DataType::kFloat32:
      return static_cast<double>(load<float>(view.data, index));
    case DataType::kFloat64:
      return load<double>(view.data, index);
    case DataType::kFloat16:
      return from_float16(load<std::uint16_t>(view.data, index));
    case DataType::kBfloat16:
      return from_bfloat16(load<std::uint16_t>(view.data, index));
    case DataType::kInt8:
      return load<std::int8_t>(view.data, index);
    case DataType::kInt16:
      return load<std::int16_t>(view.data, index);
    case DataType::kInt32:
      return load<std::int32_t>(view.data, index);
    case DataType::kInt64:
      return static_cast<double>(load<std::int64_t>(view.data, index));
    case DataType::kUint16:
      return load<std::uint16_t>(view.data, index);
    case DataType::kUint32:
      return load<std::uint32_t>(view.data, index);
    case DataType::kUint64:
      return static_cast<double>(load<std::uint64_t>(view.data, index));
    case DataType::kInt4:
    case DataType::kInt2:
      return with_sign(bits_at(view.data, view.type, index), bits_of(view.type));
    case DataType::kUint4:
    case DataType::kUint2:
      return bits_at(view.data, view.type, index);
    case DataType::kFloat8e4m3fn:
    case DataType::kFloat8e4m3fnuz:
    case DataType::kFloat8e5m2:
    case DataType::kFloat8e5m2fnuz:
    case DataType::kFloat8e8m0:
    case DataType::kFloat4e2m1:
      return small_float(view.type, bits_at(view.data, view.type, index));
    default:
      return load<std::uint8_t>(view.data, index);
  }
}

double element_distance(const ConstTensorView& a, const ConstTensorView& b, std::size_t index) {
  if (a.type == DataType::kInt64) return integer_distance<std::int64_t>(a, b, index);
  if (a.type == DataType::kUint64) return integer_distance<std::uint64_t>(a, b, index);
  return std::fabs(element(a, index) - element(b, index));
}

std::string element_text(const ConstTensorView& view, std::size_t index, int digits) {
  if (view.type == DataType::kInt64) return fmt::format("{}", load<std::int64_t>(view.data, index));
  if (view.type == DataType::kUint64) return fmt::format("{}", load<std::uint64_t>(view.data, index));
  return fmt::format("{:.{}g}", element(view, index), is_float(view.type) ? digits : 10);
}

}  // namespace linnet::tools
