// The matrix product C = activation(start + A * B) on float32, with B (the weights) packed once beforehand.
//
// Every element of C is its start value, to which the sums of groups of kGroupLength steps of k are added one after the
// other, from k = 0 on. The sum of a group is that of its chains, added in their order; a chain is kChainLength steps
// of acc = fma(A[m,k], B[k,n], acc) from zero (on CPUs without FMA a product and a sum, both rounded). The last chain
// and the last group are what is left of K. Nothing else enters: not M or N, not the row's place in the matrix, not how
// the caller slices the work. So a row's bits depend neither on its neighbours nor on threads, and are the same on
// every instruction set with FMA. Products with zeros are not skipped: NaN and infinities in A and B go where IEEE 754
// sends them.
//
// The functions here allocate nothing, start no thread and may be called from many threads at once.
#ifndef LINNET_OPS_KERNELS_GEMM_HPP_
#define LINNET_OPS_KERNELS_GEMM_HPP_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ops/kernels/activation.hpp"

namespace linnet::kernels {

// Packed B is a row of panels. A panel holds 64 columns of B, row by row and without gaps, so that one product reads
// the weights as one stream: element (k, n) is at packed[panel * K * 64 + k * width + n % 64], where panel = n / 64 and
// width is 64 but for the last panel: there it is the number of columns left, rounded up to 16. The columns added so
// are zeros. The layout is the same for every instruction set.
constexpr std::size_t kPanelColumns = 64;
constexpr std::size_t kColumnUnit = 16;

// Steps of k. A rounding error is as large as the sum it happens in: of K positive products a single chain loses
// sqrt(K) times the digits of one rounding, chains of chains those of 128 + 4 + K / 512 steps at most, of which only
// the last part grows with all of the sum.
constexpr std::size_t kChainLength = 128;
constexpr std::size_t kGroupLength = 4 * kChainLength;

constexpr std::size_t panel_count(std::size_t n) { return n / kPanelColumns + (n % kPanelColumns != 0 ? 1 : 0); }

// Columns of the panel as it is packed. Requires: panel < panel_count(n).
constexpr std::size_t panel_width(std::size_t n, std::size_t panel) {
  const std::size_t left = n - panel * kPanelColumns;
  return left >= kPanelColumns ? kPanelColumns : (left + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
}

// Bytes of B [k, n] when packed. Requires: k * (n + 15) * 4 is no more than SIZE_MAX; the caller checks it.
constexpr std::size_t packed_b_bytes(std::size_t k, std::size_t n) {
  return k * ((n + kColumnUnit - 1) / kColumnUnit * kColumnUnit) * sizeof(float);
}

// Packs B [k, n], whose element (i, j) is float i * row_stride + j * column_stride behind `b`, times alpha. `b` needs
// no alignment: weights are read where a file has them. `packed` has room for packed_b_bytes(k, n) and does not overlap
// `b`; kernels are fastest when it is aligned to 64 bytes, and need no alignment but a float's. Panels may be packed
// one by one: panel p alone begins p * 64 * column_stride floats behind `b` and goes to packed + p * k * 64.
void pack_b(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n, float alpha,
            float* packed);

// What happens to an element of C besides the product. Its start value is
//   bias[n] + addend_scale * addend[m * addend_row_stride + n * addend_column_stride]
// (one fma), where each part that is null counts as absent. A stride of 0 repeats a row, a column or a scalar.
// The addend may be C itself, with C's strides; otherwise it does not overlap C.
struct GemmEpilogue {
  const float* bias = nullptr;  // n values
  const float* addend = nullptr;
  std::size_t addend_row_stride = 0;
  std::size_t addend_column_stride = 0;
  float addend_scale = 1.0f;
  Activation activation = {};
  // C has room for its columns rounded up to whole kColumnUnit in every row, the last one too, and what is in the
  // additional ones may be overwritten with anything: whole vectors are stored.
  bool fills_padding = false;
  // Steps of a chain, of which kGroupLength / kChainLength are a group. kGroupLength is a multiple of it, which is
  // even. What sums products anew afterwards asks for shorter chains.
  std::size_t chain_length = kChainLength;

  // Where the thread will read packed weights next, or null: as much as was read last is fetched from there to the
  // second-level cache while the last steps of this product are multiplied, unless it is of few rows. Nothing need be
  // there.
  const float* next_b = nullptr;

  // The same for a product that begins at row `row` of C.
  GemmEpilogue from_row(std::size_t row) const {
    GemmEpilogue epilogue = *this;
    if (addend != nullptr) epilogue.addend += row * addend_row_stride;
    return epilogue;
  }
};

// C[m,n] = activation(start + sum over k of A[m,k] * B[k,n]) for all m rows and the columns of the panels
// [panel_begin, panel_end). Rows of A and C are contiguous and lie a_row_stride and c_row_stride elements apart.
// `packed_b`, `c` and the epilogue's pointers are those of the whole product, whatever the panels. C overlaps neither A
// nor packed B, and nothing of it is written but the elements asked for. With k = 0, C is
// activation(start + 0).
// Requires: panel_end <= panel_count(n).
void gemm(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride, const float* packed_b,
          const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride, std::size_t panel_begin,
          std::size_t panel_end);

// Steps of a row of A that lie in runs of one length, as those of a window over rows of pixels do: step k is at
// offsets[(first + k) / length] + (first + k) % length behind the row's begin. One offset more than there are runs may
// be read.
struct StepRuns {
  const std::ptrdiff_t* offsets;
  std::size_t length;
  std::size_t first;
};

// The same as gemm() for all columns, with such an A, whose rows may overlap. With k = 0, one offset is read.
// Requires: m >= 6, k <= kMostStepsOfWindows.
constexpr std::size_t kMostStepsOfWindows = 1024;
void gemm_of_windows(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride,
                     const StepRuns& runs, const float* packed_b, const GemmEpilogue& epilogue, float* c,
                     std::size_t c_row_stride);

// The same for all columns with B [k, n] where it lies: its rows are contiguous and b_row_stride elements apart. For a
// B that stays in the caches while the rows of A pass by. The bits are those that gemm() gives with B packed, times an
// alpha of 1. Requires: k > 0, n is a multiple of kColumnUnit, b_row_stride >= n.
void gemm_of_rows(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride, const float* b,
                  std::size_t b_row_stride, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride);

// Whether that pays for such a B: its rows come in whole vectors, do not share their places in the first-level cache,
// and stay in the second-level one.
constexpr bool stays_in_caches(std::size_t k, std::size_t n, std::size_t b_row_stride) {
  constexpr std::size_t kPageFloats = 1024;
  constexpr std::size_t kMostFloats = 1 << 16;
  return k > 0 && n % kColumnUnit == 0 && b_row_stride >= n && b_row_stride % kPageFloats != 0 &&
         b_row_stride <= kMostFloats / k;
}

// The product for no more rows than kMostRowsInPlace with B [k, n] where it lies: its rows are contiguous and
// b_row_stride elements apart. C gets the columns [column_begin, column_end); `b`, `c` and the epilogue's pointers are
// those of the whole product. The bits are those that gemm() gives with B packed, times an alpha of 1. fills_padding is
// not made use of. Requires: m <= kMostRowsInPlace, column_begin <= column_end <= n.
constexpr std::size_t kMostRowsInPlace = 6;
// It goes through B in strips of so many columns.
constexpr std::size_t kStripColumns = 512;

void gemm_in_place(std::size_t m, std::size_t k, const float* a, std::size_t a_row_stride, const float* b,
                   std::size_t b_row_stride, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride,
                   std::size_t column_begin, std::size_t column_end);

// The same product of bfloat16 operands with sums in float32: of operands that are stored so, or for callers that ask
// for speed and give up digits. Two neighbours along k are one pair, `pairs` = (k + 1) / 2 of them, the last filled up
// with zero. Packed B has the panels of `gemm` with pairs for elements. The bits are those that `gemm` gives for the
// same operands as floats, but that with the CPU's own instructions (has_bfloat16_instructions) denormals, read or
// made, count as zero within a chain.
struct Bfloat16Pair {
  std::uint16_t elements[2];  // of the odd k and of the even one: a step adds the second one's product first
};

constexpr std::size_t pair_count(std::size_t k) { return k / 2 + k % 2; }

// Rounds `rows` rows of k floats to nearest even, as pairs; a row takes pair_count(k) of them. NaN stays NaN.
void to_bfloat16_pairs(const float* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, Bfloat16Pair* pairs);

// The same of rows that are bfloat16 already, at any address and without gaps.
void join_bfloat16_pairs(const void* a, std::size_t rows, std::size_t k, Bfloat16Pair* pairs);

// As pack_b; `packed` has room for packed_b_bytes(pair_count(k), n).
void pack_b_bfloat16(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                     float alpha, Bfloat16Pair* packed);

void gemm_bfloat16(std::size_t m, std::size_t n, std::size_t pairs, const Bfloat16Pair* a, std::size_t a_row_stride,
                   const Bfloat16Pair* packed_b, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride,
                   std::size_t panel_begin, std::size_t panel_end);

// A part of C: rows [row_begin, row_end) of the panels [panel_begin, panel_end).
struct GemmSlice {
  std::size_t row_begin;
  std::size_t row_end;
  std::size_t panel_begin;
  std::size_t panel_end;
};

// A grid of slices that covers C once. Columns of the grid come four at a time, and of these all that have the same
// rows follow each other: those rows of A stay in the second-level cache, and the weights of the four in the one behind
// it.
struct GemmSlices {
  std::size_t rows;
  std::size_t panels;
  std::size_t rows_per_slice;
  std::size_t panels_per_slice;

  std::size_t row_slices() const { return (rows + rows_per_slice - 1) / rows_per_slice; }
  std::size_t panel_slices() const { return (panels + panels_per_slice - 1) / panels_per_slice; }
  std::size_t count() const { return row_slices() * panel_slices(); }

  // Requires: index < count().
  GemmSlice slice(std::size_t index) const {
    constexpr std::size_t kTogether = 4;
    const std::size_t first = index / (row_slices() * kTogether) * kTogether;
    const std::size_t together = std::min(kTogether, panel_slices() - first);
    const std::size_t of_these = index - first * row_slices();
    const std::size_t row = of_these / together * rows_per_slice;
    const std::size_t panel = (first + of_these % together) * panels_per_slice;
    return {row, std::min(row + rows_per_slice, rows), panel, std::min(panel + panels_per_slice, panels)};
  }
};

// Slices of a product of m x n x k: each takes about 0.5 ms at most (on a core that does 5e10 multiply-adds a second;
// one tile of 12 rows and 64 columns is the smallest, however large k is), there are at least `threads` of them where
// the work is worth it, and both threads and caches get their share: few rows are split by panels, many by rows first.
GemmSlices choose_slices(std::size_t m, std::size_t n, std::size_t k, std::size_t threads);

// The same for gemm_in_place: slices have all rows, and are whole strips where every thread gets one.
GemmSlices choose_slices_in_place(std::size_t m, std::size_t n, std::size_t k, std::size_t threads);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_HPP_
