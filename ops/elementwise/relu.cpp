// Relu: Y = max(X, 0), element by element; NaN stays NaN, -0 becomes +0. X and Y have the same type and shape, of any
// rank. Opsets 7 to newest; bfloat16 (from 13) and signed integers (from 14) are accepted at every opset.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext&) { return activation_attributes(kernels::ActivationKind::kRelu); }

constexpr InputDef kInputs[] = {{"X", kFloatTypes | kSignedTypes}};

}  // namespace

void register_relu(Registry& registry) {
  OpDef op;
  op.name = "Relu";
  op.inputs = kInputs;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
