// What the terms of a softmax are, and what sums of them are. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"
#include "ops/kernels/exp-inl.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_SOFTMAX_TERMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_SOFTMAX_TERMS_INL_H_
#undef LINNET_OPS_KERNELS_SOFTMAX_TERMS_INL_H_
#else
#define LINNET_OPS_KERNELS_SOFTMAX_TERMS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;
using VD = hn::Vec<Doubles<Tag>::Tag>;

// Vectors in memory, of which the last may be partial.
template <class D>
HWY_INLINE hn::Vec<D> LoadUpTo(D d, const float* from, std::size_t count) {
  return count < hn::Lanes(d) ? LoadPartial(d, from, count) : hn::LoadU(d, from);
}
template <class D>
HWY_INLINE void StoreUpTo(D d, hn::Vec<D> v, float* to, std::size_t count) {
  if (count < hn::Lanes(d)) return StorePartial(d, v, to, count);
  hn::StoreU(v, d, to);
}

// What the terms of a softmax are measured by. A softmax is the same whatever all of its terms are multiplied by, so
// they are e^x 2^(64 - N) with N = round(m / ln 2), m the maximum: nothing is subtracted, and nothing rounded before
// ReduceExp, whose n has to be below 512. For m beyond [-220, 260] all terms that can matter are within a factor of 2
// of m, so x - m is exact, and they are 2^64 e^(x - m).
template <class D>
struct Level {
  hn::Vec<D> shift;   // 0 or m
  hn::Vec<D> least;   // of x - shift: even 10^6 terms from there on sum to less than half the least denormal
  Exponent<D> power;  // N - 64 or -64
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Level<D> LevelAt(D d, V m) {
  const auto is_near = hn::Le(hn::Abs(hn::Sub(m, hn::Set(d, 20.0f))), hn::Set(d, 240.0f));
  const V near = hn::IfThenElseZero(is_near, m);
  const Exponent<D> power = hn::Sub(ReduceExp(d, near).n, hn::Set(hn::DFromV<Exponent<D>>(), 64));
  return {hn::IfThenZeroElse(is_near, m), hn::Sub(near, hn::Set(d, 127.0f)), power};
}

// The term of x, within 0.9 ULP; in [2^63, 2^65] for the maximum. The factor 2^64 keeps all terms that can matter
// normal.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Term(D d, V x, const Level<D>& level) {
  const ReducedExp<D> e = ReduceExp(d, AtLeast(level.least, hn::Sub(x, level.shift)));
#if HWY_TARGET == HWY_AVX3
  const V scale = ScaleByPower(hn::Set(d, 1.0f), hn::Sub(e.n, level.power));
#else
  const V scale = PowerOfTwo(d, hn::Sub(e.n, level.power));
#endif
  return hn::MulAdd(scale, e.q, scale);
}

// The term of the maximum.
double LargestTerm(float m) {
  using One = hn::CappedTag<float, 1>;
  const auto maximum = hn::Set(One(), m);
  return static_cast<double>(hn::GetLane(Term(One(), maximum, LevelAt(One(), maximum))));
}

// The sum of all lanes of two vectors of doubles, halves first: lane k and lane k + half, and so on.
template <class VD>
HWY_INLINE double TotalOfLanes(VD lower, VD upper) {
  return hn::GetLane(hn::SumOfLanes(hn::DFromV<VD>(), hn::Add(lower, upper)));
}

// A sum in double per lane of float.
struct Sums {
  VD lower;
  VD upper;

  HWY_INLINE Sums() : lower(hn::Zero(Doubles<Tag>::Tag())), upper(hn::Zero(Doubles<Tag>::Tag())) {}
  HWY_INLINE void Add(Tag d, V v) {
    lower = hn::Add(lower, PromoteLower(d, v));
    upper = hn::Add(upper, PromoteUpper(d, v));
  }
};

// The sum over a row as ReduceRun (reduction-inl.h) adds it, on every instruction set: sixteen partial sums, of the
// elements whose index is 0, 1, ... 15 modulo 16, joined as a binary tree. A vector holds `Lanes` of the sixteen.
constexpr std::size_t kPartialSums = 16;
constexpr std::size_t kSumVectors = kPartialSums / hn::MaxLanes(Tag());
// One by one on the scalar target, whose sums no registers hold.
constexpr int kUnrolled = HWY_TARGET == HWY_SCALAR ? 1 : 16;
// Of steps of sixteen elements: two vectors at least, whose chains are woven into each other.
constexpr int kSteps = kSumVectors == 1 ? 2 : 1;

struct RowSums {
  Sums sums[kSumVectors];

  HWY_INLINE RowSums() {}
  HWY_INLINE double Total() const {
    VD lower[kSumVectors], upper[kSumVectors];
    for (std::size_t k = 0; k < kSumVectors; ++k) {
      lower[k] = sums[k].lower;
      upper[k] = sums[k].upper;
    }
    for (std::size_t width = kSumVectors / 2; width != 0; width /= 2) {
      for (std::size_t k = 0; k < width; ++k) {
        lower[k] = hn::Add(lower[k], lower[k + width]);
        upper[k] = hn::Add(upper[k], upper[k + width]);
      }
    }
    return TotalOfLanes(lower[0], upper[0]);
  }
};

// The partial sums of a block of numbers in [0, 2^65], in float: fewer operations than to widen each. A sum starts from
// 2^65, so it is never less than what is added, and what an addition rounds away is the exact result of two more. These
// rests are summed beside it. They are 2^41 at most, and of a block's 64 the sum errs by 2^-19 of itself: a number
// counts for 2^22 too little or too much, which is below 2^-31 of the total where there are 1,024 and one is 2^63.
struct BlockSums {
  static constexpr std::size_t kMostNumbers = 1024;
  static constexpr double kErrorOfNumber = 0x1p22;
  static constexpr float kStart = 0x1p65f;
  V sums[kSumVectors];
  V rests[kSumVectors];

  HWY_INLINE BlockSums() {
    const Tag d;
    for (V& sum : sums) sum = hn::Set(d, kStart);
    for (V& rest : rests) rest = hn::Zero(d);
  }
  HWY_INLINE void Add(std::size_t k, V v) {
    const V sum = hn::Add(sums[k], v);
    rests[k] = hn::Add(rests[k], hn::Sub(v, hn::Sub(sum, sums[k])));
    sums[k] = sum;
  }
  HWY_INLINE void AddTo(RowSums& row) const {
    const Tag d;
    for (std::size_t k = 0; k < kSumVectors; ++k) {
      row.sums[k].Add(d, hn::Sub(sums[k], hn::Set(d, kStart)));  // exact
      row.sums[k].Add(d, rests[k]);
    }
  }
};

// Calls term(i, left, k) for every vector of a row that begins at element i and has `left` elements before it, which
// may be fewer than its lanes; what it holds belongs to partial sums k Lanes, k Lanes + 1, ...
template <class Term>
HWY_INLINE void ForRowVectors(std::size_t count, const Term& term) {
  const std::size_t lanes = hn::Lanes(Tag());
  std::size_t i = 0;
#pragma GCC unroll kSteps
  for (; i + kPartialSums <= count; i += kPartialSums) {
#pragma GCC unroll kUnrolled
    for (std::size_t k = 0; k < kSumVectors; ++k) term(i + k * lanes, kPartialSums, k);
  }
#pragma GCC unroll kUnrolled
  for (std::size_t k = 0; k < kSumVectors; ++k) {
    if (i + k * lanes < count) term(i + k * lanes, count - i - k * lanes, k);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_SOFTMAX_TERMS_INL_H_
