// The floating-point element types of 8 and 4 bits: what their codes stand for, and the code of a number.
#pragma once

#include <cstdint>

#include "runtime/data_type.hpp"

namespace linnet::internal {

/// How numbers become elements of a small type.
struct SmallFloatRounding {
  /// float8 only: what is too large becomes the largest number; else an infinity, or NaN where the type has none.
  bool saturate = true;
  /// float8e8m0 only, whose elements are powers of two: the next larger one, the next smaller one, or the nearest with
  /// ties up. The other types round to nearest even.
  enum class Power : std::uint8_t { kUp, kDown, kNearest } power = Power::kUp;
};

/// Layout of a small float: sign, exponent, `mantissa_bits`. float8e8m0 has neither sign nor mantissa and is not
/// described by this.
struct SmallFloatFormat {
  unsigned mantissa_bits;
  int bias;                ///< of the exponent
  std::uint8_t sign;       ///< the bit of the sign
  std::uint8_t largest;    ///< code of the largest number
  std::uint8_t too_large;  ///< code of what is larger, unless saturated
  std::uint8_t nan;        ///< code of NaN
  bool signed_zero;        ///< zero, infinity and NaN carry a sign; else the sign bit alone is NaN
};

/// Requires: a type of kSmallFloatTypes but float8e8m0.
const SmallFloatFormat& small_float_format(DataType type) noexcept;

/// codes[i] becomes that of values[i], rounded once. Without `saturate`, float8e8m0 has NaN for 0 and for what lies
/// outside 2^-127 to 2^127; negative numbers are NaN there. NaN becomes -0 in float4e2m1, as ONNX's own tests have it.
/// Requires: a type of kSmallFloatTypes.
void small_float_codes(DataType type, const SmallFloatRounding& rounding, const double* values, std::size_t count,
                       std::uint8_t* codes) noexcept;

/// values[i] becomes what codes[i] stands for, exactly. Requires: a type of kSmallFloatTypes.
void small_float_values(DataType type, const std::uint8_t* codes, std::size_t count, float* values) noexcept;

}  // namespace linnet::internal
