// Swish: Y = X / (1 + e^(-alpha * X)), element by element; alpha is 1 by default. X and Y have the same type and shape,
// of any rank. Opsets 24 to newest. ONNX's function body rounds alpha * X and a sigmoid that may be denormal, to X's
// type.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  return activation_attributes(kernels::ActivationKind::kSwish, context.get_float("alpha", 1.0F));
}

}  // namespace

void register_swish(Registry& registry) {
  OpDef op;
  op.name = "Swish";
  op.since_opset = 24;
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
