// Matrix products with weights of few bits, and a scale, and a zero point if need be, for each block along k and
// column. Rows are float32:
//   C[m,n] = sum over blocks of (sum over k of x[m,k] * (B[k,n] - zero[block,n])) * scale[block,n]
// or, with weights of 4 bits, quantised to int8 in blocks:
//   C[m,n] = sum over blocks of (sum over k of A[m,k] * (B[k,n] - zero[block,n])) * (a_scale[m,block] * scale[block,n])
// Sums of quantised rows within a block are exact; those of floats are a chain of multiply-adds from zero. Sums over
// blocks are float32, from the first block on, each step rounded once. A row's bits do not depend on the other rows;
// those of quantised rows are the same on every instruction set.
//
// The functions here allocate nothing, start no thread and may be called from many threads at once.
#ifndef LINNET_OPS_KERNELS_GEMM_N_BITS_HPP_
#define LINNET_OPS_KERNELS_GEMM_N_BITS_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// Packed B is a row of panels of so many columns, the last one filled up with any. A panel holds block after block, and
// of each for every column 4 bytes after 4 bytes. With weights of 8 bits these are 4 neighbours along k; with fewer,
// the next 4 neighbours stand in the bits above, and so on.
constexpr std::size_t kNBitsPanelColumns = 32;
// Steps of a block.
constexpr std::size_t kNBitsBlockUnit = 16, kNBitsMostBlock = 256;

constexpr std::size_t n_bits_panels(std::size_t n) {
  return n / kNBitsPanelColumns + (n % kNBitsPanelColumns != 0 ? 1 : 0);
}
constexpr std::size_t n_bits_panel_bytes(std::size_t depth, std::size_t bits) {
  return depth * bits / 8 * kNBitsPanelColumns;
}

// The first `steps` steps of column `column` of a panel from elements [at, at + steps) of a row of them, the first of a
// byte in its lowest bits; the bits behind them, in the last bytes, are 0. `flip` is combined with each by exclusive
// or: what makes signed elements unsigned. Requires: bits is 2, 4 or 8.
void pack_n_bits_column(const void* elements, std::size_t at, std::size_t steps, std::size_t bits, unsigned flip,
                        std::size_t column, std::uint8_t* panel);

// Step k of `columns` columns of a panel from as many elements that follow each other. Requires: the steps' bytes were
// cleared.
void pack_n_bits_row(const void* elements, std::size_t at, std::size_t columns, std::size_t k, std::size_t bits,
                     unsigned flip, std::uint8_t* panel);

// Rows as the kernel reads them: with the scales and sums of their blocks.
struct QuantizedRows {
  std::int8_t* elements = nullptr;  // [rows][blocks * block]
  float* scales = nullptr;          // [rows][blocks]
  std::int32_t* sums = nullptr;     // likewise: of the elements
};

// x[k] in blocks becomes the nearest multiples of its largest magnitude / 127, one row of `to`. What is missing of the
// last block is zeros. A block with an infinity or NaN has the scale NaN. Requires: block is a multiple of 16.
void quantize_row_in_blocks(const float* x, std::size_t k, std::size_t block, const QuantizedRows& to);

struct NBitsProduct {
  std::size_t m = 0, n = 0;
  std::size_t blocks = 0, block = 0;  // block: a multiple of kNBitsBlockUnit, kNBitsMostBlock at most
  std::size_t bits = 4;               // of a weight: 2, 4 or 8; of gemm_int4 4
  QuantizedRows a;                    // of gemm_int4
  const float* x = nullptr;           // of gemm_n_bits: rows of k elements
  std::size_t k = 0;
  const std::uint8_t* packed_b = nullptr;
  const float* scales = nullptr;       // [panel][block][kNBitsPanelColumns]
  const float* zero_points = nullptr;  // likewise; null where all are 2^(bits - 1)
  const float* bias = nullptr;         // [n]; null for none
  float* c = nullptr;
  std::size_t c_row_stride = 0;
  std::size_t panel_begin = 0, panel_end = 0;
};
// Of rows x.
void gemm_n_bits(const NBitsProduct& product);

// Of quantised rows.
void gemm_int4(const NBitsProduct& product);

// Without the instructions of has_byte_products(), for tests.
void gemm_int4_without(const NBitsProduct& product);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_N_BITS_HPP_
