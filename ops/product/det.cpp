// Det      Y[*] is the determinant of the matrix X[*], which is square: the product of the pivots that elimination with
//          exchanged rows finds. A matrix of no rows has determinant 1. Opsets 11 to newest
// Inverse  Y[*] is the inverse of X[*], by the same elimination with the unit matrix beside it; not finite where there
//          is none. com.microsoft
//
// Computed in double and rounded once; types: float, double, float16, bfloat16 (Det from 22, accepted at every opset).
#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

const Dims& require_matrices(const NodeView& node) {
  const Dims& x = node.input_dims(0);
  if (x.size() < 2 || x[x.size() - 1].differs(x[x.size() - 2])) {
    invalid_model("input X is ", x, ", expected square matrices");
  }
  return x;
}

void infer(InferContext& context) {
  const Dims& x = require_matrices(context);
  context.set_output(0, Dims(x.begin(), x.end() - 2));
}

void infer_inverse(InferContext& context) { context.set_output(0, require_matrices(context)); }

std::size_t count_matrices(const Shape& x) {
  return static_cast<std::size_t>(element_count(Shape(x.begin(), x.end() - 2)));
}

struct State {
  DataType type = DataType::kUndefined;
  std::size_t count = 0;  ///< of matrices
  std::size_t size = 0;   ///< rows of each
  bool inverts = false;
  std::size_t width = 0;  ///< of what a worker eliminates: `size`, or twice that with the unit matrix
  std::size_t worker_doubles = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  const Shape x = context.input_shape(0);
  state->count = count_matrices(x);
  if (state->count == 0) return {std::move(state), 0, 0};
  state->size = static_cast<std::size_t>(x.back());
  state->inverts = context.output_shape(0).size() == x.size();
  state->width = state->inverts ? 2 * state->size : state->size;
  state->worker_doubles = (state->size * state->width + 7) / 8 * 8;
  const std::size_t bytes =
      byte_count(DataType::kFloat64, {static_cast<std::int64_t>(state->worker_doubles), context.threads()});
  return {std::move(state), bytes, 0};
}

/// Makes zeros below the pivots, and above them too for an inverse; returns the determinant.
double eliminate(RunControl& control, double* matrix, const State& state) {
  const std::size_t size = state.size, width = state.width;
  double result = 1;
  for (std::size_t pivot = 0; pivot < size; ++pivot) {
    if (control.abandon_if_stopped()) return result;
    std::size_t largest = pivot;
    for (std::size_t row = pivot + 1; row < size; ++row) {
      if (std::abs(matrix[row * width + pivot]) > std::abs(matrix[largest * width + pivot])) largest = row;
    }
    double* const top = matrix + pivot * width;
    if (largest != pivot) {
      std::swap_ranges(top, top + width, matrix + largest * width);
      result = -result;
    }
    result *= top[pivot];
    if (!state.inverts && top[pivot] == 0) return result;
    for (std::size_t row = state.inverts ? 0 : pivot + 1; row < size; ++row) {
      if (row == pivot) continue;
      double* const line = matrix + row * width;
      const double factor = line[pivot] / top[pivot];
      for (std::size_t i = pivot + 1; i < width; ++i) line[i] -= factor * top[i];
    }
  }
  return result;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const double rows = static_cast<double>(state.size);
  const double work = static_cast<double>(state.count) * (10 + rows * rows * static_cast<double>(state.width));
  args.control.parallel_for(state.count, work, [&](std::size_t index, std::size_t worker) {
    double* const matrix = static_cast<double*>(args.workspace) + worker * state.worker_doubles;
    std::fill_n(matrix, state.size * state.width, 0.0);
    for (std::size_t row = 0; row < state.size; ++row) {
      double* const line = matrix + row * state.width;
      load_line(state.type, args.inputs[0], (index * state.size + row) * state.size, state.size, line);
      if (state.inverts) line[state.size + row] = 1;
    }
    const double result = eliminate(args.control, matrix, state);
    if (!state.inverts) return store_line(state.type, &result, index, 1, args.outputs[0]);
    for (std::size_t row = 0; row < state.size; ++row) {
      double* const line = matrix + row * state.width;
      for (std::size_t i = state.size; i < state.width; ++i) line[i] /= line[row];
      store_line(state.type, line + state.size, (index * state.size + row) * state.size, state.size, args.outputs[0]);
    }
  });
}

double folding_ns(const NodeView& node) {
  const Shape x = node.input_shape(0);
  const double size = static_cast<double>(x.back());
  return static_cast<double>(count_matrices(x)) * size * size * size;
}

}  // namespace

void register_det(Registry& registry) {
  OpDef op;
  op.name = "Det";
  op.since_opset = 11;
  op.inputs = kOneOfFloats;
  op.outputs = kYOfFirst;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(op);

  op.name = "Inverse";
  op.domain = "com.microsoft";
  op.since_opset = 1;
  op.infer = infer_inverse;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
