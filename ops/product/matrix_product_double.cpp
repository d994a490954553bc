// Matrix products of float64 elements by our own kernel. B is packed once where it is a constant, and otherwise into
// the workspace at every run; so is the transpose of a transposed A.
#include <algorithm>

#include "ops/kernels/gemm_double.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/product/matrix_product_packing.hpp"

namespace linnet::internal {
namespace {

/// Multiply-adds and packed elements that a core gets through in a nanosecond; for choosing tasks only.
constexpr double kDoublesPerNanosecond = kProductsPerNanosecond / 2;
constexpr double kPackedPerNanosecond = 0.5;
/// Of one task: about 0.2 ms.
constexpr double kTaskProducts = 5e6;
constexpr std::size_t kPackedRows = 4096;
constexpr std::size_t kRowUnit = 48;

struct DoubleProduct {
  MatrixProduct product;
  std::size_t packed_elements = 0;          ///< of one B
  std::shared_ptr<const std::byte> packed;  ///< all B; null when they are packed into the workspace
  std::size_t b_begin = 0;                  ///< in the workspace, in elements, behind the transposes of A
  std::size_t a_elements = 0;
  std::size_t rows_per_task = 1;
  std::size_t panels_per_task = 1;
};

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat64) return text("only float64, not ", node.input_type(0));
  return reordered_refusal(node);
}

std::size_t panels(const MatrixProduct& product) {
  return kernels::double_panel_count(static_cast<std::size_t>(product.columns));
}

void pack_all(RunControl& control, const MatrixProduct& product, const std::byte* b, double* packed) {
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const std::size_t chunks = (depth + kPackedRows - 1) / kPackedRows;
  const std::size_t count = panels(product) * chunks;
  const auto matrices = static_cast<std::size_t>(product.b_matrices);
  const std::size_t packed_elements = panels(product) * depth * kernels::kDoublePanelColumns;
  const double elements = static_cast<double>(matrices) * static_cast<double>(packed_elements);
  control.parallel_for(count * matrices, elements / kPackedPerNanosecond, [&](std::size_t task) {
    const std::size_t matrix = task / count;
    const std::size_t row = task % chunks * kPackedRows;
    kernels::pack_b_double(b + matrix * depth * columns * sizeof(double),
                           static_cast<std::size_t>(product.b_depth_stride),
                           static_cast<std::size_t>(product.b_column_stride), depth, columns, task % count / chunks,
                           row, std::min(depth, row + kPackedRows), packed + matrix * packed_elements);
  });
}

/// Tasks of whole tiles, and at least some for each thread where rows or columns allow it.
void choose_tasks(DoubleProduct& state, int threads) {
  const MatrixProduct& product = state.product;
  const auto rows = static_cast<std::size_t>(product.rows);
  const double depth = static_cast<double>(product.depth + 1);
  const double panel = depth * static_cast<double>(kernels::kDoublePanelColumns);
  const auto most_rows = static_cast<std::size_t>(std::max(1.0, kTaskProducts / panel / kRowUnit));
  state.rows_per_task = std::min(rows, most_rows * kRowUnit);
  const auto most_panels =
      static_cast<std::size_t>(std::max(1.0, kTaskProducts / (panel * static_cast<double>(state.rows_per_task))));
  const std::size_t share =
      (panels(product) + 2 * static_cast<std::size_t>(threads) - 1) / (2 * static_cast<std::size_t>(threads));
  state.panels_per_task = std::max<std::size_t>(1, std::min(most_panels, share));
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<DoubleProduct>();
  state->product = matrix_product(context);
  const MatrixProduct& product = state->product;
  Prepared prepared;
  if (product.batches == 0) {
    prepared.state = std::move(state);
    return prepared;
  }
  constexpr auto kPanel = static_cast<std::int64_t>(kernels::kDoublePanelColumns);
  const auto one = checked_product(product.columns + kPanel, product.depth);
  const auto all = one ? checked_product(*one, product.b_matrices) : one;
  if (!all || !checked_product(*all, sizeof(double))) {
    fail(ErrorCode::kLimitExceeded, "B needs more bytes when packed than 64 bits can count");
  }
  state->packed_elements = panels(product) * static_cast<std::size_t>(product.depth) * kernels::kDoublePanelColumns;
  const std::size_t bytes = state->packed_elements * sizeof(double) * static_cast<std::size_t>(product.b_matrices);
  if (product.transposed_a()) {
    state->a_elements = static_cast<std::size_t>(element_count(context.input_shape(0)));
    state->b_begin = (state->a_elements + 7) / 8 * 8;  // whole cache lines
    prepared.workspace_bytes = state->b_begin * sizeof(double);
  }
  if (const ConstantPtr& b = context.input_constant(1); b != nullptr) {
    const std::string key = text("simd double ", product.b_matrices, " of [", product.depth, ",", product.columns,
                                 "] strides ", product.b_depth_stride, " ", product.b_column_stride);
    state->packed = context.weights().get(b, key, bytes, [&](std::byte* memory) {
      pack_all(context.control(), product, b->data, reinterpret_cast<double*>(memory));
    });
    prepared.unread_inputs |= 2;
  } else {
    prepared.workspace_bytes += bytes;
  }
  if (context.has_input(2) && !product.has_c) prepared.unread_inputs |= 4;
  choose_tasks(*state, context.threads());
  prepared.state = std::move(state);
  return prepared;
}

/// Every A [depth, rows] as [rows, depth].
void transpose_a(const RunArguments& args, const DoubleProduct& state, double* to) {
  constexpr std::size_t kLine = 8;  // rows of a cache line
  const auto rows = static_cast<std::size_t>(state.product.rows);
  const auto depth = static_cast<std::size_t>(state.product.depth);
  const std::size_t lines = (rows + kLine - 1) / kLine;
  const auto* a = static_cast<const double*>(args.inputs[0]);
  args.control.parallel_for(state.a_elements / (rows * depth) * lines, static_cast<double>(state.a_elements),
                            [&](std::size_t task) {
                              const std::size_t matrix = task / lines * rows * depth;
                              const std::size_t row = task % lines * kLine;
                              for (std::size_t k = 0; k < depth; ++k) {
                                for (std::size_t i = row; i < std::min(row + kLine, rows); ++i)
                                  to[matrix + i * depth + k] = a[matrix + k * rows + i];
                              }
                            });
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const DoubleProduct*>(args.state);
  const MatrixProduct& product = state.product;
  if (product.batches == 0) return;
  auto* workspace = static_cast<double*>(args.workspace);
  const auto* a = static_cast<const double*>(args.inputs[0]);
  if (product.transposed_a()) {
    transpose_a(args, state, workspace);
    a = workspace;
  }
  const auto* packed = reinterpret_cast<const double*>(state.packed.get());
  if (packed == nullptr) {
    pack_all(args.control, product, static_cast<const std::byte*>(args.inputs[1]), workspace + state.b_begin);
    packed = workspace + state.b_begin;
  }
  kernels::DoubleEpilogue epilogue;
  epilogue.alpha = product.alpha;
  epilogue.beta = product.beta;
  epilogue.addend_row_stride = static_cast<std::size_t>(product.c_row_stride);
  epilogue.addend_column_stride = static_cast<std::size_t>(product.c_column_stride);
  const auto* c = product.has_c ? static_cast<const double*>(args.inputs[2]) : nullptr;
  auto* y = static_cast<double*>(args.outputs[0]);
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto b_elements = product.depth * product.columns;
  const std::size_t row_tasks = (rows + state.rows_per_task - 1) / state.rows_per_task;
  const std::size_t panel_tasks = (panels(product) + state.panels_per_task - 1) / state.panels_per_task;
  const double work = static_cast<double>(product.batches) * static_cast<double>(rows) * static_cast<double>(columns) *
                      static_cast<double>(depth + 1) / kDoublesPerNanosecond;
  const std::size_t tasks = static_cast<std::size_t>(product.batches) * row_tasks * panel_tasks;
  args.control.parallel_for(tasks, work, [&](std::size_t task) {
    const auto index = static_cast<std::int64_t>(task / (row_tasks * panel_tasks));
    const std::size_t row = task % row_tasks * state.rows_per_task;
    const std::size_t panel = task / row_tasks % panel_tasks * state.panels_per_task;
    const MatrixProduct::Batch batch = product.batch(index);
    const std::size_t matrix = b_elements == 0 ? 0 : static_cast<std::size_t>(batch.b / b_elements);
    kernels::DoubleEpilogue of_row = epilogue;
    if (c != nullptr) of_row.addend = c + row * epilogue.addend_row_stride;
    kernels::gemm_double(std::min(state.rows_per_task, rows - row), columns, depth,
                         a + static_cast<std::size_t>(batch.a) + row * depth, depth,
                         packed + matrix * state.packed_elements, of_row,
                         y + static_cast<std::size_t>(index * product.y_elements()) + row * columns, columns, panel,
                         std::min(panels(product), panel + state.panels_per_task));
  });
}

}  // namespace

Implementation double_matrix_product() { return {"simd double", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
