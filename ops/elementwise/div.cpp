// Div: C = A / B, element by element, with NumPy's broadcasting. Integers round towards zero; dividing one by zero is a
// kRuntimeFault, and the smallest one divided by -1 wraps around to itself. A and B have the same type, C too. Opsets 7
// to newest; all numeric types are accepted at every opset. The `axis` and `broadcast` attributes of opsets before 7
// are not read.
#include "ops/elementwise/binary.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) { infer_binary(context, BinaryOp::kDiv); }

}  // namespace

void register_div(Registry& registry) {
  OpDef op;
  op.name = "Div";
  op.since_opset = 7;
  op.inputs = kTwoOfNumbers;
  op.outputs = kCOverBoth;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = binary_implementations(BinaryOp::kDiv);
  op.facts = binary_facts();
  op.facts.wanted_elements = wanted_divisor;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
