// MaxRoiPool: of each region r a grid of pooled_shape bins, each the largest element of X[rois[r][0]] within the bin. X
// [N,C,H,W], rois [R,5] (image, x1, y1, x2, y2; the corners times spatial_scale, rounded half away from 0, both
// included), Y [R,C,pooled_shape...]. Bins reach to whole elements on both sides, so that neighbours may share some;
// one that holds no element of X is 0. NaN is the largest. Opsets 1 to newest; types: float, double, float16, bfloat16
// (at every opset). An image out of range is an error of the run; so is a corner that is no number.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/window.hpp"

namespace linnet::internal {
namespace {

constexpr double kBinCost = 30.0;  // ns
constexpr double kElementCost = 2.0;

struct MaxRoiPoolAttributes : Attributes {
  std::vector<std::int64_t> bins;  ///< rows, columns
  float scale = 1.0F;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<MaxRoiPoolAttributes>();
  attributes->bins = parse_window_list(context, "pooled_shape", 1);
  if (attributes->bins.size() != 2) {
    invalid_model("pooled_shape has ", attributes->bins.size(), " elements, expected 2: rows and columns");
  }
  attributes->scale = context.get_float("spatial_scale", 1.0F);
  return attributes;
}

void infer(InferContext& context) {
  const Dims& x = context.input_dims(0);
  const Dims& rois = context.input_dims(1);
  if (x.size() != 4) invalid_model("input X is ", x, ", expected [N,C,H,W]");
  if (rois.size() != 2 || rois[1].differs(5)) invalid_model("input rois is ", rois, ", expected [regions,5]");
  const auto& bins = context.attributes<MaxRoiPoolAttributes>().bins;
  context.set_output(0, {rois[0], x[1], bins[0], bins[1]});
}

struct State {
  DataType type = DataType::kUndefined;
  std::size_t regions = 0, channels = 0;
  std::int64_t batches = 0;
  std::int64_t sizes[2] = {};  ///< of X: rows, columns
  std::int64_t bins[2] = {};
  double scale = 1;
  bool empty = false;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const auto& attributes = context.attributes<MaxRoiPoolAttributes>();
  state->type = context.input_type(0);
  const Shape x = context.input_shape(0);
  state->batches = x[0];
  state->channels = static_cast<std::size_t>(x[1]);
  state->regions = static_cast<std::size_t>(context.input_shape(1)[0]);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    state->sizes[axis] = x[axis + 2];
    state->bins[axis] = attributes.bins[axis];
  }
  state->scale = static_cast<double>(attributes.scale);
  state->empty = element_count(context.output_shape(0)) == 0;
  return {std::move(state), 0, 0};
}

struct Range {
  std::int64_t begin, end;
};

/// The elements of X along an axis in bin `bin` of a region from `start` to `end`.
Range range_of_bin(const State& state, std::size_t axis, double start, double end, std::int64_t bin) {
  const double size = std::max(end - start + 1, 1.0) / static_cast<double>(state.bins[axis]);
  const auto limit = static_cast<double>(state.sizes[axis]);
  const auto inside = [&](double place) {  // 0 for no number, which a bin without end makes
    return static_cast<std::int64_t>(std::min(std::max(0.0, place + start), limit));
  };
  return {inside(std::floor(static_cast<double>(bin) * size)), inside(std::ceil(static_cast<double>(bin + 1) * size))};
}

double largest_of(const State& state, const RunArguments& args, std::size_t plane, Range rows, Range columns) {
  if (rows.begin >= rows.end || columns.begin >= columns.end) return 0;
  double largest = -std::numeric_limits<double>::infinity();
  constexpr std::int64_t kPiece = 256;
  double line[kPiece];
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    if (args.control.abandon_if_stopped()) return 0;
    for (std::int64_t first = columns.begin; first < columns.end; first += kPiece) {
      const std::int64_t count = std::min(kPiece, columns.end - first);
      const std::int64_t from =
          static_cast<std::int64_t>(plane) * state.sizes[0] * state.sizes[1] + row * state.sizes[1] + first;
      load_line(state.type, args.inputs[0], static_cast<std::size_t>(from), static_cast<std::size_t>(count), line);
      for (std::int64_t i = 0; i < count; ++i) {
        if (line[i] > largest || std::isnan(line[i])) largest = line[i];
      }
    }
  }
  return largest;
}

/// Image, x1, y1, x2, y2.
void load_region(const State& state, const void* rois, std::size_t region, double* numbers) {
  load_line(state.type, rois, region * 5, 5, numbers);
  for (std::size_t i = 1; i < 5; ++i) numbers[i] = std::round(numbers[i] * state.scale);
}

void check_regions(const State& state, const void* rois) {
  for (std::size_t region = 0; region < state.regions; ++region) {
    double numbers[5];
    load_region(state, rois, region, numbers);
    const double batch = std::trunc(numbers[0]);
    if (!(batch >= 0 && batch < static_cast<double>(state.batches))) {
      fail(ErrorCode::kRuntimeFault, "region ", region, " is of image ", numbers[0], ", outside [0,", state.batches - 1,
           "]");
    }
    for (std::size_t i = 1; i < 5; ++i) {
      if (!std::isfinite(numbers[i])) {
        fail(ErrorCode::kRuntimeFault, "region ", region, " has the corner ", numbers[i], ", expected a number");
      }
    }
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  check_regions(state, args.inputs[1]);
  if (state.empty) return;
  const double bins = static_cast<double>(state.bins[0]) * static_cast<double>(state.bins[1]);
  const double plane = static_cast<double>(state.sizes[0]) * static_cast<double>(state.sizes[1]);
  const std::size_t planes = state.regions * state.channels;
  const double work = static_cast<double>(planes) * (bins * kBinCost + plane * kElementCost);
  args.control.parallel_for(planes, work, [&](std::size_t index) {
    double region[5];
    load_region(state, args.inputs[1], index / state.channels, region);
    const std::size_t from = static_cast<std::size_t>(region[0]) * state.channels + index % state.channels;
    auto to = index * static_cast<std::size_t>(state.bins[0] * state.bins[1]);
    for (std::int64_t row = 0; row < state.bins[0]; ++row) {
      const Range rows = range_of_bin(state, 0, region[2], region[4], row);
      for (std::int64_t column = 0; column < state.bins[1]; ++column) {
        const double value = largest_of(state, args, from, rows, range_of_bin(state, 1, region[1], region[3], column));
        store_line(state.type, &value, to++, 1, args.outputs[0]);
      }
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 1) return std::nullopt;
  WantedElements wanted;
  wanted.low = wanted.high = 0;
  wanted.what = "the image and the corners of a region";
  return wanted;
}

constexpr InputDef kInputs[] = {{"X", kFloatTypes, kMoved}, {"rois", kFloatTypes, kTypeOfFirst}};

}  // namespace

void register_max_roi_pool(Registry& registry) {
  OpDef op;
  op.name = "MaxRoiPool";
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
