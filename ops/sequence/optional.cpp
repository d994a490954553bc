// Optional: the input (a tensor or a sequence) as an optional that is there; without one an optional of type `type`
// that is not. OptionalHasElement: whether there is something (bool, a scalar), which follows from the shapes; a tensor
// and a sequence are always there, an input left out is not. OptionalGetElement: what is in the optional, or the tensor
// or sequence itself; an error of the run where nothing is. Opsets 15 to newest; what is no optional from 18 on.
#include <optional>

#include "ops/sequence/sequences.hpp"

namespace linnet::internal {
namespace {

struct OptionalAttributes : Attributes {
  DataType type = DataType::kUndefined;  ///< of what is not there
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<OptionalAttributes>();
  if (const auto type = context.get_type("type")) attributes->type = *type;
  if (context.input_count() == 0 && attributes->type == DataType::kUndefined)
    invalid_model("neither an input nor attribute \"type\" is given");
  return attributes;
}

DataType type_in(const NodeView& node) {
  return node.has_input(0) ? node.input_type(0) : node.attributes<OptionalAttributes>().type;
}

void infer(InferContext& context) {
  const DataType type = type_in(context);
  const DataType declared = context.attributes<OptionalAttributes>().type;
  if (is_optional(type)) invalid_model("the input is ", type, ", expected a tensor or a sequence");
  if (declared != DataType::kUndefined && declared != type)
    invalid_model("attribute \"type\" is ", declared, ", but the input is ", type);
  context.set_output(0, optional_of(type), {std::int64_t{context.has_input(0) ? 1 : 0}});
}

struct State {
  DataType type = DataType::kUndefined;  ///< of the optional
  std::optional<KnownInput> input;       ///< none where nothing is there
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = optional_of(type_in(context));
  if (context.has_input(0)) state->input.emplace(context, 0);
  return {state};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  Held& output = held(args.outputs[0]);
  std::vector<Held>& items = output.make_items(state.type, state.input ? 1 : 0);
  if (state.input) copy_to(items[0], state.input->view(args.inputs[0]));
  output.check_budget();
}

/// 1 or 0: whether something is there, as far as known.
Dim count_in(const NodeView& node) {
  if (!node.has_input(0)) return std::int64_t{0};
  return is_optional(node.input_type(0)) ? node.input_dims(0)[0] : Dim(1);
}

void infer_has(InferContext& context) {
  context.set_output(0, {});
  context.set_output_elements(0, {count_in(context)});
}

Prepared prepare_has(const PrepareContext& context) { return {new_shared<const bool>(count_in(context).is(1))}; }

void run_has(const RunArguments& args) { *static_cast<bool*>(args.outputs[0]) = *static_cast<const bool*>(args.state); }

DataType type_got(const NodeView& node, std::size_t) {
  const DataType type = node.input_type(0);
  return is_optional(type) ? type_inside(type) : type;
}

void infer_get(InferContext& context) {
  const DataType type = type_got(context, 0);
  if (!is_optional(context.input_type(0))) {
    context.set_output(0, type, context.input_dims(0));
  } else if (context.input_dims(0)[0].is(0)) {
    invalid_model("there is nothing in the optional");
  } else if (is_sequence(type)) {
    context.set_output(0, type, {Dim::unknown()});
  } else {
    context.set_output_unranked(0, type);
  }
}

Prepared prepare_get(const PrepareContext& context) { return {new_shared<KnownInput>(context, 0)}; }

void run_get(const RunArguments& args) {
  const KnownInput& input = *static_cast<const KnownInput*>(args.state);
  if (!is_optional(input.type)) return copy_to(held(args.outputs[0]), input.view(args.inputs[0]));
  held(args.outputs[0]).copy(held(args.inputs[0]).items().at(0));
}

constexpr InputDef kOptionalInputs[] = {{"input", kStoredTypes, kMayBeLeftOut | kJudgesTypes}};

constexpr InputDef kHasElementInputs[] = {{"input", kStoredTypes, kMayBeLeftOut | kJudgesTypes | kShapeOnly}};

constexpr InputDef kGetElementInputs[] = {{"input", kStoredTypes, kJudgesTypes}};

constexpr OutputDef kAnyOutput[] = {{"output", kStoredTypes, kJudgesTypes}};
constexpr OutputDef kHasElement[] = {{"output", kBoolType}};

}  // namespace

void register_optional(Registry& registry) {
  OpDef op;
  op.name = "Optional";
  op.since_opset = 15;
  op.inputs = kOptionalInputs;
  op.outputs = kAnyOutput;
  op.parse = parse;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) { return optional_of(type_in(node)); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

void register_optional_has_element(Registry& registry) {
  OpDef op;
  op.name = "OptionalHasElement";
  op.since_opset = 15;
  op.inputs = kHasElementInputs;
  op.outputs = kHasElement;
  op.parse = parse_nothing;
  op.infer = infer_has;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_has, run_has}};
  registry.add(std::move(op));
}

void register_optional_get_element(Registry& registry) {
  OpDef op;
  op.name = "OptionalGetElement";
  op.since_opset = 15;
  op.inputs = kGetElementInputs;
  op.outputs = kAnyOutput;
  op.parse = parse_nothing;
  op.infer = infer_get;
  op.output_type = type_got;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_get, run_get}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
