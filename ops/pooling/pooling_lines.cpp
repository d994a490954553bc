// MaxPool and AveragePool of float32 images with channels last: vectors of channels go along the lines of Y
// (ops/kernels/window_lines.hpp). Means are sums in double, times the inverses of what counts along each axis.
#include "ops/pooling/pooling.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/window_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kTapCost = 0.03;         // ns per tap and element of Y
constexpr std::int64_t kMostTaps = 4096;  ///< of a window, which a task has at least one of, for every channel

using Inverses = std::vector<double>;

struct State {
  PoolOp op = PoolOp::kMax;
  WindowLinesPlan plan;
  Inverses inverses[kMostLineAxes];  ///< of kAverage
};

/// Empty, or why not in this layout.
std::string refusal(const NodeView& node, Dim channels) {
  const auto& attributes = node.attributes<PoolAttributes>();
  if (node.input_type(0) != DataType::kFloat32) return accepts_float32(node);
  if (node.has_output(1)) return "not with Indices";
  const auto& kernel = attributes.window.kernel_shape;
  if (kernel.size() > kMostLineAxes) return text("more than ", kMostLineAxes, " spatial axes");
  if (!channels.known() || channels.value() < static_cast<std::int64_t>(kernels::kLeastLineChannels)) {
    return "fewer channels than a vector";
  }
  double taps = 1;
  for (const std::int64_t size : kernel) taps *= static_cast<double>(size);
  if (taps > kMostTaps) return text("a window has more than ", kMostTaps, " taps");
  return too_many_lines(kernel.data(), kernel.size()) ? "its windows have too many lines" : "";
}

std::string accepts(const NodeView& node) {
  return node.attributes<PoolAttributes>().channels_last ? refusal(node, node.input_dims(0).back())
                                                         : "only channels last";
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Pooling pooling = pooling_of(context);
  state->op = pooling.op;
  if (pooling.planes > 0) {
    std::vector<WindowAxis> axes(pooling.outer.begin(), pooling.outer.end());
    axes.push_back(pooling.last);
    const Shape x = context.input_shape(0);
    state->plan.cut(axes, x.front(), x.back(), context.threads());
    const std::size_t first = WindowLinesPlan::first_axis(axes.size());
    for (std::size_t i = 0; i < kMostLineAxes && pooling.op == PoolOp::kAverage; ++i) {
      state->inverses[i] = i < first ? Inverses{1} : inverses_of(pooling, axes[i - first]);
    }
  }
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const kernels::MeanLines inverses = {state.inverses[0].data(), state.inverses[1].data(), state.inverses[2].data()};
  state.plan.run(args.control, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.outputs[0]),
                 kTapCost, [&](const kernels::WindowLines& lines) {
                   state.op == PoolOp::kMax ? kernels::max_lines(lines) : kernels::mean_lines(lines, inverses);
                 });
}

}  // namespace

Implementation pooling_lines_implementation() { return {"simd lines", Backend::kSimd, accepts, prepare, run}; }

std::optional<ChannelsLast> pooling_channels_last(const NodeView& node) {
  return refusal(node, node.input_dims(0)[1]).empty() ? turned<PoolAttributes>(node) : std::nullopt;
}

}  // namespace linnet::internal
