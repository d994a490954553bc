// Loop: for (i = 0; i < M && cond; ++i) { cond, states, pieces = body(i, cond, states); } Inputs: M (int64, one
// element; left out: no limit), cond (bool, one element; left out: true), then the states, one for each that the body
// carries. Outputs: the states after the last iteration, then, for each further output of the body, the pieces of all
// iterations stacked along a new first axis. The body reads values of the graphs around it, too. Opsets 1 to newest.
// Where data ends a loop that stacks pieces or whose states change their shape, or decides shapes within the body, the
// body runs as a model of its own. Deviation: values are tensors.
#include <algorithm>

#include "ops/control/iterations.hpp"
#include "ops/control/staged_body.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMost = 0;
constexpr std::size_t kCondition = 1;
constexpr std::size_t kFirstState = 2;

AttributesPtr parse(ParseContext& context) {
  context.ignore("body");
  return parse_nothing(context);
}

std::size_t count_states(const Node& node) { return std::max(node.own_inputs(), kFirstState) - kFirstState; }

Iterated iterated(const Node& node) {
  Iterated how;
  how.counts = true;
  how.first_state = kFirstState;
  how.states = count_states(node);
  const std::size_t outputs = node.bodies[0].graph->outputs.size();
  const std::size_t before = how.first_output() + how.states;
  how.pieces.resize(outputs > before ? outputs - before : 0);
  return how;
}

bool is_given(const NodeView& node, std::size_t input) {
  return input < node.node().own_inputs() && node.has_input(input);
}

Trips trips(const NodeView& node) {
  Trips trips;
  if (is_given(node, kMost)) {
    if (const auto most = node.input_integers(kMost)) trips.most = most->front();
  }
  trips.first = true;
  if (is_given(node, kCondition)) {
    const auto condition = node.input_integers(kCondition);
    trips.first.reset();
    if (condition) trips.first = condition->front() != 0;
  }
  return trips;
}

/// The condition that the body sees is always true: else it would not run.
ConstantPtr true_condition(const NodeView& node) {
  Shape shape;
  if (is_given(node, kCondition)) {
    const TensorType& type = node.input(kCondition);
    if (type.known() && element_count(type.dims).is(1)) shape = to_shape(type.dims);
  }
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(DataType::kBool, shape, &data);
  *data = std::byte{1};
  return constant;
}

void body_inputs(const NodeView& node, bool assume, std::vector<Value>& inputs) {
  inputs.resize(kFirstState + count_states(node.node()));
  inputs[0].type = {DataType::kInt64, true, {}};
  inputs[1].constant = true_condition(node);
  inputs[1].type = type_of(*inputs[1].constant);
  for (std::size_t i = kFirstState; i < inputs.size(); ++i) {
    if (!node.has_input(i)) invalid_model("state ", i - kFirstState, " (input ", i, ") is left out");
    inputs[i].type = node.input(i);
    if (!assume) inputs[i].type = {node.input_type(i), false, {}};
  }
}

bool holds(const Node& node, const Graph& body) { return states_keep_shapes(body, kFirstState, 1, count_states(node)); }

std::size_t begins_as(std::size_t body_input) { return body_input == 0 ? SIZE_MAX : body_input; }

void infer(InferContext& context) {
  if (is_given(context, kMost)) require_one_element(context, kMost);
  if (is_given(context, kCondition)) require_one_element(context, kCondition);
  infer_iterations(context, iterated(context.node()), trips(context));
}

DataType output_type(const NodeView& node, std::size_t output) {
  return iterated_output_type(node, iterated(node.node()), output);
}

/// Shapes depend on the number of iterations where pieces are stacked, or states may change their shapes.
std::uint64_t more_value_inputs(const Node& node) {
  if (node.staged_bodies) return 0;
  const Iterated how = iterated(node);
  if (how.pieces.empty() && !states_may_change_shape(node, how)) return 0;
  return (1U << kMost | 1U << kCondition) & ((1U << std::min(node.own_inputs(), kFirstState)) - 1);
}

bool needs_staged_bodies(const Node& node) { return iterations_need_stages(node, iterated(node)); }

template <auto kPrepare>
Prepared prepare(const PrepareContext& context) {
  const auto given = [&](std::size_t input) { return is_given(context, input) ? std::optional(input) : std::nullopt; };
  return kPrepare(context, iterated(context.node()), trips(context), given(kMost), given(kCondition));
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input == kMost) return wanted_sizes(0, "how often the loop's body runs at most");
  if (input == kCondition) return wanted_truth("whether the loop's body runs at all");
  return std::nullopt;
}

constexpr InputDef kInputs[] = {
    {"M", kInt64Type, kMayBeLeftOut},
    {"cond", kBoolType, kMayBeLeftOut},
    {"", kStoredTypes, kMayBeLeftOut | kRepeated | kJudgesTypes},
};

}  // namespace

void register_loop(Registry& registry) {
  OpDef op;
  op.name = "Loop";
  op.inputs = kInputs;
  op.outputs = kBodyOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.bodies = {{"body", body_inputs, holds, begins_as}};
  op.needs_staged_bodies = needs_staged_bodies;
  op.implementations = {
      {"staged", Backend::kReference, accepts_staged_bodies, prepare<prepare_staged_iterations>, run_staged_iterations},
      {"reference", Backend::kReference, nullptr, prepare<prepare_iterations>, run_iterations}};
  op.facts.more_value_inputs = more_value_inputs;
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
