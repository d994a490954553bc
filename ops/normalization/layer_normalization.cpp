// LayerNormalization: over the elements of the dimensions from `axis` on,
//   Mean = mean(X), InvStdDev = 1 / sqrt(mean((X - Mean)^2) + epsilon), Y = (X - Mean) * InvStdDev * Scale + B.
// RMSNormalization: the same without Mean and B, Y = X / sqrt(mean(X^2) + epsilon) * scale.
// X [d0,...,d(r-1)]; Scale and B (which may be left out) broadcast to X; Mean and InvStdDev are
// [d0,...,d(axis-1),1,...,1]. LayerNormalization from opset 17, RMSNormalization from opset 23, both to newest. Types:
// float, double, float16, bfloat16, the same for X, Scale, B and Y; in RMSNormalization Y has the type of scale, which
// may be another one than X's. stash_type is the type of Mean and InvStdDev: 1 (float) or 16 (bfloat16), in
// RMSNormalization also 10 (float16) or 11 (double). The mean of no elements is NaN. Deviation: stash_type does not
// lower the precision of the computation. It runs in double, of double in long double, and rounds once; in vectors only
// the statistics are double, the last step is float, also of 16-bit floats (simd half).
#include "ops/normalization/layer_normalization.hpp"

#include <algorithm>

namespace linnet::internal {
namespace {

constexpr TypeSet kStatisticsTypes{DataType::kFloat32, DataType::kBfloat16};

template <bool kCentred>
AttributesPtr parse(ParseContext& context) {
  constexpr TypeSet kStashTypes = kCentred ? kStatisticsTypes : kFloatTypes;
  auto attributes = new_shared<LayerNormalizationAttributes>();
  attributes->centred = kCentred;
  attributes->axis = context.get_int("axis", -1);
  attributes->epsilon = context.get_float("epsilon", 1e-5F);
  const std::int64_t number = context.get_int("stash_type", 1);
  const auto stash_type = number > 0 && number < 256 ? static_cast<DataType>(number) : DataType::kUndefined;
  if (!kStashTypes.has(stash_type)) {
    invalid_model("stash_type is ", number, ", expected ",
                  kCentred ? "1 (float) or 16 (bfloat16)" : "1 (float), 10 (float16), 11 (double) or 16 (bfloat16)");
  }
  if (kCentred) attributes->stash_type = stash_type;
  return attributes;
}

void check_broadcasts_to_x(const NodeView& node, std::size_t input, const char* name) {
  const Dims& x = node.input_dims(0);
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() <= x.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) {
    fits = dims[i].is(1) || !dims[i].differs(x[x.size() - dims.size() + i]);
  }
  if (!fits) invalid_model("input ", name, " is ", dims, " but X is ", x, ": ", name, " must broadcast to X");
}

/// Of the statistics.
DataType stash_type(const NodeView& node, std::size_t) {
  return node.attributes<LayerNormalizationAttributes>().stash_type;
}

void infer(InferContext& context) {
  const std::size_t axis = first_normalized_axis(context);
  check_broadcasts_to_x(context, 1, "Scale");
  if (context.has_input(2)) check_broadcasts_to_x(context, 2, "B");
  Dims statistics = context.input_dims(0);
  std::fill(statistics.begin() + static_cast<std::ptrdiff_t>(axis), statistics.end(), Dim(1));
  context.set_output(0, context.input_dims(0));
  context.set_output(1, stash_type(context, 1), statistics);
  context.set_output(2, stash_type(context, 2), std::move(statistics));
}

constexpr InputDef kLayerInputs[] = {
    {"X", kFloatTypes},
    {"Scale", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kMayBeLeftOut | kTypeOfFirst},
};
constexpr InputDef kRmsInputs[] = {{"X", kFloatTypes}, {"scale", kFloatTypes}};
constexpr OutputDef kLayerOutputs[] = {{"Y", TypeOf{0}, 0, over(0)},
                                       {"Mean", kStatisticsTypes, kMayBeLeftOut},
                                       {"InvStdDev", kStatisticsTypes, kMayBeLeftOut}};
constexpr OutputDef kRmsOutputs[] = {{"Y", TypeOf{1}, 0, over(0)}};

OpDef normalization(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.infer = infer;
  op.output_type = stash_type;
  op.implementations = {simd_layer_normalization(), half_layer_normalization(), double_layer_normalization(),
                        reference_layer_normalization()};
  return op;
}

}  // namespace

std::size_t first_normalized_axis(const NodeView& node) {
  return static_cast<std::size_t>(
      normalized_axis(node.attributes<LayerNormalizationAttributes>().axis, node.input_rank(0)));
}

LayerNormalization layer_normalization_of(const NodeView& node) {
  const auto& attributes = node.attributes<LayerNormalizationAttributes>();
  const Shape x = node.input_shape(0);
  LayerNormalization result;
  result.has_bias = node.has_input(2);
  result.has_mean = node.has_output(1);
  result.has_inv_std_dev = node.has_output(2);
  if (element_count(x) > 0 || result.has_mean || result.has_inv_std_dev) {
    const auto axis = static_cast<std::ptrdiff_t>(first_normalized_axis(node));
    result.rows = element_count(Shape(x.begin(), x.begin() + axis));
    if (result.rows > 0) result.columns = element_count(Shape(x.begin() + axis, x.end()));
  }
  result.epsilon = attributes.epsilon;
  result.centred = attributes.centred;
  result.type = node.input_type(0);
  result.scale_type = node.input_type(1);
  result.stash_type = attributes.stash_type;
  return result;
}

void register_layer_normalization(Registry& registry) {
  OpDef op = normalization("LayerNormalization", 17);
  op.inputs = kLayerInputs;
  op.outputs = kLayerOutputs;
  op.parse = parse<true>;
  registry.add(std::move(op));
}

void register_rms_normalization(Registry& registry) {
  OpDef op = normalization("RMSNormalization", 23);
  op.inputs = kRmsInputs;
  op.outputs = kRmsOutputs;
  op.parse = parse<false>;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
