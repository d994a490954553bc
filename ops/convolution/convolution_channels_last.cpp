// Convolutions of images with channels last: the channels of a place follow each other, so that outputs are the rows of
// a product as images lie.
//   Y [outputs, rows] = X' [outputs, depth] * W' [depth, rows], with W' packed once as pixel_task has it
// A 1 x 1 kernel without strides reads X where it is. Otherwise the windows of some outputs are gathered, as many as
// the second-level cache holds for a block of the depth: the taps of a row of the kernel are one run of X. Outputs are
// numbered over all images. Every sum is the one that multiply_task gives.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"

namespace linnet::internal {
namespace {

/// Outputs gathered and multiplied at once: those that kernels::gemm multiplies with one panel before the next.
constexpr std::size_t kOutputsAtOnce = 120;
constexpr std::size_t kTileRows = 12;

class ChannelsLastTask {
 public:
  ChannelsLastTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), tasks_(part.channels_last), memory_(memory) {
    slice_ = tasks_.slices.slice(task % tasks_.slices.count());
    group_ = task / tasks_.slices.count();
    x_stride_ = static_cast<std::size_t>(c_.groups * c_.x_channels);
    y_stride_ = static_cast<std::size_t>(c_.groups) * part.rows;
    x_ = run.operands.x + group_ * static_cast<std::size_t>(c_.x_channels);
  }

  void run() const {
    for (std::size_t first = slice_.row_begin; first < slice_.row_end; first += tasks_.at_once) {
      const std::size_t outputs = std::min(tasks_.at_once, slice_.row_end - first);
      for (std::size_t k = 0; k < part_.depth; k += kBlockDepth) {
        if (run_.control.abandon_if_stopped()) return;
        multiply(k, std::min(kBlockDepth, part_.depth - k), first, outputs);
      }
    }
  }

 private:
  /// Steps [k, k + depth) of `outputs` outputs from `first` on.
  void multiply(std::size_t k, std::size_t depth, std::size_t first, std::size_t outputs) const {
    const std::size_t place = first * y_stride_ + group_ * part_.rows;
    float* const y = run_.operands.y + place;
    kernels::GemmEpilogue epilogue;
    epilogue.addend_row_stride = y_stride_;
    epilogue.addend_column_stride = 1;
    if (k > 0) {
      epilogue.addend = y;
    } else {
      epilogue.bias = run_.bias(part_, group_, 0);
      if (run_.operands.addend != nullptr) epilogue.addend = run_.operands.addend + place;
    }
    if (k + depth == part_.depth) epilogue.activation = c_.activation;
    if (tasks_.gathers) gather(k, depth, first, outputs);
    const float* a = tasks_.gathers ? memory_ : x_ + first * x_stride_ + k;
    const std::size_t columns = packed_columns(part_.rows);
    const float* b = run_.operands.packed + part_.weights_begin + group_ * part_.depth * columns + k * columns;
    kernels::gemm(outputs, part_.rows, depth, a, tasks_.gathers ? tasks_.gathered_stride : x_stride_, b, epilogue, y,
                  y_stride_, slice_.panel_begin, slice_.panel_end);
  }

  void gather(std::size_t k, std::size_t depth, std::size_t first, std::size_t outputs) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    for (std::size_t output = 0; output < outputs; ++output) {
      // Where the window begins along each axis, but for the shifts of its taps.
      std::int64_t begins[kMostChannelsLastAxes];
      auto left = static_cast<std::int64_t>(first + output);
      for (std::size_t axis = axes.size(); axis-- > 0;) {
        begins[axis] = left % axes[axis].outputs * axes[axis].stride;
        left /= axes[axis].outputs;
      }
      float* to = memory_ + output * tasks_.gathered_stride;
      for (std::size_t step = k; step < k + depth;) {
        const std::size_t done = step % tasks_.run;
        const std::size_t count = std::min(tasks_.run - done, k + depth - step);
        gather_run(left, begins, step / tasks_.run, done, done + count, to);
        to += count;
        step += count;
      }
    }
  }

  /// Steps [begin, end) of run `run` of a window.
  void gather_run(std::int64_t image, const std::int64_t* begins, std::size_t run, std::size_t begin, std::size_t end,
                  float* to) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    const std::int64_t* shifts = part_.shifts.data() + run * tasks_.merged * axes.size();
    std::int64_t place = image;
    const std::size_t last = axes.size() - 1;
    bool inside = true;
    for (std::size_t axis = 0; axis < last; ++axis) {
      const std::int64_t input = begins[axis] + shifts[axis];
      inside = inside && input >= 0 && input < axes[axis].input;
      place = place * axes[axis].input + input;
    }
    const std::int64_t column = begins[last] + shifts[last];
    const auto taps = static_cast<std::int64_t>(tasks_.merged);
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    const std::int64_t first_tap = std::clamp<std::int64_t>(-column, 0, taps);
    const std::int64_t last_tap = inside ? std::clamp<std::int64_t>(axes[last].input - column, first_tap, taps) : 0;
    const std::size_t low = std::clamp(static_cast<std::size_t>(first_tap) * channels, begin, end);
    const std::size_t high = std::clamp(static_cast<std::size_t>(last_tap) * channels, low, end);
    if (low > begin) std::memset(to, 0, (low - begin) * sizeof(float));
    if (high > low) {
      const auto from = static_cast<std::size_t>(place * axes[last].input + column + first_tap) * x_stride_;
      const float* x = x_ + from + (low - static_cast<std::size_t>(first_tap) * channels);
      std::memcpy(to + (low - begin), x, (high - low) * sizeof(float));
    }
    if (end > high) std::memset(to + (high - begin), 0, (end - high) * sizeof(float));
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const ChannelsLastTasks& tasks_;
  float* memory_;  ///< gathered windows
  kernels::GemmSlice slice_ = {};
  std::size_t group_ = 0;
  std::size_t x_stride_ = 0, y_stride_ = 0;  ///< between places
  const float* x_ = nullptr;                 ///< of the group
};

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
  /// Of the time of the product, what the other layout takes in addition; and products in the time of copying an
  /// element.
  constexpr double kSaved = 0.2, kProductsOfCopy = 40.0;
  const auto& attributes = node.attributes<ConvolutionAttributes>();
  const ConstantPtr& w = node.input_constant(kConvolutionW);
  if (attributes.transposed || node.input_type(kConvolutionX) != DataType::kFloat32 || w == nullptr ||
      w->count() == 0) {
    return std::nullopt;
  }
  if (w->shape.size() < 3 || w->shape.size() > 2 + kMostChannelsLastAxes) return std::nullopt;
  const std::int64_t y_channels = w->shape[0] / attributes.group;
  if (attributes.group > 1 && y_channels < kLeastChannelsLast) return std::nullopt;
  auto turned = new_shared<ConvolutionAttributes>(attributes);
  turned->channels_last = true;
  ChannelsLast result = {std::move(turned), std::uint64_t{1} << kConvolutionX, -1.0};
  if (node.has_input(kConvolutionAddend)) result.images |= std::uint64_t{1} << kConvolutionAddend;
  const double depth = static_cast<double>(w->count() / w->shape[0]);
  if (y_channels >= kLeastChannelsLast) result.gain = kSaved * depth / kProductsOfCopy;
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
  // A window is gathered once, where that leaves enough slices.
  const std::size_t least = std::max(tasks.slices.rows_per_slice, std::min(kOutputsAtOnce, outputs));
  const std::size_t rows = std::min(outputs, round_up(divide_up(outputs, divide_up(outputs, least)), kTileRows));
  if (divide_up(outputs, rows) * static_cast<std::size_t>(c.groups) >= users) {
    tasks.slices.rows_per_slice = rows;
    tasks.slices.panels_per_slice = tasks.slices.panels;
  }
  tasks.at_once = tasks.slices.rows_per_slice;
  if (tasks.gathers || part.depth > kBlockDepth) {
    tasks.at_once = std::min(tasks.at_once, kOutputsAtOnce);
  }
  tasks.gathered_stride = std::min(kBlockDepth, part.depth) + kernels::kColumnUnit;
  part.form = ConvolutionForm::kChannelsLast;
  part.tasks = tasks.slices.count() * static_cast<std::size_t>(c.groups);
}

std::size_t place_channels_last(const ConvolutionPart& part) {
  const ChannelsLastTasks& tasks = part.channels_last;
  return tasks.gathers ? cache_lines(tasks.at_once * tasks.gathered_stride) : 0;
}

void channels_last_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  ChannelsLastTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
