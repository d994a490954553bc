#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/reduction_double.cpp"

#include "ops/kernels/reduction_double.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using V = hn::Vec<Tag>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
constexpr std::size_t kColumns = 8;  // whose chains overlap
constexpr std::size_t kVectors = kColumns / kLanes;

// Sums, and what their additions rounded away: Knuth's two-sum, for numbers of any size.
struct Sums {
  V sum[kVectors], rest[kVectors];
  V counted;  // the bits of x that count: all but the sign, of magnitudes
  V squared;  // all bits, of squares

  HWY_INLINE explicit Sums(ReduceKind kind) {
    const V all = hn::Not(hn::Zero(Tag()));
    for (std::size_t k = 0; k < kVectors; ++k) sum[k] = rest[k] = hn::Zero(Tag());
    counted = kind == ReduceKind::kSumOfMagnitudes ? hn::Abs(all) : all;
    squared = kind == ReduceKind::kSumOfSquares ? all : hn::Zero(Tag());
  }
  HWY_INLINE void Join(std::size_t k, V x) {
    x = hn::Mul(hn::And(x, counted), hn::IfVecThenElse(squared, x, hn::Set(Tag(), 1.0)));
    const V total = hn::Add(sum[k], x);
    const V seen = hn::Sub(total, sum[k]);
    rest[k] = hn::Add(rest[k], hn::Add(hn::Sub(sum[k], hn::Sub(total, seen)), hn::Sub(x, seen)));
    sum[k] = total;
  }
  HWY_INLINE void Finish() {}
};

// The largest number, or with all signs turned; NaN once one has been seen. Of zeros any.
struct Extremes {
  V sum[kVectors], rest[kVectors];  // the latter is zero
  V turned;

  HWY_INLINE explicit Extremes(ReduceKind kind) {
    for (std::size_t k = 0; k < kVectors; ++k) {
      sum[k] = hn::Set(Tag(), -std::numeric_limits<double>::infinity());
      rest[k] = hn::Zero(Tag());
    }
    turned = kind == ReduceKind::kMinimum ? hn::SignBit(Tag()) : hn::Zero(Tag());
  }
  HWY_INLINE void Join(std::size_t k, V x) {
    x = hn::Xor(x, turned);
    sum[k] = hn::IfThenElse(hn::Or(hn::Gt(x, sum[k]), hn::IsNaN(x)), x, sum[k]);
  }
  HWY_INLINE void Finish() {}
};

#if HWY_NATIVE_FMA
// Products, and what their multiplications rounded away. 0 where a product on the way was so small that this may have
// been lost.
struct Products {
  V sum[kVectors], rest[kVectors], least[kVectors];

  HWY_INLINE explicit Products(ReduceKind) {
    for (std::size_t k = 0; k < kVectors; ++k) {
      sum[k] = least[k] = hn::Set(Tag(), 1.0);
      rest[k] = hn::Zero(Tag());
    }
  }
  HWY_INLINE void Join(std::size_t k, V x) {
    const V product = hn::Mul(sum[k], x);
    rest[k] = hn::MulAdd(rest[k], x, hn::MulSub(sum[k], x, product));
    sum[k] = product;
    least[k] = hn::Min(least[k], hn::Abs(product));
  }
  HWY_INLINE void Finish() {
    for (std::size_t k = 0; k < kVectors; ++k)
      sum[k] = hn::IfThenZeroElse(hn::Lt(least[k], hn::Set(Tag(), 0x1p-900)), sum[k]);
  }
};
#endif

template <class State>
HWY_INLINE void JoinRows(ReduceKind kind, const double* x, double* sums, double* rests, std::size_t rows,
                         std::size_t stride) {
  constexpr std::size_t kRowsAhead = 4;
  State state(kind);
  for (std::size_t row = 0; row < rows; ++row) {
    hwy::Prefetch(x + std::min(row + kRowsAhead, rows - 1) * stride);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kVectors; ++k) state.Join(k, hn::LoadU(Tag(), x + row * stride + k * kLanes));
  }
  state.Finish();
#pragma GCC unroll 8
  for (std::size_t k = 0; k < kVectors; ++k) {
    hn::StoreU(state.sum[k], Tag(), sums + k * kLanes);
    hn::StoreU(state.rest[k], Tag(), rests + k * kLanes);
  }
}

// Of kColumns neighbouring columns.
void ReduceEight(ReduceKind kind, const double* x, double* sums, double* rests, std::size_t rows, std::size_t stride) {
  if (kind == ReduceKind::kMaximum || kind == ReduceKind::kMinimum) {
    return JoinRows<Extremes>(kind, x, sums, rests, rows, stride);
  }
  if (kind == ReduceKind::kProduct) {
#if HWY_NATIVE_FMA
    JoinRows<Products>(kind, x, sums, rests, rows, stride);
#else
    std::fill_n(sums, kColumns, 0.0);  // unsure
#endif
    return;
  }
  JoinRows<Sums>(kind, x, sums, rests, rows, stride);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ReduceEight);

namespace {

constexpr std::size_t kEight = 8;

bool is_extreme(ReduceKind kind) { return kind == ReduceKind::kMaximum || kind == ReduceKind::kMinimum; }

// One after the other.
struct Reduced {
  ReduceKind kind;
  long double value;

  explicit Reduced(ReduceKind of) : kind(of), value(0) {
    constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
    if (is_extreme(kind)) value = kind == ReduceKind::kMaximum ? -kInfinity : kInfinity;
    if (kind == ReduceKind::kProduct) value = 1;
  }
  void join(long double number) {
    switch (kind) {
      case ReduceKind::kProduct:
        value *= number;
        break;
      case ReduceKind::kMaximum:
        if (!std::isnan(value) && (number > value || std::isnan(number))) value = number;
        break;
      case ReduceKind::kMinimum:
        if (!std::isnan(value) && (number < value || std::isnan(number))) value = number;
        break;
      case ReduceKind::kSumOfMagnitudes:
        value += std::fabs(number);
        break;
      case ReduceKind::kSumOfSquares:
        value += number * number;
        break;
      default:
        value += number;
    }
  }
};

// Whether a reduction in double overflowed, let squares or products lose digits, or chose among zeros of both signs.
bool is_unsure(ReduceKind kind, double sum) {
  if (is_extreme(kind)) return sum == 0;
  if (kind == ReduceKind::kProduct) return !(std::fabs(sum) > 0x1p-900 && std::fabs(sum) < 0x1p1000);
  return !std::isfinite(sum) || (kind == ReduceKind::kSumOfSquares && sum < 0x1p-900);
}

long double reduce_plainly(ReduceKind kind, const double* x, std::size_t rows, std::size_t stride) {
  Reduced all(kind);
  for (std::size_t row = 0; row < rows; ++row) all.join(x[row * stride]);
  return all.value;
}

// Eight partial results, of the elements whose index is 0, 1, ... 7 modulo 8, joined one after the other.
long double reduce_row(ReduceKind kind, const double* x, std::size_t count) {
  double sums[kEight], rests[kEight];
  const std::size_t rows = count / kEight;
  LINNET_DISPATCH(ReduceEight)(kind, x, sums, rests, rows, kEight);
  Reduced all(kind);
  for (std::size_t i = 0; i < kEight; ++i) {
    if (is_unsure(kind, sums[i])) return reduce_plainly(kind, x, count, 1);
    if (kind == ReduceKind::kProduct) {
      all.join(static_cast<long double>(sums[i]) + static_cast<long double>(rests[i]));
    } else if (is_extreme(kind)) {
      all.join(kind == ReduceKind::kMinimum ? -sums[i] : sums[i]);
    } else {
      all.value += static_cast<long double>(sums[i]);
      all.value += static_cast<long double>(rests[i]);
    }
  }
  for (std::size_t i = rows * kEight; i < count; ++i) all.join(x[i]);
  return all.value;
}

}  // namespace

void reduce_doubles(ReduceKind kind, const double* x, long double* results, std::size_t rows, std::size_t count,
                    std::size_t stride) {
  if (stride == 1 && rows >= 2 * kEight) {
    results[0] = reduce_row(kind, x, rows);
    return;
  }
  std::size_t i = 0;
  for (; i + kEight <= count; i += kEight) {
    double sums[kEight], rests[kEight];
    LINNET_DISPATCH(ReduceEight)(kind, x + i, sums, rests, rows, stride);
    for (std::size_t k = 0; k < kEight; ++k) {
      const long double sum = kind == ReduceKind::kMinimum ? -sums[k] : sums[k];
      results[i + k] = is_unsure(kind, sums[k]) ? reduce_plainly(kind, x + i + k, rows, stride)
                                                : sum + static_cast<long double>(rests[k]);
    }
  }
  for (; i < count; ++i) results[i] = reduce_plainly(kind, x + i, rows, stride);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
