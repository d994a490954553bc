// Tiles of a few rows and up to 16 columns, whose sums wait in a small array between blocks of k.
#include "ops/kernels/gemm_double.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_double.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

#ifndef LINNET_OPS_KERNELS_GEMM_DOUBLE_CPP_ONCE_
#define LINNET_OPS_KERNELS_GEMM_DOUBLE_CPP_ONCE_
namespace linnet::kernels {
namespace {

constexpr std::size_t kBlockDepth = 512;  // 64 KiB of a panel: second-level cache
constexpr std::size_t kChunkRows = 48;    // whose sums wait together: 6 KiB

struct DoubleProduct {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  const double* a;
  std::size_t a_row_stride;
  const double* packed_b;
  const DoubleEpilogue& epilogue;
  double* c;
  std::size_t c_row_stride;
};

// A tile's sums over one block. `sums` are those of the blocks before, unless `first`; rows lie 16 elements apart.
struct DoubleTile {
  std::size_t k;
  const double* a;
  std::size_t a_row_stride;
  const double* b;
  double* sums;
  bool first;
};

}  // namespace
}  // namespace linnet::kernels
#endif  // LINNET_OPS_KERNELS_GEMM_DOUBLE_CPP_ONCE_

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = hn::ScalableTag<double>;
using DoubleVector = hn::Vec<DoubleTag>;
constexpr std::size_t kDoubleLanes = hn::MaxLanes(DoubleTag());
constexpr std::size_t kTileVectors = std::min<std::size_t>(4, kDoublePanelColumns / kDoubleLanes);
constexpr std::size_t kTileColumns = kTileVectors * kDoubleLanes;

// With kTileVectors, 12 sums in 16 registers, or 24 in 32.
#if HWY_TARGET <= HWY_AVX3
constexpr std::size_t kTileRows = 24 / kTileVectors;
#else
constexpr std::size_t kTileRows = 12 / kTileVectors;
#endif

#define LINNET_UNROLL _Pragma("GCC unroll 16")

template <std::size_t kRows>
void MultiplyTile(const DoubleTile& tile) {
  const DoubleTag d;
  DoubleVector sums[kRows][kTileVectors];
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kTileVectors; ++j) sums[row][j] = hn::Zero(d);
  }
  const double* a = tile.a;
  const double* b = tile.b;
  const std::size_t a_row_stride = tile.a_row_stride;
  for (std::size_t k = tile.k; k != 0; --k) {
    DoubleVector b_row[kTileVectors];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kTileVectors; ++j) b_row[j] = hn::LoadU(d, b + j * kDoubleLanes);
    LINNET_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      const DoubleVector a_element = hn::Set(d, a[row * a_row_stride]);
      LINNET_UNROLL
      for (std::size_t j = 0; j < kTileVectors; ++j) sums[row][j] = hn::MulAdd(a_element, b_row[j], sums[row][j]);
    }
    ++a;
    b += kDoublePanelColumns;
  }
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kTileVectors; ++j) {
      double* const to = tile.sums + row * kDoublePanelColumns + j * kDoubleLanes;
      hn::StoreU(tile.first ? sums[row][j] : hn::Add(hn::LoadU(d, to), sums[row][j]), d, to);
    }
  }
}

#undef LINNET_UNROLL

using DoubleTileFunction = void (*)(const DoubleTile&);

template <std::size_t... kRows>
constexpr std::array<DoubleTileFunction, kTileRows> double_tile_functions(std::index_sequence<kRows...>) {
  return {MultiplyTile<kRows + 1>...};
}

constexpr std::array<DoubleTileFunction, kTileRows> kDoubleTileFunctions =
    double_tile_functions(std::make_index_sequence<kTileRows>());

// The sums of `rows` rows times one panel.
void SumChunk(const DoubleProduct& product, std::size_t row, std::size_t rows, std::size_t panel, double* sums) {
  const double* b = product.packed_b + panel * product.k * kDoublePanelColumns;
  std::size_t k_begin = 0;
  do {
    const std::size_t depth = std::min(kBlockDepth, product.k - k_begin);
    for (std::size_t column = 0; column < kDoublePanelColumns; column += kTileColumns) {
      for (std::size_t i = 0; i < rows; i += kTileRows) {
        DoubleTile tile;
        tile.k = depth;
        tile.a = product.a + (row + i) * product.a_row_stride + k_begin;
        tile.a_row_stride = product.a_row_stride;
        tile.b = b + k_begin * kDoublePanelColumns + column;
        tile.sums = sums + i * kDoublePanelColumns + column;
        tile.first = k_begin == 0;
        kDoubleTileFunctions[std::min(kTileRows, rows - i) - 1](tile);
      }
    }
    k_begin += depth;
  } while (k_begin < product.k);
}

// C = alpha * sums + beta * addend.
void StoreChunk(const DoubleProduct& product, std::size_t row, std::size_t rows, std::size_t panel,
                const double* sums) {
  const DoubleEpilogue& epilogue = product.epilogue;
  const std::size_t column = panel * kDoublePanelColumns;
  const std::size_t columns = std::min(kDoublePanelColumns, product.n - column);
  for (std::size_t i = 0; i < rows; ++i) {
    double* const c = product.c + (row + i) * product.c_row_stride + column;
    const double* const from = sums + i * kDoublePanelColumns;
    if (epilogue.addend == nullptr) {
      for (std::size_t j = 0; j < columns; ++j) c[j] = epilogue.alpha * from[j];
      continue;
    }
    const std::size_t step = epilogue.addend_column_stride;
    const double* const addend = epilogue.addend + (row + i) * epilogue.addend_row_stride + column * step;
    for (std::size_t j = 0; j < columns; ++j) c[j] = epilogue.alpha * from[j] + epilogue.beta * addend[j * step];
  }
}

void GemmDouble(const DoubleProduct& product, std::size_t panel_begin, std::size_t panel_end) {
  HWY_ALIGN double sums[kChunkRows * kDoublePanelColumns];
  for (std::size_t row = 0; row < product.m; row += kChunkRows) {
    const std::size_t rows = std::min(kChunkRows, product.m - row);
    for (std::size_t panel = panel_begin; panel < panel_end; ++panel) {
      SumChunk(product, row, rows, panel, sums);
      StoreChunk(product, row, rows, panel, sums);
    }
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GemmDouble);

void pack_b_double(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                   std::size_t panel, std::size_t k_begin, std::size_t k_end, double* packed) {
  const std::size_t column = panel * kDoublePanelColumns;
  const std::size_t columns = std::min(kDoublePanelColumns, n - column);
  const auto* const from = static_cast<const std::byte*>(b);
  double* const to = packed + column * k;
  for (std::size_t row = k_begin; row < k_end; ++row) {
    for (std::size_t j = 0; j < kDoublePanelColumns; ++j) {
      double element = 0.0;
      if (j < columns) {
        std::memcpy(&element, from + (row * row_stride + (column + j) * column_stride) * sizeof(double),
                    sizeof element);
      }
      to[row * kDoublePanelColumns + j] = element;
    }
  }
}

void gemm_double(std::size_t m, std::size_t n, std::size_t k, const double* a, std::size_t a_row_stride,
                 const double* packed_b, const DoubleEpilogue& epilogue, double* c, std::size_t c_row_stride,
                 std::size_t panel_begin, std::size_t panel_end) {
  LINNET_DISPATCH(GemmDouble)
  ({m, n, k, a, a_row_stride, packed_b, epilogue, c, c_row_stride}, panel_begin, panel_end);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
