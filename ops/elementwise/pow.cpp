// Pow: Z = X ^ Y, element by element, with NumPy's broadcasting. Z has X's type; Y may have another from opset 12 on.
//   X is floating-point: computed in double and rounded once.
//   X and Y are whole numbers, Y of any type: exact, and wraps around as PyTorch's and NumPy's powers do. For negative
//   Y the quotient 1 / X^-Y cut towards zero, as PyTorch has it: 1 or -1 where X is, else 0, also where X is 0. X is an
//   integer and Y has a fraction: computed in double and cut towards zero (saturating; NaN gives 0).
// Opsets 7 to newest.
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

struct State {
  void (*compute)(const State& state, const RunArguments& args, std::size_t first, std::size_t count) = nullptr;
  std::size_t count = 0;
  BroadcastLoops x, y;  ///< beside Z
  DataType base = DataType::kUndefined;
  DataType exponent = DataType::kUndefined;
};

void infer(InferContext& context) {
  require_type(context, 0, "X", kNumericTypes);
  require_type(context, 1, "Y", kNumericTypes);
  context.set_output(0, context.input_type(0), broadcast(context.input_dims(0), context.input_dims(1)));
}

/// The exponents of exported models are mostly 2 and 0.5, which need no logarithm.
double power(double base, double exponent) {
  if (exponent == 2.0) return base * base;
  if (exponent == 0.5 && base >= 0.0) return std::sqrt(base + 0.0);
  return std::pow(base, exponent);
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

/// Of an integer, modulo 2^64.
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
  if constexpr (std::is_integral_v<E>) {
    if (std::fabs(rounded) >= 0x1p53) {
      const double result = std::pow(std::fabs(base), rounded);
      return exponent % 2 != 0 ? std::copysign(result, base) : result;
    }
  }
  return power(base, rounded);
}

/// `type` is that of the base.
template <typename W, typename E>
W computed(DataType type, W base, E exponent) {
  if constexpr (!std::is_integral_v<W>) {
    return power_of_float(base, exponent);
  } else if constexpr (std::is_integral_v<E>) {
    return whole_power(base, whole_exponent(exponent));
  } else {
    if (std::isfinite(exponent) && std::trunc(exponent) == exponent) return whole_power(base, whole_exponent(exponent));
    return cut(integer_range<W>(type), std::pow(static_cast<double>(base), exponent));
  }
}

/// Elements [first, first + count), at most kLinedUp.
template <typename W, typename E>
void compute(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  W base[kLinedUp];
  E exponent[kLinedUp];
  load_lined_up(state.x, state.base, args.inputs[0], first, count, base);
  load_lined_up(state.y, state.exponent, args.inputs[1], first, count, exponent);
  for (std::size_t i = 0; i < count; ++i) base[i] = computed(state.base, base[i], exponent[i]);
  store_line(state.base, base, first, count, args.outputs[0]);
}

Prepared prepare(const PrepareContext& context) {
  const Shape z = context.output_shape(0);
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(z));
  state->x = broadcast_loops(z, context.input_shape(0));
  state->y = broadcast_loops(z, context.input_shape(1));
  state->base = context.input_type(0);
  state->exponent = context.input_type(1);
  visit_line_type(state->base, [&](auto base) {
    visit_line_type(state->exponent, [&](auto exponent) {
      state->compute = compute<typename decltype(base)::type, typename decltype(exponent)::type>;
    });
  });
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  constexpr std::size_t kChunk = 8192;
  constexpr double kCost = 20.0;  // ns per element
  const auto& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) { state.compute(state, args, first, count); });
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
