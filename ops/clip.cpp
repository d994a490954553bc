// Clip: Y = min(max(X, min), max), element by element; max wins where min > max, and a bound that is NaN makes all of Y
// NaN. X and Y have the same type and shape, of any rank; min and max hold one element of that type. Opsets 7 to
// newest: the bounds are float attributes before 11 and optional inputs from then on; a bound left out as input bounds
// nothing. Integers (from 12) and bfloat16 (from 13) are accepted at every opset. Deviation: a bound may have shape
// [1], where ONNX wants a scalar.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/activation.hpp"
#include "ops/chunks.hpp"
#include "ops/element_types.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 2.0;  // ns per element, for the 16-bit types

AttributesPtr parse(ParseContext& context) {
  auto attributes = std::make_shared<ActivationAttributes>();
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

void require_bound(const NodeView& node, std::size_t input, const char* name) {
  if (!node.has_input(input)) return;
  require_type_of_first(node, input, name, "X");
  if (element_count(node.input_dims(input)).differs(1)) {
    invalid_model("input ", name, " is ", node.input_dims(input), ", expected a scalar");
  }
}

void infer(InferContext& context) {
  infer_same_as_first(context,
                      context.attributes<ActivationAttributes>().bounds_are_inputs ? kNumericTypes : kFloatTypes);
  require_bound(context, 1, "min");
  require_bound(context, 2, "max");
}

struct State {
  kernels::Activation activation;
  bool bounds_are_inputs = false;
  bool has_lowest = false;
  bool has_highest = false;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ActivationAttributes>();
  auto state = std::make_shared<State>();
  state->activation = attributes.activation;
  state->bounds_are_inputs = attributes.bounds_are_inputs;
  state->has_lowest = context.has_input(1);
  state->has_highest = context.has_input(2);
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  Prepared prepared;
  prepared.state = state;
  return prepared;
}

template <typename T>
bool is_nan([[maybe_unused]] T value) {
  if constexpr (std::is_integral_v<T>) {
    return false;
  } else {
    return std::isnan(static_cast<double>(value));
  }
}

template <typename T>
T clipped(T x, const T* lowest, const T* highest) {
  if (lowest != nullptr && !is_nan(x) && (is_nan(*lowest) || x < *lowest)) x = *lowest;
  if (highest != nullptr && !is_nan(x) && (is_nan(*highest) || x > *highest)) x = *highest;
  return x;
}

template <typename T>
const T* input_of(const RunArguments& args, std::size_t index, bool given) {
  return given ? static_cast<const T*>(args.inputs[index]) : nullptr;
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      const T attribute_low = static_cast<T>(state.activation.alpha);
      const T attribute_high = static_cast<T>(state.activation.beta);
      const T* lowest = state.bounds_are_inputs ? input_of<T>(args, 1, state.has_lowest) : &attribute_low;
      const T* highest = state.bounds_are_inputs ? input_of<T>(args, 2, state.has_highest) : &attribute_high;
      const auto* x = static_cast<const T*>(args.inputs[0]);
      auto* y = static_cast<T*>(args.outputs[0]);
      for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t first, std::size_t size) {
        std::transform(x + first, x + first + size, y + first,
                       [&](T value) { return clipped(value, lowest, highest); });
      });
    }
  });
}

}  // namespace

void register_clip(Registry& registry) {
  OpDef op;
  op.name = "Clip";
  op.max_inputs = 3;
  op.parse = parse;
  op.infer = infer;
  op.implementations = activation_implementations();
  op.implementations.back() = {"reference", Backend::kReference, nullptr, prepare, run_reference};
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
