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
// Rows are contiguous: B is the transposition of a plain matrix, as in a Linear layer's weights [N, K]. Blocks of 4 x 4
// are turned in registers. 64 rows at a time, 16 KiB of packed B, stay in the first-level cache until they are
// complete, and 256 bytes of each column are read at once.
void PackColumns(const Panel& panel) {
  constexpr std::size_t kBlockRows = 64;
  constexpr std::size_t kLineFloats = 16;
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> pairs;
  const auto alpha = hn::Set(d, panel.alpha);
  const std::size_t width = panel.width;
  const std::size_t column_bytes = panel.column_stride * sizeof(float);
  const std::size_t whole_columns = panel.columns - panel.columns % 4;
  for (std::size_t k_begin = 0; k_begin < panel.k; k_begin += kBlockRows) {
    const std::size_t k_end = std::min(panel.k, k_begin + kBlockRows);
    const std::size_t whole_k_end = k_end - k_end % 4;
    for (std::size_t column = 0; column < whole_columns; column += 4) {
      const std::byte* from = panel.at(0, column);
      float* to = panel.packed + column;
      if (k_end + kBlockRows <= panel.k) {
        for (std::size_t i = 0; i < 4; ++i) {
          for (std::size_t k = k_end; k < k_end + kBlockRows; k += kLineFloats)
            hwy::Prefetch(from + i * column_bytes + k * sizeof(float));
        }
      }
      for (std::size_t k = k_begin; k < whole_k_end; k += 4) {
        const auto column_0 = hn::Mul(alpha, LoadFloats(d, from + k * sizeof(float)));
        const auto column_1 = hn::Mul(alpha, LoadFloats(d, from + column_bytes + k * sizeof(float)));
        const auto column_2 = hn::Mul(alpha, LoadFloats(d, from + 2 * column_bytes + k * sizeof(float)));
        const auto column_3 = hn::Mul(alpha, LoadFloats(d, from + 3 * column_bytes + k * sizeof(float)));
        // Pairs of neighbouring columns of one row, first of rows 0 and 1, then of rows 2 and 3.
        const auto left_01 = hn::BitCast(pairs, hn::InterleaveLower(d, column_0, column_1));
        const auto left_23 = hn::BitCast(pairs, hn::InterleaveUpper(d, column_0, column_1));
        const auto right_01 = hn::BitCast(pairs, hn::InterleaveLower(d, column_2, column_3));
        const auto right_23 = hn::BitCast(pairs, hn::InterleaveUpper(d, column_2, column_3));
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, left_01, right_01)), d, to + k * width);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, left_01, right_01)), d, to + (k + 1) * width);
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, left_23, right_23)), d, to + (k + 2) * width);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, left_23, right_23)), d, to + (k + 3) * width);
      }
    }
    PackElements(panel, whole_k_end, k_end, 0, whole_columns);
    PackElements(panel, k_begin, k_end, whole_columns, panel.columns);
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
