// Convolutions of images with channels last, but for those that window_task and winograd_task make: the channels of a
// place follow each other, so that outputs are the rows of a product as images lie.
//   Y [outputs, rows] = X' [outputs, depth] * W' [depth, rows], with W' packed once as pixel_task has it
// A 1 x 1 kernel without strides reads X where it is. Otherwise the windows of some outputs are gathered, as many as
// the second-level cache holds for a block of the depth: the taps of a row of the kernel are one run of X. Outputs are
// numbered over all images. Those of a transposed convolution, which lie apart in Y, are copied there. Every sum is the
// one that multiply_task gives.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

/// Outputs gathered and multiplied at once: those that kernels::gemm multiplies with one panel before the next.
constexpr std::size_t kOutputsAtOnce = 120;
constexpr std::size_t kTileRows = 12;
/// With as many, a thread that comes late leaves little for the others to wait for.
constexpr std::size_t kSlicesOfThread = 4;

/// Some outputs, numbered over all images, and panels of W.
struct Product {
  std::size_t group = 0;
  std::size_t first = 0, outputs = 0;
  std::size_t panel_begin = 0, panel_end = 0;
  float* gathered = nullptr;  ///< gathered_stride for each output
  float* results = nullptr;   ///< of a transposed convolution, packed_columns for each output
};

/// Where an image begins that the windows of one output lie in, and where they begin along each axis, but for the
/// shifts of taps.
struct Window {
  std::int64_t image = 0;
  std::int64_t begins[kMostChannelsLastAxes] = {};

  Window(const std::vector<TapAxis>& axes, std::size_t output) : image(static_cast<std::int64_t>(output)) {
    for (std::size_t axis = axes.size(); axis-- > 0;) {
      begins[axis] = image % axes[axis].outputs * axes[axis].stride;
      image /= axes[axis].outputs;
    }
  }
};

/// Steps [begin, end) of run `run` of a window. `x`: of the group.
void gather_run(const Convolution& c, const ConvolutionPart& part, const float* x, const Window& window,
                std::size_t run, std::size_t begin, std::size_t end, float* to) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  const std::size_t last = axes.size() - 1;
  const std::int64_t* shifts = part.shifts.data() + run * part.channels_last.merged * axes.size();
  std::int64_t place = window.image;
  bool inside = true;
  for (std::size_t axis = 0; axis < last; ++axis) {
    const std::int64_t input = window.begins[axis] + shifts[axis];
    inside = inside && input >= 0 && input < axes[axis].input;
    place = place * axes[axis].input + input;
  }
  const std::int64_t column = window.begins[last] + shifts[last];
  const auto taps = static_cast<std::int64_t>(part.channels_last.merged);
  const std::int64_t first_tap = std::clamp<std::int64_t>(-column, 0, taps);
  const std::int64_t end_tap = inside ? std::clamp<std::int64_t>(axes[last].input - column, first_tap, taps) : 0;
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const std::size_t first = static_cast<std::size_t>(first_tap) * channels;
  const std::size_t low = std::clamp(first, begin, end);
  const std::size_t high = std::clamp(static_cast<std::size_t>(end_tap) * channels, low, end);
  if (low > begin) std::memset(to, 0, (low - begin) * sizeof(float));
  if (high > low) {
    const auto tap = static_cast<std::size_t>(place * axes[last].input + column + first_tap);
    const float* from = x + tap * static_cast<std::size_t>(c.groups * c.x_channels) + (low - first);
    std::memcpy(to + (low - begin), from, (high - low) * sizeof(float));
  }
  if (end > high) std::memset(to + (high - begin), 0, (end - high) * sizeof(float));
}

/// Steps [k, k + depth) of the windows of the product.
void gather(const Convolution& c, const ConvolutionPart& part, const Product& product, const float* x, std::size_t k,
            std::size_t depth) {
  const ChannelsLastTasks& tasks = part.channels_last;
  for (std::size_t output = 0; output < product.outputs; ++output) {
    const Window window(part.grid.axes, product.first + output);
    float* to = product.gathered + output * tasks.gathered_stride;
    for (std::size_t step = k; step < k + depth;) {
      const std::size_t done = step % tasks.run;
      const std::size_t count = std::min(tasks.run - done, k + depth - step);
      gather_run(c, part, x, window, step / tasks.run, done, done + count, to);
      to += count;
      step += count;
    }
  }
}

/// The results of a transposed convolution, to where its phase has them.
void store(const ConvolutionRun& run, const ConvolutionPart& part, const Product& product) {
  const std::size_t begin = product.panel_begin * kernels::kPanelColumns;
  const std::size_t end = std::min(product.panel_end * kernels::kPanelColumns, part.rows);
  const std::size_t stride = static_cast<std::size_t>(run.plan.convolution.groups) * part.rows;
  const float* from = product.results;
  for (std::size_t output = 0; output < product.outputs; ++output, from += packed_columns(part.rows)) {
    const Window window(part.grid.axes, product.first + output);
    const auto place = static_cast<std::size_t>(part.place_of(window.image, window.begins));
    float* const to = run.operands.y + place * stride + product.group * part.rows;
    std::copy(from + begin, from + end, to + begin);
  }
}

/// Bias, addend and activation included. False when the run is to stop.
bool multiply(const ConvolutionRun& run, const ConvolutionPart& part, const Product& product) {
  const Convolution& c = run.plan.convolution;
  const ChannelsLastTasks& tasks = part.channels_last;
  const auto x_stride = static_cast<std::size_t>(c.groups * c.x_channels);
  const std::size_t columns = packed_columns(part.rows);
  const std::size_t y_stride = c.transposed ? columns : static_cast<std::size_t>(c.groups) * part.rows;
  const float* const packed = run.operands.packed + part.weights_begin + product.group * part.depth * columns;
  const float* const x = run.operands.x + product.group * static_cast<std::size_t>(c.x_channels);
  const std::size_t place = product.first * y_stride + product.group * part.rows;
  float* const y = c.transposed ? product.results : run.operands.y + place;
  for (std::size_t k = 0; k < part.depth; k += kBlockDepth) {
    if (run.control.abandon_if_stopped()) return false;
    const std::size_t depth = std::min(kBlockDepth, part.depth - k);
    kernels::GemmEpilogue epilogue;
    epilogue.addend_row_stride = y_stride;
    epilogue.addend_column_stride = 1;
    if (k > 0) {
      epilogue.addend = y;
    } else {
      epilogue.bias = run.bias(part, product.group, 0);
      if (run.operands.addend != nullptr) epilogue.addend = run.operands.addend + place;
    }
    if (k + depth == part.depth) epilogue.activation = c.activation;
    // The next block of the depth, or the first one again for the outputs behind these.
    const std::size_t next_k = k + depth < part.depth ? k + depth : 0;
    const std::size_t next_depth = std::min(kBlockDepth, part.depth - next_k);
    epilogue.next_b = packed + next_k * columns + product.panel_begin * kernels::kPanelColumns * next_depth;
    if (tasks.gathers) gather(c, part, product, x, k, depth);
    kernels::gemm(product.outputs, part.rows, depth,
                  tasks.gathers ? product.gathered : x + product.first * x_stride + k,
                  tasks.gathers ? tasks.gathered_stride : x_stride, packed + k * columns, epilogue, y, y_stride,
                  product.panel_begin, product.panel_end);
  }
  if (c.transposed) store(run, part, product);
  return true;
}

/// Whether windows are the places of X, one after the other.
bool reads_in_place(const ConvolutionPart& part) {
  if (part.taps > 1) return false;
  const std::vector<TapAxis>& axes = part.grid.axes;
  return std::all_of(axes.begin(), axes.end(), [](const TapAxis& axis) {
    return axis.shifts[0] == 0 && axis.outputs == axis.input && (axis.stride == 1 || axis.outputs == 1);
  });
}

}  // namespace

std::optional<ChannelsLast> channels_last_convolution(const NodeView& node) {
  // Of the time of the product, what the other layout takes in addition; and products in the time of copying an
  // element.
  constexpr double kSaved = 0.2, kProductsOfCopy = 40.0;
  // Copies that the other layout makes of what a transposed convolution stores.
  constexpr double kStored = 0.7;
  // Floats of a kernel's row that earn gathering; and steps that are gathered one by one in the time of such a copy.
  constexpr std::int64_t kLeastRun = 8;
  constexpr double kStepsOfCopy = 8.0;
  if (std::optional<ChannelsLast> depthwise = channels_last_depthwise(node)) return depthwise;
  const auto& attributes = node.attributes<ConvolutionAttributes>();
  const ConstantPtr& w = node.input_constant(kConvolutionW);
  if (node.input_type(kConvolutionX) != DataType::kFloat32 || w == nullptr || w->count() == 0) return std::nullopt;
  if (w->shape.size() > 2 + kMostChannelsLastAxes) return std::nullopt;
  const bool transposed = attributes.transposed;
  const auto rows = static_cast<std::size_t>(transposed ? w->shape[1] : w->shape[0] / attributes.group);
  if (rows < kLeastProductRows) return std::nullopt;
  std::optional<ChannelsLast> result = turned<ConvolutionAttributes>(node);
  if (!result) return std::nullopt;
  if (node.has_input(kConvolutionAddend)) result->images |= std::uint64_t{1} << kConvolutionAddend;
  double depth =
      static_cast<double>(w->count()) / static_cast<double>(static_cast<std::int64_t>(rows) * attributes.group);
  bool long_runs = w->shape[1] * w->shape.back() >= kLeastRun;
  if (transposed) {
    // Each tap may have a grid of its own.
    if (w->count() / w->shape[0] / w->shape[1] > static_cast<std::int64_t>(kMostTapGrids)) return std::nullopt;
    for (const std::int64_t stride : attributes.window.strides) depth /= static_cast<double>(stride);
    long_runs = w->shape[0] / attributes.group >= kLeastRun;
    result->gain = kStored;
  }
  result->gain += long_runs ? kSaved * depth / kProductsOfCopy : -depth / kStepsOfCopy;
  return result;
}

void plan_channels_last(const Convolution& c, int threads, ConvolutionPart& part) {
  ChannelsLastTasks& tasks = part.channels_last;
  const std::vector<std::int64_t>& columns = part.grid.axes.back().shifts;
  const bool side_by_side =
      c.groups == 1 && columns.back() - columns.front() + 1 == static_cast<std::int64_t>(columns.size());
  tasks.merged = side_by_side ? columns.size() : 1;
  tasks.run = tasks.merged * static_cast<std::size_t>(c.x_channels);
  tasks.gathers = !reads_in_place(part);
  const std::size_t outputs = static_cast<std::size_t>(c.images) * part.outputs;
  const auto users = static_cast<std::size_t>(threads);
  tasks.slices = kernels::choose_slices(outputs, part.rows, part.depth, users);
  // Slices of all panels, where that leaves enough of them: a window is gathered once.
  const std::size_t least = std::max(tasks.slices.rows_per_slice, std::min(kOutputsAtOnce, outputs));
  const std::size_t rows = std::min(outputs, round_up(divide_up(outputs, divide_up(outputs, least)), kTileRows));
  const std::size_t enough = tasks.gathers || users == 1 ? users : kSlicesOfThread * users;
  if (divide_up(outputs, rows) * static_cast<std::size_t>(c.groups) >= enough) {
    tasks.slices.rows_per_slice = rows;
    tasks.slices.panels_per_slice = tasks.slices.panels;
  }
  tasks.at_once = tasks.slices.rows_per_slice;
  if (tasks.gathers || c.transposed || part.depth > kBlockDepth) {
    tasks.at_once = std::min(tasks.at_once, kOutputsAtOnce);
  }
  tasks.gathered_stride = std::min(kBlockDepth, part.depth) + kernels::kColumnUnit;
  tasks.results_begin = tasks.gathers ? cache_lines(tasks.at_once * tasks.gathered_stride) : 0;
  part.form = ConvolutionForm::kChannelsLast;
  part.tasks = tasks.slices.count() * static_cast<std::size_t>(c.groups);
}

std::size_t place_channels_last(const Convolution& c, const ConvolutionPart& part) {
  const ChannelsLastTasks& tasks = part.channels_last;
  return tasks.results_begin + (c.transposed ? tasks.at_once * packed_columns(part.rows) : 0);
}

void channels_last_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  const ChannelsLastTasks& tasks = part.channels_last;
  const kernels::GemmSlice slice = tasks.slices.slice(task % tasks.slices.count());
  Product product;
  product.group = task / tasks.slices.count();
  product.panel_begin = slice.panel_begin;
  product.panel_end = slice.panel_end;
  product.gathered = memory;
  product.results = memory + tasks.results_begin;
  for (std::size_t output = slice.row_begin; output < slice.row_end; output += tasks.at_once) {
    product.first = output;
    product.outputs = std::min(tasks.at_once, slice.row_end - output);
    if (!multiply(run, part, product)) return;
  }
}

}  // namespace linnet::internal
