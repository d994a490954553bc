// InstanceNormalization: every channel of every N of input [N,C,...] is normalised by itself: output = (input - mean) /
// sqrt(mean((input - mean)^2) + epsilon) * scale + B, with scale and B [C]. The output has input's type and shape.
// Opsets 6 to newest; types: float, double, float16, bfloat16 (from 22) at every opset, the same for all inputs. It is
// computed in double and rounded once (in vectors, of all types but double: the last step in float).
#include "ops/normalization/normalized_groups.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

struct InstanceNormalizationAttributes : Attributes {
  float epsilon = 1e-5F;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<InstanceNormalizationAttributes>();
  attributes->epsilon = context.get_float("epsilon", 1e-5F);
  return attributes;
}

constexpr InputDef kInputs[] = {
    {"input", kFloatTypes},
    {"scale", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kTypeOfFirst},
};

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.size() < 2) invalid_model("input is ", dims, ", expected rank 2 or more");
  for (std::size_t input = 1; input <= 2; ++input) {
    const Dims& scale = context.input_dims(input);
    if (scale.size() != 1 || scale[0].differs(dims[1])) {
      invalid_model("input ", kInputs[input].name, " is ", scale, ", expected ", Dims{dims[1]}, " for input ", dims);
    }
  }
  context.set_output(0, dims);
}

NormalizedGroups groups_of(const NodeView& node) {
  const Shape shape = node.input_shape(0);
  std::vector<bool> reduced(shape.size(), true);
  reduced[0] = reduced[1] = false;
  NormalizedGroups groups = normalized_groups(node.input_type(0), shape, reduced);
  groups.variance_epsilon = static_cast<double>(node.attributes<InstanceNormalizationAttributes>().epsilon);
  groups.scaled = true;
  groups.scales = shape[1];
  return groups;
}

}  // namespace

void register_instance_normalization(Registry& registry) {
  OpDef op;
  op.name = "InstanceNormalization";
  op.since_opset = 6;
  op.inputs = kInputs;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = normalized_groups_implementations<groups_of>();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
