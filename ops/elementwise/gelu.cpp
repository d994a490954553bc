// Gelu: Y = X / 2 * (1 + erf(X / sqrt(2))), element by element, or with approximate = "tanh"
// Y = X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 * X^3))). X and Y have the same type and shape, of any rank.
// Opsets 20 to newest.
#include "ops/elementwise/activation.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) {
  const std::string approximate = context.get_string("approximate", "none");
  if (approximate == "none") return activation_attributes(kernels::ActivationKind::kGelu);
  if (approximate == "tanh") return activation_attributes(kernels::ActivationKind::kGeluTanh);
  invalid_model("attribute \"approximate\" is \"", printable(approximate), "\", expected \"none\" or \"tanh\"");
}

}  // namespace

void register_gelu(Registry& registry) {
  OpDef op;
  op.name = "Gelu";
  op.since_opset = 20;
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = activation_implementations();
  op.facts = activation_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
