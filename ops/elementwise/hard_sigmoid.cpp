// HardSigmoid: Y = max(0, min(1, alpha * X + beta)), element by element; alpha is 0.2 and beta 0.5 by default. X and Y
// have the same type and shape, of any rank. Opsets 7 to newest; bfloat16 (from 22) is accepted at every opset.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  const float alpha = context.get_float("alpha", 0.2F);
  return activation_attributes(kernels::ActivationKind::kHardSigmoid, alpha, context.get_float("beta", 0.5F));
}

}  // namespace

void register_hard_sigmoid(Registry& registry) {
  OpDef op;
  op.name = "HardSigmoid";
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
