// Rounding to bfloat16, and packing of B in pairs.
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
#include "ops/kernels/half-inl.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Bits = hn::ScalableTag<std::uint32_t>;
using BitsVector = hn::Vec<Bits>;

// Pairs of the lanes of two vectors: `first` in the lower halves.
HWY_INLINE BitsVector Pairs(Bits d, BitsVector first, BitsVector second) {
  return hn::Or(hn::ShiftRight<16>(RoundToBfloat16(d, first)),
                hn::And(RoundToBfloat16(d, second), hn::Set(d, 0xFFFF0000u)));
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
    pairs[i / 2] = {{RoundedScalar(a[i]), i + 1 < k ? RoundedScalar(a[i + 1]) : std::uint16_t{0}}};
  }
}

void ToPairs(const float* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  for (std::size_t row = 0; row < rows; ++row) RowToPairs(a + row * a_row_stride, k, pairs + row * pair_count(k));
}

// Two rows of a packed panel become one of pairs; `second` may be null, for zeros.
void JoinRows(const float* first, const float* second, std::size_t width, Bfloat16Pair* pairs) {
  const Bits d;
  for (std::size_t i = 0; i < width; i += hn::Lanes(d)) {
    const BitsVector upper = second == nullptr ? hn::Zero(d) : LoadBits(d, second + i);
    hn::StoreU(Pairs(d, LoadBits(d, first + i), upper), d, reinterpret_cast<std::uint32_t*>(pairs + i));
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ToPairs);
LINNET_EXPORT(JoinRows);

void to_bfloat16_pairs(const float* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, Bfloat16Pair* pairs) {
  LINNET_DISPATCH(ToPairs)(a, a_row_stride, rows, k, pairs);
}

void pack_b_bfloat16(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
                     float alpha, Bfloat16Pair* packed) {
  constexpr std::size_t kBlockRows = 64;  // packed as floats first: 16 KiB, in the first-level cache
  alignas(64) float block[kBlockRows * kPanelColumns];
  const auto join_rows = LINNET_DISPATCH(JoinRows);
  for (std::size_t panel = 0; panel < panel_count(n); ++panel) {
    const std::size_t column = panel * kPanelColumns;
    const std::size_t columns = std::min(kPanelColumns, n - column);
    const std::size_t width = panel_width(n, panel);
    Bfloat16Pair* to = packed + column * pair_count(k);
    for (std::size_t row = 0; row < k; row += kBlockRows) {
      const std::size_t rows = std::min(kBlockRows, k - row);
      const std::size_t first = row * row_stride + column * column_stride;
      pack_b(static_cast<const std::byte*>(b) + first * sizeof(float), row_stride, column_stride, rows, columns, alpha,
             block);
      for (std::size_t i = 0; i < rows; i += 2, to += width) {
        join_rows(block + i * width, i + 1 < rows ? block + (i + 1) * width : nullptr, width, to);
      }
    }
  }
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
