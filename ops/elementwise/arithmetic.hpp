// Arithmetic of two lines of elements, for every numeric type.
#pragma once

#include <cstddef>

#include "ops/shared/element_lines.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {

enum class Arithmetic {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMax,
  kMin,
  kPRelu,  ///< a, where it is negative multiplied by b
  // Of integers only:
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,   ///< bits of a by b places; b counts as unsigned, and from the type's width on no bit of a is left
  kShiftRight,  ///< as kShiftLeft; the sign of a signed a fills up
};

/// c[i] = a[i] op b[i] for i < count; c may be a or b.
using ArithmeticLine = void (*)(const void* a, const void* b, std::size_t count, void* c);

/// What elements of a numeric type are computed in: float for the 16-bit floats, else the type itself.
inline DataType computed_type(DataType type) { return is_half(type) ? DataType::kFloat32 : type; }

/// For lines of computed_type(type). Integers wrap around; integer division is cut towards zero, and by 0 gives 0. The
/// larger and the smaller of two floats are NaN where one of them is, and b where they are equal.
ArithmeticLine arithmetic_line(Arithmetic op, DataType type);

}  // namespace linnet::internal
