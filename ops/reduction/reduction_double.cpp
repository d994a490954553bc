// The reductions of float64 whose reduced dimensions are neighbours: X is [outer, rows, columns], Y is [outer,
// columns].
#include <algorithm>
#include <cmath>

#include "ops/kernels/doubles.hpp"
#include "ops/kernels/reduction_double.hpp"
#include "ops/reduction/reduction.hpp"
#include "ops/shared/chunks.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kTile = 32768;   ///< elements of X that one task reads, about
constexpr std::int64_t kColumns = 256;  ///< most results of a call of the kernel
constexpr std::int64_t kPart = 65536;   ///< elements between two looks at whether the run is to stop
constexpr double kCost = 0.25;          // ns per element
constexpr double kExponentialCost = 3;  // the same, of ReduceLogSumExp

struct State {
  ReduceOp op;
  ReducedExtents x;
};

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat64) return text("only float64, not ", node.input_type(0));
  const Reduction reduction = reduction_of(node);
  return reduces_neighbours(reduction) ? "" : "the reduced dimensions are not neighbours";
}

Prepared prepare(const PrepareContext& context) {
  const Reduction reduction = reduction_of(context);
  Prepared prepared;
  prepared.state = new_shared<const State>(State{reduction.op, extents_of(reduction)});
  return prepared;
}

double finished(const State& state, long double value) {
  switch (state.op) {
    case ReduceOp::kMean:
      return static_cast<double>(value / static_cast<long double>(state.x.rows));
    case ReduceOp::kL2:
      return static_cast<double>(std::sqrt(value));
    case ReduceOp::kLogSum:
      return static_cast<double>(std::log(value));
    default:
      return static_cast<double>(value);
  }
}

/// `count` neighbouring results; the parts follow from the extents alone.
void reduce_parts(const State& state, RunControl& control, const double* x, std::size_t count, long double* results) {
  const auto rows = static_cast<std::size_t>(state.x.rows);
  const auto stride = static_cast<std::size_t>(state.x.columns);
  const std::size_t part = std::max<std::size_t>(static_cast<std::size_t>(kPart) / count, 1);
  const kernels::ReduceKind kind = kind_of(state.op);
  kernels::reduce_doubles(kind, x, results, std::min(part, rows), count, stride);
  for (std::size_t first = part; first < rows && !control.abandon_if_stopped(); first += part) {
    long double more[kColumns];
    kernels::reduce_doubles(kind, x + first * stride, more, std::min(part, rows - first), count, stride);
    for (std::size_t i = 0; i < count; ++i) results[i] = kernels::join_reduced(kind, results[i], more[i]);
  }
}

/// Of `rows` numbers, `stride` apart.
double log_sum_exp(RunControl& control, const double* x, std::size_t rows, std::size_t stride) {
  constexpr std::size_t kLine = 1024;
  double line[kLine], powers[kLine];
  LogSumExp all;
  for (std::size_t first = 0; first < rows && !control.abandon_if_stopped(); first += kLine) {
    const std::size_t count = std::min(kLine, rows - first);
    for (std::size_t i = 0; i < count; ++i) line[i] = x[(first + i) * stride];
    long double largest = 0;  // NaN where one is
    kernels::reduce_doubles(kernels::ReduceKind::kMaximum, line, &largest, count, 1, 1);
    const auto maximum = static_cast<double>(largest);
    const auto others = static_cast<double>(kernels::exponentials_of_doubles(line, powers, count, maximum));
    all = joined(all, {maximum, {1.0, others}});
  }
  return static_cast<double>(logarithm_of(all));
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const ReducedExtents& extents = state.x;
  const std::int64_t block = std::clamp<std::int64_t>(extents.columns, 1, kColumns);
  const std::int64_t blocks = (extents.columns + block - 1) / block;
  const std::int64_t tile = extents.rows * block + 16;
  const auto per_task = static_cast<std::size_t>(std::max<std::int64_t>(1, kTile / tile));
  const auto tiles = static_cast<std::size_t>(extents.outer * blocks);
  const double cost = state.op == ReduceOp::kLogSumExp ? kExponentialCost : kCost;
  for_chunks(args.control, tiles, per_task, cost * static_cast<double>(tile), [&](std::size_t first, std::size_t size) {
    for (std::size_t index = first; index < first + size; ++index) {
      const std::int64_t outer = static_cast<std::int64_t>(index) / blocks;
      const std::int64_t column = static_cast<std::int64_t>(index) % blocks * block;
      const auto count = static_cast<std::size_t>(std::min(block, extents.columns - column));
      const auto* x = static_cast<const double*>(args.inputs[0]) + outer * extents.rows * extents.columns + column;
      double* const y = static_cast<double*>(args.outputs[0]) + outer * extents.columns + column;
      if (state.op == ReduceOp::kLogSumExp) {
        for (std::size_t i = 0; i < count; ++i) {
          y[i] = log_sum_exp(args.control, x + i, static_cast<std::size_t>(extents.rows),
                             static_cast<std::size_t>(extents.columns));
        }
        continue;
      }
      long double results[kColumns];
      reduce_parts(state, args.control, x, count, results);
      for (std::size_t i = 0; i < count; ++i) y[i] = finished(state, results[i]);
    }
  });
}

}  // namespace

Implementation reduction_double_implementation() { return {"simd double", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
