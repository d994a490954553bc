// GridSample: Y[n, c, o...] is X[n, c, ...] at the place that grid[n, o..., :] names: for each spatial axis of X,
// innermost first, a number from -1 to 1. X is [N, C, D1, ..., Dr], grid [N, O1, ..., Or, r], Y [N, C, O1, ..., Or],
// r >= 1. On an axis of size d, a number g lies at ((g + 1) d - 1) / 2, so that -1 and 1 are the outer edges of the
// first and last element; align_corners = 1: at (g + 1) / 2 (d - 1), their centres. This is computed in float32 unless
// grid is float64.
// mode, there: linear (default, or bilinear): of 2 elements along each axis; cubic (bicubic): of 4, Keys's kernel with
// a = -0.75; nearest: one, halves to even. padding_mode, for each element outside: zeros (default), border: the
// outermost element, reflection: mirrored at that edge or centre, to and fro. A NaN in grid lies outside, before the
// first element.
// Implementations: simd pixels copies X so that the channels of an element lie side by side, simd gathers elements;
// both give the same bits.
// Opsets 16 to newest; all forms are accepted at every opset. Types of X: all numeric ones, bool with nearest; integers
// are rounded, halves to even; of grid: floats. Deviations: at most 4096 elements make one of Y (linear of 12 axes);
// strings are not supported.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/resample.hpp"
#include "ops/resize/grid_points.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/pixels.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMostTaps = 4096;
constexpr std::size_t kTask = 16384;    // products, about
constexpr std::size_t kChunk = 16384;   // elements converted at a time
constexpr double kSimdCost = 0.5;       // ns per product
constexpr double kPixelCost = 0.1;      // the same
constexpr double kReferenceCost = 2.0;  // the same
constexpr double kConversion = 1.0;     // ns per element

constexpr std::size_t kTileChannels = 256;  // of the points of a block, that are in the cache together

static_assert(kPoints % kernels::kTablePadding == 0 && kPoints <= kLinedUp, "tables hold whole lines");

constexpr NamedValue<ResizeMode> kModes[] = {{"linear", ResizeMode::kLinear},
                                             {"nearest", ResizeMode::kNearest},
                                             {"cubic", ResizeMode::kCubic},
                                             {"bilinear", ResizeMode::kLinear},
                                             {"bicubic", ResizeMode::kCubic}};
constexpr NamedValue<Padding> kPaddings[] = {
    {"zeros", Padding::kZeros}, {"border", Padding::kBorder}, {"reflection", Padding::kReflection}};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<GridSampleAttributes>();
  attributes->mode = named_value(context, "mode", kModes);
  attributes->padding = named_value(context, "padding_mode", kPaddings);
  attributes->align_corners = context.get_int("align_corners", 0) != 0;
  return attributes;
}

const GridSampleAttributes& attributes_of(const NodeView& node) { return node.attributes<GridSampleAttributes>(); }

/// Elements of X that make one of Y. Errors: kUnsupported for too many.
std::size_t count_taps(const GridSampleAttributes& attributes, std::size_t axes) {
  std::size_t taps = 1;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    taps *= attributes.taps_of_axis();
    if (taps > kMostTaps) unsupported("X has ", axes, " axes to sample, which take more than ", kMostTaps, " elements");
  }
  return taps;
}

void check_shapes(const Dims& x, const Dims& grid) {
  const std::size_t rank = x.size();
  if (rank < 3) invalid_model("input X has rank ", rank, ", expected 3 or more");
  if (grid.size() != rank) invalid_model("input grid has rank ", grid.size(), ", expected ", rank, " as X");
  if (grid.back().differs(static_cast<std::int64_t>(rank - 2))) {
    invalid_model("input grid is ", grid, ", expected a last dimension of ", rank - 2, " for X of rank ", rank);
  }
  if (x[0].differs(grid[0])) invalid_model("input X is ", x, " but grid is ", grid, ": first dimensions differ");
}

void infer(InferContext& context) {
  const GridSampleAttributes& attributes = attributes_of(context);
  if (attributes.mode != ResizeMode::kNearest) require_type(context, 0, "X", kNumericTypes);
  const Dims& x = context.input_dims(0);
  const Dims& grid = context.input_dims(1);
  check_shapes(x, grid);
  count_taps(attributes, x.size() - 2);
  Dims dims = {x[0].known() ? x[0] : grid[0], x[1]};
  dims.insert(dims.end(), grid.begin() + 1, grid.end() - 1);
  const Dim count = element_count(dims);
  for (std::size_t axis = 2; axis < x.size(); ++axis) {
    if (x[axis].is(0) && count.known() && !count.is(0)) {
      invalid_model("X is empty along axis ", axis, ": there is nothing to sample");
    }
  }
  context.set_output(0, std::move(dims));
}

Grid grid_of(const NodeView& node) {
  Grid grid;
  grid.attributes = attributes_of(node);
  grid.type = node.input_type(0);
  grid.grid_type = node.input_type(1);
  const Shape x = node.input_shape(0);
  const Shape y = node.output_shape(0);
  grid.sizes.assign(x.begin() + 2, x.end());
  grid.taps = count_taps(grid.attributes, grid.axes());
  if (element_count(y) == 0) return grid;
  grid.strides = row_major_strides(grid.sizes);
  grid.batches = static_cast<std::size_t>(x[0]);
  grid.channels = static_cast<std::size_t>(x[1]);
  grid.plane = static_cast<std::size_t>(element_count(grid.sizes));
  grid.points = static_cast<std::size_t>(element_count(Shape(y.begin() + 2, y.end())));
  return grid;
}

/// Calls body(batch, first point, points, block, worker) for all blocks of points.
template <typename W, typename Body>
void for_blocks(const Grid& grid, const RunArguments& args, std::byte* memory, double cost, const Body& body) {
  const std::size_t products = kPoints * grid.taps * grid.channels;
  const double block_cost = cost * static_cast<double>(products) + 10.0 * static_cast<double>(kPoints * grid.taps);
  const std::size_t per_task = std::max<std::size_t>(1, kTask / products);
  const std::size_t blocks = grid.batches * grid.blocks();
  const std::size_t tasks = (blocks + per_task - 1) / per_task;
  args.control.parallel_for(tasks, block_cost * static_cast<double>(blocks), [&](std::size_t task, std::size_t worker) {
    const Block<W> block(grid, memory + worker * Block<W>::bytes(grid));
    for (std::size_t i = task * per_task; i < std::min(blocks, (task + 1) * per_task); ++i) {
      const std::size_t batch = i / grid.blocks();
      const std::size_t first = i % grid.blocks() * kPoints;
      const std::size_t count = std::min(kPoints, grid.points - first);
      set_block(grid, args.inputs[1], batch * grid.points + first, count, block);
      body(batch, first, count, block, worker);
    }
  });
}

/// Modes linear and cubic.
template <typename W>
struct WeightedState {
  Grid grid;
  bool converts = false;   ///< elements of X are not of type W: the workspace begins with X converted
  std::size_t blocks = 0;  ///< offset in the workspace, one a worker
};

template <typename W>
Prepared prepare_weighted(const PrepareContext& context) {
  auto state = new_shared<WeightedState<W>>();
  state->grid = grid_of(context);
  Prepared prepared;
  if (state->grid.batches > 0) {
    const DataType line_type = std::is_same_v<W, float> ? DataType::kFloat32 : DataType::kFloat64;
    state->converts = state->grid.type != line_type;
    WorkspaceLayout layout;
    if (state->converts) layout.add(byte_count(line_type, context.input_shape(0)));
    state->blocks = layout.add(Block<W>::bytes(state->grid) * static_cast<std::size_t>(context.threads()));
    prepared.workspace_bytes = layout.bytes();
  }
  prepared.state = std::move(state);
  return prepared;
}

void sum_taps(const Grid& grid, const Block<float>& block, const float* x, std::size_t count, float* line) {
  kernels::weighted_elements(x, {block.elements, kPoints, 0}, block.weights, kPoints, grid.taps, line, count);
}

void sum_taps(const Grid& grid, const Block<double>& block, const double* x, std::size_t count, double* line) {
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::size_t at = i; at < grid.taps * kPoints; at += kPoints) {
      if (block.weights[at] != 0) sum += block.weights[at] * x[block.elements[at]];
    }
    line[i] = sum;
  }
}

void store(DataType type, const float* line, std::size_t first, std::size_t count, void* y) {
  store_line(type, line, first, count, y);
}

void store(DataType type, const double* line, std::size_t first, std::size_t count, void* y) {
  store_rounded(type, line, first, count, y);
}

template <typename W>
void run_weighted(const RunArguments& args) {
  const auto& state = *static_cast<const WeightedState<W>*>(args.state);
  const Grid& grid = state.grid;
  if (grid.batches == 0) return;
  const W* x = static_cast<const W*>(args.inputs[0]);
  if (state.converts) {
    W* const converted = static_cast<W*>(args.workspace);
    const std::size_t elements = grid.batches * grid.channels * grid.plane;
    for_chunks(args.control, elements, kChunk, kConversion, [&](std::size_t first, std::size_t count) {
      load_line(grid.type, args.inputs[0], first, count, converted + first);
    });
    x = converted;
  }
  const double cost = std::is_same_v<W, float> ? kSimdCost : kReferenceCost;
  const auto sample = [&](std::size_t batch, std::size_t first, std::size_t count, const Block<W>& block, std::size_t) {
    for (std::size_t channel = 0; channel < grid.channels; ++channel) {
      if (channel % kPoints == 0 && args.control.abandon_if_stopped()) return;
      const std::size_t plane = batch * grid.channels + channel;
      W line[kPoints];
      sum_taps(grid, block, x + plane * grid.plane, count, line);
      store(grid.type, line, plane * grid.points + first, count, args.outputs[0]);
    }
  };
  for_blocks<W>(grid, args, static_cast<std::byte*>(args.workspace) + state.blocks, cost, sample);
}

std::string accepts_simd(const NodeView& node) {
  if (attributes_of(node).mode == ResizeMode::kNearest) return "mode nearest only moves elements";
  const DataType type = node.input_type(0);
  if (type != DataType::kFloat32 && type != DataType::kFloat16 && type != DataType::kBfloat16) {
    return text("only float32, float16 and bfloat16, not ", type);
  }
  const Shape x = node.input_shape(0);
  return element_count(Shape(x.begin() + 2, x.end())) > INT32_MAX ? "a channel of X has more than 2^31 elements" : "";
}

/// Linear and cubic of many channels: the channels of each element of X, copied side by side, are added as vectors.
struct PixelState {
  Grid grid;
  std::size_t blocks = 0, tiles = 0;  ///< offsets in the workspace, which begins with that copy; one a worker
};

std::string accepts_pixels(const NodeView& node) {
  constexpr std::size_t kFewChannels = 16;
  constexpr std::size_t kElementsOfPoint = 4;  // of X, that had better not be copied for one of Y
  std::string why_not = accepts_simd(node);
  if (!why_not.empty()) return why_not;
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const Grid grid = grid_of(node);
  if (grid.channels < kFewChannels) return text("only from ", kFewChannels, " channels on, not with ", grid.channels);
  return grid.points < grid.plane / kElementsOfPoint ? "few points are sampled" : "";
}

Prepared prepare_pixels(const PrepareContext& context) {
  auto state = new_shared<PixelState>();
  state->grid = grid_of(context);
  const auto workers = static_cast<std::size_t>(context.threads());
  WorkspaceLayout layout;
  layout.add(byte_count(DataType::kFloat32, context.input_shape(0)));
  state->blocks = layout.add(Block<float>::bytes(state->grid) * workers);
  state->tiles = layout.add(kPoints * kTileChannels * sizeof(float) * workers);
  return {std::move(state), layout.bytes(), 0};
}

void run_pixels(const RunArguments& args) {
  const auto& state = *static_cast<const PixelState*>(args.state);
  const Grid& grid = state.grid;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  auto* const pixels = reinterpret_cast<float*>(workspace);
  auto* const tiles = reinterpret_cast<float*>(workspace + state.tiles);
  auto* const y = static_cast<float*>(args.outputs[0]);
  const auto* const x = static_cast<const float*>(args.inputs[0]);
  copy_to_pixels(args.control, x, grid.batches, grid.channels, grid.plane, pixels);
  const auto sample = [&](std::size_t batch, std::size_t first, std::size_t count, const Block<float>& block,
                          std::size_t worker) {
    float* const tile = tiles + worker * kPoints * kTileChannels;
    const kernels::PixelTaps taps = {
        pixels + batch * grid.plane * grid.channels, grid.channels, block.elements, block.weights, kPoints, grid.taps};
    for (std::size_t channel = 0; channel < grid.channels; channel += kTileChannels) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t channels = std::min(kTileChannels, grid.channels - channel);
      kernels::weighted_pixels(taps, count, channel, tile, channels);
      transpose_floats(tile, channels, y + (batch * grid.channels + channel) * grid.points + first, grid.points,
                       channels, count);
    }
  };
  for_blocks<float>(grid, args, workspace + state.blocks, kPixelCost, sample);
}

/// Mode nearest: elements moved, or zeros. T is as large as an element.
template <typename T>
void run_nearest_of(const Grid& grid, const RunArguments& args) {
  const auto* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<T*>(args.outputs[0]);
  const auto sample = [&](std::size_t batch, std::size_t first, std::size_t count, const Block<double>& block,
                          std::size_t) {
    for (std::size_t channel = 0; channel < grid.channels; ++channel) {
      if (channel % kPoints == 0 && args.control.abandon_if_stopped()) return;
      const std::size_t plane = batch * grid.channels + channel;
      const T* from = x + plane * grid.plane;
      T* to = y + plane * grid.points + first;
      for (std::size_t i = 0; i < count; ++i) to[i] = block.weights[i] == 0 ? T{0} : from[block.elements[i]];
    }
  };
  for_blocks<double>(grid, args, static_cast<std::byte*>(args.workspace), kSimdCost, sample);
}

/// With nothing to convert for mode nearest.
Prepared prepare_reference(const PrepareContext& context) {
  if (attributes_of(context).mode != ResizeMode::kNearest) return prepare_weighted<double>(context);
  auto state = new_shared<WeightedState<double>>();
  state->grid = grid_of(context);
  const std::size_t bytes = Block<double>::bytes(state->grid) * static_cast<std::size_t>(context.threads());
  return {std::move(state), bytes, 0};
}

void run_reference(const RunArguments& args) {
  const Grid& grid = static_cast<const WeightedState<double>*>(args.state)->grid;
  if (grid.attributes.mode != ResizeMode::kNearest) return run_weighted<double>(args);
  if (grid.batches == 0) return;
  visit_size(size_of(grid.type), [&](auto tag) { run_nearest_of<typename decltype(tag)::type>(grid, args); });
}

constexpr InputDef kInputs[] = {{"X", kTensorTypes}, {"grid", kFloatTypes}};

}  // namespace

void register_grid_sample(Registry& registry) {
  OpDef op;
  op.name = "GridSample";
  op.since_opset = 16;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"simd pixels", Backend::kSimd, accepts_pixels, prepare_pixels, run_pixels},
                        {"simd", Backend::kSimd, accepts_simd, prepare_weighted<float>, run_weighted<float>},
                        {"reference", Backend::kReference, nullptr, prepare_reference, run_reference}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
