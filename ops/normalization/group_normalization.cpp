// GroupNormalization: the channels of X [N,C,...] are cut into num_groups groups of neighbours, each of which is
// normalised for each N: Y = (X - mean) / sqrt(mean((X - mean)^2) + epsilon) * scale + bias. scale and bias are [C]
// (opset 18: [num_groups]). Y has X's type and shape. Opsets 18 to newest. Types: float, double, float16, bfloat16, the
// same for X, scale and bias. Deviation: stash_type (from 21) does not lower the precision of the computation, which
// runs in double and rounds once (in vectors, of all types but double: the last step in float). ONNX's function body
// has mean(X^2) - mean(X)^2 for the variance, of which no digit is left where the mean is large beside it.
#include "ops/normalization/normalized_groups.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

struct GroupNormalizationAttributes : Attributes {
  std::int64_t groups = 1;
  float epsilon = 1e-5F;
  bool scale_per_channel = true;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<GroupNormalizationAttributes>();
  attributes->groups = context.require_int("num_groups");
  attributes->epsilon = context.get_float("epsilon", 1e-5F);
  attributes->scale_per_channel = context.opset() >= 21;
  if (attributes->groups < 1) invalid_model("num_groups is ", attributes->groups, ", expected 1 or more");
  if (context.opset() >= 21) {
    const std::int64_t stash_type = context.get_int("stash_type", 1);
    if (stash_type < 1 || stash_type > 255) invalid_model("stash_type is ", stash_type, ", which is no element type");
  }
  return attributes;
}

constexpr InputDef kInputs[] = {
    {"X", kFloatTypes},
    {"scale", kFloatTypes, kTypeOfFirst},
    {"bias", kFloatTypes, kTypeOfFirst},
};

void infer(InferContext& context) {
  const auto& attributes = context.attributes<GroupNormalizationAttributes>();
  const Dims& x = context.input_dims(0);
  if (x.size() < 2) invalid_model("input X is ", x, ", expected rank 2 or more");
  if (x[1].known() && x[1].value() % attributes.groups != 0) {
    invalid_model("X has ", x[1].value(), " channels, which num_groups = ", attributes.groups, " does not divide");
  }
  const Dim scales = attributes.scale_per_channel ? x[1] : Dim(attributes.groups);
  for (std::size_t input = 1; input <= 2; ++input) {
    const Dims& dims = context.input_dims(input);
    if (dims.size() != 1 || dims[0].differs(scales)) {
      invalid_model("input ", kInputs[input].name, " is ", dims, ", expected ", Dims{scales}, " for X ", x);
    }
  }
  context.set_output(0, x);
}

NormalizedGroups groups_of(const NodeView& node) {
  const auto& attributes = node.attributes<GroupNormalizationAttributes>();
  const Shape x = node.input_shape(0);
  const std::int64_t channels = x[1] / attributes.groups;
  const std::int64_t size = element_count(Shape(x.begin() + 2, x.end()));
  NormalizedGroups groups;
  groups.type = node.input_type(0);
  groups.group_sizes = {x[0] * attributes.groups};
  groups.group_strides = {channels * size};
  groups.groups = groups.group_sizes[0];
  groups.run_sizes = {channels};
  groups.run_strides = {size};
  groups.runs = channels;
  groups.run_length = size;
  groups.variance_epsilon = static_cast<double>(attributes.epsilon);
  groups.scaled = true;
  groups.scale_per_run = attributes.scale_per_channel;
  groups.scales = node.input_shape(1)[0];
  return groups;
}

}  // namespace

void register_group_normalization(Registry& registry) {
  OpDef op;
  op.name = "GroupNormalization";
  op.since_opset = 18;
  op.inputs = kInputs;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = normalized_groups_implementations<groups_of>();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
