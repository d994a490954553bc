// The product of 8-bit integers in tiles (AMX). 64 elements of 16 rows of A are a tile, and so are 16 quads of 16
// columns of B: as they lie for the other kernels, whose sums these are, too.
#include "ops/kernels/gemm_int8_tiles.hpp"

#include <algorithm>
#include <cstring>

#include "ops/kernels/amx.hpp"
#include "ops/kernels/emulated_tiles.hpp"
#include "ops/kernels/gemm_tiles.hpp"
#include "ops/kernels/tiles.hpp"

namespace linnet::kernels {
namespace {

constexpr std::size_t kStepBytes = 64;  // of a row of A
constexpr std::size_t kStepQuads = kStepBytes / 4;
constexpr std::size_t kTileColumns = 16;
constexpr std::size_t kTileBytes = kTileColumns * 4;  // of a quad of B, and of a row of sums
constexpr std::size_t kSumRowBytes = kPanelColumns * sizeof(std::int32_t);
constexpr std::size_t kRowTiles = 2;  // that are multiplied together
// So many row tiles pass by so many steps of a panel, 24 KiB of B, which stay in the first-level cache.
constexpr std::size_t kChunkTiles = 8;
constexpr std::size_t kStepsOfBlock = 6;

// Up to two row tiles and two columns of tiles.
struct Block {
  const std::int8_t* a[kRowTiles];
  std::size_t a_row_bytes;
  const std::uint8_t* b;
  std::size_t b_quad_bytes;
  std::size_t steps;
  const std::byte* before[kRowTiles];  // the sums of the columns before these steps
  std::size_t before_row_bytes;
  std::size_t before_column_bytes;  // from one column of tiles to the next; 0 where all begin alike
  std::byte* after[kRowTiles];      // rows of kSumRowBytes
};

template <class Registers, int kRows, int kColumns>
void multiply_block(Registers& tiles, const Block& block) {
  tiles.template load<0>(block.before[0], block.before_row_bytes);
  if constexpr (kColumns > 1)
    tiles.template load<1>(block.before[0] + block.before_column_bytes, block.before_row_bytes);
  if constexpr (kRows > 1) tiles.template load<2>(block.before[1], block.before_row_bytes);
  if constexpr (kRows > 1 && kColumns > 1)
    tiles.template load<3>(block.before[1] + block.before_column_bytes, block.before_row_bytes);
  const auto* b = reinterpret_cast<const std::byte*>(block.b);
  for (std::size_t step = 0; step < block.steps; ++step, b += kStepQuads * block.b_quad_bytes) {
    tiles.template load<6>(b, block.b_quad_bytes);
    tiles.template load<4>(reinterpret_cast<const std::byte*>(block.a[0] + step * kStepBytes), block.a_row_bytes);
    tiles.template multiply_bytes<0, 4, 6>();
    if constexpr (kColumns > 1) tiles.template load<7>(b + kTileBytes, block.b_quad_bytes);
    if constexpr (kColumns > 1) tiles.template multiply_bytes<1, 4, 7>();
    if constexpr (kRows > 1) {
      tiles.template load<5>(reinterpret_cast<const std::byte*>(block.a[1] + step * kStepBytes), block.a_row_bytes);
      tiles.template multiply_bytes<2, 5, 6>();
      if constexpr (kColumns > 1) tiles.template multiply_bytes<3, 5, 7>();
    }
  }
  tiles.template store<0>(block.after[0], kSumRowBytes);
  if constexpr (kColumns > 1) tiles.template store<1>(block.after[0] + kTileBytes, kSumRowBytes);
  if constexpr (kRows > 1) tiles.template store<2>(block.after[1], kSumRowBytes);
  if constexpr (kRows > 1 && kColumns > 1) tiles.template store<3>(block.after[1] + kTileBytes, kSumRowBytes);
}

// Some row tiles times some steps of a panel.
template <class Registers>
void multiply_panel(Registers& tiles, Block block, std::size_t row_tiles, std::size_t width) {
  for (std::size_t column = 0; column < width; column += 2 * kTileColumns) {
    const bool two_columns = width - column > kTileColumns;
    if (row_tiles == 1) {
      two_columns ? multiply_block<Registers, 1, 2>(tiles, block) : multiply_block<Registers, 1, 1>(tiles, block);
    } else {
      two_columns ? multiply_block<Registers, 2, 2>(tiles, block) : multiply_block<Registers, 2, 1>(tiles, block);
    }
    block.b += 2 * kTileBytes;
    for (std::size_t i = 0; i < row_tiles; ++i) {
      block.before[i] += 2 * block.before_column_bytes;
      block.after[i] += 2 * kTileBytes;
    }
  }
}

// The quads of the last step, filled up with zeros.
void copy_rest_of_b(const std::uint8_t* b, std::size_t quads, std::size_t rest, std::size_t width, std::uint8_t* to) {
  std::memcpy(to, b + (quads - rest) * width * 4, rest * width * 4);
  std::memset(to + rest * width * 4, 0, (kStepQuads - rest) * width * 4);
}

template <class Registers>
class Multiplier {
 public:
  explicit Multiplier(const Int8Product& product)
      : product_(product),
        height_(row_tile_height(product.m)),
        row_tiles_(row_tile_count(product.m)),
        quads_(quad_count(product.k)),
        tiles_(height_) {}

  void run() {
    for (std::size_t panel = product_.panel_begin; panel < product_.panel_end; ++panel) {
      column_ = panel * kPanelColumns;
      width_ = panel_width(product_.n, panel);
      b_ = product_.packed_b + column_ * quads_ * 4;
      if (rest() != 0) copy_rest_of_b(b_, quads_, rest(), width_, rest_of_b_);
      for (std::size_t first = 0; first < row_tiles_; first += kChunkTiles) {
        multiply_chunk(first, std::min(kChunkTiles, row_tiles_ - first));
      }
    }
  }

 private:
  std::size_t rest() const { return quads_ % kStepQuads; }
  // The last tile may begin within the one before: its rows are computed twice.
  std::size_t row(std::size_t tile) const { return std::min(tile * height_, product_.m - height_); }
  std::int32_t* sums_of(std::size_t tile_of_chunk) { return sums_ + tile_of_chunk * height_ * kPanelColumns; }

  // The panel times `count` row tiles from `first` on: some steps of all of them, then the next steps.
  void multiply_chunk(std::size_t first, std::size_t count) {
    const std::size_t steps = quads_ / kStepQuads;
    const std::size_t blocks = count <= kRowTiles ? 1 : (steps + kStepsOfBlock - 1) / kStepsOfBlock;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::size_t begin = block * steps / blocks;
      const std::size_t end = (block + 1) * steps / blocks;
      if (begin == end) continue;
      for (std::size_t i = 0; i < count; i += kRowTiles)
        multiply_steps(first, i, std::min(kRowTiles, count - i), begin, end);
    }
    for (std::size_t i = 0; i < count && rest() != 0; i += kRowTiles) {
      multiply_rest(first, i, std::min(kRowTiles, count - i), steps == 0);
    }
    for (std::size_t i = 0; i < count; ++i) {
      finish_int8(product_, row(first + i), height_, column_, width_, sums_of(i));
    }
  }

  // Of `count` row tiles, those from `at` on of the chunk that begins with tile `first`: where their sums are, or what
  // they begin with, and where they go.
  Block sums_block(std::size_t first, std::size_t at, std::size_t count, bool begins) {
    Block block = {};
    for (std::size_t i = 0; i < count; ++i) {
      block.after[i] = reinterpret_cast<std::byte*>(sums_of(at + i));
      block.before[i] = block.after[i];
    }
    block.before_row_bytes = kSumRowBytes;
    block.before_column_bytes = kTileBytes;
    if (!begins) return block;
    block.before_row_bytes = kTileBytes;
    block.before_column_bytes = 0;
    const std::int32_t* const row_start = product_.epilogue.row_start;
    for (std::size_t i = 0; i < count; ++i) {
      std::int32_t* const start = start_ + i * kTileRows * kTileColumns;
      block.before[i] = reinterpret_cast<const std::byte*>(start);
      if (row_start == nullptr) continue;
      for (std::size_t j = 0; j < height_; ++j) {
        for (std::size_t lane = 0; lane < kTileColumns; ++lane) {
          start[j * kTileColumns + lane] = row_start[row(first + at + i) + j];
        }
      }
    }
    return block;
  }

  void multiply_steps(std::size_t first, std::size_t at, std::size_t count, std::size_t begin, std::size_t end) {
    Block block = sums_block(first, at, count, begin == 0);
    for (std::size_t i = 0; i < count; ++i) {
      block.a[i] = product_.a + row(first + at + i) * quads_ * 4 + begin * kStepBytes;
    }
    block.a_row_bytes = quads_ * 4;
    block.b = b_ + begin * kStepQuads * width_ * 4;
    block.b_quad_bytes = width_ * 4;
    block.steps = end - begin;
    multiply_panel(tiles_, block, count, width_);
  }

  void multiply_rest(std::size_t first, std::size_t at, std::size_t count, bool begins) {
    Block block = sums_block(first, at, count, begins);
    for (std::size_t i = 0; i < count; ++i) {
      std::int8_t* const to = rest_of_a_ + i * kTileRows * kStepBytes;
      const std::int8_t* const from = product_.a + (row(first + at + i) + 1) * quads_ * 4 - rest() * 4;
      for (std::size_t j = 0; j < height_; ++j) std::memcpy(to + j * kStepBytes, from + j * quads_ * 4, rest() * 4);
      block.a[i] = to;
    }
    block.a_row_bytes = kStepBytes;
    block.b = rest_of_b_;
    block.b_quad_bytes = width_ * 4;
    block.steps = 1;
    multiply_panel(tiles_, block, count, width_);
  }

  const Int8Product& product_;
  const std::size_t height_, row_tiles_, quads_;
  Registers tiles_;
  std::size_t column_ = 0, width_ = 0;  // of this panel
  const std::uint8_t* b_ = nullptr;
  alignas(64) std::int32_t start_[kRowTiles * kTileRows * kTileColumns] = {};
  alignas(64) std::int32_t sums_[kChunkTiles * kTileRows * kPanelColumns];
  alignas(64) std::int8_t rest_of_a_[kRowTiles * kTileRows * kStepBytes] = {};
  alignas(64) std::uint8_t rest_of_b_[kStepQuads * kPanelColumns * 4];
};

}  // namespace

bool multiplies_int8_in_tiles(const Int8Product& product) {
  return product.m >= kLeastRowsInTiles && product.k != 0 && tiles() != Tiles::kNone;
}

void gemm_int8_tiles(const Int8Product& product) {
#if defined(__x86_64__)
  if (tiles() == Tiles::kInstructions) return Multiplier<AmxTiles>(product).run();
#endif
  Multiplier<EmulatedTiles>(product).run();
}

}  // namespace linnet::kernels
