// LeakyRelu: Y = X < 0 ? alpha * X : X, element by element; alpha is 0.01 by default. X and Y have the same type and
// shape, of any rank. Opsets 7 to newest; bfloat16 (from 16) is accepted at every opset.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  return activation_attributes(kernels::ActivationKind::kLeakyRelu, context.get_float("alpha", 0.01F));
}

}  // namespace

void register_leaky_relu(Registry& registry) {
  OpDef op;
  op.name = "LeakyRelu";
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
