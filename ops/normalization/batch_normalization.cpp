// BatchNormalization at inference: Y = (X - mean) / sqrt(var + epsilon) * scale + B, with one scale, B, mean and var
// for each channel. X [N,C,...]; the four are [C]; an X [N] has one channel. Y has X's type and shape. Opsets 7 to
// newest. Types: float, double, float16, bfloat16; scale and B, and mean and var, may differ from X in type. `spatial`
// (opsets 7, 8): with 0 every feature is a channel of its own, and the four have shape [C,...]. Training (training_mode
// = 1, or more outputs than Y) is unsupported here: from opset 14 the loader writes it out with other operators
// (loaders/onnx/own_functions.cpp). Deviation: mixed types are taken at every opset.
#include <algorithm>
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/shift_scale.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/half_lines.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kSimdChunk = 32768;
constexpr std::size_t kReferenceChunk = 8192;
constexpr double kSimdCost = 0.15;  // ns per element
constexpr std::size_t kScale = 1, kBias = 2, kMean = 3, kVariance = 4;
constexpr InputDef kInputs[] = {
    {"X", kFloatTypes},          {"scale", kFloatTypes},     {"B", kFloatTypes},
    {"input_mean", kFloatTypes}, {"input_var", kFloatTypes},
};
constexpr OutputDef kOutputs[] = {{"Y", TypeOf{0}, 0, over(0)},
                                  {"running_mean", TypeOf{3}, kMayBeLeftOut},
                                  {"running_var", TypeOf{3}, kMayBeLeftOut},
                                  {"saved_mean", TypeOf{0}, kMayBeLeftOut},
                                  {"saved_var", TypeOf{0}, kMayBeLeftOut}};

struct BatchNormalizationAttributes : ChannelAffineAttributes {
  float epsilon = 1e-5F;
  bool spatial = true;
  bool channels_last = false;  ///< of X and Y, images
  std::optional<ChannelAffine> channel_affine(const NodeView& node) const override;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<BatchNormalizationAttributes>();
  attributes->epsilon = context.get_float("epsilon", 1e-5F);
  context.ignore("momentum");
  if (context.opset() < 9) attributes->spatial = context.get_int("spatial", 1) != 0;
  if (context.opset() >= 14 && context.get_int("training_mode", 0) != 0) {
    unsupported("training_mode is 1, but only inference is supported");
  }
  return attributes;
}

std::size_t channel_axis(const NodeView& node) {
  return node.attributes<BatchNormalizationAttributes>().channels_last ? node.input_rank(0) - 1 : 1;
}

/// The shape that scale, B, mean and var must have.
Dims parameter_dims(const NodeView& node) {
  const Dims& x = node.input_dims(0);
  if (x.empty()) invalid_model("input X is a scalar, expected rank 1 or more");
  if (x.size() == 1) return {1};
  if (!node.attributes<BatchNormalizationAttributes>().spatial) return Dims(x.begin() + 1, x.end());
  return {x[channel_axis(node)]};
}

void infer(InferContext& context) {
  for (std::size_t output = 1; output < context.output_count(); ++output) {
    if (context.has_output(output))
      unsupported("output ", kOutputs[output].name, " belongs to training, but only inference is supported");
  }
  Dims x = context.input_dims(0);
  const Dims wanted = parameter_dims(context);
  for (std::size_t input = 1; input <= kVariance; ++input) {
    const Dims& dims = context.input_dims(input);
    bool fits = dims.size() == wanted.size();
    for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = !dims[i].differs(wanted[i]);
    if (!fits) invalid_model("input ", kInputs[input].name, " is ", dims, ", expected ", wanted, " for X ", x);
    for (std::size_t i = 0; x.size() > 1 && i < dims.size(); ++i) {
      if (dims[i].known()) x[i + channel_axis(context)] = dims[i];
    }
  }
  context.set_output(0, std::move(x));
}

std::vector<double> values_of(const Constant& constant) {
  std::vector<double> values(static_cast<std::size_t>(constant.count()));
  visit_float_type(constant.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::transform(constant.as<T>(), constant.as<T>() + values.size(), values.begin(),
                   [](T value) { return static_cast<double>(value); });
  });
  return values;
}

std::optional<ChannelAffine> BatchNormalizationAttributes::channel_affine(const NodeView& node) const {
  const std::size_t rank = node.input_rank(0);
  if (rank < 2 || (!spatial && rank > 2) || channels_last) return std::nullopt;
  for (std::size_t input = kScale; input <= kVariance; ++input) {
    if (node.input_constant(input) == nullptr) return std::nullopt;
  }
  ChannelAffine affine;
  affine.scale = values_of(*node.input_constant(kScale));
  affine.shift = values_of(*node.input_constant(kBias));
  const std::vector<double> mean = values_of(*node.input_constant(kMean));
  const std::vector<double> variance = values_of(*node.input_constant(kVariance));
  for (std::size_t channel = 0; channel < affine.scale.size(); ++channel) {
    affine.scale[channel] /= std::sqrt(variance[channel] + static_cast<double>(epsilon));
    affine.shift[channel] -= mean[channel] * affine.scale[channel];
  }
  return affine;
}

struct State {
  std::size_t count = 0;
  std::size_t channels = 1;
  std::size_t inner = 1;  ///< consecutive elements of one channel
  double epsilon = 0;
  DataType types[5] = {};     ///< of the inputs
  std::vector<float> factor;  ///< scale / sqrt(var + epsilon), when both are constants
  bool streamed = false;      ///< Y, where it is not X
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<BatchNormalizationAttributes>();
  auto state = new_shared<State>();
  const Shape x = context.input_shape(0);
  state->count = static_cast<std::size_t>(element_count(x));
  state->streamed = exceeds_caches(2 * sizeof(float) * state->count);
  state->channels = static_cast<std::size_t>(element_count(to_shape(parameter_dims(context))));
  if (state->count > 0) {
    const auto samples = x.size() > 1 ? static_cast<std::size_t>(x[0]) : std::size_t{1};
    state->inner = attributes.channels_last ? 1 : state->count / samples / state->channels;
  }
  state->epsilon = static_cast<double>(attributes.epsilon);
  for (std::size_t input = 0; input <= kVariance; ++input) state->types[input] = context.input_type(input);
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

void fill_factors(const State& state, const float* scale, const float* variance, float* factor) {
  for (std::size_t channel = 0; channel < state.channels; ++channel) {
    factor[channel] = static_cast<float>(static_cast<double>(scale[channel]) /
                                         std::sqrt(static_cast<double>(variance[channel]) + state.epsilon));
  }
}

std::string accepts_simd(const NodeView& node) {
  for (std::size_t input = 0; input <= kVariance; ++input) {
    if (node.input_type(input) != DataType::kFloat32)
      return text("only float32, but ", kInputs[input].name, " is ", node.input_type(input));
  }
  return "";
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  auto state = new_shared<State>(*static_cast<const State*>(prepared.state.get()));
  const ConstantPtr& scale = context.input_constant(kScale);
  const ConstantPtr& variance = context.input_constant(kVariance);
  if (scale != nullptr && variance != nullptr) {
    state->factor.resize(state->channels);
    fill_factors(*state, scale->as<float>(), variance->as<float>(), state->factor.data());
    prepared.unread_inputs = 1U << kScale | 1U << kVariance;
  } else {
    prepared.workspace_bytes = state->channels * sizeof(float);
  }
  prepared.state = std::move(state);
  return prepared;
}

/// By channel.
struct Parameters {
  const float* mean;
  const float* factor;
  const float* bias;
};

/// Elements [first, first + size), which lie at x: a list of runs within one channel, or (inner = 1) along the
/// channels.
void normalize_floats(const State& state, const Parameters& by, const float* x, std::size_t first, std::size_t size,
                      float* to) {
  const std::size_t end = first + size;
  while (first < end) {
    const std::size_t channel = first / state.inner % state.channels;
    std::size_t run = 0;
    if (state.inner == 1) {
      run = std::min(state.channels - channel, end - first);
      kernels::shift_scale_each(x, by.mean + channel, by.factor + channel, by.bias + channel, to, run);
    } else {
      run = std::min(state.inner - first % state.inner, end - first);
      kernels::shift_scale(x, by.mean[channel], by.factor[channel], by.bias[channel], to, run);
    }
    first += run;
    x += run;
    to += run;
  }
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.count == 0) return;
  const float* factor = state.factor.data();
  if (state.factor.empty()) {
    auto* computed = static_cast<float*>(args.workspace);
    fill_factors(state, static_cast<const float*>(args.inputs[kScale]),
                 static_cast<const float*>(args.inputs[kVariance]), computed);
    factor = computed;
  }
  const auto* x = static_cast<const float*>(args.inputs[0]);
  const auto* bias = static_cast<const float*>(args.inputs[kBias]);
  const auto* mean = static_cast<const float*>(args.inputs[kMean]);
  const Output output = {static_cast<float*>(args.outputs[0]), state.streamed && x != args.outputs[0]};
  for_output_chunks(args.control, state.count, kSimdChunk, kSimdCost, output,
                    [&](std::size_t first, std::size_t size, float* to) {
                      normalize_floats(state, {mean, factor, bias}, x + first, first, size, to);
                    });
}

std::string accepts_halves(const NodeView& node) {
  std::string reason = accepts_half(node);
  for (std::size_t input = kScale; input <= kVariance && reason.empty(); ++input) {
    if (node.input_type(input) == DataType::kFloat64) reason = text(kInputs[input].name, " is float64");
  }
  return reason;
}

Prepared prepare_half(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.workspace_bytes = 4 * static_cast<const State*>(prepared.state.get())->channels * sizeof(float);
  return prepared;
}

/// 16-bit floats, and parameters of any type but float64: all are widened.
void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.count == 0) return;
  auto* const numbers = static_cast<float*>(args.workspace);
  const auto widened = [&](std::size_t input) {
    float* const to = numbers + (input - kScale) * state.channels;
    load_line(state.types[input], args.inputs[input], 0, state.channels, to);
    return to;
  };
  float* const factor = widened(kScale);
  const Parameters parameters = {widened(kMean), factor, widened(kBias)};
  fill_factors(state, factor, widened(kVariance), factor);
  for_chunks(
      args.control, state.count, kSimdChunk, kSimdCost + kHalfConversions, [&](std::size_t chunk, std::size_t size) {
        for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
          half_line(state.types[0], args.inputs[0], first, count, args.outputs[0],
                    [&](float* line, std::size_t) { normalize_floats(state, parameters, line, first, count, line); });
        });
      });
}

/// A channel's scale, B, mean or var, whatever its type.
double parameter(const RunArguments& args, std::size_t input, std::size_t channel) {
  double value;
  load_line(static_cast<const State*>(args.state)->types[input], args.inputs[input], channel, 1, &value);
  return value;
}

/// Elements [first, first + count), at most kLinedUp.
void normalize(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  double line[kLinedUp];
  load_line(state.types[0], args.inputs[0], first, count, line);
  for (std::size_t i = 0; i < count;) {
    const std::size_t channel = (first + i) / state.inner % state.channels;
    const std::size_t end = std::min(count, i + state.inner - (first + i) % state.inner);
    const double deviation = std::sqrt(parameter(args, kVariance, channel) + state.epsilon);
    const double mean = parameter(args, kMean, channel);
    const double scale = parameter(args, kScale, channel);
    const double bias = parameter(args, kBias, channel);
    for (; i < end; ++i) line[i] = (line[i] - mean) / deviation * scale + bias;
  }
  store_line(state.types[0], line, first, count, args.outputs[0]);
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kReferenceChunk, 20.0, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) { normalize(state, args, first, count); });
  });
}

std::optional<ChannelsLast> channels_last(const NodeView& node) {
  if (!node.attributes<BatchNormalizationAttributes>().spatial) return std::nullopt;
  return turned<BatchNormalizationAttributes>(node);
}

}  // namespace

void register_batch_normalization(Registry& registry) {
  OpDef op;
  op.name = "BatchNormalization";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_halves, prepare_half, run_half},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  op.facts.channels_last = channels_last;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
