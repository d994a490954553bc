// One register tile of the matrix product: kRows rows of C times kVectors vectors of columns. Per-target: see
// README.md.
#include "ops/kernels/highway_config.h"

#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_GEMM_TILE_INL_H_
#undef LINNET_OPS_KERNELS_GEMM_TILE_INL_H_
#else
#define LINNET_OPS_KERNELS_GEMM_TILE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using TileTag = hn::ScalableTag<float>;
using TileVector = hn::Vec<TileTag>;
constexpr std::size_t kLanes = hn::MaxLanes(TileTag());
constexpr std::size_t kPanelVectors = kPanelColumns / kLanes;

// Rows of the tallest tile, and of those that are more than two vectors wide.
constexpr std::size_t kMaxRows = 12;
constexpr std::size_t kMaxRowsOfWideTile = 6;

// The widest tile of so many rows: its accumulators, one row of B and one element of A are to fit the registers (32 on
// AVX-512 and NEON, 16 elsewhere) and, for one row, to be 8 chains, as many as two FMA units of latency 4 can take.
constexpr std::size_t max_tile_vectors(std::size_t rows) {
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
  return rows == 1 ? 8 : rows <= kMaxRowsOfWideTile ? 4 : rows <= kMaxRows ? 2 : 0;
#elif HWY_TARGET == HWY_SCALAR
  return rows == 1 ? 8 : rows <= kMaxRowsOfWideTile ? 1 : 0;  // for want of vectors: small rather than fast
#else
  return rows == 1 ? 8 : rows <= 3 ? 4 : rows <= kMaxRowsOfWideTile ? 2 : 0;
#endif
}

constexpr std::size_t kMaxVectors = 8;

// The widest tile of so many rows within a panel. Sixteen registers hold 4 x 3 accumulators, too, and 8 are chains
// enough, which 6 are not.
constexpr std::size_t max_panel_tile_vectors(std::size_t rows) {
#if HWY_TARGET == HWY_AVX2
  if (rows == 4) return 3;
  if (rows == 7 || rows == 8) return 1;
#endif
  return max_tile_vectors(rows);
}

// The most rows of a tile in a panel of so many vectors, so that as few chains as may be are missing.
constexpr std::size_t most_tile_rows(std::size_t vectors) {
#if HWY_TARGET == HWY_AVX2
  if (vectors == 1) return 8;
  if (vectors == 3 || vectors == 5) return 4;
#endif
  return vectors <= max_tile_vectors(kMaxRows) ? kMaxRows : kMaxRowsOfWideTile;
}

// What one step along k does: sum + a b, of floats or of pairs of bfloat16, which travel as the 32 bits of a float.
struct FloatDot {
  static constexpr std::size_t kMostRows = kMaxRows;
  static constexpr std::size_t kMostVectors = kMaxVectors;
  static HWY_INLINE TileVector MulAdd(TileVector a, TileVector b, TileVector sum) { return hn::MulAdd(a, b, sum); }
};

// Pairs on any CPU: first the upper halves, then the lower ones. Not made to be fast: callers ask for bfloat16 where
// the CPU has instructions for it, so tiles of one row and two vectors are enough.
struct WidenedPairDot {
  static constexpr std::size_t kMostRows = 1;
  static constexpr std::size_t kMostVectors = 2;
  static HWY_INLINE TileVector MulAdd(TileVector a, TileVector b, TileVector sum) {
    const TileTag d;
    const hn::RebindToUnsigned<TileTag> du;
    const auto upper = hn::Set(du, 0xFFFF0000u);
    const auto a_bits = hn::BitCast(du, a);
    const auto b_bits = hn::BitCast(du, b);
    sum = hn::MulAdd(hn::BitCast(d, hn::And(a_bits, upper)), hn::BitCast(d, hn::And(b_bits, upper)), sum);
    return hn::MulAdd(hn::BitCast(d, hn::ShiftLeft<16>(a_bits)), hn::BitCast(d, hn::ShiftLeft<16>(b_bits)), sum);
  }
};

#if HWY_TARGET == HWY_AVX3
// Pairs by AVX512_BF16: two FMAs, of the upper halves first, which denormals are zero for. An assembler's line, since
// not every CPU that this target is for has the instruction, and compilers want functions that use it to be marked.
struct PairDot {
  static constexpr std::size_t kMostRows = kMaxRowsOfWideTile;
  static constexpr std::size_t kMostVectors = kMaxVectors;
  static HWY_INLINE TileVector MulAdd(TileVector a, TileVector b, TileVector sum) {
    __asm__("vdpbf16ps %[b], %[a], %[sum]" : [sum] "+v"(sum.raw) : [a] "v"(a.raw), [b] "v"(b.raw));
    return sum;
  }
};
#endif

// Whether there are tiles of so many rows: of 9 and 11 there are none, for their size.
constexpr std::size_t kMostOddRows = 7;
constexpr bool has_tile_of(std::size_t rows) { return rows <= kMostOddRows || (rows <= kMaxRows && rows % 2 == 0); }

// The rows of the next tile, of `left` that are to become `tiles` of nearly equal height and at most `most` rows: 13
// rows are 7 + 6, not 12 + 1. An odd number of rows ends with a tile of 7 where that goes; else one that there is no
// tile for is halved.
constexpr std::size_t next_tile_rows(std::size_t left, std::size_t tiles, std::size_t most) {
  const std::size_t rows = (left + tiles - 1) / tiles;
  if (rows <= kMostOddRows) return rows;
  if (left % 2 == 1 && tiles > 1) {
    const std::size_t others = tiles - 1;
    const std::size_t even = ((left - kMostOddRows + others - 1) / others + 1) / 2 * 2;
    if (even <= most) return even;
  }
  if (has_tile_of(rows)) return rows;
  return rows < left ? rows + 1 : (rows + 1) / 2;
}

// Tile (0, 0) is the first element of all pointers but `next_b`.
struct Tile {
  std::size_t k;        // of this block, which begins with a group
  std::size_t columns;  // of C; vectors are whole but for the last
  const float* a;
  std::size_t a_row_stride;
  std::size_t run_left;       // steps that follow each other from `a` on; SIZE_MAX where all do
  std::size_t run_length;     // of the runs behind that
  const std::ptrdiff_t* run;  // the offset of this run, before those of the next
  const float* a_origin;      // which offsets count from
  const float* b;
  std::size_t b_width;
  const float* next_b;  // the panel behind b's, of tiles that are wider than a panel
  std::size_t next_b_width;
  float* c;
  std::size_t c_row_stride;
  const float* start;  // whole vectors may be read; null for no start value
  std::size_t start_row_stride;
  const std::byte* prefetched;  // of tiles with kPrefetches: from here on, so many bytes for a step of k are fetched to
  std::size_t prefetch_step;    // the second-level cache; nothing behind the first is, where these are 0
  std::size_t chain_length;     // steps of k; a group is four chains
  const Bounds* bounds;         // of what is stored; null for none
  bool fills_padding;           // the last vector of C is stored whole
  const Activation* partial_activation;  // for the last vector, if it is stored in part; null if absent
};

// The start values of `lanes` elements of a row of C, from `column` on; lanes behind them count for nothing.
HWY_INLINE TileVector StartVector(const GemmEpilogue& epilogue, std::size_t row, std::size_t column,
                                  std::size_t lanes) {
  const TileTag d;
  TileVector start = hn::Zero(d);
  if (epilogue.bias != nullptr) start = LoadPartial(d, epilogue.bias + column, lanes);
  if (epilogue.addend == nullptr) return start;
  const float* addend = epilogue.addend + row * epilogue.addend_row_stride + column * epilogue.addend_column_stride;
  TileVector values;
  if (epilogue.addend_column_stride == 0) {
    values = hn::Set(d, *addend);
  } else if (epilogue.addend_column_stride == 1) {
    values = lanes == kLanes ? hn::LoadU(d, addend) : LoadPartial(d, addend, lanes);
  } else {
    HWY_ALIGN float gathered[kLanes] = {};
    for (std::size_t lane = 0; lane < lanes; ++lane) gathered[lane] = addend[lane * epilogue.addend_column_stride];
    values = hn::Load(d, gathered);
  }
  return hn::MulAdd(hn::Set(d, epilogue.addend_scale), values, start);
}

// Loops over a tile's vectors must vanish, or the accumulators would live in memory.
#define LINNET_UNROLL _Pragma("GCC unroll 16")

template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void StoreTile(const TileVector (&sums)[kRows][kVectors], const Tile& tile) {
  const TileTag d;
  constexpr std::size_t kLast = kVectors - 1;
  const std::size_t rest = tile.columns - kLast * kLanes;
  const bool whole = rest == kLanes || tile.fills_padding;
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    float* c = tile.c + row * tile.c_row_stride;
    LINNET_UNROLL
    for (std::size_t j = 0; j < kLast; ++j) hn::StoreU(sums[row][j], d, c + j * kLanes);
    if (whole) hn::StoreU(sums[row][kLast], d, c + kLast * kLanes);
  }
  if (whole) return;
  // Activated before the store, since a load that follows a store of part of a vector waits until that has left the
  // core.
  HWY_ALIGN float last[kRows * kLanes];
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) hn::Store(sums[row][kLast], d, last + row * kLanes);
  if (tile.partial_activation != nullptr) apply_activation(*tile.partial_activation, last, last, kRows * kLanes);
  for (std::size_t row = 0; row < kRows; ++row) {
    StorePartial(d, hn::Load(d, last + row * kLanes), tile.c + row * tile.c_row_stride + kLast * kLanes, rest);
  }
}

// Tiles of fewer rows read weights as fast as they come: who fetches them earlier takes the way from others.
template <std::size_t kRows>
constexpr bool kPrefetches = kRows >= 4;

// A tile that reads part of a panel's lines leaves gaps, which CPUs with tiles so narrow do not fetch over by
// themselves: so many steps ahead the tile's first line comes to the first-level cache. 0: the CPU does.
template <std::size_t kRows>
constexpr std::size_t kStepsAhead = kPrefetches<kRows>&& HWY_TARGET == HWY_AVX2 ? 8 : 0;

// So many steps of k are one turn of the loop: with AVX-512 the tiles that most rows are made of count fewer turns.
template <std::size_t kRows, std::size_t kVectors>
constexpr std::size_t kStepsTogether = HWY_TARGET == HWY_AVX3&& kRows* kVectors == 24 ? 2 : 1;

// Whether the steps of A may lie in runs, of which convolutions alone make use: with the tiles that six rows and more
// are made of. It is not worth its room elsewhere: rows are copied together there.
constexpr bool kTargetTakesRuns = HWY_TARGET <= HWY_AVX2;
template <class Dot, std::size_t kRows, std::size_t kVectors>
constexpr bool kTakesRuns = kTargetTakesRuns&& std::is_same_v<Dot, FloatDot>&& kRows >= 3;

// sums = values + sums, with `row_stride` from row to row.
template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void AddTo(TileVector (&sums)[kRows][kVectors], const float* values, std::size_t row_stride) {
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j)
      sums[row][j] = hn::Add(hn::LoadU(TileTag(), values + row * row_stride + j * kLanes), sums[row][j]);
  }
}

template <class Dot, std::size_t kRows, std::size_t kVectors>
void MultiplyTile(const Tile& tile) {
  const TileTag d;
  constexpr std::size_t kWidth = kVectors * kLanes;
  TileVector sums[kRows][kVectors];
  HWY_ALIGN float group[kRows * kWidth];  // the chains of this group before the one in the registers
  HWY_ALIGN float total[kRows * kWidth];  // the start value and the groups before this one
  const float* before = tile.start;
  std::size_t before_stride = tile.start_row_stride;
  const float* a = tile.a;
  const float* b = tile.b;
  const float* next_b = tile.next_b;
  const std::size_t a_row_stride = tile.a_row_stride;
  const std::size_t b_width = tile.b_width;
  const std::size_t next_b_width = tile.next_b_width;
  const std::byte* prefetched = tile.prefetched;
  const std::size_t prefetch_step = tile.prefetch_step;
  const std::size_t chain_length = tile.chain_length;
  const std::size_t group_length = chain_length * (kGroupLength / kChainLength);
  [[maybe_unused]] std::size_t run_left = tile.run_left;
  [[maybe_unused]] const std::ptrdiff_t* run = tile.run;
  for (std::size_t left = tile.k, group_left = group_length;;) {
    LINNET_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) sums[row][j] = hn::Zero(d);
    }
    const std::size_t length = HWY_MIN(chain_length, left);
    for (std::size_t steps = length; steps != 0;) {
      std::size_t some = steps;
      if constexpr (kTakesRuns<Dot, kRows, kVectors>) {
        some = HWY_MIN(steps, run_left);
        run_left -= some;
      }
      steps -= some;
      const auto step = [&]() HWY_ATTR __attribute__((always_inline)) {
        TileVector b_row[kVectors];
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          b_row[j] =
              j < kPanelVectors ? hn::LoadU(d, b + j * kLanes) : hn::LoadU(d, next_b + (j - kPanelVectors) * kLanes);
        }
        LINNET_UNROLL
        for (std::size_t row = 0; row < kRows; ++row) {
          const TileVector a_element = hn::Set(d, a[row * a_row_stride]);
          LINNET_UNROLL
          for (std::size_t j = 0; j < kVectors; ++j) sums[row][j] = Dot::MulAdd(a_element, b_row[j], sums[row][j]);
        }
        if constexpr (kStepsAhead<kRows> != 0) __builtin_prefetch(b + kStepsAhead<kRows> * b_width, 0, 3);
        if constexpr (kPrefetches<kRows>) {
          __builtin_prefetch(prefetched, 0, 2);
          prefetched += prefetch_step;
        }
        ++a;
        b += b_width;
        if constexpr (kVectors > kPanelVectors) next_b += next_b_width;
      };
      if constexpr (kStepsTogether < kRows, kVectors >> 1) {
        for (; some >= kStepsTogether<kRows, kVectors>; some -= kStepsTogether<kRows, kVectors>) {
          LINNET_UNROLL
          for (std::size_t i = 0; i < kStepsTogether<kRows, kVectors>; ++i) step();
        }
      }
      for (; some != 0; --some) step();
      if constexpr (kTakesRuns<Dot, kRows, kVectors>) {
        if (run_left != 0) continue;
        a = tile.a_origin + *++run;
        run_left = tile.run_length;
      }
    }
    const bool begins_group = group_left == group_length;
    left -= length;
    group_left = left == 0 ? 0 : group_left - length;
    if (!begins_group) AddTo(sums, group, kWidth);
    if (group_left == 0 && before != nullptr) AddTo(sums, before, before_stride);
    if (left == 0) break;
    float* const kept = group_left == 0 ? total : group;
    LINNET_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) hn::Store(sums[row][j], d, kept + row * kWidth + j * kLanes);
    }
    if (group_left == 0) {
      before = total;
      before_stride = kWidth;
      group_left = group_length;
    }
  }
  if (tile.bounds != nullptr) {
    const Bounds bounds = *tile.bounds;
    LINNET_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) sums[row][j] = bounds(sums[row][j]);
    }
  }
  StoreTile(sums, tile);
}

#undef LINNET_UNROLL

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_GEMM_TILE_INL_H_
