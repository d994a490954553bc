#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/pooling.cpp"

#include "ops/kernels/pooling.hpp"

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
using DoubleTag = Doubles<Tag>::Tag;
using VD = hn::Vec<DoubleTag>;

struct LargerOfTaps {
  template <class W>
  HWY_INLINE W operator()(W a, W b) const {
    return LargerOf(a, b);
  }
};
struct SumOfTaps {
  template <class W>
  HWY_INLINE W operator()(W a, W b) const {
    return hn::Add(a, b);
  }
};

// What neighbouring columns are joined in, and the line that they become.
struct ColumnMaxima {
  using Line = float;
  V most;
  HWY_INLINE void Start(V v) { most = v; }
  HWY_INLINE void Join(V v) { most = LargerOf(most, v); }
  HWY_INLINE void Store(float* to) const { hn::StoreU(most, Tag(), to); }
};
struct ColumnSums {
  using Line = double;
  VD lower, upper;
  HWY_INLINE void Start(V v) {
    lower = PromoteLower(Tag(), v);
    upper = PromoteUpper(Tag(), v);
  }
  HWY_INLINE void Join(V v) {
    lower = hn::Add(lower, PromoteLower(Tag(), v));
    upper = hn::Add(upper, PromoteUpper(Tag(), v));
  }
  HWY_INLINE void Store(double* to) const {
    const DoubleTag dd;
    hn::StoreU(lower, dd, to);
    if (Doubles<Tag>::kParts == 2) hn::StoreU(upper, dd, to + hn::Lanes(dd));
  }
};

// As many neighbouring columns as a vector holds, from `from` on: all rows under the windows.
template <class Columns, class Load>
HWY_INLINE void JoinColumns(const WindowRows& p, const float* from, std::size_t rows, const Load& load,
                            typename Columns::Line* to) {
  const std::size_t step = p.vertical.dilation * p.row_stride;
  Columns columns;
  columns.Start(load(from));
  for (std::size_t row = 1; row < rows; ++row) columns.Join(load(from + row * step));
  for (std::size_t d = 1; d < p.depth; ++d) {
    for (std::size_t row = 0; row < rows; ++row) columns.Join(load(from + d * p.depth_stride + row * step));
  }
  columns.Store(to);
}

std::size_t Quotient(std::size_t a, std::size_t b) { return b == 1 ? a : (a + b - 1) / b; }  // rounded up

// The rows under the windows of output row `row` become one line. Padding around it is there, but for what whole
// vectors write behind the columns of x.
template <class Columns>
HWY_NOINLINE void FillLine(const WindowRows& p, std::size_t row, typename Columns::Line padding,
                           typename Columns::Line* line) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t above = std::max(p.pad, row * p.vertical.stride) - row * p.vertical.stride;
  const std::size_t begin = std::min(p.vertical.taps, Quotient(above, p.vertical.dilation));
  const std::size_t below = std::max(p.height + p.pad, row * p.vertical.stride) - row * p.vertical.stride;
  const std::size_t end = std::min(p.vertical.taps, Quotient(below, p.vertical.dilation));
  auto* to = line + p.before;
  if (begin >= end || p.depth == 0) {
    std::fill_n(to, p.width, padding);
    return;
  }
  const std::size_t first_row = row * p.vertical.stride + begin * p.vertical.dilation - p.pad;
  const float* from = p.x + first_row * p.row_stride;
  const std::size_t rows = end - begin;
  std::size_t i = 0;
  for (; i + lanes <= p.width; i += lanes) {
    JoinColumns<Columns>(
        p, from + i, rows, [=](const float* x) HWY_ATTR { return hn::LoadU(d, x); }, to + i);
  }
  const std::size_t left = p.width - i;
  if (left == 0) return;
  JoinColumns<Columns>(
      p, from + i, rows, [=](const float* x) HWY_ATTR { return LoadPartial(d, x, left); }, to + i);
  const std::size_t after = line_length(p) - std::min(line_length(p), p.before + p.width);
  std::fill_n(to + p.width, std::min(after, lanes), padding);
}

template <class D>
using Element = hn::TFromD<D>;

// The taps of as many neighbouring outputs as a vector holds, whose first tap lies at x.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps1(D d, Join join, const PoolAxis& axis, const Element<D>* x) {
  auto result = hn::LoadU(d, x);
  for (std::size_t tap = 1; tap < axis.taps; ++tap) result = join(result, hn::LoadU(d, x + tap * axis.dilation));
  return result;
}

// The same for stride 2. Neighbouring taps share what is loaded.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps2(D d, Join join, const PoolAxis& axis, const Element<D>* x) {
  hn::Vec<D> result, other;
  hn::LoadInterleaved2(d, x, result, other);
  std::size_t tap = 1;
  if (axis.dilation == 1 && axis.taps > 1) {
    result = join(result, other);
    for (tap = 2; tap + 1 < axis.taps; tap += 2) {
      hn::Vec<D> even, odd;
      hn::LoadInterleaved2(d, x + tap, even, odd);
      result = join(join(result, even), odd);
    }
  }
  for (; tap < axis.taps; ++tap) {
    hn::Vec<D> even;
    hn::LoadInterleaved2(d, x + tap * axis.dilation, even, other);
    result = join(result, even);
  }
  return result;
}

// The same for any stride, one output after the other, of which `count` are needed.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps(D d, Join join, const PoolAxis& axis, const Element<D>* x, std::size_t count) {
  const hn::CappedTag<Element<D>, 1> one;
  HWY_ALIGN Element<D> results[hn::MaxLanes(d)] = {};
  for (std::size_t i = 0; i < count && i < hn::Lanes(d); ++i) {
    const Element<D>* from = x + i * axis.stride;
    auto result = hn::Set(one, from[0]);
    for (std::size_t tap = 1; tap < axis.taps; ++tap) result = join(result, hn::Set(one, from[tap * axis.dilation]));
    results[i] = hn::GetLane(result);
  }
  return hn::Load(d, results);
}

// kStride: 1, 2, or 0 for any.
template <int kStride, class D, class Join>
HWY_INLINE hn::Vec<D> JoinTaps(D d, Join join, const PoolAxis& axis, const Element<D>* x, std::size_t count) {
  if constexpr (kStride == 1) return OfTaps1(d, join, axis, x);
  if constexpr (kStride == 2) return OfTaps2(d, join, axis, x);
  return OfTaps(d, join, axis, x, count);
}

template <class D>
HWY_INLINE void StoreSome(D d, hn::Vec<D> v, float* to, std::size_t count) {
  if (count >= hn::Lanes(d)) {
    hn::StoreU(v, d, to);
  } else {
    StoreEdge(d, v, to, count);
  }
}

struct Maxima {
  using Columns = ColumnMaxima;
  float padding;

  template <int kStride>
  HWY_NOINLINE void OfLine(const WindowRows& p, std::size_t row, const float* line) const {
    const Tag d;
    float* y = p.y + row * p.y_stride;
    for (std::size_t i = 0; i < p.count; i += hn::Lanes(d)) {
      const std::size_t left = p.count - i;
      StoreSome(d, JoinTaps<kStride>(d, LargerOfTaps(), p.horizontal, line + i * p.horizontal.stride, left), y + i,
                left);
    }
  }
};

struct Means {
  using Columns = ColumnSums;
  double padding;
  double scale;
  const double* vertical_inverses;
  const double* horizontal_inverses;

  template <int kStride>
  HWY_NOINLINE void OfLine(const WindowRows& p, std::size_t row, const double* line) const {
    const Tag d;
    const DoubleTag dd;
    const std::size_t half = hn::Lanes(dd);
    const std::size_t stride = p.horizontal.stride;
    const VD scales = hn::Set(dd, scale * vertical_inverses[row]);
    float* y = p.y + row * p.y_stride;
    for (std::size_t i = 0; i < p.count; i += hn::Lanes(d)) {
      const std::size_t left = p.count - i;
      VD lower = JoinTaps<kStride>(dd, SumOfTaps(), p.horizontal, line + i * stride, left);
      lower = hn::Mul(lower, hn::Mul(scales, hn::LoadU(dd, horizontal_inverses + i)));
      VD upper = lower;
      if (Doubles<Tag>::kParts == 2 && left > half) {
        upper = JoinTaps<kStride>(dd, SumOfTaps(), p.horizontal, line + (i + half) * stride, left - half);
        upper = hn::Mul(upper, hn::Mul(scales, hn::LoadU(dd, horizontal_inverses + i + half)));
      }
      StoreSome(d, Demote(d, lower, upper), y + i, left);
    }
  }
};

template <class Line>
void FillPadding(const WindowRows& p, Line padding, Line* line) {
  const std::size_t length = line_length(p);
  std::fill_n(line, std::min(p.before, length), padding);
  const std::size_t end = p.before + p.width;
  if (end < length) std::fill(line + end, line + length, padding);
}

template <class Results, class Line>
void OfWindows(const WindowRows& p, std::size_t first, std::size_t last, const Results& results,
               const PoolLines<Line>& lines) {
  for (std::size_t i = 0; i < lines.count; ++i) FillPadding(p, results.padding, lines.first + i * lines.stride);
  for (; first < last; first += lines.count) {
    const std::size_t count = std::min(lines.count, last - first);
    for (std::size_t i = 0; i < count; ++i) {
      FillLine<typename Results::Columns>(p, first + i, results.padding, lines.first + i * lines.stride);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Line* line = lines.first + i * lines.stride;
      if (p.horizontal.stride == 1) {
        results.template OfLine<1>(p, first + i, line);
      } else if (p.horizontal.stride == 2) {
        results.template OfLine<2>(p, first + i, line);
      } else {
        results.template OfLine<0>(p, first + i, line);
      }
    }
  }
}

#if HWY_TARGET <= HWY_AVX2

// Means of two rows by two columns that lie in x, without a way through lines.
HWY_NOINLINE void MeansOfPairs(const WindowRows& p, std::size_t first, std::size_t last, double scale,
                               const double* vertical_inverses, const double* horizontal_inverses) {
  const Tag d;
  const DoubleTag dd;
  const hn::Rebind<float, DoubleTag> half;
  const std::size_t step = hn::Lanes(dd);
  for (std::size_t row = first; row < last; ++row) {
    const float* const upper_row = p.x + 2 * row * p.row_stride;
    const float* const lower_row = upper_row + p.row_stride;
    float* const y = p.y + row * p.y_stride;
    const VD factor = hn::Set(dd, scale * vertical_inverses[row]);
    for (std::size_t i = 0; i < p.count; i += step) {
      const std::size_t left = p.count - i;
      const bool whole = left >= step;
      const V above = whole ? hn::LoadU(d, upper_row + 2 * i) : LoadPartial(d, upper_row + 2 * i, 2 * left);
      const V below = whole ? hn::LoadU(d, lower_row + 2 * i) : LoadPartial(d, lower_row + 2 * i, 2 * left);
      const VD lower = hn::Add(PromoteLower(d, above), PromoteLower(d, below));
      const VD upper = hn::Add(PromoteUpper(d, above), PromoteUpper(d, below));
      const VD sum = hn::Add(hn::ConcatEven(dd, upper, lower), hn::ConcatOdd(dd, upper, lower));
      const auto mean = hn::DemoteTo(half, hn::Mul(sum, hn::Mul(factor, hn::LoadU(dd, horizontal_inverses + i))));
      StoreSome(half, mean, y + i, left);
    }
  }
}

// Whether they do, in all rows up to `last`.
bool has_pairs(const WindowRows& p, std::size_t last) {
  const auto is_pair = [](const PoolAxis& axis) { return axis.taps == 2 && axis.stride == 2 && axis.dilation == 1; };
  return p.depth == 1 && is_pair(p.vertical) && is_pair(p.horizontal) && p.pad == 0 && p.before == 0 &&
         p.width >= 2 * p.count && p.height >= 2 * last;
}

// Square windows whose outputs lie side by side, as the elements of x do. Strips of columns go down x: a row is joined
// along the window once, and then into every output that it belongs to, of which the first is complete then. Squares
// says what a row of a window comes to, how rows are joined, and what becomes of a window (Finish), a vector of F at
// once.

// Floats as integers of the same order, and back: those of numbers below zero are turned upside down.
template <class D, class W = hn::Vec<D>>
HWY_INLINE W Ordered(D d, W v) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, v);
  return hn::BitCast(d, hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), hn::Set(di, 0x7FFFFFFF))));
}

struct MaximaOfSquares {
  using F = hn::CappedTag<float, 8>;  // rows are short, and longer vectors cross more cache lines
  static constexpr bool kHasFive = true;
  using W = hn::Vec<F>;
  W padding;

  template <std::size_t kTaps>
  HWY_INLINE W Row(const hn::Mask<F> (&inside)[kTaps], const float* from) const {
    const F d;
    const hn::RebindToSigned<F> di;
    W most = padding;
    auto magnitude = hn::Zero(di);
#pragma GCC unroll 8
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      const W v = hn::IfThenElse(inside[tap], hn::MaskedLoad(inside[tap], d, from + tap), padding);
      most = hn::Max(most, v);  // of what are numbers
      magnitude = hn::Max(magnitude, hn::BitCast(di, hn::Abs(v)));
    }
    const auto has_nan = hn::Gt(magnitude, hn::BitCast(di, hn::Inf(d)));
    return Ordered(d, hn::IfThenElse(hn::RebindMask(d, has_nan), hn::Abs(hn::NaN(d)), most));  // NaN above all
  }
  HWY_INLINE W Nothing() const { return Ordered(F(), padding); }
  HWY_INLINE W Join(W a, W b) const {
    const hn::RebindToSigned<F> di;
    return hn::BitCast(F(), hn::Max(hn::BitCast(di, a), hn::BitCast(di, b)));
  }
  HWY_INLINE void Start(std::size_t) {}
  HWY_INLINE W Finish(W v, std::size_t) const { return Ordered(F(), v); }
};

struct MeansOfSquares {
  using F = hn::Rebind<float, DoubleTag>;
  static constexpr bool kHasFive = false;  // hardly ever asked for
  using W = VD;
  double scale;
  const double* vertical_inverses;
  const double* horizontal_inverses;
  VD inverses;

  template <std::size_t kTaps>
  HWY_INLINE W Row(const hn::Mask<F> (&inside)[kTaps], const float* from) const {
    const DoubleTag dd;
    W sum = hn::PromoteTo(dd, hn::MaskedLoad(inside[0], F(), from));
#pragma GCC unroll 8
    for (std::size_t tap = 1; tap < kTaps; ++tap) {
      sum = hn::Add(sum, hn::PromoteTo(dd, hn::MaskedLoad(inside[tap], F(), from + tap)));
    }
    return sum;
  }
  HWY_INLINE W Nothing() const { return hn::Zero(DoubleTag()); }
  HWY_INLINE W Join(W a, W b) const { return hn::Add(a, b); }
  HWY_INLINE void Start(std::size_t column) {
    const DoubleTag dd;
    inverses = hn::Mul(hn::Set(dd, scale), hn::LoadU(dd, horizontal_inverses + column));
  }
  HWY_INLINE hn::Vec<F> Finish(W v, std::size_t row) const {
    return hn::DemoteTo(F(), hn::Mul(v, hn::Mul(inverses, hn::Set(DoubleTag(), vertical_inverses[row]))));
  }
};

template <std::size_t kTaps, class Squares>
HWY_INLINE void GoDown(const WindowRows& p, std::size_t column, std::size_t first, std::size_t last, Squares squares) {
  const typename Squares::F d;
  const hn::RebindToUnsigned<typename Squares::F> du;
  using W = typename Squares::W;
  const std::size_t pad = p.pad, end = p.pad + p.height, stride = p.row_stride, y_stride = p.y_stride;
  const std::size_t left = std::min(p.count - column, hn::Lanes(d));
  const float* x = p.x + static_cast<std::ptrdiff_t>(column) - static_cast<std::ptrdiff_t>(p.before);
  float* y = p.y + first * y_stride + column;
  hn::Mask<typename Squares::F> inside[kTaps];  // columns of x, which count from -before on
  W results[kTaps - 1];                         // of the outputs that have met 1, 2, ... rows
#pragma GCC unroll 8
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    const auto places = hn::Iota(du, static_cast<std::uint32_t>(column + tap - p.before));
    inside[tap] = hn::RebindMask(d, hn::Lt(places, hn::Set(du, static_cast<std::uint32_t>(p.width))));
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kTaps - 1; ++i) results[i] = squares.Nothing();
  squares.Start(column);
  for (std::size_t row = first; row < last + kTaps - 1; ++row) {
    const W joined = row >= pad && row < end ? squares.Row(inside, x + (row - pad) * stride) : squares.Nothing();
    if (row >= first + kTaps - 1) {
      const auto v = squares.Finish(squares.Join(results[kTaps - 2], joined), row + 1 - kTaps);
      StoreSome(d, v, y, left);
      y += y_stride;
    }
#pragma GCC unroll 8
    for (std::size_t i = kTaps - 2; i > 0; --i) results[i] = squares.Join(results[i - 1], joined);
    results[0] = joined;
  }
}

template <std::size_t kTaps, class Squares>
HWY_NOINLINE void GoDownAll(const WindowRows& p, std::size_t first, std::size_t last, const Squares& squares) {
  for (std::size_t column = 0; column < p.count; column += hn::Lanes(typename Squares::F())) {
    GoDown<kTaps>(p, column, first, last, squares);
  }
}

// False where the windows are of another kind.
template <class Squares>
bool OfSquares(const WindowRows& p, std::size_t first, std::size_t last, const Squares& squares) {
  const std::size_t taps = p.vertical.taps;
  const auto is_dense = [=](const PoolAxis& a) { return a.taps == taps && a.stride == 1 && a.dilation == 1; };
  if (p.depth != 1 || !is_dense(p.vertical) || !is_dense(p.horizontal)) return false;
  if (taps == 3) return GoDownAll<3>(p, first, last, squares), true;
  if (taps != 5 || !Squares::kHasFive) return false;
  if constexpr (Squares::kHasFive) GoDownAll<5>(p, first, last, squares);
  return true;
}

#endif

void MaxOfWindows(const WindowRows& p, std::size_t first, std::size_t last, float padding,
                  const PoolLines<float>& lines) {
#if HWY_TARGET <= HWY_AVX2
  if (OfSquares(p, first, last, MaximaOfSquares{hn::Set(MaximaOfSquares::F(), padding)})) return;
#endif
  OfWindows(p, first, last, Maxima{padding}, lines);
}

void MeanOfWindows(const WindowRows& p, std::size_t first, std::size_t last, double scale,
                   const double* vertical_inverses, const double* horizontal_inverses, const PoolLines<double>& lines) {
#if HWY_TARGET <= HWY_AVX2
  if (has_pairs(p, last)) return MeansOfPairs(p, first, last, scale, vertical_inverses, horizontal_inverses);
  const MeansOfSquares squares = {scale, vertical_inverses, horizontal_inverses, hn::Zero(DoubleTag())};
  if (OfSquares(p, first, last, squares)) return;
#endif
  OfWindows(p, first, last, Means{0, scale, vertical_inverses, horizontal_inverses}, lines);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(MaxOfWindows);
LINNET_EXPORT(MeanOfWindows);

void max_of_windows(const WindowRows& rows, std::size_t first, std::size_t last, float padding,
                    const PoolLines<float>& lines) {
  LINNET_DISPATCH(MaxOfWindows)(rows, first, last, padding, lines);
}

void mean_of_windows(const WindowRows& rows, std::size_t first, std::size_t last, double scale,
                     const double* vertical_inverses, const double* horizontal_inverses,
                     const PoolLines<double>& lines) {
  LINNET_DISPATCH(MeanOfWindows)(rows, first, last, scale, vertical_inverses, horizontal_inverses, lines);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
