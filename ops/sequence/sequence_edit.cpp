// SequenceInsert: the sequence with a tensor of its element type put in before `position` (a scalar of int32 or int64,
// in [-n,n]; left out: at the end). SequenceErase: the sequence without the tensor at `position` (in [-n,n); left out:
// the last one). A position out of range is an error of the run. Tensors that stay are shared, not copied. Opsets 11 to
// newest.
#include "ops/sequence/sequences.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTensor = 1;

struct State {
  DataType type = DataType::kUndefined;  ///< of the sequence
  DataType position = DataType::kUndefined;
  KnownInput tensor;
};

void infer_insert(InferContext& context) {
  require_sequence(context, 0, "input_sequence");
  const DataType element = type_inside(context.input_type(0));
  if (context.input_type(kTensor) != element) {
    invalid_model("input tensor is ", context.input_type(kTensor), ", but the sequence is ", context.input_type(0));
  }
  if (context.has_input(2)) require_one_element(context, 2);
  const Dim count = context.input_dims(0)[0];
  set_output_sequence(context, element, count.known() ? Dim(count.value() + 1) : Dim::unknown());
}

void infer_erase(InferContext& context) {
  require_sequence(context, 0, "input_sequence");
  if (context.has_input(1)) require_one_element(context, 1);
  const Dim count = context.input_dims(0)[0];
  set_output_sequence(context, type_inside(context.input_type(0)),
                      count.known() && count.value() > 0 ? Dim(count.value() - 1) : Dim::unknown());
}

template <bool kInsert>
Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  if (kInsert) state->tensor = KnownInput(context, kTensor);
  state->position = context.input_type(kInsert ? 2 : 1);
  return {state};
}

void run_insert(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::vector<Held>& before = held(args.inputs[0]).items();
  const void* const given = state.position == DataType::kUndefined ? nullptr : args.inputs[2];
  const std::size_t at = given == nullptr ? before.size() : position_at(state.position, given, before.size(), true);
  Held& output = held(args.outputs[0]);
  std::vector<Held>& items = output.make_items(state.type, before.size() + 1);
  for (std::size_t i = 0; i < before.size(); ++i) items[i < at ? i : i + 1].copy(before[i]);
  copy_to(items[at], state.tensor.view(args.inputs[kTensor]));
  output.check_budget();
}

void run_erase(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::vector<Held>& before = held(args.inputs[0]).items();
  if (before.empty()) fail(ErrorCode::kRuntimeFault, "nothing can be taken from an empty sequence");
  const void* const given = state.position == DataType::kUndefined ? nullptr : args.inputs[1];
  const std::size_t at = given == nullptr ? before.size() - 1 : position_at(state.position, given, before.size());
  std::vector<Held>& items = held(args.outputs[0]).make_items(state.type, before.size() - 1);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].copy(before[i < at ? i : i + 1]);
}

constexpr InputDef kInsertInputs[] = {
    {"input_sequence", kStoredTypes, kJudgesTypes},
    {"tensor", kStoredTypes, kJudgesTypes},
    {"position", kIndexTypes, kMayBeLeftOut},
};

constexpr InputDef kEraseInputs[] = {
    {"input_sequence", kStoredTypes, kJudgesTypes},
    {"position", kIndexTypes, kMayBeLeftOut},
};
constexpr OutputDef kOutputs[] = {{"output_sequence", TypeOf{0}}};

}  // namespace

void register_sequence_insert(Registry& registry) {
  OpDef op;
  op.name = "SequenceInsert";
  op.since_opset = 11;
  op.inputs = kInsertInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer_insert;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare<true>, run_insert}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

void register_sequence_erase(Registry& registry) {
  OpDef op;
  op.name = "SequenceErase";
  op.since_opset = 11;
  op.inputs = kEraseInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer_erase;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare<false>, run_erase}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
