// MeanVarianceNormalization: Y = (X - mean(X)) / (sqrt(mean((X - mean(X))^2)) + 1e-9), the means over `axes`, by
// default [0,2,3]. X and Y have the same floating-point type and shape. Opsets 9 to newest; bfloat16 (from 13) is
// accepted at every opset. ONNX's function body has mean(X^2) - mean(X)^2 for the variance, of which no digit is left
// where the mean is large beside it.
#include "ops/normalization/normalized_groups.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct MeanVarianceAttributes : Attributes {
  std::vector<std::int64_t> axes;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<MeanVarianceAttributes>();
  attributes->axes = context.get_ints("axes").value_or(std::vector<std::int64_t>{0, 2, 3});
  return attributes;
}

void infer(InferContext& context) {
  infer_like_first(context);
  distinct_axes(context.attributes<MeanVarianceAttributes>().axes, context.input_rank(0));
}

/// No axes are all axes, as for ReduceMean, which the function body calls.
NormalizedGroups groups_of(const NodeView& node) {
  const auto& axes = node.attributes<MeanVarianceAttributes>().axes;
  const Shape shape = node.input_shape(0);
  std::vector<bool> reduced(shape.size(), axes.empty());
  for (const std::size_t axis : distinct_axes(axes, shape.size())) reduced[axis] = true;
  NormalizedGroups groups = normalized_groups(node.input_type(0), shape, reduced);
  groups.deviation_epsilon = static_cast<double>(1e-9F);
  return groups;
}

}  // namespace

void register_mean_variance_normalization(Registry& registry) {
  OpDef op;
  op.name = "MeanVarianceNormalization";
  op.since_opset = 9;
  op.inputs = kOneOfFloats;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = normalized_groups_implementations<groups_of>();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
