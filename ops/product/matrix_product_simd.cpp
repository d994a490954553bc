// Matrix products by Linnet's own float32 kernels (ops/kernels/gemm.hpp). B is packed once where it is a constant, and
// otherwise into the workspace at every run, unless A has few rows and B's are contiguous: then it is read where it
// lies. The transpose of a transposed A is written into the workspace.
#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/product/matrix_product_packing.hpp"

namespace linnet::internal {
namespace {

/// Elements packed that a core gets through in a nanosecond, and what one task may take; for choosing tasks only.
constexpr double kPackedPerNanosecond = 2.0;
constexpr double kTaskNanoseconds = 3e5;
/// Rows of B in one packing task (256 KiB of a panel), and of a transposed A's.
constexpr std::int64_t kPackedRows = 1024;

/// How the work of many matrices is put into tasks.
enum class Batching {
  kInTurn,    ///< each task is a part of one product; a B to be packed is packed beforehand, product by product
  kByPanel,   ///< each task is a panel of columns: the worker packs it and multiplies while it is in its cache
  kTogether,  ///< each task is several small products, packed by the worker that needs them
  kInPlace,   ///< each task is a part of one product, and B is not packed
};

struct SimdProduct {
  MatrixProduct product;
  kernels::GemmSlices slices;  ///< of one product
  Batching batching = Batching::kInTurn;
  std::int64_t batches_per_task = 1;
  bool reads_rows = false;                  ///< of kTogether: B is small, and read where it lies
  std::size_t packed_elements = 0;          ///< of one B (one panel: kByPanel), rounded up to whole cache lines
  std::shared_ptr<const std::byte> packed;  ///< all B; null when they are packed at run time
  std::shared_ptr<const std::byte> bias;    ///< beta * C of a constant row; may be null
  std::size_t transposed_a_elements = 0;    ///< at the start of the workspace
};

constexpr std::size_t cache_lines(std::size_t elements) { return (elements + 15) / 16 * 16; }

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  if (node.attributes<MatrixProductAttributes>().a_order.empty()) return "";
  const MatrixProduct product = matrix_product(node);
  const auto repeats = [](std::int64_t stride) { return stride == 0; };
  const bool one_a = std::all_of(product.a_batch_strides.begin(), product.a_batch_strides.end(), repeats);
  if (product.batches > 0 && product.transposed_a() && !one_a) return "the depth of many A is not contiguous";
  return "";
}

std::size_t panels(const MatrixProduct& product) {
  return kernels::panel_count(static_cast<std::size_t>(product.columns));
}

double product_work(const MatrixProduct& product) {
  const double weights = static_cast<double>(product.columns) * static_cast<double>(product.depth + 1);
  return 1 + std::max(weights * static_cast<double>(product.rows) / kProductsPerNanosecond,
                      weights / kWeightsPerNanosecond);
}

double packing_work(const MatrixProduct& product) {
  return static_cast<double>(product.columns) * static_cast<double>(product.depth) / kPackedPerNanosecond;
}

/// Whether B is multiplied where it lies: with more rows, packing it costs less than it saves.
bool multiplies_in_place(const MatrixProduct& product) {
  return product.rows <= static_cast<std::int64_t>(kernels::kMostRowsInPlace) && product.alpha == 1.0F &&
         (product.b_column_stride == 1 || product.columns == 1) && product.b_depth_stride >= 0;
}

/// Whether B is read where it lies for every row of A, though there are many.
bool reads_rows_of_b(const MatrixProduct& product) {
  return product.alpha == 1.0F && product.b_column_stride == 1 &&
         kernels::stays_in_caches(static_cast<std::size_t>(product.depth), static_cast<std::size_t>(product.columns),
                                  static_cast<std::size_t>(product.b_depth_stride));
}

/// Packs rows of one panel of a B: they are contiguous in the packed panel.
void pack_panel(const MatrixProduct& product, const void* b, std::size_t panel, std::size_t row, std::size_t rows,
                float* packed) {
  const std::size_t columns =
      std::min(kernels::kPanelColumns, static_cast<std::size_t>(product.columns) - panel * kernels::kPanelColumns);
  kernels::pack_b(panel_rows(product, b, panel, row), static_cast<std::size_t>(product.b_depth_stride),
                  static_cast<std::size_t>(product.b_column_stride), rows, columns, product.alpha, packed);
}

void pack_one_b(const MatrixProduct& product, const float* b, float* packed) {
  kernels::pack_b(b, static_cast<std::size_t>(product.b_depth_stride),
                  static_cast<std::size_t>(product.b_column_stride), static_cast<std::size_t>(product.depth),
                  static_cast<std::size_t>(product.columns), product.alpha, packed);
}

/// Bytes of `matrices` packed B. Errors: kLimitExceeded when they cannot be counted.
std::size_t packed_bytes(const MatrixProduct& product, std::int64_t matrices) {
  constexpr std::int64_t kRounding =
      16 * kernels::kPanelColumns;  // generous: rounds columns to 16 and matrices to 64 bytes
  const auto one = checked_product(product.columns + kRounding, product.depth + 1);
  const auto all = one ? checked_product(*one, matrices) : one;
  if (!all || !checked_product(*all, sizeof(float))) {
    fail(ErrorCode::kLimitExceeded, "B needs more bytes when packed than 64 bits can count");
  }
  return cache_lines(kernels::packed_b_bytes(static_cast<std::size_t>(product.depth),
                                             static_cast<std::size_t>(product.columns)) /
                     sizeof(float)) *
         sizeof(float) * static_cast<std::size_t>(matrices);
}

void choose_tasks(SimdProduct& state, int threads) {
  const MatrixProduct& product = state.product;
  state.slices =
      kernels::choose_slices(static_cast<std::size_t>(product.rows), static_cast<std::size_t>(product.columns),
                             static_cast<std::size_t>(product.depth), static_cast<std::size_t>(threads));
  state.reads_rows = state.packed == nullptr && reads_rows_of_b(product);
  const double packing = state.packed == nullptr && !state.reads_rows ? packing_work(product) : 0.0;
  const double work = product_work(product) + packing;
  if (state.packed == nullptr && multiplies_in_place(product)) {
    state.batching = Batching::kInPlace;
    state.slices = kernels::choose_slices_in_place(
        static_cast<std::size_t>(product.rows), static_cast<std::size_t>(product.columns),
        static_cast<std::size_t>(product.depth), static_cast<std::size_t>(threads));
    const auto least = std::min<std::int64_t>(product.batches, 2 * threads);
    const auto most = static_cast<std::int64_t>(std::max(1.0, kTaskNanoseconds / product_work(product)));
    if (state.slices.count() == 1) state.batches_per_task = std::min(most, product.batches / least);
  } else if (product.batches >= 2 * threads && work <= kTaskNanoseconds) {
    state.batching = Batching::kTogether;
    const auto most = static_cast<std::int64_t>(std::max(1.0, kTaskNanoseconds / work));
    state.batches_per_task = std::min(most, (product.batches + 2 * threads - 1) / (2 * threads));
  } else if (state.packed == nullptr && work / static_cast<double>(panels(product)) <= kTaskNanoseconds) {
    state.batching = Batching::kByPanel;
  }
}

/// Of a chain.
void run_rows(const RowArguments& args) {
  const SimdProduct& state = *static_cast<const SimdProduct*>(args.state);
  const auto columns = static_cast<std::size_t>(state.product.columns);
  const auto depth = static_cast<std::size_t>(state.product.depth);
  kernels::GemmEpilogue epilogue = epilogue_of(state.product, state.bias.get(), args.inputs);
  const std::size_t y_row_stride = args.y_row_bytes / sizeof(float);
  epilogue.fills_padding = y_row_stride > columns;
  kernels::gemm(args.rows, columns, depth, static_cast<const float*>(args.x), args.x_row_bytes / sizeof(float),
                reinterpret_cast<const float*>(state.packed.get()), epilogue, static_cast<float*>(args.y), y_row_stride,
                0, kernels::panel_count(columns));
}

/// The rows of Y, when all come from one packed B and their own row of A alone.
RowWise row_wise(const SimdProduct& state) {
  const MatrixProduct& product = state.product;
  RowWise rows;
  const bool same_start = !product.has_c || product.c_row_stride == 0;
  const bool dense = product.dense_a() && product.y_row_stride == product.columns;
  if (product.batches != 1 || state.packed == nullptr || !same_start || !dense) return rows;
  rows.run = run_rows;
  rows.rows = static_cast<std::size_t>(product.rows);
  rows.x_row_bytes = static_cast<std::size_t>(product.depth) * sizeof(float);
  rows.y_row_bytes = static_cast<std::size_t>(product.columns) * sizeof(float);
  rows.weights_bytes =
      kernels::packed_b_bytes(static_cast<std::size_t>(product.depth), static_cast<std::size_t>(product.columns));
  rows.row_cost =
      static_cast<double>(product.columns) * static_cast<double>(product.depth + 1) / kProductsPerNanosecond;
  rows.reads_padded = rows.writes_padded = true;
  return rows;
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<SimdProduct>();
  state->product = matrix_product(context);
  const MatrixProduct& product = state->product;
  Prepared prepared;
  if (product.batches == 0) {
    prepared.state = std::move(state);
    return prepared;
  }
  const std::size_t bytes = packed_bytes(product, 1);
  state->packed_elements = bytes / sizeof(float);
  if (const ConstantPtr& b = context.input_constant(1); b != nullptr && product.dense_b) {
    const std::string key =
        text("simd ", product.b_matrices, " of [", product.depth, ",", product.columns, "] strides ",
             product.b_depth_stride, " ", product.b_column_stride, " times ", product.alpha);
    state->packed = context.weights().get(b, key, packed_bytes(product, product.b_matrices), [&](std::byte* memory) {
      auto* packed = reinterpret_cast<float*>(memory);
      for (std::int64_t i = 0; i < product.b_matrices; ++i, packed += state->packed_elements) {
        const std::byte* matrix =
            b->data + static_cast<std::size_t>(i * product.depth * product.columns) * sizeof(float);
        for_bands(context.control(), product, *b, matrix, [&](std::size_t panel, std::size_t row, std::size_t rows) {
          const std::size_t width = kernels::panel_width(static_cast<std::size_t>(product.columns), panel);
          float* to = packed + panel * kernels::kPanelColumns * static_cast<std::size_t>(product.depth) + row * width;
          pack_panel(product, matrix, panel, row, rows, to);
        });
      }
    });
    prepared.unread_inputs |= 2;
  }
  state->bias = scaled_row(context, product, prepared);
  choose_tasks(*state, context.threads());
  prepared.row_wise = row_wise(*state);
  if (product.transposed_a()) {
    state->transposed_a_elements = cache_lines(static_cast<std::size_t>(product.rows * product.depth));
    prepared.workspace_bytes += state->transposed_a_elements * sizeof(float);
  }
  const bool in_place =
      state->batching == Batching::kInPlace || (state->batching == Batching::kTogether && state->reads_rows);
  if (state->packed == nullptr && !in_place) {
    if (state->batching == Batching::kByPanel) {
      const std::int64_t columns = std::min<std::int64_t>(product.columns, kernels::kPanelColumns);
      state->packed_elements = cache_lines(
          kernels::packed_b_bytes(static_cast<std::size_t>(product.depth), static_cast<std::size_t>(columns)) /
          sizeof(float));
    }
    const int copies = state->batching == Batching::kInTurn ? 1 : context.threads();
    prepared.workspace_bytes += state->packed_elements * sizeof(float) * static_cast<std::size_t>(copies);
  }
  prepared.state = std::move(state);
  return prepared;
}

/// One run of a prepared product.
class Runner {
 public:
  explicit Runner(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const SimdProduct*>(args.state)),
        product_(state_.product),
        a_(static_cast<const float*>(args.inputs[0])),
        b_(static_cast<const float*>(args.inputs[1])),
        y_(static_cast<float*>(args.outputs[0])),
        workspace_(static_cast<float*>(args.workspace)),
        a_row_stride_(static_cast<std::size_t>(product_.a_row_stride)),
        y_row_stride_(static_cast<std::size_t>(product_.y_row_stride)),
        epilogue_(epilogue_of(product_, state_.bias.get(), args.inputs)) {}

  void run() {
    if (product_.batches == 0) return;
    if (product_.transposed_a()) transpose_a();
    if (state_.batching == Batching::kTogether) {
      run_together();
    } else if (state_.batching == Batching::kByPanel) {
      run_panels();
    } else if (state_.batching == Batching::kInPlace) {
      run_in_place();
    } else if (state_.packed != nullptr) {
      run_slices(0, product_.batches, packed_b());
    } else {
      for (std::int64_t index = 0; index < product_.batches; ++index) {
        pack(b_ + product_.batch(index).b);
        run_slices(index, 1, room_for_b(0));
      }
    }
  }

 private:
  const float* packed_b() const { return reinterpret_cast<const float*>(state_.packed.get()); }
  float* room_for_b(std::size_t worker) const {
    return workspace_ + state_.transposed_a_elements + worker * state_.packed_elements;
  }
  /// The packed B of a batch, when B was packed by prepare.
  const float* packed_b(std::int64_t b_offset) const {
    const std::int64_t size = product_.depth * product_.columns;
    return packed_b() + (size == 0 ? 0 : static_cast<std::size_t>(b_offset / size) * state_.packed_elements);
  }

  /// Copies A [depth, rows] to the workspace as [rows, depth].
  void transpose_a() {
    constexpr std::int64_t kBlock = 16;  // rows of a cache line
    const std::int64_t rows = product_.rows;
    const std::int64_t depth = product_.depth;
    const std::int64_t row_blocks = (rows + kBlock - 1) / kBlock;
    const std::int64_t depth_blocks = (depth + kPackedRows - 1) / kPackedRows;
    const std::int64_t row_stride = product_.a_row_stride;
    const std::int64_t depth_stride = product_.a_depth_stride;
    const float* from = a_;
    float* to = workspace_;
    const double work = static_cast<double>(rows) * static_cast<double>(depth) / kPackedPerNanosecond;
    args_.control.parallel_for(static_cast<std::size_t>(row_blocks * depth_blocks), work, [=](std::size_t task) {
      const std::int64_t row = static_cast<std::int64_t>(task) % row_blocks * kBlock;
      const std::int64_t first = static_cast<std::int64_t>(task) / row_blocks * kPackedRows;
      const std::int64_t row_end = std::min(row + kBlock, rows);
      for (std::int64_t k = first; k < std::min(first + kPackedRows, depth); ++k) {
        for (std::int64_t m = row; m < row_end; ++m) to[m * depth + k] = from[k * depth_stride + m * row_stride];
      }
    });
    a_ = to;
    a_row_stride_ = static_cast<std::size_t>(depth);
  }

  /// Packs one B into the workspace, in tasks of a panel's rows: they are contiguous in the packed panel.
  void pack(const float* b) {
    const auto columns = static_cast<std::size_t>(product_.columns);
    const auto depth = static_cast<std::size_t>(product_.depth);
    const std::size_t chunks = (depth + kPackedRows - 1) / kPackedRows;
    float* packed = room_for_b(0);
    args_.control.parallel_for(panels(product_) * chunks, packing_work(product_), [&, packed](std::size_t task) {
      const std::size_t panel = task / chunks;
      const std::size_t row = task % chunks * kPackedRows;
      float* to = packed + panel * kernels::kPanelColumns * depth + row * kernels::panel_width(columns, panel);
      pack_panel(product_, b, panel, row, std::min<std::size_t>(kPackedRows, depth - row), to);
    });
  }

  /// `next`: where packed weights are read next, or null.
  void multiply(const MatrixProduct::Batch& batch, const float* packed, const kernels::GemmSlice& slice,
                const float* next) const {
    const auto columns = static_cast<std::size_t>(product_.columns);
    float* y = y_ + batch.y;
    kernels::GemmEpilogue epilogue = epilogue_.from_row(slice.row_begin);
    epilogue.next_b = next;
    kernels::gemm(slice.row_end - slice.row_begin, columns, static_cast<std::size_t>(product_.depth),
                  a_ + batch.a + static_cast<std::int64_t>(slice.row_begin * a_row_stride_), a_row_stride_, packed,
                  epilogue, y + slice.row_begin * y_row_stride_, y_row_stride_, slice.panel_begin, slice.panel_end);
  }

  /// Products [first, first + count), whose packed B begin at `packed`.
  void run_slices(std::int64_t first, std::int64_t count, const float* packed) {
    const std::size_t slices = state_.slices.count();
    const double work = product_work(product_) * static_cast<double>(count);
    args_.control.parallel_for(slices * static_cast<std::size_t>(count), work, [&, packed](std::size_t task) {
      const auto batch_of = [&](std::size_t i) {
        return product_.batch(first + static_cast<std::int64_t>(i / slices));
      };
      const auto b_of = [&](const MatrixProduct::Batch& batch) {
        return state_.packed != nullptr ? packed_b(batch.b) : packed;
      };
      // Most likely the thread's next task.
      const float* next = nullptr;
      const std::size_t other = task + 1;
      if (other < slices * static_cast<std::size_t>(count)) {
        const std::size_t panel = state_.slices.slice(other % slices).panel_begin;
        next = b_of(batch_of(other)) + panel * kernels::kPanelColumns * static_cast<std::size_t>(product_.depth);
      }
      const MatrixProduct::Batch batch = batch_of(task);
      multiply(batch, b_of(batch), state_.slices.slice(task % slices), next);
    });
  }

  void run_in_place() {
    const std::size_t slices = state_.slices.count();
    const auto columns = static_cast<std::size_t>(product_.columns);
    const std::int64_t step = state_.batches_per_task;
    const auto groups = static_cast<std::size_t>((product_.batches + step - 1) / step);
    const double work = product_work(product_) * static_cast<double>(product_.batches);
    args_.control.parallel_for(slices * groups, work, [&](std::size_t task) {
      const std::int64_t first = static_cast<std::int64_t>(task / slices) * step;
      const kernels::GemmSlice slice = state_.slices.slice(task % slices);
      for (std::int64_t index = first; index < std::min(first + step, product_.batches); ++index) {
        const MatrixProduct::Batch batch = product_.batch(index);
        kernels::gemm_in_place(slice.row_end - slice.row_begin, static_cast<std::size_t>(product_.depth),
                               a_ + batch.a + static_cast<std::int64_t>(slice.row_begin * a_row_stride_), a_row_stride_,
                               b_ + batch.b, static_cast<std::size_t>(product_.b_depth_stride),
                               epilogue_.from_row(slice.row_begin), y_ + batch.y + slice.row_begin * y_row_stride_,
                               y_row_stride_, slice.panel_begin * kernels::kPanelColumns,
                               std::min(columns, slice.panel_end * kernels::kPanelColumns));
      }
    });
  }

  /// A panel is a product of its own, with the columns it has.
  void run_panels() {
    const auto columns = static_cast<std::size_t>(product_.columns);
    const auto rows = static_cast<std::size_t>(product_.rows);
    const auto depth = static_cast<std::size_t>(product_.depth);
    const std::size_t count = panels(product_);
    const double work = (product_work(product_) + packing_work(product_)) * static_cast<double>(product_.batches);
    const std::size_t tasks = count * static_cast<std::size_t>(product_.batches);
    args_.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
      const auto index = static_cast<std::int64_t>(task / count);
      const std::size_t panel = task % count;
      const std::size_t column = panel * kernels::kPanelColumns;
      const MatrixProduct::Batch batch = product_.batch(index);
      pack_panel(product_, b_ + batch.b, panel, 0, depth, room_for_b(worker));
      kernels::GemmEpilogue epilogue = epilogue_;
      if (epilogue.bias != nullptr) epilogue.bias += column;
      if (epilogue.addend != nullptr) epilogue.addend += column * epilogue.addend_column_stride;
      kernels::gemm(rows, std::min(kernels::kPanelColumns, columns - column), depth, a_ + batch.a, a_row_stride_,
                    room_for_b(worker), epilogue, y_ + batch.y + column, y_row_stride_, 0, 1);
    });
  }

  void run_together() {
    const kernels::GemmSlice whole = {0, static_cast<std::size_t>(product_.rows), 0, panels(product_)};
    const std::int64_t tasks = (product_.batches + state_.batches_per_task - 1) / state_.batches_per_task;
    const double packing = state_.packed == nullptr && !state_.reads_rows ? packing_work(product_) : 0.0;
    const double work = (product_work(product_) + packing) * static_cast<double>(product_.batches);
    args_.control.parallel_for(static_cast<std::size_t>(tasks), work, [&](std::size_t task, std::size_t worker) {
      const std::int64_t first = static_cast<std::int64_t>(task) * state_.batches_per_task;
      const std::int64_t last = std::min(first + state_.batches_per_task, product_.batches);
      std::int64_t packed_offset = -1;
      for (std::int64_t index = first; index < last; ++index) {
        const MatrixProduct::Batch batch = product_.batch(index);
        if (state_.reads_rows) {
          kernels::gemm_of_rows(whole.row_end, static_cast<std::size_t>(product_.columns),
                                static_cast<std::size_t>(product_.depth), a_ + batch.a, a_row_stride_, b_ + batch.b,
                                static_cast<std::size_t>(product_.b_depth_stride), epilogue_, y_ + batch.y,
                                y_row_stride_);
          continue;
        }
        const float* b = state_.packed != nullptr ? packed_b(batch.b) : room_for_b(worker);
        if (state_.packed == nullptr && batch.b != packed_offset) {
          pack_one_b(product_, b_ + batch.b, room_for_b(worker));
          packed_offset = batch.b;
        }
        multiply(batch, b, whole, nullptr);
      }
    });
  }

  const RunArguments& args_;
  const SimdProduct& state_;
  const MatrixProduct& product_;
  const float* a_;
  const float* b_;
  float* y_;
  float* workspace_;
  std::size_t a_row_stride_;
  std::size_t y_row_stride_;
  kernels::GemmEpilogue epilogue_;
};

void run(const RunArguments& args) { Runner(args).run(); }

}  // namespace

Implementation simd_matrix_product() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
