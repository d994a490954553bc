// Sub: C = A - B, element by element, with NumPy's broadcasting; integers wrap around. A and B have the same type, C
// too. Opsets 7 to newest; all numeric types are accepted at every opset. The `axis` and `broadcast` attributes of
// opsets before 7 are not read.
#include "ops/elementwise/binary.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) { infer_binary(context, BinaryOp::kSub); }

}  // namespace

void register_sub(Registry& registry) {
  OpDef op;
  op.name = "Sub";
  op.since_opset = 7;
  op.inputs = kTwoOfNumbers;
  op.outputs = kCOverBoth;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = binary_implementations(BinaryOp::kSub);
  op.facts = binary_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
