// Scan: for every slice of the scanned inputs: states, pieces = body(states, slices). Inputs: the states, then
// num_scan_inputs inputs that are taken apart along scan_input_axes (0), from the end where scan_input_directions is 1.
// Outputs: the states after the last iteration, then, for each further output of the body, the pieces of all iterations
// stacked along scan_output_axes (0), the first one last where scan_output_directions is 1. The body reads values of
// the graphs around it, too. Opsets 9 to newest; that of 8, which has a batch axis, is written out with this one
// (loaders/onnx/own_control.cpp). Deviations: values are tensors.
#include "ops/control/iterations.hpp"
#include "ops/control/staged_body.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

struct ScanAttributes : Attributes {
  std::int64_t scanned = 0;
  Ints input_axes, input_directions, output_axes, output_directions;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ScanAttributes>();
  context.ignore("body");
  attributes->scanned = context.require_int("num_scan_inputs");
  attributes->input_axes = context.get_ints("scan_input_axes").value_or(Ints());
  attributes->input_directions = context.get_ints("scan_input_directions").value_or(Ints());
  attributes->output_axes = context.get_ints("scan_output_axes").value_or(Ints());
  attributes->output_directions = context.get_ints("scan_output_directions").value_or(Ints());
  const auto inputs = static_cast<std::int64_t>(context.input_count());
  if (attributes->scanned < 1 || attributes->scanned > inputs) {
    invalid_model("num_scan_inputs is ", attributes->scanned, ", expected 1 to ", inputs, ", the number of inputs");
  }
  return attributes;
}

/// Of axes and directions that may be left out.
std::vector<ScanAxis> scan_axes(const Ints& axes, const Ints& directions, std::size_t count, const char* what) {
  const auto check = [&](const Ints& list, const char* name) {
    if (list.empty() || list.size() == count) return;
    invalid_model("scan_", what, "_", name, " has ", list.size(), " elements, expected ", count, ", one for each");
  };
  check(axes, "axes");
  check(directions, "directions");
  std::vector<ScanAxis> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!axes.empty()) result[i].axis = axes[i];
    if (directions.empty()) continue;
    if (directions[i] != 0 && directions[i] != 1)
      invalid_model("scan_", what, "_directions holds ", directions[i], ", expected 0 (forward) or 1 (from the end)");
    result[i].backwards = directions[i] == 1;
  }
  return result;
}

const ScanAttributes& attributes_of(const Node& node) { return static_cast<const ScanAttributes&>(*node.attributes); }

std::size_t count_states(const Node& node) {
  return node.own_inputs() - static_cast<std::size_t>(attributes_of(node).scanned);
}

Iterated iterated(const Node& node) {
  const ScanAttributes& attributes = attributes_of(node);
  Iterated how;
  how.states = count_states(node);
  how.slices = scan_axes(attributes.input_axes, attributes.input_directions,
                         static_cast<std::size_t>(attributes.scanned), "input");
  const std::size_t outputs = node.bodies[0].graph->outputs.size();
  how.pieces = scan_axes(attributes.output_axes, attributes.output_directions,
                         outputs > how.states ? outputs - how.states : 0, "output");
  return how;
}

/// The size of the scanned axes. Errors: kInvalidModel when they differ.
Trips trips(const NodeView& node, const Iterated& how) {
  Trips trips;
  trips.first = true;
  for (std::size_t i = 0; i < how.slices.size(); ++i) {
    const TensorType& type = node.input(how.states + i);
    if (!type.ranked) continue;
    if (type.dims.empty()) invalid_model("input ", how.states + i, ", which is scanned, is a scalar");
    const Dim size = type.dims[static_cast<std::size_t>(normalized_axis(how.slices[i].axis, type.dims.size()))];
    if (!size.known()) continue;
    if (trips.most && *trips.most != size.value()) {
      invalid_model("input ", how.states + i, " has ", size.value(), " slices, one before it ", *trips.most,
                    ": expected the same number");
    }
    trips.most = size.value();
  }
  return trips;
}

void body_inputs(const NodeView& node, bool assume, std::vector<Value>& inputs) {
  const ScanAttributes& attributes = attributes_of(node.node());
  const std::size_t states = count_states(node.node());
  const std::vector<ScanAxis> axes = scan_axes(attributes.input_axes, attributes.input_directions,
                                               static_cast<std::size_t>(attributes.scanned), "input");
  inputs.resize(states + axes.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!node.has_input(i)) invalid_model("input ", i, " is left out");
    inputs[i].type = i < states ? node.input(i) : slice_type(node.input(i), axes[i - states].axis);
    if (i < states && !assume) inputs[i].type = {node.input_type(i), false, {}};
  }
}

bool holds(const Node& node, const Graph& body) { return states_keep_shapes(body, 0, 0, count_states(node)); }

std::size_t begins_as(std::size_t body_input) { return body_input; }

void infer(InferContext& context) {
  const Iterated how = iterated(context.node());
  infer_iterations(context, how, trips(context, how));
}

DataType output_type(const NodeView& node, std::size_t output) {
  return iterated_output_type(node, iterated(node.node()), output);
}

bool needs_staged_bodies(const Node& node) { return iterations_need_stages(node, iterated(node)); }

template <auto kPrepare>
Prepared prepare(const PrepareContext& context) {
  const Iterated how = iterated(context.node());
  return kPrepare(context, how, trips(context, how), std::nullopt, std::nullopt);
}

constexpr InputDef kInputs[] = {{"", kStoredTypes, kMayBeLeftOut | kRepeated | kJudgesTypes}};

}  // namespace

void register_scan(Registry& registry) {
  OpDef op;
  op.name = "Scan";
  op.since_opset = 9;  // that of 8 is another operator: see above
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
  registry.add(std::move(op));
}

}  // namespace linnet::internal
