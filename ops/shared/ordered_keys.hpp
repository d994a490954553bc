// Elements as integers that order as they do.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace linnet::internal {

/// Of what visit_line_type gives for a type: a < b where the key of a is smaller than that of b. NaN is larger than
/// every number, and 0 and -0 are equal.
inline std::int64_t ordered_key(std::int64_t number) { return number; }
inline std::int64_t ordered_key(std::uint64_t number) {
  return static_cast<std::int64_t>(number ^ (std::uint64_t{1} << 63));
}
/// The bits of a positive number grow with it, those of a negative one the other way.
inline std::int64_t ordered_key(double number) {
  if (std::isnan(number)) return INT64_MAX;
  number += 0.0;  // no -0
  std::int64_t bits = 0;
  std::memcpy(&bits, &number, sizeof bits);
  return bits < 0 ? bits ^ INT64_MAX : bits;
}

}  // namespace linnet::internal
