// Flatten: output [d0*...*d(axis-1), d(axis)*...*d(r-1)] of input [d0,...,d(r-1)]; an empty product is 1. A view.
// axis in [-r,r], default 1. Opsets 1 to newest. Deviation: a negative axis, new in opset 11, is taken at every opset.
#include "ops/movement/copy.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct FlattenAttributes : Attributes {
  std::int64_t axis = 1;
};

AttributesPtr parse_flatten(ParseContext& context) {
  auto attributes = new_shared<FlattenAttributes>();
  attributes->axis = context.get_int("axis", 1);
  return attributes;
}

void infer_flatten(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  const auto axis =
      static_cast<std::size_t>(normalized_axis_or_end(context.attributes<FlattenAttributes>().axis, dims.size()));
  context.set_output(0, {product_of(dims, 0, axis), product_of(dims, axis, dims.size())});
  pass_elements(context);
}

/// True even for a matrix of which no dimension is known.
bool is_flat_already(const NodeView& node) {
  const Dims& dims = node.input_dims(0);
  return dims.size() == 2 && normalized_axis_or_end(node.attributes<FlattenAttributes>().axis, 2) == 1;
}

constexpr InputDef kInputs[] = {{"input", kStoredTypes}};

}  // namespace

void register_flatten(Registry& registry) {
  OpDef op;
  op.name = "Flatten";
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_flatten;
  op.infer = infer_flatten;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  op.facts.is_identity = is_flat_already;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
