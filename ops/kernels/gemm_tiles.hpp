// The matrix product of bfloat16 operands in tiles (tiles.hpp), with sums in float32.
//
// An element of C is its start value plus the sum of its steps, which are added one after the other from k = 0 on. A
// step is 32 elements of k, the last one filled up with zeros: the sum of two chains of 16 multiply-adds from zero,
// one over the even and one over the odd k. Every operation rounds to nearest even; denormals, read or made, are zeros.
// That is what the instruction is documented to do (TDPBF16PS), and what the emulation does. So bits depend neither on
// a row's neighbours nor on slices and threads.
//
// The functions here allocate nothing, start no thread and may be called from many threads at once.
#ifndef LINNET_OPS_KERNELS_GEMM_TILES_HPP_
#define LINNET_OPS_KERNELS_GEMM_TILES_HPP_

#include <algorithm>
#include <cstddef>

#include "ops/kernels/gemm.hpp"

namespace linnet::kernels {

constexpr std::size_t kTileRows = 16;      // at most
constexpr std::size_t kTileRowBytes = 64;  // 32 elements of A; a pair of B, or a sum, of each of 16 columns
constexpr std::size_t kTileDepth = 32;
constexpr std::size_t kTilePairs = kTileDepth / 2;

constexpr std::size_t tile_steps(std::size_t k) { return (k + kTileDepth - 1) / kTileDepth; }

// A's rows are shared out evenly among as few tiles as hold them. Behind the last row the last tile has zeros.
constexpr std::size_t row_tile_count(std::size_t m) { return (m + kTileRows - 1) / kTileRows; }
constexpr std::size_t row_tile_height(std::size_t m) {
  return m == 0 ? 0 : (m + row_tile_count(m) - 1) / row_tile_count(m);
}

// Tiles lie in blocks of so many steps, the last one with what is left of them. In a block come the steps of one row
// tile of A (16 columns of B) after those of the other: what a block of the product reads is one piece of memory, whose
// lines do not share their places in the caches.
constexpr std::size_t kBlockSteps = 8;

// The block that a step lies in.
struct StepBlock {
  std::size_t first;
  std::size_t count;

  StepBlock(std::size_t step, std::size_t steps)
      : first(step / kBlockSteps * kBlockSteps), count(std::min(kBlockSteps, steps - first)) {}

  // Where the steps of row tile (or 16 columns) `line` of `lines` begin, in tiles.
  std::size_t tile(std::size_t line, std::size_t lines) const { return first * lines + line * count; }
};

constexpr std::size_t tiled_a_bytes(std::size_t m, std::size_t k) {
  return row_tile_count(m) * tile_steps(k) * row_tile_height(m) * kTileRowBytes;
}

// Rounds the steps [step_begin, step_end) of one row tile of A [m, k], as to_bfloat16_pairs does. `tiled` is the
// beginning of all tiles and aligned to 64 bytes.
void to_bfloat16_tiles(const float* a, std::size_t a_row_stride, std::size_t m, std::size_t k, std::size_t row_tile,
                       std::size_t step_begin, std::size_t step_end, std::byte* tiled);

// The same of an A whose elements are stored as bfloat16, at any address, and whose rows follow each other.
void join_bfloat16_tiles(const void* a, std::size_t m, std::size_t k, std::size_t row_tile, std::size_t step_begin,
                         std::size_t step_end, std::byte* tiled);

// B in tiles of 16 columns, the last one filled up with zeros.
// Requires: the bytes can be counted.
constexpr std::size_t tiled_b_bytes(std::size_t k, std::size_t n) {
  return packed_b_bytes(tile_steps(k) * kTilePairs, n);
}

// Packs rows [row, row + rows) of one panel of B [k, n], as pack_b_bfloat16 does. `b` is where they begin, `tiled` the
// beginning of all tiles and aligned to 64 bytes. Requires: `row` is even, and so is `rows` but for the last ones.
void pack_b_tiles(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                  float alpha, std::size_t panel, std::size_t row, std::size_t rows, std::byte* tiled);

// C [m, n] = activation(start + A B). Rows of C lie c_row_stride elements apart. The epilogue is that of gemm(), of the
// whole product; fills_padding is not made use of. Requires: k > 0.
struct TiledProduct {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  const std::byte* a;
  const std::byte* b;
  GemmEpilogue epilogue;
  float* c;
  std::size_t c_row_stride;
};

// Slices of such a product, whose rows are row tiles: each takes about 0.3 ms at most (on a core that does 5e11
// multiply-adds a second), and there are enough of them for `threads` where the work is worth it.
GemmSlices choose_tile_slices(std::size_t m, std::size_t n, std::size_t k, std::size_t threads);

// Bytes in which a slice keeps its sums between blocks of k.
std::size_t tile_sums_bytes(const GemmSlices& slices, std::size_t m, std::size_t k);

// One slice. `sums` is aligned to 64 bytes and has room for tile_sums_bytes(). Requires: tiles() != Tiles::kNone.
void gemm_tiles(const TiledProduct& product, const GemmSlice& slice, std::byte* sums);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_TILES_HPP_
