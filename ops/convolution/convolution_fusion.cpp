// What a convolution takes in from its only reader: a scale and shift of every channel (BatchNormalization), which go
// into W and B, the sum with a value of the shape of Y, and an activation behind it. All keep the numbers within
// rounding; 16-bit types take in nothing, for they would skip a rounding step.
#include "ops/convolution/convolution.hpp"
#include "ops/elementwise/activation.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/scaled_constant.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kFused{DataType::kFloat32, DataType::kFloat64};

const ConvolutionAttributes& attributes_of(const NodeView& node) { return node.attributes<ConvolutionAttributes>(); }

bool has_activation(const NodeView& node) {
  return attributes_of(node).activation.kind != kernels::ActivationKind::kNone;
}

bool has_addend(const NodeView& node) { return node.has_input(kConvolutionAddend); }

/// The convolution and the sum that is its reader.
std::optional<Replacement> absorb_addend(const FusionContext& context) {
  const NodeView& convolution = context.producer;
  const ConvolutionAttributes& attributes = attributes_of(convolution);
  const ConstantPtr& w = convolution.input_constant(kConvolutionW);
  if (has_addend(convolution) || attributes.transposed || w == nullptr) return std::nullopt;
  if (static_cast<std::size_t>(w->shape[0] / attributes.group) < kLeastProductRows) return std::nullopt;
  const std::size_t other = 1 - context.consumer_input;
  const Dims& y = convolution.output(0).dims;
  const Dims& addend = context.consumer.input_dims(other);
  if (addend.size() != y.size()) return std::nullopt;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!addend[i].same(y[i])) return std::nullopt;
  }
  Replacement sum{convolution.node().op, convolution.node().attributes, {}};
  for (std::size_t i = 0; i < kConvolutionAddend; ++i) {
    sum.inputs.emplace_back(convolution.has_input(i) ? convolution.node().inputs[i] : kNoValue);
  }
  sum.inputs.emplace_back(context.consumer.node().inputs[other]);
  return sum;
}

/// B as doubles, zeros where it is left out. Nothing when it is not a constant.
std::optional<std::vector<double>> constant_bias(const NodeView& node, std::size_t channels) {
  std::vector<double> bias(channels, 0.0);
  if (!node.has_input(kConvolutionB)) return bias;
  const ConstantPtr& b = node.input_constant(kConvolutionB);
  if (b == nullptr) return std::nullopt;
  visit_float_type(b->type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < channels; ++i) bias[i] = static_cast<double>(b->as<T>()[i]);
  });
  return bias;
}

/// W times the scale of its output channels. Null when a product does not round well.
ConstantPtr scaled_weights(const Constant& w, const ConvolutionAttributes& attributes,
                           const std::vector<double>& scale) {
  std::size_t taps = 1;
  for (std::size_t axis = 2; axis < w.shape.size(); ++axis) taps *= static_cast<std::size_t>(w.shape[axis]);
  if (!attributes.transposed) return scaled_constant(w, taps * static_cast<std::size_t>(w.shape[1]), scale);
  // [C, M/group, k...]: the channel of X tells the group.
  const auto channels = static_cast<std::size_t>(w.shape[1]);
  const std::size_t x_channels = static_cast<std::size_t>(w.shape[0] / attributes.group);
  std::vector<double> factors;
  for (std::size_t x_channel = 0; x_channel < static_cast<std::size_t>(w.shape[0]); ++x_channel) {
    for (std::size_t i = 0; i < channels; ++i) factors.push_back(scale[x_channel / x_channels * channels + i]);
  }
  return scaled_constant(w, taps, factors);
}

}  // namespace

std::optional<Replacement> absorb_affine_into_convolution(const FusionContext& context) {
  const NodeView& convolution = context.producer;
  const auto* affine = dynamic_cast<const ChannelAffineAttributes*>(context.consumer.node().attributes.get());
  if (affine == nullptr || context.consumer_input != 0 || has_activation(convolution)) return std::nullopt;
  if (has_addend(convolution)) return std::nullopt;
  const DataType type = convolution.input_type(kConvolutionX);
  const ConstantPtr& w = convolution.input_constant(kConvolutionW);
  if (!kFused.has(type) || w == nullptr || w->count() == 0) return std::nullopt;
  if ((context.shared_inputs & 1U << kConvolutionW) != 0) return std::nullopt;  // each reader would have a copy
  const ConvolutionAttributes& attributes = attributes_of(convolution);
  const auto channels = static_cast<std::size_t>(attributes.transposed ? w->shape[1] * attributes.group : w->shape[0]);
  std::optional<std::vector<double>> bias = constant_bias(convolution, channels);
  const std::optional<ChannelAffine> factors = affine->channel_affine(context.consumer);
  if (!bias || !factors || factors->scale.size() != channels) return std::nullopt;
  for (std::size_t i = 0; i < channels; ++i) (*bias)[i] = (*bias)[i] * factors->scale[i] + factors->shift[i];
  const ConstantPtr new_w = scaled_weights(*w, attributes, factors->scale);
  const ConstantPtr new_b = rounded_list(type, *bias);
  if (new_w == nullptr || new_b == nullptr) return std::nullopt;
  return Replacement{
      convolution.node().op, convolution.node().attributes, {convolution.node().inputs[kConvolutionX], new_w, new_b}};
}

std::optional<Replacement> absorb_activation_into_convolution(const FusionContext& context) {
  const NodeView& convolution = context.producer;
  if (has_activation(convolution) || convolution.input_type(kConvolutionX) != DataType::kFloat32) return std::nullopt;
  if (dynamic_cast<const AdditionAttributes*>(context.consumer.node().attributes.get()) != nullptr) {
    return absorb_addend(context);
  }
  if (context.consumer_input != 0) return std::nullopt;
  const std::optional<kernels::Activation> activation = activation_of(context.consumer);
  if (!activation) return std::nullopt;
  auto attributes = new_shared<ConvolutionAttributes>(attributes_of(convolution));
  attributes->activation = *activation;
  const std::vector<ValueId>& inputs = convolution.node().inputs;
  return Replacement{convolution.node().op, std::move(attributes), {inputs.begin(), inputs.end()}};
}

}  // namespace linnet::internal
