// RoiAlign of many channels: those of an element of X, copied side by side, are added as vectors.
#include <algorithm>

#include "ops/kernels/resample.hpp"
#include "ops/pooling/roi_align.hpp"
#include "ops/shared/pixels.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kFewChannels = 8;
constexpr std::size_t kMostBins = 4096;    // of a region
constexpr std::size_t kPixelsOfBin = 8;    // copied in the time that a bin takes without copies
constexpr std::size_t kChannels = 64;      // of a region at a time
constexpr std::size_t kMostAxis = 1024;    // elements of X along one; their weights are listed
constexpr std::size_t kMostListed = 4096;  // elements of X that are added at a time
constexpr std::size_t kPoints = 64;        // sums whose elements are listed at a time
constexpr double kBinNanoseconds = 2.0;    // for each channel
static_assert(kPoints % kernels::kTablePadding == 0, "tables hold whole lines");

struct State {
  Regions regions;
  BinLayout bin_weights;
  /// Offsets: of the workers' memory in the workspace, and in that of one, which begins with BinWeights.
  std::size_t workers = 0, pixels = 0, weights = 0, columns = 0, bins = 0;
  std::size_t worker_bytes = 0;
};

std::size_t floats(std::size_t rows, std::size_t columns) {
  return byte_count(DataType::kFloat32, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
}

/// Sums over elements of X or of what was made of it: a list of them for each of kPoints sums.
class Taps {
 public:
  Taps(std::int32_t* pixels, float* weights) : pixels_(pixels), weights_(weights) {}

  /// The first `points` sums have no elements. At most `most` of each are listed.
  void clear(std::size_t points, std::size_t most) {
    for (std::size_t tap = 0; tap < most; ++tap) {
      std::fill_n(pixels_ + tap * kPoints, points, 0);
      std::fill_n(weights_ + tap * kPoints, points, 0.0F);
    }
    taps_ = most;
  }
  void set(std::size_t point, std::size_t tap, std::size_t pixel, double weight) {
    pixels_[tap * kPoints + point] = static_cast<std::int32_t>(pixel);
    weights_[tap * kPoints + point] = static_cast<float>(weight);
  }
  /// Channels [first, first + count) of `points` sums. Requires: an element may be listed.
  void add(const float* x, std::size_t channels, std::size_t points, std::size_t first, std::size_t count,
           float* y) const {
    kernels::weighted_pixels({x, channels, pixels_, weights_, kPoints, taps_}, points, first, y, count);
  }

 private:
  std::int32_t* pixels_;
  float* weights_;
  std::size_t taps_ = 0;
};

/// One region's channels [first, first + count).
class RegionTask {
 public:
  RegionTask(const State& state, const RunArguments& args, std::size_t region, std::size_t first, std::byte* memory)
      : regions_(state.regions),
        args_(args),
        region_(region),
        first_(first),
        count_(std::min(kChannels, regions_.channels - first)),
        weights_(state.bin_weights, memory),
        taps_(reinterpret_cast<std::int32_t*>(memory + state.pixels), reinterpret_cast<float*>(memory + state.weights)),
        columns_(reinterpret_cast<float*>(memory + state.columns)),
        bins_(reinterpret_cast<float*>(memory + state.bins)) {}

  /// `x`: [pixels, channels] of its image.
  void run(const float* x) {
    if (!weights_.set(args_.control, regions_, args_.inputs[1], region_)) return;
    all_ = weights_.all_columns(regions_);
    const std::size_t rows = regions_.bin_rows(), columns = regions_.bin_columns();
    for (std::size_t bin_row = 0; bin_row < rows; ++bin_row) {
      float* const to = bins_ + bin_row * columns * count_;
      if (all_.empty() || weights_.row_ranges[bin_row].empty()) {
        std::fill_n(to, columns * count_, 0.0F);
        continue;
      }
      if (!sum_rows(x, bin_row) || !sum_columns(to)) return;
    }
    const std::size_t bins = rows * columns;
    float* const y = static_cast<float*>(args_.outputs[0]) + (region_ * regions_.channels + first_) * bins;
    transpose_floats(bins_, count_, y, bins, count_, bins);
  }

 private:
  /// So many sums at a time that a stop is looked at in between.
  static std::size_t points_of(std::size_t taps) { return std::clamp<std::size_t>(kMostListed / taps, 1, kPoints); }

  /// What the rows of a row of bins weigh together, in each of the columns of X that a bin has. False when the run is
  /// to stop; so below.
  bool sum_rows(const float* x, std::size_t bin_row) {
    const Range rows = weights_.row_ranges[bin_row];
    const std::size_t step = points_of(rows.end - rows.begin);
    for (std::size_t column = all_.begin; column < all_.end; column += step) {
      if (args_.control.abandon_if_stopped()) return false;
      const std::size_t points = std::min(step, all_.end - column);
      taps_.clear(points, rows.end - rows.begin);
      for (std::size_t row = rows.begin; row < rows.end; ++row) {
        const double weight = weights_.rows[bin_row * regions_.height + row];
        for (std::size_t i = 0; i < points; ++i) {
          taps_.set(i, row - rows.begin, row * regions_.width + column + i, weight);
        }
      }
      taps_.add(x, regions_.channels, points, first_, count_, columns_ + (column - all_.begin) * count_);
    }
    return true;
  }

  /// A row of bins of those.
  bool sum_columns(float* to) {
    const Range* const ranges = weights_.column_ranges;
    std::size_t most = 1;
    for (std::size_t bin = 0; bin < regions_.bin_columns(); ++bin)
      most = std::max(most, ranges[bin].end - ranges[bin].begin);
    const std::size_t step = points_of(most);
    for (std::size_t bin = 0; bin < regions_.bin_columns(); bin += step) {
      if (args_.control.abandon_if_stopped()) return false;
      const std::size_t points = std::min(step, regions_.bin_columns() - bin);
      taps_.clear(points, most);
      for (std::size_t i = 0; i < points; ++i) {
        const Range range = ranges[bin + i];
        for (std::size_t column = range.begin; column < range.end; ++column) {
          const double weight = weights_.columns[(bin + i) * regions_.width + column];
          taps_.set(i, column - range.begin, column - all_.begin, weight);
        }
      }
      taps_.add(columns_, count_, points, 0, count_, to + bin * count_);
    }
    return true;
  }

  const Regions& regions_;
  const RunArguments& args_;
  std::size_t region_, first_, count_;
  BinWeights weights_;
  Taps taps_;
  float* columns_;  ///< [columns of X, channels]
  float* bins_;     ///< [bins, channels]
  Range all_;
};

}  // namespace

std::string accepts_roi_pixels(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const Regions regions = regions_of(node);
  if (regions.attributes.takes_largest) return "only mode avg";
  if (regions.channels < kFewChannels) {
    return text("only from ", kFewChannels, " channels on, not with ", regions.channels);
  }
  if (regions.bin_rows() > kMostBins / regions.bin_columns()) return text("only up to ", kMostBins, " bins");
  if (std::max(regions.height, regions.width) > kMostAxis) {
    return text("only up to ", kMostAxis, " elements along an axis of X");
  }
  const std::int64_t pixels = element_count(Shape{node.input_shape(0)[2], node.input_shape(0)[3]});
  const double earned = static_cast<double>(regions.count * regions.bin_rows() * regions.bin_columns() * kPixelsOfBin);
  if (pixels == 0 || earned < static_cast<double>(pixels) * static_cast<double>(regions.batches)) {
    return "there are few bins";
  }
  return "";
}

Prepared prepare_roi_pixels(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Regions& regions = state->regions = regions_of(context);
  if (regions.empty()) return {std::move(state), 0, 0};
  const std::size_t table = std::max(regions.height, regions.width);
  state->bin_weights = bin_layout(regions);
  WorkspaceLayout worker(state->bin_weights.bytes);
  state->pixels = worker.add(floats(table, kPoints));
  state->weights = worker.add(floats(table, kPoints));
  state->columns = worker.add(floats(regions.width, kChannels));
  state->bins = worker.add(floats(regions.bin_rows() * regions.bin_columns(), kChannels));
  state->worker_bytes = worker.bytes();
  WorkspaceLayout all(byte_count(DataType::kFloat32, context.input_shape(0)));
  state->workers = all.bytes();
  for (int i = 0; i < context.threads(); ++i) all.add(state->worker_bytes);
  return {std::move(state), all.bytes(), 0};
}

void run_roi_pixels(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Regions& regions = state.regions;
  const auto* const batches = static_cast<const std::int64_t*>(args.inputs[2]);
  check_batches(regions, batches);
  if (regions.empty()) return;
  const std::size_t plane = regions.height * regions.width;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  auto* const pixels = reinterpret_cast<float*>(workspace);
  const auto* const x = static_cast<const float*>(args.inputs[0]);
  copy_to_pixels(args.control, x, regions.batches, regions.channels, plane, pixels);
  const std::size_t blocks = (regions.channels + kChannels - 1) / kChannels;
  const double bins = static_cast<double>(regions.bin_rows() * regions.bin_columns());
  const double work = static_cast<double>(regions.count * regions.channels) * bins * kBinNanoseconds;
  args.control.parallel_for(regions.count * blocks, work, [&](std::size_t task, std::size_t worker) {
    const std::size_t region = task / blocks;
    std::byte* const memory = workspace + state.workers + worker * state.worker_bytes;
    const float* const image = pixels + static_cast<std::size_t>(batches[region]) * plane * regions.channels;
    RegionTask(state, args, region, task % blocks * kChannels, memory).run(image);
  });
}

}  // namespace linnet::internal
