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

HWY_NOINLINE TileVector Start(const TiledProduct& product, std::size_t row, std::size_t column, std::size_t lanes) {
  return StartVector(product.epilogue, row, column, lanes);
}

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
    TileVector start = one_start ? Start(product, 0, tile.column + i, lanes) : hn::Zero(d);
    for (std::size_t row = 0; row < tile.rows; ++row) {
      float* const sums = tile.sums + row * kTileColumns + i;
      TileVector sum = hn::Load(d, sums);
      if (starts && !one_start) start = Start(product, tile.row + row, tile.column + i, lanes);
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

constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kPanelTiles = kPanelColumns / kTileColumns;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Whether sums stay in registers from the first step to the last: of two row tiles B is read once, so there is no
// reason to come back to it. With more of them, a block of two columns of tiles (16 KiB of B) stays in the first-level
// cache while the rows of A pass by.
constexpr bool keeps_sums(std::size_t row_tiles) { return row_tiles <= 2; }

// Up to two row tiles times up to four columns of tiles over the steps of a block; four sums at most.
struct Block {
  const std::byte* a[2];
  const std::byte* b[4];
  std::size_t steps;
  std::size_t a_tile_bytes;
  bool begins;              // the sums do not stand in the registers
  const std::byte* before;  // where they stand then; null for nowhere
  std::byte* after;         // where they go; null where they stay in the registers
  // What comes to the second-level cache meanwhile: of each of these tiles of B the bytes [fetch_begin, fetch_end).
  const std::byte* fetched[2];
  std::size_t fetch_begin;
  std::size_t fetch_end;
};

// The products of one column of tiles at one step.
template <class Registers, int kRows, int kColumns, int kColumn>
inline void multiply_column(Registers& tiles, const Block& block, std::size_t b_offset) {
  if constexpr (kColumn < kColumns) {
    constexpr int kB = 6 + kColumn % 2;
    tiles.template load<kB>(block.b[kColumn] + b_offset);
    tiles.template multiply<kColumn, 4, kB>();
    if constexpr (kRows == 2) tiles.template multiply<kColumns + kColumn, 5, kB>();
  }
}

template <class Registers, int kRows, int kColumns>
void multiply_block(void* registers, const Block& block) {
  Registers& tiles = *static_cast<Registers*>(registers);
  constexpr int kSums = kRows * kColumns;
  static_assert(kSums <= 4);
  const std::size_t a_tile_bytes = block.a_tile_bytes;
  const std::byte* const before = block.before;
  if (block.begins && before == nullptr) {
    tiles.template zero<0>();
    if constexpr (kSums > 1) tiles.template zero<1>();
    if constexpr (kSums > 2) tiles.template zero<2>();
    if constexpr (kSums > 3) tiles.template zero<3>();
  } else if (block.begins) {
    tiles.template load<0>(before);
    if constexpr (kSums > 1) tiles.template load<1>(before + a_tile_bytes);
    if constexpr (kSums > 2) tiles.template load<2>(before + 2 * a_tile_bytes);
    if constexpr (kSums > 3) tiles.template load<3>(before + 3 * a_tile_bytes);
  }
  const std::size_t steps = block.steps;
  const std::size_t fetch_begin = block.fetch_begin;
  const std::size_t fetch_end = block.fetch_end;
  for (std::size_t step = 0; step < steps; ++step) {
    const std::size_t b_offset = step * kTileBytes;
    tiles.template load<4>(block.a[0] + step * a_tile_bytes);
    if constexpr (kRows == 2) tiles.template load<5>(block.a[1] + step * a_tile_bytes);
    multiply_column<Registers, kRows, kColumns, 0>(tiles, block, b_offset);
    multiply_column<Registers, kRows, kColumns, 1>(tiles, block, b_offset);
    multiply_column<Registers, kRows, kColumns, 2>(tiles, block, b_offset);
    multiply_column<Registers, kRows, kColumns, 3>(tiles, block, b_offset);
    for (std::size_t line = fetch_begin; line < fetch_end; line += kLineBytes) {
      __builtin_prefetch(block.fetched[0] + b_offset + line, 0, 2);
      __builtin_prefetch(block.fetched[1] + b_offset + line, 0, 2);
    }
  }
  std::byte* const after = block.after;
  if (after == nullptr) return;
  tiles.template store<0>(after);
  if constexpr (kSums > 1) tiles.template store<1>(after + a_tile_bytes);
  if constexpr (kSums > 2) tiles.template store<2>(after + 2 * a_tile_bytes);
  if constexpr (kSums > 3) tiles.template store<3>(after + 3 * a_tile_bytes);
}

using BlockFunction = void (*)(void* registers, const Block&);

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
        keeps_(keeps_sums(row_tiles_)),
        all_row_tiles_(row_tile_count(product.m)),
        steps_(tile_steps(product.k)),
        all_columns_(divide_up(product.n, kTileColumns)),
        column_begin_(slice.panel_begin * kPanelTiles),
        column_end_(std::min(slice.panel_end * kPanelTiles, all_columns_)),
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
    if (keeps_) {
      for (std::size_t column = column_begin_; column < column_end_; column += strip_columns_) {
        for (std::size_t step = 0; step < steps_; step += kBlockSteps) multiply(0, column, step, nullptr);
      }
      return;
    }
    for (std::size_t step = 0; step < steps_; step += kBlockSteps) {
      std::byte* sums = sums_;
      for (std::size_t column = column_begin_; column < column_end_; column += strip_columns_) {
        for (std::size_t row = 0; row < row_tiles_; row += 2) sums = multiply(row, column, step, sums);
      }
    }
  }

  const std::byte* tile_of_b(std::size_t column, const StepBlock& steps) const {
    return product_.b + steps.tile(column, all_columns_) * kTileBytes;
  }

  // One block. `sums`: where its sums are kept, if they are. Returns where those of the next one are.
  std::byte* multiply(std::size_t row, std::size_t column, std::size_t step, std::byte* sums) {
    const StepBlock steps(step, steps_);
    const std::size_t rows = std::min<std::size_t>(2, row_tiles_ - row);
    const std::size_t columns = std::min(strip_columns_, column_end_ - column);
    const std::size_t tile_bytes = height_ * kTileRowBytes;
    const bool last = step + steps.count == steps_;
    alignas(64) std::byte finished[4 * kTileBytes];
    Block block = {};
    block.steps = steps.count;
    block.a_tile_bytes = tile_bytes;
    block.begins = step == 0 || !keeps_;
    block.before = step == 0 ? nullptr : sums;
    block.after = last ? finished : sums;
    for (std::size_t i = 0; i < rows; ++i) {
      block.a[i] = product_.a + steps.tile(slice_.row_begin + row + i, all_row_tiles_) * tile_bytes;
    }
    for (std::size_t i = 0; i < columns; ++i) block.b[i] = tile_of_b(column + i, steps);
    if (!keeps_) fetch_next(row, column, steps, block);
    if (last) fetch_for_writing(row, rows, column, columns);
    blocks_[rows - 1][columns - 1](registers_, block);
    if (last) finish(row, rows, column, columns, finished);
    return keeps_ ? nullptr : sums + rows * columns * tile_bytes;
  }

  // The strip of B that comes next: each pair of row tiles fetches a part of it.
  void fetch_next(std::size_t row, std::size_t column, const StepBlock& steps, Block& block) const {
    const bool turns = column + strip_columns_ >= column_end_;
    const std::size_t next_step = steps.first + steps.count;
    if (turns && next_step == steps_) return;
    const std::size_t next = turns ? column_begin_ : column + strip_columns_;
    const StepBlock next_steps(turns ? next_step : steps.first, steps_);
    const std::size_t pairs = divide_up(row_tiles_, 2);
    block.fetch_begin = row / 2 * kTileRows / pairs * kTileRowBytes;
    block.fetch_end = (row / 2 + 1) * kTileRows / pairs * kTileRowBytes;
    for (std::size_t i = 0; i < 2; ++i) block.fetched[i] = tile_of_b(std::min(next + i, column_end_ - 1), next_steps);
  }

  // The lines of C come while the last block is multiplied, or stores would wait for them.
  void fetch_for_writing(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns) const {
    const std::size_t first = (slice_.row_begin + row) * height_;
    const std::size_t end = std::min(product_.m, first + rows * height_);
    for (std::size_t i = first; i < end; ++i) {
      const float* const c = product_.c + i * product_.c_row_stride + column * kTileColumns;
      for (std::size_t j = 0; j < columns; ++j) __builtin_prefetch(c + j * kTileColumns, 1, 3);
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
  bool keeps_;
  std::size_t all_row_tiles_;
  std::size_t steps_;
  std::size_t all_columns_;
  std::size_t column_begin_;
  std::size_t column_end_;
  std::size_t strip_columns_;
  void* registers_ = nullptr;
  const BlockFunction (*blocks_)[4] = nullptr;
};

}  // namespace

std::size_t tile_sums_bytes(const GemmSlices& slices, std::size_t m, std::size_t k) {
  if (keeps_sums(slices.rows_per_slice) || tile_steps(k) <= kBlockSteps) return 0;
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
