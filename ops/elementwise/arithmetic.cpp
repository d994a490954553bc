#include "ops/elementwise/arithmetic.hpp"

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

// Small integers are promoted, which changes no low bit.
struct Add {
  template <typename T>
  static T of(T a, T b) {
    return static_cast<T>(a + b);
  }
};
struct Sub {
  template <typename T>
  static T of(T a, T b) {
    return static_cast<T>(a - b);
  }
};
struct Mul {
  template <typename T>
  static T of(T a, T b) {
    if constexpr (std::is_same_v<T, std::uint16_t>) return static_cast<T>(1U * a * b);  // not in int
    return static_cast<T>(a * b);
  }
};
struct Div {
  template <typename T>
  static T of(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        // The smallest number divided by -1 wraps to itself.
        if (b == -1) return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(a));
      }
    }
    return static_cast<T>(a / b);
  }
};

template <typename T>
bool any_nan([[maybe_unused]] T a, [[maybe_unused]] T b) {
  if constexpr (std::is_integral_v<T>) {
    return false;
  } else {
    return std::isnan(a) || std::isnan(b);
  }
}
struct Max {
  template <typename T>
  static T of(T a, T b) {
    return any_nan(a, b) ? static_cast<T>(a + b) : a > b ? a : b;
  }
};
struct Min {
  template <typename T>
  static T of(T a, T b) {
    return any_nan(a, b) ? static_cast<T>(a + b) : a < b ? a : b;
  }
};

template <typename T, typename Op>
void line(const void* a_elements, const void* b_elements, std::size_t count, void* c_elements) {
  const auto* a = static_cast<const T*>(a_elements);
  const auto* b = static_cast<const T*>(b_elements);
  auto* c = static_cast<T*>(c_elements);
  for (std::size_t i = 0; i < count; ++i) c[i] = Op::of(a[i], b[i]);
}

template <typename Op>
ArithmeticLine line_of_floats(DataType type) {
  return type == DataType::kFloat64 ? line<double, Op> : line<float, Op>;
}

/// Integers of a size, signed or not, have the same low bits.
template <typename Op>
ArithmeticLine line_by_size(DataType type) {
  if (kFloatTypes.has(type)) return line_of_floats<Op>(type);
  return visit_size(size_of(type), [](auto tag) -> ArithmeticLine { return line<typename decltype(tag)::type, Op>; });
}

template <typename Op>
ArithmeticLine line_by_type(DataType type) {
  if (kFloatTypes.has(type)) return line_of_floats<Op>(type);
  return visit_type(type, [](auto tag) -> ArithmeticLine {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return line<T, Op>;
    return nullptr;
  });
}

}  // namespace

ArithmeticLine arithmetic_line(Arithmetic op, DataType type) {
  switch (op) {
    case Arithmetic::kAdd:
      return line_by_size<Add>(type);
    case Arithmetic::kSub:
      return line_by_size<Sub>(type);
    case Arithmetic::kMul:
      return line_by_size<Mul>(type);
    case Arithmetic::kDiv:
      return line_by_type<Div>(type);
    case Arithmetic::kMax:
      return line_by_type<Max>(type);
    case Arithmetic::kMin:
      return line_by_type<Min>(type);
  }
  return nullptr;
}

}  // namespace linnet::internal
