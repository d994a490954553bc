// Convolutions by Linnet's own float32 kernels, as convolution_simd.hpp describes them. Each output is its bias and one
// sum in an order that depends on the kernel alone: taps in X's order, the channels of a group within each. Neither the
// place of the output, nor threads, nor what else is computed change its bits. Where a depthwise kernel is about as
// wide as X, taps are added in X's order, from the first that meets X on. Winograd's form has another sum for each of
// the four places of a tile; where the sums of a block of tiles and a group of rows are not all finite, these are
// summed directly. Which form serves depends on the shapes of an image and of W.
#include "ops/convolution/convolution_simd.hpp"

#include <algorithm>

#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

/// Elements of a task that fills.
constexpr std::size_t kFilledAtOnce = std::size_t{1} << 18;
constexpr std::size_t kForgottenBytes = std::size_t{1} << 20;

struct SimdConvolution {
  ConvolutionPlan plan;
  std::shared_ptr<const std::byte> packed;  ///< null where W is packed by every run
};

std::string accepts(const NodeView& node) {
  return node.input_type(kConvolutionX) == DataType::kFloat32 ? plan_refusal(node) : accepts_float32(node);
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<SimdConvolution>();
  const Convolution c = convolution_of(context);
  Prepared prepared;
  if (c.images > 0) {
    const ConstantPtr& w = context.input_constant(kConvolutionW);
    state->plan = plan_convolution(c, context.has_input(kConvolutionB), context.has_input(kConvolutionAddend),
                                   w != nullptr, context.threads());
    if (w != nullptr) {
      const std::size_t bytes = state->plan.packed_floats * sizeof(float);
      state->packed = context.weights().get(w, packing_key(state->plan), bytes, [&](std::byte* memory) {
        pack_convolution(state->plan, w->data, context.control(), reinterpret_cast<float*>(memory));
        if (w->bytes >= kForgottenBytes) w->forget_range(w->data, w->bytes);
      });
      if (!reads_w(state->plan)) prepared.unread_inputs = 1U << kConvolutionW;
    }
    prepared.workspace_bytes = place_workspace(state->plan, w == nullptr, context.threads()) * sizeof(float);
  }
  prepared.state = std::move(state);
  return prepared;
}

const ConvolutionPart& part_of(const ConvolutionPlan& plan, std::size_t task) {
  const auto behind =
      std::upper_bound(plan.parts.begin(), plan.parts.end(), task,
                       [](std::size_t wanted, const ConvolutionPart& part) { return wanted < part.first_task; });
  return *(behind - 1);
}

/// For rows of several members.
void repeat_bias(const ConvolutionPlan& plan, const ConvolutionOperands& operands) {
  const auto channels = static_cast<std::size_t>(plan.convolution.groups * plan.convolution.y_channels);
  for (const ConvolutionPart& part : plan.parts) {
    if (part.members == 1) continue;
    float* to = operands.workspace + plan.bias_begin + part.bias_begin;
    for (std::size_t channel = 0; channel < channels; ++channel, to += part.members) {
      std::fill_n(to, part.members, operands.bias[channel]);
    }
  }
}

/// Channels last: whole places at once.
void fill_places(const ConvolutionPlan& plan, const ConvolutionOperands& operands, double work, RunControl& control) {
  const Convolution& c = plan.convolution;
  const auto channels = static_cast<std::size_t>(c.groups * c.y_channels);
  const std::size_t places = static_cast<std::size_t>(c.images) * static_cast<std::size_t>(c.y_plane);
  const std::size_t step = std::max<std::size_t>(1, kFilledAtOnce / channels);
  control.parallel_for(divide_up(places, step), work, [&](std::size_t task) {
    float* const first = operands.y + task * step * channels;
    const std::size_t count = std::min(step, places - task * step);
    for (std::size_t place = 0; place < count; ++place) {
      float* const y = first + place * channels;
      if (operands.bias != nullptr) {
        std::copy_n(operands.bias, channels, y);
      } else {
        std::fill_n(y, channels, 0.0F);
      }
    }
    kernels::apply_activation(c.activation, first, first, count * channels);
  });
}

/// Of elements that no tap reaches.
void fill_with_bias(const ConvolutionPlan& plan, const ConvolutionOperands& operands, RunControl& control) {
  const Convolution& c = plan.convolution;
  const auto channels = static_cast<std::size_t>(c.groups * c.y_channels);
  const auto plane = static_cast<std::size_t>(c.y_plane);
  const std::size_t planes = static_cast<std::size_t>(c.images) * channels;
  const double work = 0.1 * static_cast<double>(planes) * static_cast<double>(plane);
  if (c.channels_last) {
    fill_places(plan, operands, work, control);
    return;
  }
  const std::size_t pieces = (plane + kFilledAtOnce - 1) / kFilledAtOnce;
  control.parallel_for(planes * pieces, work, [&](std::size_t task) {
    const std::size_t index = task / pieces;
    const std::size_t first = task % pieces * kFilledAtOnce;
    float value = operands.bias == nullptr ? 0.0F : operands.bias[index % channels];
    kernels::apply_activation(c.activation, &value, &value, 1);
    std::fill_n(operands.y + index * plane + first, std::min(kFilledAtOnce, plane - first), value);
  });
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const SimdConvolution*>(args.state);
  if (state.plan.convolution.images == 0) return;
  ConvolutionOperands operands = {};
  operands.x = static_cast<const float*>(args.inputs[kConvolutionX]);
  operands.w = args.inputs[kConvolutionW];
  operands.packed = reinterpret_cast<const float*>(state.packed.get());
  operands.bias = state.plan.has_b ? static_cast<const float*>(args.inputs[kConvolutionB]) : nullptr;
  if (state.plan.has_addend) operands.addend = static_cast<const float*>(args.inputs[kConvolutionAddend]);
  operands.y = static_cast<float*>(args.outputs[0]);
  operands.workspace = static_cast<float*>(args.workspace);
  run_convolution(state.plan, operands, args.control);
}

}  // namespace

const float* ConvolutionRun::x_plane(std::size_t image, std::size_t group) const {
  const Convolution& c = plan.convolution;
  const std::size_t index = image * static_cast<std::size_t>(c.groups) + group;
  return operands.x + index * static_cast<std::size_t>(c.x_channels * c.x_plane);
}

float* ConvolutionRun::y_plane(std::size_t image, std::size_t group) const {
  const Convolution& c = plan.convolution;
  const std::size_t index = image * static_cast<std::size_t>(c.groups) + group;
  return operands.y + index * static_cast<std::size_t>(c.y_channels * c.y_plane);
}

const float* ConvolutionRun::addend_plane(std::size_t image, std::size_t group) const {
  return operands.addend == nullptr ? nullptr : operands.addend + (y_plane(image, group) - operands.y);
}

const float* ConvolutionRun::weights(const ConvolutionPart& part, std::size_t group, std::size_t row) const {
  return operands.packed + part.weights_begin + (group * part.rows + row) * part.weights_stride;
}

const float* ConvolutionRun::bias(const ConvolutionPart& part, std::size_t group, std::size_t row) const {
  if (operands.bias == nullptr) return nullptr;
  const float* first = part.members > 1 ? operands.workspace + plan.bias_begin + part.bias_begin : operands.bias;
  return first + group * part.rows + row;
}

void run_convolution(const ConvolutionPlan& plan, const ConvolutionOperands& operands, RunControl& control) {
  ConvolutionRun run = {plan, operands, control};
  if (operands.packed == nullptr) {
    float* packed = operands.workspace + plan.packed_begin;
    pack_convolution(plan, static_cast<const std::byte*>(operands.w), control, packed);
    run.operands.packed = packed;
  }
  if (operands.bias != nullptr) repeat_bias(plan, operands);
  if (!plan.covers_output) fill_with_bias(plan, operands, control);
  control.parallel_for(plan.tasks, plan.work, [&](std::size_t task, std::size_t worker) {
    const ConvolutionPart& part = part_of(plan, task);
    float* memory = operands.workspace + worker * plan.worker_floats;
    task -= part.first_task;
    switch (part.form) {
      case ConvolutionForm::kProduct:
        return multiply_task(run, part, task, memory);
      case ConvolutionForm::kWindows:
        return window_task(run, part, task, memory);
      case ConvolutionForm::kPixels:
        return pixel_task(run, part, task, memory);
      case ConvolutionForm::kTapSums:
        return sum_taps_task(run, part, task, memory);
      case ConvolutionForm::kWide:
        return wide_task(run, part, task, memory);
      case ConvolutionForm::kWinograd:
        return winograd_task(run, part, task, memory);
      case ConvolutionForm::kChannelsLast:
        return channels_last_task(run, part, task, memory);
    }
  });
}

Implementation simd_convolution() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
