// The matrix product: which tiles run, in which order. What they do is in gemm_tile-inl.h, what C is before and
// after them in gemm_epilogue-inl.h.
#include "ops/kernels/gemm.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm_epilogue-inl.h"
#include "ops/kernels/gemm_tile-inl.h"
#include "ops/kernels/targets.hpp"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using TileFunction = void (*)(const Tile&);

template <class Dot>
constexpr std::size_t most_vectors(std::size_t rows) {
  return std::min(Dot::kMostVectors, max_tile_vectors(rows));
}

template <class Dot, std::size_t kRows, std::size_t kVectors>
constexpr TileFunction tile_function() {
  if constexpr (has_tile_of(kRows) && kRows <= Dot::kMostRows &&
                kVectors <= std::min(Dot::kMostVectors, max_panel_tile_vectors(kRows))) {
    return MultiplyTile<Dot, kRows, kVectors>;
  } else {
    return nullptr;
  }
}

using TileFunctions = std::array<std::array<TileFunction, kMaxVectors>, kMaxRows>;

template <class Dot, std::size_t kRows, std::size_t... kVectors>
constexpr std::array<TileFunction, kMaxVectors> tile_functions_of_rows(std::index_sequence<kVectors...>) {
  return {tile_function<Dot, kRows, kVectors + 1>()...};
}

template <class Dot, std::size_t... kRows>
constexpr TileFunctions make_tile_functions(std::index_sequence<kRows...>) {
  return {tile_functions_of_rows<Dot, kRows + 1>(std::make_index_sequence<kMaxVectors>())...};
}

// By rows - 1 and vectors - 1; null where a tile would not fit the registers.
template <class Dot>
constexpr TileFunctions kTileFunctions = make_tile_functions<Dot>(std::make_index_sequence<kMaxRows>());

// The steps of A from `k_begin` on, of a tile that begins with row `row`.
HWY_INLINE void SetSteps(const Product& product, std::size_t row, std::size_t k_begin, Tile& tile) {
  tile.a_row_stride = product.a_row_stride;
  tile.a_origin = product.a + row * product.a_row_stride;
  tile.a = tile.a_origin + k_begin;
  tile.run_left = std::numeric_limits<std::size_t>::max();
  tile.run_length = 0;
  tile.run = nullptr;
  if (!kTargetTakesRuns || product.runs == nullptr) return;
  const std::size_t step = product.runs->first + k_begin;
  const std::size_t done = step % product.runs->length;
  tile.run = product.runs->offsets + step / product.runs->length;
  tile.run_length = product.runs->length;
  tile.run_left = tile.run_length - done;
  tile.a = tile.a_origin + *tile.run + done;
}

// C of no more rows than any tile has: every weight is read once. One row takes two panels at a time where a panel is
// less than 8 vectors wide.
template <class Dot>
void MultiplyFewRows(const Product& product) {
  const GemmEpilogue& epilogue = product.epilogue;
  const std::size_t columns = product.column_end - product.column_begin;
  const bool from_column = adds_column(epilogue);
  const bool from_c = epilogue.addend != nullptr && !from_column;
  if (from_c) StoreStart(product, 0, product.m, product.column_begin, columns);
  Tile tile;
  tile.k = product.k;
  SetSteps(product, 0, 0, tile);
  tile.c_row_stride = product.c_row_stride;
  tile.prefetched = reinterpret_cast<const std::byte*>(product.a);
  tile.prefetch_step = 0;
  TileStart start;
  const Bounds bounds(epilogue.activation);
  tile.bounds = is_bounded(epilogue) ? &bounds : nullptr;
  tile.fills_padding = epilogue.fills_padding;
  tile.chain_length = epilogue.chain_length;
  tile.partial_activation = activates_stored(epilogue) ? &epilogue.activation : nullptr;
  const std::size_t step = most_vectors<Dot>(product.m) * kLanes;
  const auto& tile_functions = kTileFunctions<Dot>[product.m - 1];
  for (std::size_t column = product.column_begin; column < product.column_end; column += step) {
    const std::size_t panel = column / kPanelColumns;
    tile.columns = std::min(step, product.column_end - column);
    tile.b = product.panel_begin(panel) + column % kPanelColumns;
    tile.b_width = product.panel_stride(panel);
    const bool two_panels = tile.columns > kPanelColumns;
    tile.next_b = two_panels ? product.panel_begin(panel + 1) : nullptr;
    tile.next_b_width = two_panels ? product.panel_stride(panel + 1) : 0;
    tile.c = product.c + column;
    if (from_column) {
      start.SetColumn(product, 0, product.m, column, tile);
    } else {
      start.Set(product, from_c, product.m, column, tile);
    }
    tile_functions[divide_up(tile.columns, kLanes) - 1](tile);
  }
  if (activates_stored(epilogue)) ActivateStored(product, 0, product.m, product.column_begin, columns);
}

// A block of B of one panel's width stays in the second-level cache while the rows of a chunk pass by it, and a chunk
// of C that is one panel wide stays there between blocks. 256 KiB of B where CPUs have caches of 1 MiB, and half
// elsewhere; of the last block half as much again.
#if HWY_TARGET <= HWY_AVX3
constexpr std::size_t kBlockDepth = 1024;
#else
constexpr std::size_t kBlockDepth = 512;
#endif
constexpr std::size_t kMostBlockDepth = kBlockDepth * 3 / 2;  // a short rest does not earn another way through C
constexpr std::size_t kMostChunkRows = 120;
static_assert(kBlockDepth % kGroupLength == 0, "a block begins with a group");

// What is fetched to the second-level cache while one block of B is multiplied: the next one, in equal parts beside
// each step of k. Its first row tile would otherwise wait for it line by line.
struct Prefetch {
  const std::byte* next;
  std::size_t step;  // bytes

  // `steps`: those of all tiles together. With too few of them, the block's lines are fetched as far as that goes.
  Prefetch(const float* block, std::size_t floats, std::size_t steps)
      : next(reinterpret_cast<const std::byte*>(block)),
        step(steps == 0 ? 0 : std::min(kLineBytes, divide_up(floats * sizeof(float), steps))) {}

  void Give(Tile& tile) {
    tile.prefetched = next;
    tile.prefetch_step = step;
    next += tile.k * step;
  }

  static constexpr std::size_t kLineBytes = 64;
};

// Rows of C that lie pages apart: their lines come while the tile is summed, or its stores would wait for them. Nearer
// ones the CPU fetches by itself.
HWY_INLINE void FetchForWriting(const Tile& tile, std::size_t rows) {
  constexpr std::size_t kPageFloats = 4096 / sizeof(float);
  if (tile.c_row_stride < kPageFloats) return;
  constexpr std::size_t kLineFloats = Prefetch::kLineBytes / sizeof(float);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* const c = tile.c + row * tile.c_row_stride;
    for (std::size_t i = 0; i < tile.columns; i += kLineFloats) __builtin_prefetch(c + i, 1, 3);
  }
}

// One row tile of C, `columns` wide from `column` on in one panel, times the block [k_begin, k_begin + depth).
template <class Dot>
void MultiplyRowTile(const Product& product, std::size_t row, std::size_t rows, std::size_t column, std::size_t columns,
                     std::size_t k_begin, std::size_t depth, Prefetch& prefetch) {
  const GemmEpilogue& epilogue = product.epilogue;
  const bool first_block = k_begin == 0;
  const bool last_block = k_begin + depth == product.k;
  const bool from_column = first_block && adds_column(epilogue);
  if (first_block && epilogue.addend != nullptr && !from_column) StoreStart(product, row, rows, column, columns);
  const std::size_t panel = column / kPanelColumns;
  Tile tile;
  tile.k = depth;
  SetSteps(product, row, k_begin, tile);
  tile.b_width = product.panel_stride(panel);
  tile.next_b = nullptr;
  tile.next_b_width = 0;
  tile.c_row_stride = product.c_row_stride;
  const bool from_c = !first_block || epilogue.addend != nullptr;
  TileStart start;
  const Bounds bounds(epilogue.activation);
  tile.bounds = last_block && is_bounded(epilogue) ? &bounds : nullptr;
  tile.fills_padding = epilogue.fills_padding;
  tile.chain_length = epilogue.chain_length;
  tile.partial_activation = last_block && activates_stored(epilogue) ? &epilogue.activation : nullptr;
  const float* block = product.panel_begin(panel) + k_begin * tile.b_width;
  const std::size_t step = max_panel_tile_vectors(rows) * kLanes;
  for (std::size_t i = 0; i < columns; i += step) {
    tile.columns = std::min(step, columns - i);
    tile.b = block + i;
    tile.c = product.c + row * product.c_row_stride + column + i;
    if (from_column) {
      start.SetColumn(product, row, rows, column + i, tile);
    } else {
      start.Set(product, from_c, rows, column + i, tile);
    }
    prefetch.Give(tile);
    FetchForWriting(tile, rows);
    kTileFunctions<Dot>[rows - 1][divide_up(tile.columns, kLanes) - 1](tile);
  }
  if (last_block && activates_stored(epilogue)) ActivateStored(product, row, rows, column, columns);
}

template <class Dot>
void MultiplyChunk(const Product& product, std::size_t row_begin, std::size_t row_end) {
  for (std::size_t column = product.column_begin; column < product.column_end; column += kPanelColumns) {
    const std::size_t columns = std::min(kPanelColumns, product.column_end - column);
    const std::size_t width = panel_width(product.n, column / kPanelColumns);
    const std::size_t most_rows = std::min(Dot::kMostRows, most_tile_rows(divide_up(columns, kLanes)));
    const std::size_t row_tiles = divide_up(row_end - row_begin, most_rows);
    const float* block = product.b + column * product.k;
    std::size_t k_begin = 0;
    do {
      const std::size_t rest = product.k - k_begin;
      const std::size_t depth = row_tiles == 1 || rest <= kMostBlockDepth ? rest : kBlockDepth;
      block += depth * width;
      const bool last = column + columns == product.column_end && k_begin + depth == product.k;
      // The next chunk begins where this one began, and what comes then where the caller says.
      const float* next = block;
      if (last) next = row_end < product.m ? product.b + product.column_begin * product.k : product.epilogue.next_b;
      const bool fetches = product.b_row_stride == 0 && next != nullptr;
      const std::size_t next_floats = fetches ? depth * width : 0;
      const std::size_t tile_columns = max_panel_tile_vectors(most_rows) * kLanes;
      // Tiles fetch something in any case: what is there, where there is nothing to fetch.
      Prefetch prefetch(fetches ? next : product.b, next_floats, row_tiles * divide_up(columns, tile_columns) * depth);
      std::size_t row = row_begin;
      for (std::size_t tiles = row_tiles; row<row_end; tiles -= tiles> 1) {
        const std::size_t rows = next_tile_rows(row_end - row, tiles, most_rows);
        MultiplyRowTile<Dot>(product, row, rows, column, columns, k_begin, depth, prefetch);
        row += rows;
      }
      k_begin += depth;
    } while (k_begin < product.k);
  }
}

template <class Dot>
void Multiply(const Product& product) {
  if (product.m == 0 || product.column_begin >= product.column_end) return;
  if (product.m <= kMaxRowsOfWideTile) {
    MultiplyFewRows<Dot>(product);
    return;
  }
  // Chunks of nearly equal height, in whole tiles.
  const std::size_t chunk_rows =
      divide_up(divide_up(product.m, divide_up(product.m, kMostChunkRows)), kMaxRows) * kMaxRows;
  for (std::size_t row = 0; row < product.m;) {
    // A rest of fewer rows than the tiles that take runs goes with the last chunk.
    const std::size_t left = product.m - row;
    const std::size_t end = left < chunk_rows + kMaxRowsOfWideTile ? product.m : row + chunk_rows;
    MultiplyChunk<Dot>(product, row, end);
    row = end;
  }
}

void Gemm(const Product& product) { Multiply<FloatDot>(product); }

// Rows of A are copied so that their steps follow each other, as many as a tile has.
void GemmOfCopiedWindows(const Product& product) {
  const StepRuns& runs = *product.runs;
  HWY_ALIGN float copied[kMaxRowsOfWideTile * kMostStepsOfWindows];
  for (std::size_t row = 0; row < product.m; row += kMaxRowsOfWideTile) {
    const std::size_t rows = std::min(kMaxRowsOfWideTile, product.m - row);
    for (std::size_t i = 0; i < rows; ++i) {
      const float* const from = product.a + (row + i) * product.a_row_stride;
      for (std::size_t k = 0; k < product.k;) {
        const std::size_t done = (runs.first + k) % runs.length;
        const std::size_t some = std::min(runs.length - done, product.k - k);
        std::copy_n(from + runs.offsets[(runs.first + k) / runs.length] + done, some, copied + i * product.k + k);
        k += some;
      }
    }
    const GemmEpilogue epilogue = product.epilogue.from_row(row);
    MultiplyFewRows<FloatDot>({rows, product.n, product.k, copied, product.k, product.b, 0, epilogue,
                               product.c + row * product.c_row_stride, product.c_row_stride, 0, product.n});
  }
}

void GemmOfWindows(const Product& product) {
  if (kTargetTakesRuns) return Multiply<FloatDot>(product);
  if (product.n > 0) GemmOfCopiedWindows(product);
}

void GemmBfloat16(const Product& product, bool instructions) {
#if HWY_TARGET == HWY_AVX3
  if (instructions) return Multiply<PairDot>(product);
#endif
  (void)instructions;
  if (product.column_begin >= product.column_end) return;
  for (std::size_t row = 0; row < product.m; ++row) {
    const GemmEpilogue epilogue = product.epilogue.from_row(row);
    MultiplyFewRows<WidenedPairDot>({1, product.n, product.k, product.a + row * product.a_row_stride,
                                     product.a_row_stride, product.b, product.b_row_stride, epilogue,
                                     product.c + row * product.c_row_stride, product.c_row_stride, product.column_begin,
                                     product.column_end});
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Gemm);
LINNET_EXPORT(GemmOfWindows);
LINNET_EXPORT(GemmBfloat16);

namespace {

// Stands in for packed B without rows, which may be null: its columns are pointed to, though none is read.
constexpr float kNoRows[kPanelColumns] = {};

}  // namespace

void gemm(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride, const float* packed_b,
          const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride, std::size_t panel_begin,
          std::size_t panel_end) {
  const Product product = {m,
                           n,
                           k,
                           a,
                           a_row_stride,
                           k == 0 ? kNoRows : packed_b,
                           0,
                           epilogue,
                           c,
                           c_row_stride,
                           panel_begin * kPanelColumns,
                           std::min(n, panel_end * kPanelColumns)};
  LINNET_DISPATCH(Gemm)(product);
}

void gemm_of_rows(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride, const float* b,
                  std::size_t b_row_stride, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride) {
  LINNET_DISPATCH(Gemm)({m, n, k, a, a_row_stride, b, b_row_stride, epilogue, c, c_row_stride, 0, n});
}

void gemm_of_windows(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t a_row_stride,
                     const StepRuns& runs, const float* packed_b, const GemmEpilogue& epilogue, float* c,
                     std::size_t c_row_stride) {
  const float* b = k == 0 ? kNoRows : packed_b;
  LINNET_DISPATCH(GemmOfWindows)({m, n, k, a, a_row_stride, b, 0, epilogue, c, c_row_stride, 0, n, &runs});
}

void gemm_bfloat16(std::size_t m, std::size_t n, std::size_t pairs, const Bfloat16Pair* a, std::size_t a_row_stride,
                   const Bfloat16Pair* packed_b, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride,
                   std::size_t panel_begin, std::size_t panel_end) {
  GemmEpilogue of_pairs = epilogue;
  of_pairs.chain_length /= 2;
  const Product product = {m,
                           n,
                           pairs,
                           reinterpret_cast<const float*>(a),
                           a_row_stride,
                           pairs == 0 ? kNoRows : reinterpret_cast<const float*>(packed_b),
                           0,
                           of_pairs,
                           c,
                           c_row_stride,
                           panel_begin * kPanelColumns,
                           std::min(n, panel_end * kPanelColumns)};
  LINNET_DISPATCH(GemmBfloat16)(product, has_bfloat16_instructions());
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
