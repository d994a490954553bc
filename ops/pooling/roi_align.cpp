// RoiAlign: of each region r an output_height * output_width grid of bins, each the mean (mode "avg", the default) or
// the largest ("max") of samples of X[batch_indices[r]] within the bin. X [N,C,H,W], rois [R,4] (x1, y1, x2, y2, times
// spatial_scale), batch_indices [R] (int64), Y [R,C,output_height,output_width]. A bin has sampling_ratio *
// sampling_ratio samples, spread evenly; with 0 (the default) as many along an axis as its size, rounded up. A sample
// is weighed from the four elements around it; between the outermost elements and one step outside it is at the edge,
// and farther outside it is 0. "max" takes the largest of the four weighed elements of a sample, not their sum, as
// ONNX's reference does. coordinate_transformation_mode: "half_pixel" (the default from opset 16) moves regions by
// -0.5; "output_half_pixel" (the only one before) does not, and regions are at least 1 wide and high.
//
// Implementations: simd pixels, of float32 and mode "avg", copies X so that the channels of an element lie side by
// side, and adds what the elements of a bin's rows weigh, then of its columns; up to four in float32, more in double,
// rounded to float32. Elements of weight 0 count for nothing there, whatever they are.
//
// Opsets 10 to newest; types: float, double, float16, bfloat16 (from 22, accepted at every opset). Regions are computed
// in float, of double in double; else elements are weighed in double and rounded once. NaN and infinite coordinates
// have no samples, so their bins are 0. A batch index out of range is an error of the run.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ops/pooling/roi_align.hpp"
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
  Regions regions;
  BinLayout weights;
  std::size_t sums = 0, line = 0, worker_bytes = 0;  ///< of a worker's memory, which begins with BinWeights
};

/// A worker's memory.
struct Worker {
  Worker(const State& state, std::byte* memory)
      : weights(state.weights, memory),
        sums(reinterpret_cast<double*>(memory + state.sums)),
        line(reinterpret_cast<double*>(memory + state.line)) {}
  BinWeights weights;
  double* sums;  ///< as many as X has columns
  double* line;  ///< the same
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->regions = regions_of(context);
  if (state->regions.empty() || state->regions.attributes.takes_largest) return {std::move(state), 0, 0};
  const std::size_t line = byte_count(DataType::kFloat64, {static_cast<std::int64_t>(state->regions.width)});
  state->weights = bin_layout(state->regions);
  WorkspaceLayout layout(state->weights.bytes);
  state->sums = layout.add(line);
  state->line = layout.add(line);
  state->worker_bytes = layout.bytes();
  WorkspaceLayout all;
  for (int worker = 0; worker < context.threads(); ++worker) all.add(state->worker_bytes);
  return {std::move(state), all.bytes(), 0};
}

template <typename T>
void add_weighed(const T* row, double weight, std::size_t count, double* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * static_cast<double>(row[i]);
}

/// Of a plane of X the worker's sums: what the rows weigh together in each of the columns.
void sum_rows(const Regions& regions, const void* x, std::size_t plane, Range rows, const double* weights,
              Range columns, const Worker& worker) {
  const std::size_t count = columns.end - columns.begin;
  std::fill_n(worker.sums, count, 0.0);
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    const double weight = weights[row];
    const std::size_t first = plane * regions.height * regions.width + row * regions.width + columns.begin;
    if (regions.type == DataType::kFloat32) {
      add_weighed(static_cast<const float*>(x) + first, weight, count, worker.sums);
    } else {
      load_line(regions.type, x, first, count, worker.line);
      add_weighed(worker.line, weight, count, worker.sums);
    }
  }
}

/// Of one region the channels [first, last).
void average(const Regions& regions, const RunArguments& args, std::size_t region, std::size_t batch, std::size_t first,
             std::size_t last, Worker worker) {
  const std::size_t height = regions.bin_rows(), width = regions.bin_columns();
  BinWeights& weights = worker.weights;
  if (!weights.set(args.control, regions, args.inputs[1], region)) return;
  const Range all = weights.all_columns(regions);
  for (std::size_t channel = first; channel < last; ++channel) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t plane = batch * regions.channels + channel;
    for (std::size_t bin_row = 0; bin_row < height; ++bin_row) {
      sum_rows(regions, args.inputs[0], plane, weights.row_ranges[bin_row], weights.rows + bin_row * regions.height,
               all, worker);
      const std::size_t to = ((region * regions.channels + channel) * height + bin_row) * width;
      for (std::size_t first_bin = 0; first_bin < width; first_bin += kStored) {
        double bins[kStored];
        const std::size_t count = std::min(kStored, width - first_bin);
        for (std::size_t i = 0; i < count; ++i) {
          const double* const of_columns = weights.columns + (first_bin + i) * regions.width;
          const auto [begin, end] = weights.column_ranges[first_bin + i];
          bins[i] = 0;
          for (std::size_t column = begin; column < end; ++column) {
            bins[i] += of_columns[column] * worker.sums[column - all.begin];
          }
        }
        store_line(regions.type, bins, to + first_bin, count, args.outputs[0]);
      }
    }
  }
}

double element(const Regions& regions, const void* x, std::size_t plane, std::size_t row, std::size_t column) {
  double value;
  load_line(regions.type, x, (plane * regions.height + row) * regions.width + column, 1, &value);
  return value;
}

double largest_of_bin(const Regions& regions, const RunArguments& args, std::size_t plane, const BinAxis& vertical,
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
            std::max(largest, row_weight * column_weight * element(regions, args.inputs[0], plane, at_row, at_column));
      };
      weighed(row.low, row.low_weight, column.low, column.low_weight);
      weighed(row.low, row.low_weight, column.high, column.high_weight);
      weighed(row.high, row.high_weight, column.low, column.low_weight);
      weighed(row.high, row.high_weight, column.high, column.high_weight);
    }
  }
  return seen < samples || samples == 0 ? std::max(largest, 0.0) : largest;
}

void largest(const Regions& regions, const RunArguments& args, std::size_t region, std::size_t batch, std::size_t first,
             std::size_t last) {
  const BinAxis vertical = bin_axis(regions, args.inputs[1], region, 0);
  const BinAxis horizontal = bin_axis(regions, args.inputs[1], region, 1);
  const auto height = static_cast<std::size_t>(regions.attributes.height);
  const auto width = static_cast<std::size_t>(regions.attributes.width);
  for (std::size_t bin = first * height * width; bin < last * height * width; ++bin) {
    const std::size_t plane = batch * regions.channels + bin / (height * width);
    const double value = largest_of_bin(regions, args, plane, vertical, horizontal,
                                        static_cast<double>(bin / width % height), static_cast<double>(bin % width));
    store_line(regions.type, &value, region * regions.channels * height * width + bin, 1, args.outputs[0]);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Regions& regions = state.regions;
  const auto* batches = static_cast<const std::int64_t*>(args.inputs[2]);
  check_batches(regions, batches);
  if (regions.empty()) return;
  const std::size_t blocks = (regions.channels + kChannelsOfTask - 1) / kChannelsOfTask;
  const double bins = static_cast<double>(regions.bin_rows()) * static_cast<double>(regions.bin_columns());
  const double work = static_cast<double>(regions.count * regions.channels) * bins * 20;
  args.control.parallel_for(regions.count * blocks, work, [&](std::size_t task, std::size_t worker) {
    const std::size_t region = task / blocks;
    const std::size_t first = task % blocks * kChannelsOfTask;
    const std::size_t last = std::min(first + kChannelsOfTask, regions.channels);
    const auto batch = static_cast<std::size_t>(batches[region]);
    if (regions.attributes.takes_largest) return largest(regions, args, region, batch, first, last);
    std::byte* const memory = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
    average(regions, args, region, batch, first, last, Worker(state, memory));
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
  op.implementations = {{"simd pixels", Backend::kSimd, accepts_roi_pixels, prepare_roi_pixels, run_roi_pixels},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
