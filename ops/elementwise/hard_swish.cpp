// HardSwish: Y = X * max(0, min(1, X / 6 + 1 / 2)), element by element. X and Y have the same type and shape, of any
// rank. Opsets 14 to newest; bfloat16 (from 22) is accepted at every opset. ONNX's function body takes 1 / 6 as a
// float, which loses all digits near -3.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext&) { return activation_attributes(kernels::ActivationKind::kHardSwish); }

}  // namespace

void register_hard_swish(Registry& registry) {
  OpDef op;
  op.name = "HardSwish";
  op.since_opset = 14;
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
