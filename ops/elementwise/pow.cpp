// Pow: Z = X ^ Y, element by element, with NumPy's broadcasting. Z has X's type; Y may have another from opset 12 on.
//   X is floating-point: computed in double and rounded once, cubes of doubles twice.
//   X and Y are whole numbers, Y of any type: exact, and wraps around as PyTorch's and NumPy's powers do. For negative
//   Y the quotient 1 / X^-Y cut towards zero, as PyTorch has it: 1 or -1 where X is, else 0, also where X is 0. X is an
//   integer and Y has a fraction: computed in double and cut towards zero (saturating; NaN gives 0).
// Opsets 7 to newest.
#include <cmath>
#include <limits>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/doubles.hpp"
#include "ops/kernels/elementwise.hpp"
#include "ops/kernels/unary.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/half_lines.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

constexpr double kCost = 20.0;       // ns per element
constexpr double kKernelCost = 0.3;  // the same, where there is a kernel
constexpr std::uint64_t kExponent = 0b10;

struct State {
  void (*line)(const State& state, const void* x, const void* y, std::size_t count, void* z) = nullptr;
  std::size_t count = 0;
  bool one_exponent = false;  ///< for all of X
  BroadcastLoops x, y;        ///< beside Z
  DataType base = DataType::kUndefined;
  DataType exponent = DataType::kUndefined;
};

void infer(InferContext& context) { context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1))); }

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

/// As pow has it, the root of -0 is +0 and that of -infinity is infinity.
template <typename T>
void prepare_roots(const T* x, T* z, std::size_t count) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  for (std::size_t i = 0; i < count; ++i) z[i] = x[i] == -kInfinity ? kInfinity : x[i] + T{0};
}

/// Of `count` elements, at most kLinedUp.
template <typename W, typename E>
void power_line(const State& state, const void* x, const void* y, std::size_t count, void* z) {
  W base[kLinedUp];
  E exponent[kLinedUp];
  load_line(state.base, x, 0, count, base);
  load_line(state.exponent, y, 0, count, exponent);
  if constexpr (!std::is_integral_v<W>) {
    if (state.base != DataType::kFloat64 && state.one_exponent && exponent[0] == 3) {  // the square is exact
      for (std::size_t i = 0; i < count; ++i) base[i] = base[i] * base[i] * base[i];
      return store_line(state.base, base, 0, count, z);
    }
  }
  for (std::size_t i = 0; i < count; ++i) base[i] = computed(state.base, base[i], exponent[i]);
  store_line(state.base, base, 0, count, z);
}

using Kernel = void (*)(const float* x, float* z, std::size_t count);

void square(const float* x, float* z, std::size_t count) {
  kernels::binary(kernels::BinaryKind::kMul, x, false, x, false, z, count);
}
void root(const float* x, float* z, std::size_t count) {
  prepare_roots(x, z, count);
  kernels::unary(kernels::UnaryKind::kSqrt, z, z, count);
}
template <kernels::UnaryKind kKind>
void apply(const float* x, float* z, std::size_t count) {
  kernels::unary(kKind, x, z, count);
}

/// The kernel for all of X, where it gives the same: a square of floats is exact in double, a quotient and a root are
/// rounded to the same as by way of double. Floats have all cubes of bfloat16, but not those of float16.
Kernel kernel_of(const State& state, const void* y) {
  if (!state.one_exponent || (state.base != DataType::kFloat32 && !is_half(state.base))) return nullptr;
  double exponent = 0.0;
  load_line(state.exponent, y, 0, 1, &exponent);
  if (exponent == 2.0) return square;
  if (exponent == 0.5) return root;
  if (exponent == -1.0) return apply<kernels::UnaryKind::kReciprocal>;
  if (exponent == 3.0 && state.base != DataType::kFloat16) return apply<kernels::UnaryKind::kCube>;
  return nullptr;
}

/// Whether doubles have a kernel for all of X; `exponent` is set then.
bool doubles_have_kernel(const State& state, const void* y, double* exponent) {
  if (!state.one_exponent || state.base != DataType::kFloat64) return false;
  load_line(state.exponent, y, 0, 1, exponent);
  return *exponent == 2.0 || *exponent == 3.0 || *exponent == 0.5 || *exponent == -1.0;
}

/// Cubes are rounded twice. Requires: doubles_have_kernel.
void power_of_doubles(double exponent, const double* x, std::size_t count, double* z) {
  if (exponent == 2.0) {
    for (std::size_t i = 0; i < count; ++i) z[i] = x[i] * x[i];
    return;
  }
  if (exponent == 0.5) {
    prepare_roots(x, z, count);
    return kernels::unary_doubles(kernels::UnaryKind::kSqrt, z, z, count);
  }
  const bool cubes = exponent == 3.0;
  kernels::unary_doubles(cubes ? kernels::UnaryKind::kCube : kernels::UnaryKind::kReciprocal, x, z, count);
}

/// At most kLinedUp elements.
void apply_kernel(const State& state, Kernel kernel, const void* x, std::size_t count, void* z) {
  if (state.base == DataType::kFloat32) return kernel(static_cast<const float*>(x), static_cast<float*>(z), count);
  half_line(state.base, x, 0, count, z, [=](float* line, std::size_t size) { kernel(line, line, size); });
}

void run_line(const LineArguments& args) {
  const auto& state = *static_cast<const State*>(args.state);
  const void* y = args.inputs[1];
  if (const Kernel kernel = kernel_of(state, y)) return apply_kernel(state, kernel, args.inputs[0], args.count, args.y);
  if (double exponent = 0; doubles_have_kernel(state, y, &exponent)) {
    const auto* x = static_cast<const double*>(args.inputs[0]);
    return power_of_doubles(exponent, x, args.count, static_cast<double*>(args.y));
  }
  LineBuffer exponents;
  if (has_bit(args.single_inputs, 1)) y = line_up(state.y, size_of(state.exponent), y, 0, args.count, &exponents);
  state.line(state, args.inputs[0], y, args.count, args.y);
}

Prepared prepare(const PrepareContext& context) {
  const Shape z = context.output_shape(0);
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(z));
  state->x = broadcast_loops(z, context.input_shape(0));
  state->y = broadcast_loops(z, context.input_shape(1));
  state->base = context.input_type(0);
  state->exponent = context.input_type(1);
  state->one_exponent = element_count(context.input_shape(1)) == 1;
  visit_line_type(state->base, [&](auto base) {
    visit_line_type(state->exponent, [&](auto exponent) {
      state->line = power_line<typename decltype(base)::type, typename decltype(exponent)::type>;
    });
  });
  const ConstantPtr& exponents = context.input_constant(1);
  double exponent = 0;
  const bool known_kernel = exponents != nullptr && (kernel_of(*state, exponents->aligned()) != nullptr ||
                                                     doubles_have_kernel(*state, exponents->aligned(), &exponent));
  Prepared prepared;
  prepared.line_wise = {run_line, known_kernel ? kKernelCost : kCost, kExponent};
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  constexpr std::size_t kChunk = 8192;
  const auto& state = *static_cast<const State*>(args.state);
  const auto* const x_elements = static_cast<const std::byte*>(args.inputs[0]);
  auto* const z = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t bytes = size_of(state.base);
  const Kernel kernel = state.count > 0 ? kernel_of(state, args.inputs[1]) : nullptr;
  if (kernel != nullptr) {
    return for_chunks(args.control, state.count, kChunk, kKernelCost, [&](std::size_t chunk, std::size_t size) {
      for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
        apply_kernel(state, kernel, x_elements + first * bytes, count, z + first * bytes);
      });
    });
  }
  if (double exponent = 0; state.count > 0 && doubles_have_kernel(state, args.inputs[1], &exponent)) {
    return for_chunks(args.control, state.count, kChunk, kKernelCost, [&](std::size_t first, std::size_t size) {
      power_of_doubles(exponent, static_cast<const double*>(args.inputs[0]) + first, size,
                       static_cast<double*>(args.outputs[0]) + first);
    });
  }
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      LineBuffer x_buffer, y_buffer;
      const void* x = line_up(state.x, bytes, x_elements, first, count, &x_buffer);
      const void* y = line_up(state.y, size_of(state.exponent), args.inputs[1], first, count, &y_buffer);
      state.line(state, x, y, count, z + first * bytes);
    });
  });
}

constexpr InputDef kInputs[] = {{"X", kNumericTypes}, {"Y", kNumericTypes}};
constexpr OutputDef kOutputs[] = {{"Z", TypeOf{0}, 0, over(0)}};

}  // namespace

void register_pow(Registry& registry) {
  OpDef op;
  op.name = "Pow";
  op.since_opset = 7;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
