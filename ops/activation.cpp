#include "ops/activation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/chunks.hpp"
#include "ops/element_types.hpp"

namespace linnet::internal {
namespace {

using kernels::Activation;
using kernels::ActivationKind;

constexpr std::size_t kSimdChunk = 16384;
constexpr std::size_t kReferenceChunk = 4096;
constexpr double kReferenceCost = 20.0;  // ns per element, as measured for erfc, the slowest

/// Nanoseconds per element of the simd kernel on AVX2, about. Those that only compare are bound by memory.
double simd_cost(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kSigmoid:
    case ActivationKind::kTanh:
    case ActivationKind::kElu:
    case ActivationKind::kExp:
      return 1.0;
    case ActivationKind::kGelu:
    case ActivationKind::kGeluTanh:
      return 2.0;
    default:
      return 0.15;
  }
}

struct State {
  Activation activation;
  bool reads_lowest = false;
  bool reads_highest = false;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ActivationAttributes>();
  auto state = std::make_shared<State>();
  state->activation = attributes.activation;
  state->reads_lowest = attributes.bounds_are_inputs && context.has_input(1);
  state->reads_highest = attributes.bounds_are_inputs && context.has_input(2);
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  Prepared prepared;
  prepared.state = state;
  return prepared;
}

std::string accepts_simd(const NodeView& node) {
  return node.input_type(0) == DataType::kFloat32 ? "" : text("only float32, not ", node.input_type(0));
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  Activation activation = state.activation;
  if (state.reads_lowest) activation.alpha = *static_cast<const float*>(args.inputs[1]);
  if (state.reads_highest) activation.beta = *static_cast<const float*>(args.inputs[2]);
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  if (std::isnan(activation.alpha) ||
      std::isnan(activation.beta)) {  // a bound that is NaN makes all of Clip's output NaN
    std::fill_n(y, state.count, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  for_chunks(
      args.control, state.count, kSimdChunk, simd_cost(activation.kind),
      [&](std::size_t first, std::size_t size) { kernels::apply_activation(activation, x + first, y + first, size); });
}

/// Of floating-point elements: in double, rounded once.
template <typename T>
struct FloatReference {
  Activation activation;
  T operator()(T x) const { return static_cast<T>(kernels::activation_reference(activation, static_cast<double>(x))); }
};

/// Relu of integers.
template <typename T>
struct IntegerReference {
  explicit IntegerReference(const Activation&) {}
  T operator()(T x) const { return std::max<T>(x, 0); }
};

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Function = std::conditional_t<std::is_integral_v<T>, IntegerReference<T>, FloatReference<T>>;
    const Function function{state.activation};
    const auto* x = static_cast<const T*>(args.inputs[0]);
    auto* y = static_cast<T*>(args.outputs[0]);
    for_chunks(args.control, state.count, kReferenceChunk, kReferenceCost, [&](std::size_t first, std::size_t size) {
      std::transform(x + first, x + first + size, y + first, function);
    });
  });
}

float scalar_of(const NodeView& node, std::size_t input, float otherwise) {
  return node.has_input(input) ? *node.input_constant(input)->as<float>() : otherwise;
}

}  // namespace

AttributesPtr activation_attributes(ActivationKind kind, float alpha, float beta) {
  auto attributes = std::make_shared<ActivationAttributes>();
  attributes->activation = {kind, alpha, beta};
  return attributes;
}

std::optional<Activation> activation_of(const NodeView& node) {
  const auto* attributes = dynamic_cast<const ActivationAttributes*>(node.node().attributes.get());
  if (attributes == nullptr || node.input_type(0) != DataType::kFloat32) return std::nullopt;
  Activation activation = attributes->activation;
  if (attributes->bounds_are_inputs) {
    for (std::size_t input = 1; input <= 2; ++input) {
      if (node.has_input(input) && node.input_constant(input) == nullptr) return std::nullopt;
    }
    activation.alpha = scalar_of(node, 1, activation.alpha);
    activation.beta = scalar_of(node, 2, activation.beta);
  }
  if (std::isnan(activation.alpha) || std::isnan(activation.beta)) return std::nullopt;
  return activation;
}

void infer_activation(InferContext& context) { infer_same_as_first(context, kFloatTypes); }

std::vector<Implementation> activation_implementations() {
  return {
      onednn_activation_implementation(),
      {"simd", Backend::kSimd, accepts_simd, prepare, run_simd},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
}

OpFacts activation_facts() {
  OpFacts facts;
  facts.in_place_inputs = {0};
  facts.elementwise = true;
  return facts;
}

}  // namespace linnet::internal
