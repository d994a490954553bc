// Elu: Y = X < 0 ? alpha * (e^X - 1) : X, element by element; alpha is 1 by default. X and Y have the same type and
// shape, of any rank. Opsets 7 to newest; bfloat16 (from 22) is accepted at every opset.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  return activation_attributes(kernels::ActivationKind::kElu, context.get_float("alpha", 1.0F));
}

}  // namespace

void register_elu(Registry& registry) {
  OpDef op;
  op.name = "Elu";
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
