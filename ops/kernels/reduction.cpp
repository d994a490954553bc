#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/reduction.cpp"

#include "ops/kernels/reduction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/reduction-inl.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

struct Columns {
  std::size_t rows;
  std::size_t stride;
};

// `count` neighbouring results, Lanes at most.
template <class Reduction>
HWY_INLINE void ReduceVector(const Reduction& reduction, Tag d, const float* x, double* results, const Columns& columns,
                             std::size_t count) {
  const DoubleTag dd;
  const bool whole = count >= hn::Lanes(d);
  VD lower = hn::Set(dd, reduction.start), upper = lower;
  for (std::size_t row = 0; row < columns.rows; ++row) {
    const float* from = x + row * columns.stride;
    const V v = whole ? hn::LoadU(d, from) : LoadPartial(d, from, count);
    lower = reduction.join(lower, reduction.term(PromoteLower(d, v)));
    upper = reduction.join(upper, reduction.term(PromoteUpper(d, v)));
  }
  // On the scalar target there is one lane, and `upper` holds nothing.
  HWY_ALIGN double buffer[2 * hn::MaxLanes(dd)];
  hn::Store(lower, dd, buffer);
  hn::Store(upper, dd, buffer + hn::Lanes(dd));
  for (std::size_t i = 0; i < count && i < hn::Lanes(d); ++i) results[i] = buffer[i];
}

// Vectors of neighbouring results: their operations overlap. The rows after this one are not its neighbours in memory,
// so they are fetched ahead.
constexpr std::size_t kTogether = 4;
constexpr std::size_t kRowsAhead = 4;
constexpr std::size_t kLineFloats = 16;  // of the cache

template <class Reduction>
HWY_INLINE void ReduceVectors(const Reduction& reduction, Tag d, const float* x, double* results,
                              const Columns& columns) {
  constexpr std::size_t kParts = Doubles<Tag>::kParts;
  constexpr std::size_t kHalves = kTogether * kParts;
  const DoubleTag dd;
  const hn::Rebind<float, DoubleTag> half;
  VD results_of[kHalves];
  for (VD& result : results_of) result = hn::Set(dd, reduction.start);
  for (std::size_t row = 0; row < columns.rows; ++row) {
    const float* from = x + row * columns.stride;
    const float* later = x + std::min(row + kRowsAhead, columns.rows - 1) * columns.stride;
    for (std::size_t i = 0; i < kTogether * hn::Lanes(d); i += kLineFloats) hwy::Prefetch(later + i);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kHalves; ++j) {
      const VD v = hn::PromoteTo(dd, hn::LoadU(half, from + j * hn::Lanes(dd)));
      results_of[j] = reduction.join(results_of[j], reduction.term(v));
    }
  }
  for (std::size_t j = 0; j < kHalves; ++j) hn::StoreU(results_of[j], dd, results + j * hn::Lanes(dd));
}

// The last results that are reduced together may have been there before.
template <class Reduction>
void ReduceAllColumns(const Reduction& reduction, const float* x, double* results, const Columns& columns,
                      std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t together = kTogether * lanes;
  if (count < together) {
    for (std::size_t i = 0; i < count; i += lanes) ReduceVector(reduction, d, x + i, results + i, columns, count - i);
    return;
  }
  for (std::size_t i = 0; i < count; i += together) {
    i = std::min(i, count - together);
    ReduceVectors(reduction, d, x + i, results + i, columns);
  }
}

template <class Function>
HWY_INLINE decltype(auto) WithReduction(ReduceKind kind, Function&& function) {
  switch (kind) {
    case ReduceKind::kSum:
      break;
    case ReduceKind::kSumOfMagnitudes:
      return function(SumOfMagnitudes());
    case ReduceKind::kSumOfSquares:
      return function(SumOfSquares());
    case ReduceKind::kProduct:
      return function(Product());
    case ReduceKind::kMaximum:
      return function(Maximum());
    case ReduceKind::kMinimum:
      return function(Minimum());
  }
  return function(Sum());
}

// The largest number of a row in float, or minus the smallest one. NaN where the row holds NaN or both infinities, and
// where a sum overflows both ways: a sum does not lose it. Requires: count >= 4 * Lanes.
HWY_INLINE float LargestOfRow(bool negate, const float* x, std::size_t count) {
  constexpr std::size_t kVectors = 4;
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const V flip = negate ? hn::SignBit(d) : hn::Zero(d);
  V largest[kVectors], sums[kVectors];
  for (V& v : largest) v = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (V& v : sums) v = hn::Zero(d);
  for (std::size_t i = 0; i < count; i += kVectors * lanes) {
    i = std::min(i, count - kVectors * lanes);  // the last ones may have been seen
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kVectors; ++k) {
      const V v = hn::Xor(hn::LoadU(d, x + i + k * lanes), flip);
      largest[k] = hn::Max(largest[k], v);
      sums[k] = hn::Add(sums[k], v);
    }
  }
  const V sum = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  if (!hn::AllFalse(d, hn::IsNaN(sum))) return std::numeric_limits<float>::quiet_NaN();
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(largest[0], largest[1]), hn::Max(largest[2], largest[3]))));
}

// An extreme is one of the numbers, in whatever order they are seen, unless there is NaN, or zeros of both signs.
HWY_NOINLINE double ReduceRow(ReduceKind kind, const float* x, std::size_t count) {
  const bool smallest = kind == ReduceKind::kMinimum;
  if ((smallest || kind == ReduceKind::kMaximum) && count >= 4 * hn::Lanes(Tag())) {
    const float largest = LargestOfRow(smallest, x, count);
    if (!std::isnan(largest) && largest != 0) return static_cast<double>(smallest ? -largest : largest);
  }
  return WithReduction(kind, [=](auto reduction) HWY_ATTR { return ReduceRun(reduction, x, count); });
}

void ReduceRows(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count) {
  for (std::size_t row = 0; row < rows; ++row) results[row] = ReduceRow(kind, x + row * count, count);
}

void ReduceColumns(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count,
                   std::size_t stride) {
  WithReduction(kind, [=](auto reduction) HWY_ATTR { ReduceAllColumns(reduction, x, results, {rows, stride}, count); });
}

// kVectors vectors of neighbouring results: their operations overlap. load(from) and store(v, to) are for one vector.
template <std::size_t kVectors, class Load, class Store>
HWY_INLINE void FindInVectors(bool smallest, const float* x, std::uint32_t* found, std::size_t rows,
                              std::ptrdiff_t stride, const Load& load, const Store& store) {
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  const std::size_t lanes = hn::Lanes(d);
  const V flip = smallest ? hn::SignBit(d) : hn::Zero(d);
  V best[kVectors];
  hn::Vec<decltype(du)> index[kVectors];
  for (std::size_t k = 0; k < kVectors; ++k) {
    best[k] = hn::Xor(load(x + k * lanes), flip);
    index[k] = hn::Zero(du);
  }
  for (std::size_t row = 1; row < rows; ++row) {
    x += stride;
    const auto here = hn::Set(du, static_cast<std::uint32_t>(row));
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kVectors; ++k) {
      const V v = hn::Xor(load(x + k * lanes), flip);
      // Not below, which NaN is not either, unless NaN has been found.
      const auto better = hn::AndNot(hn::Le(v, best[k]), hn::Eq(best[k], best[k]));
      best[k] = hn::IfThenElse(better, v, best[k]);
      index[k] = hn::IfThenElse(hn::RebindMask(du, better), here, index[k]);
    }
  }
  for (std::size_t k = 0; k < kVectors; ++k) store(index[k], found + k * lanes);
}

void FindExtremeRows(bool smallest, const float* x, std::uint32_t* found, std::size_t rows, std::size_t count,
                     std::ptrdiff_t stride) {
  constexpr std::size_t kVectors = 4;
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [d](const float* from) HWY_ATTR { return hn::LoadU(d, from); };
  const hn::RebindToUnsigned<Tag> du;
  using Indices = hn::Vec<decltype(du)>;
  const auto store = [du](Indices v, std::uint32_t* to) HWY_ATTR { hn::StoreU(v, du, to); };
  std::size_t i = 0;
  for (; i + kVectors * lanes <= count; i += kVectors * lanes) {
    FindInVectors<kVectors>(smallest, x + i, found + i, rows, stride, load, store);
  }
  for (; i < count; i += lanes) {
    const std::size_t left = std::min(lanes, count - i);
    FindInVectors<1>(
        smallest, x + i, found + i, rows, stride,
        [=](const float* from) HWY_ATTR { return left < lanes ? LoadPartial(d, from, left) : hn::LoadU(d, from); },
        [=](Indices v, std::uint32_t* to) HWY_ATTR {
          HWY_ALIGN std::uint32_t buffer[hn::MaxLanes(du)];
          hn::Store(v, du, buffer);
          std::copy_n(buffer, left, to);
        });
  }
}

// Of kVectors neighbouring vectors, whose totals stay in registers.
template <std::size_t kVectors>
void AccumulateVectors(const float* x, double* totals, float* y, std::size_t rows, std::ptrdiff_t stride) {
  const Tag d;
  const DoubleTag dd;
  constexpr std::size_t kParts = Doubles<Tag>::kParts;
  const std::size_t lanes = hn::Lanes(d);
  VD lower[kVectors], upper[kVectors];
  for (std::size_t k = 0; k < kVectors; ++k) {
    lower[k] = hn::LoadU(dd, totals + k * lanes);
    upper[k] = hn::LoadU(dd, totals + k * lanes + hn::Lanes(dd) * (kParts - 1));
  }
  for (std::size_t row = 0; row < rows; ++row, x += stride, y += stride) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kVectors; ++k) {
      const V v = hn::LoadU(d, x + k * lanes);
      lower[k] = hn::Add(lower[k], PromoteLower(d, v));
      if constexpr (kParts == 2) upper[k] = hn::Add(upper[k], PromoteUpper(d, v));
      hn::StoreU(Demote(d, lower[k], upper[k]), d, y + k * lanes);
    }
  }
  for (std::size_t k = 0; k < kVectors; ++k) {
    if constexpr (kParts == 2) hn::StoreU(upper[k], dd, totals + k * lanes + hn::Lanes(dd));
    hn::StoreU(lower[k], dd, totals + k * lanes);
  }
}

void Accumulate(const float* x, double* totals, float* y, std::size_t rows, std::size_t count, std::ptrdiff_t stride) {
  constexpr std::size_t kVectors = 4;
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + kVectors * lanes <= count; i += kVectors * lanes)
    AccumulateVectors<kVectors>(x + i, totals + i, y + i, rows, stride);
  for (; i + lanes <= count; i += lanes) AccumulateVectors<1>(x + i, totals + i, y + i, rows, stride);
  for (; i < count; ++i) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row) * stride + static_cast<std::ptrdiff_t>(i);
      y[at] = static_cast<float>(totals[i] += static_cast<double>(x[at]));
    }
  }
}

ExponentialSum SumExponentials(const float* x, double maximum, std::size_t count) {
  return {ReduceRun(CountOf{{}, maximum}, x, count), ReduceRun(SumOfExponentials{{}, maximum}, x, count)};
}

// `count` neighbouring results, Lanes at most.
void SumExponentialsOfVector(const float* x, const double* maxima, ExponentialSum* results, const Columns& columns,
                             std::size_t count) {
  const Tag d;
  const DoubleTag dd;
  const bool whole = count >= hn::Lanes(d);
  const std::size_t second = hn::Lanes(dd) * (Doubles<Tag>::kParts - 1);
  HWY_ALIGN double maximum[2 * hn::MaxLanes(dd)] = {};
  for (std::size_t i = 0; i < count && i < hn::Lanes(d); ++i) maximum[i] = maxima[i];
  const VD lower_from = hn::Load(dd, maximum), upper_from = hn::Load(dd, maximum + second);
  const VD one = hn::Set(dd, 1.0);
  VD lower = hn::Zero(dd), upper = lower, lower_equal = lower, upper_equal = lower;
  for (std::size_t row = 0; row < columns.rows; ++row) {
    const float* from = x + row * columns.stride;
    const V v = whole ? hn::LoadU(d, from) : LoadPartial(d, from, count);
    const VD low = PromoteLower(d, v), high = PromoteUpper(d, v);
    lower = hn::Add(lower, ExponentialBelow(dd, low, lower_from));
    upper = hn::Add(upper, ExponentialBelow(dd, high, upper_from));
    lower_equal = hn::Add(lower_equal, hn::IfThenElseZero(hn::Eq(low, lower_from), one));
    upper_equal = hn::Add(upper_equal, hn::IfThenElseZero(hn::Eq(high, upper_from), one));
  }
  HWY_ALIGN double others[2 * hn::MaxLanes(dd)], equal[2 * hn::MaxLanes(dd)];
  hn::Store(upper, dd, others + second);
  hn::Store(lower, dd, others);
  hn::Store(upper_equal, dd, equal + second);
  hn::Store(lower_equal, dd, equal);
  for (std::size_t i = 0; i < count && i < hn::Lanes(d); ++i) results[i] = {equal[i], others[i]};
}

void SumExponentialsOfColumns(const float* x, const double* maxima, ExponentialSum* results, std::size_t rows,
                              std::size_t count, std::size_t stride) {
  for (std::size_t i = 0; i < count; i += hn::Lanes(Tag())) {
    SumExponentialsOfVector(x + i, maxima + i, results + i, {rows, stride}, count - i);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ReduceRows);
LINNET_EXPORT(ReduceColumns);
LINNET_EXPORT(FindExtremeRows);
LINNET_EXPORT(Accumulate);
LINNET_EXPORT(SumExponentials);
LINNET_EXPORT(SumExponentialsOfColumns);

ExponentialSum sum_exponentials(const float* x, double maximum, std::size_t count) {
  return LINNET_DISPATCH(SumExponentials)(x, maximum, count);
}

void sum_exponentials_of_columns(const float* x, const double* maxima, ExponentialSum* results, std::size_t rows,
                                 std::size_t count, std::size_t stride) {
  LINNET_DISPATCH(SumExponentialsOfColumns)(x, maxima, results, rows, count, stride);
}

double reduce_row(ReduceKind kind, const float* x, std::size_t count) {
  double result;
  reduce_rows(kind, x, &result, 1, count);
  return result;
}

void reduce_rows(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count) {
  LINNET_DISPATCH(ReduceRows)(kind, x, results, rows, count);
}

void reduce_columns(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count,
                    std::size_t stride) {
  LINNET_DISPATCH(ReduceColumns)(kind, x, results, rows, count, stride);
}

void find_extreme_rows(bool smallest, const float* x, std::uint32_t* found, std::size_t rows, std::size_t count,
                       std::ptrdiff_t stride) {
  LINNET_DISPATCH(FindExtremeRows)(smallest, x, found, rows, count, stride);
}

void accumulate(const float* x, double* totals, float* y, std::size_t rows, std::size_t count, std::ptrdiff_t stride) {
  LINNET_DISPATCH(Accumulate)(x, totals, y, rows, count, stride);
}

namespace {

template <typename T>
T joined(ReduceKind kind, T first, T second) {
  switch (kind) {
    case ReduceKind::kSum:
    case ReduceKind::kSumOfMagnitudes:
    case ReduceKind::kSumOfSquares:
      break;
    case ReduceKind::kProduct:
      return first * second;
    case ReduceKind::kMaximum:
      return std::isnan(first) || first > second ? first : second;
    case ReduceKind::kMinimum:
      return std::isnan(first) || first < second ? first : second;
  }
  return first + second;
}

}  // namespace

double join_reduced(ReduceKind kind, double first, double second) { return joined(kind, first, second); }

long double join_reduced(ReduceKind kind, long double first, long double second) { return joined(kind, first, second); }

void join_reduced(ReduceKind kind, double* results, const double* second, std::size_t count) {
  if (kind == ReduceKind::kSum || kind == ReduceKind::kSumOfMagnitudes || kind == ReduceKind::kSumOfSquares) {
    for (std::size_t i = 0; i < count; ++i) results[i] += second[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) results[i] = join_reduced(kind, results[i], second[i]);
  }
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
