// The matrix product of rows that are quantised to int8 in blocks along k, and weights of 4 bits with a scale, and a
// zero point if need be, for each block and column:
//   C[m,n] = sum over blocks of (sum over k of A[m,k] * (B[k,n] - zero[block,n])) * (a_scale[m,block] * scale[block,n])
// Sums within a block are exact; those over blocks are float32, from the first block on, each step rounded once: the
// same bits on every instruction set, whatever else is computed.
//
// The functions here allocate nothing, start no thread and may be called from many threads at once.
#ifndef LINNET_OPS_KERNELS_GEMM_INT4_HPP_
#define LINNET_OPS_KERNELS_GEMM_INT4_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// Packed B is a row of panels of so many columns, the last one filled up with any. A panel holds block after block, a
// block pair after pair of quads of k: for each column 4 bytes, in whose lower halves are 4 neighbours along k, and in
// the upper halves the next 4.
constexpr std::size_t kInt4PanelColumns = 32;
constexpr std::size_t int4_panels(std::size_t n) {
  return n / kInt4PanelColumns + (n % kInt4PanelColumns != 0 ? 1 : 0);
}
constexpr std::size_t int4_panel_bytes(std::size_t depth) { return depth / 2 * kInt4PanelColumns; }

// `depth` elements of column `column` of a panel, two a byte, the first in the lower half. Requires: a multiple of 8.
void pack_int4_column(const void* elements, std::size_t depth, std::size_t column, std::uint8_t* panel);

// Rows as the kernel reads them: with the scales and sums of their blocks.
struct Int4Rows {
  std::int8_t* elements = nullptr;  // [rows][blocks * block]
  float* scales = nullptr;          // [rows][blocks]
  std::int32_t* sums = nullptr;     // likewise: of the elements
};

// x[k] in blocks becomes the nearest multiples of its largest magnitude / 127, one row of `to`. What is missing of the
// last block is zeros. A block with an infinity or NaN has the scale NaN. Requires: block is a multiple of 16.
void quantize_int4_row(const float* x, std::size_t k, std::size_t block, const Int4Rows& to);

struct Int4Product {
  std::size_t m = 0, n = 0;
  std::size_t blocks = 0, block = 0;  // block: a multiple of 8, no more than 256
  Int4Rows a;                         // of gemm_int4
  const float* x = nullptr;           // of gemm_int4_floats: rows of k elements
  std::size_t k = 0;
  const std::uint8_t* packed_b = nullptr;
  const float* scales = nullptr;       // [panel][block][kInt4PanelColumns]
  const float* zero_points = nullptr;  // likewise; null where all are 8
  const float* bias = nullptr;         // [n]; null for none
  float* c = nullptr;
  std::size_t c_row_stride = 0;
  std::size_t panel_begin = 0, panel_end = 0;
};
void gemm_int4(const Int4Product& product);

// The same of rows of float32 x:
//   C[m,n] = sum over blocks of (sum over k of x[m,k] * (B[k,n] - zero[block,n])) * scale[block,n]
// The sum of a block is a chain of multiply-adds from zero; blocks are added in their order.
void gemm_int4_floats(const Int4Product& product);

// Without the instructions of has_byte_products(), for tests.
void gemm_int4_without(const Int4Product& product);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_INT4_HPP_
