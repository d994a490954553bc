// Tasks of convolutions that are tap sums: X is copied with its padding, the sums run along the copy, and what stands
// between rows and is no output is left behind. Depthwise ones in the plane go row by row, straight into Y.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"

namespace linnet::internal {
namespace {

/// Multiply-adds before a stop is looked at.
constexpr std::size_t kProductsAtOnce = std::size_t{1} << 23;

class BandTask {
 public:
  BandTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), band_(part.band), c_(run.plan.convolution), copy_(memory) {
    const auto groups = static_cast<std::size_t>(c_.groups);
    const auto step = static_cast<std::size_t>(band_.groups_of_task);
    begin_ = static_cast<std::int64_t>(task) % band_.bands * band_.outputs;
    task /= static_cast<std::size_t>(band_.bands);
    const std::size_t group_tasks = (groups + step - 1) / step;
    group_begin_ = task % group_tasks * step;
    group_end_ = std::min(group_begin_ + step, groups);
    image_ = task / group_tasks;
  }

  void run() {
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    kernels::TapSums sums;
    sums.x = copy_;
    sums.offsets = band_.offsets.data();
    sums.taps = part_.depth;
    sums.weights_stride = part_.weights_stride;
    sums.rows = part_.rows;
    sums.columns = band_.span;
    sums.y = copy_ + part_.result_begin;
    sums.y_row_stride = band_.span + kernels::kTapSumSlack;
    const bool by_rows = part_.rows == 1 && channels == 1 && !c_.transposed && part_.grid.axes.size() == 2;
    const bool halves = by_rows && is_halved_plane();
    if (!halves) std::memset(copy_, 0, (channels * band_.floats + kernels::kTapSumSlack) * sizeof(float));
    for (std::size_t group = group_begin_; group < group_end_; ++group) {
      const float* x = run_.x_plane(image_, group);
      for (std::size_t channel = 0; channel < channels && !halves; ++channel, x += c_.x_plane) {
        copy_axis(0, x, copy_ + channel * band_.floats);
      }
      sums.weights = run_.weights(part_, group, 0);
      sums.bias = run_.bias(part_, group, 0);
      if (by_rows) {
        if (!sum_rows(sums, group)) return;
        continue;
      }
      if (!sum_taps(sums)) return;
      store(sums, group);
    }
  }

 private:
  void store(const kernels::TapSums& sums, std::size_t group) const {
    const auto plane = static_cast<std::size_t>(c_.y_plane);
    for (std::size_t row = 0; row < part_.rows; ++row) {
      float* y = sums.y + row * sums.y_row_stride;
      if (c_.activation.kind != kernels::ActivationKind::kNone) {
        kernels::apply_activation(c_.activation, y, y, band_.span);
      }
      store_axis(0, row % part_.members, y, run_.y_plane(image_, group) + row / part_.members * plane);
    }
  }

  /// Outputs of the band, some rows at a time: taps that meet none of X with any of them are left out. False when the
  /// run is to stop.
  bool sum_rows(const kernels::TapSums& sums, std::size_t group) const {
    constexpr std::size_t kRowsAtOnce = 8;
    const TapAxis& across = part_.grid.axes[0];
    const TapAxis& along = part_.grid.axes[1];
    const auto outputs = static_cast<std::size_t>(band_.outputs);
    const auto first = static_cast<std::size_t>(begin_);
    const bool bands_of_rows = band_.axis == 0;
    const std::size_t first_row = bands_of_rows ? first : 0, first_column = bands_of_rows ? 0 : first;
    const auto all_rows = static_cast<std::size_t>(across.outputs), width = static_cast<std::size_t>(along.outputs);
    const std::size_t rows = bands_of_rows ? std::min(outputs, all_rows - first) : 1;
    kernels::TapRows piece = {};
    piece.columns = bands_of_rows ? width : std::min(outputs, width - first);
    piece.x_row_stride = static_cast<std::size_t>(band_.strides[0]);
    piece.offsets = sums.offsets;
    piece.weights = sums.weights;
    piece.bias = sums.bias == nullptr ? 0.0F : *sums.bias;
    piece.y_row_stride = width;
    const kernels::ActivationKind kind = c_.activation.kind;
    const bool in_registers = kind == kernels::ActivationKind::kRelu || kind == kernels::ActivationKind::kClip;
    if (in_registers) piece.activation = c_.activation;
    float* const y = run_.y_plane(image_, group) + first_row * width + first_column;
    const bool halves = is_halved_plane();
    const bool square = halves || is_square_plane();
    if (halves) {
      if (run_.control.abandon_if_stopped()) return false;
      kernels::HalvedPlane plane = {};
      plane.x = run_.x_plane(image_, group);
      plane.height = static_cast<std::size_t>(across.input);
      plane.width = static_cast<std::size_t>(along.input);
      plane.top = across.shifts[0] + 2 * static_cast<std::ptrdiff_t>(first_row);
      plane.left = along.shifts[0] + 2 * static_cast<std::ptrdiff_t>(first_column);
      plane.weights = piece.weights;
      plane.bias = piece.bias;
      plane.activation = piece.activation;
      plane.y = y;
      plane.y_row_stride = width;
      plane.rows = rows;
      plane.columns = piece.columns;
      kernels::halved_sums(plane, along.shifts.size());
    } else if (square) {
      if (run_.control.abandon_if_stopped()) return false;
      piece.rows = rows;
      piece.x = sums.x;
      piece.y = y;
      piece.tap_end = sums.taps;
      kernels::plane_sums(piece, along.shifts.size());
    }
    for (std::size_t row = square ? rows : 0; row < rows; row += kRowsAtOnce) {
      if (run_.control.abandon_if_stopped()) return false;
      piece.rows = std::min(kRowsAtOnce, rows - row);
      piece.x = sums.x + row * piece.x_row_stride;
      piece.y = y + row * width;
      // Shifts ascend.
      const auto low = static_cast<std::int64_t>(first_row + row) * across.stride;
      const std::int64_t high = low + static_cast<std::int64_t>(piece.rows - 1) * across.stride;
      const auto begin = std::lower_bound(across.shifts.begin(), across.shifts.end(), -high);
      const auto end = std::lower_bound(begin, across.shifts.end(), across.input - low);
      piece.tap_begin = static_cast<std::size_t>(begin - across.shifts.begin()) * along.shifts.size();
      piece.tap_end = static_cast<std::size_t>(end - across.shifts.begin()) * along.shifts.size();
      kernels::tap_rows(piece);
    }
    if (kind == kernels::ActivationKind::kNone || in_registers) return true;
    kernels::apply_activation(c_.activation, y, y, (rows - 1) * width + piece.columns);  // no row ends before the last
    return true;
  }

  /// Whether rows of the kernel follow each other as those of outputs do.
  bool is_square_plane() const {
    const TapAxis& across = part_.grid.axes[0];
    const std::size_t kernel = part_.grid.axes[1].shifts.size();
    return kernels::has_plane_sums(kernel) && across.shifts.size() == kernel && across.stride == 1 &&
           across.shifts[1] - across.shifts[0] == 1;
  }

  /// Whether outputs lie two rows and columns apart, those of the kernel one.
  bool is_halved_plane() const {
    const std::size_t kernel = part_.grid.axes[1].shifts.size();
    const auto halves = [=](const TapAxis& axis) {
      return axis.stride == 2 && axis.shifts.size() == kernel && axis.shifts[1] - axis.shifts[0] == 1;
    };
    return kernels::has_halved_sums(kernel) && halves(part_.grid.axes[0]) && halves(part_.grid.axes[1]);
  }

  /// False when the run is to stop.
  bool sum_taps(const kernels::TapSums& sums) const {
    const std::size_t products = sums.taps * sums.rows * kernels::kTapSumSlack;
    const std::size_t step = std::max<std::size_t>(1, kProductsAtOnce / products) * kernels::kTapSumSlack;
    for (std::size_t column = 0; column < sums.columns; column += step) {
      if (run_.control.abandon_if_stopped()) return false;
      kernels::TapSums piece = sums;
      piece.x += column;
      piece.y += column;
      piece.columns = std::min(step, sums.columns - column);
      kernels::tap_sums(piece);
    }
    return true;
  }

  /// What an axis of X has for one remainder of a band: `count` elements from `from` on, a stride apart, to the
  /// quotients from `to` on.
  struct Copied {
    std::int64_t from = 0, to = 0, count = 0;
  };
  Copied copied(std::size_t i, std::int64_t remainder) const {
    const TapAxis& axis = part_.grid.axes[i];
    const std::int64_t first = band_.lowest[i] + (i == band_.axis ? begin_ * axis.stride : 0) + remainder;
    const auto [begin, end] = indices_inside(first, axis.stride, axis.input, band_.sizes[i]);
    return {first + begin * axis.stride, begin, end - begin};
  }

  /// The elements of X that the band reads, of axes from `i` on. What is none of X stays as it is, zero.
  void copy_axis(std::size_t i, const float* from, float* to) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    std::int64_t inner = 1;
    for (std::size_t axis = i + 1; axis < axes.size(); ++axis) inner *= axes[axis].input;
    for (std::int64_t remainder = 0; remainder < axes[i].stride; ++remainder) {
      const Copied here = copied(i, remainder);
      if (here.count == 0) continue;
      float* target = to + remainder * band_.remainder_strides[i] + here.to * band_.strides[i];
      const float* source = from + here.from * inner;
      if (i + 2 < axes.size()) {
        for (std::int64_t index = 0; index < here.count; ++index) {
          copy_axis(i + 1, source + index * axes[i].stride * inner, target + index * band_.strides[i]);
        }
        continue;
      }
      if (copy_both(i, source, target, here.count, inner)) continue;
      for (std::int64_t last = 0; last < axes[i + 1].stride; ++last) {
        const Copied row = copied(i + 1, last);
        if (row.count == 0) continue;
        kernels::copy_rows({source + row.from, static_cast<std::size_t>(axes[i].stride * inner),
                            static_cast<std::size_t>(axes[i + 1].stride),
                            target + last * band_.remainder_strides[i + 1] + row.to,
                            static_cast<std::size_t>(band_.strides[i]), 1, static_cast<std::size_t>(here.count),
                            static_cast<std::size_t>(row.count)});
      }
    }
  }

  /// Both remainders of the last axis at once, where its stride is 2; false where it is not so simple. `rows` of axis
  /// i.
  bool copy_both(std::size_t i, const float* source, float* target, std::int64_t rows, std::int64_t inner) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    if (axes[i + 1].stride != 2) return false;
    const Copied runs[] = {copied(i + 1, 0), copied(i + 1, 1)};
    const std::size_t first = runs[0].from < runs[1].from ? 0 : 1;
    const Copied& even = runs[first];
    const Copied& odd = runs[1 - first];
    if (odd.from != even.from + 1 || odd.count == 0 || even.count - odd.count < 0 || even.count - odd.count > 1) {
      return false;
    }
    const auto place = [&](const Copied& run, std::size_t remainder) {
      return target + static_cast<std::int64_t>(remainder) * band_.remainder_strides[i + 1] + run.to;
    };
    kernels::split_rows({source + even.from, static_cast<std::size_t>(axes[i].stride * inner), place(even, first),
                         place(odd, 1 - first), static_cast<std::size_t>(band_.strides[i]),
                         static_cast<std::size_t>(rows), static_cast<std::size_t>(even.count + odd.count)});
    return true;
  }

  /// The outputs of a member that belong to the band, of axes from `i` on.
  void store_axis(std::size_t i, std::size_t member, const float* from, float* to) const {
    const std::vector<TapAxis>& axes = part_.grid.axes;
    const auto outputs = [&](std::size_t axis) {
      const std::int64_t all = axes[axis].outputs_of(part_.phase_of(member, axis));
      return axis == band_.axis ? std::clamp<std::int64_t>(all - begin_, 0, band_.outputs) : all;
    };
    const auto place = [&](std::size_t axis) {
      const std::int64_t first = axis == band_.axis ? begin_ : 0;
      return part_.phase_of(member, axis).begin + first * axes[axis].y_step;
    };
    std::int64_t inner = 1;
    for (std::size_t axis = i + 1; axis < axes.size(); ++axis) inner *= axes[axis].y_size;
    float* target = to + place(i) * inner;
    const std::int64_t count = outputs(i);
    const std::int64_t stride = band_.strides[i];
    if (i + 2 < axes.size()) {
      for (std::int64_t index = 0; index < count; ++index) {
        store_axis(i + 1, member, from + index * stride, target + index * axes[i].y_step * inner);
      }
      return;
    }
    kernels::copy_rows({from, static_cast<std::size_t>(stride), 1, target + place(i + 1),
                        static_cast<std::size_t>(axes[i].y_step * inner), static_cast<std::size_t>(axes[i + 1].y_step),
                        static_cast<std::size_t>(count), static_cast<std::size_t>(outputs(i + 1))});
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const TapBand& band_;
  const Convolution& c_;
  float* copy_;             ///< of the channels of one group
  std::int64_t begin_ = 0;  ///< first output of the band
  std::size_t image_ = 0, group_begin_ = 0, group_end_ = 0;
};

}  // namespace

void sum_taps_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  BandTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
