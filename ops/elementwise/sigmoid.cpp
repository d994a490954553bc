// Sigmoid: Y = 1 / (1 + e^-X), element by element. X and Y have the same type and shape, of any rank.
// Opsets 7 to newest; bfloat16 (from 13) is accepted at every opset.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext&) { return activation_attributes(kernels::ActivationKind::kSigmoid); }

}  // namespace

void register_sigmoid(Registry& registry) {
  OpDef op;
  op.name = "Sigmoid";
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
