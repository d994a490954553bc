// Gelu in its two forms. Per-target: see README.md.
//
// Both are x P(x) with P rising from 0 to 1 and P(-x) = 1 - P(x), so x P(x) = max(x, 0) - |x| P(-|x|): only the
// negative side of P is needed, to full relative precision down to the denormals. It is a factor e^-z times something
// smooth, where z is kept as a sum of two floats: an error in z is a relative error in the result.
#include "ops/kernels/highway_config.h"

#include <limits>

#include "hwy/highway.h"
#include "ops/kernels/exp-inl.h"
#include "ops/kernels/pieces-inl.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_GELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_GELU_INL_H_
#undef LINNET_OPS_KERNELS_GELU_INL_H_
#else
#define LINNET_OPS_KERNELS_GELU_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if !HWY_NATIVE_FMA
// function(x), computed on vectors of double.
template <class D, class V = hn::Vec<D>, class Function>
HWY_INLINE TwoFloats<V> ThroughDoubles(D d, V x, Function function) {
  const auto lower = function(PromoteLower(d, x));
  const auto upper = function(PromoteUpper(d, x));
  const V high = Demote(d, lower, upper);
  const V low = Demote(d, hn::Sub(lower, PromoteLower(d, high)), hn::Sub(upper, PromoteUpper(d, high)));
  return {high, low};
}
#endif

// -a^2 / 2, exactly where the CPU has FMA.
template <class D, class V = hn::Vec<D>>
HWY_INLINE TwoFloats<V> MinusHalfSquare(D d, V a) {
#if HWY_NATIVE_FMA
  const V half = hn::Mul(a, hn::Set(d, -0.5f));
  const V high = hn::Mul(half, a);
  return {high, hn::MulSub(half, a, high)};
#else
  const typename Doubles<D>::Tag dd;
  using VD = hn::Vec<decltype(dd)>;
  return ThroughDoubles(d, a, [dd](VD v) HWY_ATTR { return hn::Mul(hn::Mul(v, v), hn::Set(dd, -0.5)); });
#endif
}

// 2 sqrt(2 / pi) (a + 0.044715 a^3) = a (k1 + k2 a^2) for a in [0, 11], to 2^-40 relative. The high part of k1 is a
// multiple of 2^-20, so its difference from the sum (below 16) is exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE TwoFloats<V> GeluTanhExponent(D d, V a) {
#if HWY_NATIVE_FMA
  const V k1 = hn::Set(d, 0x1.98845p+0f);
  const V k2 = hn::Set(d, 0x1.2444f2p-4f);
  const V square = hn::Mul(a, a);
  const V square_low = hn::MulSub(a, a, square);
  const V sum = hn::MulAdd(k2, square, k1);
  V sum_low = hn::MulAdd(k2, square, hn::Sub(k1, sum));
  sum_low = hn::MulAdd(k2, square_low, sum_low);
  sum_low = hn::Add(sum_low, hn::MulAdd(hn::Set(d, 0x1.49b16ap-29f), square, hn::Set(d, 0x1.9ea1b2p-23f)));
  const V high = hn::Mul(a, sum);
  return {high, hn::MulAdd(a, sum_low, hn::MulSub(a, sum, high))};
#else
  const typename Doubles<D>::Tag dd;
  using VD = hn::Vec<decltype(dd)>;
  return ThroughDoubles(d, a, [dd](VD v) HWY_ATTR {
    const VD sum = hn::MulAdd(hn::Mul(v, v), hn::Set(dd, 0x1.2444f2a4d8b4bp-4), hn::Set(dd, 0x1.9884533d43651p+0));
    return hn::Mul(v, sum);
  });
#endif
}

// y with the sign of x; NaN for x = -inf, as in ONNX's formula.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V FinishGelu(D d, V x, V y) {
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  return hn::IfThenElse(hn::Eq(x, hn::Neg(infinity)), hn::Sub(infinity, infinity), hn::CopySign(y, x));
}

// x Phi(x), Phi the normal distribution. With a = |x| and E = e^(-a^2 / 2) = 2^n (1 + q),
//   Phi(-a) = E / (K (a + C(a))), K = sqrt(2 pi), where C(a) falls slowly from sqrt(2 / pi) to about 1 / a.
// K C(a) = N(a) / D(a), so a Phi(-a) = E p / (K p + N) with p = a D. The larger a is, the less the errors of N and D
// (which is on both sides of the bar) count; below 0.5 a polynomial takes over. The quotient is w = p / s, s = fl(K p +
// N), to 2^-14, and a correction that is 2^-14 of it or less. Coefficients of N and D: minimax in the error relative to
// a + C(a) over [0.5, 14.4], 1.2e-8; beyond 14.4 the result is below half the least denormal.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluTail(D d, V a) {
  const TwoFloats<V> exponent = MinusHalfSquare(d, a);
  const ReducedExp<D> e = ReduceExp(d, exponent.high, exponent.low);
  V numerator = hn::MulAdd(a, hn::Set(d, 0x1.244f46p-5f), hn::Set(d, 0x1.293f7cp-2f));
  numerator = hn::MulAdd(a, numerator, hn::Set(d, 0x1.130742p+0f));
  numerator = hn::MulAdd(a, numerator, hn::Set(d, 0x1.fffdccp+0f));
  V denominator = hn::MulAdd(a, hn::Set(d, 0x1.d2a23ap-7f), hn::Set(d, 0x1.d97130p-4f));
  denominator = hn::MulAdd(a, denominator, hn::Set(d, 0x1.d7e91ep-2f));
  denominator = hn::MulAdd(a, denominator, hn::Set(d, 0x1.fc266ap-1f));
  denominator = hn::MulAdd(a, denominator, hn::Set(d, 1.0f));
  const V k = hn::Set(d, 0x1.40d932p+1f);
  const V p = hn::Mul(a, denominator);
  const V s = ExactMulAdd(d, p, k, numerator);
  const V t = hn::Add(ExactMulAdd(d, p, k, hn::Neg(s)), numerator);
  const V reciprocal = RoughReciprocal(s);
  const V w = hn::Mul(p, reciprocal);
  const V rest = hn::Mul(hn::NegMulAdd(w, t, ExactNegMulAdd(d, w, s, p)), reciprocal);
  const V small = hn::MulAdd(w, e.q_low, hn::MulAdd(rest, e.q, rest));
  return ScaleDown(d, hn::Add(w, hn::MulAdd(w, e.q, small)), e.n);
}

// x / 2 + x^2 P(x^2) for |x| <= 0.5: P minimax, 2.9e-8 relative.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluCentre(D d, V x) {
  const V square = hn::Mul(x, x);
  V p = hn::MulAdd(square, hn::Set(d, -0x1.2dc35ap-10f), hn::Set(d, 0x1.46c9cep-7f));
  p = hn::MulAdd(square, p, hn::Set(d, -0x1.1058ap-4f));
  p = hn::MulAdd(square, p, hn::Set(d, 0x1.988454p-2f));
  return hn::MulAdd(hn::Mul(x, p), x, hn::Mul(x, hn::Set(d, 0.5f)));
}

// a sigmoid(-z), z = 2 sqrt(2 / pi) (a + 0.044715 a^3), sigmoid(-z) = 2^n (1 + q) / (s + t), for a in [0, 10.9]; beyond
// it is below half the least denormal.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluTanhTail(D d, V a) {
  const V one = hn::Set(d, 1.0f);
  const TwoFloats<V> exponent = GeluTanhExponent(d, a);
  const ReducedExp<D> e = ReduceExp(d, hn::Neg(exponent.high), hn::Neg(exponent.low));
  const V scale = PowerDown(d, e.n);
  const V s = hn::MulAdd(scale, e.q, hn::Add(one, scale));
  const V t = hn::MulAdd(scale, e.q, hn::Sub(scale, hn::Sub(s, one)));
  const V w = RoughReciprocal(s);
  const V c = hn::NegMulAdd(w, t, ExactNegMulAdd(d, w, s, one));
  const V aw = hn::Mul(a, w);
  const V aw_low = ExactMulAdd(d, a, w, hn::Neg(aw));
  const V g = hn::Add(aw, hn::MulAdd(aw, hn::Add(hn::MulAdd(c, hn::Add(c, e.q), c), e.q), aw_low));
  return ScaleDown(d, g, e.n);
}

// y but in the lanes `beyond`, and there max(x, 0) - tail(|x|).
template <class D, class V = hn::Vec<D>, class Tail>
HWY_INLINE V GeluWithTail(D d, V x, V y, hn::Mask<D> beyond, const Tail& tail) {
  if (HWY_LIKELY(hn::AllFalse(d, beyond))) return y;
  return hn::IfThenElse(beyond, FinishGelu(d, x, hn::Sub(AtLeast(hn::Zero(d), x), tail(hn::Abs(x)))), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V x) {
  const V a = hn::Abs(x);
  const V positive = AtLeast(hn::Zero(d), x);
  const auto tail = [d](V v) HWY_ATTR { return GeluTail(d, AtMost(hn::Set(d, 14.4f), v)); };
#if HWY_TARGET == HWY_AVX3
  const V y = hn::NegMulAdd(a, OfEvenPiece(d, kGeluPieces, a, 128.0f / 22), positive);  // rounded once
  return GeluWithTail(d, x, y, hn::Gt(a, hn::Set(d, 5.4f)), tail);
#else
  const V outer = hn::Sub(positive, tail(a));
  return FinishGelu(d, x, hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.5f)), GeluCentre(d, x), outer));
#endif
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluTanhWithTail(D d, V x, V y, hn::Mask<D> beyond) {
  const auto tail = [d](V v) HWY_ATTR { return GeluTanhTail(d, AtMost(hn::Set(d, 10.9f), v)); };
  return GeluWithTail(d, x, y, beyond, tail);
}

#if HWY_TARGET != HWY_AVX3
struct GeluTanhInStages {
  static constexpr std::size_t kStages = 3, kParts = 4;
  template <std::size_t kStage, class D, class Parts, class V = hn::Vec<D>>
  HWY_INLINE V Stage(D d, V x, const Parts& parts) const {
    if constexpr (kStage == 0) {
      const TwoFloats<V> exponent = GeluTanhExponent(d, AtMost(hn::Set(d, 11.0f), x));
      parts.Set(2, exponent.high);
      parts.Set(3, exponent.low);
      return x;
    }
    if constexpr (kStage == 1) {
      SetExp(d, parts, ReduceGate(d, parts.Get(2), parts.Get(3)));
      return x;
    }
    return GeluTanhWithTail(d, x, Gated(d, x, GetExp(d, parts)), hn::Lt(x, hn::Set(d, -4.85f)));
  }
};
#endif

template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluTanh(D d, V x) {
#if HWY_TARGET == HWY_AVX3
  const V a = hn::Abs(x);
  const V positive = AtLeast(hn::Zero(d), x);
  const V y = hn::NegMulAdd(a, OfEvenPiece(d, kGeluTanhPieces, a, 128.0f / 20), positive);  // rounded once
  return GeluTanhWithTail(d, x, y, hn::Gt(a, hn::Set(d, 4.9f)));
#else
  return AtOnce(GeluTanhInStages(), d, x);
#endif
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_GELU_INL_H_
