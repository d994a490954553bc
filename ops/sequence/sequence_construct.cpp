// SequenceConstruct: the sequence of its inputs, tensors of one type. SequenceEmpty: one without tensors, whose element
// type is `dtype` (TensorProto.DataType, float32 by default). Opsets 11 to newest; all types that Linnet holds,
// strings.
#include "ops/sequence/sequences.hpp"
#include "ops/text/texts.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) {
  const DataType type = context.input_type(0);
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    if (context.input_type(i) != type)
      invalid_model("input ", i, " is ", context.input_type(i), ", expected ", type, " as input 0 is");
  }
  if (is_sequence(type) || is_optional(type)) invalid_model("the inputs are ", type, ", expected tensors");
  set_output_sequence(context, type, static_cast<std::int64_t>(context.input_count()));
}

struct State {
  DataType type = DataType::kUndefined;
  std::vector<KnownInput> inputs;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  for (std::size_t i = 0; i < context.input_count(); ++i) state->inputs.emplace_back(context, i);
  return {state};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  Held& output = held(args.outputs[0]);
  std::vector<Held>& items = output.make_items(sequence_of(state.type), state.inputs.size());
  for (std::size_t i = 0; i < items.size(); ++i) copy_to(items[i], state.inputs[i].view(args.inputs[i]));
  output.check_budget();
}

struct EmptyAttributes : Attributes {
  DataType type = DataType::kFloat32;
};

AttributesPtr parse_empty(ParseContext& context) {
  auto attributes = new_shared<EmptyAttributes>();
  const std::int64_t number = context.get_int("dtype", static_cast<std::int64_t>(DataType::kFloat32));
  attributes->type = number > 0 && number < 64 ? static_cast<DataType>(number) : DataType::kUndefined;
  if (!kStoredTypes.has(attributes->type) && attributes->type != DataType::kString)
    unsupported("attribute \"dtype\" is ", number, ", which is no element type that Linnet holds");
  return attributes;
}

void run_empty(const RunArguments& args) {
  const auto& attributes = *static_cast<const EmptyAttributes*>(args.state);
  held(args.outputs[0]).make_items(sequence_of(attributes.type), 0);
}

constexpr InputDef kInputs[] = {{"", kStoredTypes, kRepeated | kTypeOfFirst | kJudgesTypes}};
constexpr OutputDef kSequence[] = {{"output_sequence", kStoredTypes, kJudgesTypes}};
constexpr OutputDef kEmpty[] = {{"output", kStoredTypes, kJudgesTypes}};

}  // namespace

void register_sequence_construct(Registry& registry) {
  OpDef op;
  op.name = "SequenceConstruct";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kSequence;
  op.parse = parse_nothing;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) { return sequence_of(node.input_type(0)); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

void register_sequence_empty(Registry& registry) {
  OpDef op;
  op.name = "SequenceEmpty";
  op.since_opset = 11;
  op.outputs = kEmpty;
  op.parse = parse_empty;
  op.infer = [](InferContext& context) {
    set_output_sequence(context, context.attributes<EmptyAttributes>().type, std::int64_t{0});
  };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_attributes, run_empty}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
