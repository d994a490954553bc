// DeformConv: a convolution whose taps stand where `offset` moves them. Y[n, o, p...] = B[o] + the sum over the
// channels c of o's group and the taps t of W[o, c, t...] * mask[n, g, t, p...] * x(p * stride - pad + t * dilation +
// offset[n, g, t, :, p...]), with g the offset group of c. x at a place between elements of X[n, c] is weighed from the
// 2^axes elements around it, of which those outside X are 0. X [N,C,spatial...], W [M,C/group,kernel...], offset
// [N,offset_group*taps*axes,output...], B [M], mask [N,offset_group*taps,output...]; B and mask may be left out. One to
// three spatial axes. Opsets 19 to newest; types: float, double, float16, bfloat16 (from 22, accepted at 19). Computed
// in double and rounded once. An offset that is NaN or infinite counts as outside.
#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/window.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

enum Input : std::size_t { kX, kW, kOffset, kB, kMask };
constexpr InputDef kInputs[] = {
    {"X", kFloatTypes},
    {"W", kFloatTypes, kTypeOfFirst},
    {"offset", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kMayBeLeftOut | kTypeOfFirst},
    {"mask", kFloatTypes, kMayBeLeftOut | kTypeOfFirst},
};
constexpr std::size_t kMostAxes = 3;
constexpr std::size_t kPlaces = 64;  ///< of the output that a task computes

struct DeformConvAttributes : Attributes {
  WindowAttributes window;
  std::int64_t group = 1, offset_group = 1;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<DeformConvAttributes>();
  WindowForm form;
  form.needs_kernel_shape = false;
  form.auto_pad = false;
  form.dilations = true;
  attributes->window = parse_window(context, form);
  attributes->group = context.get_int("group", 1);
  attributes->offset_group = context.get_int("offset_group", 1);
  if (attributes->group < 1) invalid_model("group is ", attributes->group, ", expected 1 or more");
  if (attributes->offset_group < 1) {
    invalid_model("offset_group is ", attributes->offset_group, ", expected 1 or more");
  }
  return attributes;
}

void require_dims(const NodeView& node, std::size_t input, const Dims& wanted) {
  const Dims& dims = node.input_dims(input);
  const bool fits = dims.size() == wanted.size() &&
                    std::equal(dims.begin(), dims.end(), wanted.begin(), [](Dim a, Dim b) { return !a.differs(b); });
  if (!fits) invalid_model("input ", kInputs[input].name, " is ", dims, ", expected ", wanted);
}

/// The product of known numbers. Errors: kInvalidModel when it overflows.
Dim times(Dim a, Dim b) {
  if (!a.known() || !b.known()) return Dim::unknown();
  return element_count(Shape{a.value(), b.value()});
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<DeformConvAttributes>();
  const Dims& x = context.input_dims(kX);
  const Dims& w = context.input_dims(kW);
  if (x.size() < 3 || x.size() > kMostAxes + 2) {
    invalid_model("input X is ", x, ", expected batch, channels and 1 to ", kMostAxes, " spatial axes");
  }
  if (w.size() != x.size()) invalid_model("input W is ", w, ", expected rank ", x.size(), " as X");
  const std::size_t axes = x.size() - 2;
  check_window_rank(attributes.window, axes);
  if (x[1].known() && x[1].value() % attributes.offset_group != 0) {
    invalid_model("X has ", x[1], " channels, expected a multiple of offset_group, ", attributes.offset_group);
  }
  if (w[0].known() && w[0].value() % attributes.group != 0) {
    invalid_model("W has ", w[0], " output channels, expected a multiple of group, ", attributes.group);
  }
  if (times(w[1], attributes.group).differs(x[1])) {
    invalid_model("X has ", x[1], " channels, but W wants ", w[1], " for each of ", attributes.group, " groups");
  }
  Dims y = {x[0], w[0]};
  Dim taps = 1;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const Dim kernel = w[axis + 2];
    if (!attributes.window.kernel_shape.empty() && kernel.differs(attributes.window.kernel_shape[axis])) {
      invalid_model("kernel_shape[", axis, "] is ", attributes.window.kernel_shape[axis], ", but W is ", w);
    }
    if (kernel.known()) check_kernel_size(axis, kernel.value());
    taps = times(taps, kernel);
    y.push_back(window_output(attributes.window, axis, x[axis + 2], kernel));
  }
  Dims places(y.begin() + 2, y.end());
  Dims offset = {x[0], times(times(taps, attributes.offset_group), static_cast<std::int64_t>(axes))};
  offset.insert(offset.end(), places.begin(), places.end());
  require_dims(context, kOffset, offset);
  if (context.has_input(kB)) require_dims(context, kB, {w[0]});
  if (context.has_input(kMask)) {
    offset[1] = times(taps, attributes.offset_group);
    require_dims(context, kMask, offset);
  }
  for (std::size_t axis = 0; axis < axes; ++axis) {
    if (!y[axis + 2].known()) y[axis + 2] = context.input_dims(kOffset)[axis + 2];
  }
  context.set_output(0, std::move(y));
}

struct State {
  DataType type = DataType::kUndefined;
  std::vector<WindowAxis> axes;
  bool has_b = false, has_mask = false, empty = false;
  std::size_t images = 0, channels = 0, outputs = 0;  ///< channels of X, of Y
  std::size_t groups = 1, offset_groups = 1;
  std::size_t taps = 1, plane = 1, places = 1;  ///< places: of the output
  std::size_t samples = 0;                      ///< channels of a group times taps
  std::size_t worker_bytes = 0, weights = 0, corners = 0, columns = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const auto& attributes = context.attributes<DeformConvAttributes>();
  const Shape x = context.input_shape(kX), w = context.input_shape(kW), y = context.output_shape(0);
  state->type = context.input_type(kX);
  state->has_b = context.has_input(kB);
  state->has_mask = context.has_input(kMask);
  state->empty = element_count(y) == 0;
  if (state->empty) return {std::move(state), 0, 0};
  for (std::size_t i = 2; i < x.size(); ++i) {
    state->axes.push_back(window_axis(attributes.window, i - 2, x[i], w[i]));
    state->taps *= static_cast<std::size_t>(w[i]);
    state->plane *= static_cast<std::size_t>(x[i]);
    state->places *= static_cast<std::size_t>(y[i]);
  }
  state->images = static_cast<std::size_t>(x[0]);
  state->channels = static_cast<std::size_t>(x[1]);
  state->outputs = static_cast<std::size_t>(w[0]);
  state->groups = static_cast<std::size_t>(attributes.group);
  state->offset_groups = static_cast<std::size_t>(attributes.offset_group);
  state->samples = static_cast<std::size_t>(w[1]) * state->taps;
  const auto doubles = [](std::size_t a, std::size_t b) {
    return byte_count(DataType::kFloat64, {static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)});
  };
  WorkspaceLayout layout;
  layout.add(doubles(kPlaces, std::size_t{1} << state->axes.size()));
  state->corners = layout.add(doubles(kPlaces, std::size_t{1} << state->axes.size()));
  state->columns = layout.add(doubles(kPlaces, state->samples));
  state->weights = layout.add(doubles(1, state->samples));
  state->worker_bytes = layout.bytes();
  WorkspaceLayout all;
  for (int worker = 0; worker < context.threads(); ++worker) all.add(state->worker_bytes);
  return {std::move(state), all.bytes(), 0};
}

/// Of one tap at up to kPlaces places: the elements around each and their weights, by [corner, place].
struct Corners {
  double* weights;
  std::int64_t* elements;
};

/// Places [first, first + count) of an image; the weights are times the mask.
void set_corners(const State& state, const RunArguments& args, std::size_t image, std::size_t offset_group,
                 std::size_t tap, std::size_t first, std::size_t count, const Corners& corners) {
  const std::size_t axes = state.axes.size();
  const std::size_t plane = (image * state.offset_groups + offset_group) * state.taps + tap;
  double factor[kPlaces];
  std::fill_n(factor, count, 1.0);
  if (state.has_mask) load_line(state.type, args.inputs[kMask], plane * state.places + first, count, factor);
  double moved[kMostAxes][kPlaces];
  for (std::size_t axis = 0; axis < axes; ++axis) {
    load_line(state.type, args.inputs[kOffset], (plane * axes + axis) * state.places + first, count, moved[axis]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    double share[kMostAxes];
    std::int64_t low[kMostAxes];
    auto place = static_cast<std::int64_t>(first + i);
    auto at = static_cast<std::int64_t>(tap);
    bool outside = false;
    for (std::size_t axis = axes; axis-- > 0;) {
      const WindowAxis& window = state.axes[axis];
      const std::int64_t unmoved = window.start(place % window.output) + at % window.kernel * window.dilation;
      const double exact = static_cast<double>(unmoved) + moved[axis][i];
      outside = outside || !(exact > -1 && exact < static_cast<double>(window.input));
      low[axis] = outside ? 0 : static_cast<std::int64_t>(std::floor(exact));
      share[axis] = outside ? 0 : exact - static_cast<double>(low[axis]);
      place /= window.output;
      at /= window.kernel;
    }
    for (std::size_t corner = 0; corner < std::size_t{1} << axes; ++corner) {
      double weight = outside ? 0 : factor[i];
      std::int64_t element = 0;
      for (std::size_t axis = 0; axis < axes; ++axis) {
        const bool upper = (corner >> axis & 1) != 0;
        const std::int64_t index = low[axis] + (upper ? 1 : 0);
        const bool inside = index >= 0 && index < state.axes[axis].input;
        const double of_axis = !inside ? 0 : upper ? share[axis] : 1 - share[axis];
        weight = of_axis == 0 ? 0 : weight * of_axis;  // whatever the mask is
        element = element * state.axes[axis].input + (inside ? index : 0);
      }
      corners.weights[corner * kPlaces + i] = weight;
      corners.elements[corner * kPlaces + i] = element;
    }
  }
}

/// columns[c * taps + t][place] for the channels of a group.
void set_columns(const State& state, const RunArguments& args, std::size_t image, std::size_t group, std::size_t first,
                 std::size_t count, const Corners& corners, double* columns) {
  const std::size_t channels = state.channels / state.groups;
  const std::size_t of_offset_group = state.channels / state.offset_groups;
  for (std::size_t tap = 0; tap < state.taps; ++tap) {
    std::size_t last_group = state.offset_groups;
    for (std::size_t c = 0; c < channels; ++c) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t channel = group * channels + c;
      if (channel / of_offset_group != last_group) {
        last_group = channel / of_offset_group;
        set_corners(state, args, image, last_group, tap, first, count, corners);
      }
      double* const column = columns + (c * state.taps + tap) * kPlaces;
      std::fill_n(column, kPlaces, 0.0);
      const std::size_t plane = (image * state.channels + channel) * state.plane;
      for (std::size_t corner = 0; corner < std::size_t{1} << state.axes.size(); ++corner) {
        for (std::size_t i = 0; i < count; ++i) {
          const double weight = corners.weights[corner * kPlaces + i];
          if (weight == 0) continue;
          double value;
          load_line(state.type, args.inputs[kX],
                    plane + static_cast<std::size_t>(corners.elements[corner * kPlaces + i]), 1, &value);
          column[i] += weight * value;
        }
      }
    }
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.empty) return;
  const std::size_t blocks = (state.places + kPlaces - 1) / kPlaces;
  const std::size_t group_outputs = state.outputs / state.groups;
  const std::size_t tasks = state.images * state.groups * blocks;
  const double place_work = static_cast<double>(state.samples) * (40.0 + static_cast<double>(group_outputs));
  const double work = static_cast<double>(tasks) * kPlaces * place_work;
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    std::byte* const memory = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
    const Corners corners = {reinterpret_cast<double*>(memory),
                             reinterpret_cast<std::int64_t*>(memory + state.corners)};
    auto* const columns = reinterpret_cast<double*>(memory + state.columns);
    auto* const weights = reinterpret_cast<double*>(memory + state.weights);
    const std::size_t first = task % blocks * kPlaces;
    const std::size_t count = std::min(kPlaces, state.places - first);
    const std::size_t group = task / blocks % state.groups;
    const std::size_t image = task / blocks / state.groups;
    set_columns(state, args, image, group, first, count, corners, columns);
    for (std::size_t i = 0; i < group_outputs; ++i) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t output = group * group_outputs + i;
      double sums[kPlaces];
      double bias = 0;
      if (state.has_b) load_line(state.type, args.inputs[kB], output, 1, &bias);
      std::fill_n(sums, kPlaces, bias);
      load_line(state.type, args.inputs[kW], output * state.samples, state.samples, weights);
      for (std::size_t sample = 0; sample < state.samples; ++sample) {
        const double* const column = columns + sample * kPlaces;
        for (std::size_t place = 0; place < kPlaces; ++place) sums[place] += weights[sample] * column[place];
      }
      store_line(state.type, sums, (image * state.outputs + output) * state.places + first, count, args.outputs[0]);
    }
  });
}

double folding_ns(const NodeView& node) {
  const Shape w = node.input_shape(kW);
  return static_cast<double>(element_count(node.output_shape(0))) * static_cast<double>(element_count(w)) /
         static_cast<double>(std::max<std::int64_t>(1, w[0])) * 20;
}

}  // namespace

void register_deform_conv(Registry& registry) {
  OpDef op;
  op.name = "DeformConv";
  op.since_opset = 19;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
