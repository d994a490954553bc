// Matrix products of bfloat16 operands with float32 sums, on request (Precision::kBf16): A is rounded into the
// workspace at every run, a constant B when it is packed. On CPUs with AVX512_BF16; matrix_product_tiles.cpp is for
// those with AMX.
#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/kernels/tiles.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/product/matrix_product_packing.hpp"

namespace linnet::internal {
namespace {

constexpr double kRoundedPerNanosecond = 4.0;
constexpr std::size_t kRoundedElements = 1 << 17;  ///< of one task
/// AVX512_BF16 does two multiply-adds where float32 does one, and reads half the weights.
constexpr double kSpeedUp = 2.0;

struct Bfloat16Product {
  MatrixProduct product;
  kernels::GemmSlices slices;
  std::shared_ptr<const std::byte> packed;
  std::shared_ptr<const std::byte> bias;  ///< as scaled_row returns it
};

std::string accepts(const NodeView& node) {
  if (std::string refusal = bfloat16_refusal(node); !refusal.empty()) return refusal;
  if (!kernels::has_bfloat16_instructions()) return "this CPU has no AVX512_BF16";
  if (!kernels::bfloat16_pairs_are_fast()) return "without AMX, this CPU is faster in float32";
  return "";
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<Bfloat16Product>();
  state->product = matrix_product(context);
  const MatrixProduct& product = state->product;
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const std::size_t pairs = kernels::pair_count(depth);
  const ConstantPtr& b = context.input_constant(1);
  const std::string key = text("simd bfloat16 [", depth, ",", columns, "] strides ", product.b_depth_stride, " ",
                               product.b_column_stride, " times ", product.alpha);
  state->packed = context.weights().get(b, key, kernels::packed_b_bytes(pairs, columns), [&](std::byte* memory) {
    auto* packed = reinterpret_cast<kernels::Bfloat16Pair*>(memory);
    for_bands(context.control(), product, *b, b->data, [&](std::size_t panel, std::size_t row, std::size_t rows) {
      const std::size_t column = panel * kernels::kPanelColumns;
      kernels::pack_b_bfloat16(
          panel_rows(product, b->data, panel, row), static_cast<std::size_t>(product.b_depth_stride),
          static_cast<std::size_t>(product.b_column_stride), rows, std::min(kernels::kPanelColumns, columns - column),
          product.alpha, packed + column * pairs + row / 2 * kernels::panel_width(columns, panel));
    });
  });
  Prepared prepared;
  prepared.unread_inputs = 2;
  state->bias = scaled_row(context, product, prepared);
  state->slices = kernels::choose_slices(static_cast<std::size_t>(product.rows), columns, pairs,
                                         static_cast<std::size_t>(context.threads()));
  prepared.workspace_bytes = static_cast<std::size_t>(product.rows) * pairs * sizeof(kernels::Bfloat16Pair);
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const Bfloat16Product*>(args.state);
  const MatrixProduct& product = state.product;
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const std::size_t pairs = kernels::pair_count(depth);
  const auto* a = static_cast<const float*>(args.inputs[0]);
  auto* rounded = static_cast<kernels::Bfloat16Pair*>(args.workspace);
  const std::size_t rows_per_task = std::max<std::size_t>(1, kRoundedElements / depth);
  const double elements = static_cast<double>(rows) * static_cast<double>(depth);
  args.control.parallel_for((rows + rows_per_task - 1) / rows_per_task, elements / kRoundedPerNanosecond,
                            [&](std::size_t task) {
                              const std::size_t row = task * rows_per_task;
                              kernels::to_bfloat16_pairs(a + row * depth, depth, std::min(rows_per_task, rows - row),
                                                         depth, rounded + row * pairs);
                            });
  const kernels::GemmEpilogue epilogue = epilogue_of(product, state.bias.get(), args.inputs);
  const auto* packed = reinterpret_cast<const kernels::Bfloat16Pair*>(state.packed.get());
  auto* y = static_cast<float*>(args.outputs[0]);
  const double weights = static_cast<double>(columns) * static_cast<double>(depth);
  const double work =
      std::max(elements * static_cast<double>(columns) / kProductsPerNanosecond, weights / kWeightsPerNanosecond) /
      kSpeedUp;
  args.control.parallel_for(state.slices.count(), work, [&](std::size_t task) {
    const kernels::GemmSlice slice = state.slices.slice(task);
    kernels::gemm_bfloat16(slice.row_end - slice.row_begin, columns, pairs, rounded + slice.row_begin * pairs, pairs,
                           packed, epilogue.from_row(slice.row_begin), y + slice.row_begin * columns, columns,
                           slice.panel_begin, slice.panel_end);
  });
}

}  // namespace

std::string bfloat16_refusal(const NodeView& node) {
  if (node.options().precision != Precision::kBf16) return "precision bf16 is not asked for";
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  if (node.input_constant(1) == nullptr) return "B is not a constant";
  if (std::string refusal = reordered_refusal(node); !refusal.empty()) return refusal;
  const MatrixProduct product = matrix_product(node);
  if (product.batches != 1) return "Y is not one matrix";
  if (product.depth == 0) return "the inner dimension is 0";
  if (product.transposed_a()) return "A is transposed";
  return "";
}

Implementation bfloat16_matrix_product() { return {"simd bf16", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
