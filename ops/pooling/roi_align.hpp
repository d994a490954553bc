// What the implementations of RoiAlign share: where samples lie along an axis of X, and what they weigh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "runtime/op.hpp"

namespace linnet::internal {

struct RoiAlignAttributes : Attributes {
  bool takes_largest = false;
  bool half_pixel = true;
  std::int64_t height = 1, width = 1, sampling_ratio = 0;
  float scale = 1.0F;
};

/// What every implementation knows.
struct Regions {
  RoiAlignAttributes attributes;
  DataType type = DataType::kUndefined;
  std::size_t batches = 0, count = 0, channels = 0;
  std::size_t height = 0, width = 0;  ///< of X

  std::size_t bin_rows() const { return static_cast<std::size_t>(attributes.height); }
  std::size_t bin_columns() const { return static_cast<std::size_t>(attributes.width); }
  bool empty() const { return count == 0 || channels == 0; }
};

Regions regions_of(const NodeView& node);

/// The bins of a region along one axis.
struct BinAxis {
  double start = 0;      ///< of the first bin
  double bin = 0;        ///< size of each
  double grid = 0;       ///< samples of each, a whole number
  std::size_t size = 0;  ///< of X

  double step() const { return bin / grid; }
  double place(double index, double sample) const { return start + index * bin + (sample + 0.5) * step(); }
  /// The samples of a bin, a few more at most, that X reaches.
  std::pair<double, double> samples(double index) const;
};

/// A sample between two neighbouring elements, the same one twice at an edge.
struct Sample {
  bool inside = false;
  std::size_t low = 0, high = 0;
  double low_weight = 0, high_weight = 0;
};

Sample sample_at(double place, std::size_t size);

/// Of a region, along axis `axis` of X: 0 vertical, 1 horizontal.
BinAxis bin_axis(const Regions& regions, const void* rois, std::size_t region, std::size_t axis);

/// Errors: kRuntimeFault where one of batch_indices is none of X.
void check_batches(const Regions& regions, const std::int64_t* batches);

struct Range {
  std::size_t begin = 0, end = 0;
  bool empty() const { return begin == end; }
};

/// Where the parts of BinWeights lie in a worker's memory, which begins with them.
struct BinLayout {
  std::size_t columns = 0, row_ranges = 0, column_ranges = 0, bytes = 0;
};

BinLayout bin_layout(const Regions& regions);

/// What every element of X along an axis adds to the mean of each bin of one region.
struct BinWeights {
  BinWeights(const BinLayout& layout, std::byte* memory);

  /// False where the run is to stop: the ranges are not set then.
  bool set(RunControl& control, const Regions& regions, const void* rois, std::size_t region);
  /// Those columns of X that any bin has.
  Range all_columns(const Regions& regions) const;

  double* rows;          ///< of each row of bins a weight for every row of X
  double* columns;       ///< likewise
  Range* row_ranges;     ///< where those of a row of bins are not 0
  Range* column_ranges;  ///< likewise
};

/// Of float32, mode "avg", where enough bins make up for copying X (roi_align_pixels.cpp).
std::string accepts_roi_pixels(const NodeView& node);
Prepared prepare_roi_pixels(const PrepareContext& context);
void run_roi_pixels(const RunArguments& args);

}  // namespace linnet::internal
