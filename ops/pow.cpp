// Pow: Z = X ^ Y, element by element, with NumPy's broadcasting. Z has X's type; Y may have another from opset 12 on.
//   X is floating-point: computed in double and rounded once.
//   X and Y are whole numbers, Y of any type: exact, and wraps around as PyTorch's and NumPy's powers do. For negative
//   Y the quotient 1 / X^-Y cut towards zero, as PyTorch has it: 1 or -1 where X is, else 0, also where X is 0. X is an
//   integer and Y has a fraction: computed in double and cut towards zero (saturating; NaN gives 0).
// Opsets 7 to newest.
#include <cmath>
#include <limits>

#include "ops/broadcast_loops.hpp"
#include "ops/chunks.hpp"
#include "ops/element_types.hpp"

namespace linnet::internal {
namespace {

struct State {
  BroadcastLoops loops;
  DataType base = DataType::kUndefined;
  DataType exponent = DataType::kUndefined;
};

void infer(InferContext& context) {
  require_type(context, 0, "X", kNumericTypes);
  require_type(context, 1, "Y", kNumericTypes);
  context.set_output(0, context.input_type(0), broadcast(context.input_dims(0), context.input_dims(1)));
}

Prepared prepare(const PrepareContext& context) {
  auto state = std::make_shared<State>();
  state->loops = broadcast_loops(context.input_shape(0), context.input_shape(1));
  state->base = context.input_type(0);
  state->exponent = context.input_type(1);
  Prepared prepared;
  prepared.state = state;
  return prepared;
}

/// The exponents of exported models are mostly 2 and 0.5, which need no logarithm.
double power(double base, double exponent) {
  if (exponent == 2.0) return base * base;
  if (exponent == 0.5 && base >= 0.0) return std::sqrt(base + 0.0);
  return std::pow(base, exponent);
}

/// The nearest T towards zero.
template <typename T>
T cut(double value) {
  if (std::isnan(value)) return T{};
  if (value <= static_cast<double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

/// base^exponent modulo 2^64.
std::uint64_t power_modulo(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) result *= base;
  }
  return result;
}

/// A whole number, of any type, as far as a power modulo 2^64 depends on it.
struct WholeExponent {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

/// From 2^63 on, floats are multiples of 2^11 and more: powers of even numbers are 0 there, those of odd numbers repeat
/// every 2^62.
template <typename E>
WholeExponent whole_exponent(E exponent) {
  if constexpr (std::is_integral_v<E>) {
    const auto bits = static_cast<std::uint64_t>(exponent);
    const bool negative = exponent < E{};
    return {negative, negative ? std::uint64_t{0} - bits : bits};
  } else {
    constexpr double kLarge = 0x1p63;
    const double magnitude = std::fabs(static_cast<double>(exponent));
    const bool large = magnitude >= kLarge;
    const auto bits = static_cast<std::uint64_t>(large ? std::fmod(magnitude, kLarge) : magnitude);
    return {static_cast<double>(exponent) < 0, bits + (large ? std::uint64_t{1} << 63 : 0)};
  }
}

/// Of an integer.
template <typename T>
T whole_power(T base, const WholeExponent& exponent) {
  if (!exponent.negative) return static_cast<T>(power_modulo(static_cast<std::uint64_t>(base), exponent.magnitude));
  if (base == 1) return 1;
  if constexpr (std::is_signed_v<T>) {
    if (base == -1) return (exponent.magnitude & 1) != 0 ? static_cast<T>(-1) : T{1};
  }
  return 0;
}

/// Integers beyond 2^53 are odd or even, as no double is: the sign of a negative number's power.
template <typename E>
double power_of_float(double base, E exponent) {
  const auto rounded = static_cast<double>(exponent);
  if constexpr (std::is_integral_v<E> && sizeof(E) == 8) {
    if (std::fabs(rounded) >= 0x1p53) {
      const double result = std::pow(std::fabs(base), rounded);
      return exponent % 2 != 0 ? std::copysign(result, base) : result;
    }
  }
  return power(base, rounded);
}

template <typename T, typename E>
T computed(T base, E exponent) {
  if constexpr (!std::is_integral_v<T>) {
    return static_cast<T>(power_of_float(static_cast<double>(base), exponent));
  } else if constexpr (std::is_integral_v<E>) {
    return whole_power(base, whole_exponent(exponent));
  } else {
    const auto wide = static_cast<double>(exponent);
    if (std::isfinite(wide) && std::trunc(wide) == wide) return whole_power(base, whole_exponent(exponent));
    return cut<T>(std::pow(static_cast<double>(base), wide));
  }
}

template <typename T, typename E>
void compute(const State& state, const RunArguments& arguments) {
  constexpr std::size_t kChunk = 8192;
  constexpr double kCost = 20.0;  // ns per element
  const BroadcastLoops& loops = state.loops;
  const T* x = static_cast<const T*>(arguments.inputs[0]);
  const E* y = static_cast<const E*>(arguments.inputs[1]);
  T* z = static_cast<T*>(arguments.outputs[0]);
  for_chunks(arguments.control, loops.count, kChunk, kCost, [&](std::size_t first, std::size_t size) {
    for_broadcast_runs(loops, first, size, [&](std::size_t at, std::size_t a, std::size_t b, std::size_t run) {
      for (std::size_t i = 0; i < run; ++i) {
        z[at + i] = computed(x[a + i * loops.inner.a_stride], y[b + i * loops.inner.b_stride]);
      }
    });
  });
}

void run(const RunArguments& arguments) {
  const auto& state = *static_cast<const State*>(arguments.state);
  visit_type(state.base, [&](auto base) {
    visit_type(state.exponent, [&](auto exponent) {
      using T = typename decltype(base)::type;
      using E = typename decltype(exponent)::type;
      if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<E, bool>) compute<T, E>(state, arguments);
    });
  });
}

}  // namespace

void register_pow(Registry& registry) {
  OpDef op;
  op.name = "Pow";
  op.since_opset = 7;
  op.min_inputs = op.max_inputs = 2;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.in_place_inputs = {0};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
