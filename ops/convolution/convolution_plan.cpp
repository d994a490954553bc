#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/kernels/gemm.hpp"

namespace linnet::internal {
namespace {

/// Multiply-adds that a core gets through in a nanosecond, and elements that it copies; for choosing tasks only.
constexpr double kProductsPerNanosecond = 40.0;
constexpr double kCopiedPerNanosecond = 4.0;
constexpr double kLeastTaskNanoseconds = 5e3;
constexpr double kMostTaskNanoseconds = 2e5;
/// Of a gathered block: 256 KiB, within the second-level cache.
constexpr std::size_t kBlockFloats = 1 << 16;
/// Of the copies that tap sums read: as much at best, and no more than 4 MiB.
constexpr std::int64_t kBandFloats = 1 << 16;
constexpr std::int64_t kMostBandFloats = 1 << 20;
/// Rows and depth of sums that do not earn gathering either.
constexpr std::size_t kMostTapSumRows = 16, kMostTapSumDepth = 16;
/// Where a task keeps its result for a while.
constexpr std::size_t kMostKeptRows = 240;
constexpr std::size_t kLeastTaskRows = 24;
/// What earns turning X and Y, for outputs as rows of a product.
constexpr std::size_t kLeastPixelRows = 32;
constexpr std::int64_t kLeastPixelChannels = 16;
constexpr std::size_t kMostPixels = 112;
constexpr std::int64_t kMostPixelInputs = 4096;
constexpr std::size_t kMostPixelTaps = 25;

/// Rows that lie at multiples of 1 KiB from each other would share few places of the first-level cache.
constexpr std::size_t weights_stride(std::size_t depth) { return depth % 256 == 0 ? depth + 16 : depth; }

double work_of(const Convolution& c, const ConvolutionPart& part) {
  const double copies = static_cast<double>(part.depth) * static_cast<double>(part.outputs) / kCopiedPerNanosecond;
  return static_cast<double>(c.images) * static_cast<double>(c.groups) *
         (copies + static_cast<double>(part.rows) * static_cast<double>(part.depth) *
                       static_cast<double>(part.outputs) / kProductsPerNanosecond);
}

/// The band's sizes with so many outputs of it; false where the copies of a group's channels would be too large.
bool set_band_sizes(const Convolution& c, const ConvolutionPart& part, std::int64_t outputs, std::int64_t most_floats,
                    TapBand& band) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  band.outputs = outputs;
  band.lowest.assign(axes.size(), 0);
  band.sizes.assign(axes.size(), 1);
  std::int64_t floats = c.x_channels;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto [low, high] = std::minmax_element(axes[i].shifts.begin(), axes[i].shifts.end());
    band.lowest[i] = *low;
    band.sizes[i] = (i == band.axis ? outputs : axes[i].outputs) + (*high - *low) / axes[i].stride;
    for (const std::int64_t factor : {band.sizes[i], axes[i].stride}) {
      if (factor > most_floats / floats) return false;
      floats *= factor;
    }
  }
  band.floats = static_cast<std::size_t>(floats / c.x_channels);
  return true;
}

void set_band_strides(const ConvolutionPart& part, TapBand& band) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  band.strides.assign(axes.size(), 1);
  band.remainder_strides.assign(axes.size(), 1);
  std::int64_t stride = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    band.strides[i] = stride;
    stride *= band.sizes[i];
  }
  for (std::size_t i = axes.size(); i-- > 0;) {
    band.remainder_strides[i] = stride;
    stride *= axes[i].stride;
  }
  band.span = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    band.span += static_cast<std::size_t>(((i == band.axis ? band.outputs : axes[i].outputs) - 1) * band.strides[i]);
  }
}

void set_band_offsets(const Convolution& c, const ConvolutionPart& part, TapBand& band) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  band.offsets.reserve(part.depth);
  for (std::size_t tap = 0; tap < part.taps; ++tap) {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::int64_t place = part.shifts[tap * axes.size() + i] - band.lowest[i];
      offset += place % axes[i].stride * band.remainder_strides[i] + place / axes[i].stride * band.strides[i];
    }
    for (std::int64_t channel = 0; channel < c.x_channels; ++channel) {
      band.offsets.push_back(static_cast<std::ptrdiff_t>(offset + channel * static_cast<std::int64_t>(band.floats)));
    }
  }
}

/// False where the part had better be a product.
bool plan_tap_sums(const Convolution& c, bool has_addend, int threads, ConvolutionPart& part) {
  const std::vector<TapAxis>& axes = part.grid.axes;
  const bool few_taps = !has_addend && part.rows <= kMostTapSumRows && part.depth <= kMostTapSumDepth;
  if (part.rows >= kLeastProductRows && !few_taps) return false;
  TapBand& band = part.band;
  while (band.axis + 1 < axes.size() && axes[band.axis].outputs == 1) ++band.axis;
  const std::int64_t all = axes[band.axis].outputs;
  if (!set_band_sizes(c, part, 1, kMostBandFloats, band)) return false;
  // The largest band that fits, halving; then bands of even size, and more of them where threads would be idle.
  std::int64_t outputs = all;
  while (outputs > 1 && !set_band_sizes(c, part, outputs, kBandFloats, band)) outputs = (outputs + 1) / 2;
  const double work = work_of(c, part);
  const auto wanted = static_cast<std::int64_t>(wanted_tasks(c, part, threads));
  const std::int64_t units = c.images * c.groups;
  const std::int64_t least_bands = (all + outputs - 1) / outputs;
  const std::int64_t bands = std::min(all, std::max(least_bands, (wanted + units - 1) / units));
  outputs = (all + bands - 1) / bands;
  band.bands = (all + outputs - 1) / outputs;
  set_band_sizes(c, part, outputs, kMostBandFloats, band);
  set_band_strides(part, band);
  set_band_offsets(c, part, band);
  const double group_work = work / static_cast<double>(units * band.bands);
  const auto most_groups = static_cast<std::int64_t>(std::max(1.0, kMostTaskNanoseconds / 2 / group_work));
  band.groups_of_task = std::clamp<std::int64_t>(units * band.bands / wanted, 1, std::min(most_groups, c.groups));
  part.tasks =
      static_cast<std::size_t>(c.images * band.bands * ((c.groups + band.groups_of_task - 1) / band.groups_of_task));
  part.form = ConvolutionForm::kTapSums;
  return true;
}

/// Whether outputs would leave much of a product's vectors empty as columns.
bool suits_pixels(const Convolution& c, const ConvolutionPart& part) {
  if (c.transposed || part.rows < kLeastPixelRows || c.x_channels < kLeastPixelChannels) return false;
  if (part.taps > kMostPixelTaps || c.x_plane > kMostPixelInputs) return false;
  const std::size_t columns = round_up(part.outputs, kernels::kColumnUnit);
  return part.outputs <= kMostPixels && 8 * columns >= 9 * part.outputs;
}

void plan_pixels(const Convolution& c, int threads, ConvolutionPart& part) {
  PixelTasks& pixels = part.pixels;
  const std::size_t panels = kernels::panel_count(part.rows);
  const auto units = static_cast<std::size_t>(c.images * c.groups);
  // Each task turns all of X.
  const std::size_t wanted = divide_up(static_cast<std::size_t>(threads), units);
  pixels.panels = divide_up(panels, std::min(panels, wanted));
  pixels.panel_tasks = divide_up(panels, pixels.panels);
  part.tasks = units * pixels.panel_tasks;
  part.form = ConvolutionForm::kPixels;
}

void plan_product(const Convolution& c, int threads, ConvolutionPart& part) {
  ProductTasks& product = part.product;
  const std::size_t panel = kernels::kPanelColumns;
  const std::size_t panels = divide_up(part.outputs, panel);
  const double work = work_of(c, part);
  const std::size_t wanted = wanted_tasks(c, part, threads);
  const auto units = static_cast<std::size_t>(c.images * c.groups);
  product.rows = part.rows;
  if (c.transposed && part.rows > kMostKeptRows) {
    const std::size_t channels = divide_up(part.rows / part.members, divide_up(part.rows, kMostKeptRows));
    product.rows = part.members > kMostKeptRows ? kMostKeptRows : channels * part.members;
  }
  product.row_tasks = divide_up(part.rows, product.rows);
  const std::size_t height = std::max(std::min(part.depth, kBlockDepth), c.transposed ? product.rows : 0);
  const std::size_t most_panels = std::max<std::size_t>(1, kBlockFloats / (height * panel));
  const std::size_t others = units * product.row_tasks;
  const std::size_t most_tasks = std::max(divide_up(panels, most_panels), divide_up(wanted, others));
  const double panel_work = work / static_cast<double>(panels * others);
  const auto short_enough = static_cast<std::size_t>(std::max(1.0, kMostTaskNanoseconds / panel_work));
  const std::size_t task_panels = std::min(divide_up(panels, most_tasks), short_enough);
  product.columns = task_panels * panel;
  product.column_tasks = divide_up(part.outputs, product.columns);
  if (product.column_tasks * others < wanted && part.rows >= 2 * kLeastTaskRows) {
    const std::size_t splits = std::min(divide_up(wanted, product.column_tasks * units), part.rows / kLeastTaskRows);
    if (splits > product.row_tasks) {
      constexpr std::size_t kTileRows = 12;
      product.rows = round_up(divide_up(part.rows, splits), kTileRows);
      product.row_tasks = divide_up(part.rows, product.rows);
    }
  }
  part.tasks = units * product.column_tasks * product.row_tasks;
}

/// W is packed alike then.
bool has_outputs_as_rows(const ConvolutionPart& part) {
  return part.form == ConvolutionForm::kPixels || part.form == ConvolutionForm::kWindows ||
         part.form == ConvolutionForm::kChannelsLast;
}

/// Floats of a worker; sets where its results begin among them.
std::size_t place_worker(const Convolution& c, ConvolutionPart& part) {
  std::size_t results = 0;
  if (part.form == ConvolutionForm::kChannelsLast) return place_channels_last(c, part);
  if (part.form == ConvolutionForm::kWinograd) return place_winograd(c, part);
  if (part.form == ConvolutionForm::kPixels) return place_pixels(c, part);
  if (part.form == ConvolutionForm::kWide) return wide_buffers(part).floats;
  if (part.form == ConvolutionForm::kWindows) {
    const std::size_t columns = std::min(packed_columns(part.rows), part.windows.panels * kernels::kPanelColumns);
    const auto other = static_cast<std::size_t>(part.windows.axis == 0 ? part.inner(1).outputs : 1);
    part.result_begin = cache_lines(part.windows.copied);
    if (c.channels_last) return part.result_begin;
    return part.result_begin + static_cast<std::size_t>(part.windows.outputs) * other * columns;
  }
  if (part.form == ConvolutionForm::kTapSums) {
    part.result_begin = cache_lines(static_cast<std::size_t>(c.x_channels) * part.band.floats + kernels::kTapSumSlack);
    results = part.rows * (part.band.span + kernels::kTapSumSlack);
  } else {
    const std::size_t columns = std::min(round_up(part.outputs, kernels::kColumnUnit), part.product.columns);
    part.result_begin = cache_lines(columns * std::min(part.depth, kBlockDepth) + kernels::kSlackFloats);
    results = c.transposed ? part.product.rows * columns : 0;
  }
  return part.result_begin + cache_lines(results);
}

}  // namespace

std::size_t wanted_tasks(const Convolution& c, const ConvolutionPart& part, int threads) {
  if (threads == 1) return 1;
  const double by_work = 1 + work_of(c, part) / kLeastTaskNanoseconds;
  return static_cast<std::size_t>(std::min(4.0 * threads, by_work));
}

ConvolutionPlan plan_convolution(const Convolution& convolution, bool has_b, bool has_addend, bool constant_w,
                                 int threads) {
  ConvolutionPlan plan;
  plan.convolution = convolution;
  plan.has_b = has_b;
  plan.has_addend = has_addend;
  std::vector<TapGrid> grids = tap_grids(convolution);
  plan.covers_output = covers_output(convolution, grids);
  for (TapGrid& grid : grids) {
    ConvolutionPart part;
    part.members = static_cast<std::size_t>(grid.members());
    part.taps = static_cast<std::size_t>(grid.taps());
    part.outputs = static_cast<std::size_t>(grid.outputs());
    part.rows = part.members * static_cast<std::size_t>(convolution.y_channels);
    part.depth = part.taps * static_cast<std::size_t>(convolution.x_channels);
    for (std::size_t tap = 0; tap < part.taps; ++tap) {
      for (std::size_t axis = 0; axis < grid.axes.size(); ++axis) {
        part.shifts.push_back(grid.shift_of(static_cast<std::int64_t>(tap), axis));
      }
    }
    const TapAxis& last = grid.axes.back();
    for (std::size_t tap = 0; tap < part.taps; ++tap) {
      const std::int64_t shift = part.shifts[(tap + 1) * grid.axes.size() - 1];
      part.inside.push_back(indices_inside(shift, last.stride, last.input, last.outputs));
    }
    for (std::size_t i = 0; i < part.members * part.taps; ++i) {
      part.elements.push_back(grid.kernel_element(convolution, static_cast<std::int64_t>(i / part.taps),
                                                  static_cast<std::int64_t>(i % part.taps)));
    }
    for (std::size_t i = 0; i < part.members * grid.axes.size(); ++i) {
      const auto member = static_cast<std::int64_t>(i / grid.axes.size());
      part.phases.push_back(static_cast<std::uint32_t>(grid.phase_of(member, i % grid.axes.size())));
    }
    part.grid = std::move(grid);
    const bool channels_last = convolution.channels_last;
    const bool winograd = constant_w && suits_winograd(convolution);
    const bool windows = constant_w && !winograd && plan_windows(convolution, threads, part);
    const bool pixels = constant_w && !channels_last && !winograd && !windows && suits_pixels(convolution, part);
    const std::size_t all_rows = part.rows * static_cast<std::size_t>(convolution.groups);
    part.weights_stride = weights_stride(pixels ? static_cast<std::size_t>(convolution.x_channels) : part.depth);
    part.weights_begin = plan.packed_floats;
    plan.packed_floats += cache_lines(winograd                             ? packed_winograd_floats(convolution, part)
                                      : pixels || windows || channels_last ? packed_pixel_floats(convolution, part)
                                                                           : all_rows * part.weights_stride);
    if (has_b && part.members > 1) {
      part.bias_begin = plan.bias_floats;
      plan.bias_floats += all_rows;
    }
    if (winograd) {
      plan_winograd(convolution, threads, part);
    } else if (channels_last && !windows) {
      plan_channels_last(convolution, threads, part);
    } else if (pixels) {
      plan_pixels(convolution, threads, part);
    } else if (!windows && !plan_wide(convolution, part) && !plan_tap_sums(convolution, has_addend, threads, part)) {
      plan_product(convolution, threads, part);
    }
    part.first_task = plan.tasks;
    plan.tasks += part.tasks;
    plan.work += work_of(convolution, part);
    plan.worker_floats = std::max(plan.worker_floats, place_worker(convolution, part));
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

std::string plan_refusal(const NodeView& node) {
  const Convolution c = convolution_of(node);
  if (c.images == 0) return "";
  if (c.x_channels == 0) return "X has no channels";
  if (c.channels_last) {
    if (node.input_constant(kConvolutionW) == nullptr) return "its channels are last and W is not constant";
    if (c.axes.size() > kMostChannelsLastAxes) {
      return text("its channels are last and it has more than ", kMostChannelsLastAxes, " spatial axes");
    }
  }
  return tap_grid_count(c) > kMostTapGrids ? text("its outputs are of more than ", kMostTapGrids, " kinds") : "";
}

bool reads_w(const ConvolutionPlan& plan) {
  return std::any_of(plan.parts.begin(), plan.parts.end(),
                     [](const ConvolutionPart& part) { return part.form == ConvolutionForm::kWinograd; });
}

std::string packing_key(const ConvolutionPlan& plan) {
  const Convolution& c = plan.convolution;
  std::string key = text("simd convolution ", c.transposed, " ", c.groups);
  for (const WindowAxis& axis : c.axes) {  // what decides about phases and their order
    if (c.transposed) key += text(" ", axis.stride, " ", axis.dilation, " ", axis.pad_begin, " ", axis.output);
  }
  for (const ConvolutionPart& part : plan.parts) {
    if (part.form == ConvolutionForm::kWinograd) key += " winograd";
    if (has_outputs_as_rows(part)) key += " pixels";
  }
  return key;
}

std::size_t place_workspace(ConvolutionPlan& plan, bool packs, int threads) {
  plan.packed_begin = plan.worker_floats * static_cast<std::size_t>(threads);
  plan.bias_begin = plan.packed_begin + (packs ? plan.packed_floats : 0);
  return plan.bias_begin + cache_lines(plan.bias_floats);
}

void pack_convolution(const ConvolutionPlan& plan, const std::byte* w, RunControl& control, float* packed) {
  constexpr std::size_t kTaskFloats = 1 << 16;
  const Convolution& c = plan.convolution;
  const auto channels = static_cast<std::size_t>(c.x_channels);
  const auto channel_stride = static_cast<std::size_t>(c.w_x_stride());
  for (const ConvolutionPart& part : plan.parts) {
    const std::size_t rows = part.rows * static_cast<std::size_t>(c.groups);
    const bool winograd = part.form == ConvolutionForm::kWinograd;
    if (winograd || has_outputs_as_rows(part)) {
      const std::size_t panels = kernels::panel_count(part.rows) * static_cast<std::size_t>(c.groups);
      control.parallel_for(panels, static_cast<double>(rows) * static_cast<double>(part.depth), [&](std::size_t task) {
        if (control.abandon_if_stopped()) return;
        const auto pack = winograd ? pack_winograd_panel : pack_pixel_panel;
        pack(c, part, task, w, packed);
      });
      continue;
    }
    const std::size_t task_rows = std::max<std::size_t>(1, kTaskFloats / part.depth);
    const double work = static_cast<double>(rows) * static_cast<double>(part.depth);
    control.parallel_for(divide_up(rows, task_rows), work, [&](std::size_t task) {
      for (std::size_t row = task * task_rows; row < std::min(rows, (task + 1) * task_rows); ++row) {
        if (control.abandon_if_stopped()) return;
        const std::size_t member = row % part.members;
        const auto group = static_cast<std::int64_t>(row / part.rows);
        const auto channel = static_cast<std::int64_t>(row % part.rows / part.members);
        float* to = packed + part.weights_begin + row * part.weights_stride;
        for (std::size_t tap = 0; tap < part.taps; ++tap, to += channels) {
          const std::int64_t first =
              group * c.w_group_stride() + channel * c.w_y_stride() + part.elements[member * part.taps + tap];
          const std::byte* from = w + static_cast<std::size_t>(first) * sizeof(float);
          for (std::size_t i = 0; i < channels; ++i) {
            std::memcpy(to + i, from + i * channel_stride * sizeof(float), sizeof(float));
          }
        }
      }
    });
  }
}

}  // namespace linnet::internal
