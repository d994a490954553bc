// SequenceAt: the tensor at `position` (a scalar of int32 or int64, in [-n,n)) of a sequence; a position out of range
// is an error of the run. SequenceLength: how many there are (int64, a scalar), which follows from the shapes. Opsets
// 11 to newest.
#include "ops/sequence/sequences.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

DataType element_type(const NodeView& node, std::size_t) { return type_inside(node.input_type(0)); }

void infer_at(InferContext& context) {
  require_sequence(context, 0, "input_sequence");
  require_one_element(context, 1);
  context.set_output_unranked(0, type_inside(context.input_type(0)));
}

Prepared prepare_at(const PrepareContext& context) { return {new_shared<const DataType>(context.input_type(1))}; }

void run_at(const RunArguments& args) {
  const std::vector<Held>& items = held(args.inputs[0]).items();
  const std::size_t at = position_at(*static_cast<const DataType*>(args.state), args.inputs[1], items.size());
  held(args.outputs[0]).copy(items[at]);
}

void infer_length(InferContext& context) {
  require_sequence(context, 0, "input_sequence");
  context.set_output(0, {});
  context.set_output_elements(0, {context.input_dims(0)[0]});
}

Prepared prepare_length(const PrepareContext& context) {
  return {new_shared<const std::int64_t>(context.input_shape(0)[0])};
}

void run_length(const RunArguments& args) {
  *static_cast<std::int64_t*>(args.outputs[0]) = *static_cast<const std::int64_t*>(args.state);
}

constexpr InputDef kSequenceAndPosition[] = {{"input_sequence", kStoredTypes, kJudgesTypes}, {"position", kIndexTypes}};

constexpr InputDef kSequence[] = {{"input_sequence", kStoredTypes, kJudgesTypes | kShapeOnly}};
constexpr OutputDef kTensor[] = {{"tensor", kStoredTypes, kJudgesTypes}};
constexpr OutputDef kLength[] = {{"length", kInt64Type}};

}  // namespace

void register_sequence_at(Registry& registry) {
  OpDef op;
  op.name = "SequenceAt";
  op.since_opset = 11;
  op.inputs = kSequenceAndPosition;
  op.outputs = kTensor;
  op.parse = parse_nothing;
  op.infer = infer_at;
  op.output_type = element_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_at, run_at}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

void register_sequence_length(Registry& registry) {
  OpDef op;
  op.name = "SequenceLength";
  op.since_opset = 11;
  op.inputs = kSequence;
  op.outputs = kLength;
  op.parse = parse_nothing;
  op.infer = infer_length;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_length, run_length}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
