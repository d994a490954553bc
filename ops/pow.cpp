// Pow: Z = X ^ Y, element by element, with NumPy's broadcasting. Z has X's type; Y may have another from opset 12 on.
// Floating-point X is computed in double and rounded once, integer X in double and cut to X's type (saturating; NaN
// gives 0). Opsets 7 to newest.
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

template <typename T>
T rounded(double value) {
  if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return T{};
    if (value <= static_cast<double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  }
  return static_cast<T>(value);
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
        z[at + i] = rounded<T>(power(static_cast<double>(x[a + i * loops.inner.a_stride]),
                                     static_cast<double>(y[b + i * loops.inner.b_stride])));
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
