// e^x and what is made of it: Exp, Sigmoid, Tanh, Elu. Per-target: see README.md.
//
// All but Tanh near 0, and the pieces of AVX-512, start from e^x = 2^n (1 + q): n = round(x / ln 2), r = x - n ln 2 in
// [-0.347, 0.347], q = e^r - 1. The forms below differ in how they put 2^n and q together so that no rounding but the
// last one matters much: of a sum such as (2^n - 1) + 2^n q or (1 + 2^-n) + q one part is exact, or what it lost is
// known, and what the sum lost is added back.
#include "ops/kernels/highway_config.h"

#include "hwy/highway.h"
#include "ops/kernels/pieces-inl.h"
#include "ops/kernels/stages-inl.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_EXP_INL_H_
#undef LINNET_OPS_KERNELS_EXP_INL_H_
#else
#define LINNET_OPS_KERNELS_EXP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3

// The exponent n of 2^n, kept as a float for AVX-512's scalef: v * 2^n for any n, rounded once.
template <class D>
using Exponent = hn::Vec<D>;

template <std::size_t N>
HWY_INLINE hn::Vec128<float, N> ScaleByPower(hn::Vec128<float, N> v, hn::Vec128<float, N> n) {
  return hn::Vec128<float, N>{_mm_scalef_ps(v.raw, n.raw)};
}
HWY_INLINE hn::Vec256<float> ScaleByPower(hn::Vec256<float> v, hn::Vec256<float> n) {
  return hn::Vec256<float>{_mm256_scalef_ps(v.raw, n.raw)};
}
HWY_INLINE hn::Vec512<float> ScaleByPower(hn::Vec512<float> v, hn::Vec512<float> n) {
  return hn::Vec512<float>{_mm512_scalef_ps(v.raw, n.raw)};
}

// n as ReduceExp leaves it: an integer added to `shift` = 1.5 * 2^23.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Exponent<D> ExponentOf(D /*d*/, V shifted, V shift) {
  return hn::Sub(shifted, shift);
}

// 2^n for n <= 0; where n is below -100, 2^n or something smaller than 2^-99.
template <class D>
HWY_INLINE hn::Vec<D> PowerDown(D d, Exponent<D> n) {
  return ScaleByPower(hn::Set(d, 1.0f), n);
}

// v * 2^n, rounded once, for n in [-190, 0] and v in [2^-60, 2^60], or any v if n is 0.
template <class D>
HWY_INLINE hn::Vec<D> ScaleDown(D /*d*/, hn::Vec<D> v, Exponent<D> n) {
  return ScaleByPower(v, n);
}

// 1 / v to 2^-14 relative, for v in [2^-20, 2^20] or NaN: a table. (A division takes as long as ten multiplications.)
template <class V>
HWY_INLINE V RoughReciprocal(V v) {
  return hn::ApproximateReciprocal(v);
}

#else

template <class D>
using Exponent = hn::Vec<hn::RebindToSigned<D>>;

template <class D, class V = hn::Vec<D>>
HWY_INLINE Exponent<D> ExponentOf(D /*d*/, V shifted, V shift) {
  const hn::RebindToSigned<D> di;
  return hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, shift));
}

// 2^n for integers n in [-126, 127].
template <class D>
HWY_INLINE hn::Vec<D> PowerOfTwo(D d, Exponent<D> n) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

template <class D>
HWY_INLINE hn::Vec<D> PowerDown(D d, Exponent<D> n) {
  return PowerOfTwo(d, hn::Max(n, hn::Set(hn::RebindToSigned<D>(), -100)));
}

template <class D>
HWY_INLINE hn::Vec<D> ScaleDown(D d, hn::Vec<D> v, Exponent<D> n) {
  const hn::RebindToSigned<D> di;
  return hn::Mul(hn::Mul(v, PowerOfTwo(d, hn::Add(n, hn::Set(di, 64)))), hn::Set(d, 0x1p-64f));
}

template <class V>
HWY_INLINE V RoughReciprocal(V v) {
  return hn::Div(hn::Set(hn::DFromV<V>(), 1.0f), v);
}

#endif

template <class D>
struct ReducedExp {
  Exponent<D> n;     // e^x = 2^n * (1 + q + q_low)
  hn::Vec<D> q;      // -0.294 .. 0.415, or wider by `low`
  hn::Vec<D> q_low;  // what the last addition of q rounded away
};

// Reduces e^(x + low), where low is a small correction. Requires: |x| <= 2^14 and |x + low| / ln 2 rounds as x / ln 2
// does or nearly so; or NaN (q is NaN then, n is anything).
//
// Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. ln 2 = 0x1.62e4p-1 + 0x1.7f7d1cp-20 to 2^-44.
// The first part has 15 bits: its product with n and the subtraction from x are exact, with or without FMA, so `high`
// is exact and r = high + middle, where `middle` collects everything small. q = r + r^2 p(r) is summed as
// high + (middle + r^2 p(r)), so that the rounding of r does not count. p has degree 4 and is minimax over
// |r| <= 0.3475: q differs from e^r - 1 by 1.4e-8 of itself at most.
template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedExp<D> ReduceExp(D d, V x, V low) {
  const V shift = hn::Set(d, 12582912.0f);
  const V shifted = hn::MulAdd(x, hn::Set(d, 0x1.715476p+0f), shift);
  const V n = hn::Sub(shifted, shift);
  const V high = hn::NegMulAdd(n, hn::Set(d, 0x1.62e4p-1f), x);
  const V middle = hn::NegMulAdd(n, hn::Set(d, 0x1.7f7d1cp-20f), low);
  const V r = hn::Add(high, middle);
  const V square = hn::Mul(r, r);
  const V p01 = hn::MulAdd(r, hn::Set(d, 0x1.5554b6p-3f), hn::Set(d, 0.5f));
  const V p23 = hn::MulAdd(r, hn::Set(d, 0x1.12247cp-7f), hn::Set(d, 0x1.5555bcp-5f));
  const V p234 = hn::MulAdd(square, hn::Set(d, 0x1.6c549p-10f), p23);
  const V p = hn::MulAdd(square, p234, p01);
  const V rest = hn::MulAdd(square, p, middle);
  const V q = hn::Add(high, rest);
  return {ExponentOf(d, shifted, shift), q, hn::Sub(rest, hn::Sub(q, high))};
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedExp<D> ReduceExp(D d, V x) {
  return ReduceExp(d, x, hn::Zero(d));
}

// n and q as parts 0 and 1 of a function in stages.
template <class D, class Parts>
HWY_INLINE void SetExp(D d, const Parts& parts, const ReducedExp<D>& e) {
  parts.Set(0, hn::BitCast(d, e.n));
  parts.Set(1, e.q);
}
template <class D, class Parts>
HWY_INLINE ReducedExp<D> GetExp(D d, const Parts& parts) {
  return {hn::BitCast(hn::DFromV<Exponent<D>>(), parts.Get(0)), parts.Get(1), hn::Zero(d)};
}

// e^x. Inputs are clamped where the result has become 0 or infinite. Without scalef the result is scaled in two steps,
// since neither denormals nor 2^128 can be reached in one: first by 2^(n +- 64), always exact, then by 2^(-+ 64), which
// rounds.
struct ExpInStages {
  static constexpr std::size_t kStages = 2, kParts = 2;
  template <std::size_t kStage, class D, class Parts, class V = hn::Vec<D>>
  HWY_INLINE V Stage(D d, V x, const Parts& parts) const {
    if constexpr (kStage == 0) {
      SetExp(d, parts, ReduceExp(d, AtMost(hn::Set(d, 89.0f), AtLeast(hn::Set(d, -104.0f), x))));
      return x;
    }
    const ReducedExp<D> e = GetExp(d, parts);
#if HWY_TARGET == HWY_AVX3
    return ScaleByPower(hn::Add(hn::Set(d, 1.0f), e.q), e.n);
#else
    const hn::RebindToSigned<D> di;
    const auto is_small = hn::Lt(x, hn::Zero(d));
    const auto offset = hn::IfThenElse(hn::RebindMask(di, is_small), hn::Set(di, 64), hn::Set(di, -64));
    const V scale = PowerOfTwo(d, hn::Add(e.n, offset));
    return hn::Mul(hn::MulAdd(scale, e.q, scale), hn::IfThenElse(is_small, hn::Set(d, 0x1p-64f), hn::Set(d, 0x1p64f)));
#endif
  }
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  return AtOnce(ExpInStages(), d, x);
}

#if HWY_TARGET == HWY_AVX3

// Above this |x| 1 / (1 + e^|x|) differs from e^-|x| by less than 2^-30 of it.
constexpr float kMostFalling = 21.4f;

// From 9.02 on the result is 1. The index of a piece is the bits of |x| from the exponent to the second of the
// mantissa; below 2^-4 all is one piece.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V a = AtMost(hn::Set(d, 9.03f), hn::Abs(x));
  const V index = hn::BitCast(d, hn::ShiftRight<21>(hn::BitCast(du, hn::Max(a, hn::Set(d, 0.06f)))));
  return hn::CopySign(OfPiece(kTanhPieces, a, index), x);
}

#else

// 1 / (1 + e^x) = scale (w + w c) of e^x = 2^n (1 + q) with n in [0, 126]: scale = 2^-n. The denominator, times scale,
// is s + t: s = fl(fl(1 + 2^-n) + q), t what both sums lost. w is 1 / s, c what w leaves of 1 by s + t.
template <class V>
struct FallingQuotient {
  V scale, w, c;
};
template <class D, class V = hn::Vec<D>>
HWY_INLINE FallingQuotient<V> QuotientOf(D d, const ReducedExp<D>& e) {
  const V one = hn::Set(d, 1.0f);
  const V scale = PowerOfTwo(d, hn::Sub(hn::Zero(hn::RebindToSigned<D>()), e.n));
  const V ones = hn::Add(one, scale);
  const V s = hn::Add(ones, e.q);
  const V t = hn::Add(hn::Add(hn::Sub(ones, s), e.q), hn::Sub(scale, hn::Sub(ones, one)));
  const V w = hn::Div(one, s);
  return {scale, w, hn::NegMulAdd(w, t, ExactNegMulAdd(d, w, s, one))};
}

// Where |x| is below 1, x + x z P(z) with z = x^2: P is minimax in the error relative to tanh(x), 4.7e-9. Elsewhere
// 1 - 2 / (1 + e^2|x|), where the errors of e^2|x| = 2^n (1 + q) count for less than a third. From 9.02 on it is 1.
struct TanhInStages {
  static constexpr std::size_t kStages = 2, kParts = 3;
  template <std::size_t kStage, class D, class Parts, class V = hn::Vec<D>>
  HWY_INLINE V Stage(D d, V x, const Parts& parts) const {
    const hn::RebindToSigned<D> di;
    const V one = hn::Set(d, 1.0f);
    const V a = hn::Abs(x);
    if constexpr (kStage == 0) {
      const V z = hn::Mul(a, a);
      V p = hn::MulAdd(z, hn::Set(d, -0x1.77d4c6p-12f), hn::Set(d, 0x1.2da29cp-9f));
      p = hn::MulAdd(z, p, hn::Set(d, -0x1.04608cp-7f));
      p = hn::MulAdd(z, p, hn::Set(d, 0x1.6009c4p-6f));
      p = hn::MulAdd(z, p, hn::Set(d, -0x1.b9623cp-5f));
      p = hn::MulAdd(z, p, hn::Set(d, 0x1.110be4p-3f));
      p = hn::MulAdd(z, p, hn::Set(d, -0x1.55553cp-2f));
      parts.Set(2, ExactMulAdd(d, hn::Mul(a, z), p, a));
      SetExp(d, parts, ReduceExp(d, AtMost(hn::Set(d, 20.0f), hn::Add(a, a))));
      return x;
    }
    const ReducedExp<D> e = GetExp(d, parts);
    const V twice = PowerOfTwo(d, hn::Sub(hn::Set(di, 1), e.n));
    const V s = hn::Add(hn::MulAdd(hn::Set(d, 0.5f), twice, one), e.q);
    const V large = hn::Sub(one, hn::Div(twice, s));
    return hn::CopySign(hn::IfThenElse(hn::Lt(a, one), parts.Get(2), large), x);
  }
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  return AtOnce(TanhInStages(), d, x);
}

// Above this |x| 1 / (1 + e^|x|) differs from e^-|x| by less than 2^-30 of it.
constexpr float kMostFalling = 85.0f;

#endif

// Sigmoid from g = 1 / (1 + e^|x|): g where x is below 0, 1 - g elsewhere. Where |x| is beyond kMostFalling, e^x and 1.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SigmoidOfFalling(D d, V x, V g) {
  const V zero = hn::Zero(d);
  const V y = hn::IfThenElse(hn::Ge(x, zero), hn::Sub(hn::Set(d, 1.0f), g), g);
  const auto beyond = hn::Gt(hn::Abs(x), hn::Set(d, kMostFalling));
  if (HWY_LIKELY(hn::AllFalse(d, beyond))) return y;
  return hn::IfThenElse(beyond, Exp(d, AtMost(zero, x)), y);
}

#if HWY_TARGET != HWY_AVX3

struct SigmoidInStages {
  static constexpr std::size_t kStages = 2, kParts = 2;
  template <std::size_t kStage, class D, class Parts, class V = hn::Vec<D>>
  HWY_INLINE V Stage(D d, V x, const Parts& parts) const {
    if constexpr (kStage == 0) {
      SetExp(d, parts, ReduceExp(d, AtMost(hn::Set(d, kMostFalling), hn::Abs(x))));
      return x;
    }
    const FallingQuotient<V> f = QuotientOf(d, GetExp(d, parts));
    const V scaled = hn::Mul(f.w, f.scale);
    return SigmoidOfFalling(d, x, hn::MulAdd(scaled, f.c, scaled));
  }
};

#endif

// 1 / (1 + e^-x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
#if HWY_TARGET == HWY_AVX3
  return SigmoidOfFalling(d, x, OfEvenPiece(d, kSigmoidPieces, hn::Abs(x), 128.0f / 87));
#else
  return AtOnce(SigmoidInStages(), d, x);
#endif
}

#if HWY_TARGET != HWY_AVX3

// x / (1 + e^-z) for z >= kLeastGated, any value below; z has a small correction `low`. With e^-z = 2^n (1 + q) the
// denominator is (1 + 2^n) + 2^n q. Its first sum is exact for n in [-23, 23]; below that q counts for nothing.
constexpr float kLeastGated = -16.0f;
template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedExp<D> ReduceGate(D d, V z, V low) {
  return ReduceExp(d, AtLeast(hn::Set(d, -87.0f), hn::Neg(z)), hn::Neg(low));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gated(D d, V x, const ReducedExp<D>& e) {
  const V scale = PowerOfTwo(d, e.n);
  return hn::Div(x, hn::MulAdd(scale, e.q, hn::Add(hn::Set(d, 1.0f), scale)));
}

// The same for z below kLeastGated, where it is x e^z (1 - e^z) to 2^-45, and x * 0 where e^z is far below all floats.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GatedBelow(D d, V x, V z) {
  const V least = hn::Set(d, -131.0f);
  const ReducedExp<D> e = ReduceExp(d, AtLeast(least, z));
  const V scale = PowerDown(d, e.n);
  const Exponent<D> half = hn::ShiftRight<1>(e.n);  // in two steps, since x may be as large as e^-z
  const V halfway = hn::Mul(x, PowerOfTwo(d, half));
  const V y = hn::MulAdd(halfway, hn::Sub(e.q, hn::MulAdd(scale, e.q, scale)), halfway);
  return hn::IfThenElse(hn::Lt(z, least), hn::Mul(x, hn::Zero(d)), hn::Mul(y, PowerOfTwo(d, hn::Sub(e.n, half))));
}

struct SelfGatedInStages {
  float alpha;
  static constexpr std::size_t kStages = 2, kParts = 2;
  template <std::size_t kStage, class D, class Parts, class V = hn::Vec<D>>
  HWY_INLINE V Stage(D d, V x, const Parts& parts) const {
    const V z = hn::Mul(hn::Set(d, alpha), x);
    if constexpr (kStage == 0) {
      SetExp(d, parts, ReduceGate(d, z, hn::Zero(d)));
      return x;
    }
    const V y = Gated(d, x, GetExp(d, parts));
    const auto below = hn::Lt(z, hn::Set(d, kLeastGated));
    if (HWY_LIKELY(hn::AllFalse(d, below))) return y;
    return hn::IfThenElse(below, GatedBelow(d, x, z), y);
  }
};

#endif

// x sigmoid(z), z = alpha x.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SelfGated(D d, V x, float alpha) {
#if HWY_TARGET == HWY_AVX3
  return hn::Mul(x, Sigmoid(d, hn::Mul(hn::Set(d, alpha), x)));
#else
  return AtOnce(SelfGatedInStages{alpha}, d, x);
#endif
}

// x < 0 ? alpha * (e^x - 1) : x, alpha finite. e^x - 1 = (2^n - 1) + 2^n q = h + l: h = fl(fl(2^n - 1) + 2^n q), l what
// that sum lost. alpha * h + alpha * l rounds once.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Elu(D d, V x, V alpha) {
  const ReducedExp<D> e = ReduceExp(d, hn::Max(hn::Set(d, -30.0f), hn::Min(x, hn::Zero(d))));
  const V scale = PowerDown(d, e.n);
  const V exact = hn::Sub(scale, hn::Set(d, 1.0f));
  const V h = hn::MulAdd(scale, e.q, exact);
  const V l = hn::MulAdd(scale, e.q_low, hn::MulAdd(scale, e.q, hn::Sub(exact, h)));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), ExactMulAdd(d, alpha, h, hn::Mul(alpha, l)), x);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_EXP_INL_H_
