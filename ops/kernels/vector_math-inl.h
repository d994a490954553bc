// Small vector helpers that the kernels share; V is a vector of float32 for the tag D. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "ops/kernels/stream.hpp"

#if defined(LINNET_OPS_KERNELS_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_VECTOR_MATH_INL_H_
#undef LINNET_OPS_KERNELS_VECTOR_MATH_INL_H_
#else
#define LINNET_OPS_KERNELS_VECTOR_MATH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// max(v, bound) and min(v, bound) that keep NaN in v, and v where both are equal. (x86's max and min return their
// second operand in these cases; elsewhere Highway's drop NaN or choose among zeros.)
template <class V>
HWY_INLINE V AtLeast(V bound, V v) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Max(bound, v);
#else
  return hn::IfThenElse(hn::Lt(v, bound), bound, v);
#endif
}

template <class V>
HWY_INLINE V AtMost(V bound, V v) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Min(bound, v);
#else
  return hn::IfThenElse(hn::Gt(v, bound), bound, v);
#endif
}

// The larger one, NaN if one is NaN.
template <class V>
HWY_INLINE V LargerOf(V a, V b) {
  return hn::IfThenElse(hn::IsNaN(b), b, AtLeast(b, a));
}

// The unevaluated sum of two floats, `low` being small beside `high`.
template <class V>
struct TwoFloats {
  V high;
  V low;
};

// Doubles beside the floats of a tag: `kParts` vectors of double hold the lanes of one vector of float.
template <class D>
struct Doubles {
#if HWY_TARGET == HWY_SCALAR
  using Tag = hn::Rebind<double, D>;
  static constexpr std::size_t kParts = 1;
#else
  using Tag = hn::Repartition<double, D>;
  static constexpr std::size_t kParts = 2;
#endif
  using V = hn::Vec<Tag>;
};

template <class D>
HWY_INLINE hn::Vec<typename Doubles<D>::Tag> PromoteLower(D d, hn::Vec<D> v) {
  const typename Doubles<D>::Tag dd;
  (void)d;
#if HWY_TARGET == HWY_SCALAR
  return hn::PromoteTo(dd, v);
#else
  return hn::PromoteTo(dd, hn::LowerHalf(hn::Half<D>(), v));
#endif
}

// Zero for a tag whose lanes all fit PromoteLower.
template <class D>
HWY_INLINE hn::Vec<typename Doubles<D>::Tag> PromoteUpper(D d, hn::Vec<D> v) {
  const typename Doubles<D>::Tag dd;
  (void)d;
#if HWY_TARGET == HWY_SCALAR
  (void)v;
  return hn::Zero(dd);
#else
  return hn::PromoteTo(dd, hn::UpperHalf(hn::Half<D>(), v));
#endif
}

// Rounds both halves back to floats. (Highway's scalar DemoteTo would turn infinities into the largest float.)
template <class D, class VD = hn::Vec<typename Doubles<D>::Tag>>
HWY_INLINE hn::Vec<D> Demote(D d, VD lower, VD upper) {
#if HWY_TARGET == HWY_SCALAR
  (void)upper;
  return hn::Set(d, static_cast<float>(hn::GetLane(lower)));
#else
  const hn::Half<D> half;
  return hn::Combine(d, hn::DemoteTo(half, upper), hn::DemoteTo(half, lower));
#endif
}

// a * b + c with the product unrounded. Where the CPU has no FMA, through doubles: the product is exact there, and the
// sum is rounded to 53 bits before it is rounded to 24, an error of at most (0.5 + 2^-29) ULP.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExactMulAdd(D d, V a, V b, V c) {
#if HWY_NATIVE_FMA
  (void)d;
  return hn::MulAdd(a, b, c);
#else
  const auto lower = hn::Add(hn::Mul(PromoteLower(d, a), PromoteLower(d, b)), PromoteLower(d, c));
  const auto upper = hn::Add(hn::Mul(PromoteUpper(d, a), PromoteUpper(d, b)), PromoteUpper(d, c));
  return Demote(d, lower, upper);
#endif
}

// c - a * b likewise. (Negating an operand would be an instruction of its own.)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExactNegMulAdd(D d, V a, V b, V c) {
#if HWY_NATIVE_FMA
  (void)d;
  return hn::NegMulAdd(a, b, c);
#else
  return ExactMulAdd(d, hn::Neg(a), b, c);
#endif
}

// -|v|: the sign bit set.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V MinusAbs(D d, V v) {
  return hn::Or(v, hn::SignBit(d));
}

// The first `count` elements at `from`, zeros in the other lanes. Requires: 0 < count < Lanes(d). Reads no further.
template <class D>
HWY_INLINE hn::Vec<D> LoadPartial(D d, const float* HWY_RESTRICT from, std::size_t count) {
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, count), d, from);
#else
  HWY_ALIGN float buffer[hn::MaxLanes(d)] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = from[i];
  return hn::Load(d, buffer);
#endif
}

// Whether kernels of this target stream at all: CPUs without AVX2 or NEON do not earn the second form of every loop.
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM
constexpr bool kTargetStreams = HWY_TARGET != HWY_SCALAR;
#else
constexpr bool kTargetStreams = false;
#endif

// Writes a whole vector; to its own boundary where it is streamed.
template <Stores kStores, class D>
HWY_INLINE void StoreVector(D d, hn::Vec<D> v, float* to) {
  if constexpr (kStores == Stores::kStreamed) {
    hn::Stream(v, d, to);
  } else {
    hn::StoreU(v, d, to);
  }
}

// How many of the `count` elements from `to` on stand before the first that a whole vector may be stored to.
template <Stores kStores, class D>
HWY_INLINE std::size_t ElementsBeforeVector(D d, const float* to, std::size_t count) {
  if constexpr (kStores == Stores::kCached) return 0;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t misplaced = reinterpret_cast<std::uintptr_t>(to) / sizeof(float) % lanes;
  return misplaced == 0 ? 0 : std::min(count, lanes - misplaced);
}

// Writes the first `count` lanes to `to`, and nothing else. Requires: 0 < count < Lanes(d).
template <class D>
HWY_INLINE void StorePartial(D d, hn::Vec<D> v, float* HWY_RESTRICT to, std::size_t count) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(d, count), d, to);
#else
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  hn::Store(v, d, buffer);
  for (std::size_t i = 0; i < count; ++i) to[i] = buffer[i];
#endif
}

// The same with more code, for rows of a few vectors: AVX2's masked store takes some 40 operations on AMD's CPUs, so
// the lanes are written by halves.
template <class D>
HWY_NOINLINE void StoreEdge(D d, hn::Vec<D> v, float* HWY_RESTRICT to, std::size_t count) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (hn::MaxLanes(d) != 1) {
    constexpr hn::Half<D> half;
    auto rest = hn::LowerHalf(half, v);
    if (count >= hn::MaxLanes(half)) {
      hn::StoreU(rest, half, to);
      rest = hn::UpperHalf(half, v);
      to += hn::MaxLanes(half);
      count -= hn::MaxLanes(half);
    }
    if (count != 0) StoreEdge(half, rest, to, count);
  }
#else
  StorePartial(d, v, to, count);
#endif
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_VECTOR_MATH_INL_H_
