// The arguments of gemm() and its relatives, as the code behind them passes them on.
#ifndef LINNET_OPS_KERNELS_GEMM_PRODUCT_HPP_
#define LINNET_OPS_KERNELS_GEMM_PRODUCT_HPP_

#include <cstddef>

#include "ops/kernels/gemm.hpp"

namespace linnet::kernels {

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// The arguments of gemm(), or of gemm_bfloat16(), whose pairs count as one step of k and travel as floats.
struct Product {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  const float* a;
  std::size_t a_row_stride;
  const float* b;
  std::size_t b_row_stride;  // 0: packed
  const GemmEpilogue& epilogue;
  float* c;
  std::size_t c_row_stride;
  std::size_t column_begin;
  std::size_t column_end;
  const StepRuns* runs = nullptr;  // of A; null where the steps of a row follow each other

  // From one row of a panel to the next.
  std::size_t panel_stride(std::size_t panel) const { return b_row_stride != 0 ? b_row_stride : panel_width(n, panel); }
  const float* panel_begin(std::size_t panel) const { return b + panel * kPanelColumns * (b_row_stride != 0 ? 1 : k); }
};

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_PRODUCT_HPP_
