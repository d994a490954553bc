// Reductions in double, on single numbers and on vectors. Per-target: see README.md.
//
// A reduction is a struct of two functions: term(x), what an element contributes, and join(a, b); and of the number
// `start`, which changes nothing when it is joined.
#include "ops/kernels/highway_config.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "hwy/highway.h"
#include "ops/kernels/double_exp-inl.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_REDUCTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_REDUCTION_INL_H_
#undef LINNET_OPS_KERNELS_REDUCTION_INL_H_
#else
#define LINNET_OPS_KERNELS_REDUCTION_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = Doubles<hn::ScalableTag<float>>::Tag;
using VD = hn::Vec<DoubleTag>;

struct Sum {
  double start = 0;
  HWY_INLINE double term(double x) const { return x; }
  HWY_INLINE VD term(VD x) const { return x; }
  HWY_INLINE double join(double a, double b) const { return a + b; }
  template <class W>
  HWY_INLINE W join(W a, W b) const {
    return hn::Add(a, b);
  }
};

struct SumOfSquaredDistances : Sum {
  double from = 0;
  HWY_INLINE double term(double x) const { return (x - from) * (x - from); }
  HWY_INLINE VD term(VD x) const {
    const VD distance = hn::Sub(x, hn::Set(DoubleTag(), from));
    return hn::Mul(distance, distance);
  }
};

struct SumOfMagnitudes : Sum {
  HWY_INLINE double term(double x) const { return std::fabs(x); }
  HWY_INLINE VD term(VD x) const { return hn::Abs(x); }
};

struct SumOfSquares : Sum {
  HWY_INLINE double term(double x) const { return x * x; }
  HWY_INLINE VD term(VD x) const { return hn::Mul(x, x); }
};

struct Product {
  double start = 1;
  HWY_INLINE double term(double x) const { return x; }
  HWY_INLINE VD term(VD x) const { return x; }
  HWY_INLINE double join(double a, double b) const { return a * b; }
  template <class W>
  HWY_INLINE W join(W a, W b) const {
    return hn::Mul(a, b);
  }
};

// How many numbers equal `from`.
struct CountOf : Sum {
  double from = 0;
  HWY_INLINE double term(double x) const { return x == from ? 1 : 0; }
  HWY_INLINE VD term(VD x) const {
    const DoubleTag dd;
    return hn::IfThenElseZero(hn::Eq(x, hn::Set(dd, from)), hn::Set(dd, 1.0));
  }
};

// e^(x - from) for x < from, 0 for x = from.
template <class DD, class V = hn::Vec<DD>>
HWY_INLINE V ExponentialBelow(DD dd, V x, V from) {
  return hn::IfThenZeroElse(hn::Eq(x, from), Whole(ClampedExp(dd, hn::Sub(x, from), -700.0, 0.0)));
}

struct SumOfExponentials : Sum {
  double from = 0;
  HWY_INLINE double term(double x) const {
    const hn::CappedTag<double, 1> one;
    return hn::GetLane(ExponentialBelow(one, hn::Set(one, x), hn::Set(one, from)));
  }
  HWY_INLINE VD term(VD x) const {
    const DoubleTag dd;
    return ExponentialBelow(dd, x, hn::Set(dd, from));
  }
};

// AtLeast and AtMost keep NaN in their second operand only.
struct Maximum {
  double start = -std::numeric_limits<double>::infinity();
  HWY_INLINE double term(double x) const { return x; }
  HWY_INLINE VD term(VD x) const { return x; }
  HWY_INLINE double join(double a, double b) const { return std::isnan(a) || a > b ? a : b; }
  template <class W>
  HWY_INLINE W join(W a, W b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtLeast(a, b));
  }
};

struct Minimum {
  double start = std::numeric_limits<double>::infinity();
  HWY_INLINE double term(double x) const { return x; }
  HWY_INLINE VD term(VD x) const { return x; }
  HWY_INLINE double join(double a, double b) const { return std::isnan(a) || a < b ? a : b; }
  template <class W>
  HWY_INLINE W join(W a, W b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtMost(a, b));
  }
};

// Of the lanes of a vector, its upper half joined to its lower one.
template <class Reduction, class DD>
HWY_INLINE double JoinLanes(const Reduction& reduction, DD dd, hn::Vec<DD> v) {
  if constexpr (hn::MaxLanes(dd) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<DD> half;
    return JoinLanes(reduction, half, reduction.join(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Of x[0 .. count), in the order that reduce_rows promises.
template <class Reduction>
HWY_INLINE double ReduceRun(const Reduction& reduction, const float* x, std::size_t count) {
  const hn::ScalableTag<float> d;
  const DoubleTag dd;
  constexpr std::size_t kPartialResults = 16;
  constexpr std::size_t kParts = Doubles<hn::ScalableTag<float>>::kParts;
  constexpr std::size_t kVectors = kPartialResults / hn::MaxLanes(d);
  [[maybe_unused]] constexpr int kUnrolled = HWY_TARGET == HWY_SCALAR ? 1 : 16;  // no registers hold so many scalars
  VD results[kVectors * kParts];
  for (VD& result : results) result = hn::Set(dd, reduction.start);
  std::size_t i = 0;
  for (; i + kPartialResults <= count; i += kPartialResults) {
#pragma GCC unroll kUnrolled
    for (std::size_t k = 0; k < kVectors; ++k) {
      const auto v = hn::LoadU(d, x + i + k * hn::Lanes(d));
      VD& lower = results[k * kParts];
      lower = reduction.join(lower, reduction.term(PromoteLower(d, v)));
      if (kParts == 1) continue;
      VD& upper = results[k * kParts + kParts - 1];
      upper = reduction.join(upper, reduction.term(PromoteUpper(d, v)));
    }
  }
  // What is left goes to the first partial results.
  constexpr std::size_t kHalf = hn::MaxLanes(dd);
  const auto add_some = [&](VD& result, VD more, std::size_t lanes) HWY_ATTR {
    result = hn::IfThenElse(hn::FirstN(dd, lanes), reduction.join(result, reduction.term(more)), result);
  };
  for (std::size_t k = 0; k < kVectors && i < count; ++k, i += hn::Lanes(d)) {
    const std::size_t left = std::min(count - i, hn::Lanes(d));
    const auto v = LoadPartial(d, x + i, left);
    add_some(results[k * kParts], PromoteLower(d, v), std::min(left, kHalf));
    if (kParts == 2 && left > kHalf) add_some(results[k * kParts + 1], PromoteUpper(d, v), left - kHalf);
  }
#pragma GCC unroll kUnrolled
  for (std::size_t width = kVectors * kParts / 2; width != 0; width /= 2) {
    for (std::size_t k = 0; k < width; ++k) results[k] = reduction.join(results[k], results[k + width]);
  }
  return JoinLanes(reduction, dd, results[0]);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_REDUCTION_INL_H_
