#include "tools/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/arguments.hpp"
#include "tools/element.hpp"

namespace linnet::tools {
namespace {

/// Bits of a sign-magnitude number on a line where neighbours differ by one.
template <typename Bits>
std::int64_t on_line(Bits bits) {
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (sizeof(Bits) * 8 - 1));
  const auto magnitude = static_cast<std::int64_t>(bits & static_cast<Bits>(~kSign));
  return (bits & kSign) != 0 ? -magnitude : magnitude;
}

template <typename Bits>
double steps(const ConstTensorView& a, const ConstTensorView& b, std::size_t index) {
  return std::fabs(static_cast<double>(on_line(load<Bits>(a.data, index))) -
                   static_cast<double>(on_line(load<Bits>(b.data, index))));
}

double ulp(const ConstTensorView& a, const ConstTensorView& b, std::size_t index) {
  switch (a.type) {
    case DataType::kFloat32:
      return steps<std::uint32_t>(a, b, index);
    case DataType::kFloat64:
      return steps<std::uint64_t>(a, b, index);
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return steps<std::uint16_t>(a, b, index);
    default:
      return 0.0;
  }
}

}  // namespace

Comparison compare(const ConstTensorView& actual, const ConstTensorView& expected, const Tolerance& tolerance) {
  Comparison result;
  const Shape actual_shape(actual.shape, actual.shape + actual.rank);
  const Shape expected_shape(expected.shape, expected.shape + expected.rank);
  if (actual.type != expected.type || actual_shape != expected_shape) {
    result.comparable = false;
    result.reason = fmt::format("is {} {}, expected {} {}", name_of(actual.type), text_of(actual_shape),
                                name_of(expected.type), text_of(expected_shape));
    return result;
  }
  std::size_t count = 1;
  for (const std::int64_t size : actual_shape) count *= static_cast<std::size_t>(size);
  for (std::size_t i = 0; i < count; ++i) {
    const double a = element(actual, i);
    const double b = element(expected, i);
    if (std::isnan(a) && std::isnan(b)) continue;
    const double difference = element_distance(actual, expected, i);
    if (a == b && !(difference > 0)) continue;  // of equal infinities it is NaN
    if (std::isnan(a) || std::isnan(b)) {
      ++result.not_a_number;
    } else {
      result.largest_absolute = std::max(result.largest_absolute, difference);
      result.largest_ulp = std::max(result.largest_ulp, ulp(actual, expected, i));
    }
    const bool inside = std::isfinite(b) && difference <= tolerance.atol + tolerance.rtol * std::fabs(b);
    if (inside) continue;
    if (result.outside++ == 0) {
      result.first_outside = i;
      result.actual_at_first = element_text(actual, i, 9);
      result.expected_at_first = element_text(expected, i, 9);
    }
  }
  return result;
}

std::string describe(const Comparison& comparison) {
  if (!comparison.comparable) return comparison.reason;
  std::string largest = fmt::format("largest difference {:.3g} absolute, {:.0f} ULP", comparison.largest_absolute,
                                    comparison.largest_ulp);
  if (comparison.outside == 0) return largest;
  const std::string nan =
      comparison.not_a_number == 0 ? "" : fmt::format(", {} of them NaN on one side only", comparison.not_a_number);
  return fmt::format("{} elements differ too much{}; the first is {}: {}, expected {}; {}", comparison.outside, nan,
                     comparison.first_outside, comparison.actual_at_first, comparison.expected_at_first, largest);
}

}  // namespace linnet::tools
