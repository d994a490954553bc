// Where the samples of RoiAlign lie.
#include <algorithm>
#include <cmath>

#include "ops/pooling/roi_align.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

bool set_weights(RunControl& control, const BinAxis& axis, std::size_t bins, double* weights, Range* ranges) {
  for (std::size_t bin = 0; bin < bins; ++bin, weights += axis.size) {
    std::fill_n(weights, axis.size, 0.0);
    Range& range = ranges[bin] = {axis.size, 0};
    const auto [first, last] = axis.samples(static_cast<double>(bin));
    for (double i = first; i < last; ++i) {
      if (control.abandon_if_stopped()) return false;
      const Sample sample = sample_at(axis.place(static_cast<double>(bin), i), axis.size);
      if (!sample.inside) continue;
      weights[sample.low] += sample.low_weight / axis.grid;
      weights[sample.high] += sample.high_weight / axis.grid;
      range.begin = std::min(range.begin, sample.low);
      range.end = std::max(range.end, sample.high + 1);
    }
    range.begin = std::min(range.begin, range.end);
  }
  return true;
}

}  // namespace

Regions regions_of(const NodeView& node) {
  const Shape x = node.input_shape(0);
  Regions regions;
  regions.attributes = node.attributes<RoiAlignAttributes>();
  regions.type = node.input_type(0);
  regions.batches = static_cast<std::size_t>(x[0]);
  regions.count = static_cast<std::size_t>(node.input_shape(1)[0]);
  regions.channels = static_cast<std::size_t>(x[1]);
  regions.height = static_cast<std::size_t>(x[2]);
  regions.width = static_cast<std::size_t>(x[3]);
  return regions;
}

void check_batches(const Regions& regions, const std::int64_t* batches) {
  for (std::size_t region = 0; region < regions.count; ++region) {
    if (batches[region] >= 0 && static_cast<std::size_t>(batches[region]) < regions.batches) continue;
    fail(ErrorCode::kRuntimeFault, "element ", region, " of batch_indices is ", batches[region], ", outside [0,",
         static_cast<std::int64_t>(regions.batches) - 1, "]");
  }
}

std::pair<double, double> BinAxis::samples(double index) const {
  const double first = start + index * bin;
  if (bin == 0) return {0, grid};
  double low = (-1.0 - first) / step() - 1.5;
  double high = (static_cast<double>(size) - first) / step() + 1.5;
  if (low > high) std::swap(low, high);
  // Also none where neighbours are one number.
  if (!(low <= high) || low > 0x1p50) return {0, 0};
  return {std::max(0.0, std::floor(low)), std::min(grid, std::ceil(high))};
}

Sample sample_at(double place, std::size_t size) {
  const double last = static_cast<double>(size) - 1;
  if (size == 0 || !(place >= -1.0 && place <= last + 1)) return {};
  place = std::min(std::max(place, 0.0), last);
  Sample sample{true};
  sample.low = static_cast<std::size_t>(place);
  sample.high = std::min(sample.low + 1, size - 1);
  sample.high_weight = place - std::floor(place);
  sample.low_weight = 1.0 - sample.high_weight;
  return sample;
}

BinAxis bin_axis(const Regions& regions, const void* rois, std::size_t region, std::size_t axis) {
  double corner[4];
  load_line(regions.type, rois, region * 4, 4, corner);
  const RoiAlignAttributes& attributes = regions.attributes;
  // Results of float operations, whatever they are computed in.
  const bool exact = regions.type == DataType::kFloat64;
  const auto rounded = [&](double value) { return exact ? value : static_cast<double>(static_cast<float>(value)); };
  const double offset = attributes.half_pixel ? 0.5 : 0.0;
  const auto scale = static_cast<double>(attributes.scale);
  const double start = rounded(rounded(corner[1 - axis] * scale) - offset);
  const double end = rounded(rounded(corner[3 - axis] * scale) - offset);
  double size = rounded(end - start);
  if (!attributes.half_pixel) size = std::max(size, 1.0);
  const auto bins = static_cast<double>(axis == 0 ? attributes.height : attributes.width);
  BinAxis result;
  result.start = start;
  result.bin = rounded(size / bins);
  result.grid = attributes.sampling_ratio > 0 ? static_cast<double>(attributes.sampling_ratio) : std::ceil(result.bin);
  if (!(result.grid >= 1)) result.grid = 0;
  result.size = axis == 0 ? regions.height : regions.width;
  return result;
}

BinLayout bin_layout(const Regions& regions) {
  const auto weights = [](std::size_t bins, std::size_t size) {
    return byte_count(DataType::kFloat64, {static_cast<std::int64_t>(bins), static_cast<std::int64_t>(size)});
  };
  WorkspaceLayout memory(weights(regions.bin_rows(), regions.height));
  BinLayout layout;
  layout.columns = memory.add(weights(regions.bin_columns(), regions.width));
  layout.row_ranges = memory.add(sizeof(Range) * regions.bin_rows());
  layout.column_ranges = memory.add(sizeof(Range) * regions.bin_columns());
  layout.bytes = memory.bytes();
  return layout;
}

BinWeights::BinWeights(const BinLayout& layout, std::byte* memory)
    : rows(reinterpret_cast<double*>(memory)),
      columns(reinterpret_cast<double*>(memory + layout.columns)),
      row_ranges(reinterpret_cast<Range*>(memory + layout.row_ranges)),
      column_ranges(reinterpret_cast<Range*>(memory + layout.column_ranges)) {}

bool BinWeights::set(RunControl& control, const Regions& regions, const void* rois, std::size_t region) {
  return set_weights(control, bin_axis(regions, rois, region, 0), regions.bin_rows(), rows, row_ranges) &&
         set_weights(control, bin_axis(regions, rois, region, 1), regions.bin_columns(), columns, column_ranges);
}

Range BinWeights::all_columns(const Regions& regions) const {
  Range all{regions.width, 0};
  for (std::size_t bin = 0; bin < regions.bin_columns(); ++bin) {
    const Range range = column_ranges[bin];
    if (range.empty()) continue;
    all = {std::min(all.begin, range.begin), std::max(all.end, range.end)};
  }
  if (all.begin > all.end) all = {0, 0};
  return all;
}

}  // namespace linnet::internal
