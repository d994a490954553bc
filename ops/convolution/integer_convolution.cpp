// ConvInteger  y = S, int32. (x, w, x_zero_point, w_zero_point)
// QLinearConv  y = saturate(round((S + B) * scale) + y_zero_point). (x, x_scale, x_zero_point, w, w_scale,
//              w_zero_point, y_scale, y_zero_point, B)
// S and scale are those of integer_convolution.hpp, shapes and attributes those of Conv. x, w and y are int8 or uint8,
// scales float32, B is int32 [M]. w_scale and w_zero_point have one element or one for each output channel, the others
// one. Opsets 10 to newest.
#include "ops/convolution/integer_convolution.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kNone = IntegerConvolutionInputs::kNone;
constexpr double kTaskProducts = 100000;

AttributesPtr with_inputs(ParseContext& context, const IntegerConvolutionInputs& inputs) {
  auto attributes = new_shared<IntegerConvolutionAttributes>();
  parse_windows(context, *attributes);
  attributes->inputs = inputs;
  return attributes;
}
AttributesPtr parse_conv_integer(ParseContext& context) {
  return with_inputs(context, {0, kNone, 2, 1, kNone, 3, kNone, kNone, kNone});
}
AttributesPtr parse_qlinear_conv(ParseContext& context) { return with_inputs(context, kQLinearConvInputs); }
AttributesPtr parse_to_float(ParseContext& context) { return with_inputs(context, kConvIntegerToFloatInputs); }

const IntegerConvolutionAttributes& attributes_of(const NodeView& node) {
  return node.attributes<IntegerConvolutionAttributes>();
}

/// An input with one element, or with one for each of `channels` where that is known. `type`: of its elements.
void check_input(const NodeView& node, std::size_t input, const char* name, DataType type, Dim channels) {
  if (!node.has_input(input)) return;
  if (node.input_type(input) != type)
    invalid_model("input ", name, " is ", node.input_type(input), ", expected ", type);
  const Dims& dims = node.input_dims(input);
  const bool one = std::all_of(dims.begin(), dims.end(), [](Dim dim) { return !dim.differs(1); });
  if (!one && (dims.size() != 1 || dims[0].differs(channels))) {
    invalid_model("input ", name, " is ", dims, ", expected one element",
                  channels.is(1) ? "" : ", or one for each output channel");
  }
}

void infer(InferContext& context) {
  const IntegerConvolutionAttributes& attributes = attributes_of(context);
  const IntegerConvolutionInputs& in = attributes.inputs;
  const bool has_bias = context.has_input(in.bias);
  const TypeSet bias_types{DataType::kInt32, attributes.takes_float_bias ? DataType::kFloat32 : DataType::kInt32};
  if (has_bias) require_type(context, in.bias, "B", bias_types);
  Dims y = convolution_dims(attributes, context.input_dims(in.x), context.input_dims(in.w),
                            has_bias ? &context.input_dims(in.bias) : nullptr);
  const Dim channels = y[1];
  check_input(context, in.x_scale, "x_scale", DataType::kFloat32, 1);
  check_input(context, in.x_zero, "x_zero_point", context.input_type(in.x), 1);
  check_input(context, in.w_scale, "w_scale", DataType::kFloat32, channels);
  check_input(context, in.w_zero, "w_zero_point", context.input_type(in.w), channels);
  check_input(context, in.y_scale, "y_scale", DataType::kFloat32, 1);
  if (in.y_zero != kNone) check_input(context, in.y_zero, "y_zero_point", context.input_type(in.y_zero), 1);
  context.set_output(0, std::move(y));
}

double folding_ns(const NodeView& node) {
  const Convolution c = integer_convolution(node).convolution;
  const bool simd = node.options().backend != Backend::kReference;
  return static_cast<double>(c.images) * static_cast<double>(c.groups) * static_cast<double>(c.x_channels + 1) *
         static_cast<double>(c.y_channels) * static_cast<double>(c.taps) * static_cast<double>(c.y_plane) *
         (simd ? 0.1 : 4.0);
}

constexpr InputDef kConvInteger[] = {
    {"x", kInt8Types},
    {"w", kInt8Types},
    {"x_zero_point", kInt8Types, kMayBeLeftOut},
    {"w_zero_point", kInt8Types, kMayBeLeftOut},
};
constexpr InputDef kQLinearConv[] = {
    {"x", kInt8Types},         {"x_scale", kFloat32Type},    {"x_zero_point", kInt8Types},
    {"w", kInt8Types},         {"w_scale", kFloat32Type},    {"w_zero_point", kInt8Types},
    {"y_scale", kFloat32Type}, {"y_zero_point", kInt8Types}, {"B", {DataType::kInt32}, kMayBeLeftOut | kJudgesTypes},
};
constexpr InputDef kToFloat[] = {
    {"x", kInt8Types},
    {"x_scale", kFloat32Type},
    {"x_zero_point", kInt8Types},
    {"w", kInt8Types},
    {"w_scale", kFloat32Type},
    {"w_zero_point", kInt8Types},
    {"B", {DataType::kInt32}, kMayBeLeftOut | kJudgesTypes},
};
constexpr OutputDef kSums[] = {{"y", {DataType::kInt32}}};
constexpr OutputDef kQuantized[] = {{"y", TypeOf{7}}};
constexpr OutputDef kFloats[] = {{"y", kFloat32Type}};

void add_convolution(Registry& registry, const char* domain, const char* name, InputTable inputs, OutputTable outputs,
                     AttributesPtr (*parse)(ParseContext&)) {
  OpDef op;
  op.name = name;
  op.domain = domain;
  op.since_opset = *domain == '\0' ? 10 : 1;
  op.inputs = inputs;
  op.outputs = outputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_integer_convolution(), reference_integer_convolution()};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

// The reference.

Prepared prepare(const PrepareContext& context) {
  return {new_shared<IntegerConvolution>(integer_convolution(context)), 0, 0};
}

/// S of the output `place` of a channel.
std::int32_t sum_at(const IntegerConvolution& node, const RunArguments& args, std::int64_t image, std::int64_t channel,
                    std::int64_t place) {
  const Convolution& c = node.convolution;
  const std::int64_t group = channel / c.y_channels;
  const double x_zero = node.element(args.inputs, node.inputs.x_zero, 0);
  const double w_zero = node.element(args.inputs, node.inputs.w_zero, static_cast<std::size_t>(channel));
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < c.x_channels * c.taps; ++i) {
    std::int64_t tap = i % c.taps;
    std::int64_t rest = place;
    std::int64_t input = 0;
    std::int64_t step = 1;
    bool inside = true;
    for (std::size_t a = c.axes.size(); inside && a-- > 0;) {
      const WindowAxis& axis = c.axes[a];
      const std::int64_t at = axis.start(rest % axis.output) + tap % axis.kernel * axis.dilation;
      inside = at >= 0 && at < axis.input;
      input += at * step;
      step *= axis.input;
      tap /= axis.kernel;
      rest /= axis.output;
    }
    if (!inside) continue;
    const std::int64_t plane = (image * c.groups + group) * c.x_channels + i / c.taps;
    double x = 0;
    double w = 0;
    load_line(node.x, args.inputs[node.inputs.x], static_cast<std::size_t>(plane * c.x_plane + input), 1, &x);
    load_line(node.w, args.inputs[node.inputs.w], static_cast<std::size_t>(channel * c.x_channels * c.taps + i), 1, &w);
    sum += static_cast<std::int64_t>((x - x_zero) * (w - w_zero));
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
}

void store(const IntegerConvolution& node, const RunArguments& args, std::int64_t channel, std::int32_t sum,
           std::size_t index) {
  void* const y = args.outputs[0];
  if (node.y == DataType::kInt32) {
    static_cast<std::int32_t*>(y)[index] = sum;
    return;
  }
  const auto of = static_cast<std::size_t>(channel);
  if (node.has(node.inputs.bias) && !node.has_float_bias()) {
    const auto bias = static_cast<std::int32_t>(node.element(args.inputs, node.inputs.bias, of));
    sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(bias));
  }
  float value = static_cast<float>(sum) * node.scale(args.inputs, of);
  if (node.has_float_bias()) value += node.bias(args.inputs, of);
  const ResultBounds bounds = node.bounds(args.inputs);
  if (node.y == DataType::kFloat32) {
    value = value < bounds.low ? bounds.low : value;
    static_cast<float*>(y)[index] = value > bounds.high ? bounds.high : value;
    return;
  }
  value = value > bounds.low ? value : bounds.low;
  value = value < bounds.high ? value : bounds.high;
  const float whole = std::nearbyint(value) + static_cast<float>(node.element(args.inputs, node.inputs.y_zero, 0));
  store_line(node.y, &whole, index, 1, y);
}

void run(const RunArguments& args) {
  const auto& node = *static_cast<const IntegerConvolution*>(args.state);
  const Convolution& c = node.convolution;
  if (c.images == 0) return;
  const std::int64_t channels = c.groups * c.y_channels;
  const std::int64_t outputs = c.images * channels * c.y_plane;
  const double products = static_cast<double>(c.x_channels * c.taps + 1);
  const auto step = static_cast<std::int64_t>(std::max(1.0, kTaskProducts / products));
  const auto tasks = static_cast<std::size_t>((outputs + step - 1) / step);
  args.control.parallel_for(tasks, 8 * products * static_cast<double>(outputs), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * step;
    for (std::int64_t i = first; i < std::min(outputs, first + step); ++i) {
      if (args.control.abandon_if_stopped()) return;
      const std::int64_t channel = i / c.y_plane % channels;
      const std::int32_t sum = sum_at(node, args, i / c.y_plane / channels, channel, i % c.y_plane);
      store(node, args, channel, sum, static_cast<std::size_t>(i));
    }
  });
}

}  // namespace

double IntegerConvolution::element(const void* const* operands, std::size_t input, std::size_t index) const {
  double value = 0;
  if (has(input)) load_line(types[input], operands[input], counts[input] == 1 ? 0 : index, 1, &value);
  return value;
}

float IntegerConvolution::scale(const void* const* operands, std::size_t channel) const {
  const double of_y = has(inputs.y_scale) ? element(operands, inputs.y_scale, 0) : 1.0;
  return static_cast<float>(element(operands, inputs.x_scale, 0) * element(operands, inputs.w_scale, channel) / of_y);
}

float IntegerConvolution::bias(const void* const* operands, std::size_t channel) const {
  const double of_y = has(inputs.y_scale) ? element(operands, inputs.y_scale, 0) : 1.0;
  return static_cast<float>(element(operands, inputs.bias, channel) / of_y);
}

ResultBounds IntegerConvolution::bounds(const void* const* operands) const {
  const double of_y = has(inputs.y_scale) ? element(operands, inputs.y_scale, 0) : 1.0;
  const auto zero = static_cast<std::int32_t>(element(operands, inputs.y_zero, 0));
  return scaled_bounds({low, high}, of_y, y, zero);
}

IntegerConvolution integer_convolution(const NodeView& node) {
  const IntegerConvolutionAttributes& attributes = attributes_of(node);
  IntegerConvolution result;
  result.inputs = attributes.inputs;
  result.low = attributes.low;
  result.high = attributes.high;
  result.convolution =
      convolution_of(attributes, node.input_shape(attributes.inputs.x), node.input_shape(attributes.inputs.w));
  result.x = node.input_type(attributes.inputs.x);
  result.w = node.input_type(attributes.inputs.w);
  result.y = node.output(0).type;
  for (std::size_t i = 0; i < std::min<std::size_t>(9, node.input_count()); ++i) {
    result.types[i] = node.input_type(i);
    if (node.has_input(i)) result.counts[i] = static_cast<std::size_t>(element_count(node.input_shape(i)));
  }
  return result;
}

Implementation reference_integer_convolution() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

void register_integer_convolution(Registry& registry) {
  add_convolution(registry, "", "ConvInteger", kConvInteger, kSums, parse_conv_integer);
  add_convolution(registry, "", "QLinearConv", kQLinearConv, kQuantized, parse_qlinear_conv);
  add_convolution(registry, kConvIntegerToFloatDomain, kConvIntegerToFloat, kToFloat, kFloats, parse_to_float);
}

}  // namespace linnet::internal
