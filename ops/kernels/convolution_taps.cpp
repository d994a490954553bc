#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/convolution_taps.cpp"

#include "ops/kernels/convolution_taps.hpp"

#include <algorithm>
#include <cstdint>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM;  // 32 for vectors, 16 elsewhere

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

// Accumulators, weights and elements are to fit the registers.
constexpr std::size_t kVectorsOfFourRows = kManyRegisters ? 4 : 2;

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
#if HWY_TARGET != HWY_SCALAR
  for (; row + 4 <= args.rows; row += 4) SumRows<4, kVectorsOfFourRows>(args, row);
  if (row + 2 <= args.rows) {
    SumRows<2, 4>(args, row);
    row += 2;
  }
#endif
  for (; row < args.rows; ++row) SumRows<1, 8>(args, row);
}

// Columns from `column` on, as far as there are, of a row of outputs that ends with `columns`.
HWY_NOINLINE void StoreColumns(const float* sums, std::size_t vectors, const Bounds& bounds, float* y,
                               std::size_t column, std::size_t columns) {
  const Tag d;
  for (std::size_t j = 0; j < vectors && column < columns; ++j, column += kLanes) {
    const hn::Vec<Tag> v = bounds(hn::Load(d, sums + j * kLanes));
    if (column + kLanes <= columns) {
      hn::StoreU(v, d, y + column);
    } else {
      StoreEdge(d, v, y + column, columns - column);
    }
  }
}

// Chains of a tile of rows, one after the other, as SumTile adds them.
class ChainSums {
 public:
  explicit ChainSums(float bias) : bias_(bias) {}

  float* chain() { return chain_.floats; }

  // The chain that ends before `tap` becomes part of its group; at the end `chain` has the sums.
  HWY_NOINLINE void Add(std::size_t tap, std::size_t tap_end, std::size_t vectors) {
    const Tag d;
    const bool ends_group = tap >= tap_end || tap % kGroupLength == 0;
    for (std::size_t i = 0; i < vectors * kLanes; i += kLanes) {
      hn::Vec<Tag> sum = hn::Load(d, chain_.floats + i);
      if (in_group_) sum = hn::Add(hn::Load(d, group_.floats + i), sum);
      if (ends_group) {
        sum = hn::Add(has_total_ ? hn::Load(d, total_.floats + i) : hn::Set(d, bias_), sum);
        hn::Store(sum, d, total_.floats + i);
        hn::Store(sum, d, chain_.floats + i);
      } else {
        hn::Store(sum, d, group_.floats + i);
      }
    }
    in_group_ = !ends_group;
    has_total_ |= ends_group;
  }

 private:
  GroupSums chain_, group_, total_;
  float bias_;
  bool in_group_ = false, has_total_ = false;
};

// Tile of rows from `row` on; those behind the last are the last once more.
template <std::size_t kRows, std::size_t kVectors>
HWY_NOINLINE void SumRowTile(const TapRows& args, std::size_t row, std::size_t column) {
  static_assert(kRows * kVectors <= 16, "more sums than room");
  using V = hn::Vec<Tag>;
  const Tag d;
  const std::size_t last = args.rows - 1;
  const float* x[kRows];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) x[i] = args.x + std::min(row + i, last) * args.x_row_stride + column;
  ChainSums chains(args.bias);
  for (std::size_t tap = args.tap_begin;;) {
    V sums[kRows][kVectors];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
    }
    const std::size_t end = std::min((tap / kChainLength + 1) * kChainLength, args.tap_end);
    for (; tap < end; ++tap) {
      const std::ptrdiff_t offset = args.offsets[tap];
      const V weight = hn::Set(d, args.weights[tap]);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) {
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          sums[i][j] = hn::MulAdd(weight, hn::LoadU(d, x[i] + offset + j * kLanes), sums[i][j]);
        }
      }
    }
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) hn::Store(sums[i][j], d, chains.chain() + (i * kVectors + j) * kLanes);
    }
    chains.Add(tap, args.tap_end, kRows * kVectors);
    if (tap >= args.tap_end) break;
  }
  const Bounds bounds(args.activation);
  for (std::size_t i = 0; i < kRows && row + i < args.rows; ++i) {
    StoreColumns(chains.chain() + i * kVectors * kLanes, kVectors, bounds, args.y + (row + i) * args.y_row_stride,
                 column, args.columns);
  }
}

template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE std::size_t SumColumns(const TapRows& args, std::size_t column) {
  for (std::size_t row = 0; row < args.rows; row += kRows) SumRowTile<kRows, kVectors>(args, row, column);
  return column + kVectors * kLanes;
}

void SumTapRows(const TapRows& args) {
  for (std::size_t column = 0; column < args.columns;) {
#if HWY_TARGET != HWY_SCALAR  // for want of vectors: small rather than fast
    const std::size_t left = args.columns - column;
    if (args.rows == 1) {
      column = left > 2 * kLanes ? SumColumns<1, 8>(args, column) : SumColumns<1, 2>(args, column);
      continue;
    }
    if (left > kLanes) {
      column = SumColumns<4, 2>(args, column);
      continue;
    }
#endif
    column = SumColumns<8, 1>(args, column);
  }
}

#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM

// Down a strip of columns: every row of x goes into the outputs that it belongs to, of which the first is complete
// then. With three rows of three, weights are in registers.
template <std::size_t kKernel, std::size_t kVectors>
HWY_NOINLINE void SumPlaneStrip(const TapRows& args, std::size_t column) {
  using V = hn::Vec<Tag>;
  const Tag d;
  constexpr bool kHolds = kKernel == 3;
  V held[kHolds ? kKernel * kKernel : 1];
  if constexpr (kHolds) {
    LINNET_UNROLL
    for (std::size_t i = 0; i < kKernel * kKernel; ++i) held[i] = hn::Set(d, args.weights[i]);
  }
  V sums[kKernel][kVectors];  // of the output that the row is row i of the window of
  LINNET_UNROLL
  for (std::size_t i = 0; i < kKernel; ++i) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
  }
  const V bias = hn::Set(d, args.bias);
  const Bounds bounds(args.activation);
  const float* from = args.x + column;
  for (std::size_t row = 0; row < args.rows + kKernel - 1; ++row, from += args.x_row_stride) {
    const auto add = [&](std::size_t tap) HWY_ATTR {
      V x[kVectors];
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) x[j] = hn::LoadU(d, from + args.offsets[tap] + j * kLanes);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kKernel; ++i) {
        const V weight = kHolds ? held[kHolds ? i * kKernel + tap : 0] : hn::Set(d, args.weights[i * kKernel + tap]);
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(weight, x[j], sums[i][j]);
      }
    };
    if constexpr (kHolds) {
      add(0);
      add(1);
      add(2);
    } else {
      for (std::size_t tap = 0; tap < kKernel; ++tap) add(tap);
    }
    if (row + 1 >= kKernel) {
      float* const y = args.y + (row + 1 - kKernel) * args.y_row_stride;
      if (column + kVectors * kLanes <= args.columns) {
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          hn::StoreU(bounds(hn::Add(bias, sums[kKernel - 1][j])), d, y + column + j * kLanes);
        }
      } else if (kVectors == 1) {
        StoreEdge(d, bounds(hn::Add(bias, sums[kKernel - 1][0])), y + column, args.columns - column);
      } else {
        HWY_ALIGN float complete[kVectors * kLanes];
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          hn::Store(hn::Add(bias, sums[kKernel - 1][j]), d, complete + j * kLanes);
        }
        StoreColumns(complete, kVectors, bounds, y, column, args.columns);
      }
    }
    LINNET_UNROLL
    for (std::size_t i = kKernel - 1; i > 0; --i) {
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = sums[i - 1][j];
    }
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) sums[0][j] = hn::Zero(d);
  }
}

// Accumulators and elements are to fit the registers, with the weights of the smallest kernel.
template <std::size_t kKernel>
constexpr std::size_t kStripVectors = kManyRegisters ? (kKernel == 7 ? 3 : 4) : (kKernel == 7 ? 1 : 2);

template <std::size_t kKernel>
void SumPlane(const TapRows& args) {
  constexpr std::size_t kMost = kStripVectors<kKernel>;
  constexpr std::size_t kLess = kKernel == 3 && kMost > 2 ? kMost / 2 : 1;
  for (std::size_t column = 0; column < args.columns;) {
    const std::size_t left = args.columns - column;
    if (kMost > 1 && left > kLess * kLanes) {
      SumPlaneStrip<kKernel, kMost>(args, column);
      column += kMost * kLanes;
    } else if (kLess > 1 && left > kLanes) {
      SumPlaneStrip<kKernel, kLess>(args, column);
      column += kLess * kLanes;
    } else {
      SumPlaneStrip<kKernel, 1>(args, column);
      column += kLanes;
    }
  }
}

void SumPlanes(const TapRows& args, std::size_t kernel) {
  if (kernel == 3) return SumPlane<3>(args);
  if (kernel == 5) return SumPlane<5>(args);
  SumPlane<7>(args);
}

#else  // small rather than fast

void SumPlanes(const TapRows& args, std::size_t) { SumTapRows(args); }

#endif

#if HWY_TARGET <= HWY_AVX2

// Down a strip of outputs, two rows of x at a time: of so many outputs they are rows of the window of, the last is
// complete then. Elements are taken apart in registers, two neighbouring columns of the kernel from one load.
template <std::size_t kKernel>
HWY_NOINLINE void SumHalvedStrip(const HalvedPlane& args, std::size_t column) {
  using V = hn::Vec<Tag>;
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  constexpr std::size_t kPairs = kKernel / 2 + 1;
  const std::ptrdiff_t left = args.left + 2 * static_cast<std::ptrdiff_t>(column);
  hn::Mask<Tag> lower[kPairs], upper[kPairs];  // what lies in a row of x
  V sums[kPairs];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kPairs; ++i) {
    const auto place = static_cast<std::uint32_t>(left + static_cast<std::ptrdiff_t>(2 * i));
    const auto width = hn::Set(du, static_cast<std::uint32_t>(args.width));
    lower[i] = hn::RebindMask(d, hn::Lt(hn::Iota(du, place), width));
    upper[i] = hn::RebindMask(d, hn::Lt(hn::Iota(du, place + static_cast<std::uint32_t>(kLanes)), width));
    sums[i] = hn::Zero(d);
  }
  const V bias = hn::Set(d, args.bias);
  const Bounds bounds(args.activation);
  const auto height = static_cast<std::ptrdiff_t>(args.height);
  const auto add = [&](std::ptrdiff_t row, std::size_t odd) HWY_ATTR {
    if (row < 0 || row >= height) return;
    const float* const from = args.x + row * static_cast<std::ptrdiff_t>(args.width) + left;
    V x[2 * kPairs];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kPairs; ++i) {
      const V low = hn::MaskedLoad(lower[i], d, from + 2 * i);
      const V high = hn::MaskedLoad(upper[i], d, from + 2 * i + kLanes);
      x[2 * i] = hn::ConcatEven(d, high, low);
      x[2 * i + 1] = hn::ConcatOdd(d, high, low);
    }
    LINNET_UNROLL
    for (std::size_t i = 0; i < kPairs; ++i) {
      const float* const weights = args.weights + (2 * i + odd) * kKernel;
      if (2 * i + odd == kKernel) break;
      LINNET_UNROLL
      for (std::size_t tap = 0; tap < kKernel; ++tap) sums[i] = hn::MulAdd(hn::Set(d, weights[tap]), x[tap], sums[i]);
    }
  };
  for (std::size_t row = 0; row < args.rows + kPairs - 1; ++row) {
    const std::ptrdiff_t x_row = args.top + static_cast<std::ptrdiff_t>(2 * row);
    add(x_row, 0);
    add(x_row + 1, 1);
    if (row + 1 >= kPairs) {
      float* const y = args.y + (row + 1 - kPairs) * args.y_row_stride + column;
      const V v = bounds(hn::Add(bias, sums[kPairs - 1]));
      if (column + kLanes <= args.columns) {
        hn::StoreU(v, d, y);
      } else {
        StoreEdge(d, v, y, args.columns - column);
      }
    }
    LINNET_UNROLL
    for (std::size_t i = kPairs - 1; i > 0; --i) sums[i] = sums[i - 1];
    sums[0] = hn::Zero(d);
  }
}

void SumHalvedPlane(const HalvedPlane& args, std::size_t kernel) {
  const auto strip = kernel == 3 ? SumHalvedStrip<3> : SumHalvedStrip<5>;
  for (std::size_t column = 0; column < args.columns; column += kLanes) strip(args, column);
}

constexpr bool kHasHalvedSums = true;

#else

void SumHalvedPlane(const HalvedPlane&, std::size_t) {}

constexpr bool kHasHalvedSums = false;

#endif

bool HasHalvedSums(std::size_t kernel) { return kHasHalvedSums && (kernel == 3 || kernel == 5); }

#undef LINNET_UNROLL

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(SumTaps);
LINNET_EXPORT(SumTapRows);
LINNET_EXPORT(SumPlanes);
LINNET_EXPORT(HasHalvedSums);
LINNET_EXPORT(SumHalvedPlane);

void tap_sums(const TapSums& sums) { LINNET_DISPATCH(SumTaps)(sums); }

void tap_rows(const TapRows& rows) { LINNET_DISPATCH(SumTapRows)(rows); }

void plane_sums(const TapRows& rows, std::size_t kernel) { LINNET_DISPATCH(SumPlanes)(rows, kernel); }

bool has_halved_sums(std::size_t kernel) { return LINNET_DISPATCH(HasHalvedSums)(kernel); }

void halved_sums(const HalvedPlane& plane, std::size_t kernel) { LINNET_DISPATCH(SumHalvedPlane)(plane, kernel); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
