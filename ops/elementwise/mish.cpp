// Mish: Y = X * tanh(log(1 + e^X)), element by element. X and Y have the same type and shape, of any rank. Opsets 18 to
// newest; bfloat16 (from 22) is accepted at every opset. ONNX's function body is 0 below -17.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext&) { return activation_attributes(kernels::ActivationKind::kMish); }

}  // namespace

void register_mish(Registry& registry) {
  OpDef op;
  op.name = "Mish";
  op.since_opset = 18;
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
