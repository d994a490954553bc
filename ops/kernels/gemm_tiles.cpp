// The product in tiles: which ones are multiplied in which order, and what happens to their sums.
#include "ops/kernels/gemm_tiles.hpp"

#include <algorithm>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_tiles.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/amx.hpp"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/emulated_tiles.hpp"
#include "ops/kernels/gemm_tile-inl.h"
#include "ops/kernels/tiles.hpp"

#ifndef LINNET_OPS_KERNELS_GEMM_TILES_CPP_ONCE_
#define LINNET_OPS_KERNELS_GEMM_TILES_CPP_ONCE_
namespace linnet::kernels {
namespace {

constexpr std::size_t kTileColumns = 16;

// Finished sums of one tile, rows of 16 floats, and the part of C that they are.
struct FinishedTile {
  float* sums;
  std::size_t row;
  std::size_t rows;
  std::size_t column;
  std::size_t columns;
};

}  // namespace
}  // namespace linnet::kernels
#endif  // LINNET_OPS_KERNELS_GEMM_TILES_CPP_ONCE_

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// Start values, activation, and the way to C.
void FinishTile(const TiledProduct& product, const FinishedTile& tile) {
  const TileTag d;
  const GemmEpilogue& epilogue = product.epilogue;
  const bool starts = epilogue.bias != nullptr || epilogue.addend != nullptr;
  const bool relu = epilogue.activation.kind == ActivationKind::kRelu;
  const bool activates = !relu && epilogue.activation.kind != ActivationKind::kNone;
  float* const c = product.c + tile.row * product.c_row_stride + tile.column;
  for (std::size_t i = 0; i < tile.columns; i += kLanes) {
    const std::size_t lanes = std::min(kLanes, tile.columns - i);
    const bool one_start = starts && epilogue.addend == nullptr;
    TileVector start = one_start ? StartVector(epilogue, 0, tile.column + i, lanes) : hn::Zero(d);
    for (std::size_t row = 0; row < tile.rows; ++row) {
      float* const sums = tile.sums + row * kTileColumns + i;
      TileVector sum = hn::Load(d, sums);
      if (starts && !one_start) start = StartVector(epilogue, tile.row + row, tile.column + i, lanes);
      if (starts) sum = hn::Add(start, sum);
      if (relu) sum = Relu(d, sum);
      if (activates) {
        hn::Store(sum, d, sums);
      } else {
        StorePartial(d, sum, c + row * product.c_row_stride + i, lanes);
      }
    }
  }
  if (!activates) return;
  // Rows of a tile are one array; what is behind the last column counts for nothing.
  apply_activation(epilogue.activation, tile.sums, tile.sums, tile.rows * kTileColumns);
  for (std::size_t row = 0; row < tile.rows; ++row) {
    std::copy_n(tile.sums + row * kTileColumns, tile.columns, c + row * product.c_row_stride);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(FinishTile);

namespace {

// With many rows, so many steps of two columns of tiles (32 KiB of B) stay in the first-level cache while the rows of
// A pass by.
constexpr std::size_t kBlockSteps = 16;
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kPanelTiles = kPanelColumns / kTileColumns;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Steps of one block of k. Of two row tiles B is read once, so there is no reason to come back to it.
std::size_t block_steps(std::size_t row_tiles, std::size_t steps) {
  return row_tiles <= 2 ? steps : std::min(steps, kBlockSteps);
}

// Up to two row tiles times up to four columns of tiles, at their first step; four sums at most.
struct Block {
  const std::byte* a[2];
  const std::byte* b[4];
  const std::byte* fetched[4];  // of each tile here, beside each step, these bytes come to the second-level cache
  std::size_t fetch_begin;
  std::size_t fetch_end;
  std::size_t a_tile_bytes;
  std::size_t steps;
};

// The products of one column of tiles at one step.
template <class Registers, int kRows, int kColumns, int kColumn>
inline void multiply_column(Registers& tiles, const std::byte* b) {
  if constexpr (kColumn < kColumns) {
    constexpr int kB = 6 + kColumn % 2;
    tiles.template load<kB>(b);
    tiles.template multiply<kColumn, 4, kB>();
    if constexpr (kRows == 2) tiles.template multiply<kColumns + kColumn, 5, kB>();
  }
}

// `before` has the sums of the blocks before this one; null for none. Those with this one's go to `after`.
template <class Registers, int kRows, int kColumns>
void multiply_block(void* registers, const Block& block, const std::byte* before, std::byte* after) {
  Registers& tiles = *static_cast<Registers*>(registers);
  constexpr int kSums = kRows * kColumns;
  static_assert(kSums <= 4);
  const std::size_t a_tile_bytes = block.a_tile_bytes;
  if (before == nullptr) {
    tiles.template zero<0>();
    if constexpr (kSums > 1) tiles.template zero<1>();
    if constexpr (kSums > 2) tiles.template zero<2>();
    if constexpr (kSums > 3) tiles.template zero<3>();
  } else {
    tiles.template load<0>(before);
    if constexpr (kSums > 1) tiles.template load<1>(before + a_tile_bytes);
    if constexpr (kSums > 2) tiles.template load<2>(before + 2 * a_tile_bytes);
    if constexpr (kSums > 3) tiles.template load<3>(before + 3 * a_tile_bytes);
  }
  const std::size_t fetch_end = block.fetch_end;
  for (std::size_t step = 0; step < block.steps; ++step) {
    const std::size_t b_offset = step * kTileBytes;
    tiles.template load<4>(block.a[0] + step * a_tile_bytes);
    if constexpr (kRows == 2) tiles.template load<5>(block.a[1] + step * a_tile_bytes);
    multiply_column<Registers, kRows, kColumns, 0>(tiles, block.b[0] + b_offset);
    multiply_column<Registers, kRows, kColumns, 1>(tiles, block.b[1] + b_offset);
    multiply_column<Registers, kRows, kColumns, 2>(tiles, block.b[2] + b_offset);
    multiply_column<Registers, kRows, kColumns, 3>(tiles, block.b[3] + b_offset);
    for (std::size_t line = block.fetch_begin; line < fetch_end; line += kLineBytes) {
      for (int column = 0; column < kColumns; ++column)
        __builtin_prefetch(block.fetched[column] + b_offset + line, 0, 2);
    }
  }
  tiles.template store<0>(after);
  if constexpr (kSums > 1) tiles.template store<1>(after + a_tile_bytes);
  if constexpr (kSums > 2) tiles.template store<2>(after + 2 * a_tile_bytes);
  if constexpr (kSums > 3) tiles.template store<3>(after + 3 * a_tile_bytes);
}

using BlockFunction = void (*)(void* registers, const Block&, const std::byte* before, std::byte* after);

// By row tiles - 1 and columns of tiles - 1.
template <class Registers>
constexpr BlockFunction kBlocks[2][4] = {
    {multiply_block<Registers, 1, 1>, multiply_block<Registers, 1, 2>, multiply_block<Registers, 1, 3>,
     multiply_block<Registers, 1, 4>},
    {multiply_block<Registers, 2, 1>, multiply_block<Registers, 2, 2>, nullptr, nullptr}};

class Multiplier {
 public:
  Multiplier(const TiledProduct& product, const GemmSlice& slice, std::byte* sums)
      : product_(product),
        slice_(slice),
        sums_(sums),
        height_(row_tile_height(product.m)),
        row_tiles_(slice.row_end - slice.row_begin),
        steps_(tile_steps(product.k)),
        column_end_(std::min(slice.panel_end * kPanelTiles, divide_up(product.n, kTileColumns))),
        strip_columns_(row_tiles_ == 1 ? 4 : 2) {}

  template <class Registers>
  void run() {
    Registers registers(height_);
    run(&registers, kBlocks<Registers>);
  }

 private:
  void run(void* registers, const BlockFunction (&blocks)[2][4]) {
    registers_ = registers;
    blocks_ = blocks;
    const std::size_t depth = block_steps(row_tiles_, steps_);
    for (std::size_t step = 0; step < steps_; step += depth) {
      std::byte* sums = sums_;
      for (std::size_t column = slice_.panel_begin * kPanelTiles; column < column_end_; column += strip_columns_) {
        for (std::size_t row = 0; row < row_tiles_; row += 2) {
          sums = multiply(row, column, step, std::min(depth, steps_ - step), sums);
        }
      }
    }
  }

  const std::byte* tile_of_b(std::size_t column, std::size_t step) const {
    return product_.b + (column * steps_ + step) * kTileBytes;
  }

  // One block. Returns where the next one keeps its sums.
  std::byte* multiply(std::size_t row, std::size_t column, std::size_t step, std::size_t depth, std::byte* sums) {
    const std::size_t rows = std::min<std::size_t>(2, row_tiles_ - row);
    const std::size_t columns = std::min(strip_columns_, column_end_ - column);
    const std::size_t tile_bytes = height_ * kTileRowBytes;
    Block block = {};
    block.a_tile_bytes = tile_bytes;
    block.steps = depth;
    for (std::size_t i = 0; i < rows; ++i) {
      block.a[i] = product_.a + ((slice_.row_begin + row + i) * steps_ + step) * tile_bytes;
    }
    for (std::size_t i = 0; i < columns; ++i) block.b[i] = tile_of_b(column + i, step);
    fetch_next(row, column, step, depth, columns, block);
    const bool last = step + depth == steps_;
    alignas(64) std::byte finished[4 * kTileBytes];
    blocks_[rows - 1][columns - 1](registers_, block, step == 0 ? nullptr : sums, last ? finished : sums);
    if (last) finish(row, rows, column, columns, finished);
    return sums + rows * columns * tile_bytes;
  }

  // The strip of B that comes next: each pair of row tiles fetches a part of it. Where a strip is read once, what comes
  // some steps later.
  void fetch_next(std::size_t row, std::size_t column, std::size_t step, std::size_t depth, std::size_t columns,
                  Block& block) const {
    constexpr std::size_t kAhead = 4;
    const std::size_t pairs = divide_up(row_tiles_, 2);
    block.fetch_begin = row / 2 * kTileRows / pairs * kTileRowBytes;
    block.fetch_end = (row / 2 + 1) * kTileRows / pairs * kTileRowBytes;
    const bool turns = column + 2 * strip_columns_ > column_end_;
    const std::size_t first = slice_.panel_begin * kPanelTiles;
    for (std::size_t i = 0; i < columns; ++i) {
      block.fetched[i] = pairs == 1 ? block.b[i] + kAhead * kTileBytes
                         : turns    ? tile_of_b(first + i, std::min(step + depth, steps_ - 1))
                                    : tile_of_b(column + strip_columns_ + i, step);
    }
  }

  void finish(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns, std::byte* finished) const {
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t first_row = (slice_.row_begin + row + i) * height_;
      for (std::size_t j = 0; j < columns; ++j) {
        const std::size_t first_column = (column + j) * kTileColumns;
        LINNET_DISPATCH(FinishTile)
        (product_, {reinterpret_cast<float*>(finished + (i * columns + j) * height_ * kTileRowBytes), first_row,
                    std::min(height_, product_.m - std::min(product_.m, first_row)), first_column,
                    std::min(kTileColumns, product_.n - first_column)});
      }
    }
  }

  const TiledProduct& product_;
  const GemmSlice& slice_;
  std::byte* sums_;
  std::size_t height_;
  std::size_t row_tiles_;
  std::size_t steps_;
  std::size_t column_end_;
  std::size_t strip_columns_;
  void* registers_ = nullptr;
  const BlockFunction (*blocks_)[4] = nullptr;
};

}  // namespace

std::size_t tile_sums_bytes(const GemmSlices& slices, std::size_t m, std::size_t k) {
  const std::size_t steps = tile_steps(k);
  if (block_steps(slices.rows_per_slice, steps) == steps) return 0;
  return slices.rows_per_slice * slices.panels_per_slice * kPanelTiles * row_tile_height(m) * kTileRowBytes;
}

void gemm_tiles(const TiledProduct& product, const GemmSlice& slice, std::byte* sums) {
  if (slice.row_begin >= slice.row_end || slice.panel_begin >= slice.panel_end) return;
  Multiplier multiplier(product, slice, sums);
#if defined(__x86_64__)
  if (tiles() == Tiles::kInstructions) return multiplier.run<AmxTiles>();
#endif
  multiplier.run<EmulatedTiles>();
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
