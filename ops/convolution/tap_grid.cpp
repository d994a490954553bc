#include "ops/convolution/tap_grid.hpp"

#include <algorithm>
#include <numeric>

namespace linnet::internal {
namespace {

template <typename Count>
std::int64_t product_over(const std::vector<TapAxis>& axes, const Count& count) {
  std::int64_t product = 1;
  for (const TapAxis& axis : axes) product *= count(axis);
  return product;
}

std::int64_t shifts_in(const TapAxis& axis) { return static_cast<std::int64_t>(axis.shifts.size()); }
std::int64_t phases_in(const TapAxis& axis) { return static_cast<std::int64_t>(axis.phases.size()); }

/// The place along `axis` that `index` stands for, of axes with as many places as `count` says.
template <typename Count>
std::int64_t place_of(const std::vector<TapAxis>& axes, std::int64_t index, std::size_t axis, const Count& count) {
  for (std::size_t i = axes.size() - 1; i > axis; --i) index /= count(axes[i]);
  return index % count(axes[axis]);
}

TapAxis convolution_axis(const WindowAxis& window) {
  TapAxis axis;
  axis.input = window.input;
  axis.outputs = axis.y_size = window.output;
  axis.stride = window.stride;
  axis.phases.resize(1);
  for (std::int64_t k = 0; k < window.kernel; ++k) {
    axis.shifts.push_back(k * window.dilation - window.pad_begin);
    axis.phases[0].kernel.push_back(k);
  }
  return axis;
}

/// One for each list of shifts that some phase has, or for each phase, where `merges` is false; the rest is left out
/// behind kMostTapGrids.
std::vector<TapAxis> transposed_axes(const WindowAxis& window, bool merges) {
  std::vector<TapAxis> axes;
  // Taps of one phase follow each other at this distance.
  const std::int64_t period = window.stride / std::gcd(window.stride, window.dilation);
  for (std::int64_t tap = 0; tap < std::min(period, window.kernel); ++tap) {
    const auto place = [&](std::int64_t k) { return k * window.dilation - window.pad_begin; };  // of input 0
    TapAxis::Phase phase;
    phase.begin = (place(tap) % window.stride + window.stride) % window.stride;
    if (phase.begin >= window.output) continue;
    TapAxis axis;
    for (std::int64_t k = tap + (window.kernel - 1 - tap) / period * period; k >= tap; k -= period) {
      axis.shifts.push_back((phase.begin - place(k)) / window.stride);
      phase.kernel.push_back(k);
    }
    const auto same = std::find_if(axes.begin(), axes.end(),
                                   [&](const TapAxis& other) { return merges && other.shifts == axis.shifts; });
    TapAxis& target = same != axes.end() ? *same : axes.emplace_back(std::move(axis));
    target.input = window.input;
    target.y_size = window.output;
    target.y_step = window.stride;
    target.outputs = std::max(target.phases.empty() ? 0 : target.outputs, target.outputs_of(phase));
    target.phases.push_back(std::move(phase));
    if (axes.size() > kMostTapGrids) break;
  }
  return axes;
}

}  // namespace

std::int64_t TapGrid::outputs() const {
  return product_over(axes, [](const TapAxis& axis) { return axis.outputs; });
}
std::int64_t TapGrid::taps() const { return product_over(axes, shifts_in); }
std::int64_t TapGrid::members() const { return product_over(axes, phases_in); }

std::int64_t TapGrid::phase_of(std::int64_t member, std::size_t axis) const {
  return place_of(axes, member, axis, phases_in);
}

std::int64_t TapGrid::shift_of(std::int64_t tap, std::size_t axis) const {
  return axes[axis].shifts[static_cast<std::size_t>(place_of(axes, tap, axis, shifts_in))];
}

std::int64_t TapGrid::kernel_element(const Convolution& convolution, std::int64_t member, std::int64_t tap) const {
  std::int64_t element = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto phase = static_cast<std::size_t>(phase_of(member, i));
    const auto shift = static_cast<std::size_t>(place_of(axes, tap, i, shifts_in));
    element = element * convolution.axes[i].kernel + axes[i].phases[phase].kernel[shift];
  }
  return element;
}

std::vector<TapGrid> tap_grids(const Convolution& convolution) {
  std::vector<TapGrid> grids(1);
  for (const WindowAxis& window : convolution.axes) {
    const std::vector<TapAxis> choices = convolution.transposed ? transposed_axes(window, !convolution.channels_last)
                                                                : std::vector<TapAxis>{convolution_axis(window)};
    std::vector<TapGrid> longer;
    for (const TapGrid& grid : grids) {
      for (const TapAxis& axis : choices) {
        longer.push_back(grid);
        longer.back().axes.push_back(axis);
      }
    }
    grids = std::move(longer);
  }
  return grids;
}

std::size_t tap_grid_count(const Convolution& convolution) {
  std::size_t count = 1;
  for (const WindowAxis& window : convolution.axes) {
    if (convolution.transposed && count <= kMostTapGrids) {
      count *= transposed_axes(window, !convolution.channels_last).size();
    }
  }
  return count;
}

bool covers_output(const Convolution& convolution, const std::vector<TapGrid>& grids) {
  std::int64_t phases = 0;
  for (const TapGrid& grid : grids) phases += grid.members();
  std::int64_t all = 1;
  for (const WindowAxis& window : convolution.axes) {
    if (convolution.transposed) all *= std::min(window.stride, window.output);
  }
  return phases == all;
}

}  // namespace linnet::internal
