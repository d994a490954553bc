// GlobalAveragePool and GlobalMaxPool: Y[n, c, 1...] is the mean, or the largest, of X[n, c, ...]: ReduceMean and
// ReduceMax over all axes but the first two, whose loops and numbers they share (ops/reduction/reduction.cpp). X has
// rank 2 or more. Opsets 1 to newest; types: float, double, float16, bfloat16 at every opset. Of no elements: NaN, and
// -infinity.
#include "ops/reduction/reduction.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

template <ReduceOp kOp>
AttributesPtr parse(ParseContext&) {
  auto attributes = new_shared<ReduceAttributes>();
  attributes->op = kOp;
  attributes->spatial = true;
  return attributes;
}

void infer(InferContext& context) {
  Dims dims = context.input_dims(0);
  if (dims.size() < 2) invalid_model("input X has rank ", dims.size(), ", expected batch, channels and spatial axes");
  const std::vector<bool> reduced = *reduced_dims(context);
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (reduced[axis]) dims[axis] = 1;
  }
  context.set_output(0, std::move(dims));
}

constexpr InputDef kInputs[] = {{"X", kFloatTypes}};

template <ReduceOp kOp>
OpDef pool(const char* name) {
  OpDef op;
  op.name = name;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse<kOp>;
  op.infer = infer;
  op.implementations = reduction_implementations();
  op.facts.channels_last = reduction_channels_last;
  return op;
}

}  // namespace

void register_global_average_pool(Registry& registry) { registry.add(pool<ReduceOp::kMean>("GlobalAveragePool")); }
void register_global_max_pool(Registry& registry) { registry.add(pool<ReduceOp::kMax>("GlobalMaxPool")); }

}  // namespace linnet::internal
