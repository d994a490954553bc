#include "ops/elementwise/activation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/doubles.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/half_lines.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

using kernels::Activation;
using kernels::ActivationKind;

constexpr std::size_t kSimdChunk = 16384;
constexpr std::size_t kReferenceChunk = 4096;
constexpr double kReferenceCost = 20.0;   // ns per element, as measured for erfc, the slowest
constexpr std::uint64_t kBounds = 0b110;  // the inputs that are one element

/// Nanoseconds per element of the simd kernel on AVX2, about, of an activation that memory keeps waiting; and of one
/// that it keeps waiting when several threads share it: on arrays of 64 MiB, streamed, Sigmoid and Tanh take 1.05 of
/// the time with one thread and 0.9 with two.
constexpr double kMemoryCost = 0.15;
constexpr double kSharedMemoryCost = 1.0;

/// Nanoseconds per element of the simd kernel on AVX2, about.
double simd_cost(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kSigmoid:
    case ActivationKind::kTanh:
    case ActivationKind::kElu:
    case ActivationKind::kExp:
    case ActivationKind::kSelfGated:
    case ActivationKind::kHardSwish:
      return kSharedMemoryCost;
    case ActivationKind::kGelu:
    case ActivationKind::kGeluTanh:
    case ActivationKind::kSoftplus:
    case ActivationKind::kMish:
    case ActivationKind::kSwish:
    case ActivationKind::kSelu:
    case ActivationKind::kCelu:
      return 2.0;
    default:
      return kMemoryCost;
  }
}

struct State {
  Activation activation;
  bool reads_lowest = false;
  bool reads_highest = false;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
  std::size_t columns = 1;  ///< of the last dimension
  bool streamed = false;    ///< Y, where it is not X
  /// The reference, of elements [first, first + count), at most kLinedUp.
  void (*compute)(const State& state, const void* x, std::size_t first, std::size_t count, void* y) = nullptr;
};

void apply_to_doubles(const Activation& activation, const double* x, std::size_t count, double* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = kernels::activation_reference(activation, x[i]);
}

/// Floating-point elements: in double, rounded once.
void compute_floats(const State& state, const void* x, std::size_t first, std::size_t count, void* y) {
  if (state.type == DataType::kFloat64) {
    const auto* from = static_cast<const double*>(x) + first;
    return apply_to_doubles(state.activation, from, count, static_cast<double*>(y) + first);
  }
  double line[kLinedUp];
  load_line(state.type, x, first, count, line);
  apply_to_doubles(state.activation, line, count, line);
  store_line(state.type, line, first, count, y);
}

/// Relu of integers.
template <typename W>
void compute_integers(const State& state, const void* x, std::size_t first, std::size_t count, void* y) {
  W line[kLinedUp];
  load_line(state.type, x, first, count, line);
  for (std::size_t i = 0; i < count; ++i) line[i] = std::max<W>(line[i], 0);
  store_line(state.type, line, first, count, y);
}

auto* compute_of(DataType type) {
  return kFloatTypes.has(type)    ? compute_floats
         : kSignedTypes.has(type) ? compute_integers<std::int64_t>
                                  : compute_integers<std::uint64_t>;
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ActivationAttributes>();
  auto state = new_shared<State>();
  state->activation = attributes.activation;
  state->reads_lowest = attributes.bounds_are_inputs && context.has_input(1);
  state->reads_highest = attributes.bounds_are_inputs && context.has_input(2);
  state->type = context.input_type(0);
  state->compute = compute_of(state->type);
  const Shape shape = context.input_shape(0);
  state->count = static_cast<std::size_t>(element_count(shape));
  if (!shape.empty()) state->columns = static_cast<std::size_t>(shape.back());
  const double most_cost = context.threads() > 1 ? kSharedMemoryCost : kMemoryCost;
  state->streamed = simd_cost(state->activation.kind) <= most_cost && exceeds_caches(2 * sizeof(float) * state->count);
  Prepared prepared;
  prepared.state = state;
  return prepared;
}

/// The activation with the bounds that a run gives it. Requires: X is no double.
Activation activation_in_run(const State& state, const void* const* inputs) {
  Activation activation = state.activation;
  if (state.reads_lowest) load_line(state.type, inputs[1], 0, 1, &activation.alpha);
  if (state.reads_highest) load_line(state.type, inputs[2], 0, 1, &activation.beta);
  return activation;
}

void apply(const Activation& activation, const float* x, float* y, std::size_t count,
           kernels::Stores stores = kernels::Stores::kCached) {
  const bool clips = activation.kind == ActivationKind::kClip;
  if (clips && (std::isnan(activation.alpha) || std::isnan(activation.beta))) {  // a bound that makes all of Y NaN
    std::fill_n(y, count, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  kernels::apply_activation(activation, x, y, count, stores);
}

/// Of a chain: state is that of the whole tensor, whose last dimension makes the rows.
void run_rows(const RowArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  apply(activation_in_run(state, args.inputs), static_cast<const float*>(args.x), static_cast<float*>(args.y),
        args.rows * state.columns);
}

void run_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  apply(activation_in_run(state, args.inputs), static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.y),
        args.count, stores_of(args.streamed));
  if (args.streamed) kernels::finish_streams();
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const State& state = *static_cast<const State*>(prepared.state.get());
  prepared.line_wise = {run_line, simd_cost(state.activation.kind), kBounds};
  if (state.count == 0) return prepared;
  RowWise& rows = prepared.row_wise;
  rows.run = run_rows;
  rows.rows = state.count / state.columns;
  rows.x_row_bytes = rows.y_row_bytes = state.columns * sizeof(float);
  rows.row_cost = static_cast<double>(state.columns) * simd_cost(state.activation.kind);
  return prepared;
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Activation activation = activation_in_run(state, args.inputs);
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  for_stored_chunks(args.control, state.count, kSimdChunk, simd_cost(activation.kind), state.streamed && x != y,
                    [&](std::size_t first, std::size_t size, kernels::Stores stores) {
                      apply(activation, x + first, y + first, size, stores);
                    });
}

void run_half_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Activation activation = activation_in_run(state, args.inputs);
  half_line(state.type, args.inputs[0], 0, args.count, args.y,
            [&](float* line, std::size_t count) { apply(activation, line, line, count); });
}

Prepared prepare_half(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const State& state = *static_cast<const State*>(prepared.state.get());
  prepared.line_wise = {run_half_line, simd_cost(state.activation.kind) + kHalfConversions, kBounds};
  return prepared;
}

void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Activation activation = activation_in_run(state, args.inputs);
  for_half_lines(args.control, state.type, args.inputs[0], state.count, simd_cost(activation.kind), args.outputs[0],
                 [&](float* line, std::size_t count) { apply(activation, line, line, count); });
}

std::string accepts_double(const NodeView& node) {
  const DataType type = node.input_type(0);
  if (type != DataType::kFloat64) return text("only float64, not ", type);
  const auto& attributes = node.attributes<ActivationAttributes>();
  if (attributes.bounds_are_inputs) return "bounds of float64 are given at run time";
  const Activation& activation = attributes.activation;
  const bool is_nan = std::isnan(activation.alpha) || std::isnan(activation.beta);
  return activation.kind == ActivationKind::kClip && is_nan ? "a bound is NaN" : "";
}

void run_double_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  kernels::activate_doubles(state.activation, static_cast<const double*>(args.inputs[0]), static_cast<double*>(args.y),
                            args.count);
}

Prepared prepare_double(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const State& state = *static_cast<const State*>(prepared.state.get());
  prepared.line_wise = {run_double_line, 3 * simd_cost(state.activation.kind), 0};
  return prepared;
}

void run_double(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* x = static_cast<const double*>(args.inputs[0]);
  auto* y = static_cast<double*>(args.outputs[0]);
  for_chunks(args.control, state.count, kReferenceChunk, 3 * simd_cost(state.activation.kind),
             [&](std::size_t first, std::size_t size) {
               kernels::activate_doubles(state.activation, x + first, y + first, size);
             });
}

void run_reference_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  state.compute(state, args.inputs[0], 0, args.count, args.y);
}

Prepared prepare_reference(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.line_wise = {run_reference_line, kReferenceCost, 0};
  return prepared;
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kReferenceChunk, kReferenceCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      state.compute(state, args.inputs[0], first, count, args.outputs[0]);
    });
  });
}

float scalar_of(const NodeView& node, std::size_t input, float otherwise) {
  return node.has_input(input) ? *node.input_constant(input)->as<float>() : otherwise;
}

}  // namespace

AttributesPtr activation_attributes(ActivationKind kind, float alpha, float beta) {
  auto attributes = new_shared<ActivationAttributes>();
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

std::vector<Implementation> activation_implementations() {
  return {
      onednn_activation_implementation(),
      {"simd", Backend::kSimd, accepts_float32, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_half, prepare_half, run_half},
      {"simd double", Backend::kSimd, accepts_double, prepare_double, run_double},
      {"reference", Backend::kReference, nullptr, prepare_reference, run_reference},
  };
}

OpFacts activation_facts() {
  OpFacts facts;
  facts.channels_last = same_in_any_layout;
  return facts;
}

}  // namespace linnet::internal
