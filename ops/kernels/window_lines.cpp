#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/window_lines.cpp"

#include "ops/kernels/window_lines.hpp"

#include <algorithm>
#include <limits>

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
    HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM ? 4 : 1;  // of maxima; 1: small rather than fast
constexpr std::size_t kTile = 7;  // columns of a depthwise convolution; widths of images tend to be multiples of it

// Loops over results must vanish, or these would live in memory.
#define LINNET_UNROLL _Pragma("GCC unroll 20")
// The compiler is not to know the number: it would keep all its multiples or bits, for which there are no registers.
#define LINNET_HIDE(number) asm volatile("" : "+r"(number))

// What becomes of the taps of an output: Start, a Join for each tap, Finish.

struct DepthwiseOf {
  using Result = V;
  const DepthwiseLines& operands;
  Bounds bounds;
  DepthwiseOf(const LineOperands& all, const Line&) : operands(all.depthwise), bounds(operands.activation) {}

  HWY_INLINE Result Start() const { return hn::Zero(Tag()); }
  HWY_INLINE V Weight(std::size_t place) const { return hn::LoadU(Tag(), operands.weights + place); }
  HWY_INLINE Result Join(Result sum, V x, V weight) const { return hn::MulAdd(weight, x, sum); }
  HWY_INLINE V Bias(std::size_t channel) const {
    return operands.bias == nullptr ? hn::Zero(Tag()) : hn::LoadU(Tag(), operands.bias + channel);
  }
  HWY_INLINE V Finish(Result sum, std::size_t channel, std::size_t) const {
    return bounds(hn::Add(Bias(channel), sum));
  }
};

struct NoWeight {};

struct MaximaOf {
  using Result = V;
  MaximaOf(const LineOperands&, const Line&) {}

  HWY_INLINE Result Start() const { return hn::Set(Tag(), -std::numeric_limits<float>::infinity()); }
  HWY_INLINE NoWeight Weight(std::size_t) const { return {}; }
  HWY_INLINE Result Join(Result most, V x, NoWeight) const { return LargerOf(most, x); }
  HWY_INLINE V Finish(Result most, std::size_t, std::size_t) const { return most; }
};

struct MeansOf {
  struct Result {
    VD lower, upper;
  };
  const double* inverses;
  double inverse;
  MeansOf(const LineOperands& all, const Line& line) : inverses(all.inverses.columns), inverse(line.inverse) {}

  HWY_INLINE Result Start() const { return {hn::Zero(DoubleTag()), hn::Zero(DoubleTag())}; }
  HWY_INLINE NoWeight Weight(std::size_t) const { return {}; }
  HWY_INLINE Result Join(Result sum, V x, NoWeight) const {
    return {hn::Add(sum.lower, PromoteLower(Tag(), x)), hn::Add(sum.upper, PromoteUpper(Tag(), x))};
  }
  HWY_INLINE V Finish(Result sum, std::size_t, std::size_t column) const {
    const VD factor = hn::Set(DoubleTag(), inverse * inverses[column]);
    return Demote(Tag(), hn::Mul(sum.lower, factor), hn::Mul(sum.upper, factor));
  }
};

// Columns [column, column + kColumns), which have the same taps along the line. The last vector of channels ends with
// them: some come twice.
template <std::size_t kColumns, class Windows>
void OfColumns(const LineOperands& operands, const WindowLines& p, const Line& line, const LineRuns& runs,
               std::size_t column) {
  const Windows windows(operands, line);
  const TapRange* const runs_end = runs.taps + runs.count;
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(p.columns.stride) * p.columns.distance;
  const std::ptrdiff_t* const offsets = p.offsets;
  const std::size_t channels = p.channels;
  const float* const x = line.x + static_cast<std::ptrdiff_t>(column) * stride;
  float* const y = p.y + line.y + column * channels;
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
      hn::StoreU(windows.Finish(results[i], channel, column + i), Tag(), y + i * channels + channel);
    }
  }
}

// Bit j, of `count` below 32: padded input first + j is one of x.
HWY_NOINLINE std::uint32_t InsideOf(const LineAxis& axis, std::size_t first, std::size_t count) {
  const auto bits_below = [=](std::size_t input) {
    return (1U << std::min(count, std::max(input, first) - first)) - 1;
  };
  return bits_below(axis.pad + axis.inputs) & ~bits_below(axis.pad);
}

// The same of kTile columns whose taps along the line lie side by side: weights of a line of the kernel stay in
// registers, and every element of x is loaded once for it. What lies outside of x is zero.
template <std::size_t kKernel, std::size_t kStride>
void OfTile(const LineOperands& operands, const WindowLines& p, const Line& line, const LineRuns& runs,
            std::size_t column) {
  constexpr std::size_t kInputs = (kTile - 1) * kStride + kKernel;
  const Tag d;
  const std::size_t channels = p.channels;
  const DepthwiseOf windows(operands, line);
  const std::uint32_t inside = InsideOf(p.columns, column * kStride, kInputs);
  const float* const x = line.x + static_cast<std::ptrdiff_t>(column * kStride * channels);
  float* const y = p.y + line.y + column * channels;
  for (std::size_t first = line.channel_begin; first < line.channel_end; first += kLanes) {
    const std::size_t channel = std::min(first, channels - kLanes);
    V sums[kTile];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kTile; ++i) sums[i] = hn::Zero(d);
    for (const TapRange* run = runs.taps; run != runs.taps + runs.count; ++run) {
      for (std::size_t tap = run->begin; tap < run->end; tap += kKernel) {
        const float* from = x + p.offsets[tap] + channel;
        std::size_t step = channels, place = tap * channels + channel;
        LINNET_HIDE(step);
        std::uint32_t bits = inside;
        LINNET_HIDE(bits);
        V weights[kKernel];
        LINNET_UNROLL
        for (std::size_t i = 0; i < kKernel; ++i, place += step) weights[i] = windows.Weight(place);
        LINNET_UNROLL
        for (std::size_t j = 0; j < kInputs; ++j, from += step) {
          V v = hn::Zero(d);
          if ((bits & 1U << j) != 0) v = hn::LoadU(d, from);
          LINNET_UNROLL
          for (std::size_t i = 0; i < kTile; ++i) {
            if (j >= i * kStride && j < i * kStride + kKernel) {
              sums[i] = hn::MulAdd(weights[j - i * kStride], v, sums[i]);
            }
          }
        }
      }
    }
    const V bias = windows.Bias(channel);
    float* to = y + channel;
    std::size_t step = channels;
    LINNET_HIDE(step);
    LINNET_UNROLL
    for (std::size_t i = 0; i < kTile; ++i, to += step) hn::StoreU(windows.bounds(hn::Add(bias, sums[i])), d, to);
  }
}

template <class Windows, std::size_t kSeveral>
LineKernels KernelsOf() {
  return {OfColumns<1, Windows>, kSeveral > 1 ? OfColumns<kSeveral, Windows> : nullptr, kSeveral, nullptr, 0};
}

LineKernels DepthwiseKernels(const LineAxis& columns) {
  LineKernels kernels = KernelsOf<DepthwiseOf, 1>();
  kernels.tile_columns = kTile;
  (void)columns;
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM
  const bool by_two = columns.stride == 2;
  if (!has_depthwise_tiles(columns.kernel, columns.stride, columns.dilation)) return kernels;
  if (columns.kernel == 3) kernels.tile = by_two ? OfTile<3, 2> : OfTile<3, 1>;
  if (columns.kernel == 5) kernels.tile = by_two ? OfTile<5, 2> : OfTile<5, 1>;
  if (columns.kernel == 7) kernels.tile = OfTile<7, 1>;
#endif
  return kernels;
}

LineKernels MaxKernels() { return KernelsOf<MaximaOf, kColumnsAtOnce>(); }

LineKernels MeanKernels() { return KernelsOf<MeansOf, 1>(); }

#undef LINNET_HIDE
#undef LINNET_UNROLL

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(DepthwiseKernels);
LINNET_EXPORT(MaxKernels);
LINNET_EXPORT(MeanKernels);

namespace {

void find_runs(const WindowLines& p, const Line& line, TapRange across, LineRuns& runs) {
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

void go_along(const WindowLines& p, const LineKernels& kernels, const LineOperands& operands, const Line& line) {
  LineRuns inner, outer;
  find_runs(p, line, {0, static_cast<std::uint32_t>(p.columns.kernel)}, inner);
  if (kernels.tile != nullptr && p.column_end - p.column_begin >= kernels.tile_columns) {
    const std::size_t last = p.column_end - kernels.tile_columns;  // some columns come twice
    for (std::size_t column = p.column_begin; column < p.column_end; column += kernels.tile_columns) {
      kernels.tile(operands, p, line, inner, std::min(column, last));
    }
    return;
  }
  const std::size_t inner_end = std::min(p.inner_end, p.column_end);
  for (std::size_t column = p.column_begin; column < p.column_end;) {
    const bool is_inner = column >= p.inner_begin && column < inner_end;
    if (is_inner && kernels.several != nullptr && column + kernels.several_columns <= inner_end) {
      kernels.several(operands, p, line, inner, column);
      column += kernels.several_columns;
      continue;
    }
    if (!is_inner) find_runs(p, line, p.columns.taps[column], outer);
    kernels.one(operands, p, line, is_inner ? inner : outer, column);
    ++column;
  }
}

void go_over(const WindowLines& p, const LineKernels& kernels, const LineOperands& operands) {
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
      const MeanLines& inverses = operands.inverses;
      line.inverse = inverses.depth == nullptr ? 0 : inverses.depth[depth] * inverses.rows[row];
      go_along(p, kernels, operands, line);
    }
  }
}

}  // namespace

void depthwise_lines(const WindowLines& lines, const DepthwiseLines& operands) {
  go_over(lines, LINNET_DISPATCH(DepthwiseKernels)(lines.columns), {operands, {}});
}

void max_lines(const WindowLines& lines) { go_over(lines, LINNET_DISPATCH(MaxKernels)(), {}); }

void mean_lines(const WindowLines& lines, const MeanLines& inverses) {
  go_over(lines, LINNET_DISPATCH(MeanKernels)(), {{}, inverses});
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
