// Div: C = A / B, element by element, with NumPy's broadcasting. Integers round towards zero; dividing one by zero is a
// kRuntimeFault, and the smallest one divided by -1 wraps around to itself. A and B have the same type, C too. Opsets 7
// to newest; all numeric types are accepted at every opset. The `axis` and `broadcast` attributes of opsets before 7
// are not read.
#include "ops/binary.hpp"
#include "ops/wanted_elements.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) { infer_binary(context, BinaryOp::kDiv); }

/// An integer divisor is not 0.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1 || kFloatTypes.has(node.input_type(1))) return std::nullopt;
  WantedElements wanted;
  wanted.low = 1;
  wanted.what = "a divisor";
  return wanted;
}

}  // namespace

void register_div(Registry& registry) {
  OpDef op;
  op.name = "Div";
  op.since_opset = 7;
  op.min_inputs = 2;
  op.max_inputs = 2;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = binary_implementations(BinaryOp::kDiv);
  op.facts = binary_facts();
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
