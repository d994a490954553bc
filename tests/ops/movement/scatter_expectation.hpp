// How the tests of ScatterElements and ScatterND combine an update with the element that it meets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "runtime/float16.hpp"

namespace linnet::internal {

/// In double, rounded once. For numbers that are no NaN.
template <typename T>
T updated(T element, T update, const std::string& reduction) {
  const auto old_value = static_cast<double>(element);
  const auto new_value = static_cast<double>(update);
  if (reduction == "add") return static_cast<T>(old_value + new_value);
  if (reduction == "mul") return static_cast<T>(old_value * new_value);
  if (reduction == "max") return static_cast<T>(std::max(old_value, new_value));
  if (reduction == "min") return static_cast<T>(std::min(old_value, new_value));
  return update;
}

/// Calls check(T{}, reduction, most) for every numeric type and reduction; sums and products of numbers up to `most`
/// fit.
template <typename Check>
void for_each_reduction(const Check& check) {
  for (const char* const reduction : {"none", "add", "mul", "max", "min"}) {
    check(double{}, reduction, 2);
    check(Float16{}, reduction, 2);
    check(Bfloat16{}, reduction, 2);
    check(std::int8_t{}, reduction, 2);
    check(std::int16_t{}, reduction, 9);
    check(std::int32_t{}, reduction, 9);
    check(std::int64_t{}, reduction, 9);
    check(std::uint8_t{}, reduction, 3);
    check(std::uint16_t{}, reduction, 9);
    check(std::uint32_t{}, reduction, 9);
    check(std::uint64_t{}, reduction, 9);
  }
}

}  // namespace linnet::internal
