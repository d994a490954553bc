#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/window_lines.cpp"

#include "ops/kernels/window_lines.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;
using DoubleTag = Doubles<Tag>::Tag;
using VD = hn::Vec<DoubleTag>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
static_assert(kLanes <= kLeastLineChannels, "a vector is wider than the channels");
constexpr std::size_t kColumnsAtOnce =
    HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM ? 4 : 1;  // of pools; 1: small rather than fast
constexpr std::size_t kTile = 7;  // columns of a depthwise convolution; widths of images tend to be multiples of it

// Loops over results must vanish, or these would live in memory.
#define LINNET_UNROLL _Pragma("GCC unroll 20")
// The compiler is not to know the number: it would keep all its multiples, for which there are no registers.
#define LINNET_HIDE(number) asm("" : "+r"(number))

// What becomes of the taps of an output: Start, a Join for each tap, Finish.

struct DepthwiseOf {
  static constexpr std::size_t kColumns = 1;  // that are made at once, where all have the same taps
  using Result = V;
  const float* weights;
  const float* bias;
  const float* addend;
  Bounds bounds;

  HWY_INLINE Result Start() const { return hn::Zero(Tag()); }
  HWY_INLINE V Weight(std::size_t place) const { return hn::LoadU(Tag(), weights + place); }
  HWY_INLINE Result Join(Result sum, V x, V weight) const { return hn::MulAdd(weight, x, sum); }
  HWY_INLINE V Finish(Result sum, std::size_t channel, std::size_t place, double) const {
    V v = hn::Add(bias == nullptr ? hn::Zero(Tag()) : hn::LoadU(Tag(), bias + channel), sum);
    if (addend != nullptr) v = hn::Add(v, hn::LoadU(Tag(), addend + place));
    return bounds(v);
  }
};

struct NoWeight {};

struct MaximaOf {
  static constexpr std::size_t kColumns = kColumnsAtOnce;
  using Result = V;

  HWY_INLINE Result Start() const { return hn::Set(Tag(), -std::numeric_limits<float>::infinity()); }
  HWY_INLINE NoWeight Weight(std::size_t) const { return {}; }
  // AtLeast keeps NaN in its second operand only.
  HWY_INLINE Result Join(Result most, V x, NoWeight) const { return hn::IfThenElse(hn::IsNaN(x), x, AtLeast(x, most)); }
  HWY_INLINE V Finish(Result most, std::size_t, std::size_t, double) const { return most; }
};

struct MeansOf {
  static constexpr std::size_t kColumns = kColumnsAtOnce;
  struct Result {
    VD lower, upper;
  };

  HWY_INLINE Result Start() const { return {hn::Zero(DoubleTag()), hn::Zero(DoubleTag())}; }
  HWY_INLINE NoWeight Weight(std::size_t) const { return {}; }
  HWY_INLINE Result Join(Result sum, V x, NoWeight) const {
    return {hn::Add(sum.lower, PromoteLower(Tag(), x)), hn::Add(sum.upper, PromoteUpper(Tag(), x))};
  }
  HWY_INLINE V Finish(Result sum, std::size_t, std::size_t, double inverse) const {
    const VD factor = hn::Set(DoubleTag(), inverse);
    return Demote(Tag(), hn::Mul(sum.lower, factor), hn::Mul(sum.upper, factor));
  }
};

struct Line {
  TapRange depth;
  TapRange rows;
  const float* x;  // where tap 0 of column 0 would be
  std::size_t y;   // the element of column 0
  double inverse;  // of means, but for that of the column
  std::size_t channel_begin;
  std::size_t channel_end;
};

// Some runs of the list of all taps.
struct Runs {
  std::size_t count = 0;
  TapRange taps[kMostLineRuns];
};

// The taps of neighbouring columns that meet elements.
void FindRuns(const WindowLines& p, const Line& line, TapRange across, Runs& runs) {
  const auto height = static_cast<std::uint32_t>(p.rows.kernel), width = static_cast<std::uint32_t>(p.columns.kernel);
  runs.count = 0;
  for (std::uint32_t depth = line.depth.begin; depth < line.depth.end; ++depth) {
    for (std::uint32_t row = line.rows.begin; row < line.rows.end; ++row) {
      const std::uint32_t first = (depth * height + row) * width;
      if (runs.count > 0 && runs.taps[runs.count - 1].end == first + across.begin) {
        runs.taps[runs.count - 1].end = first + across.end;
      } else if (across.begin < across.end) {
        runs.taps[runs.count++] = {first + across.begin, first + across.end};
      }
    }
  }
}

// Columns [column, column + kColumns), which have the same taps along the line. The last vector of channels ends with
// them: some come twice.
template <std::size_t kColumns, class Windows>
HWY_NOINLINE void OfColumns(const Windows& windows, const WindowLines& p, const Line& line, const Runs& runs,
                            const double* inverses, std::size_t column) {
  const TapRange* const runs_end = runs.taps + runs.count;
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(p.columns.stride) * p.columns.distance;
  const std::ptrdiff_t* const offsets = p.offsets;
  const std::size_t channels = p.channels;
  const float* const x = line.x + static_cast<std::ptrdiff_t>(column) * stride;
  const std::size_t to = line.y + column * channels;
  float* const y = p.y;
  for (std::size_t first = line.channel_begin; first < line.channel_end; first += kLanes) {
    const std::size_t channel = std::min(first, channels - kLanes);
    typename Windows::Result results[kColumns];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kColumns; ++i) results[i] = windows.Start();
    for (const TapRange* run = runs.taps; run != runs_end; ++run) {
      std::size_t place = run->begin * channels + channel;
      for (std::size_t tap = run->begin; tap < run->end; ++tap, place += channels) {
        const float* const from = x + offsets[tap] + channel;
        const auto weight = windows.Weight(place);
        LINNET_UNROLL
        for (std::size_t i = 0; i < kColumns; ++i) {
          results[i] =
              windows.Join(results[i], hn::LoadU(Tag(), from + static_cast<std::ptrdiff_t>(i) * stride), weight);
        }
      }
    }
    LINNET_UNROLL
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::size_t place = to + i * channels + channel;
      const double inverse = inverses == nullptr ? 0 : line.inverse * inverses[column + i];
      hn::StoreU(windows.Finish(results[i], channel, place, inverse), Tag(), y + place);
    }
  }
}

// Of the sums of a tile, the first of which belongs at p.y + to.
HWY_NOINLINE void FinishTile(const DepthwiseOf& windows, const WindowLines& p, std::size_t to, std::size_t channel,
                             const float* sums) {
#pragma GCC unroll 1
  for (const float* const end = sums + kTile * kLanes; sums != end; sums += kLanes, to += p.channels) {
    hn::StoreU(windows.Finish(hn::Load(Tag(), sums), channel, to, 0), Tag(), p.y + to);
  }
}

// Bit j: padded input first + j is one of x.
HWY_NOINLINE std::uint32_t InsideOf(const LineAxis& axis, std::size_t first, std::size_t count) {
  std::uint32_t bits = 0;
  for (std::size_t j = 0; j < count; ++j) {
    if (first + j - axis.pad < axis.inputs) bits |= 1U << j;  // in front of x it wraps around
  }
  return bits;
}

// The same of kTile columns whose taps along the line lie side by side: weights of a line of the kernel stay in
// registers, and every element of x is loaded once for it. What lies outside of x is zero.
template <std::size_t kKernel, std::size_t kStride>
HWY_NOINLINE void OfTile(const DepthwiseOf& windows, const WindowLines& p, const Line& line, std::size_t column) {
  constexpr std::size_t kInputs = (kTile - 1) * kStride + kKernel;
  const Tag d;
  const std::size_t channels = p.channels;
  const std::uint32_t inside = InsideOf(p.columns, column * kStride, kInputs);
  const float* const x = line.x + static_cast<std::ptrdiff_t>(column * kStride * channels);
  for (std::size_t first = line.channel_begin; first < line.channel_end; first += kLanes) {
    const std::size_t channel = std::min(first, channels - kLanes);
    V sums[kTile];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kTile; ++i) sums[i] = hn::Zero(d);
    for (std::size_t depth = line.depth.begin; depth < line.depth.end; ++depth) {
      for (std::size_t row = line.rows.begin; row < line.rows.end; ++row) {
        const std::size_t tap = (depth * p.rows.kernel + row) * kKernel;
        const float* from = x + p.offsets[tap] + channel;
        std::size_t step = channels;
        LINNET_HIDE(step);
        V weights[kKernel];
        LINNET_UNROLL
        for (std::size_t i = 0; i < kKernel; ++i) weights[i] = windows.Weight((tap + i) * channels + channel);
        LINNET_UNROLL
        for (std::size_t j = 0; j < kInputs; ++j, from += step) {
          V v = hn::Zero(d);
          if ((inside >> j & 1) != 0) v = hn::LoadU(d, from);
          LINNET_UNROLL
          for (std::size_t i = 0; i < kTile; ++i) {
            if (j >= i * kStride && j < i * kStride + kKernel)
              sums[i] = hn::MulAdd(weights[j - i * kStride], v, sums[i]);
          }
        }
      }
    }
    HWY_ALIGN float complete[kTile * kLanes];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kTile; ++i) hn::Store(sums[i], d, complete + i * kLanes);
    FinishTile(windows, p, line.y + column * channels + channel, channel, complete);
  }
}

using Tile = void (*)(const DepthwiseOf&, const WindowLines&, const Line&, std::size_t);

// Null: column by column.
Tile TileOf(const WindowLines& p) {
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM
  if (p.columns.dilation != 1 || p.column_end - p.column_begin < kTile) return nullptr;
  if (p.columns.stride == 1) {
    if (p.columns.kernel == 3) return OfTile<3, 1>;
#if HWY_TARGET <= HWY_AVX3
    if (p.columns.kernel == 5) return OfTile<5, 1>;
    if (p.columns.kernel == 7) return OfTile<7, 1>;
#endif
  } else if (p.columns.stride == 2) {
    if (p.columns.kernel == 3) return OfTile<3, 2>;
#if HWY_TARGET <= HWY_AVX3
    if (p.columns.kernel == 5) return OfTile<5, 2>;
#endif
  }
#endif
  (void)p;
  return nullptr;
}

template <class Windows>
void OfLine(const Windows& windows, const WindowLines& p, const Line& line, const double* inverses) {
  const std::size_t inner_end = std::min(p.inner_end, p.column_end);
  Runs inner, outer;
  FindRuns(p, line, {0, static_cast<std::uint32_t>(p.columns.kernel)}, inner);
  for (std::size_t column = p.column_begin; column < p.column_end;) {
    const bool is_inner = column >= p.inner_begin && column < inner_end;
    if constexpr (Windows::kColumns > 1) {
      if (is_inner && column + Windows::kColumns <= inner_end) {
        OfColumns<Windows::kColumns>(windows, p, line, inner, inverses, column);
        column += Windows::kColumns;
        continue;
      }
    }
    if (!is_inner) FindRuns(p, line, p.columns.taps[column], outer);
    OfColumns<1>(windows, p, line, is_inner ? inner : outer, inverses, column);
    ++column;
  }
}

template <class Windows>
HWY_INLINE void OfLines(const Windows& windows, const WindowLines& p, Tile tile, const MeanLines& inverses) {
  Line line;
  for (std::size_t channel = 0; channel < p.channels; channel = line.channel_end) {
    line.channel_begin = channel;
    line.channel_end = std::min(p.channels, channel + p.channels_at_once);
    for (std::size_t i = p.line_begin; i < p.line_end; ++i) {
      const std::size_t depth = i / p.rows.outputs, row = i % p.rows.outputs;
      line.depth = p.depth.taps[depth];
      line.rows = p.rows.taps[row];
      line.x = p.x + p.depth.begin(depth) + p.rows.begin(row) + p.columns.begin(0);
      line.y = i * p.columns.outputs * p.channels;
      line.inverse = inverses.depth == nullptr ? 0 : inverses.depth[depth] * inverses.rows[row];
      if (tile == nullptr) {
        OfLine(windows, p, line, inverses.columns);
        continue;
      }
      if constexpr (std::is_same_v<Windows, DepthwiseOf>) {
        for (std::size_t column = p.column_begin; column < p.column_end; column += kTile) {
          tile(windows, p, line, std::min(column, p.column_end - kTile));
        }
      }
    }
  }
}

void DepthwiseOfLines(const WindowLines& lines, const DepthwiseLines& operands) {
  OfLines(DepthwiseOf{operands.weights, operands.bias, operands.addend, Bounds(operands.activation)}, lines,
          TileOf(lines), {});
}

void MaxOfLines(const WindowLines& lines) { OfLines(MaximaOf(), lines, nullptr, {}); }

void MeanOfLines(const WindowLines& lines, const MeanLines& inverses) { OfLines(MeansOf(), lines, nullptr, inverses); }

#undef LINNET_HIDE
#undef LINNET_UNROLL

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(DepthwiseOfLines);
LINNET_EXPORT(MaxOfLines);
LINNET_EXPORT(MeanOfLines);

void depthwise_lines(const WindowLines& lines, const DepthwiseLines& operands) {
  LINNET_DISPATCH(DepthwiseOfLines)(lines, operands);
}

void max_lines(const WindowLines& lines) { LINNET_DISPATCH(MaxOfLines)(lines); }

void mean_lines(const WindowLines& lines, const MeanLines& inverses) { LINNET_DISPATCH(MeanOfLines)(lines, inverses); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
