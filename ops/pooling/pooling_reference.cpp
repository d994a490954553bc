// Pooling of every type, a piece of an output row at a time. The elements that a piece needs of a row of X are lined up
// once; each tap of the window then meets all outputs of the piece.
#include <algorithm>
#include <cmath>

#include "ops/pooling/pooling.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kOutputs = 256;  ///< most of a piece
constexpr std::int64_t kLine = 1024;    ///< most elements lined up
constexpr std::int64_t kTask = 16384;   ///< elements of windows
constexpr double kCost = 2.0;           // ns per element of a window

struct State : Pooling {
  bool has_indices = false;
  std::int64_t piece = 1;   ///< outputs
  std::int64_t pieces = 1;  ///< of a row
  std::int64_t block = 1;   ///< taps for whose elements, of a whole piece, a line has room
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  static_cast<Pooling&>(*state) = pooling_of(context);
  state->has_indices = context.has_output(1);
  const PooledAxis& last = state->last;
  state->piece = std::clamp<std::int64_t>(kLine / 2 / last.stride, 1, std::min(kOutputs, last.output));
  state->pieces = (last.output + state->piece - 1) / state->piece;
  state->block = (kLine - (state->piece - 1) * last.stride - 1) / last.dilation + 1;
  return {std::move(state), 0, 0};
}

/// Elements of a plane of X, from the one at `first` on.
template <typename W>
void load_row(const State& state, const void* x, std::int64_t first, std::int64_t count, W* line) {
  const std::int64_t together = state.channels == 1 ? count : 1;
  for (std::int64_t i = 0; i < count; i += together) {
    load_line(state.type, x, static_cast<std::size_t>(first + i * state.channels), static_cast<std::size_t>(together),
              line + i);
  }
}

/// To outputs from `begin` on of a row that counts over all planes.
template <typename W>
void store_row(const State& state, const W* line, std::int64_t row, std::int64_t begin, std::int64_t count, void* y) {
  const std::int64_t plane = state.plane_begin(row / state.plane_rows, state.plane_rows * state.last.output);
  const std::int64_t first = row % state.plane_rows * state.last.output + begin;
  const std::int64_t together = state.channels == 1 ? count : 1;
  for (std::int64_t i = 0; i < count; i += together) {
    store_line(state.type, line + i, static_cast<std::size_t>(plane + (first + i) * state.channels),
               static_cast<std::size_t>(together), y);
  }
}

template <typename W>
bool is_nan(W element) {
  if constexpr (std::is_integral_v<W>) return false;
  return std::isnan(static_cast<double>(element));
}

/// What is made of the elements that the outputs of a piece have met so far.
template <typename W>
struct Maxima {
  using Line = W;
  W values[kOutputs];
  std::int64_t indices[kOutputs];

  void start(const Pooling& pooling, std::int64_t count) {
    W lowest;
    if constexpr (std::is_integral_v<W>) {
      lowest = integer_range<W>(pooling.type).lowest;
    } else {
      lowest = -std::numeric_limits<W>::infinity();
    }
    std::fill_n(values, count, lowest);
    std::fill_n(indices, count, -1);
  }

  /// Output first + i meets x[i * stride], which has index `index` + i * index_step.
  void join(const Pooling&, std::int64_t first, std::int64_t count, const W* x, std::int64_t stride, std::int64_t index,
            std::int64_t index_step) {
    for (std::int64_t i = 0; i < count; ++i) {
      const W element = x[i * stride];
      if (element > values[first + i] || is_nan(element) || indices[first + i] < 0) {
        values[first + i] = element;
        indices[first + i] = index + i * index_step;
      }
    }
  }

  void finish(const State& state, const RunArguments& args, std::int64_t row, std::int64_t begin, std::int64_t count,
              double /*counted*/) {
    store_row(state, values, row, begin, count, args.outputs[0]);
    if (!state.has_indices) return;
    std::copy_n(indices, count, static_cast<std::int64_t*>(args.outputs[1]) + row * state.last.output + begin);
  }
};

long double term(const Pooling& pooling, double x) {
  if (pooling.op == PoolOp::kAverage) return x;
  const long double magnitude = std::fabs(x);
  if (pooling.p == 1) return magnitude;
  return pooling.p == 2 ? magnitude * magnitude : std::pow(magnitude, static_cast<long double>(pooling.p));
}

long double root(const Pooling& pooling, long double sum) {
  if (pooling.p == 1) return sum;
  return pooling.p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / static_cast<long double>(pooling.p));
}

struct Sums {
  using Line = double;
  long double values[kOutputs];

  void start(const Pooling&, std::int64_t count) { std::fill_n(values, count, 0.0L); }

  void join(const Pooling& pooling, std::int64_t first, std::int64_t count, const double* x, std::int64_t stride,
            std::int64_t /*index*/, std::int64_t /*index_step*/) {
    for (std::int64_t i = 0; i < count; ++i) values[first + i] += term(pooling, x[i * stride]);
  }

  void finish(const State& state, const RunArguments& args, std::int64_t row, std::int64_t begin, std::int64_t count,
              double counted) {
    double line[kOutputs];
    for (std::int64_t i = 0; i < count; ++i) {
      long double result = values[i];
      if (state.op == PoolOp::kLp) {
        result = root(state, result);
      } else {
        const double divisor = counted * static_cast<double>(state.counted(state.last, begin + i));
        result = divisor == 0 ? 0 : result / static_cast<long double>(divisor);
      }
      const bool narrow = state.type == DataType::kFloat32;
      line[i] = narrow ? static_cast<double>(static_cast<float>(result)) : static_cast<double>(result);
    }
    store_row(state, line, row, begin, count, args.outputs[0]);
  }
};

/// Outputs [begin, begin + count) meet the elements of a row of X.
template <typename Results>
void join_row(const State& state, RunControl& control, const void* x, const PooledRows::Place& place,
              std::int64_t begin, std::int64_t count, Results& results) {
  const PooledAxis& last = state.last;
  typename Results::Line line[kLine];
  for (std::int64_t first = 0; first < last.kernel; first += state.block) {
    if (control.abandon_if_stopped()) return;
    const std::int64_t end = std::min(last.kernel, first + state.block);
    const std::int64_t low = std::max<std::int64_t>(0, last.start(begin) + first * last.dilation);
    const std::int64_t high = std::min(last.input, last.start(begin + count - 1) + (end - 1) * last.dilation + 1);
    if (low >= high) continue;
    load_row(state, x, place.x + low * state.channels, high - low, line);
    for (std::int64_t tap = first; tap < end; ++tap) {
      const auto [from_output, to_output] = last.outputs_of(tap);
      const std::int64_t from = std::max(begin, from_output);
      const std::int64_t to = std::min(begin + count, to_output);
      if (from >= to) continue;
      const std::int64_t at = last.start(from) + tap * last.dilation;
      results.join(state, from - begin, to - from, line + (at - low), last.stride, place.index + at * last.index_stride,
                   last.stride * last.index_stride);
    }
  }
}

template <typename Results>
void pool_piece(const State& state, const RunArguments& args, std::int64_t unit) {
  const std::int64_t row = unit / state.pieces;
  const std::int64_t begin = unit % state.pieces * state.piece;
  const std::int64_t count = std::min(state.piece, state.last.output - begin);
  const PooledRows rows(state, row);
  Results results;
  results.start(state, count);
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    if (args.control.abandon_if_stopped()) return;
    join_row(state, args.control, args.inputs[0], rows.place(i), begin, count, results);
  }
  results.finish(state, args, row, begin, count, rows.counted());
}

template <typename Results>
void pool(const State& state, const RunArguments& args) {
  const std::int64_t units = state.planes * state.plane_rows * state.pieces;
  const double unit_elements = static_cast<double>(state.piece) * state.taps + 16;
  const auto per_task = static_cast<std::int64_t>(std::max(1.0, kTask / unit_elements));
  const auto tasks = static_cast<std::size_t>((units + per_task - 1) / per_task);
  args.control.parallel_for(tasks, kCost * unit_elements * static_cast<double>(units), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * per_task;
    for (std::int64_t unit = first; unit < std::min(units, first + per_task); ++unit) {
      pool_piece<Results>(state, args, unit);
    }
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.planes == 0) return;
  if (state.op != PoolOp::kMax) return pool<Sums>(state, args);
  visit_line_type(state.type, [&](auto tag) { pool<Maxima<typename decltype(tag)::type>>(state, args); });
}

}  // namespace

Implementation pooling_reference_implementation() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
