// MaxPool and AveragePool along up to three spatial axes, some rows of outputs at a time. Elements of other types than
// float32 are widened to it first, and results narrowed: maxima stay what they are, and means are rounded to float32 on
// the way.
#include <algorithm>
#include <limits>

#include "ops/kernels/pooling.hpp"
#include "ops/pooling/pooling.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kLine = 4096;            ///< elements of a line, where the windows allow it
constexpr std::int64_t kLines = 8;              ///< most of them
constexpr std::int64_t kLongestLine = 1 << 17;  ///< of one window
constexpr std::int64_t kTask = 32768;           ///< elements that meet windows
constexpr std::int64_t kMostWidened = 1 << 18;  ///< elements under one row of outputs
constexpr double kCost = 0.1;                   // ns per element of a line and row
constexpr std::size_t kSlack = kernels::kPoolSlack;

using Inverses = std::vector<double>;

/// Rows are cut into pieces, and the rows of a plane (or of a slice of it) into blocks.
struct State : Pooling {
  PooledAxis depth, vertical;  ///< of one element, where there are fewer axes
  std::int64_t piece = 1, pieces = 1;
  std::int64_t block = 1, blocks = 1;
  std::int64_t line = 1;                            ///< elements of the line of a piece
  std::int64_t lines = 1;                           ///< to compute in
  std::int64_t widened = 0;                         ///< elements of X under a block; 0 where they are float32
  Inverses vertical_inverses, horizontal_inverses;  ///< of kAverage
  std::size_t widened_begin = 0, results_begin = 0, worker_bytes = 0;
};

std::int64_t parts_of(std::int64_t count, std::int64_t part) { return (count + part - 1) / part; }

/// Elements of X under a block, for each of which there is room.
double widened_of(const State& state, std::int64_t block) {
  const std::int64_t rows = std::min(state.vertical.input, (block - 1) * state.vertical.stride + state.vertical.span());
  return static_cast<double>(std::min(state.line, state.last.input)) * static_cast<double>(rows) *
         static_cast<double>(state.depth.kernel);
}

State cut(Pooling pooling) {
  State state;
  static_cast<Pooling&>(state) = std::move(pooling);
  const std::size_t axes = state.outer.size();
  if (axes > 0) state.vertical = state.outer[axes - 1];
  if (axes > 1) state.depth = state.outer[axes - 2];
  const std::int64_t span = state.last.span();
  state.piece = std::clamp<std::int64_t>((kLine - span) / state.last.stride + 1, 1, state.last.output);
  state.pieces = parts_of(state.last.output, state.piece);
  state.line = (state.piece - 1) * state.last.stride + span;
  state.lines = std::clamp<std::int64_t>(kLine / state.line, 1, kLines);
  const double row = static_cast<double>(state.line) * static_cast<double>(state.vertical.kernel) *
                         static_cast<double>(state.depth.kernel) +
                     static_cast<double>(state.piece) * static_cast<double>(state.last.kernel);
  state.block = std::clamp<std::int64_t>(static_cast<std::int64_t>(kTask / row), 1, state.vertical.output);
  if (state.type == DataType::kFloat32) return state;
  while (state.block > 1 && widened_of(state, state.block) > kMostWidened) state.block /= 2;
  state.widened = static_cast<std::int64_t>(std::min<double>(widened_of(state, state.block), kMostWidened));
  return state;
}

std::string accepts(const NodeView& node) {
  const DataType type = node.input_type(0);
  if (type == DataType::kFloat64) return text("not ", type);
  if (node.has_output(1)) return "not with Indices";
  if (node.attributes<PoolAttributes>().channels_last) return "not with channels last";
  if (node.input_rank(0) > 5) return "only up to three spatial axes";
  const State state = cut(pooling_of(node));
  if (state.last.span() > kLongestLine) return "the window is too wide";
  if (state.widened > 0 && widened_of(state, 1) > kMostWidened) return text("the window is too large for ", type);
  return "";
}

/// With what the kernel may read behind them.
Inverses padded_inverses(const Pooling& pooling, const WindowAxis& axis) {
  Inverses inverses = inverses_of(pooling, axis);
  inverses.resize(inverses.size() + kSlack);
  return inverses;
}

std::size_t whole_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t line_stride(const State& state) { return whole_lines(static_cast<std::size_t>(state.line) + kSlack); }

/// A worker has lines, what is widened and its results.
Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>(cut(pooling_of(context)));
  state->blocks = parts_of(state->vertical.output, state->block);
  if (state->op == PoolOp::kAverage && state->planes > 0) {
    state->vertical_inverses = padded_inverses(*state, state->vertical);
    state->horizontal_inverses = padded_inverses(*state, state->last);
  }
  state->widened_begin = static_cast<std::size_t>(state->lines) * line_stride(*state) * sizeof(double);
  state->results_begin = state->widened_begin + whole_lines(static_cast<std::size_t>(state->widened) * sizeof(float));
  const std::int64_t results = state->widened == 0 ? 0 : state->block * state->piece;
  state->worker_bytes = state->results_begin + whole_lines(static_cast<std::size_t>(results) * sizeof(float));
  const std::size_t workspace_bytes = state->worker_bytes * static_cast<std::size_t>(context.threads());
  return {std::move(state), workspace_bytes, 0};
}

/// What a task makes: outputs [column, column + count) of rows [first, last) of a slice of Y, which counts over all
/// planes and, in them, along the depth.
struct Part {
  std::int64_t slice;
  std::int64_t first, last;
  std::int64_t column, count;
};

Part part_of(const State& state, std::int64_t unit) {
  Part part{};
  part.column = unit % state.pieces * state.piece;
  part.count = std::min(state.piece, state.last.output - part.column);
  unit /= state.pieces;
  part.first = unit % state.blocks * state.block;
  part.last = std::min(state.vertical.output, part.first + state.block);
  part.slice = unit / state.blocks;
  return part;
}

/// What is less than no element.
float padding_of(DataType type) {
  if (type == DataType::kUint8) return 0;
  return type == DataType::kInt8 ? -128.0F : -std::numeric_limits<float>::infinity();
}

kernels::PoolAxis kernel_axis(const WindowAxis& axis) {
  return {static_cast<std::size_t>(axis.kernel), static_cast<std::size_t>(axis.stride),
          static_cast<std::size_t>(axis.dilation)};
}

/// Where the windows of a part lie in X.
struct Under {
  std::int64_t x;  ///< offset in X of the plane's first row under the windows, at the part's first column
  std::int64_t depth_stride;
  kernels::WindowRows rows;
};

/// All but the pointers.
Under under(const State& state, const Part& part) {
  Under result{};
  const std::int64_t plane = part.slice / state.depth.output;
  const std::int64_t slice = part.slice % state.depth.output;
  const auto [depth_begin, depth_end] = state.depth.taps(slice);
  const std::int64_t length = (part.count - 1) * state.last.stride + state.last.span();
  const std::int64_t start = state.last.start(part.column);
  const std::int64_t low = std::clamp<std::int64_t>(start, 0, state.last.input);
  const std::int64_t high = std::clamp<std::int64_t>(start + length, low, state.last.input);
  result.x = plane * state.plane_inputs + low;
  if (depth_end > depth_begin) {
    result.x += (state.depth.start(slice) + depth_begin * state.depth.dilation) * state.depth.stride_of_x;
  }
  result.depth_stride = state.depth.dilation * state.depth.stride_of_x;
  kernels::WindowRows& rows = result.rows;
  rows.depth = static_cast<std::size_t>(depth_end - depth_begin);
  rows.depth_stride = static_cast<std::size_t>(result.depth_stride);
  rows.height = static_cast<std::size_t>(state.vertical.input);
  rows.row_stride = static_cast<std::size_t>(state.last.input);
  rows.vertical = kernel_axis(state.vertical);
  rows.pad = static_cast<std::size_t>(state.vertical.pad_begin);
  rows.before = static_cast<std::size_t>(low - start);
  rows.width = static_cast<std::size_t>(high - low);
  rows.horizontal = kernel_axis(state.last);
  rows.count = static_cast<std::size_t>(part.count);
  return result;
}

/// Rows of the part become rows from `first` on of rows.y.
void pool_rows(const State& state, const Part& part, const kernels::WindowRows& rows, std::int64_t first,
               void* memory) {
  const auto lines = static_cast<std::size_t>(state.lines);
  const auto begin = static_cast<std::size_t>(first);
  const auto end = static_cast<std::size_t>(first + part.last - part.first);
  if (state.op == PoolOp::kMax) {
    return kernels::max_of_windows(rows, begin, end, padding_of(state.type),
                                   {static_cast<float*>(memory), lines, line_stride(state)});
  }
  const std::int64_t counted = state.counted(state.depth, part.slice % state.depth.output);
  kernels::mean_of_windows(rows, begin, end, counted == 0 ? 0 : 1 / static_cast<double>(counted),
                           state.vertical_inverses.data() + part.first - first,
                           state.horizontal_inverses.data() + part.column,
                           {static_cast<double*>(memory), lines, line_stride(state)});
}

/// The rows of X under the part lie one after the other in `widened`.
void widen_rows(const State& state, const Part& part, const void* x, float* widened, Under& under) {
  kernels::WindowRows& rows = under.rows;
  const WindowAxis& vertical = state.vertical;
  const std::int64_t low = std::clamp<std::int64_t>(vertical.start(part.first), 0, vertical.input);
  const std::int64_t high =
      std::clamp<std::int64_t>(vertical.start(part.last - 1) + vertical.span(), low, vertical.input);
  const auto width = static_cast<std::int64_t>(rows.width);
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(rows.depth); ++d) {
    for (std::int64_t row = low; row < high; ++row) {
      const std::int64_t from = under.x + d * under.depth_stride + row * state.last.input;
      load_line(state.type, x, static_cast<std::size_t>(from), static_cast<std::size_t>(width),
                widened + (d * (high - low) + row - low) * width);
    }
  }
  rows.x = widened;
  rows.depth_stride = static_cast<std::size_t>((high - low) * width);
  rows.row_stride = static_cast<std::size_t>(width);
  rows.height = static_cast<std::size_t>(high - low);
  rows.pad = static_cast<std::size_t>(vertical.pad_begin + low - part.first * vertical.stride);
}

void pool_part(const State& state, const RunArguments& args, const Part& part, std::byte* memory) {
  Under windows = under(state, part);
  kernels::WindowRows& rows = windows.rows;
  const std::int64_t to = part.slice * state.vertical.output * state.last.output + part.column;
  if (state.type == DataType::kFloat32) {
    rows.x = static_cast<const float*>(args.inputs[0]) + windows.x;
    rows.y = static_cast<float*>(args.outputs[0]) + to;
    rows.y_stride = static_cast<std::size_t>(state.last.output);
    return pool_rows(state, part, rows, part.first, memory);
  }
  widen_rows(state, part, args.inputs[0], reinterpret_cast<float*>(memory + state.widened_begin), windows);
  rows.y = reinterpret_cast<float*>(memory + state.results_begin);
  rows.y_stride = rows.count;
  pool_rows(state, part, rows, 0, memory);
  for (std::int64_t row = part.first; row < part.last; ++row) {
    store_line(state.type, rows.y + (row - part.first) * part.count,
               static_cast<std::size_t>(to + row * state.last.output), static_cast<std::size_t>(part.count),
               args.outputs[0]);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.planes == 0) return;
  const std::int64_t units = state.planes * state.depth.output * state.blocks * state.pieces;
  const double elements = static_cast<double>(state.block) *
                          (static_cast<double>(state.line) * state.taps / static_cast<double>(state.last.kernel) +
                           static_cast<double>(state.piece) * static_cast<double>(state.last.kernel));
  const auto per_task = static_cast<std::int64_t>(std::max(1.0, kTask / elements));
  const auto tasks = static_cast<std::size_t>(parts_of(units, per_task));
  args.control.parallel_for(tasks, static_cast<double>(units) * elements * kCost,
                            [&](std::size_t task, std::size_t worker) {
                              std::byte* memory = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
                              const std::int64_t first = static_cast<std::int64_t>(task) * per_task;
                              const std::int64_t last = std::min(units, first + per_task);
                              for (std::int64_t unit = first; unit < last; ++unit) {
                                if (args.control.abandon_if_stopped()) return;
                                pool_part(state, args, part_of(state, unit), memory);
                              }
                            });
}

}  // namespace

std::vector<Implementation> pooling_implementations() {
  return {{"simd", Backend::kSimd, accepts, prepare, run},
          pooling_lines_implementation(),
          pooling_reference_implementation()};
}

}  // namespace linnet::internal
