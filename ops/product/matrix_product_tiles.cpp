// Matrix products of bfloat16 operands with float32 sums in tiles (AMX), on request (Precision::kBf16): A is rounded
// into the workspace at every run, a constant B when it is packed.
#include <algorithm>

#include "ops/kernels/gemm_tiles.hpp"
#include "ops/kernels/tiles.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/product/matrix_product_packing.hpp"

namespace linnet::internal {
namespace {

constexpr double kRoundedPerNanosecond = 4.0;
/// Tiles do so many multiply-adds where float32 does one; weights take half the bytes.
constexpr double kSpeedUp = 10.0;
constexpr double kReadSpeedUp = 2.0;

struct TileProduct {
  MatrixProduct product;
  kernels::GemmSlices slices;
  std::shared_ptr<const std::byte> packed;
  std::shared_ptr<const std::byte> bias;  ///< as scaled_row returns it
  std::size_t a_bytes = 0;                ///< of the workspace; then come the sums of each worker
  std::size_t sums_bytes = 0;
};

std::string accepts(const NodeView& node) {
  if (std::string refusal = bfloat16_refusal(node); !refusal.empty()) return refusal;
  if (kernels::tiles() == kernels::Tiles::kNone) return "this CPU has no AMX-BF16, or the system does not permit it";
  return "";
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<TileProduct>();
  state->product = matrix_product(context);
  const MatrixProduct& product = state->product;
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto threads = static_cast<std::size_t>(context.threads());
  const ConstantPtr& b = context.input_constant(1);
  const std::string key = text("simd tiles [", depth, ",", columns, "] strides ", product.b_depth_stride, " ",
                               product.b_column_stride, " times ", product.alpha);
  state->packed = context.weights().get(b, key, kernels::tiled_b_bytes(depth, columns), [&](std::byte* memory) {
    for_bands(context.control(), product, *b, b->data, [&](std::size_t panel, std::size_t row, std::size_t count) {
      kernels::pack_b_tiles(panel_rows(product, b->data, panel, row), static_cast<std::size_t>(product.b_depth_stride),
                            static_cast<std::size_t>(product.b_column_stride), depth, columns, product.alpha, panel,
                            row, count, memory);
    });
  });
  Prepared prepared;
  prepared.unread_inputs = 2;
  state->bias = scaled_row(context, product, prepared);
  state->slices = kernels::choose_tile_slices(rows, columns, depth, threads);
  state->a_bytes = kernels::tiled_a_bytes(rows, depth);
  state->sums_bytes = kernels::tile_sums_bytes(state->slices, rows, depth);
  prepared.workspace_bytes = state->a_bytes + state->sums_bytes * threads;
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const TileProduct*>(args.state);
  const MatrixProduct& product = state.product;
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto* a = static_cast<const float*>(args.inputs[0]);
  auto* const tiled_a = static_cast<std::byte*>(args.workspace);
  const double elements = static_cast<double>(rows) * static_cast<double>(depth);
  for_row_tiles(args.control, 1, rows, depth, elements / kRoundedPerNanosecond,
                [&](std::size_t, std::size_t row_tile, std::size_t step_begin, std::size_t step_end) {
                  kernels::to_bfloat16_tiles(a, depth, rows, depth, row_tile, step_begin, step_end, tiled_a);
                });
  const kernels::TiledProduct tiled = {rows,
                                       columns,
                                       depth,
                                       tiled_a,
                                       state.packed.get(),
                                       epilogue_of(product, state.bias.get(), args.inputs),
                                       static_cast<float*>(args.outputs[0]),
                                       columns};
  const double weights = static_cast<double>(columns) * static_cast<double>(depth);
  const double work = std::max(elements * static_cast<double>(columns) / (kProductsPerNanosecond * kSpeedUp),
                               weights / (kWeightsPerNanosecond * kReadSpeedUp));
  args.control.parallel_for(state.slices.count(), work, [&](std::size_t task, std::size_t worker) {
    kernels::gemm_tiles(tiled, state.slices.slice(task), tiled_a + state.a_bytes + worker * state.sums_bytes);
  });
}

}  // namespace

Implementation tile_matrix_product() { return {"simd tiles bf16", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
