// The matrix product on float64: C = alpha * (A * B) + beta * addend, with B packed beforehand.
//
// Every sum is that of its blocks of 512 steps of k, added in their order; a block is one chain acc = fma(a, b, acc)
// from zero (on CPUs without FMA a product and a sum, both rounded). Nothing else enters, so a row's bits depend
// neither on its neighbours nor on threads. Nothing is allocated.
#ifndef LINNET_OPS_KERNELS_GEMM_DOUBLE_HPP_
#define LINNET_OPS_KERNELS_GEMM_DOUBLE_HPP_

#include <cstddef>

namespace linnet::kernels {

// Packed B is a row of panels of 16 columns, each row by row: element (k, n) is at packed[n / 16 * K * 16 + k * 16 + n
// % 16]. The columns that the last panel lacks are zeros.
constexpr std::size_t kDoublePanelColumns = 16;

constexpr std::size_t double_panel_count(std::size_t n) {
  return n / kDoublePanelColumns + (n % kDoublePanelColumns != 0 ? 1 : 0);
}

// Packs rows [k_begin, k_end) of one panel of B [k, n], whose element (i, j) is double i * row_stride + j *
// column_stride behind `b`, which needs no alignment. `packed` is all of packed B, double_panel_count(n) * k * 16
// elements.
void pack_b_double(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                   std::size_t panel, std::size_t k_begin, std::size_t k_end, double* packed);

// With `addend` null, C = alpha * (A * B). A stride of 0 repeats a row, a column or a scalar. The addend may be C
// itself, with C's strides.
struct DoubleEpilogue {
  double alpha = 1.0;
  double beta = 1.0;
  const double* addend = nullptr;
  std::size_t addend_row_stride = 0;
  std::size_t addend_column_stride = 0;
};

// All m rows of the panels [panel_begin, panel_end). Rows of A and C are contiguous and lie a_row_stride and
// c_row_stride elements apart. Pointers are those of the whole product, whatever the panels. Requires: panel_end <= the
// count.
void gemm_double(std::size_t m, std::size_t n, std::size_t k, const double* a, std::size_t a_row_stride,
                 const double* packed_b, const DoubleEpilogue& epilogue, double* c, std::size_t c_row_stride,
                 std::size_t panel_begin, std::size_t panel_end);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_DOUBLE_HPP_
