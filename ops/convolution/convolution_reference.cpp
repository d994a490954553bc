// Convolutions a row of Y at a time, for every type: a row of doubles takes in one row of X after the other, times each
// weight that meets it, in the order of W's elements of its channel, and is rounded once.
#include <algorithm>

#include "ops/convolution/convolution.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

/// What one task may take, in multiply-adds (about one a nanosecond).
constexpr double kTaskProducts = 200000.0;

struct ReferenceConvolution {
  DataType type = DataType::kUndefined;
  Convolution convolution;
  bool has_b = false, adds = false;
  std::size_t x_width = 0, y_width = 0, kernel_width = 0;
  std::int64_t outer_taps = 1;  ///< of all axes but the last
  std::int64_t y_rows = 1;      ///< of one channel of one image
  std::size_t worker_doubles = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<ReferenceConvolution>();
  state->type = context.input_type(kConvolutionX);
  state->convolution = convolution_of(context);
  state->has_b = context.has_input(kConvolutionB);
  state->adds = context.has_input(kConvolutionAddend);
  const Convolution& c = state->convolution;
  Prepared prepared;
  if (c.images > 0) {
    state->x_width = static_cast<std::size_t>(c.x_channels == 0 ? 0 : c.axes.back().input);
    state->y_width = static_cast<std::size_t>(c.axes.back().output);
    state->kernel_width = static_cast<std::size_t>(c.x_channels == 0 ? 0 : c.axes.back().kernel);
    if (c.x_channels > 0) state->outer_taps = c.taps / c.axes.back().kernel;
    state->y_rows = c.y_plane / c.axes.back().output;
    state->worker_doubles = (state->x_width + 2 * state->y_width + state->kernel_width + 7) / 8 * 8;
    prepared.workspace_bytes = state->worker_doubles * sizeof(double) * static_cast<std::size_t>(context.threads());
  }
  prepared.state = std::move(state);
  return prepared;
}

/// The input that output and tap meet along an axis; -1 where they meet none.
std::int64_t met_input(const Convolution& c, const WindowAxis& axis, std::int64_t output, std::int64_t tap) {
  std::int64_t input = 0;
  if (c.transposed) {
    const std::int64_t reached = output + axis.pad_begin - tap * axis.dilation;
    if (reached % axis.stride != 0) return -1;
    input = reached / axis.stride;
  } else {
    input = axis.start(output) + tap * axis.dilation;
  }
  return input < 0 || input >= axis.input ? -1 : input;
}

/// The row of X that row `y_row` of a channel of Y meets under tap `tap` of all axes but the last; -1 for none.
std::int64_t met_row(const Convolution& c, std::int64_t y_row, std::int64_t tap) {
  std::int64_t row = 0;
  std::int64_t rows = 1;
  for (std::size_t i = c.axes.size() - 1; i-- > 0;) {
    const WindowAxis& axis = c.axes[i];
    const std::int64_t input = met_input(c, axis, y_row % axis.output, tap % axis.kernel);
    if (input < 0) return -1;
    row += input * rows;
    rows *= axis.input;
    y_row /= axis.output;
    tap /= axis.kernel;
  }
  return row;
}

/// y += weight * the elements of x that tap `tap` of the last axis meets.
void add_tap(const Convolution& c, double weight, std::int64_t tap, const double* x, double* y) {
  const WindowAxis& axis = c.axes.back();
  // One index runs over all its places, and the other one follows it `stride` times as fast.
  const std::int64_t count = c.transposed ? axis.input : axis.output;
  const std::int64_t follower_count = c.transposed ? axis.output : axis.input;
  const std::int64_t first = tap * axis.dilation - axis.pad_begin;
  const auto [begin, end] = indices_inside(first, axis.stride, follower_count, count);
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t follower = first + i * axis.stride;
    y[c.transposed ? follower : i] += weight * x[c.transposed ? i : follower];
  }
}

/// Elements of one channel of an image, `count` from `element` of its plane on.
struct Row {
  std::size_t first, step;  ///< the first one and the distance of the others
  std::size_t count;
};

Row row_of(const Convolution& c, std::int64_t image, std::int64_t channels, std::int64_t channel, std::int64_t plane,
           std::int64_t element, std::size_t count) {
  if (!c.channels_last) {
    return {static_cast<std::size_t>((image * channels + channel) * plane + element), 1, count};
  }
  return {static_cast<std::size_t>((image * plane + element) * channels + channel), static_cast<std::size_t>(channels),
          count};
}

/// Calls body(element, begin, count) for the pieces of a row that lie side by side; `begin`: in the row.
template <typename Body>
void for_pieces(const Row& row, const Body& body) {
  if (row.step == 1) return body(row.first, 0, row.count);
  for (std::size_t i = 0; i < row.count; ++i) body(row.first + i * row.step, i, 1);
}

void load_row(DataType type, const void* elements, const Row& row, double* line) {
  for_pieces(row, [&](std::size_t element, std::size_t begin, std::size_t count) {
    load_line(type, elements, element, count, line + begin);
  });
}

/// Row `index` of all of Y. `workspace`: worker_doubles of them.
void run_row(const ReferenceConvolution& state, const RunArguments& args, std::int64_t index, double* workspace) {
  const Convolution& c = state.convolution;
  const std::int64_t y_row = index % state.y_rows;
  const std::int64_t channel = index / state.y_rows % (c.groups * c.y_channels);
  const std::int64_t image = index / state.y_rows / (c.groups * c.y_channels);
  const std::int64_t group = channel / c.y_channels;
  double* y = workspace;
  double* added = y + state.y_width;
  double* x = added + state.y_width;
  double* w = x + state.x_width;
  double bias = 0;
  if (state.has_b) load_line(state.type, args.inputs[kConvolutionB], static_cast<std::size_t>(channel), 1, &bias);
  std::fill_n(y, state.y_width, bias);
  for (std::int64_t x_channel = 0; x_channel < c.x_channels; ++x_channel) {
    const std::int64_t w_begin =
        group * c.w_group_stride() + channel % c.y_channels * c.w_y_stride() + x_channel * c.w_x_stride();
    for (std::int64_t tap = 0; tap < state.outer_taps; ++tap) {
      const std::int64_t x_row = met_row(c, y_row, tap);
      if (x_row < 0) continue;
      load_row(state.type, args.inputs[kConvolutionX],
               row_of(c, image, c.groups * c.x_channels, group * c.x_channels + x_channel, c.x_plane,
                      x_row * static_cast<std::int64_t>(state.x_width), state.x_width),
               x);
      load_line(state.type, args.inputs[kConvolutionW],
                static_cast<std::size_t>(w_begin) + static_cast<std::size_t>(tap) * state.kernel_width,
                state.kernel_width, w);
      for (std::size_t k = 0; k < state.kernel_width; ++k) {
        if (args.control.abandon_if_stopped()) return;
        add_tap(c, w[k], static_cast<std::int64_t>(k), x, y);
      }
    }
  }
  const Row row = row_of(c, image, c.groups * c.y_channels, channel, c.y_plane,
                         y_row * static_cast<std::int64_t>(state.y_width), state.y_width);
  if (state.adds) {
    load_row(state.type, args.inputs[kConvolutionAddend], row, added);
    for (std::size_t i = 0; i < state.y_width; ++i) y[i] += added[i];
  }
  for_pieces(row, [&](std::size_t element, std::size_t begin, std::size_t count) {
    store_line(state.type, y + begin, element, count, args.outputs[0]);
  });
  if (c.activation.kind == kernels::ActivationKind::kNone) return;
  float* const result = static_cast<float*>(args.outputs[0]) + row.first;
  for (std::size_t i = 0; i < state.y_width; ++i) {
    result[i * row.step] = kernels::apply_activation_scalar(c.activation, result[i * row.step]);
  }
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const ReferenceConvolution*>(args.state);
  const Convolution& c = state.convolution;
  if (c.images == 0) return;
  const std::int64_t rows = c.images * c.groups * c.y_channels * state.y_rows;
  const double row_work = static_cast<double>(state.y_width) * static_cast<double>(c.x_channels * c.taps + 1);
  const auto task_rows = static_cast<std::int64_t>(std::max(1.0, kTaskProducts / row_work));
  const auto tasks = static_cast<std::size_t>((rows + task_rows - 1) / task_rows);
  args.control.parallel_for(tasks, row_work * static_cast<double>(rows), [&](std::size_t task, std::size_t worker) {
    double* workspace = static_cast<double*>(args.workspace) + worker * state.worker_doubles;
    const std::int64_t first = static_cast<std::int64_t>(task) * task_rows;
    for (std::int64_t row = first; row < std::min(first + task_rows, rows); ++row) {
      run_row(state, args, row, workspace);
    }
  });
}

}  // namespace

Implementation reference_convolution() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
