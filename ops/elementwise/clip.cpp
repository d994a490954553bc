// Clip: Y = min(max(X, min), max), element by element; max wins where min > max, and a bound that is NaN makes all of Y
// NaN. X and Y have the same type and shape, of any rank; min and max hold one element of that type. Opsets 7 to
// newest: the bounds are float attributes before 11 and optional inputs from then on; a bound left out as input bounds
// nothing. Integers (from 12) and bfloat16 (from 13) are accepted at every opset. Deviation: a bound may have shape
// [1], where ONNX wants a scalar.
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "ops/elementwise/activation.hpp"
#include "ops/elementwise/arithmetic.hpp"
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 2.0;  // ns per element, for the 16-bit types

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ActivationAttributes>();
  kernels::Activation& clip = attributes->activation;
  clip.kind = kernels::ActivationKind::kClip;
  if (context.opset() < 11) {
    if (context.input_count() > 1) invalid_model("inputs min and max exist from opset 11");
    clip.alpha = context.get_float("min", std::numeric_limits<float>::lowest());
    clip.beta = context.get_float("max", std::numeric_limits<float>::max());
  } else {
    attributes->bounds_are_inputs = true;
    clip.alpha = -std::numeric_limits<float>::infinity();
    clip.beta = std::numeric_limits<float>::infinity();
  }
  return attributes;
}

void infer(InferContext& context) {
  if (!context.attributes<ActivationAttributes>().bounds_are_inputs) require_type(context, 0, "input", kFloatTypes);
  infer_like_first(context);
  for (const std::size_t bound : {1U, 2U}) {
    if (context.has_input(bound)) require_one_element(context, bound);
  }
}

struct State {
  kernels::Activation activation;
  bool bounds_are_inputs = false;
  bool has_lowest = false;  ///< also where it is an attribute
  bool has_highest = false;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
  BroadcastLoops bound;  ///< a line of one element
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ActivationAttributes>();
  auto state = new_shared<State>();
  state->activation = attributes.activation;
  state->bounds_are_inputs = attributes.bounds_are_inputs;
  state->has_lowest = !attributes.bounds_are_inputs || context.has_input(1);
  state->has_highest = !attributes.bounds_are_inputs || context.has_input(2);
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->bound = broadcast_loops({static_cast<std::int64_t>(kLinedUp)}, {});
  return {std::move(state)};
}

/// NaN stays NaN; a bound that is NaN makes all others NaN.
template <typename T>
void clip_floats(T* line, std::size_t count, const T* lowest, const T* highest) {
  if (lowest != nullptr) {
    const T bound = *lowest;
    const bool always = std::isnan(bound);
    for (std::size_t i = 0; i < count; ++i)
      line[i] = !std::isnan(line[i]) && (always || line[i] < bound) ? bound : line[i];
  }
  if (highest != nullptr) {
    const T bound = *highest;
    const bool always = std::isnan(bound);
    for (std::size_t i = 0; i < count; ++i)
      line[i] = !std::isnan(line[i]) && (always || line[i] > bound) ? bound : line[i];
  }
}

/// One element of `type`, as a number: an input's, or the attribute rounded to the type.
template <typename T>
T bound_of(const State& state, const RunArguments& args, std::size_t input, float attribute) {
  T bound{};
  if (state.bounds_are_inputs) {
    load_line(state.type, args.inputs[input], 0, 1, &bound);
    return bound;
  }
  std::uint64_t element = 0;
  bound = static_cast<T>(attribute);
  store_line(state.type, &bound, 0, 1, &element);
  load_line(state.type, &element, 0, 1, &bound);
  return bound;
}

/// Computed in T, which holds every value of the type.
template <typename T>
void run_floats(const State& state, const RunArguments& args) {
  const T lowest = state.has_lowest ? bound_of<T>(state, args, 1, state.activation.alpha) : T{};
  const T highest = state.has_highest ? bound_of<T>(state, args, 2, state.activation.beta) : T{};
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      T line[kLinedUp];
      load_line(state.type, args.inputs[0], first, count, line);
      clip_floats(line, count, state.has_lowest ? &lowest : nullptr, state.has_highest ? &highest : nullptr);
      store_line(state.type, line, first, count, args.outputs[0]);
    });
  });
}

/// Bounds of integers are inputs.
void run_integers(const State& state, const RunArguments& args) {
  const std::size_t bytes = size_of(state.type);
  const ArithmeticLine larger = arithmetic_line(Arithmetic::kMax, state.type);
  const ArithmeticLine smaller = arithmetic_line(Arithmetic::kMin, state.type);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    LineBuffer lowest, highest;
    if (state.has_lowest) line_up(state.bound, bytes, args.inputs[1], 0, kLinedUp, &lowest);
    if (state.has_highest) line_up(state.bound, bytes, args.inputs[2], 0, kLinedUp, &highest);
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      const void* x = static_cast<const std::byte*>(args.inputs[0]) + first * bytes;
      void* y = static_cast<std::byte*>(args.outputs[0]) + first * bytes;
      if (!state.has_lowest && !state.has_highest && x != y) std::memcpy(y, x, count * bytes);
      if (state.has_lowest) larger(x, &lowest, count, y);
      if (state.has_highest) smaller(state.has_lowest ? y : x, &highest, count, y);
    });
  });
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (kIntegerTypes.has(state.type)) return run_integers(state, args);
  state.type == DataType::kFloat64 ? run_floats<double>(state, args) : run_floats<float>(state, args);
}

constexpr InputDef kInputs[] = {
    {"input", kNumericTypes},
    {"min", kNumericTypes, kMayBeLeftOut | kTypeOfFirst},
    {"max", kNumericTypes, kMayBeLeftOut | kTypeOfFirst},
};

}  // namespace

void register_clip(Registry& registry) {
  OpDef op;
  op.name = "Clip";
  op.inputs = kInputs;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = activation_implementations();
  op.implementations.back() = {"reference", Backend::kReference, nullptr, prepare, run_reference};
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
