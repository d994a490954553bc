#include "tools/element.hpp"

#include <fmt/format.h>

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

}  // namespace

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
  const bool whole = view.type != DataType::kFloat32 && view.type != DataType::kFloat64 &&
                     view.type != DataType::kFloat16 && view.type != DataType::kBfloat16;
  return fmt::format("{:.{}g}", element(view, index), whole ? 10 : digits);
}

}  // namespace linnet::tools
