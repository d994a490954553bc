// Tasks of convolutions with few outputs, as in the last stage of a classifier, or behind a global pooling: their
// outputs are the rows of the product, where as columns they would leave much of its vectors empty.
//   Y' [outputs, rows] = X' [outputs, depth] * W' [depth, rows], with W' packed once
// The planes of X are turned, so that the channels of a place follow each other, and Y is turned back. Every sum is the
// one that multiply_task gives.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/shared/pixels.hpp"

namespace linnet::internal {
namespace {

/// Outputs gathered and multiplied before a stop is looked at.
constexpr std::size_t kPixelsAtOnce = 112;

class PixelTask {
 public:
  PixelTask(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory)
      : run_(run), part_(part), c_(run.plan.convolution), pixels_(part.pixels), memory_(memory) {
    first_ = task % pixels_.panel_tasks * pixels_.panels * kernels::kPanelColumns;
    columns_ = std::min(pixels_.panels * kernels::kPanelColumns, part.rows - first_);
    task /= pixels_.panel_tasks;
    group_ = task % static_cast<std::size_t>(c_.groups);
    image_ = task / static_cast<std::size_t>(c_.groups);
    c_stride_ = packed_columns(columns_);
  }

  void run() {
    transpose_floats(run_.x_plane(image_, group_), static_cast<std::size_t>(c_.x_plane), memory_, pixels_.turned_stride,
                     static_cast<std::size_t>(c_.x_plane), static_cast<std::size_t>(c_.x_channels));
    const float* packed =
        run_.operands.packed + part_.weights_begin + group_ * part_.depth * packed_columns(part_.rows);
    const float* addend = run_.addend_plane(image_, group_);
    float* const sums = memory_ + pixels_.sums_begin;
    for (std::size_t k = 0; k < part_.depth; k += kBlockDepth) {
      const std::size_t depth = std::min(kBlockDepth, part_.depth - k);
      kernels::GemmEpilogue epilogue;
      epilogue.fills_padding = true;
      if (k == 0) {
        epilogue.bias = run_.bias(part_, group_, first_);
      } else {
        epilogue.addend_row_stride = c_stride_;
        epilogue.addend_column_stride = 1;
      }
      if (k + depth == part_.depth && addend == nullptr) epilogue.activation = c_.activation;
      const float* b = packed + k * packed_columns(part_.rows) + first_ * depth;
      for (std::size_t output = 0; output < part_.outputs; output += kPixelsAtOnce) {
        if (run_.control.abandon_if_stopped()) return;
        const std::size_t some = std::min(kPixelsAtOnce, part_.outputs - output);
        if (pixels_.gathers) gather(k, depth, output, some);
        const float* a =
            pixels_.gathers ? memory_ + pixels_.gathered_begin : memory_ + output * pixels_.turned_stride + k;
        float* c = sums + output * c_stride_;
        if (k > 0) epilogue.addend = c;
        kernels::gemm(some, columns_, depth, a, pixels_.gathers ? pixels_.gathered_stride : pixels_.turned_stride, b,
                      epilogue, c, c_stride_, 0, kernels::panel_count(columns_));
      }
    }
    const std::size_t plane = first_ * part_.outputs;
    float* const y = run_.y_plane(image_, group_) + plane;
    transpose_floats(sums, c_stride_, y, part_.outputs, columns_, part_.outputs);
    if (addend == nullptr) return;
    for (std::size_t i = 0; i < columns_ * part_.outputs; ++i) y[i] += addend[plane + i];
    kernels::apply_activation(c_.activation, y, y, columns_ * part_.outputs);
  }

 private:
  /// Steps [k, k + depth) of what `outputs` outputs from `first` on read.
  void gather(std::size_t k, std::size_t depth, std::size_t first, std::size_t outputs) const {
    const auto channels = static_cast<std::size_t>(c_.x_channels);
    float* to = memory_ + pixels_.gathered_begin;
    for (const std::size_t end = k + depth; k < end;) {
      const std::size_t channel = k % channels;
      const std::size_t count = std::min(channels - channel, end - k);  // of one tap
      const std::int32_t* places = pixels_.places.data() + k / channels * part_.outputs + first;
      for (std::size_t output = 0; output < outputs; ++output) {
        float* row = to + output * pixels_.gathered_stride;
        if (places[output] < 0) {
          std::memset(row, 0, count * sizeof(float));
        } else {
          const auto place = static_cast<std::size_t>(places[output]);
          std::memcpy(row, memory_ + place * pixels_.turned_stride + channel, count * sizeof(float));
        }
      }
      to += count;
      k += count;
    }
  }

  const ConvolutionRun& run_;
  const ConvolutionPart& part_;
  const Convolution& c_;
  const PixelTasks& pixels_;
  float* memory_;  ///< begins with turned X
  std::size_t image_ = 0, group_ = 0;
  std::size_t first_ = 0, columns_ = 0;  ///< of rows of W
  std::size_t c_stride_ = 0;
};

/// The element of a plane that an output reads under a tap; -1 for none.
std::int32_t place_of(const ConvolutionPart& part, std::size_t tap, std::size_t output) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  auto left = static_cast<std::int64_t>(output);
  std::int64_t place = 0, size = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const std::int64_t input = left % axes[i].outputs * axes[i].stride + part.shifts[tap * axes.size() + i];
    if (input < 0 || input >= axes[i].input) return -1;
    place += input * size;
    size *= axes[i].input;
    left /= axes[i].outputs;
  }
  return static_cast<std::int32_t>(place);
}

}  // namespace

std::size_t place_pixels(const Convolution& c, ConvolutionPart& part) {
  PixelTasks& pixels = part.pixels;
  const auto plane = static_cast<std::size_t>(c.x_plane);
  pixels.gathers = part.taps > 1 || plane != part.outputs;
  pixels.places.reserve(part.taps * part.outputs);
  for (std::size_t i = 0; i < part.taps * part.outputs; ++i) {
    pixels.places.push_back(place_of(part, i / part.outputs, i % part.outputs));
    pixels.gathers |= pixels.places.back() != static_cast<std::int32_t>(i);
  }
  pixels.turned_stride = part.weights_stride;
  pixels.gathered_begin = cache_lines(plane * pixels.turned_stride);
  pixels.gathered_stride = std::min(kBlockDepth, part.depth) + 16;
  const std::size_t gathered = pixels.gathers ? std::min(kPixelsAtOnce, part.outputs) * pixels.gathered_stride : 0;
  pixels.sums_begin = pixels.gathered_begin + cache_lines(gathered);
  return pixels.sums_begin + part.outputs * pixels.panels * kernels::kPanelColumns;
}

std::size_t packed_pixel_floats(const Convolution& c, const ConvolutionPart& part) {
  return static_cast<std::size_t>(c.groups) * part.depth * packed_columns(part.rows);
}

void pack_pixel_columns(const PixelColumns& columns, const std::byte* w, float* packed) {
  const std::size_t width = packed_columns(columns.rows);
  const std::size_t row_depth = columns.channels * columns.taps;
  for (std::size_t channel = 0; channel < columns.channels; ++channel) {
    for (std::size_t tap = 0; tap < columns.taps; ++tap) {
      const std::size_t element = columns.elements == nullptr ? tap : static_cast<std::size_t>(columns.elements[tap]);
      const std::byte* from = w + (channel * columns.channel_stride + element) * sizeof(float);
      const std::size_t k = tap * columns.channels + channel;
      const std::size_t block = k / kBlockDepth * kBlockDepth;
      const std::size_t depth = std::min(kBlockDepth, row_depth - block);
      float* to = packed + block * columns.all + columns.first * depth + (k - block) * width;
      for (std::size_t row = 0; row < columns.rows; ++row) {
        std::memcpy(to + row, from + row * columns.row_stride * sizeof(float), sizeof(float));
      }
      std::fill(to + columns.rows, to + width, 0.0F);
    }
  }
}

void pack_pixel_panel(const Convolution& c, const ConvolutionPart& part, std::size_t index, const std::byte* w,
                      float* packed) {
  const std::size_t panels = kernels::panel_count(part.rows);
  const std::size_t first = index % panels * kernels::kPanelColumns, group = index / panels;
  PixelColumns columns = {};
  columns.channels = static_cast<std::size_t>(c.x_channels);
  columns.taps = part.taps;
  columns.rows = std::min(kernels::kPanelColumns, part.rows - first);
  columns.first = first;
  columns.all = packed_columns(part.rows);
  columns.channel_stride = static_cast<std::size_t>(c.w_x_stride());
  columns.row_stride = static_cast<std::size_t>(c.w_y_stride());
  columns.elements = part.elements.data();
  const std::size_t begin = group * static_cast<std::size_t>(c.w_group_stride()) + first * columns.row_stride;
  pack_pixel_columns(columns, w + begin * sizeof(float),
                     packed + part.weights_begin + group * part.depth * columns.all);
}

void pixel_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  PixelTask(run, part, task, memory).run();
}

}  // namespace linnet::internal
