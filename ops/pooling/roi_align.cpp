// RoiAlign: of each region r an output_height * output_width grid of bins, each the mean (mode "avg", the default) or
// the largest ("max") of samples of X[batch_indices[r]] within the bin. X [N,C,H,W], rois [R,4] (x1, y1, x2, y2, times
// spatial_scale), batch_indices [R] (int64), Y [R,C,output_height,output_width]. A bin has sampling_ratio *
// sampling_ratio samples, spread evenly; with 0 (the default) as many along an axis as its size, rounded up. A sample
// is weighed from the four elements around it; between the outermost elements and one step outside it is at the edge,
// and farther outside it is 0. "max" takes the largest of the four weighed elements of a sample, not their sum, as
// ONNX's reference does. coordinate_transformation_mode: "half_pixel" (the default from opset 16) moves regions by
// -0.5; "output_half_pixel" (the only one before) does not, and regions are at least 1 wide and high.
//
// Opsets 10 to newest; types: float, double, float16, bfloat16 (from 22, accepted at every opset). Regions are computed
// in float, of double in double; elements are weighed in double and rounded once. NaN and infinite coordinates have no
// samples, so their bins are 0. A batch index out of range is an error of the run.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChannelsOfTask = 32;
constexpr std::size_t kStored = 32;  // bins at a time
constexpr std::int64_t kMostSize = INT32_MAX;
constexpr std::size_t kSamplesBetweenLooks = 256;  // at whether the run is to stop

struct RoiAlignAttributes : Attributes {
  bool takes_largest = false;
  bool half_pixel = true;
  std::int64_t height = 1, width = 1, sampling_ratio = 0;
  float scale = 1.0F;
};

std::int64_t parse_size(ParseContext& context, const char* name, std::int64_t least) {
  const std::int64_t size = context.get_int(name, least);
  if (size < least || size > kMostSize) {
    invalid_model(name, " is ", size, ", expected ", least, " to ", kMostSize);
  }
  return size;
}

AttributesPtr parse(ParseContext& context) {
  static constexpr NamedValue<bool> kModes[] = {{"avg", false}, {"max", true}};
  static constexpr NamedValue<bool> kTransformations[] = {{"half_pixel", true}, {"output_half_pixel", false}};
  auto attributes = new_shared<RoiAlignAttributes>();
  attributes->takes_largest = named_value(context, "mode", kModes);
  attributes->half_pixel =
      context.opset() >= 16 && named_value(context, "coordinate_transformation_mode", kTransformations);
  attributes->height = parse_size(context, "output_height", 1);
  attributes->width = parse_size(context, "output_width", 1);
  attributes->sampling_ratio = parse_size(context, "sampling_ratio", 0);
  attributes->scale = context.get_float("spatial_scale", 1.0F);
  return attributes;
}

void infer(InferContext& context) {
  const Dims& x = context.input_dims(0);
  const Dims& rois = context.input_dims(1);
  const Dims& indices = context.input_dims(2);
  if (x.size() != 4) invalid_model("input X is ", x, ", expected [N,C,H,W]");
  if (rois.size() != 2 || rois[1].differs(4)) invalid_model("input rois is ", rois, ", expected [regions,4]");
  if (indices.size() != 1 || indices[0].differs(rois[0])) {
    invalid_model("input batch_indices is ", indices, ", expected ", Dims{rois[0]}, ", one for each region");
  }
  const auto& attributes = context.attributes<RoiAlignAttributes>();
  const Dim regions = rois[0].known() ? rois[0] : indices[0];
  context.set_output(0, {regions, x[1], attributes.height, attributes.width});
}

struct State {
  RoiAlignAttributes attributes;
  DataType type = DataType::kUndefined;
  std::int64_t batches = 0;
  std::size_t regions = 0, channels = 0, height = 0, width = 0;
  bool empty = false;
  std::size_t worker_bytes = 0;
  // Offsets of parts of a worker's memory, see Worker.
  std::size_t column_weights = 0, row_ranges = 0, column_ranges = 0, sums = 0, line = 0;
};

struct Range {
  std::size_t begin = 0, end = 0;
};

/// A worker's memory.
struct Worker {
  Worker(const State& state, std::byte* memory)
      : row_weights(reinterpret_cast<double*>(memory)),
        column_weights(reinterpret_cast<double*>(memory + state.column_weights)),
        row_ranges(reinterpret_cast<Range*>(memory + state.row_ranges)),
        column_ranges(reinterpret_cast<Range*>(memory + state.column_ranges)),
        sums(reinterpret_cast<double*>(memory + state.sums)),
        line(reinterpret_cast<double*>(memory + state.line)) {}
  double* row_weights;     ///< of each bin a weight for every row of X
  double* column_weights;  ///< likewise
  Range* row_ranges;       ///< where those of a bin are not 0
  Range* column_ranges;
  double* sums;  ///< as many as X has columns
  double* line;  ///< the same
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = context.attributes<RoiAlignAttributes>();
  state->type = context.input_type(0);
  const Shape x = context.input_shape(0);
  state->batches = x[0];
  state->regions = static_cast<std::size_t>(context.input_shape(1)[0]);
  state->channels = static_cast<std::size_t>(x[1]);
  state->height = static_cast<std::size_t>(x[2]);
  state->width = static_cast<std::size_t>(x[3]);
  state->empty = element_count(context.output_shape(0)) == 0;
  if (state->empty || state->attributes.takes_largest) return {std::move(state), 0, 0};
  const auto weights = [](std::int64_t bins, std::int64_t size) {
    return byte_count(DataType::kFloat64, {bins, size});
  };
  WorkspaceLayout layout;
  layout.add(weights(state->attributes.height, x[2]));
  state->column_weights = layout.add(weights(state->attributes.width, x[3]));
  state->row_ranges = layout.add(sizeof(Range) * static_cast<std::size_t>(state->attributes.height));
  state->column_ranges = layout.add(sizeof(Range) * static_cast<std::size_t>(state->attributes.width));
  state->sums = layout.add(weights(1, x[3]));
  state->line = layout.add(weights(1, x[3]));
  state->worker_bytes = layout.bytes();
  WorkspaceLayout all;
  for (int worker = 0; worker < context.threads(); ++worker) all.add(state->worker_bytes);
  return {std::move(state), all.bytes(), 0};
}

/// The bins of a region along one axis.
struct BinAxis {
  double start = 0;      ///< of the first bin
  double bin = 0;        ///< size of each
  double grid = 0;       ///< samples of each, a whole number
  std::size_t size = 0;  ///< of X

  double step() const { return bin / grid; }
  double place(double index, double sample) const { return start + index * bin + (sample + 0.5) * step(); }
  /// The samples of a bin, a few more at most, that X reaches.
  std::pair<double, double> samples(double index) const {
    const double first = start + index * bin;
    if (bin == 0) return {0, grid};
    double low = (-1.0 - first) / step() - 1.5;
    double high = (static_cast<double>(size) - first) / step() + 1.5;
    if (low > high) std::swap(low, high);
    // Also none where neighbours are one number.
    if (!(low <= high) || low > 0x1p50) return {0, 0};
    return {std::max(0.0, std::floor(low)), std::min(grid, std::ceil(high))};
  }
};

/// A sample between two neighbouring elements, the same one twice at an edge.
struct Sample {
  bool inside = false;
  std::size_t low = 0, high = 0;
  double low_weight = 0, high_weight = 0;
};

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

/// Along axis `axis` of X: 0 vertical, 1 horizontal.
BinAxis bin_axis(const State& state, const void* rois, std::size_t region, std::size_t axis) {
  double corner[4];
  load_line(state.type, rois, region * 4, 4, corner);
  const RoiAlignAttributes& attributes = state.attributes;
  // Results of float operations, whatever they are computed in.
  const bool exact = state.type == DataType::kFloat64;
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
  result.size = axis == 0 ? state.height : state.width;
  return result;
}

/// What every element of X along an axis adds to each bin's mean.
void set_weights(RunControl& control, const BinAxis& axis, std::size_t bins, double* weights, Range* ranges) {
  for (std::size_t bin = 0; bin < bins; ++bin, weights += axis.size) {
    std::fill_n(weights, axis.size, 0.0);
    Range& range = ranges[bin] = {axis.size, 0};
    const auto [first, last] = axis.samples(static_cast<double>(bin));
    for (double i = first; i < last; ++i) {
      if (control.abandon_if_stopped()) return;
      const Sample sample = sample_at(axis.place(static_cast<double>(bin), i), axis.size);
      if (!sample.inside) continue;
      weights[sample.low] += sample.low_weight / axis.grid;
      weights[sample.high] += sample.high_weight / axis.grid;
      range.begin = std::min(range.begin, sample.low);
      range.end = std::max(range.end, sample.high + 1);
    }
    range.begin = std::min(range.begin, range.end);
  }
}

template <typename T>
void add_weighed(const T* row, double weight, std::size_t count, double* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * static_cast<double>(row[i]);
}

/// Of a plane of X the worker's sums: what the rows weigh together in each of the columns.
void sum_rows(const State& state, const void* x, std::size_t plane, Range rows, const double* weights, Range columns,
              const Worker& worker) {
  const std::size_t count = columns.end - columns.begin;
  std::fill_n(worker.sums, count, 0.0);
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    const double weight = weights[row];
    const std::size_t first = plane * state.height * state.width + row * state.width + columns.begin;
    if (state.type == DataType::kFloat32) {
      add_weighed(static_cast<const float*>(x) + first, weight, count, worker.sums);
    } else {
      load_line(state.type, x, first, count, worker.line);
      add_weighed(worker.line, weight, count, worker.sums);
    }
  }
}

/// Of one region the channels [first, last).
void average(const State& state, const RunArguments& args, std::size_t region, std::size_t batch, std::size_t first,
             std::size_t last, const Worker& worker) {
  const auto height = static_cast<std::size_t>(state.attributes.height);
  const auto width = static_cast<std::size_t>(state.attributes.width);
  set_weights(args.control, bin_axis(state, args.inputs[1], region, 0), height, worker.row_weights, worker.row_ranges);
  set_weights(args.control, bin_axis(state, args.inputs[1], region, 1), width, worker.column_weights,
              worker.column_ranges);
  Range all{state.width, 0};
  for (std::size_t bin = 0; bin < width; ++bin) {
    const Range range = worker.column_ranges[bin];
    if (range.begin == range.end) continue;
    all = {std::min(all.begin, range.begin), std::max(all.end, range.end)};
  }
  if (all.begin > all.end) all = {0, 0};
  for (std::size_t channel = first; channel < last; ++channel) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t plane = batch * state.channels + channel;
    for (std::size_t bin_row = 0; bin_row < height; ++bin_row) {
      sum_rows(state, args.inputs[0], plane, worker.row_ranges[bin_row], worker.row_weights + bin_row * state.height,
               all, worker);
      const std::size_t to = ((region * state.channels + channel) * height + bin_row) * width;
      for (std::size_t first_bin = 0; first_bin < width; first_bin += kStored) {
        double bins[kStored];
        const std::size_t count = std::min(kStored, width - first_bin);
        for (std::size_t i = 0; i < count; ++i) {
          const double* const weights = worker.column_weights + (first_bin + i) * state.width;
          const auto [begin, end] = worker.column_ranges[first_bin + i];
          bins[i] = 0;
          for (std::size_t column = begin; column < end; ++column) {
            bins[i] += weights[column] * worker.sums[column - all.begin];
          }
        }
        store_line(state.type, bins, to + first_bin, count, args.outputs[0]);
      }
    }
  }
}

double element(const State& state, const void* x, std::size_t plane, std::size_t row, std::size_t column) {
  double value;
  load_line(state.type, x, (plane * state.height + row) * state.width + column, 1, &value);
  return value;
}

double largest_of_bin(const State& state, const RunArguments& args, std::size_t plane, const BinAxis& vertical,
                      const BinAxis& horizontal, double bin_row, double bin_column) {
  const auto [first_row, last_row] = vertical.samples(bin_row);
  const auto [first_column, last_column] = horizontal.samples(bin_column);
  const double samples = vertical.grid * horizontal.grid;
  double seen = 0;
  std::size_t looked_at = 0;
  double largest = -std::numeric_limits<double>::infinity();
  for (double i = first_row; i < last_row; ++i) {
    const Sample row = sample_at(vertical.place(bin_row, i), vertical.size);
    if (!row.inside) continue;
    for (double j = first_column; j < last_column; ++j) {
      if (looked_at++ % kSamplesBetweenLooks == 0 && args.control.abandon_if_stopped()) return 0;
      const Sample column = sample_at(horizontal.place(bin_column, j), horizontal.size);
      if (!column.inside) continue;
      ++seen;
      const auto weighed = [&](std::size_t at_row, double row_weight, std::size_t at_column, double column_weight) {
        largest =
            std::max(largest, row_weight * column_weight * element(state, args.inputs[0], plane, at_row, at_column));
      };
      weighed(row.low, row.low_weight, column.low, column.low_weight);
      weighed(row.low, row.low_weight, column.high, column.high_weight);
      weighed(row.high, row.high_weight, column.low, column.low_weight);
      weighed(row.high, row.high_weight, column.high, column.high_weight);
    }
  }
  return seen < samples || samples == 0 ? std::max(largest, 0.0) : largest;
}

void largest(const State& state, const RunArguments& args, std::size_t region, std::size_t batch, std::size_t first,
             std::size_t last) {
  const BinAxis vertical = bin_axis(state, args.inputs[1], region, 0);
  const BinAxis horizontal = bin_axis(state, args.inputs[1], region, 1);
  const auto height = static_cast<std::size_t>(state.attributes.height);
  const auto width = static_cast<std::size_t>(state.attributes.width);
  for (std::size_t bin = first * height * width; bin < last * height * width; ++bin) {
    const std::size_t plane = batch * state.channels + bin / (height * width);
    const double value = largest_of_bin(state, args, plane, vertical, horizontal,
                                        static_cast<double>(bin / width % height), static_cast<double>(bin % width));
    store_line(state.type, &value, region * state.channels * height * width + bin, 1, args.outputs[0]);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* batches = static_cast<const std::int64_t*>(args.inputs[2]);
  for (std::size_t region = 0; region < state.regions; ++region) {
    if (batches[region] >= 0 && batches[region] < state.batches) continue;
    fail(ErrorCode::kRuntimeFault, "element ", region, " of batch_indices is ", batches[region], ", outside [0,",
         state.batches - 1, "]");
  }
  if (state.empty) return;
  const std::size_t blocks = (state.channels + kChannelsOfTask - 1) / kChannelsOfTask;
  const double bins = static_cast<double>(state.attributes.height) * static_cast<double>(state.attributes.width);
  const double work = static_cast<double>(state.regions * state.channels) * bins * 20;
  args.control.parallel_for(state.regions * blocks, work, [&](std::size_t task, std::size_t worker) {
    const std::size_t region = task / blocks;
    const std::size_t first = task % blocks * kChannelsOfTask;
    const std::size_t last = std::min(first + kChannelsOfTask, state.channels);
    const auto batch = static_cast<std::size_t>(batches[region]);
    if (state.attributes.takes_largest) return largest(state, args, region, batch, first, last);
    std::byte* const memory = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
    average(state, args, region, batch, first, last, Worker(state, memory));
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 2) return std::nullopt;
  return wanted_indices(node.input_dims(0).empty() ? Dim(1) : node.input_dims(0)[0], "the image of a region");
}

constexpr InputDef kInputs[] = {{"X", kFloatTypes}, {"rois", kFloatTypes, kTypeOfFirst}, {"batch_indices", kInt64Type}};

}  // namespace

void register_roi_align(Registry& registry) {
  OpDef op;
  op.name = "RoiAlign";
  op.since_opset = 10;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
