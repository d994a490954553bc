// What the own kernels' matrix products share: reading constant weights once, and the epilogue.
#pragma once

#include <algorithm>
#include <functional>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tiles.hpp"
#include "ops/product/matrix_product.hpp"

namespace linnet::internal {

/// Multiply-adds and weights that a core gets through in a nanosecond; for choosing tasks only.
inline constexpr double kProductsPerNanosecond = 50.0;
inline constexpr double kWeightsPerNanosecond = 20.0;  ///< read from the third-level cache

/// Rows that are multiplied with a panel between two looks at the stop: about 0.1 ms.
constexpr std::size_t rows_of_panel(std::size_t depth) {
  constexpr std::size_t kLeast = 12, kMost = 240, kProducts = 5000000;
  return std::clamp(kProducts / (kernels::kPanelColumns * (depth + 1)), kLeast, kMost);
}

/// Where row `row` of a panel's columns begins in the B at `b`, at any address.
const std::byte* panel_rows(const MatrixProduct& product, const void* b, std::size_t panel, std::size_t row);

/// Calls make(matrix, row_tile, step_begin, step_end), from several threads at once, for parts that
/// cover the tiles (ops/kernels/gemm_tiles.hpp) of `matrices` A [rows, depth] once. `work` as for parallel_for, `make`
/// must not throw. Errors: those of RunControl::parallel_for.
template <typename Make>
void for_row_tiles(RunControl& control, std::size_t matrices, std::size_t rows, std::size_t depth, double work,
                   const Make& make) {
  constexpr std::size_t kStepsOfTask = 64;
  const std::size_t steps = kernels::tile_steps(depth);
  const std::size_t parts = (steps + kStepsOfTask - 1) / kStepsOfTask;
  const std::size_t tasks = kernels::row_tile_count(rows) * parts;
  control.parallel_for(matrices * tasks, work, [&](std::size_t task) {
    const std::size_t step = task % parts * kStepsOfTask;
    make(task / tasks, task % tasks / parts, step, std::min(steps, step + kStepsOfTask));
  });
}

/// Calls pack(panel, row, rows), from several threads at once, for parts of the panels that cover the matrix at `b` in
/// the constant `source` once, in bands of its bytes, and lets go of the mapped pages behind each: weights are never in
/// memory twice. `row` is even, and so is `rows` but for the last ones. `pack` must not throw. A stop is looked at
/// about every 0.1 ms. Errors: those of RunControl::parallel_for.
void for_bands(RunControl& control, const MatrixProduct& product, const Constant& source, const std::byte* b,
               const std::function<void(std::size_t panel, std::size_t row, std::size_t rows)>& pack);

/// beta * C, when C is a constant row and beta is not 1; null otherwise. Where no run reads C, `prepared` says so.
std::shared_ptr<const std::byte> scaled_row(const PrepareContext& context, const MatrixProduct& product,
                                            Prepared& prepared);

/// Start values and activation of every element. `scaled_row`: as the function returns it.
kernels::GemmEpilogue epilogue_of(const MatrixProduct& product, const std::byte* scaled_row, const void* const* inputs);

}  // namespace linnet::internal
