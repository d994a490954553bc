#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/softmax.cpp"

#include "ops/kernels/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/exp-inl.h"
#include "ops/kernels/softmax_terms-inl.h"
#include "ops/kernels/vector_math-inl.h"

// A lambda that is called in several places of one loop.
#undef LINNET_INLINE_LAMBDA
#define LINNET_INLINE_LAMBDA __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// The maximum of a row; unspecified if it holds NaN.
float RowMaximum(const float* x, std::size_t columns) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const V lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  if (columns < lanes) {
    const V v = hn::IfThenElse(hn::FirstN(d, columns), LoadPartial(d, x, columns), lowest);
    return hn::GetLane(hn::MaxOfLanes(d, v));
  }
  V maximum = lowest, other = lowest;
  std::size_t i = 0;
  for (; i + 2 * lanes <= columns; i += 2 * lanes) {
    maximum = hn::Max(maximum, hn::LoadU(d, x + i));
    other = hn::Max(other, hn::LoadU(d, x + i + lanes));
  }
  if (i + lanes <= columns) maximum = hn::Max(maximum, hn::LoadU(d, x + i));
  // The last vector may overlap one that has been seen.
  maximum = hn::Max(hn::Max(maximum, other), hn::LoadU(d, x + columns - lanes));
  return hn::GetLane(hn::MaxOfLanes(d, maximum));
}

// The sum of the terms in double; term i goes to y[i * y_step]. y_step is 1, or 0 where nobody wants the terms: y is
// room for a vector then. (A branch would keep the chains of two vectors apart.)
double SumOfExponentials(const float* x, float* y, std::size_t y_step, std::size_t count, float maximum) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const Level<Tag> level = LevelAt(d, hn::Set(d, maximum));
  RowSums row;
  for (std::size_t done = 0; done < count; done += BlockSums::kMostNumbers) {
    const float* from = x + done;
    float* to = y + done * y_step;
    BlockSums block;
    const auto add = [&](std::size_t i, std::size_t left, std::size_t k) HWY_ATTR LINNET_INLINE_LAMBDA {
      if (left >= lanes) {
        const V e = Term(d, hn::LoadU(d, from + i), level);
        hn::StoreU(e, d, to + i * y_step);
        block.Add(k, e);
      } else {
        const V e = Term(d, LoadPartial(d, from + i, left), level);
        StorePartial(d, e, to + i * y_step, left);
        block.Add(k, hn::IfThenElseZero(hn::FirstN(d, left), e));
      }
    };
    ForRowVectors(std::min(BlockSums::kMostNumbers, count - done), add);
    block.AddTo(row);
  }
  return row.Total();
}

double Exponentials(const float* x, float* y, std::size_t count, float maximum) {
  return SumOfExponentials(x, y, 1, count, maximum);
}

// y = y / sum.
void DivideBy(double sum, float* y, std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const double inverse = 1.0 / sum;
  const float inverse_high = static_cast<float>(inverse);
  const V high = hn::Set(d, inverse_high);
  const V low = hn::Set(d, static_cast<float>(inverse - static_cast<double>(inverse_high)));
  const auto divided = [&](V e) HWY_ATTR LINNET_INLINE_LAMBDA { return hn::MulAdd(e, high, hn::Mul(e, low)); };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(divided(hn::LoadU(d, y + i)), d, y + i);
  if (i < count) StorePartial(d, divided(LoadPartial(d, y + i, count - i)), y + i, count - i);
}

// Several rows a step, as long as they stay in the first-level cache: what ends a row's step is a chain of dependent
// operations, which overlaps the next row's.
void SoftmaxLongRows(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                     std::size_t columns) {
  constexpr std::size_t kMostTogether = 8;
  constexpr std::size_t kCachedFloats = 4096;
  const std::size_t together = std::clamp<std::size_t>(kCachedFloats / columns, 1, kMostTogether);
  for (std::size_t first = 0; first < rows; first += together) {
    const std::size_t count = std::min(together, rows - first);
    const float* from = x + first * x_row_stride;
    float* to = y + first * y_row_stride;
    float maxima[kMostTogether];
    double sums[kMostTogether];
    for (std::size_t i = 0; i < count; ++i) maxima[i] = RowMaximum(from + i * x_row_stride, columns);
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] = Exponentials(from + i * x_row_stride, to + i * y_row_stride, columns, maxima[i]);
    }
    for (std::size_t i = 0; i < count; ++i) DivideBy(sums[i], to + i * y_row_stride, columns);
  }
}

// Rows of one vector at most, which stays in a register from the load to the store; one row's chain of dependent
// operations overlaps the next one's. Where x's rows lie so far apart, whole vectors are read.
template <class D>
void SoftmaxShortRows(D d, const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride,
                      std::size_t rows, std::size_t columns) {
  const bool padded = x_row_stride >= hn::Lanes(d);
  const auto valid = hn::FirstN(d, columns);
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (std::size_t row = 0; row < rows; ++row, x += x_row_stride, y += y_row_stride) {
    const auto v = padded ? hn::LoadU(d, x) : LoadPartial(d, x, columns);
    const auto e = Term(d, v, LevelAt(d, hn::MaxOfLanes(d, hn::IfThenElse(valid, v, lowest))));
    const auto counted = hn::IfThenElseZero(valid, e);
    const double inverse = 1.0 / TotalOfLanes(PromoteLower(d, counted), PromoteUpper(d, counted));
    const float high = static_cast<float>(inverse);
    const auto low = hn::Set(d, static_cast<float>(inverse - static_cast<double>(high)));
    StoreUpTo(d, hn::MulAdd(e, hn::Set(d, high), hn::Mul(e, low)), y, columns);
  }
}

// The narrowest vector that holds a row: adding its lanes takes the fewest steps.
void SoftmaxRows(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                 std::size_t columns) {
#if HWY_TARGET != HWY_SCALAR
  if (columns <= 4) return SoftmaxShortRows(hn::CappedTag<float, 4>(), x, x_row_stride, y, y_row_stride, rows, columns);
  if (columns <= 8 && hn::Lanes(Tag()) >= 8) {
    return SoftmaxShortRows(hn::CappedTag<float, 8>(), x, x_row_stride, y, y_row_stride, rows, columns);
  }
#endif
  if (columns <= hn::Lanes(Tag())) return SoftmaxShortRows(Tag(), x, x_row_stride, y, y_row_stride, rows, columns);
  SoftmaxLongRows(x, x_row_stride, y, y_row_stride, rows, columns);
}

// log(sum of e^(x - m)) from the number of elements equal to m and 2^64 times the sum over the others. An infinite m
// gives NaN, since inf - inf is NaN.
double LogOfSum(float m, double equal, double scaled_others) {
  return std::log1p(equal - 1.0 + scaled_others * 0x1p-64) + static_cast<double>(m - m);
}

// m + log as two floats: their sum has the digits of the smaller of both.
TwoFloats<float> LogarithmOf(float m, double log) {
  const float high = static_cast<float>(static_cast<double>(m) + log);
  return {high, static_cast<float>(static_cast<double>(m) - static_cast<double>(high) + log)};
}

// x - (high + low). A difference that is small beside x is exact, a larger one rounds once.
HWY_INLINE V LogResult(V x, V high, V low) { return hn::Sub(hn::Sub(x, high), low); }

// Where too little stands beside the maximum, the terms but it are added alone.
LogSoftmaxSums SumsOf(const float* x, std::size_t count, float maximum) {
  constexpr double kMaximum = 0x1p64;
  const Tag d;
  const double largest = LargestTerm(maximum);
  const double unit = kMaximum / largest;
  HWY_ALIGN float unwanted[hn::MaxLanes(d)];
  const double all = SumOfExponentials(x, unwanted, 0, count, maximum);
  const double seen = all >= largest ? 1.0 : 0.0;
  const double rest = all - seen * largest;
  const double error = static_cast<double>(count) * BlockSums::kErrorOfNumber;
  if (rest >= std::max(0x1p-10 * largest, 0x1p24 * error)) return {seen, rest * unit};
  const std::size_t lanes = hn::Lanes(d);
  const V m = hn::Set(d, maximum);
  const Level<Tag> level = LevelAt(d, m);
  RowSums others;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < count; i += lanes) {
    const V v = LoadUpTo(d, x + i, count - i);
    const auto valid = hn::FirstN(d, std::min(lanes, count - i));
    const auto is_maximum = hn::And(valid, hn::Eq(v, m));
    equal += hn::CountTrue(d, is_maximum);
    const V other = hn::IfThenElseZero(hn::AndNot(is_maximum, valid), Term(d, v, level));
    others.sums[i / lanes % kSumVectors].Add(d, other);
  }
  return {static_cast<double>(equal), others.Total() * unit};
}

void LogResults(const float* x, float* y, std::size_t count, float maximum, const LogSoftmaxSums& sums) {
  const Tag d;
  const TwoFloats<float> level = LogarithmOf(maximum, LogOfSum(maximum, sums.equal, sums.scaled_others));
  const V high = hn::Set(d, level.high);
  const V low = hn::Set(d, level.low);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    StoreUpTo(d, LogResult(LoadUpTo(d, x + i, count - i), high, low), y + i, count - i);
  }
}

void LogSoftmaxRow(const float* x, float* y, std::size_t columns) {
  const float maximum = RowMaximum(x, columns);
  LogResults(x, y, columns, maximum, SumsOf(x, columns, maximum));
}

void LogSoftmaxRows(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                    std::size_t columns) {
  for (std::size_t row = 0; row < rows; ++row) LogSoftmaxRow(x + row * x_row_stride, y + row * y_row_stride, columns);
}

// The maximum over the axis for each of `count` neighbours.
HWY_INLINE V StridedMaximum(Tag d, const float* x, std::size_t axis_length, std::size_t inner, std::size_t count) {
  V maximum = LoadUpTo(d, x, count);
  for (std::size_t k = 1; k < axis_length; ++k) maximum = hn::Max(maximum, LoadUpTo(d, x + k * inner, count));
  return maximum;
}

// `count` <= Lanes softmaxes side by side.
void SoftmaxColumns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t count) {
  const Tag d;
  const Doubles<Tag>::Tag dd;
  const Level<Tag> level = LevelAt(d, StridedMaximum(d, x, axis_length, inner, count));
  Sums sums;
  for (std::size_t k = 0; k < axis_length; ++k) {
    const V e = Term(d, LoadUpTo(d, x + k * inner, count), level);
    StoreUpTo(d, e, y + k * inner, count);
    sums.Add(d, e);
  }
  const VD lower = hn::Div(hn::Set(dd, 1.0), sums.lower);
  const VD upper = hn::Div(hn::Set(dd, 1.0), sums.upper);
  const V high = Demote(d, lower, upper);
  const V low = Demote(d, hn::Sub(lower, PromoteLower(d, high)), hn::Sub(upper, PromoteUpper(d, high)));
  for (std::size_t k = 0; k < axis_length; ++k) {
    const V e = LoadUpTo(d, y + k * inner, count);
    StoreUpTo(d, hn::MulAdd(e, high, hn::Mul(e, low)), y + k * inner, count);
  }
}

void LogSoftmaxColumns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t count) {
  const Tag d;
  const Doubles<Tag>::Tag dd;
  const V m = StridedMaximum(d, x, axis_length, inner, count);
  const Level<Tag> level = LevelAt(d, m);
  Sums others, equal;
  for (std::size_t k = 0; k < axis_length; ++k) {
    const V v = LoadUpTo(d, x + k * inner, count);
    const auto is_maximum = hn::Eq(v, m);
    equal.Add(d, hn::IfThenElseZero(is_maximum, hn::Set(d, 1.0f)));
    others.Add(d, hn::IfThenZeroElse(is_maximum, Term(d, v, level)));
  }
  constexpr std::size_t kParts = Doubles<Tag>::kParts;
  HWY_ALIGN float maxima[hn::MaxLanes(d)], largest[hn::MaxLanes(d)], highs[hn::MaxLanes(d)], lows[hn::MaxLanes(d)];
  HWY_ALIGN double logs[kParts * hn::MaxLanes(dd)], equals[kParts * hn::MaxLanes(dd)];
  const std::size_t second = hn::Lanes(dd) * (kParts - 1);
  hn::Store(m, d, maxima);
  hn::Store(Term(d, m, level), d, largest);
  hn::Store(others.upper, dd, logs + second);
  hn::Store(others.lower, dd, logs);
  hn::Store(equal.upper, dd, equals + second);
  hn::Store(equal.lower, dd, equals);
  for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
    const double others = logs[lane] * (0x1p64 / static_cast<double>(largest[lane]));
    const TwoFloats<float> logarithm = LogarithmOf(maxima[lane], LogOfSum(maxima[lane], equals[lane], others));
    highs[lane] = logarithm.high;
    lows[lane] = logarithm.low;
  }
  const V high = hn::Load(d, highs), low = hn::Load(d, lows);
  for (std::size_t k = 0; k < axis_length; ++k) {
    const V v = LoadUpTo(d, x + k * inner, count);
    StoreUpTo(d, LogResult(v, high, low), y + k * inner, count);
  }
}

// Calls kernel(x, y, axis_length, inner, count) for `columns` columns, a vector at a time. Elements of one sum lie far
// apart, in few sets of the caches and a line each: where a sum is short, columns that fill whole lines are brought
// side by side first, so that memory is read and written once.
template <class Kernel>
HWY_INLINE void ForColumns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns,
                           const Kernel& kernel) {
  constexpr std::size_t kCachedFloats = 4096, kLine = 16, kMostColumns = 128;
  const std::size_t lanes = hn::Lanes(Tag());
  const std::size_t together = std::min(kMostColumns, kCachedFloats / axis_length / kLine * kLine);
  if (together == 0 || columns <= kLine) {
    for (std::size_t i = 0; i < columns; i += lanes) kernel(x + i, y + i, axis_length, inner, columns - i);
    return;
  }
  HWY_ALIGN float side_by_side[kCachedFloats];
  for (std::size_t first = 0; first < columns; first += together) {
    const std::size_t count = std::min(together, columns - first);
    for (std::size_t k = 0; k < axis_length; ++k)
      std::copy_n(x + k * inner + first, count, side_by_side + k * together);
    for (std::size_t i = 0; i < count; i += lanes)
      kernel(side_by_side + i, side_by_side + i, axis_length, together, count - i);
    for (std::size_t k = 0; k < axis_length; ++k)
      std::copy_n(side_by_side + k * together, count, y + k * inner + first);
  }
}

void SoftmaxStrided(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns) {
  ForColumns(x, y, axis_length, inner, columns, SoftmaxColumns);
}

void LogSoftmaxStrided(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns) {
  ForColumns(x, y, axis_length, inner, columns, LogSoftmaxColumns);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(SoftmaxRows);
LINNET_EXPORT(LogSoftmaxRows);
LINNET_EXPORT(SoftmaxStrided);
LINNET_EXPORT(LogSoftmaxStrided);
LINNET_EXPORT(RowMaximum);
LINNET_EXPORT(Exponentials);
LINNET_EXPORT(DivideBy);
LINNET_EXPORT(SumsOf);
LINNET_EXPORT(LogResults);

void softmax_padded(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                    std::size_t columns) {
  if (columns != 0) LINNET_DISPATCH(SoftmaxRows)(x, x_row_stride, y, y_row_stride, rows, columns);
}

void log_softmax_padded(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                        std::size_t columns) {
  if (columns != 0) LINNET_DISPATCH(LogSoftmaxRows)(x, x_row_stride, y, y_row_stride, rows, columns);
}

void softmax(const float* x, float* y, std::size_t rows, std::size_t columns) {
  softmax_padded(x, columns, y, columns, rows, columns);
}

void log_softmax(const float* x, float* y, std::size_t rows, std::size_t columns) {
  log_softmax_padded(x, columns, y, columns, rows, columns);
}

void softmax_columns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns) {
  if (axis_length != 0) LINNET_DISPATCH(SoftmaxStrided)(x, y, axis_length, inner, columns);
}

void softmax_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner) {
  softmax_columns(x, y, axis_length, inner, inner);
}

void log_softmax_columns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns) {
  if (axis_length != 0) LINNET_DISPATCH(LogSoftmaxStrided)(x, y, axis_length, inner, columns);
}

void log_softmax_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner) {
  log_softmax_columns(x, y, axis_length, inner, inner);
}

float softmax_maximum(const float* x, std::size_t count) { return LINNET_DISPATCH(RowMaximum)(x, count); }

double softmax_exponentials(const float* x, float* y, std::size_t count, float maximum) {
  return LINNET_DISPATCH(Exponentials)(x, y, count, maximum);
}

void softmax_divide(double sum, float* y, std::size_t count) { LINNET_DISPATCH(DivideBy)(sum, y, count); }

LogSoftmaxSums log_softmax_sums(const float* x, std::size_t count, float maximum) {
  return LINNET_DISPATCH(SumsOf)(x, count, maximum);
}

void log_softmax_results(const float* x, float* y, std::size_t count, float maximum, const LogSoftmaxSums& sums) {
  LINNET_DISPATCH(LogResults)(x, y, count, maximum, sums);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
