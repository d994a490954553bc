// One float8 or float4 at a time.
#pragma once

#include "runtime/small_float.hpp"

namespace linnet::internal {

inline std::uint8_t small_float_code(DataType type, double value, const SmallFloatRounding& rounding) {
  std::uint8_t code = 0;
  small_float_codes(type, rounding, &value, 1, &code);
  return code;
}

inline double small_float_value(DataType type, std::uint8_t code) {
  float value = 0;
  small_float_values(type, &code, 1, &value);
  return static_cast<double>(value);
}

}  // namespace linnet::internal
