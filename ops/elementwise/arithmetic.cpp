#include "ops/elementwise/arithmetic.hpp"

#include <algorithm>
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

struct PRelu {
  template <typename T>
  static T of(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;  // whose products wrap around
      return a < 0 ? static_cast<T>(Mul::of(static_cast<Unsigned>(a), static_cast<Unsigned>(b))) : a;
    } else {
      return a < 0 ? Mul::of(a, b) : a;
    }
  }
};

struct BitAnd {
  template <typename T>
  static T of(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <typename T>
  static T of(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <typename T>
  static T of(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct ShiftLeft {
  template <typename T>
  static T of(T a, T places) {
    return places < 8 * sizeof(T) ? static_cast<T>(std::uint64_t{a} << places) : T{0};
  }
};
struct ShiftRight {
  template <typename T>
  static T of(T a, T b) {
    constexpr std::size_t kLast = 8 * sizeof(T) - 1;
    const auto places = static_cast<std::size_t>(static_cast<std::make_unsigned_t<T>>(b));
    if (std::is_unsigned_v<T> && places > kLast) return 0;
    return static_cast<T>(a >> std::min(places, kLast));  // compilers fill up with the sign
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

/// Bits are the same whatever elements they make up: not inlined, one loop serves all.
template <typename Op>
[[gnu::noinline]] void line_of_bytes(const void* a, const void* b, std::size_t bytes, void* c) {
  line<std::uint8_t, Op>(a, b, bytes, c);
}

template <typename Op>
ArithmeticLine line_of_bits(DataType type) {
  return visit_size(size_of(type), [](auto tag) -> ArithmeticLine {
    return [](const void* a, const void* b, std::size_t count, void* c) {
      line_of_bytes<Op>(a, b, count * sizeof(typename decltype(tag)::type), c);
    };
  });
}

template <typename Op>
ArithmeticLine line_of_integers(DataType type) {
  return visit_type(type, [](auto tag) -> ArithmeticLine {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return line<T, Op>;
    return nullptr;
  });
}

template <typename Op>
ArithmeticLine line_by_type(DataType type) {
  return kFloatTypes.has(type) ? line_of_floats<Op>(type) : line_of_integers<Op>(type);
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
    case Arithmetic::kPRelu:
      return line_by_type<PRelu>(type);
    case Arithmetic::kBitAnd:
      return line_of_bits<BitAnd>(type);
    case Arithmetic::kBitOr:
      return line_of_bits<BitOr>(type);
    case Arithmetic::kBitXor:
      return line_of_bits<BitXor>(type);
    case Arithmetic::kShiftLeft:
      return visit_size(size_of(type),
                        [](auto tag) -> ArithmeticLine { return line<typename decltype(tag)::type, ShiftLeft>; });
    case Arithmetic::kShiftRight:
      return line_of_integers<ShiftRight>(type);
  }
  return nullptr;
}

}  // namespace linnet::internal
