// Matrix products by oneDNN's matmul, float32 or (on request) of bfloat16 operands with float32 sums. Its primitives
// are made for one thread: Y is cut into a grid of blocks, and each block is one execution. Constant B is packed block
// by block into oneDNN's own layout.
#include <algorithm>
#include <atomic>
#include <string>

#include "ops/kernels/half.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/onednn/onednn_activation.hpp"
#include "ops/onednn/onednn_backend.hpp"
#include "ops/product/matrix_product.hpp"

namespace linnet::internal {
namespace {

/// Multiply-adds of one block: about 0.3 ms at 5e10 a second.
constexpr std::int64_t kBlockProducts = 16000000;
constexpr std::size_t kBfloat16Bytes = 2;
/// Fewest rows of a block: with less, B is read more often than the work is worth.
constexpr std::int64_t kLeastRows = 16;
constexpr std::int64_t kColumnUnit = 64;

/// Extents [0, whole), [whole, 2 whole), ... and a shorter one at the end.
struct Cut {
  std::int64_t total = 0;
  std::int64_t whole = 1;

  std::int64_t count() const { return (total + whole - 1) / whole; }
  std::int64_t begin(std::int64_t index) const { return index * whole; }
  std::int64_t size(std::int64_t index) const { return std::min(whole, total - begin(index)); }
  bool is_last_and_shorter(std::int64_t index) const { return size(index) < whole; }
};

struct OnednnProduct {
  MatrixProduct product;
  /// A is rounded in the workspace.
  bool bfloat16 = false;
  std::size_t rounded_offset = 0;
  Cut rows, columns;
  OnednnPrimitivePtr primitives[2][2];  ///< [shorter rows][shorter columns]; null where there is no such block
  std::size_t worker_bytes = 0;         ///< workspace of one worker
  std::vector<std::shared_ptr<const std::byte>> packed;  ///< by B, then by column block; empty when B is read as it is
  std::shared_ptr<const std::byte> scaled_c;             ///< beta * C of a constant C; may be null
  std::int64_t c_elements = 0;
  std::size_t c_offset = 0;  ///< where in the workspace beta * C goes, when it is not a constant

  const OnednnPrimitive* primitive(std::int64_t row, std::int64_t column) const {
    return primitives[rows.is_last_and_shorter(row) ? 1 : 0][columns.is_last_and_shorter(column) ? 1 : 0].get();
  }
};

/// The others lose NaN or are less accurate than Linnet's; ops/onednn/onednn_activation.hpp has the list.
bool is_exact(const kernels::Activation& activation) {
  return activation.kind == kernels::ActivationKind::kNone || activation.kind == kernels::ActivationKind::kLeakyRelu;
}

std::string accepts(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const MatrixProduct product = matrix_product(node);
  if (product.batches == 0) return "the output has no elements";
  if (product.depth == 0) return "the inner dimension is 0";
  if (product.has_c && product.c_row_stride != 0 && product.c_column_stride == 0 && product.columns > 1) {
    return "C is a column, for which oneDNN has slow code only";
  }
  if (!is_exact(product.activation) && node.options().backend != Backend::kOnednn) {
    return "its activation loses NaN or is less accurate; only on request";
  }
  return onednn_refusal();
}

std::string accepts_bfloat16(const NodeView& node) {
  if (std::string refusal = bfloat16_refusal(node); !refusal.empty()) return refusal;
  if (!kernels::has_bfloat16_instructions()) return "this CPU has no AVX512_BF16";
  if (node.options().backend != Backend::kOnednn) return "only on request: Linnet's own kernels are faster";
  const MatrixProduct product = matrix_product(node);
  if (product.has_c && product.c_row_stride != 0 && product.c_column_stride == 0 && product.columns > 1) {
    return "C is a column, for which oneDNN has slow code only";
  }
  return onednn_refusal();
}

/// The block sizes depend on the product only, so the result does not depend on the number of threads.
void cut(OnednnProduct& state) {
  const MatrixProduct& product = state.product;
  const std::int64_t most_columns = kBlockProducts / kLeastRows / product.depth;
  state.columns = {product.columns,
                   std::min(product.columns, std::max(kColumnUnit, most_columns / kColumnUnit * kColumnUnit))};
  const std::int64_t most_rows = kBlockProducts / product.depth / state.columns.whole;
  state.rows = {product.rows, std::min(product.rows, std::max(kLeastRows, most_rows / kLeastRows * kLeastRows))};
}

OnednnBias bias_kind(const MatrixProduct& product) {
  if (!product.has_c) return OnednnBias::kNone;
  if (product.c_row_stride != 0) return OnednnBias::kMatrix;
  return product.c_column_stride != 0 ? OnednnBias::kRow : OnednnBias::kScalar;
}

/// Whether the activation is our own, on each block behind oneDNN.
bool activates_itself(const OnednnProduct& state) {
  return state.bfloat16 || !onednn_activation(state.product.activation);
}

OnednnMatmulProblem problem_of(const OnednnProduct& state, std::int64_t rows, std::int64_t columns, bool packed) {
  const MatrixProduct& product = state.product;
  OnednnMatmulProblem problem;
  problem.m = rows;
  problem.n = columns;
  problem.k = product.depth;
  problem.a_row_stride = product.a_row_stride;
  problem.a_column_stride = product.a_depth_stride;
  problem.packed_b = packed;
  problem.b_row_stride = product.b_depth_stride;
  problem.b_column_stride = product.b_column_stride;
  problem.dst_row_stride = product.y_row_stride;
  problem.alpha = product.alpha;
  problem.bias = bias_kind(product);
  problem.bias_row_stride = product.c_row_stride;
  if (state.bfloat16) {
    problem.bfloat16 = true;
    problem.a_row_stride = product.depth;
  }
  if (!activates_itself(state)) problem.activation = *onednn_activation(product.activation);
  return problem;
}

void make_primitives(OnednnProduct& state, bool packed, int threads) {
  const OnednnApi* api = onednn_api(nullptr);
  for (const std::int64_t row : {std::int64_t{0}, state.rows.count() - 1}) {
    for (const std::int64_t column : {std::int64_t{0}, state.columns.count() - 1}) {
      OnednnPrimitivePtr& primitive = state.primitives[state.rows.is_last_and_shorter(row) ? 1 : 0]
                                                      [state.columns.is_last_and_shorter(column) ? 1 : 0];
      if (primitive != nullptr) continue;
      primitive =
          make_onednn_matmul(problem_of(state, state.rows.size(row), state.columns.size(column), packed), threads);
      state.worker_bytes = std::max(state.worker_bytes, api->workspace_bytes(primitive.get()));
    }
  }
  state.worker_bytes = (state.worker_bytes + 63) / 64 * 64;
}

void pack_b(OnednnProduct& state, const PrepareContext& context) {
  const OnednnApi* api = onednn_api(nullptr);
  const MatrixProduct& product = state.product;
  const ConstantPtr& b = context.input_constant(1);
  // oneDNN reads floats where floats may be; the copy, if there must be one, is for the time of packing.
  ConstantPtr elements;
  const auto aligned = [&] {
    if (elements == nullptr) elements = b->aligned_copy == nullptr ? b : copy_constant(b->type, b->shape, b->data);
    return elements->as<float>();
  };
  for (std::int64_t matrix = 0; matrix < product.b_matrices; ++matrix) {
    for (std::int64_t column = 0; column < state.columns.count(); ++column) {
      // Primitives for other numbers of rows may want another layout; each execution gets the one its primitive names.
      for (const bool shorter : {false, true}) {
        const OnednnPrimitive* primitive =
            state.primitives[shorter ? 1 : 0][state.columns.is_last_and_shorter(column) ? 1 : 0].get();
        if (primitive == nullptr) {
          state.packed.push_back(nullptr);
          continue;
        }
        context.control().check();
        const std::int64_t offset =
            matrix * product.depth * product.columns + state.columns.begin(column) * product.b_column_stride;
        const std::string key = text(state.bfloat16 ? "onednn bf16 " : "onednn ", api->packed_layout(primitive), " at ",
                                     offset, " of [", product.depth, ",", state.columns.size(column), "] strides ",
                                     product.b_depth_stride, " ", product.b_column_stride);
        state.packed.push_back(context.weights().get(b, key, api->packed_bytes(primitive), [&](std::byte* memory) {
          check_onednn(
              api->pack(primitive, aligned() + offset, product.b_depth_stride, product.b_column_stride, memory));
        }));
      }
    }
  }
}

/// beta * C; see has_c for beta = 0.
void prepare_c(OnednnProduct& state, const PrepareContext& context, Prepared& prepared) {
  const MatrixProduct& product = state.product;
  if (!product.has_c) {
    if (context.has_input(2)) prepared.unread_inputs |= 4;
    return;
  }
  if (product.beta == 1.0F) return;
  state.c_elements = element_count(context.input_shape(2));
  const std::size_t bytes = static_cast<std::size_t>(state.c_elements) * sizeof(float);
  if (const ConstantPtr& c = context.input_constant(2); c != nullptr) {
    state.scaled_c = context.weights().get(c, text("onednn C times ", product.beta), bytes, [&](std::byte* memory) {
      auto* scaled = reinterpret_cast<float*>(memory);
      for (std::int64_t i = 0; i < state.c_elements; ++i) scaled[i] = product.beta * c->as<float>()[i];
    });
    prepared.unread_inputs |= 4;
    return;
  }
  state.c_offset = prepared.workspace_bytes;
  prepared.workspace_bytes += (bytes + 63) / 64 * 64;
}

template <bool kBfloat16>
Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<OnednnProduct>();
  state->product = matrix_product(context);
  state->bfloat16 = kBfloat16;
  cut(*state);
  const bool packed = context.input_constant(1) != nullptr && state->product.dense_b;
  make_primitives(*state, packed, context.threads());
  Prepared prepared;
  prepared.workspace_bytes = state->worker_bytes * static_cast<std::size_t>(context.threads());
  if (packed) {
    pack_b(*state, context);
    prepared.unread_inputs |= 2;
  }
  prepare_c(*state, context, prepared);
  if (kBfloat16) {
    state->rounded_offset = prepared.workspace_bytes;
    prepared.workspace_bytes += static_cast<std::size_t>(state->product.rows * state->product.depth) * kBfloat16Bytes;
  }
  prepared.state = std::move(state);
  return prepared;
}

/// C as oneDNN adds it: times beta.
const float* addend_of(const OnednnProduct& state, const RunArguments& args) {
  if (!state.product.has_c) return nullptr;
  if (state.scaled_c != nullptr) return reinterpret_cast<const float*>(state.scaled_c.get());
  const auto* c = static_cast<const float*>(args.inputs[2]);
  if (state.product.beta == 1.0F) return c;
  auto* scaled = reinterpret_cast<float*>(static_cast<std::byte*>(args.workspace) + state.c_offset);
  for (std::int64_t i = 0; i < state.c_elements; ++i) scaled[i] = state.product.beta * c[i];
  return scaled;
}

/// A as bfloat16, in the workspace.
const std::byte* round_a(const OnednnProduct& state, const RunArguments& args) {
  constexpr std::size_t kTaskElements = 1 << 17;
  const auto elements = static_cast<std::size_t>(state.product.rows * state.product.depth);
  const auto* a = static_cast<const float*>(args.inputs[0]);
  auto* const rounded = static_cast<std::byte*>(args.workspace) + state.rounded_offset;
  const double work = static_cast<double>(elements) / 4.0;
  args.control.parallel_for((elements + kTaskElements - 1) / kTaskElements, work, [&](std::size_t task) {
    const std::size_t first = task * kTaskElements;
    kernels::narrow(kernels::HalfType::kBfloat16, a + first, std::min(kTaskElements, elements - first),
                    rounded + first * kBfloat16Bytes);
  });
  return rounded;
}

/// The activation behind a block.
void activate(const MatrixProduct& product, float* y, std::int64_t rows, std::int64_t columns) {
  if (product.activation.kind == kernels::ActivationKind::kNone) return;
  for (std::int64_t row = 0; row < rows; ++row, y += product.y_row_stride) {
    kernels::apply_activation(product.activation, y, y, static_cast<std::size_t>(columns));
  }
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const OnednnProduct*>(args.state);
  const MatrixProduct& product = state.product;
  const OnednnApi* api = onednn_api(nullptr);
  const auto* a = static_cast<const float*>(args.inputs[0]);
  const auto* b = static_cast<const float*>(args.inputs[1]);
  const float* c = addend_of(state, args);
  const bool activates = activates_itself(state);
  const std::byte* const rounded = state.bfloat16 ? round_a(state, args) : nullptr;
  auto* y = static_cast<float*>(args.outputs[0]);
  const std::int64_t row_blocks = state.rows.count();
  const std::int64_t column_blocks = state.columns.count();
  const double work = static_cast<double>(product.batches) * static_cast<double>(product.y_elements()) *
                      static_cast<double>(product.depth) * (3e5 / static_cast<double>(kBlockProducts));
  std::atomic<OnednnStatus> status{OnednnStatus::kOk};
  const auto tasks = static_cast<std::size_t>(product.batches * row_blocks * column_blocks);
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    const auto index = static_cast<std::int64_t>(task);
    const std::int64_t row_block = index % row_blocks;
    const std::int64_t column_block = index / row_blocks % column_blocks;
    const std::int64_t batch_index = index / row_blocks / column_blocks;
    const MatrixProduct::Batch batch = product.batch(batch_index);
    const std::int64_t row = state.rows.begin(row_block);
    const std::int64_t column = state.columns.begin(column_block);
    OnednnBuffers buffers;
    buffers.src = a + batch.a + row * product.a_row_stride;
    if (rounded != nullptr) buffers.src = rounded + static_cast<std::size_t>(row * product.depth) * kBfloat16Bytes;
    if (state.packed.empty()) {
      buffers.weights = b + batch.b + column * product.b_column_stride;
    } else {
      const std::int64_t matrix = batch.b / (product.depth * product.columns);
      const std::int64_t shorter = state.rows.is_last_and_shorter(row_block) ? 1 : 0;
      buffers.weights =
          state.packed[static_cast<std::size_t>((matrix * column_blocks + column_block) * 2 + shorter)].get();
    }
    if (c != nullptr) buffers.bias = c + row * product.c_row_stride + column * product.c_column_stride;
    float* const block = y + batch.y + row * product.y_row_stride + column;
    buffers.dst = block;
    buffers.workspace = static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes;
    const OnednnStatus result = api->execute(state.primitive(row_block, column_block), &buffers);
    if (result != OnednnStatus::kOk) status.store(result, std::memory_order_relaxed);
    if (activates) activate(product, block, state.rows.size(row_block), state.columns.size(column_block));
  });
  check_onednn(status.load(std::memory_order_relaxed));
}

}  // namespace

Implementation onednn_matrix_product() { return {"onednn", Backend::kOnednn, accepts, prepare<false>, run}; }

Implementation onednn_bfloat16_matrix_product() {
  return {"onednn bf16", Backend::kOnednn, accepts_bfloat16, prepare<true>, run};
}

}  // namespace linnet::internal
