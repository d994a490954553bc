// The reductions of float32 whose reduced dimensions are neighbours: X is [outer, rows, columns], Y is [outer,
// columns].
#include <algorithm>

#include "ops/chunks.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/reduction.hpp"

namespace linnet::internal {
namespace {

using kernels::ReduceKind;

/// Elements of X that one task reads, about.
constexpr std::int64_t kTile = 65536;
constexpr std::int64_t kBlock = 512;  ///< most columns of a tile
constexpr double kCost = 0.1;         // ns per element

/// X is cut into tiles of `part_rows` rows and `block` columns at most, chosen by its shape alone, so that the order in
/// which an element of Y is summed does not depend on the number of threads. Where there are several parts, each tile
/// writes partial results [outer, parts, columns] to the workspace, which are joined in the order of the parts.
struct Tiling {
  ReduceKind kind = ReduceKind::kSum;
  bool divides = false;  ///< ReduceMean
  std::int64_t outer = 1, rows = 1, columns = 1;
  std::int64_t block = 1, blocks = 1;
  std::int64_t part_rows = 1, parts = 1;
};

ReduceKind kind_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::kMean:
    case ReduceOp::kSum:
      break;
    case ReduceOp::kSumSquare:
      return ReduceKind::kSumOfSquares;
    case ReduceOp::kProd:
      return ReduceKind::kProduct;
    case ReduceOp::kMax:
      return ReduceKind::kMaximum;
    case ReduceOp::kMin:
      return ReduceKind::kMinimum;
  }
  return ReduceKind::kSum;
}

Tiling tiling_of(const Reduction& reduction) {
  Tiling tiling;
  tiling.kind = kind_of(reduction.op);
  tiling.divides = reduction.op == ReduceOp::kMean;
  tiling.rows = reduction.count;
  tiling.columns = reduction.results;
  if (reduction.sizes.size() > 1 && !reduction.reduced.front()) {
    tiling.outer = reduction.sizes.front();
    tiling.columns = reduction.results / tiling.outer;
  }
  tiling.block = std::clamp<std::int64_t>(tiling.columns, 1, kBlock);
  tiling.blocks = (tiling.columns + tiling.block - 1) / tiling.block;
  tiling.part_rows = kTile / tiling.block;
  tiling.parts = std::max<std::int64_t>(1, (tiling.rows + tiling.part_rows - 1) / tiling.part_rows);
  return tiling;
}

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const Reduction reduction = reduction_of(node);
  if (std::count(reduction.reduced.begin(), reduction.reduced.end(), true) > 1)
    return "the reduced dimensions are not neighbours";
  return "";
}

Prepared prepare(const PrepareContext& context) {
  auto tiling = std::make_shared<Tiling>(tiling_of(reduction_of(context)));
  Prepared prepared;
  if (tiling->parts > 1) {
    prepared.workspace_bytes =
        static_cast<std::size_t>(tiling->outer * tiling->parts * tiling->columns) * sizeof(double);
  }
  prepared.state = std::move(tiling);
  return prepared;
}

float finished(const Tiling& tiling, double value) {
  return static_cast<float>(tiling.divides ? value / static_cast<double>(tiling.rows) : value);
}

void reduce_tile(const Tiling& tiling, const RunArguments& args, std::int64_t tile) {
  const std::int64_t column = tile % tiling.blocks * tiling.block;
  const std::int64_t part = tile / tiling.blocks % tiling.parts;
  const std::int64_t outer = tile / tiling.blocks / tiling.parts;
  const std::int64_t row = part * tiling.part_rows;
  const auto rows = static_cast<std::size_t>(std::min(tiling.part_rows, tiling.rows - row));
  const auto columns = static_cast<std::size_t>(std::min(tiling.block, tiling.columns - column));
  const float* x = static_cast<const float*>(args.inputs[0]) + (outer * tiling.rows + row) * tiling.columns + column;
  double line[kBlock];
  double* results = line;
  if (tiling.parts > 1) {
    results = static_cast<double*>(args.workspace) + (outer * tiling.parts + part) * tiling.columns + column;
  }
  if (tiling.columns == 1) {
    results[0] = kernels::reduce_row(tiling.kind, x, rows);
  } else {
    kernels::reduce_columns(tiling.kind, x, results, rows, columns, static_cast<std::size_t>(tiling.columns));
  }
  if (tiling.parts > 1) return;
  float* y = static_cast<float*>(args.outputs[0]) + outer * tiling.columns + column;
  std::transform(line, line + columns, y, [&](double value) { return finished(tiling, value); });
}

void join_parts(const Tiling& tiling, const RunArguments& args, std::int64_t result) {
  const std::int64_t outer = result / tiling.columns;
  const std::int64_t column = result % tiling.columns;
  const double* partial = static_cast<const double*>(args.workspace) + outer * tiling.parts * tiling.columns + column;
  double value = partial[0];
  for (std::int64_t part = 1; part < tiling.parts; ++part) {
    value = kernels::join_reduced(tiling.kind, value, partial[part * tiling.columns]);
  }
  static_cast<float*>(args.outputs[0])[result] = finished(tiling, value);
}

void run(const RunArguments& args) {
  const Tiling& tiling = *static_cast<const Tiling*>(args.state);
  const auto tiles = static_cast<std::size_t>(tiling.outer * tiling.parts * tiling.blocks);
  const std::int64_t tile_size = std::min(tiling.part_rows, tiling.rows) * tiling.block;
  const auto per_task = static_cast<std::size_t>(std::max<std::int64_t>(1, kTile / (tile_size + 16)));
  const double cost = kCost * static_cast<double>(tile_size + 16);
  for_chunks(args.control, tiles, per_task, cost, [&](std::size_t first, std::size_t size) {
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

}  // namespace

std::vector<Implementation> reduction_implementations() {
  return {{"simd", Backend::kSimd, accepts, prepare, run}, reduction_reference_implementation()};
}

}  // namespace linnet::internal
