// LayerNormalization and RMSNormalization by the kernels: of float32, also rows that tasks share, of 16-bit floats in
// rows that are widened, and of float64. Scale and B are one row.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/kernels/doubles.hpp"
#include "ops/kernels/normalization.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/kernels/reduction_double.hpp"
#include "ops/normalization/layer_normalization.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

/// Elements of one task.
constexpr std::int64_t kChunk = 32768;
constexpr std::int64_t kHalfChunk = 8192;
constexpr double kCost = 0.5;                  // ns per element
constexpr std::int64_t kLongRow = 4 * kChunk;  ///< rows from here on are shared by tasks

/// Whether the input, where there is one, has one value for each column, the same for every row.
bool is_row(const NodeView& node, std::size_t input) {
  if (!node.has_input(input)) return true;
  const Shape x = node.input_shape(0);
  const Shape shape = node.input_shape(input);
  const std::size_t axis = first_normalized_axis(node);
  const std::size_t missing = x.size() - shape.size();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if ((i < missing ? 1 : shape[i - missing]) != (i < axis ? 1 : x[i])) return false;
  }
  return true;
}

/// Of every type.
std::string accepts_rows(const NodeView& node) {
  if (node.input_type(1) != node.input_type(0)) {
    return text("only a scale of X's type, ", node.input_type(0), ", not ", node.input_type(1));
  }
  if (element_count(node.input_shape(0)) == 0) return "X has no elements";
  if (!is_row(node, 1)) return "Scale is not one row of the normalised dimensions";
  if (!is_row(node, 2)) return "B is not one row of the normalised dimensions";
  const bool stashed = node.has_output(1) || node.has_output(2);
  if (stashed && node.attributes<LayerNormalizationAttributes>().stash_type != DataType::kFloat32) {
    return "Mean and InvStdDev are wanted as bfloat16";
  }
  return "";
}

std::string accepts_simd(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  return accepts_rows(node);
}

std::string accepts_short_half(const NodeView& node) {
  std::string why_not = accepts_half(node);
  if (why_not.empty()) why_not = accepts_rows(node);
  if (!why_not.empty()) return why_not;
  const std::int64_t columns = layer_normalization_of(node).columns;
  return columns < kLongRow ? "" : text("only rows of less than ", kLongRow, " elements, not ", columns);
}

std::int64_t parts_of(const LayerNormalization& state) { return (state.columns + kChunk - 1) / kChunk; }

/// Long rows: each of a row's parts has a sum in the workspace.
Prepared prepare_simd(const PrepareContext& context) {
  auto state = new_shared<LayerNormalization>(layer_normalization_of(context));
  Prepared prepared;
  if (state->columns >= kLongRow)
    prepared.workspace_bytes = static_cast<std::size_t>(parts_of(*state)) * sizeof(double);
  prepared.state = std::move(state);
  return prepared;
}

/// The sum of of_part(first, count) over the parts of a row. Its order depends on the row's length alone.
template <typename OfPart>
double sum_of_parts(const RunArguments& args, const LayerNormalization& state, const OfPart& of_part) {
  auto* sums = static_cast<double*>(args.workspace);
  for_chunks(args.control, static_cast<std::size_t>(state.columns), kChunk, kCost / 3,
             [&](std::size_t first, std::size_t count) { sums[first / kChunk] = of_part(first, count); });
  return std::accumulate(sums, sums + parts_of(state), 0.0);
}

void run_long_row(const RunArguments& args, const LayerNormalization& state, std::int64_t row) {
  const float* x = static_cast<const float*>(args.inputs[0]) + row * state.columns;
  const auto* scale = static_cast<const float*>(args.inputs[1]);
  const auto* bias = static_cast<const float*>(state.bias(args));
  float* y = static_cast<float*>(args.outputs[0]) + row * state.columns;
  const auto size = static_cast<double>(state.columns);
  const auto part_sum = [&](std::size_t first, std::size_t count) {
    return kernels::reduce_row(kernels::ReduceKind::kSum, x + first, count);
  };
  const double mean = state.centred ? sum_of_parts(args, state, part_sum) / size : 0.0;
  const double variance = sum_of_parts(args, state,
                                       [&](std::size_t first, std::size_t count) {
                                         return kernels::sum_of_squared_distances(x + first, mean, count);
                                       }) /
                          size;
  const auto inv_std_dev = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(state.epsilon)));
  for_chunks(args.control, static_cast<std::size_t>(state.columns), kChunk, kCost / 3,
             [&](std::size_t first, std::size_t count) {
               kernels::normalize(x + first, scale + first, bias == nullptr ? nullptr : bias + first, mean, inv_std_dev,
                                  y + first, count);
             });
  if (state.has_mean) static_cast<float*>(args.outputs[1])[row] = static_cast<float>(mean);
  if (state.has_inv_std_dev) static_cast<float*>(args.outputs[2])[row] = inv_std_dev;
}

/// X and Y of some rows; Scale and B, where there is one.
struct RowOperands {
  const float* x;
  const float* scale;
  const float* bias;
  float* y;
};

/// `rows` of them, of which the first is row `first` of all.
void normalize_rows(const RunArguments& args, const LayerNormalization& state, const RowOperands& of,
                    std::int64_t first, std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows);
  const auto columns = static_cast<std::size_t>(state.columns);
  if (!state.centred) return kernels::rms_norm(of.x, of.scale, state.epsilon, of.y, count, columns);
  auto* mean = static_cast<float*>(state.mean(args));
  auto* inv_std_dev = static_cast<float*>(state.inv_std_dev(args));
  kernels::layer_norm(of.x, of.scale, of.bias, state.epsilon, of.y, mean == nullptr ? nullptr : mean + first,
                      inv_std_dev == nullptr ? nullptr : inv_std_dev + first, count, columns);
}

void run_simd(const RunArguments& args) {
  const LayerNormalization& state = *static_cast<const LayerNormalization*>(args.state);
  if (state.columns >= kLongRow) {
    for (std::int64_t row = 0; row < state.rows; ++row) run_long_row(args, state, row);
    return;
  }
  const auto* x = static_cast<const float*>(args.inputs[0]);
  const auto* scale = static_cast<const float*>(args.inputs[1]);
  const auto* bias = static_cast<const float*>(state.bias(args));
  auto* y = static_cast<float*>(args.outputs[0]);
  for_rows(args, state, kChunk, kCost, [&](std::int64_t first, std::int64_t rows, std::size_t) {
    normalize_rows(args, state, {x + first * state.columns, scale, bias, y + first * state.columns}, first, rows);
  });
}

/// Elements of a whole row, or of the rows that a task of 16-bit floats has.
std::size_t half_block(const LayerNormalization& state) {
  return static_cast<std::size_t>(std::max(state.columns, kHalfChunk));
}

/// Scale, B, and what each worker widens.
Prepared prepare_half(const PrepareContext& context) {
  auto state = new_shared<LayerNormalization>(layer_normalization_of(context));
  const std::size_t blocks = half_block(*state) * static_cast<std::size_t>(context.threads());
  const std::size_t elements = 2 * static_cast<std::size_t>(state->columns) + blocks;
  return {std::move(state), elements * sizeof(float), 0};
}

void run_half(const RunArguments& args) {
  const LayerNormalization& state = *static_cast<const LayerNormalization*>(args.state);
  const auto columns = static_cast<std::size_t>(state.columns);
  float* const scale = static_cast<float*>(args.workspace);
  float* const bias = state.has_bias ? scale + columns : nullptr;
  float* const blocks = scale + 2 * columns;
  load_line(state.type, args.inputs[1], 0, columns, scale);
  if (bias != nullptr) load_line(state.type, args.inputs[2], 0, columns, bias);
  for_rows(args, state, kHalfChunk, kCost, [&](std::int64_t first, std::int64_t rows, std::size_t worker) {
    float* const block = blocks + worker * half_block(state);
    const auto begin = static_cast<std::size_t>(first) * columns;
    const auto count = static_cast<std::size_t>(rows) * columns;
    load_line(state.type, args.inputs[0], begin, count, block);
    normalize_rows(args, state, {block, scale, bias, block}, first, rows);
    store_line(state.type, block, begin, count, args.outputs[0]);
  });
}

std::string accepts_short_double(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat64) return text("only float64, not ", node.input_type(0));
  std::string why_not = accepts_rows(node);
  if (!why_not.empty()) return why_not;
  const std::int64_t columns = layer_normalization_of(node).columns;
  return columns < kLongRow ? "" : text("only rows of less than ", kLongRow, " elements, not ", columns);
}

/// Each worker has a row.
Prepared prepare_double(const PrepareContext& context) {
  auto state = new_shared<LayerNormalization>(layer_normalization_of(context));
  const std::size_t elements = static_cast<std::size_t>(state->columns) * static_cast<std::size_t>(context.threads());
  return {std::move(state), elements * sizeof(double), 0};
}

/// Of double-double means and compensated sums: as exact as in long double. Y may be X, which may be Scale and B, too:
/// Y is written last.
void normalize_doubles(const RunArguments& args, const LayerNormalization& state, std::int64_t row, double* distances) {
  const auto columns = static_cast<std::size_t>(state.columns);
  const auto size = static_cast<long double>(state.columns);
  const double* x = static_cast<const double*>(args.inputs[0]) + row * state.columns;
  double* const y = static_cast<double*>(args.outputs[0]) + row * state.columns;
  long double mean = 0, squares = 0;
  if (state.centred) {
    kernels::reduce_doubles(kernels::ReduceKind::kSum, x, &mean, columns, 1, 1);
    mean /= size;
    const auto high = static_cast<double>(mean);
    kernels::shift_doubles(x, high, static_cast<double>(mean - static_cast<long double>(high)), distances, columns);
    x = distances;
  }
  kernels::reduce_doubles(kernels::ReduceKind::kSumOfSquares, x, &squares, columns, 1, 1);
  const long double variance = squares / size + static_cast<long double>(state.epsilon);
  const auto inv_std_dev = static_cast<double>(1 / std::sqrt(variance));
  kernels::scale_doubles(x, inv_std_dev, static_cast<const double*>(args.inputs[1]),
                         static_cast<const double*>(state.bias(args)), y, columns);
  if (state.has_mean) static_cast<float*>(args.outputs[1])[row] = static_cast<float>(mean);
  if (state.has_inv_std_dev) static_cast<float*>(args.outputs[2])[row] = static_cast<float>(inv_std_dev);
}

void run_double(const RunArguments& args) {
  const LayerNormalization& state = *static_cast<const LayerNormalization*>(args.state);
  for_rows(args, state, kHalfChunk, 4 * kCost, [&](std::int64_t first, std::int64_t rows, std::size_t worker) {
    double* const distances = static_cast<double*>(args.workspace) + worker * static_cast<std::size_t>(state.columns);
    for (std::int64_t row = first; row < first + rows; ++row) normalize_doubles(args, state, row, distances);
  });
}

}  // namespace

Implementation simd_layer_normalization() { return {"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd}; }
Implementation half_layer_normalization() {
  return {"simd half", Backend::kSimd, accepts_short_half, prepare_half, run_half};
}
Implementation double_layer_normalization() {
  return {"simd double", Backend::kSimd, accepts_short_double, prepare_double, run_double};
}

}  // namespace linnet::internal
