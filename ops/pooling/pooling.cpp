// MaxPool, AveragePool, LpPool: Y[n, c, o...] is made of the elements x of X[n, c, ...] in the window of o, whose place
// along each spatial axis ops/shared/window.hpp tells. X is [batch, channels, spatial axes...], with one of them or
// more.
//   MaxPool      the largest x, NaN if one is NaN. Indices (int64, optional) tell where it is in X, flattened; with
//                storage_order = 1, each plane is counted column by column: its first spatial axis is the fastest. Of
//                equal elements the first counts, of several NaN the last, as in PyTorch.
//   AveragePool  the sum of x divided by their number; with count_include_pad = 1 elements of the padding count, too.
//                What ceil_mode lets a window read behind the padding never counts, as in PyTorch.
//   LpPool       (sum of |x|^p)^(1/p), p >= 1, default 2
//   GlobalLpPool the same with one window, the whole input
// Padding is never the largest, and adds nothing to a sum. A window on padding alone gives the least number of the type
// (-infinity of floats) with index -1, or 0.
//
// Opsets 1 to newest: Indices and storage_order from 8; ceil_mode from 10 (LpPool: 18); dilations from 10 (AveragePool:
// 19, LpPool: 18); count_include_pad from 7. Types: float, double, float16, bfloat16, for MaxPool also int8 and uint8,
// at every opset. Sums are added in double or better and rounded once; simd rounds means of 16-bit floats to float32 on
// the way.
// Deviations: LpPool-1 needs kernel_shape; numbers of windows are below 2^31.
#include "ops/pooling/pooling.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>

#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

double parse_p(ParseContext& context) {
  const double p = context.opset() < 2 ? static_cast<double>(context.get_float("p", 2))
                                       : static_cast<double>(context.get_int("p", 2));
  if (!(p >= 1)) invalid_model("p is ", p, ", expected 1 or more");
  return p;
}

template <PoolOp kOp>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<PoolAttributes>();
  attributes->op = kOp;
  WindowForm form;
  form.ceil_mode = context.opset() >= (kOp == PoolOp::kLp ? 18 : 10);
  form.dilations = context.opset() >= (kOp == PoolOp::kLp ? 18 : kOp == PoolOp::kAverage ? 19 : 10);
  attributes->window = parse_window(context, form);
  if (kOp == PoolOp::kLp) attributes->p = parse_p(context);
  if (kOp == PoolOp::kAverage && context.opset() >= 7) {
    attributes->count_include_pad = context.get_int("count_include_pad", 0) != 0;
  }
  if (kOp == PoolOp::kMax && context.opset() >= 8) {
    attributes->column_major = context.get_int("storage_order", 0) != 0;
  }
  if (context.output_count() > 1 && context.opset() < 8) invalid_model("Indices are an output only from opset 8");
  return attributes;
}

AttributesPtr parse_global(ParseContext& context) {
  auto attributes = new_shared<PoolAttributes>();
  attributes->op = PoolOp::kLp;
  attributes->global = true;
  attributes->p = parse_p(context);
  return attributes;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<PoolAttributes>();
  Dims x = context.input_dims(0);
  if (x.size() < (attributes.global ? 2 : 3)) {
    invalid_model("input X has rank ", x.size(), ", expected batch, channels and spatial axes");
  }
  check_window_rank(attributes.window, x.size() - 2);
  if (attributes.channels_last) x = to_channels_first(std::move(x));
  Dims y(x.begin(), x.begin() + 2);
  for (std::size_t axis = 0; axis + 2 < x.size(); ++axis) {
    const Dim input = x[axis + 2];
    if (attributes.global) {
      y.push_back(input.known() ? window_output({}, axis, input, input) : Dim(1));
    } else {
      y.push_back(window_output(attributes.window, axis, input, attributes.window.kernel_shape[axis]));
    }
  }
  if (attributes.channels_last) y = to_channels_last(std::move(y));
  context.set_output(0, y);
  if (context.output_count() > 1) context.set_output(1, std::move(y));
}

double folding_ns(const NodeView& node) {
  constexpr double kElement = 5.0;  // of a window, in the reference
  double ns = kElement * static_cast<double>(element_count(node.output_shape(0)));
  const auto& attributes = node.attributes<PoolAttributes>();
  const Shape x = node.input_shape(0);
  const Shape kernel = attributes.global ? Shape(x.begin() + 2, x.end()) : attributes.window.kernel_shape;
  for (const std::int64_t size : kernel) ns *= static_cast<double>(size);
  return ns;
}

constexpr InputDef kMaxPoolInputs[] = {{"X", kFloatTypes | kInt8Types}};
constexpr OutputDef kMaxPoolOutputs[] = {{"Y", TypeOf{0}}, {"Indices", kInt64Type, kMayBeLeftOut}};

OpDef pool(const char* name, std::vector<Implementation> implementations) {
  OpDef op;
  op.name = name;
  op.inputs = kOneOfFloats;
  op.outputs = kYOfFirst;
  op.implementations = std::move(implementations);
  op.infer = infer;
  op.facts.folding_ns = folding_ns;
  return op;
}

PooledAxis axis_of(const PoolAttributes& attributes, std::size_t axis, std::int64_t input) {
  PooledAxis result;
  static_cast<WindowAxis&>(result) =
      attributes.global ? window_axis({}, axis, input, input)
                        : window_axis(attributes.window, axis, input, attributes.window.kernel_shape[axis]);
  // A kernel may be far larger than all that there is: of a single window, taps behind the padding count for nothing.
  if (result.output == 1) {
    const std::int64_t all = result.pad_begin + result.input + result.pad_end;
    result.kernel = std::clamp<std::int64_t>((all - 1) / result.dilation + 1, 1, result.kernel);
  }
  return result;
}

}  // namespace

Pooling pooling_of(const NodeView& node) {
  const auto& attributes = node.attributes<PoolAttributes>();
  Pooling pooling;
  pooling.op = attributes.op;
  pooling.type = node.input_type(0);
  pooling.count_include_pad = attributes.count_include_pad;
  pooling.p = attributes.p;
  Shape x = node.input_shape(0);
  if (attributes.channels_last) {
    x = to_channels_first(std::move(x));
    pooling.channels = x[1];
  }
  pooling.planes = x[0] * x[1];
  if (pooling.planes == 0) return pooling;
  std::vector<PooledAxis> axes;
  for (std::size_t i = 2; i < x.size(); ++i) axes.push_back(axis_of(attributes, i - 2, x[i]));
  if (axes.empty()) axes.push_back(axis_of(attributes, 0, 1));
  for (std::size_t i = axes.size(); i-- > 0;) {
    axes[i].stride_of_x = pooling.plane_inputs * pooling.channels;
    pooling.plane_inputs *= axes[i].input;
    pooling.taps *= static_cast<double>(axes[i].kernel);
  }
  std::int64_t index_stride = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    PooledAxis& axis = axes[attributes.column_major ? i : axes.size() - 1 - i];
    axis.index_stride = index_stride;
    index_stride *= axis.input;
  }
  pooling.last = std::move(axes.back());
  axes.pop_back();
  for (const PooledAxis& axis : axes) pooling.plane_rows *= axis.output;
  pooling.outer = std::move(axes);
  return pooling;
}

std::int64_t Pooling::counted(const WindowAxis& axis, std::int64_t output) const {
  if (count_include_pad) return axis.padded_taps(output);
  const auto [begin, end] = axis.taps(output);
  return end - begin;
}

std::vector<double> inverses_of(const Pooling& pooling, const WindowAxis& axis) {
  std::vector<double> inverses;
  for (std::int64_t output = 0; output < axis.output; ++output) {
    const std::int64_t counted = pooling.counted(axis, output);
    inverses.push_back(counted == 0 ? 0 : 1 / static_cast<double>(counted));
  }
  return inverses;
}

PooledRows::PooledRows(const Pooling& pooling, std::int64_t row) : pooling_(&pooling), row_(row) {
  for (auto axis = pooling.outer.rbegin(); axis != pooling.outer.rend(); ++axis) {
    const std::int64_t output = row % axis->output;
    row /= axis->output;
    const auto [begin, end] = axis->taps(output);
    count_ *= end - begin;
    counted_ *= static_cast<double>(pooling.counted(*axis, output));
  }
}

PooledRows::Place PooledRows::place(std::int64_t index) const {
  std::int64_t row = row_;
  Place place{0, 0};
  for (auto axis = pooling_->outer.rbegin(); axis != pooling_->outer.rend(); ++axis) {
    const std::int64_t output = row % axis->output;
    row /= axis->output;
    const auto [begin, end] = axis->taps(output);
    const std::int64_t at = axis->start(output) + (begin + index % (end - begin)) * axis->dilation;
    index /= end - begin;
    place.x += at * axis->stride_of_x;
    place.index += at * axis->index_stride;
  }
  place.x += pooling_->plane_begin(row, pooling_->plane_inputs);
  place.index += row * pooling_->plane_inputs;
  return place;
}

void register_max_pool(Registry& registry) {
  OpDef op = pool("MaxPool", pooling_implementations());
  op.inputs = kMaxPoolInputs;
  op.outputs = kMaxPoolOutputs;
  op.parse = parse<PoolOp::kMax>;
  op.facts.channels_last = pooling_channels_last;
  registry.add(std::move(op));
}

void register_average_pool(Registry& registry) {
  OpDef op = pool("AveragePool", pooling_implementations());
  op.parse = parse<PoolOp::kAverage>;
  op.facts.channels_last = pooling_channels_last;
  registry.add(std::move(op));
}

void register_lp_pool(Registry& registry) {
  OpDef op = pool("LpPool", {pooling_reference_implementation()});
  op.parse = parse<PoolOp::kLp>;
  registry.add(std::move(op));
}

void register_global_lp_pool(Registry& registry) {
  OpDef op = pool("GlobalLpPool", {pooling_reference_implementation()});
  op.parse = parse_global;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
