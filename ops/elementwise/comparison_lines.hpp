// The loops of comparisons and logic, over elements next to each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include <linnet/linnet.hpp>

namespace linnet::internal {

enum class Comparison { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kAnd, kOr, kXor };

/// Whether a op b. Bools are the integers 0 and 1.
template <typename T>
bool holds_between(Comparison op, T a, T b) {
  switch (op) {
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessOrEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    case Comparison::kGreaterOrEqual:
      return a >= b;
    case Comparison::kEqual:
      return a == b;
    case Comparison::kAnd:
      return a != 0 && b != 0;
    case Comparison::kOr:
      return a != 0 || b != 0;
    case Comparison::kXor:
      return (a != 0) != (b != 0);
  }
  return false;
}

/// Bytes that say where a[i] op b[i] holds (negated = 1: does not hold), for i < count; c may be a or b.
using CompareLine = void (*)(const void* a, const void* b, std::size_t count, std::uint8_t negated, std::uint8_t* c);

/// Of elements of this type, 16-bit floats widened to float32. Requires: kLess, of floats also kLessOrEqual; kEqual; of
/// bools kAnd, kOr and kXor.
CompareLine compare_line_of(Comparison op, DataType type);

/// y[i] = not x[i], for i < count; y may be x.
void not_line(const std::uint8_t* x, std::size_t count, std::uint8_t* y);

}  // namespace linnet::internal
