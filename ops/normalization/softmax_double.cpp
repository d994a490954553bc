// Softmax and LogSoftmax of float64, row by row; columns are copied to rows and back.
#include <cmath>

#include "ops/kernels/doubles.hpp"
#include "ops/kernels/reduction_double.hpp"
#include "ops/normalization/softmax_tasks.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kLongRow = std::int64_t{1} << 17;  ///< a task takes a whole row
constexpr double kDoubleCost = 3.0;                       // ns per element

std::string accepts_short_double(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat64) return text("only float64, not ", node.input_type(0));
  const std::int64_t length = softmax_extents(node).axis;
  return length <= kLongRow ? "" : text("only rows of up to ", kLongRow, " elements, not ", length);
}

/// Each worker has two rows.
Prepared prepare_double(const PrepareContext& context) {
  Prepared prepared;
  prepared.state = softmax_state(context);
  prepared.workspace_bytes = 2 * static_cast<std::size_t>(softmax_extents(context).axis) * sizeof(double) *
                             static_cast<std::size_t>(context.threads());
  return prepared;
}

/// One row, or one column, whose elements lie `stride` apart. `rows`: two of `length`.
void softmax_of_doubles(const double* x, double* y, std::size_t length, std::size_t stride, bool logarithm,
                        double* rows) {
  double* const powers = rows + length;
  double* const to = stride == 1 ? y : rows;
  if (stride != 1) {
    for (std::size_t i = 0; i < length; ++i) rows[i] = x[i * stride];
    x = rows;
  }
  long double largest = 0;
  kernels::reduce_doubles(kernels::ReduceKind::kMaximum, x, &largest, length, 1, 1);
  const auto maximum = static_cast<double>(largest);
  const auto others = static_cast<double>(kernels::exponentials_of_doubles(x, powers, length, maximum));
  if (logarithm) {
    kernels::shift_doubles(x, maximum, std::log1p(others), to, length);
  } else {
    kernels::divide_doubles(powers, 1 + others, to, length);
  }
  for (std::size_t i = 0; stride != 1 && i < length; ++i) y[i * stride] = to[i];
}

void run_double(const RunArguments& args) {
  const SoftmaxState& state = *static_cast<const SoftmaxState*>(args.state);
  const SoftmaxExtents& extents = state.extents;
  for_softmax_tasks(args.control, extents, kDoubleCost, [&](const SoftmaxTask& task, std::size_t worker) {
    double* const rows = static_cast<double*>(args.workspace) + 2 * worker * static_cast<std::size_t>(extents.axis);
    for (std::int64_t outer = task.first; outer < task.first + task.count; ++outer) {
      for (std::int64_t column = task.column; column < task.column + task.columns; ++column) {
        const std::int64_t begin = outer * extents.axis * extents.inner + column;
        softmax_of_doubles(static_cast<const double*>(args.inputs[0]) + begin,
                           static_cast<double*>(args.outputs[0]) + begin, static_cast<std::size_t>(extents.axis),
                           static_cast<std::size_t>(extents.inner), state.logarithm, rows);
      }
    }
  });
}

}  // namespace

Implementation double_softmax_implementation() {
  return {"simd double", Backend::kSimd, accepts_short_double, prepare_double, run_double};
}

}  // namespace linnet::internal
