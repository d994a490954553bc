#include "ops/elementwise/comparison_lines.hpp"

#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

template <typename T, Comparison kOp>
void compare_line(const void* a_elements, const void* b_elements, std::size_t count, std::uint8_t negated,
                  std::uint8_t* c) {
  const auto* a = static_cast<const T*>(a_elements);
  const auto* b = static_cast<const T*>(b_elements);
  for (std::size_t i = 0; i < count; ++i) c[i] = (holds_between(kOp, a[i], b[i]) ? 1 : 0) ^ negated;
}

/// Not every byte is a valid bool: each but 0 is true.
void compare_bools(const void* a_elements, const void* b_elements, std::size_t count, std::uint8_t negated,
                   std::uint8_t* c) {
  const auto* a = static_cast<const std::uint8_t*>(a_elements);
  const auto* b = static_cast<const std::uint8_t*>(b_elements);
  for (std::size_t i = 0; i < count; ++i) c[i] = ((a[i] != 0) == (b[i] != 0) ? 1 : 0) ^ negated;
}

/// Of floats; 16-bit ones are widened before.
template <Comparison kOp>
CompareLine float_line(DataType type) {
  return type == DataType::kFloat64 ? compare_line<double, kOp> : compare_line<float, kOp>;
}

CompareLine less_line(DataType type) {
  if (kFloatTypes.has(type)) return float_line<Comparison::kLess>(type);
  return visit_type(type, [](auto tag) -> CompareLine {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return compare_line<T, Comparison::kLess>;
    return nullptr;
  });
}

CompareLine equal_line(DataType type) {
  if (type == DataType::kBool) return compare_bools;
  if (kFloatTypes.has(type)) return float_line<Comparison::kEqual>(type);
  return visit_size(size_of(type), [](auto tag) -> CompareLine {
    return compare_line<typename decltype(tag)::type, Comparison::kEqual>;
  });
}

}  // namespace

CompareLine compare_line_of(Comparison op, DataType type) {
  switch (op) {
    case Comparison::kLess:
      return less_line(type);
    case Comparison::kLessOrEqual:
      return float_line<Comparison::kLessOrEqual>(type);
    case Comparison::kEqual:
      return equal_line(type);
    case Comparison::kAnd:
      return compare_line<std::uint8_t, Comparison::kAnd>;
    case Comparison::kOr:
      return compare_line<std::uint8_t, Comparison::kOr>;
    case Comparison::kXor:
      return compare_line<std::uint8_t, Comparison::kXor>;
    default:
      return nullptr;  // greater: the operands change places
  }
}

void not_line(const std::uint8_t* x, std::size_t count, std::uint8_t* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = x[i] == 0 ? 1 : 0;
}

}  // namespace linnet::internal
