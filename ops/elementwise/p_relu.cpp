// PRelu: Y = X where X >= 0, slope * X where X < 0, element by element; slope is broadcast to X's shape, and never X.
// Both have the same type, Y too. Opsets 7 to newest; integers of 32 and 64 bits (from 9), which wrap around, and
// bfloat16 (from 16) are accepted at every opset. 16-bit floats are computed in float and rounded once.
#include "ops/elementwise/binary.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};

void infer(InferContext& context) {
  const Dims& x = context.input_dims(0);
  const Dims& slope = context.input_dims(1);
  const Dims both = broadcast(x, slope);
  bool grows = both.size() != x.size();
  for (std::size_t i = 0; !grows && i < x.size(); ++i) grows = both[i].differs(x[i]);
  if (grows) invalid_model("slope ", slope, " does not broadcast to X ", x, ", which keeps its shape");
  context.set_output(0, x);
}

constexpr InputDef kInputs[] = {{"X", kTypes}, {"slope", kTypes, kTypeOfFirst}};
constexpr OutputDef kOutputs[] = {{"Y", TypeOf{0}, 0, over(0, 1)}};

}  // namespace

void register_p_relu(Registry& registry) {
  OpDef op;
  op.name = "PRelu";
  op.since_opset = 7;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  const auto prepare = [](const PrepareContext& context) { return prepare_arithmetic(context, Arithmetic::kPRelu); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run_arithmetic}};
  op.facts = binary_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
