// Packing of B into the panels that gemm.hpp describes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_pack.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/transpose_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// One panel of B: its first element is at `b`, at any address; `packed` has k rows of `width` elements.
struct Panel {
  const std::byte* b;
  std::size_t row_stride;
  std::size_t column_stride;
  std::size_t k;
  std::size_t columns;
  std::size_t width;
  float alpha;
  float* packed;

  // Where element (row, column) is.
  const std::byte* at(std::size_t row, std::size_t column) const {
    return b + (row * row_stride + column * column_stride) * sizeof(float);
  }
};

float LoadFloat(const std::byte* from) {
  float value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

#if HWY_TARGET == HWY_SCALAR
template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const std::byte* from) {
  return hn::Set(d, LoadFloat(from));
}
#else
// As bytes: a pointer to floats would have to be aligned to them.
template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const std::byte* from) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(from)));
}
#endif

// Rows [k_begin, k_end) of columns [column_begin, column_end), for any strides.
void PackElements(const Panel& panel, std::size_t k_begin, std::size_t k_end, std::size_t column_begin,
                  std::size_t column_end) {
  for (std::size_t k = k_begin; k < k_end; ++k) {
    float* to = panel.packed + k * panel.width;
    for (std::size_t column = column_begin; column < column_end; ++column) {
      to[column] = panel.alpha * LoadFloat(panel.at(k, column));
    }
  }
}

// Columns are contiguous: plain B, one row after the other.
void PackRows(const Panel& panel) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto alpha = hn::Set(d, panel.alpha);
  const std::size_t whole = panel.columns - panel.columns % lanes;
  for (std::size_t k = 0; k < panel.k; ++k) {
    const std::byte* from = panel.at(k, 0);
    float* to = panel.packed + k * panel.width;
    for (std::size_t column = 0; column < whole; column += lanes) {
      hn::StoreU(hn::Mul(alpha, LoadFloats(d, from + column * sizeof(float))), d, to + column);
    }
  }
  if (whole < panel.columns) PackElements(panel, 0, panel.k, whole, panel.columns);
}

#if HWY_TARGET == HWY_SCALAR
void PackColumns(const Panel& panel) { PackElements(panel, 0, panel.k, 0, panel.columns); }
#else
// Rows are contiguous: B is the transposition of a plain matrix, as in a Linear layer's weights [N, K]. 64 rows at a
// time, 16 KiB of packed B, stay in the first-level cache until they are complete, and 256 bytes of each column are
// read at once. The last tile of each direction lies over the one before it. Requires: a tile fits.
template <class D>
void PackTiles(D d, const Panel& panel) {
  constexpr std::size_t kBlockRows = 64;
  constexpr std::size_t kLineFloats = 16;
  constexpr std::size_t kTileRows = kTurnedRows<D>;
  const auto alpha = hn::Set(d, panel.alpha);
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t column_bytes = panel.column_stride * sizeof(float);
  for (std::size_t k_begin = 0; k_begin < panel.k; k_begin += kBlockRows) {
    const std::size_t k_end = std::min(panel.k, k_begin + kBlockRows);
    for (std::size_t next = 0; next < panel.columns; next += lanes) {
      const std::size_t column = std::min(next, panel.columns - lanes);
      const std::byte* from = panel.at(0, column);
      if (k_end + kBlockRows <= panel.k) {
        for (std::size_t i = 0; i < lanes; ++i) {
          for (std::size_t k = k_end; k < k_end + kBlockRows; k += kLineFloats)
            hwy::Prefetch(from + i * column_bytes + k * sizeof(float));
        }
      }
      for (std::size_t row = k_begin; row < k_end; row += kTileRows) {
        const std::size_t k = std::min(row, panel.k - kTileRows);
        hn::Vec<D> turned[kTileRows];
        TurnTile(d, from + k * sizeof(float), static_cast<std::ptrdiff_t>(column_bytes), turned);
        float* const to = panel.packed + k * panel.width + column;
        HWY_UNROLL(4)
        for (std::size_t i = 0; i < kTileRows; ++i) hn::StoreU(hn::Mul(alpha, turned[i]), d, to + i * panel.width);
      }
    }
  }
}

void PackColumns(const Panel& panel) {
  const hn::ScalableTag<float> d;
  const hn::FixedTag<float, 4> block;
  if (panel.k < kTurnedRows<decltype(d)> || panel.columns < hn::Lanes(block)) {
    PackElements(panel, 0, panel.k, 0, panel.columns);
  } else if (panel.columns < hn::Lanes(d)) {
    PackTiles(block, panel);
  } else {
    PackTiles(d, panel);
  }
}
#endif

void PackB(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n, float alpha,
           float* packed) {
  if (k == 0) return;
  for (std::size_t index = 0; index < panel_count(n); ++index) {
    const std::size_t column = index * kPanelColumns;
    const Panel panel = {static_cast<const std::byte*>(b) + column * column_stride * sizeof(float),
                         row_stride,
                         column_stride,
                         k,
                         std::min(kPanelColumns, n - column),
                         panel_width(n, index),
                         alpha,
                         packed + column * k};
    if (panel.columns < panel.width) {
      for (std::size_t row = 0; row < k; ++row) {
        std::fill(panel.packed + row * panel.width + panel.columns, panel.packed + (row + 1) * panel.width, 0.0f);
      }
    }
    if (column_stride == 1) {
      PackRows(panel);
    } else if (row_stride == 1) {
      PackColumns(panel);
    } else {
      PackElements(panel, 0, k, 0, panel.columns);
    }
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(PackB);

void pack_b(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n, float alpha,
            float* packed) {
  LINNET_DISPATCH(PackB)(b, row_stride, column_stride, k, n, alpha, packed);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
