// Pooling of float32, float16 and bfloat16, a piece of an output row at a time: first the rows of X under the windows
// become one line, element by element; then each output is made of its taps in that line. The line holds its padding,
// so that neither step asks where the input ends.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/pooling.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/pooling/pooling.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kLine = 4096;            ///< elements of a line, where the windows allow it
constexpr std::int64_t kLongestLine = 1 << 17;  ///< of one window
constexpr std::int64_t kTask = 32768;           ///< elements of lines, times rows
constexpr double kCost = 0.15;                  // ns per element of a line and row
constexpr double kUnitCost = 60.0;              // ns per piece beside that

struct State : Pooling {
  std::int64_t piece = 1;   ///< outputs
  std::int64_t pieces = 1;  ///< of a row
  std::int64_t line = 1;    ///< elements that a piece's taps lie among
  std::size_t line_bytes = 0, worker_bytes = 0;
};

std::int64_t span_of(const WindowAxis& axis) { return 1 + (axis.kernel - 1) * axis.dilation; }

std::string accepts(const NodeView& node) {
  const auto& attributes = node.attributes<PoolAttributes>();
  const DataType type = node.input_type(0);
  if (!kFloatTypes.has(type) || type == DataType::kFloat64) return text("only float32 and 16-bit floats, not ", type);
  if (node.has_output(1)) return "not with Indices";
  if (attributes.op == PoolOp::kLp && attributes.p != 1 && attributes.p != 2) return "only p = 1 and p = 2";
  const Pooling pooling = pooling_of(node);
  if (span_of(pooling.last) > kLongestLine) return "the window is too wide";
  return "";
}

bool is_half(DataType type) { return type != DataType::kFloat32; }

/// A worker has a line; of halves and sums another, for what is joined to it; and one of results.
Prepared prepare(const PrepareContext& context) {
  auto state = std::make_shared<State>();
  static_cast<Pooling&>(*state) = pooling_of(context);
  const PooledAxis& last = state->last;
  const std::int64_t span = span_of(last);
  state->piece = std::clamp<std::int64_t>((kLine - span) / last.stride + 1, 1, last.output);
  state->pieces = (last.output + state->piece - 1) / state->piece;
  state->line = (state->piece - 1) * last.stride + span;
  const auto elements = static_cast<std::size_t>(state->line) + kernels::kPoolSlack;
  state->line_bytes = (elements * sizeof(double) + 63) / 64 * 64;
  state->worker_bytes = 3 * state->line_bytes;
  const std::size_t workspace_bytes = state->worker_bytes * static_cast<std::size_t>(context.threads());
  return {std::move(state), workspace_bytes, 0};
}

/// What a worker computes in.
struct Scratch {
  void* line;
  void* other;
  void* results;
};

/// The part of a line that lies on the input; what stands around it is padding.
struct Meeting {
  std::int64_t x;      ///< offset in a row of X
  std::int64_t begin;  ///< in the line
  std::int64_t count;
};

Meeting meeting_of(const State& state, std::int64_t begin, std::int64_t length) {
  const std::int64_t start = state.last.start(begin);
  const std::int64_t low = std::clamp<std::int64_t>(start, 0, state.last.input);
  const std::int64_t high = std::clamp<std::int64_t>(start + length, low, state.last.input);
  return {low, low - start, high - low};
}

kernels::ReduceKind kind_of(const State& state) {
  if (state.op == PoolOp::kAverage) return kernels::ReduceKind::kSum;
  return state.p == 1 ? kernels::ReduceKind::kSumOfMagnitudes : kernels::ReduceKind::kSumOfSquares;
}

/// `rows` rows of X, each `stride` behind the one before, become or are joined to those in the line.
void join_rows(const State& state, const float* x, std::size_t rows, std::size_t stride, std::size_t count, bool joins,
               float* line, void* /*other*/) {
  (void)state;
  kernels::max_of_rows(x, rows, stride, count, joins, line);
}
void join_rows(const State& state, const float* x, std::size_t rows, std::size_t stride, std::size_t count, bool joins,
               double* line, void* other) {
  if (!joins) return kernels::reduce_columns(kind_of(state), x, line, rows, count, stride);
  auto* sums = static_cast<double*>(other);
  kernels::reduce_columns(kind_of(state), x, sums, rows, count, stride);
  for (std::size_t i = 0; i < count; ++i) line[i] += sums[i];
}

/// Lines up what the rows of X make; T is float for maxima and double for sums.
template <typename T>
void fill_line(const State& state, const void* x, const PooledRows& rows, const Meeting& meeting, std::int64_t length,
               const Scratch& scratch) {
  const T padding = std::is_same_v<T, float> ? -std::numeric_limits<T>::infinity() : T{0};
  auto* line = static_cast<T*>(scratch.line);
  const std::int64_t count = rows.count() == 0 ? 0 : meeting.count;
  std::fill_n(line, meeting.begin, padding);
  std::fill(line + meeting.begin + count, line + length, padding);
  if (count == 0) return;
  const auto elements = static_cast<std::size_t>(count);
  // Rows in one run: those along the innermost of the outer axes, of which there are as many at every place.
  const bool half = is_half(state.type);
  const std::int64_t run = half ? 1 : rows.run();
  for (std::int64_t i = 0; i < rows.count(); i += run) {
    const std::int64_t from = rows.place(i).x + meeting.x;
    const float* elements_of_x = static_cast<const float*>(x) + from;
    if (half) {
      auto* widened = static_cast<float*>(scratch.results);
      load_line(state.type, x, static_cast<std::size_t>(from), elements, widened);
      elements_of_x = widened;
    }
    const std::int64_t stride = state.outer.empty() ? 0 : state.outer.back().dilation * state.outer.back().stride_of_x;
    join_rows(state, elements_of_x, static_cast<std::size_t>(run), static_cast<std::size_t>(stride), elements, i > 0,
              line + meeting.begin, scratch.other);
  }
}

void pool_max(const State& state, const RunArguments& args, std::int64_t to, std::int64_t count,
              const Scratch& scratch) {
  const auto* line = static_cast<const float*>(scratch.line);
  const bool half = is_half(state.type);
  float* y = half ? static_cast<float*>(scratch.results) : static_cast<float*>(args.outputs[0]) + to;
  kernels::max_of_taps(line, static_cast<std::size_t>(state.last.kernel), static_cast<std::size_t>(state.last.stride),
                       static_cast<std::size_t>(state.last.dilation), static_cast<std::size_t>(count), y);
  if (half) {
    store_line(state.type, y, static_cast<std::size_t>(to), static_cast<std::size_t>(count), args.outputs[0]);
  }
}

double mean(const State& state, std::int64_t output, double counted, double sum) {
  const double divisor = counted * static_cast<double>(state.counted(state.last, output));
  return divisor == 0 ? 0 : sum / divisor;
}

/// Sums of outputs from `begin` on become means. `counted` are the elements along the outer axes.
void divide(const State& state, std::int64_t begin, std::int64_t count, double counted, double* sums) {
  const PooledAxis& last = state.last;
  // Where the first and the last tap meet the input, all do.
  const std::int64_t whole = std::clamp<std::int64_t>(last.outputs_of(0).begin - begin, 0, count);
  const std::int64_t whole_end = std::clamp(last.outputs_of(last.kernel - 1).end - begin, whole, count);
  const double divisor = counted == 0 ? 1 : counted * static_cast<double>(last.kernel);
  for (std::int64_t i = 0; i < whole; ++i) sums[i] = mean(state, begin + i, counted, sums[i]);
  for (std::int64_t i = whole; i < whole_end; ++i) sums[i] /= divisor;
  for (std::int64_t i = whole_end; i < count; ++i) sums[i] = mean(state, begin + i, counted, sums[i]);
}

void pool_sums(const State& state, const RunArguments& args, std::int64_t to, std::int64_t begin, std::int64_t count,
               double counted, const Scratch& scratch) {
  auto* sums = static_cast<double*>(scratch.results);
  kernels::sum_of_taps(static_cast<const double*>(scratch.line), static_cast<std::size_t>(state.last.kernel),
                       static_cast<std::size_t>(state.last.stride), static_cast<std::size_t>(state.last.dilation),
                       static_cast<std::size_t>(count), sums);
  if (state.op == PoolOp::kAverage) {
    divide(state, begin, count, counted, sums);
  } else if (state.p == 2) {
    for (std::int64_t i = 0; i < count; ++i) sums[i] = std::sqrt(sums[i]);
  }
  store_line(state.type, sums, static_cast<std::size_t>(to), static_cast<std::size_t>(count), args.outputs[0]);
}

void pool_piece(const State& state, const RunArguments& args, std::int64_t unit, const Scratch& scratch) {
  const std::int64_t row = unit / state.pieces;
  const std::int64_t begin = unit % state.pieces * state.piece;
  const std::int64_t count = std::min(state.piece, state.last.output - begin);
  const std::int64_t length = state.line - (state.piece - count) * state.last.stride;
  const PooledRows rows(state, row);
  const Meeting meeting = meeting_of(state, begin, length);
  const std::int64_t to = row * state.last.output + begin;
  if (state.op == PoolOp::kMax) {
    fill_line<float>(state, args.inputs[0], rows, meeting, length, scratch);
    pool_max(state, args, to, count, scratch);
  } else {
    fill_line<double>(state, args.inputs[0], rows, meeting, length, scratch);
    pool_sums(state, args, to, begin, count, rows.counted(), scratch);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.planes == 0) return;
  const std::int64_t units = state.planes * state.plane_rows * state.pieces;
  const double rows = state.taps / static_cast<double>(state.last.kernel);
  const double elements = static_cast<double>(state.line) * rows +
                          static_cast<double>(state.piece) * static_cast<double>(state.last.kernel);
  const auto per_task = static_cast<std::int64_t>(std::max(1.0, kTask / elements));
  const auto tasks = static_cast<std::size_t>((units + per_task - 1) / per_task);
  const double work = static_cast<double>(units) * (elements * kCost + kUnitCost);
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    std::byte* memory = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
    const Scratch scratch{memory, memory + state.line_bytes, memory + 2 * state.line_bytes};
    const std::int64_t first = static_cast<std::int64_t>(task) * per_task;
    for (std::int64_t unit = first; unit < std::min(units, first + per_task); ++unit) {
      if (args.control.abandon_if_stopped()) return;
      pool_piece(state, args, unit, scratch);
    }
  });
}

}  // namespace

std::vector<Implementation> pooling_implementations() {
  return {{"simd", Backend::kSimd, accepts, prepare, run}, pooling_reference_implementation()};
}

}  // namespace linnet::internal
