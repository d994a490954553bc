// Tasks of convolutions in Winograd's form: a block of tiles of X is transformed, multiplied with the transformed
// weights, position by position, and what comes out is transformed to outputs.
//
// Sums over channels are made of chains of a quarter of the usual length, of many channels of an eighth: with them,
// errors are no larger than those of direct sums, although the terms are (tests/ops/convolution/winograd_test.cpp).
//
// An infinite element of X can become NaN in outputs where a direct sum is infinite, and so can a sum of large numbers
// that overflows. So where an output is not finite, all of the block and the group of rows are summed directly.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaps = 9;

// Of what sums directly. Lines of X are as kernels::winograd_lines has them.
constexpr std::size_t kLineStride = 160;
constexpr std::size_t kChannelStride = 4 * kLineStride;
constexpr std::size_t kDirectRows = 4;
constexpr std::size_t kDirectSumStride = 2 * kernels::kWinogradTiles + kernels::kTapSumSlack;

std::size_t line_floats(std::size_t channels) { return cache_lines(channels * kChannelStride + kernels::kTapSumSlack); }
std::size_t direct_weights(std::size_t channels) { return cache_lines(kDirectRows * kTaps * channels); }

class WinogradTask {
 public:
  WinogradTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), winograd_(part.winograd), memory_(memory) {
    const std::size_t row_task = task % winograd_.row_tasks;
    task /= winograd_.row_tasks;
    const std::size_t block = task % winograd_.blocks;
    task /= winograd_.blocks;
    group_ = task % static_cast<std::size_t>(c_.groups);
    image_ = task / static_cast<std::size_t>(c_.groups);
    first_group_ = winograd_.row_groups * row_task / winograd_.row_tasks;
    last_group_ = winograd_.row_groups * (row_task + 1) / winograd_.row_tasks;
    set_block(block);
    planes_ = {run.x_plane(image_, group_), static_cast<std::size_t>(c_.axes[0].input),
               static_cast<std::size_t>(c_.axes[1].input), static_cast<std::ptrdiff_t>(c_.axes[0].pad_begin),
               static_cast<std::ptrdiff_t>(c_.axes[1].pad_begin)};
  }

  void run() {
    width_ = kernels::panel_width(block_.tiles, 0);
    kernels::winograd_inputs(planes_, block_, channels(), memory_, width_, winograd_.input_stride);
    for (std::size_t group = first_group_; group < last_group_; ++group) {
      const std::size_t row = group * winograd_.rows;
      if (!run_rows(row, std::min(winograd_.rows, part_.rows - row))) return;
    }
  }

 private:
  std::size_t channels() const { return static_cast<std::size_t>(c_.x_channels); }

  void set_block(std::size_t index) {
    block_ = {};
    const std::size_t begin = index * kernels::kWinogradTiles;
    const std::size_t end = std::min(begin + kernels::kWinogradTiles, winograd_.tiles);
    for (std::size_t tile = begin; tile < end;) {
      kernels::WinogradRun& run = block_.runs[block_.run_count++];
      run.row = tile / winograd_.across;
      run.tile = tile % winograd_.across;
      run.count = std::min(end - tile, winograd_.across - run.tile);
      run.column = tile - begin;
      tile += run.count;
    }
    block_.tiles = end - begin;
  }

  /// False when the run is to stop.
  bool run_rows(std::size_t row, std::size_t rows) {
    float* const sums = memory_ + winograd_.sums_begin;
    const std::size_t sum_stride = winograd_.rows * width_;
    const std::size_t position_stride = part_.rows * part_.weights_stride;
    const float* weights =
        run_.operands.packed + part_.weights_begin + group_ * position_stride * kernels::kWinogradPositions;
    kernels::GemmEpilogue epilogue;
    epilogue.fills_padding = true;
    epilogue.chain_length = winograd_chain(channels());
    for (std::size_t position = 0; position < kernels::kWinogradPositions; ++position) {
      if (run_.control.abandon_if_stopped()) return false;
      kernels::gemm(rows, block_.tiles, channels(), weights + position * position_stride + row * part_.weights_stride,
                    part_.weights_stride, memory_ + position * winograd_.input_stride, epilogue,
                    sums + position * sum_stride, width_, 0, 1);
    }
    const std::size_t plane = row * static_cast<std::size_t>(c_.y_plane);
    const float* addend = run_.addend_plane(image_, group_);
    kernels::WinogradOutputs outputs = {};
    outputs.sums = sums;
    outputs.position_stride = sum_stride;
    outputs.row_width = width_;
    outputs.rows = rows;
    outputs.bias = run_.bias(part_, group_, row);
    outputs.addend = addend == nullptr ? nullptr : addend + plane;
    outputs.y = run_.y_plane(image_, group_) + plane;
    outputs.height = static_cast<std::size_t>(c_.axes[0].output);
    outputs.width = static_cast<std::size_t>(c_.axes[1].output);
    outputs.relu = c_.activation.kind == kernels::ActivationKind::kRelu;
    if (!kernels::winograd_outputs(outputs, block_) && !sum_directly(outputs, row)) return false;
    if (c_.activation.kind != kernels::ActivationKind::kNone && !outputs.relu) activate(outputs);
    return true;
  }

  /// Calls visitor(half, place, count) for both rows of outputs of a run of tiles, as far as they exist; `place`: of
  /// the first output, in the plane.
  template <typename Visitor>
  void for_output_rows(const kernels::WinogradOutputs& outputs, const kernels::WinogradRun& run,
                       const Visitor& visitor) const {
    const std::size_t count = std::min(2 * run.count, outputs.width - 2 * run.tile);
    for (std::size_t half = 0; half < 2 && 2 * run.row + half < outputs.height; ++half) {
      visitor(half, (2 * run.row + half) * outputs.width + 2 * run.tile, count);
    }
  }

  void activate(const kernels::WinogradOutputs& outputs) const {
    for (std::size_t row = 0; row < outputs.rows; ++row) {
      float* const plane = outputs.y + row * outputs.height * outputs.width;
      for (std::size_t i = 0; i < block_.run_count; ++i) {
        for_output_rows(outputs, block_.runs[i], [&](std::size_t, std::size_t place, std::size_t count) {
          kernels::apply_activation(c_.activation, plane + place, plane + place, count);
        });
      }
    }
  }

  /// Everything but activations other than Relu. False when the run is to stop.
  bool sum_directly(const kernels::WinogradOutputs& outputs, std::size_t first_row) {
    float* const lines = memory_ + winograd_.lines_begin;
    float* const weights = lines + line_floats(channels());
    kernels::TapSums sums = {};
    sums.offsets = winograd_.offsets.data();
    sums.taps = winograd_.offsets.size();
    sums.weights = weights;
    sums.weights_stride = sums.taps;
    sums.y = weights + direct_weights(channels());
    sums.y_row_stride = kDirectSumStride;
    const auto* w =
        static_cast<const std::byte*>(run_.operands.w) + (group_ * part_.rows + first_row) * sums.taps * sizeof(float);
    for (std::size_t i = 0; i < block_.run_count; ++i) {
      const kernels::WinogradRun& run = block_.runs[i];
      copy_lines(run, lines);
      sums.columns = 2 * run.count;
      for (std::size_t row = 0; row < outputs.rows; row += kDirectRows) {
        if (run_.control.abandon_if_stopped()) return false;
        sums.rows = std::min(kDirectRows, outputs.rows - row);
        sums.bias = outputs.bias == nullptr ? nullptr : outputs.bias + row;
        std::memcpy(weights, w + row * sums.taps * sizeof(float), sums.rows * sums.taps * sizeof(float));
        for_output_rows(outputs, run, [&](std::size_t half, std::size_t place, std::size_t count) {
          sums.x = lines + half * kLineStride;
          kernels::tap_sums(sums);
          store_sums(outputs, sums, row, place, count);
        });
      }
    }
    return true;
  }

  void copy_lines(const kernels::WinogradRun& run, float* lines) const {
    kernels::WinogradPlanes plane = planes_;
    for (std::size_t channel = 0; channel < channels(); ++channel) {
      kernels::winograd_lines(plane, run, lines + channel * kChannelStride, kLineStride);
      plane.x += planes_.height * planes_.width;
    }
  }

  static void store_sums(const kernels::WinogradOutputs& outputs, const kernels::TapSums& sums, std::size_t first_row,
                         std::size_t place, std::size_t count) {
    constexpr kernels::Activation kNothing = {};
    constexpr kernels::Activation kRelu = {kernels::ActivationKind::kRelu};
    for (std::size_t row = 0; row < sums.rows; ++row) {
      float* from = sums.y + row * sums.y_row_stride;
      const std::size_t at = (first_row + row) * outputs.height * outputs.width + place;
      for (std::size_t i = 0; outputs.addend != nullptr && i < count; ++i) from[i] += outputs.addend[at + i];
      kernels::apply_activation(outputs.relu ? kRelu : kNothing, from, outputs.y + at, count);
    }
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const WinogradTasks& winograd_;
  float* memory_;  ///< begins with transformed X
  kernels::WinogradBlock block_;
  kernels::WinogradPlanes planes_ = {};
  std::size_t width_ = 0;  ///< of a row of transformed X, and of sums
  std::size_t image_ = 0, group_ = 0;
  std::size_t first_group_ = 0, last_group_ = 0;  ///< of rows
};

}  // namespace

std::size_t place_winograd(const Convolution& convolution, WinogradTasks& winograd) {
  const auto channels = static_cast<std::size_t>(convolution.x_channels);
  winograd.input_stride = channels * kernels::kWinogradTiles + kernels::kSlackFloats;
  winograd.sums_begin = kernels::kWinogradPositions * winograd.input_stride;
  winograd.lines_begin = winograd.sums_begin + kernels::kWinogradPositions * winograd.rows * kernels::kWinogradTiles;
  winograd.offsets.reserve(channels * kTaps);
  for (std::size_t i = 0; i < channels * kTaps; ++i) {
    winograd.offsets.push_back(
        static_cast<std::ptrdiff_t>(i / kTaps * kChannelStride + i % kTaps / 3 * kLineStride + i % 3));
  }
  return winograd.lines_begin + line_floats(channels) + direct_weights(channels) + kDirectRows * kDirectSumStride;
}

std::size_t winograd_chain(std::size_t channels) {
  constexpr std::size_t kManyChannels = 129;
  return kernels::kChainLength / (channels < kManyChannels ? 4 : 8);
}

void transform_weights(const std::byte* w, std::size_t channels, std::size_t position_stride,
                       std::size_t channel_stride, float* to) {
  // G g, of three numbers that lie `step` apart.
  const auto transform = [](const double* g, std::size_t step, double* result, std::size_t result_step) {
    const double sum = g[0] + g[2 * step];
    result[0] = g[0];
    result[result_step] = (sum + g[step]) / 2;
    result[2 * result_step] = (sum - g[step]) / 2;
    result[3 * result_step] = g[2 * step];
  };
  for (std::size_t channel = 0; channel < channels; ++channel, w += kTaps * sizeof(float)) {
    float taps[kTaps];
    std::memcpy(taps, w, sizeof taps);
    double g[kTaps], half[4 * 3], result[kernels::kWinogradPositions];
    std::copy(taps, taps + kTaps, g);
    for (std::size_t i = 0; i < 3; ++i) transform(g + i, 3, half + i, 3);
    for (std::size_t i = 0; i < 4; ++i) transform(half + 3 * i, 1, result + 4 * i, 1);
    for (std::size_t i = 0; i < kernels::kWinogradPositions; ++i) {
      to[i * position_stride + channel * channel_stride] = static_cast<float>(result[i]);
    }
  }
}

void winograd_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  WinogradTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
