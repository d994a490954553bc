#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/attention.cpp"

#include "ops/kernels/attention.hpp"

#include <algorithm>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

HWY_INLINE float SumOf(V v) { return hn::GetLane(hn::SumOfLanes(Tag(), v)); }

// Rows of b that one row of a is multiplied with together. Old CPUs do them one by one: the library is smaller.
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM
constexpr std::size_t kTogether = 4;
#else
constexpr std::size_t kTogether = 1;
#endif

// One row of a with kRows rows of b.
template <std::size_t kRows>
HWY_INLINE void Dots(std::size_t depth, const float* a, const float* b, std::size_t b_row_stride, float* c) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  V sums[kRows];
  for (std::size_t row = 0; row < kRows; ++row) sums[row] = hn::Zero(d);
  std::size_t k = 0;
  for (; k + lanes <= depth; k += lanes) {
    const V a_vector = hn::LoadU(d, a + k);
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
      sums[row] = hn::MulAdd(a_vector, hn::LoadU(d, b + row * b_row_stride + k), sums[row]);
    }
  }
  if (k < depth) {
    const V a_vector = LoadPartial(d, a + k, depth - k);
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
      sums[row] = hn::MulAdd(a_vector, LoadPartial(d, b + row * b_row_stride + k, depth - k), sums[row]);
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) c[row] = SumOf(sums[row]);
}

void DotRows(std::size_t rows, std::size_t depth, const float* a, std::size_t a_row_stride, const float* b,
             std::size_t b_row_stride, std::size_t b_rows, float* c, std::size_t c_row_stride) {
  std::size_t j = 0;
  for (; j + kTogether <= b_rows; j += kTogether) {
    for (std::size_t row = 0; row < rows; ++row) {
      Dots<kTogether>(depth, a + row * a_row_stride, b + j * b_row_stride, b_row_stride, c + row * c_row_stride + j);
    }
  }
  for (; j < b_rows; ++j) {
    for (std::size_t row = 0; row < rows; ++row) {
      Dots<1>(depth, a + row * a_row_stride, b + j * b_row_stride, b_row_stride, c + row * c_row_stride + j);
    }
  }
}

// y[i] = change(y[i], what is added).
template <class Change>
HWY_INLINE void Update(float* y, std::size_t count, const float* mask, std::size_t mask_stride, const Change& change) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const V one_mask = hn::Set(d, mask != nullptr && mask_stride == 0 ? *mask : -0.0F);  // -0 changes nothing
  const bool masked = mask != nullptr && mask_stride != 0;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(change(hn::LoadU(d, y + i), masked ? hn::LoadU(d, mask + i) : one_mask), d, y + i);
  }
  if (i == count) return;
  const std::size_t left = count - i;
  const V added = masked ? LoadPartial(d, mask + i, left) : one_mask;
  StorePartial(d, change(LoadPartial(d, y + i, left), added), y + i, left);
}

void ScaleAndMask(float* y, std::size_t count, ScoreScale scale, const float* mask, std::size_t mask_stride) {
  const V factor = hn::Set(Tag(), scale.factor);
  if (scale.divides) {
    Update(y, count, mask, mask_stride, [&](V v, V added) HWY_ATTR { return hn::Add(hn::Div(v, factor), added); });
  } else {
    Update(y, count, mask, mask_stride, [&](V v, V added) HWY_ATTR { return hn::MulAdd(v, factor, added); });
  }
}

// The end of the last vector before `end`, and behind `begin`, that has more than kMostUnseen or NaN; `begin` for none.
// Vectors are counted from the beginning of the row. Requires: `begin` is a whole number of them.
std::size_t EndOfSeen(const float* row, std::size_t begin, std::size_t end) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const V bound = hn::Set(d, kMostUnseen);
  while (end > begin) {
    const std::size_t first = (end - 1) / lanes * lanes;
    const std::size_t count = end - first;
    const V v = count < lanes ? LoadPartial(d, row + first, count) : hn::LoadU(d, row + first);
    if (!hn::AllTrue(d, hn::Or(hn::Le(v, bound), hn::Not(hn::FirstN(d, count))))) break;
    end = first;
  }
  return end;
}

bool SeesAny(const float* row, std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const V least = hn::Set(d, kLeastSeen);
  for (std::size_t i = 0; i < count; i += lanes) {
    const std::size_t left = std::min(lanes, count - i);
    const V v = left < lanes ? LoadPartial(d, row + i, left) : hn::LoadU(d, row + i);
    if (!hn::AllFalse(d, hn::And(hn::Ge(v, least), hn::FirstN(d, left)))) return true;
  }
  return false;
}

std::size_t SeenColumns(const float* mask, std::size_t row_stride, std::size_t rows, std::size_t columns) {
  constexpr std::size_t kUnit = 16;
  constexpr std::size_t kLeast = 32;
  std::size_t seen = std::min(kLeast, columns);
  for (std::size_t row = 0; row < rows && seen < columns; ++row) {
    seen = std::min(columns, (EndOfSeen(mask + row * row_stride, seen, columns) + kUnit - 1) / kUnit * kUnit);
  }
  for (std::size_t row = 0; row < rows && seen < columns; ++row) {
    if (!SeesAny(mask + row * row_stride, seen)) return columns;
  }
  return seen;
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(DotRows);
LINNET_EXPORT(ScaleAndMask);
LINNET_EXPORT(SeenColumns);

void dot_rows(std::size_t rows, std::size_t depth, const float* a, std::size_t a_row_stride, const float* b,
              std::size_t b_row_stride, std::size_t b_rows, float* c, std::size_t c_row_stride) {
  LINNET_DISPATCH(DotRows)(rows, depth, a, a_row_stride, b, b_row_stride, b_rows, c, c_row_stride);
}

void scale_and_mask(float* y, std::size_t count, ScoreScale scale, const float* mask, std::size_t mask_stride) {
  LINNET_DISPATCH(ScaleAndMask)(y, count, scale, mask, mask_stride);
}

std::size_t seen_columns(const float* mask, std::size_t row_stride, std::size_t rows, std::size_t columns) {
  return LINNET_DISPATCH(SeenColumns)(mask, row_stride, rows, columns);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
