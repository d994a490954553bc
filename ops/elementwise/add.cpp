// Add: C = A + B, element by element, with NumPy's broadcasting; integers wrap around. A and B have the same type, C
// too. Opsets 7 to newest; all numeric types are accepted at every opset. The `axis` and `broadcast` attributes of
// opsets before 7 are not read.
#include "ops/elementwise/binary.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext&) {
  // Never destroyed: other threads may load while the process exits.
  static const auto& addition = *new AttributesPtr(new_shared<AdditionAttributes>());
  return addition;
}

void infer(InferContext& context) { infer_binary(context, BinaryOp::kAdd); }

}  // namespace

void register_add(Registry& registry) {
  OpDef op;
  op.name = "Add";
  op.since_opset = 7;
  op.inputs = kTwoOfNumbers;
  op.outputs = kCOverBoth;
  op.parse = parse;
  op.infer = infer;
  op.implementations = binary_implementations(BinaryOp::kAdd);
  op.facts = binary_facts();
  op.facts.commutative = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
