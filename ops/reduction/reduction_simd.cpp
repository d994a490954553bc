// The reductions of float32 whose reduced dimensions are neighbours: X is [outer, rows, columns], Y is [outer,
// columns]; and those of 16-bit floats, which are widened a few rows at a time.
#include <algorithm>
#include <cmath>

#include "ops/kernels/reduction.hpp"
#include "ops/reduction/reduction.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

using kernels::ExponentialSum;
using kernels::ReduceKind;

/// Elements of X that one task reads, about.
constexpr std::int64_t kTile = 65536;
constexpr std::int64_t kBlock = 512;      ///< most columns of a tile
constexpr double kCost = 0.1;             // ns per element
constexpr double kExponentialCost = 2.0;  // the same, of ReduceLogSumExp

/// X is cut into tiles of `part_rows` rows and `block` columns at most, chosen by its shape alone, so that the order in
/// which an element of Y is summed does not depend on the number of threads. Where there are several parts, each tile
/// writes partial results [outer, parts, columns] to the workspace, which are joined in the order of the parts.
struct Tiling {
  ReduceOp op = ReduceOp::kSum;
  ReduceKind kind = ReduceKind::kSum;  ///< what is made of the elements; of ReduceLogSumExp the first of two things
  std::int64_t outer = 1, rows = 1, columns = 1;
  std::int64_t block = 1, blocks = 1;
  std::int64_t part_rows = 1, parts = 1;
};

Tiling tiling_of(const Reduction& reduction) {
  Tiling tiling;
  tiling.op = reduction.op;
  tiling.kind = kind_of(reduction.op);
  const ReducedExtents extents = extents_of(reduction);
  tiling.outer = extents.outer;
  tiling.rows = extents.rows;
  tiling.columns = extents.columns;
  tiling.block = std::clamp<std::int64_t>(tiling.columns, 1, kBlock);
  tiling.blocks = (tiling.columns + tiling.block - 1) / tiling.block;
  tiling.part_rows = kTile / tiling.block;
  tiling.parts = std::max<std::int64_t>(1, (tiling.rows + tiling.part_rows - 1) / tiling.part_rows);
  return tiling;
}

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const Reduction reduction = reduction_of(node);
  return reduces_neighbours(reduction) ? "" : "the reduced dimensions are not neighbours";
}

/// Of ReduceLogSumExp the sums stand behind the maxima.
std::size_t partial_count(const Tiling& tiling) {
  return static_cast<std::size_t>(tiling.outer * tiling.parts * tiling.columns);
}

bool sums_exponentials(const Tiling& tiling) { return tiling.op == ReduceOp::kLogSumExp; }

Prepared prepare(const PrepareContext& context) {
  auto tiling = new_shared<Tiling>(tiling_of(reduction_of(context)));
  Prepared prepared;
  if (tiling->parts > 1) {
    const std::size_t bytes = sizeof(double) + (sums_exponentials(*tiling) ? sizeof(ExponentialSum) : 0);
    prepared.workspace_bytes = partial_count(*tiling) * bytes;
  }
  prepared.state = std::move(tiling);
  return prepared;
}

/// Where the partial results are.
struct Partials {
  double* values;
  ExponentialSum* sums;  ///< of ReduceLogSumExp
};

Partials partials_of(const Tiling& tiling, const RunArguments& args) {
  auto* values = static_cast<double*>(args.workspace);
  return {values, reinterpret_cast<ExponentialSum*>(values + partial_count(tiling))};
}

/// To be rounded.
double completed(const Tiling& tiling, double value) {
  switch (tiling.op) {
    case ReduceOp::kMean:
      return value / static_cast<double>(tiling.rows);
    case ReduceOp::kL2:
      return std::sqrt(value);
    case ReduceOp::kLogSum:
      return std::log(value);
    default:
      return value;
  }
}

float finished(const Tiling& tiling, double value) { return static_cast<float>(completed(tiling, value)); }

void reduce_elements(const Tiling& tiling, const float* x, std::size_t rows, std::size_t columns,
                     const Partials& results) {
  const auto stride = static_cast<std::size_t>(tiling.columns);
  if (stride == 1) {
    results.values[0] = kernels::reduce_row(tiling.kind, x, rows);
    if (sums_exponentials(tiling)) results.sums[0] = kernels::sum_exponentials(x, results.values[0], rows);
  } else {
    kernels::reduce_columns(tiling.kind, x, results.values, rows, columns, stride);
    if (sums_exponentials(tiling)) {
      kernels::sum_exponentials_of_columns(x, results.values, results.sums, rows, columns, stride);
    }
  }
}

void reduce_tile(const Tiling& tiling, const RunArguments& args, std::int64_t tile) {
  const std::int64_t column = tile % tiling.blocks * tiling.block;
  const std::int64_t part = tile / tiling.blocks % tiling.parts;
  const std::int64_t outer = tile / tiling.blocks / tiling.parts;
  const std::int64_t row = part * tiling.part_rows;
  const auto rows = static_cast<std::size_t>(std::min(tiling.part_rows, tiling.rows - row));
  const auto columns = static_cast<std::size_t>(std::min(tiling.block, tiling.columns - column));
  const float* x = static_cast<const float*>(args.inputs[0]) + (outer * tiling.rows + row) * tiling.columns + column;
  if (tiling.parts > 1) {
    const Partials partials = partials_of(tiling, args);
    const std::int64_t index = (outer * tiling.parts + part) * tiling.columns + column;
    reduce_elements(tiling, x, rows, columns, {partials.values + index, partials.sums + index});
    return;
  }
  float* y = static_cast<float*>(args.outputs[0]) + outer * tiling.columns + column;
  double values[kBlock];
  if (!sums_exponentials(tiling)) {
    reduce_elements(tiling, x, rows, columns, {values, nullptr});
    for (std::size_t i = 0; i < columns; ++i) y[i] = finished(tiling, values[i]);
    return;
  }
  ExponentialSum sums[kBlock];  // not above: to make them takes longer than to reduce a short row
  reduce_elements(tiling, x, rows, columns, {values, sums});
  for (std::size_t i = 0; i < columns; ++i) y[i] = static_cast<float>(logarithm_of({values[i], sums[i]}));
}

/// Where X is [outer, rows]: short rows take no longer than they must.
void reduce_rows(const Tiling& tiling, const RunArguments& args, std::size_t first, std::size_t size) {
  const auto rows = static_cast<std::size_t>(tiling.rows);
  const float* x = static_cast<const float*>(args.inputs[0]) + first * rows;
  float* y = static_cast<float*>(args.outputs[0]) + first;
  double values[kBlock];
  for (std::size_t done = 0; done < size; done += kBlock) {
    const std::size_t some = std::min<std::size_t>(kBlock, size - done);
    kernels::reduce_rows(tiling.kind, x + done * rows, values, some, rows);
    for (std::size_t i = 0; i < some; ++i) y[done + i] = finished(tiling, values[i]);
  }
}

void join_parts(const Tiling& tiling, const RunArguments& args, std::int64_t result) {
  const std::int64_t outer = result / tiling.columns;
  const std::int64_t column = result % tiling.columns;
  const Partials partials = partials_of(tiling, args);
  const std::int64_t first = outer * tiling.parts * tiling.columns + column;
  float& y = static_cast<float*>(args.outputs[0])[result];
  if (sums_exponentials(tiling)) {
    LogSumExp all;
    for (std::int64_t index = first; index < first + tiling.parts * tiling.columns; index += tiling.columns) {
      all = joined(all, {partials.values[index], partials.sums[index]});
    }
    y = static_cast<float>(logarithm_of(all));
    return;
  }
  double value = partials.values[first];
  for (std::int64_t part = 1; part < tiling.parts; ++part) {
    value = kernels::join_reduced(tiling.kind, value, partials.values[first + part * tiling.columns]);
  }
  y = finished(tiling, value);
}

void run(const RunArguments& args) {
  const Tiling& tiling = *static_cast<const Tiling*>(args.state);
  const auto tiles = static_cast<std::size_t>(tiling.outer * tiling.parts * tiling.blocks);
  const std::int64_t tile_size = std::min(tiling.part_rows, tiling.rows) * tiling.block;
  const auto per_task = static_cast<std::size_t>(std::max<std::int64_t>(1, kTile / (tile_size + 16)));
  const double element_cost = sums_exponentials(tiling) ? kExponentialCost : kCost;
  const double cost = element_cost * static_cast<double>(tile_size + 16);
  const bool by_rows = tiling.columns == 1 && tiling.parts == 1 && !sums_exponentials(tiling);
  for_chunks(args.control, tiles, per_task, cost, [&](std::size_t first, std::size_t size) {
    if (by_rows) return reduce_rows(tiling, args, first, size);
    for (std::size_t tile = first; tile < first + size; ++tile) {
      reduce_tile(tiling, args, static_cast<std::int64_t>(tile));
    }
  });
  if (tiling.parts == 1) return;
  const auto results = static_cast<std::size_t>(tiling.outer * tiling.columns);
  const auto joined_per_task = static_cast<std::size_t>(std::max<std::int64_t>(1, kTile / tiling.parts));
  for_chunks(args.control, results, joined_per_task, static_cast<double>(tiling.parts),
             [&](std::size_t first, std::size_t size) {
               for (std::size_t result = first; result < first + size; ++result) {
                 join_parts(tiling, args, static_cast<std::int64_t>(result));
               }
             });
}

/// 16-bit floats that are widened at a time.
constexpr std::size_t kHalfLine = 4096;
constexpr std::size_t kHalfColumns = 256;
constexpr double kHalfCost = 0.2;  // ns per element

struct HalfState {
  Tiling tiling;
  DataType type;
};

std::string accepts_halves(const NodeView& node) {
  std::string why_not = accepts_half(node);
  if (!why_not.empty()) return why_not;
  const Reduction reduction = reduction_of(node);
  return reduces_neighbours(reduction) ? "" : "the reduced dimensions are not neighbours";
}

Prepared prepare_half(const PrepareContext& context) {
  const Reduction reduction = reduction_of(context);
  Prepared prepared;
  prepared.state = new_shared<const HalfState>(HalfState{tiling_of(reduction), reduction.type});
  return prepared;
}

/// X being [outer, rows] with short rows: some are widened at a time, and each result is rounded once.
void reduce_short_rows(const HalfState& state, const RunArguments& args) {
  constexpr std::size_t kMostRows = 128;
  const Tiling& tiling = state.tiling;
  const auto length = static_cast<std::size_t>(tiling.rows);
  const std::size_t group = std::min(kMostRows, kHalfLine / length);
  const auto results = static_cast<std::size_t>(tiling.outer);
  const double cost = kHalfCost * static_cast<double>((length + 16) * group);
  for_chunks(args.control, (results + group - 1) / group, 4, cost, [&](std::size_t first, std::size_t groups) {
    const std::size_t end = std::min(results, (first + groups) * group);
    for (std::size_t row = first * group; row < end; row += group) {
      float line[kHalfLine];
      double y[kMostRows];
      const std::size_t rows = std::min(group, end - row);
      load_line(state.type, args.inputs[0], row * length, rows * length, line);
      for (std::size_t i = 0; i < rows; ++i)
        y[i] = completed(tiling, kernels::reduce_row(tiling.kind, line + i * length, length));
      store_line(state.type, y, row, rows, args.outputs[0]);
    }
  });
}

/// Widens `columns` elements of each of some rows of X, from element `begin` on.
void load_rows(const HalfState& state, const RunArguments& args, std::size_t begin, std::size_t rows,
               std::size_t columns, float* line) {
  const auto stride = static_cast<std::size_t>(state.tiling.columns);
  if (columns == stride) return load_line(state.type, args.inputs[0], begin, rows * columns, line);
  for (std::size_t i = 0; i < rows; ++i)
    load_line(state.type, args.inputs[0], begin + i * stride, columns, line + i * columns);
}

/// `columns` results, at most kHalfColumns, of rows that begin at element `begin` of X; what is made of every few rows
/// is joined in their order.
void reduce_wide_rows(const HalfState& state, const RunArguments& args, std::size_t begin, std::size_t columns,
                      double* results) {
  const Tiling& tiling = state.tiling;
  const auto length = static_cast<std::size_t>(tiling.rows);
  const auto stride = static_cast<std::size_t>(tiling.columns);
  const std::size_t group = kHalfLine / columns;
  for (std::size_t row = 0; row < length && !args.control.abandon_if_stopped(); row += group) {
    float line[kHalfLine];
    double joined[kHalfColumns];
    const std::size_t rows = std::min(group, length - row);
    load_rows(state, args, begin + row * stride, rows, columns, line);
    double* const to = row == 0 ? results : joined;
    if (columns == 1) {
      to[0] = kernels::reduce_row(tiling.kind, line, rows);
    } else {
      kernels::reduce_columns(tiling.kind, line, to, rows, columns, columns);
    }
    if (row > 0) kernels::join_reduced(tiling.kind, results, joined, columns);
  }
}

/// The same of `columns` sums of exponentials.
void sum_wide_exponentials(const HalfState& state, const RunArguments& args, std::size_t begin, std::size_t columns,
                           LogSumExp* results) {
  const auto length = static_cast<std::size_t>(state.tiling.rows);
  const auto stride = static_cast<std::size_t>(state.tiling.columns);
  const std::size_t group = kHalfLine / columns;
  for (std::size_t row = 0; row < length && !args.control.abandon_if_stopped(); row += group) {
    float line[kHalfLine];
    double maxima[kHalfColumns];
    ExponentialSum sums[kHalfColumns];
    const std::size_t rows = std::min(group, length - row);
    load_rows(state, args, begin + row * stride, rows, columns, line);
    Tiling dense = state.tiling;
    dense.columns = static_cast<std::int64_t>(columns);
    reduce_elements(dense, line, rows, columns, {maxima, sums});
    for (std::size_t i = 0; i < columns; ++i) results[i] = joined(results[i], {maxima[i], sums[i]});
  }
}

/// Some results of X's rows: `tile` counts blocks of columns, then rows of Y.
void reduce_half_tile(const HalfState& state, const RunArguments& args, std::size_t tile) {
  const Tiling& tiling = state.tiling;
  const auto length = static_cast<std::size_t>(tiling.rows);
  const auto columns = static_cast<std::size_t>(tiling.columns);
  const std::size_t blocks = (columns + kHalfColumns - 1) / kHalfColumns;
  const std::size_t column = tile % blocks * kHalfColumns;
  const std::size_t outer = tile / blocks;
  const std::size_t count = std::min(kHalfColumns, columns - column);
  const std::size_t begin = outer * length * columns + column;
  double y[kHalfColumns];
  if (sums_exponentials(tiling)) {
    LogSumExp sums[kHalfColumns];
    sum_wide_exponentials(state, args, begin, count, sums);
    for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<double>(logarithm_of(sums[i]));
  } else {
    if (length == 0) kernels::reduce_columns(tiling.kind, nullptr, y, 0, count, count);
    reduce_wide_rows(state, args, begin, count, y);
    for (std::size_t i = 0; i < count; ++i) y[i] = completed(tiling, y[i]);
  }
  store_line(state.type, y, outer * columns + column, count, args.outputs[0]);
}

void run_half(const RunArguments& args) {
  const auto& state = *static_cast<const HalfState*>(args.state);
  const Tiling& tiling = state.tiling;
  const auto length = static_cast<std::size_t>(tiling.rows);
  const auto columns = static_cast<std::size_t>(tiling.columns);
  const bool by_rows = columns == 1 && length > 0 && length <= kHalfLine;
  if (by_rows && !sums_exponentials(tiling)) return reduce_short_rows(state, args);
  const std::size_t blocks = (columns + kHalfColumns - 1) / kHalfColumns;
  const double cost = kHalfCost + (sums_exponentials(tiling) ? kExponentialCost : 0);
  const std::size_t per_task = std::max<std::size_t>(1, kHalfLine / (length * std::min(columns, kHalfColumns) + 1));
  const double tile_cost = cost * static_cast<double>(length * std::min(columns, kHalfColumns) + 16);
  for_chunks(args.control, static_cast<std::size_t>(tiling.outer) * blocks, per_task, tile_cost,
             [&](std::size_t first, std::size_t tiles) {
               for (std::size_t tile = first; tile < first + tiles; ++tile) reduce_half_tile(state, args, tile);
             });
}

}  // namespace

bool reduces_neighbours(const Reduction& reduction) {
  return std::count(reduction.reduced.begin(), reduction.reduced.end(), true) <= 1;
}

ReducedExtents extents_of(const Reduction& reduction) {
  ReducedExtents extents{1, reduction.count, reduction.results};
  if (reduction.sizes.size() > 1 && !reduction.reduced.front()) {
    extents.outer = reduction.sizes.front();
    extents.columns = reduction.results / extents.outer;
  }
  return extents;
}

ReduceKind kind_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::kMean:
    case ReduceOp::kSum:
    case ReduceOp::kLogSum:
      break;
    case ReduceOp::kL1:
      return ReduceKind::kSumOfMagnitudes;
    case ReduceOp::kL2:
    case ReduceOp::kSumSquare:
      return ReduceKind::kSumOfSquares;
    case ReduceOp::kProd:
      return ReduceKind::kProduct;
    case ReduceOp::kLogSumExp:
    case ReduceOp::kMax:
      return ReduceKind::kMaximum;
    case ReduceOp::kMin:
      return ReduceKind::kMinimum;
  }
  return ReduceKind::kSum;
}

std::vector<Implementation> reduction_implementations() {
  return {{"simd", Backend::kSimd, accepts, prepare, run},
          {"simd half", Backend::kSimd, accepts_halves, prepare_half, run_half},
          reduction_double_implementation(),
          reduction_reference_implementation()};
}

}  // namespace linnet::internal
