// Selu: Y = gamma * (X < 0 ? alpha * (e^X - 1) : X), element by element. X and Y have the same type and shape, of any
// rank. Opsets 7 to newest; bfloat16 (from 22) is accepted at every opset. ONNX's function body is 0 near 0.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  const float alpha = context.get_float("alpha", 1.67326319217681884765625F);
  return activation_attributes(kernels::ActivationKind::kSelu, alpha,
                               context.get_float("gamma", 1.05070102214813232421875F));
}

}  // namespace

void register_selu(Registry& registry) {
  OpDef op;
  op.name = "Selu";
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
