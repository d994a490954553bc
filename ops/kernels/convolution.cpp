#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/convolution.cpp"

#include "ops/kernels/convolution.hpp"

#include <algorithm>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
static_assert(kLanes <= kSlackFloats, "a vector too many is written");

// Writes whole vectors; returns the place behind the zeros.
HWY_INLINE float* StoreZeros(float* to, std::size_t count) {
  const Tag d;
  for (std::size_t i = 0; i < count; i += kLanes) hn::StoreU(hn::Zero(d), d, to + i);
  return to + count;
}

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
  const Tag d;
  if (step == 1) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    if (i < count) hn::StoreU(LoadPartial(d, from + i, count - i), d, to + i);
    return;
  }
#if HWY_TARGET != HWY_SCALAR
  if (step == 2) {
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

void Interleave(const float* even, const float* odd, float* to, std::size_t count) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const Tag d;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreInterleaved2(hn::LoadU(d, even + i), hn::LoadU(d, odd + i), d, to + 2 * i);
  }
#endif
  for (; i < count; ++i) {
    to[2 * i] = even[i];
    to[2 * i + 1] = odd[i];
  }
}

// Loops over accumulators must vanish, or they would live in memory.
#define LINNET_UNROLL _Pragma("GCC unroll 8")

// Room for the chains of a group before the one in the registers.
struct GroupSums {
  HWY_ALIGN float floats[16 * kLanes];
};

template <std::size_t kRows, std::size_t kVectors>
HWY_NOINLINE void SumTile(const TapSums& args, std::size_t row, std::size_t column, GroupSums& group) {
  static_assert(kRows * kVectors <= 16, "more sums than room");
  static_assert(kVectors * kLanes <= kTapSumSlack, "too much is read and written");
  using V = hn::Vec<Tag>;
  const Tag d;
  const float* const x = args.x + column;
  const float* const weights = args.weights + row * args.weights_stride;
  for (std::size_t begin = 0; begin < args.taps; begin += kChainLength) {
    const std::size_t end = std::min(begin + kChainLength, args.taps);
    V sums[kRows][kVectors];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
    }
    for (std::size_t tap = begin; tap < end; ++tap) {
      const float* const from = x + args.offsets[tap];
      V values[kVectors];
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) values[j] = hn::LoadU(d, from + j * kLanes);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) {
        const V weight = hn::Set(d, weights[i * args.weights_stride + tap]);
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(weight, values[j], sums[i][j]);
      }
    }
    const bool begins_group = begin % kGroupLength == 0;
    const bool ends_group = end == args.taps || end % kGroupLength == 0;
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      float* const y = args.y + (row + i) * args.y_row_stride + column;
      const V bias = hn::Set(d, args.bias == nullptr ? 0.0f : args.bias[row + i]);
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) {
        float* const kept = group.floats + (i * kVectors + j) * kLanes;
        V sum = sums[i][j];
        if (!begins_group) sum = hn::Add(hn::Load(d, kept), sum);
        if (ends_group) {
          hn::StoreU(hn::Add(begin < kGroupLength ? bias : hn::LoadU(d, y + j * kLanes), sum), d, y + j * kLanes);
        } else {
          hn::Store(sum, d, kept);
        }
      }
    }
  }
}

#undef LINNET_UNROLL

// Accumulators, weights and elements are to fit the registers: 32 on AVX-512 and NEON, 16 elsewhere.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
constexpr std::size_t kVectorsOfFourRows = 4;
#else
constexpr std::size_t kVectorsOfFourRows = 2;
#endif

// The last tile may be wider than what is left: only as much as it takes.
template <std::size_t kRows, std::size_t kVectors>
void SumRows(const TapSums& args, std::size_t row) {
  GroupSums group;
  std::size_t column = 0;
  for (; column + kVectors / 2 * kLanes < args.columns; column += kVectors * kLanes) {
    SumTile<kRows, kVectors>(args, row, column, group);
  }
  for (; column < args.columns; column += kVectors / 2 * kLanes) SumTile<kRows, kVectors / 2>(args, row, column, group);
}

void SumTaps(const TapSums& args) {
  std::size_t row = 0;
  for (; row + 4 <= args.rows; row += 4) SumRows<4, kVectorsOfFourRows>(args, row);
  if (row + 2 <= args.rows) {
    SumRows<2, 4>(args, row);
    row += 2;
  }
  if (row < args.rows) SumRows<1, 8>(args, row);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GatherRows);
LINNET_EXPORT(CopyRows);
LINNET_EXPORT(Interleave);
LINNET_EXPORT(SumTaps);

void gather_rows(const float* x, std::size_t row_stride, std::size_t step, std::size_t rows, const RowPiece* pieces,
                 std::size_t piece_count, std::size_t width, float* to) {
  LINNET_DISPATCH(GatherRows)(x, row_stride, step, rows, pieces, piece_count, width, to);
}

void copy_rows(const RowCopy& copy) { LINNET_DISPATCH(CopyRows)(copy); }

void interleave(const float* even, const float* odd, float* to, std::size_t count) {
  LINNET_DISPATCH(Interleave)(even, odd, to, count);
}

void tap_sums(const TapSums& sums) { LINNET_DISPATCH(SumTaps)(sums); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
