// Rounding to bfloat16, and packing of A and B in pairs and in tiles.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/bfloat16.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tiles.hpp"
#include "ops/kernels/half-inl.h"
#include "ops/kernels/vector_math-inl.h"

#ifndef LINNET_OPS_KERNELS_BFLOAT16_CPP_ONCE_
#define LINNET_OPS_KERNELS_BFLOAT16_CPP_ONCE_
namespace linnet::kernels {
namespace {

constexpr std::size_t kHalfBytes = 2;

// Some steps of one row tile of A; `rows` of its `height` rows are there.
struct RowTile {
  const void* a;  // floats, or elements that are stored as bfloat16
  bool stored;
  std::size_t a_row_stride;
  std::size_t rows;
  std::size_t height;
  std::size_t k;  // of this part
  std::byte* tiles;
};

}  // namespace
}  // namespace linnet::kernels
#endif  // LINNET_OPS_KERNELS_BFLOAT16_CPP_ONCE_

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Bits = hn::ScalableTag<std::uint32_t>;
using BitsVector = hn::Vec<Bits>;

// Pairs of the lanes of two vectors, of even k and of odd k.
HWY_INLINE BitsVector Pairs(Bits d, BitsVector even, BitsVector odd) {
  return hn::Or(hn::And(RoundToBfloat16(d, even), hn::Set(d, 0xFFFF0000u)),
                hn::ShiftRight<16>(RoundToBfloat16(d, odd)));
}

HWY_INLINE BitsVector LoadBits(Bits d, const float* from) {
  return hn::BitCast(d, hn::LoadU(hn::RebindToFloat<Bits>(), from));
}

std::uint16_t RoundedScalar(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits | 0x00400000u) >> 16);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

void RowToPairs(const float* a, std::size_t k, Bfloat16Pair* pairs) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const Bits d;
  const std::size_t lanes = hn::Lanes(d);
  for (; i + 2 * lanes <= k; i += 2 * lanes) {
    const BitsVector first = LoadBits(d, a + i);
    const BitsVector second = LoadBits(d, a + i + lanes);
    const BitsVector both = Pairs(d, hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first));
    hn::StoreU(both, d, reinterpret_cast<std::uint32_t*>(pairs + i / 2));
  }
#endif
  for (; i < k; i += 2) {
    pairs[i / 2] = {{i + 1 < k ? RoundedScalar(a[i + 1]) : std::uint16_t{0}, RoundedScalar(a[i])}};
  }
}

void ToPairs(const float* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  for (std::size_t row = 0; row < rows; ++row) RowToPairs(a + row * a_row_stride, k, pairs + row * pair_count(k));
}

void JoinPairs(const std::byte* a, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  const Bits d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t row = 0; row < rows; ++row, a += k * kHalfBytes, pairs += pair_count(k)) {
    std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::Repartition<std::uint8_t, Bits> bytes;
    for (; i + 2 * lanes <= k; i += 2 * lanes) {
      const auto both = hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(a + i * kHalfBytes));
      hn::StoreU(hn::RotateRight<16>(hn::BitCast(d, both)), d, reinterpret_cast<std::uint32_t*>(pairs + i / 2));
    }
#endif
    for (; i < k; i += 2) {
      std::uint16_t of_k[2] = {};
      std::memcpy(of_k, a + i * kHalfBytes, std::min<std::size_t>(2, k - i) * kHalfBytes);
      pairs[i / 2] = {{of_k[1], of_k[0]}};
    }
  }
}

void ToTiles(const RowTile& part) {
  const std::size_t tile_bytes = part.height * kTileRowBytes;
  for (std::size_t row = 0; row < part.height; ++row) {
    std::byte* to = part.tiles + row * kTileRowBytes;
    for (std::size_t k = 0; k < part.k; k += kTileDepth, to += tile_bytes) {
      const std::size_t count = row < part.rows ? std::min(kTileDepth, part.k - k) : 0;
      if (count < kTileDepth) std::memset(to, 0, kTileRowBytes);
      if (count == 0) continue;
      auto* const pairs = reinterpret_cast<Bfloat16Pair*>(to);
      const std::size_t element = row * part.a_row_stride + k;
      if (part.stored) {
        JoinPairs(static_cast<const std::byte*>(part.a) + element * kHalfBytes, 1, count, pairs);
      } else {
        RowToPairs(static_cast<const float*>(part.a) + element, count, pairs);
      }
    }
  }
}

// Two rows of a packed panel become one of pairs; the odd one may be null, for zeros.
void JoinRows(const float* even, const float* odd, std::size_t width, Bfloat16Pair* pairs) {
  const Bits d;
  for (std::size_t i = 0; i < width; i += hn::Lanes(d)) {
    const BitsVector second = odd == nullptr ? hn::Zero(d) : LoadBits(d, odd + i);
    hn::StoreU(Pairs(d, LoadBits(d, even + i), second), d, reinterpret_cast<std::uint32_t*>(pairs + i));
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ToPairs);
LINNET_EXPORT(JoinPairs);
LINNET_EXPORT(ToTiles);
LINNET_EXPORT(JoinRows);

void to_bfloat16_pairs(const float* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  LINNET_DISPATCH(ToPairs)(a, a_row_stride, rows, k, pairs);
}

void join_bfloat16_pairs(const void* a, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  LINNET_DISPATCH(JoinPairs)(static_cast<const std::byte*>(a), rows, k, pairs);
}

namespace {

// Packs rows of up to 64 columns of B in pairs. `width` columns of a pair of rows follow each other, and so do the
// pairs of rows; each further `width` columns begin `stride` pairs behind the ones before.
void pack_pairs(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t rows, std::size_t columns,
                float alpha, std::size_t width, std::size_t stride, Bfloat16Pair* to) {
  constexpr std::size_t kBlockRows = 64;  // packed as floats first: 16 KiB, in the first-level cache
  alignas(64) float block[kBlockRows * kPanelColumns];
  const auto join_rows = LINNET_DISPATCH(JoinRows);
  const std::size_t block_width = panel_width(columns, 0);
  for (std::size_t row = 0; row < rows; row += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - row);
    pack_b(static_cast<const std::byte*>(b) + row * row_stride * sizeof(float), row_stride, column_stride, count,
           columns, alpha, block);
    for (std::size_t column = 0; column < block_width; column += width) {
      Bfloat16Pair* pairs = to + column / width * stride + row / 2 * width;
      for (std::size_t i = 0; i < count; i += 2, pairs += width) {
        const float* const first = block + i * block_width + column;
        join_rows(first, i + 1 < count ? first + block_width : nullptr, width, pairs);
      }
    }
  }
}

}  // namespace

void pack_b_bfloat16(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                     float alpha, Bfloat16Pair* packed) {
  for (std::size_t panel = 0; panel < panel_count(n); ++panel) {
    const std::size_t column = panel * kPanelColumns;
    pack_pairs(static_cast<const std::byte*>(b) + column * column_stride * sizeof(float), row_stride, column_stride, k,
               std::min(kPanelColumns, n - column), alpha, panel_width(n, panel), 0, packed + column * pair_count(k));
  }
}

namespace {

void make_row_tiles(const void* a, bool stored, std::size_t a_row_stride, std::size_t m, std::size_t k,
                    std::size_t row_tile, std::size_t step_begin, std::size_t step_end, std::byte* tiled) {
  const std::size_t height = row_tile_height(m);
  const std::size_t row = row_tile * height;
  const std::size_t element_bytes = stored ? kHalfBytes : sizeof(float);
  for (std::size_t step = step_begin, end = step; step < step_end; step = end) {
    const StepBlock block(step, tile_steps(k));
    end = std::min(block.first + block.count, step_end);
    const std::size_t tile = block.tile(row_tile, row_tile_count(m)) + step - block.first;
    const std::size_t first = step * kTileDepth;
    LINNET_DISPATCH(ToTiles)
    ({static_cast<const std::byte*>(a) + (row * a_row_stride + first) * element_bytes, stored, a_row_stride,
      std::min(height, m - row), height, std::min(end * kTileDepth, k) - first, tiled + tile * height * kTileRowBytes});
  }
}

}  // namespace

void to_bfloat16_tiles(const float* a, std::size_t a_row_stride, std::size_t m, std::size_t k, std::size_t row_tile,
                       std::size_t step_begin, std::size_t step_end, std::byte* tiled) {
  make_row_tiles(a, false, a_row_stride, m, k, row_tile, step_begin, step_end, tiled);
}

void join_bfloat16_tiles(const void* a, std::size_t m, std::size_t k, std::size_t row_tile, std::size_t step_begin,
                         std::size_t step_end, std::byte* tiled) {
  make_row_tiles(a, true, k, m, k, row_tile, step_begin, step_end, tiled);
}

void pack_b_tiles(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                  float alpha, std::size_t panel, std::size_t row, std::size_t rows, std::byte* tiled) {
  constexpr std::size_t kTilePairsOfAll = kTilePairs * kColumnUnit;
  const std::size_t column = panel * kPanelColumns;
  const std::size_t lines = (n + kColumnUnit - 1) / kColumnUnit;
  auto* const pairs = reinterpret_cast<Bfloat16Pair*>(tiled);
  for (std::size_t first = row, end = row; first < row + rows; first = end) {
    const StepBlock block(first / kTileDepth, tile_steps(k));
    const std::size_t row_of_block = first - block.first * kTileDepth;
    end = std::min(row + rows, (block.first + block.count) * kTileDepth);
    pack_pairs(static_cast<const std::byte*>(b) + (first - row) * row_stride * sizeof(float), row_stride, column_stride,
               end - first, std::min(kPanelColumns, n - column), alpha, kColumnUnit, block.count * kTilePairsOfAll,
               pairs + block.tile(column / kColumnUnit, lines) * kTilePairsOfAll + row_of_block / 2 * kColumnUnit);
  }
  const std::size_t filled = (pair_count(k) - 1) % kTilePairs + 1;  // of the last step's pairs
  if (row + rows < k || filled == kTilePairs) return;
  const StepBlock block(tile_steps(k) - 1, tile_steps(k));
  for (std::size_t i = 0; i < panel_width(n, panel); i += kColumnUnit) {
    Bfloat16Pair* const end = pairs + (block.tile((column + i) / kColumnUnit, lines) + block.count) * kTilePairsOfAll;
    std::fill(end - (kTilePairs - filled) * kColumnUnit, end, Bfloat16Pair{});
  }
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
