// Depthwise convolutions of float32 images with channels last: vectors of channels go along the lines of Y
// (ops/kernels/window_lines.hpp), with W packed as [tap][channel]. A sum has the order of convolution_simd.cpp: all
// taps in W's order in one chain, then the bias. Other activations than Relu and Clip are applied to the lines of a
// task, which are in the cache. Fusions add no image where a group has so few output channels.
#include <algorithm>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/kernels/gemm.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/pixels.hpp"
#include "ops/shared/window_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kTapCost = 0.01;  // ns per tap and element of Y

struct DepthwiseState {
  kernels::Activation activation;
  bool has_b = false;
  std::size_t channels = 0;
  WindowLinesPlan plan;
  std::shared_ptr<const std::byte> packed;
};

bool in_registers(const kernels::Activation& activation) {
  return activation.kind == kernels::ActivationKind::kNone || activation.kind == kernels::ActivationKind::kRelu ||
         activation.kind == kernels::ActivationKind::kClip;
}

/// Empty, or why not in this layout.
std::string refusal(const NodeView& node) {
  const auto& attributes = node.attributes<ConvolutionAttributes>();
  if (node.input_type(kConvolutionX) != DataType::kFloat32) return accepts_float32(node);
  const ConstantPtr& w = node.input_constant(kConvolutionW);
  if (w == nullptr) return "W is not constant";
  if (node.has_input(kConvolutionAddend)) return "an image is added";
  if (attributes.transposed || w->shape[0] != attributes.group || w->shape[1] != 1) {
    return "not every channel is a group";
  }
  if (w->shape[0] < static_cast<std::int64_t>(kernels::kLeastLineChannels)) return "fewer channels than a vector";
  if (w->shape.size() > kMostLineAxes + 2) return text("more than ", kMostLineAxes, " spatial axes");
  const std::int64_t taps = w->count() / std::max<std::int64_t>(1, w->shape[0]);
  if (taps > static_cast<std::int64_t>(kernels::kChainLength)) return "its kernel has more taps than a chain";
  return too_many_lines(w->shape.data() + 2, w->shape.size() - 2) ? "its kernel has too many lines" : "";
}

std::string accepts(const NodeView& node) {
  return node.attributes<ConvolutionAttributes>().channels_last ? refusal(node) : "only channels last";
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<DepthwiseState>();
  const Convolution c = convolution_of(context);
  state->activation = c.activation;
  state->has_b = context.has_input(kConvolutionB);
  state->channels = static_cast<std::size_t>(c.groups);
  Prepared prepared;
  prepared.unread_inputs = 1U << kConvolutionW;
  if (c.images > 0) {
    const ConstantPtr& w = context.input_constant(kConvolutionW);
    state->plan.cut(c.axes, c.images, c.groups, context.threads());
    state->packed = context.weights().get(w, "depthwise lines", w->bytes, [&](std::byte* memory) {
      const auto taps = static_cast<std::size_t>(c.taps);
      transpose_floats(w->as<float>(), taps, reinterpret_cast<float*>(memory), state->channels, taps, state->channels);
    });
  }
  prepared.state = std::move(state);
  return prepared;
}

void activate(const DepthwiseState& state, const kernels::WindowLines& lines) {
  const std::size_t line = lines.columns.outputs * state.channels;
  const std::size_t count = (lines.column_end - lines.column_begin) * state.channels;
  for (std::size_t i = lines.line_begin; i < lines.line_end; ++i) {
    float* const y = lines.y + i * line + lines.column_begin * state.channels;
    kernels::apply_activation(state.activation, y, y, count);
  }
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const DepthwiseState*>(args.state);
  const auto* x = static_cast<const float*>(args.inputs[kConvolutionX]);
  auto* const y = static_cast<float*>(args.outputs[0]);
  const bool fused = in_registers(state.activation);
  kernels::DepthwiseLines operands = {};
  operands.weights = reinterpret_cast<const float*>(state.packed.get());
  if (state.has_b) operands.bias = static_cast<const float*>(args.inputs[kConvolutionB]);
  if (fused) operands.activation = state.activation;
  state.plan.run(args.control, x, y, kTapCost, [&](const kernels::WindowLines& lines) {
    kernels::depthwise_lines(lines, operands);
    if (!fused) activate(state, lines);
  });
}

}  // namespace

Implementation depthwise_convolution() { return {"simd depthwise", Backend::kSimd, accepts, prepare, run}; }

std::optional<ChannelsLast> channels_last_depthwise(const NodeView& node) {
  constexpr double kEvenWidth = 28;  // of lines with which half of the time is saved, about what a copy takes
  if (!refusal(node).empty()) return std::nullopt;
  std::optional<ChannelsLast> result = turned<ConvolutionAttributes>(node);
  if (!result) return std::nullopt;
  const WindowAttributes& window = node.attributes<ConvolutionAttributes>().window;
  const std::vector<std::int64_t>& kernel = node.input_constant(kConvolutionW)->shape;
  const std::size_t last = kernel.size() - 3;  // of the spatial axes
  if (!kernels::has_depthwise_tiles(static_cast<std::size_t>(kernel.back()),
                                    static_cast<std::size_t>(element_or(window.strides, last, 1)),
                                    static_cast<std::size_t>(element_or(window.dilations, last, 1)))) {
    result->gain = -1;
    return result;
  }
  const Dim width = node.output(0).dims.back();
  result->gain = width.known() ? kEvenWidth / static_cast<double>(std::max<std::int64_t>(1, width.value())) : 1;
  return result;
}

}  // namespace linnet::internal
