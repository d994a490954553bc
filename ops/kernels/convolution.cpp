#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/convolution.cpp"

#include "ops/kernels/convolution.hpp"

#include <algorithm>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/convolution_rows-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
static_assert(kLanes <= kSlackFloats, "a vector too many is written");

// The elements 0, 2, 4, ... of `count` at `from`, kLanes of them, zeros behind the last. Requires: 0 < count.
#if HWY_TARGET != HWY_SCALAR
HWY_INLINE hn::Vec<Tag> LoadEven(const float* from, std::size_t count) {
  const Tag d;
  if (count >= 2 * kLanes) return hn::ConcatEven(d, hn::LoadU(d, from + kLanes), hn::LoadU(d, from));
  const auto lower = count < kLanes ? LoadPartial(d, from, count) : hn::LoadU(d, from);
  const auto upper = count <= kLanes ? hn::Zero(d) : LoadPartial(d, from + kLanes, count - kLanes);
  return hn::ConcatEven(d, upper, lower);
}
#endif

// Writes whole vectors where that is faster. Requires: count > 0.
HWY_INLINE void CopyRun(const float* from, std::size_t step, std::size_t count, float* to) {
  if (step == 1) return CopyLine(from, count, to);
#if HWY_TARGET != HWY_SCALAR
  if (step == 2) {
    const Tag d;
    const std::size_t read = 2 * count - 1;
    for (std::size_t i = 0; i < count; i += kLanes) hn::StoreU(LoadEven(from + 2 * i, read - 2 * i), d, to + i);
    return;
  }
#endif
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i * step];
}

void GatherRows(const float* x, std::size_t row_stride, std::size_t step, std::size_t rows, const RowPiece* pieces,
                std::size_t piece_count, std::size_t width, float* to) {
  // What is written too much is written again by the next piece or row.
  for (std::size_t row = 0; row < rows; ++row) {
    float* at = to + row * width;
    for (std::size_t i = 0; i < piece_count; ++i) {
      const RowPiece& piece = pieces[i];
      at = StoreZeros(at, piece.zeros_before);
      if (piece.count > 0) {
        CopyRun(x + static_cast<std::ptrdiff_t>(row * row_stride) + piece.from, step, piece.count, at);
        at += piece.count;
      }
      at = StoreZeros(at, piece.zeros_after);
    }
  }
}

// Writes no byte but the elements'.
HWY_INLINE void CopyExactly(const float* from, std::size_t from_step, float* to, std::size_t to_step,
                            std::size_t count) {
  const Tag d;
  const std::size_t whole = count / kLanes * kLanes;
  if (from_step == 1 && to_step == 1) {
    for (std::size_t i = 0; i < whole; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    if (whole < count) {
      const std::size_t rest = count - whole;
      StorePartial(d, LoadPartial(d, from + whole, rest), to + whole, rest);
    }
    return;
  }
#if HWY_TARGET != HWY_SCALAR
  if (from_step == 2 && to_step == 1) {
    const std::size_t read = 2 * count - 1;
    for (std::size_t i = 0; i < whole; i += kLanes) hn::StoreU(LoadEven(from + 2 * i, read - 2 * i), d, to + i);
    if (whole < count) StorePartial(d, LoadEven(from + 2 * whole, read - 2 * whole), to + whole, count - whole);
    return;
  }
#endif
  for (std::size_t i = 0; i < count; ++i) to[i * to_step] = from[i * from_step];
}

void CopyRows(const RowCopy& copy) {
  if (copy.columns == 0) return;
  for (std::size_t row = 0; row < copy.rows; ++row) {
    CopyExactly(copy.from + row * copy.from_row_stride, copy.from_step, copy.to + row * copy.to_row_stride,
                copy.to_step, copy.columns);
  }
}

void SplitRows(const RowSplit& split) {
  const Tag d;
  for (std::size_t row = 0; row < split.rows; ++row) {
    const float* from = split.from + row * split.from_row_stride;
    float* const even = split.even + row * split.to_row_stride;
    float* const odd = split.odd + row * split.to_row_stride;
    std::size_t i = 0;
    for (; 2 * (i + kLanes) <= split.columns; i += kLanes) {
      hn::Vec<Tag> of_even;
      hn::Vec<Tag> of_odd;
      hn::LoadInterleaved2(d, from + 2 * i, of_even, of_odd);
      hn::StoreU(of_even, d, even + i);
      hn::StoreU(of_odd, d, odd + i);
    }
    const std::size_t rest = split.columns - 2 * i;
    if (rest == 0) continue;
#if HWY_TARGET == HWY_SCALAR
    even[i] = from[2 * i];
#else
    const auto lower = LoadPartial(d, from + 2 * i, std::min(rest, kLanes));
    const auto upper = rest > kLanes ? LoadPartial(d, from + 2 * i + kLanes, rest - kLanes) : hn::Zero(d);
    StorePartial(d, hn::ConcatEven(d, upper, lower), even + i, (rest + 1) / 2);
    StorePartial(d, hn::ConcatOdd(d, upper, lower), odd + i, rest / 2);
#endif
  }
}

void Interleave(const float* even, const float* odd, float* to, std::size_t count) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const Tag d;
  for (; count >= kLanes && i < count; i += kLanes) {
    i = std::min(i, count - kLanes);  // the last vectors lie over those before them
    hn::StoreInterleaved2(hn::LoadU(d, even + i), hn::LoadU(d, odd + i), d, to + 2 * i);
  }
#endif
  for (; i < count; ++i) {
    to[2 * i] = even[i];
    to[2 * i + 1] = odd[i];
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GatherRows);
LINNET_EXPORT(CopyRows);
LINNET_EXPORT(SplitRows);
LINNET_EXPORT(Interleave);

void gather_rows(const float* x, std::size_t row_stride, std::size_t step, std::size_t rows, const RowPiece* pieces,
                 std::size_t piece_count, std::size_t width, float* to) {
  LINNET_DISPATCH(GatherRows)(x, row_stride, step, rows, pieces, piece_count, width, to);
}

void copy_rows(const RowCopy& copy) { LINNET_DISPATCH(CopyRows)(copy); }

void split_rows(const RowSplit& split) { LINNET_DISPATCH(SplitRows)(split); }

void interleave(const float* even, const float* odd, float* to, std::size_t count) {
  LINNET_DISPATCH(Interleave)(even, odd, to, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
