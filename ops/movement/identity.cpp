// Identity: output = input. Any shape and element type; a view. Opsets 1 to newest.
// Deviation: sequences and optionals (opsets 14 and 16) are not supported.
#include "ops/movement/copy.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

void infer_identity(InferContext& context) {
  context.set_output(0, context.input_dims(0));
  pass_elements(context);
}

constexpr InputDef kInputs[] = {{"input", kStoredTypes}};

}  // namespace

void register_identity(Registry& registry) {
  OpDef op;
  op.name = "Identity";
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_nothing;
  op.infer = infer_identity;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  op.facts.channels_last = same_in_any_layout;
  op.facts.is_identity = [](const NodeView&) { return true; };
  registry.add(std::move(op));
}

}  // namespace linnet::internal
