#include "ops/shared/window_lines.hpp"

#include <algorithm>

#include "runtime/rounding.hpp"

namespace linnet::internal {
namespace {

/// Elements of X under the outputs of a task, about, and the most taps that it adds.
constexpr double kTaskElements = 65536;
constexpr double kTaskTaps = 4e6;
/// Elements of X under a line that the first-level cache keeps for the next line.
constexpr double kCachedElements = 12288;

/// As many of `count` as fit, one at least.
std::size_t as_many(double fit, std::size_t count) {
  return static_cast<std::size_t>(std::clamp(fit, 1.0, static_cast<double>(count)));
}

}  // namespace

void WindowLinesPlan::cut(const std::vector<WindowAxis>& axes, std::int64_t images, std::int64_t channels,
                          int threads) {
  kernels::LineAxis* const line_axes[kMostLineAxes] = {&whole_.depth, &whole_.rows, &whole_.columns};
  std::int64_t distance = channels;
  double taps = 1;
  for (std::size_t i = kMostLineAxes; i-- > 0;) {
    const std::size_t left_out = first_axis(axes.size());
    const WindowAxis axis = i < left_out ? WindowAxis() : axes[i - left_out];
    for (std::int64_t output = 0; output < axis.output; ++output) {
      const auto [begin, end] = axis.taps(output);
      taps_[i].push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    }
    const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
    *line_axes[i] = {nullptr,           size(axis.output),   size(axis.input),     size(axis.kernel),
                     size(axis.stride), size(axis.dilation), size(axis.pad_begin), distance};
    std::vector<std::ptrdiff_t> offsets;
    for (std::int64_t tap = 0; tap < axis.kernel; ++tap) {
      for (const std::ptrdiff_t inner : offsets_) offsets.push_back(tap * axis.dilation * distance + inner);
    }
    offsets_ = std::move(offsets);
    distance *= axis.input;
    taps *= static_cast<double>(axis.kernel);
  }
  const WindowAxis& last = axes.back();
  const auto [first_inner, behind_inner] = indices_inside(
      -last.pad_begin, last.stride, std::max<std::int64_t>(0, last.input - last.span() + 1), last.output);
  whole_.inner_begin = static_cast<std::size_t>(first_inner);
  whole_.inner_end = static_cast<std::size_t>(behind_inner);
  whole_.channels = static_cast<std::size_t>(channels);
  images_ = static_cast<std::size_t>(images);
  lines_ = whole_.depth.outputs * whole_.rows.outputs;
  columns_ = whole_.columns.outputs;
  x_image_ = static_cast<std::size_t>(distance);
  y_image_ = lines_ * columns_ * whole_.channels;
  work_ = static_cast<double>(images_) * static_cast<double>(y_image_) * taps;

  const double under = taps / static_cast<double>(last.kernel) * static_cast<double>(last.input);
  whole_.channels_at_once =
      kernels::kLeastLineChannels * as_many(kCachedElements / under / static_cast<double>(kernels::kLeastLineChannels),
                                            divide_up(whole_.channels, kernels::kLeastLineChannels));
  const double column = static_cast<double>(last.stride) * static_cast<double>(channels);
  const double most_columns = std::min(kTaskElements / column, kTaskTaps / taps / static_cast<double>(channels));
  piece_ = as_many(most_columns, columns_);
  pieces_ = divide_up(columns_, piece_);
  const std::int64_t rows_apart = axes.size() > 1 ? axes[axes.size() - 2].stride : 1;
  band_ = as_many(most_columns / static_cast<double>(piece_) / static_cast<double>(rows_apart), lines_);
  const auto workers = static_cast<std::size_t>(threads);
  if (images_ * pieces_ < workers) band_ = std::min(band_, divide_up(lines_, workers));
  tasks_ = divide_up(lines_, band_) * pieces_;
}

kernels::WindowLines WindowLinesPlan::part(std::size_t task, const float* x, float* y) const {
  kernels::WindowLines lines = whole_;
  lines.depth.taps = taps_[0].data();
  lines.rows.taps = taps_[1].data();
  lines.columns.taps = taps_[2].data();
  lines.offsets = offsets_.data();
  const std::size_t image = task / tasks_;
  task %= tasks_;
  lines.x = x + image * x_image_;
  lines.y = y + image * y_image_;
  lines.line_begin = task / pieces_ * band_;
  lines.line_end = std::min(lines_, lines.line_begin + band_);
  lines.column_begin = task % pieces_ * piece_;
  lines.column_end = std::min(columns_, lines.column_begin + piece_);
  return lines;
}

}  // namespace linnet::internal
