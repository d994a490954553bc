// Det: Y[*] is the determinant of the matrix X[*], which is square: the product of the pivots that elimination with
// exchanged rows finds, computed in double and rounded once. A matrix of no rows has determinant 1. Opsets 11 to
// newest; types: float, double, float16, bfloat16 (from 22, accepted at every opset).
#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) {
  require_type(context, 0, "X", kFloatTypes);
  const Dims& x = context.input_dims(0);
  if (x.size() < 2 || x[x.size() - 1].differs(x[x.size() - 2])) {
    invalid_model("input X is ", x, ", expected square matrices");
  }
  context.set_output(0, context.input_type(0), Dims(x.begin(), x.end() - 2));
}

struct State {
  DataType type = DataType::kUndefined;
  std::size_t count = 0;  ///< of matrices
  std::size_t size = 0;   ///< rows of each
  std::size_t worker_doubles = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  const Shape x = context.input_shape(0);
  state->count = static_cast<std::size_t>(element_count(context.output_shape(0)));
  if (state->count == 0) return {std::move(state), 0, 0};
  state->size = static_cast<std::size_t>(x.back());
  state->worker_doubles = (state->size * state->size + 7) / 8 * 8;
  const std::size_t bytes =
      byte_count(DataType::kFloat64, {static_cast<std::int64_t>(state->worker_doubles), context.threads()});
  return {std::move(state), bytes, 0};
}

/// Of a matrix of size * size, which is overwritten.
double determinant(RunControl& control, double* matrix, std::size_t size) {
  double result = 1;
  for (std::size_t pivot = 0; pivot < size; ++pivot) {
    if (control.abandon_if_stopped()) return result;
    std::size_t largest = pivot;
    for (std::size_t row = pivot + 1; row < size; ++row) {
      if (std::abs(matrix[row * size + pivot]) > std::abs(matrix[largest * size + pivot])) largest = row;
    }
    double* const top = matrix + pivot * size;
    if (largest != pivot) {
      std::swap_ranges(top, top + size, matrix + largest * size);
      result = -result;
    }
    result *= top[pivot];
    if (top[pivot] == 0) return result;
    for (std::size_t row = pivot + 1; row < size; ++row) {
      double* const line = matrix + row * size;
      const double factor = line[pivot] / top[pivot];
      for (std::size_t i = pivot + 1; i < size; ++i) line[i] -= factor * top[i];
    }
  }
  return result;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const double rows = static_cast<double>(state.size);
  const double work = static_cast<double>(state.count) * (10 + rows * rows * rows);
  args.control.parallel_for(state.count, work, [&](std::size_t index, std::size_t worker) {
    double* const matrix = static_cast<double*>(args.workspace) + worker * state.worker_doubles;
    const std::size_t elements = state.size * state.size;
    load_line(state.type, args.inputs[0], index * elements, elements, matrix);
    const double result = determinant(args.control, matrix, state.size);
    store_line(state.type, &result, index, 1, args.outputs[0]);
  });
}

double folding_ns(const NodeView& node) {
  const double size = static_cast<double>(node.input_shape(0).back());
  return static_cast<double>(element_count(node.output_shape(0))) * size * size * size;
}

}  // namespace

void register_det(Registry& registry) {
  OpDef op;
  op.name = "Det";
  op.since_opset = 11;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
