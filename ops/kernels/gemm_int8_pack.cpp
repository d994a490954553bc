// Packing of operands for the product of 8-bit integers: B in panels of quads, rows of A with their sums.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_int8_pack.cpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm_int8.hpp"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3
// WeaveQuads of 64 columns. What is woven lies in four vectors whose blocks of 128 bits belong to four columns each,
// 16 columns apart: these blocks are turned over.
HWY_INLINE void WeavePanel(const std::uint8_t* const* rows, std::uint8_t flip, std::uint8_t* to) {
  const hn::FixedTag<std::uint8_t, 64> d;
  const hn::FixedTag<std::uint16_t, 32> pairs;
  const auto mask = hn::Set(d, flip);
  const auto row0 = hn::Xor(hn::LoadU(d, rows[0]), mask);
  const auto row1 = hn::Xor(hn::LoadU(d, rows[1]), mask);
  const auto row2 = hn::Xor(hn::LoadU(d, rows[2]), mask);
  const auto row3 = hn::Xor(hn::LoadU(d, rows[3]), mask);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
  const auto quads0 = hn::InterleaveLower(pairs, low01, low23);
  const auto quads1 = hn::InterleaveUpper(pairs, low01, low23);
  const auto quads2 = hn::InterleaveLower(pairs, high01, high23);
  const auto quads3 = hn::InterleaveUpper(pairs, high01, high23);
  const auto even01 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(quads1), quads0);
  const auto even23 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(quads3), quads2);
  const auto odd01 = hn::OddEvenBlocks(quads1, hn::SwapAdjacentBlocks(quads0));
  const auto odd23 = hn::OddEvenBlocks(quads3, hn::SwapAdjacentBlocks(quads2));
  hn::StoreU(hn::BitCast(d, hn::ConcatLowerLower(pairs, even23, even01)), d, to);
  hn::StoreU(hn::BitCast(d, hn::ConcatLowerLower(pairs, odd23, odd01)), d, to + 64);
  hn::StoreU(hn::BitCast(d, hn::ConcatUpperUpper(pairs, even23, even01)), d, to + 128);
  hn::StoreU(hn::BitCast(d, hn::ConcatUpperUpper(pairs, odd23, odd01)), d, to + 192);
}
#endif

// Four rows of bytes become one of quads. Requires: columns is a multiple of kColumnUnit.
HWY_INLINE void WeaveQuads(const std::uint8_t* const* rows, std::size_t columns, std::uint8_t flip, std::uint8_t* to) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t row = 0; row < 4; ++row) to[4 * i + row] = static_cast<std::uint8_t>(rows[row][i] ^ flip);
  }
#else
#if HWY_TARGET == HWY_AVX3
  if (columns == kPanelColumns) return WeavePanel(rows, flip, to);
#endif
  const hn::FixedTag<std::uint8_t, 16> d;
  const hn::FixedTag<std::uint16_t, 8> pairs;
  const auto mask = hn::Set(d, flip);
  for (std::size_t i = 0; i < columns; i += 16, to += 64) {
    const auto row0 = hn::Xor(hn::LoadU(d, rows[0] + i), mask);
    const auto row1 = hn::Xor(hn::LoadU(d, rows[1] + i), mask);
    const auto row2 = hn::Xor(hn::LoadU(d, rows[2] + i), mask);
    const auto row3 = hn::Xor(hn::LoadU(d, rows[3] + i), mask);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + 16);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 32);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 48);
  }
#endif
}

void GatherInt8(const std::uint8_t* x, const std::ptrdiff_t* offsets, std::size_t k, std::size_t columns,
                std::uint8_t flip, std::uint8_t* packed) {
  HWY_ALIGN std::uint8_t zeros[kPanelColumns];
  std::memset(zeros, flip, sizeof zeros);
  for (std::size_t column = 0; column < columns; column += kPanelColumns) {
    const std::size_t width = std::min(kPanelColumns, columns - column);
    for (std::size_t row = 0; row < k; row += 4, packed += width * 4) {
      const std::uint8_t* rows[4];
      for (std::size_t i = 0; i < 4; ++i) rows[i] = row + i < k ? x + offsets[row + i] + column : zeros;
      WeaveQuads(rows, width, flip, packed);
    }
  }
}

void PackInt8(const std::uint8_t* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
              std::uint8_t flip, std::uint8_t* packed) {
  HWY_ALIGN std::uint8_t copies[4][kPanelColumns];
  for (std::size_t column = 0; column < n; column += kPanelColumns) {
    const std::size_t columns = std::min(kPanelColumns, n - column);
    const std::size_t width = panel_width(n, column / kPanelColumns);
    for (std::size_t row = 0; row < k; row += 4, packed += width * 4) {
      const std::uint8_t* rows[4];
      for (std::size_t i = 0; i < 4; ++i) {
        rows[i] = b + (row + i) * row_stride + column * column_stride;
        if (column_stride == 1 && columns == width && row + i < k) continue;
        std::memset(copies[i], flip, sizeof copies[i]);
        for (std::size_t j = 0; row + i < k && j < columns; ++j) copies[i][j] = rows[i][j * column_stride];
        rows[i] = copies[i];
      }
      WeaveQuads(rows, width, flip, packed);
    }
  }
}

std::int32_t CopyInt8Row(const std::uint8_t* from, std::size_t k, std::uint8_t flip, std::uint8_t* to) {
  std::size_t i = 0;
  std::uint32_t sum = 0;  // of bytes with 128 added: unsigned ones
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  const hn::Repartition<std::uint64_t, decltype(d)> wide;
  const auto mask = hn::Set(d, flip);
  const auto signs = hn::Set(d, kInt8Flip);
  auto sums = hn::Zero(wide);
  for (; i + hn::Lanes(d) <= k; i += hn::Lanes(d)) {
    const auto bytes = hn::Xor(hn::LoadU(d, from + i), mask);
    hn::StoreU(bytes, d, to + i);
    sums = hn::Add(sums, hn::SumsOf8(hn::Xor(bytes, signs)));
  }
  sum = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(wide, sums)));
#endif
  for (; i < k; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] ^ flip);
    sum += static_cast<std::uint32_t>(to[i] ^ kInt8Flip);
  }
  for (; i % 4 != 0; ++i) to[i] = 0;
  return static_cast<std::int32_t>(sum - 128U * static_cast<std::uint32_t>(k));
}

void CopyInt8Rows(const std::uint8_t* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, std::uint8_t flip,
                  std::uint8_t* to, std::int32_t* sums) {
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int32_t sum = CopyInt8Row(a + row * a_row_stride, k, flip, to + row * quad_count(k) * 4);
    if (sums != nullptr) sums[row] = sum;
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GatherInt8);
LINNET_EXPORT(PackInt8);
LINNET_EXPORT(CopyInt8Rows);

void pack_int8(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
               std::uint8_t flip, std::uint8_t* packed) {
  LINNET_DISPATCH(PackInt8)(static_cast<const std::uint8_t*>(b), row_stride, column_stride, k, n, flip, packed);
}

void gather_int8(const std::uint8_t* x, const std::ptrdiff_t* offsets, std::size_t k, std::size_t columns,
                 std::uint8_t flip, std::uint8_t* packed) {
  LINNET_DISPATCH(GatherInt8)(x, offsets, k, columns, flip, packed);
}

void copy_int8_rows(const void* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, std::uint8_t flip,
                    std::int8_t* to, std::int32_t* sums) {
  LINNET_DISPATCH(CopyInt8Rows)
  (static_cast<const std::uint8_t*>(a), a_row_stride, rows, k, flip, reinterpret_cast<std::uint8_t*>(to), sums);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
