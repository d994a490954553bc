// ReverseSequence: of each sequence b, the first sequence_lens[b] steps come in reverse order, those behind stay. In
// `input`, of rank 2 or more, batch_axis (default 1) says which dimension counts the sequences and time_axis (default
// 0) which one their steps; one is 0 and the other 1. sequence_lens (int64) has an element of [0, steps] for each
// sequence; another one is an error of the run. Opsets 10 to newest; all types.
#include <algorithm>
#include <cstring>

#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;
constexpr double kByteCost = 0.1;  // ns
constexpr double kStepCost = 2.0;  // the same

struct ReverseAttributes : Attributes {
  bool batch_first = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ReverseAttributes>();
  const std::int64_t batch_axis = context.get_int("batch_axis", 1);
  const std::int64_t time_axis = context.get_int("time_axis", 0);
  const bool differ = (batch_axis == 0 && time_axis == 1) || (batch_axis == 1 && time_axis == 0);
  if (!differ) {
    invalid_model("batch_axis is ", batch_axis, " and time_axis is ", time_axis, ", expected 0 and 1 or 1 and 0");
  }
  attributes->batch_first = batch_axis == 0;
  return attributes;
}

bool batch_first(const NodeView& node) { return node.attributes<ReverseAttributes>().batch_first; }

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.size() < 2) invalid_model("input has rank ", dims.size(), ", expected 2 or more");
  const Dims& lengths = context.input_dims(1);
  const Dim batch = dims[batch_first(context) ? 0 : 1];
  if (lengths.size() != 1 || lengths[0].differs(batch)) {
    invalid_model("input sequence_lens is ", lengths, ", expected ", Dims{batch}, " for input ", dims);
  }
  context.set_output(0, dims);
}

struct State {
  bool batch_first = false;
  std::size_t sequences = 0;
  std::size_t steps = 0;
  std::size_t element_bytes = 0;
  std::size_t inner = 0;  ///< elements of a step of one sequence; 0 where there is nothing to do
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape shape = context.input_shape(0);
  state->batch_first = batch_first(context);
  state->sequences = static_cast<std::size_t>(shape[state->batch_first ? 0 : 1]);
  state->steps = static_cast<std::size_t>(shape[state->batch_first ? 1 : 0]);
  state->element_bytes = size_of(context.input_type(0));
  if (element_count(shape) > 0) {
    state->inner = static_cast<std::size_t>(element_count(Shape(shape.begin() + 2, shape.end())));
  }
  return {std::move(state), 0, 0};
}

void check_lengths(const State& state, const std::int64_t* lengths) {
  for (std::size_t i = 0; i < state.sequences; ++i) {
    if (lengths[i] >= 0 && static_cast<std::size_t>(lengths[i]) <= state.steps) continue;
    fail(ErrorCode::kRuntimeFault, "element ", i, " of sequence_lens is ", lengths[i], ", outside [0,", state.steps,
         "]");
  }
}

/// What lies at `row` of the first dimension of the output.
template <typename T>
void reverse_row(const State& state, const RunArguments& args, std::size_t row) {
  const auto* lengths = static_cast<const std::int64_t*>(args.inputs[1]);
  const auto* input = static_cast<const T*>(args.inputs[0]);
  const std::size_t columns = state.batch_first ? state.steps : state.sequences;
  T* output = static_cast<T*>(args.outputs[0]) + row * columns * state.inner;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t sequence = state.batch_first ? row : column;
    const std::size_t step = state.batch_first ? column : row;
    const auto length = static_cast<std::size_t>(lengths[sequence]);
    const std::size_t from = step < length ? length - 1 - step : step;
    const T* source = input + (state.batch_first ? row * columns + from : from * columns + column) * state.inner;
    if (state.inner == 1) {
      output[column] = *source;
    } else {
      std::memcpy(output + column * state.inner, source, state.inner * sizeof(T));
    }
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  check_lengths(state, static_cast<const std::int64_t*>(args.inputs[1]));
  if (state.inner == 0) return;
  const std::size_t rows = state.batch_first ? state.sequences : state.steps;
  const std::size_t columns = state.batch_first ? state.steps : state.sequences;
  const double step_cost = kStepCost + kByteCost * static_cast<double>(state.inner * state.element_bytes);
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (columns * state.inner * state.element_bytes));
  const double work = static_cast<double>(rows * columns) * step_cost;
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    args.control.parallel_for((rows + per_task - 1) / per_task, work, [&](std::size_t task) {
      const std::size_t end = std::min(rows, (task + 1) * per_task);
      for (std::size_t row = task * per_task; row < end; ++row) reverse_row<T>(state, args, row);
    });
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  WantedElements wanted = wanted_sizes(0, "the lengths of sequences");
  const Dim steps = node.input_dims(0)[batch_first(node) ? 1 : 0];
  wanted.high = steps.known() ? steps.value() : 1;
  return wanted;
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}, {"sequence_lens", kInt64Type}};

}  // namespace

void register_reverse_sequence(Registry& registry) {
  OpDef op;
  op.name = "ReverseSequence";
  op.since_opset = 10;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
