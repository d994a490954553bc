#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/transpose.cpp"

#include "ops/kernels/transpose.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/transpose_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void TransposeElements(const TurnedRows& m, std::size_t rows, std::size_t columns) {
  for (std::size_t i = 0; i < rows; ++i) {
    const std::byte* from = m.from + i * sizeof(T);
    std::byte* to = m.to + static_cast<std::ptrdiff_t>(i) * m.to_stride;
    for (std::size_t j = 0; j < columns; ++j, from += m.from_stride, to += sizeof(T)) std::memcpy(to, from, sizeof(T));
  }
}

#if HWY_TARGET == HWY_SCALAR

template <class T>
void TransposeMatrix(const TurnedRows& m, std::size_t rows, std::size_t columns) {
  TransposeElements<T>(m, rows, columns);
}

#else

template <class T>
const T* Row(const std::byte* first, std::ptrdiff_t stride, std::size_t row) {
  return reinterpret_cast<const T*>(first + static_cast<std::ptrdiff_t>(row) * stride);
}
template <class T>
T* Row(std::byte* first, std::ptrdiff_t stride, std::size_t row) {
  return reinterpret_cast<T*>(first + static_cast<std::ptrdiff_t>(row) * stride);
}

// The last tile of each direction lies over the one before it. Requires: a tile fits.
template <class D>
void TransposeTiles(D d, const TurnedRows& m, std::size_t rows, std::size_t columns) {
  using T = hn::TFromD<D>;
  constexpr std::size_t kP = kTurnedRows<D>;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t j = 0; j < columns; j += lanes) {
    j = std::min(j, columns - lanes);
    const std::byte* const from = m.from + static_cast<std::ptrdiff_t>(j) * m.from_stride;
    for (std::size_t i = 0; i < rows; i += kP) {
      i = std::min(i, rows - kP);
      std::byte* const to = m.to + static_cast<std::ptrdiff_t>(i) * m.to_stride + j * sizeof(T);
      hn::Vec<D> turned[kP];
      TurnTile(d, from + i * sizeof(T), m.from_stride, turned);
      HWY_UNROLL(16)
      for (std::size_t k = 0; k < kP; ++k) hn::StoreU(turned[k], d, Row<T>(to, m.to_stride, k));
    }
  }
}

// kColumns columns, each row of which follows the one before: rows of `from` are woven into one another. The last
// vectors lie over those before them. Requires: rows fill a vector.
template <int kColumns, class D>
void Interleave(D d, const TurnedRows& m, std::size_t rows) {
  using T = hn::TFromD<D>;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < rows; i += lanes) {
    i = std::min(i, rows - lanes);
    const auto a = hn::LoadU(d, Row<T>(m.from, m.from_stride, 0) + i);
    const auto b = hn::LoadU(d, Row<T>(m.from, m.from_stride, 1) + i);
    T* const to = Row<T>(m.to, m.to_stride, i);
    if constexpr (kColumns == 2) {
      hn::StoreInterleaved2(a, b, d, to);
    } else {
      hn::StoreInterleaved3(a, b, hn::LoadU(d, Row<T>(m.from, m.from_stride, 2) + i), d, to);
    }
  }
}

// The reverse: kRows rows, and rows of `from` that follow one another. Requires: columns fill a vector.
template <int kRows, class D>
void Separate(D d, const TurnedRows& m, std::size_t columns) {
  using T = hn::TFromD<D>;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t j = 0; j < columns; j += lanes) {
    j = std::min(j, columns - lanes);
    const T* const from = Row<T>(m.from, m.from_stride, j);
    hn::Vec<D> a, b;
    if constexpr (kRows == 2) {
      hn::LoadInterleaved2(d, from, a, b);
    } else {
      hn::Vec<D> c;
      hn::LoadInterleaved3(d, from, a, b, c);
      hn::StoreU(c, d, Row<T>(m.to, m.to_stride, 2) + j);
    }
    hn::StoreU(a, d, Row<T>(m.to, m.to_stride, 0) + j);
    hn::StoreU(b, d, Row<T>(m.to, m.to_stride, 1) + j);
  }
}

// What has these forms, which take their room: pairs of float32 and float16, pixels of float32 and bytes.
template <class T, int kCount>
constexpr bool kWoven = sizeof(T) == 4 || (sizeof(T) == 2 && kCount == 2) || (sizeof(T) == 1 && kCount == 3);

template <class T>
void TransposeMatrix(const TurnedRows& m, std::size_t rows, std::size_t columns) {
  constexpr std::size_t kP = 16 / sizeof(T);
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto unit = static_cast<std::ptrdiff_t>(sizeof(T));
  if constexpr (kWoven<T, 2>) {
    if (columns == 2 && rows >= lanes && m.to_stride == 2 * unit) return Interleave<2>(d, m, rows);
    if (rows == 2 && columns >= lanes && m.from_stride == 2 * unit) return Separate<2>(d, m, columns);
  }
  if constexpr (kWoven<T, 3>) {
    if (columns == 3 && rows >= lanes && m.to_stride == 3 * unit) return Interleave<3>(d, m, rows);
    if (rows == 3 && columns >= lanes && m.from_stride == 3 * unit) return Separate<3>(d, m, columns);
  }
  if (rows < kP || columns < kP) return TransposeElements<T>(m, rows, columns);
  if constexpr (sizeof(T) > 1) {  // of bytes, which are rarer, blocks of 16 will do
    if (columns >= lanes) return TransposeTiles(d, m, rows, columns);
  }
  TransposeTiles(hn::FixedTag<T, kP>(), m, rows, columns);
}

#endif

// Both rows from one load. The last vector lies over the one before it.
template <class T>
void RepeatRow(const T* from, std::size_t columns, T* to) {
  T* const below = to + 2 * columns;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; columns >= lanes && i < columns; i += lanes) {
    i = std::min(i, columns - lanes);
    const auto v = hn::LoadU(d, from + i);
    hn::StoreInterleaved2(v, v, d, to + 2 * i);
    hn::StoreInterleaved2(v, v, d, below + 2 * i);
  }
  if (columns >= lanes) return;
#endif
  for (std::size_t i = 0; i < columns; ++i) to[2 * i] = to[2 * i + 1] = below[2 * i] = below[2 * i + 1] = from[i];
}

template <class T>
void RepeatRows(const std::byte* from, std::size_t rows, std::size_t columns, std::byte* to) {
  for (std::size_t row = 0; row < rows; ++row) {
    RepeatRow(reinterpret_cast<const T*>(from) + row * columns, columns, reinterpret_cast<T*>(to) + 4 * row * columns);
  }
}

void RepeatTwice(std::size_t unit, const std::byte* from, std::size_t rows, std::size_t columns, std::byte* to) {
  unit == 2 ? RepeatRows<std::uint16_t>(from, rows, columns, to) : RepeatRows<std::uint32_t>(from, rows, columns, to);
}

void Transpose(std::size_t unit, const TurnedRows& matrix, std::size_t rows, std::size_t columns) {
  switch (unit) {
    case 1:
      return TransposeMatrix<std::uint8_t>(matrix, rows, columns);
    case 2:
      return TransposeMatrix<std::uint16_t>(matrix, rows, columns);
    case 4:
      return TransposeMatrix<std::uint32_t>(matrix, rows, columns);
    default:
      return TransposeMatrix<std::uint64_t>(matrix, rows, columns);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Transpose);
LINNET_EXPORT(RepeatTwice);

void transpose(std::size_t unit, const TurnedRows& matrix, std::size_t rows, std::size_t columns) {
  if (rows == 0 || columns == 0) return;
  LINNET_DISPATCH(Transpose)(unit, matrix, rows, columns);
}

void repeat_twice(std::size_t unit, const std::byte* from, std::size_t rows, std::size_t columns, std::byte* to) {
  LINNET_DISPATCH(RepeatTwice)(unit, from, rows, columns, to);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
