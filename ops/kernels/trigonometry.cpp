// Every function is computed in double and rounded once. No product is fused into a sum, so that every instruction set
// gives the same bits.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/trigonometry.cpp"

#include "ops/kernels/trigonometry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/double_exp-inl.h"
#include "ops/kernels/log-inl.h"
#include "ops/kernels/sin_cos-inl.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<double>;
using Floats = hn::Rebind<float, Tag>;
using V = hn::Vec<Tag>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846;

// The angle in [0, pi/2] whose tangent is opposite / adjacent. Requires: both are at least 0, or NaN; not both are 0 or
// infinite. The tangent t of what is left after taking away 0, pi/4 or pi/2 lies within tan(pi/8), and its angle is
// t + t z P(z), z = t^2. P interpolates (atan(t) / t - 1) / z at the Chebyshev nodes of [0, tan(pi/8)^2]; its error is
// 2.9e-12 of the angle.
HWY_NOINLINE V AngleOf(V opposite, V adjacent) {
  const Tag d;
  const auto above_3_eighths = hn::Gt(opposite, hn::Mul(adjacent, hn::Set(d, 2.4142135623730950488)));
  const auto above_1_eighth = hn::Gt(opposite, hn::Mul(adjacent, hn::Set(d, 0.41421356237309504880)));
  V numerator = hn::IfThenElse(above_1_eighth, hn::Sub(opposite, adjacent), opposite);
  V denominator = hn::IfThenElse(above_1_eighth, hn::Add(opposite, adjacent), adjacent);
  V angle = hn::IfThenElseZero(above_1_eighth, hn::Set(d, kPi / 4));
  numerator = hn::IfThenElse(above_3_eighths, hn::Neg(adjacent), numerator);
  denominator = hn::IfThenElse(above_3_eighths, opposite, denominator);
  angle = hn::IfThenElse(above_3_eighths, hn::Set(d, kPi / 2), angle);
  const V t = hn::Div(numerator, denominator);
  const V z = hn::Mul(t, t);
  V p = MulThenAdd(z, hn::Set(d, -0x1.4b3891ff382b2p-5), hn::Set(d, 0x1.24434e877a5ddp-4));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.71d3c10805470p-4));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.c6f68737bd590p-4));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.2491c08b2dc95p-3));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.99999825954bep-3));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.5555555502188p-2));
  return hn::Add(angle, MulThenAdd(hn::Mul(t, z), p, t));
}

// sqrt(1 - a^2); NaN beyond 1. Of floats, 1 - a and 1 + a are exact.
HWY_INLINE V OtherLeg(V a) {
  const V one = hn::Set(Tag(), 1.0);
  return hn::Sqrt(hn::Mul(hn::Sub(one, a), hn::Add(one, a)));
}

HWY_NOINLINE V TanOfEach(V x) {
  const Tag d;
  HWY_ALIGN double lanes[hn::MaxLanes(d)];
  hn::Store(x, d, lanes);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = std::tan(lanes[i]);
  return hn::Load(d, lanes);
}

V Tan(V x) {
  const Tag d;
  const auto reducible = hn::Le(hn::Abs(x), hn::Set(d, static_cast<double>(kLargestReducedAngle)));
  const V result = hn::Div(SinOfDoubles(d, x, 0), SinOfDoubles(d, x, 1));
  if (HWY_LIKELY(hn::AllTrue(d, reducible))) return result;
  return hn::IfThenElse(reducible, result, TanOfEach(x));
}
V Asin(V x) {
  const V a = hn::Abs(x);
  return hn::CopySign(AngleOf(a, OtherLeg(a)), x);
}
V Acos(V x) {
  const Tag d;
  const V a = hn::Abs(x);
  const V angle = AngleOf(OtherLeg(a), a);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Sub(hn::Set(d, kPi), angle), angle);
}
V Atan(V x) { return hn::CopySign(AngleOf(hn::Abs(x), hn::Set(Tag(), 1.0)), x); }

// From 90 on both are beyond float32.
HWY_INLINE DoubleExp<V, ForSums> ExpOfMagnitude(V x) { return ClampedExp(Tag(), hn::Abs(x), 0.0, 120.0); }

// (m + m / (m + 1)) / 2, m = e^|x| - 1.
V Sinh(V x) {
  const Tag d;
  const V m = LessOne(d, ExpOfMagnitude(x));
  const V sum = hn::Add(m, hn::Div(m, hn::Add(m, hn::Set(d, 1.0))));
  return hn::CopySign(hn::Mul(sum, hn::Set(d, 0.5)), x);
}
V Cosh(V x) {
  const Tag d;
  const V e = Whole(ExpOfMagnitude(x));
  return hn::Mul(hn::Add(e, hn::Div(hn::Set(d, 1.0), e)), hn::Set(d, 0.5));
}

HWY_NOINLINE V Log(V x) { return LogOfDoubles(Tag(), x); }

// Below 2^-10, where the logarithm would lose digits, the first two terms of the series: the third is below 2e-13 of
// the first.
constexpr double kSmall = 0x1p-10;
HWY_INLINE V IfSmall(V a, double third, V otherwise) {
  const Tag d;
  const V series = MulThenAdd(hn::Mul(hn::Mul(a, a), hn::Set(d, third)), a, a);
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, kSmall)), series, otherwise);
}

// log(a + sqrt(a^2 + 1)), a = |x|.
V Asinh(V x) {
  const Tag d;
  const V a = hn::Abs(x);
  const V root = hn::Sqrt(MulThenAdd(a, a, hn::Set(d, 1.0)));
  const V result = IfSmall(a, -1.0 / 6, Log(hn::Add(a, root)));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, kInfinity)), hn::CopySign(result, x), x);
}
// log(x + sqrt(x^2 - 1)).
V Acosh(V x) {
  const Tag d;
  const V one = hn::Set(d, 1.0);
  const V infinity = hn::Set(d, kInfinity);
  const V root = hn::Sqrt(hn::Mul(hn::Sub(x, one), hn::Add(x, one)));
  const V special = hn::IfThenElse(hn::Eq(x, infinity), x, hn::Set(d, kNan));
  const auto regular = hn::And(hn::Ge(x, one), hn::Lt(x, infinity));
  return hn::IfThenElse(regular, Log(hn::Add(x, root)), special);
}
// log((1 + a) / (1 - a)) / 2, a = |x|.
V Atanh(V x) {
  const Tag d;
  const V one = hn::Set(d, 1.0);
  const V a = hn::Abs(x);
  const V logarithm = Log(hn::Div(hn::Add(one, a), hn::Sub(one, a)));
  const V special = hn::IfThenElse(hn::Eq(a, one), hn::Set(d, kInfinity), hn::Set(d, kNan));
  const V result = IfSmall(a, 1.0 / 3, hn::Mul(logarithm, hn::Set(d, 0.5)));
  return hn::CopySign(hn::IfThenElse(hn::Lt(a, one), result, special), x);
}

// The error function. Below 1 it is a P(a^2), a = |x|, from there on 1 - e^Q(a), where it is 1 to a float from 4 on. P
// interpolates erf(a) / a and Q log(erfc(a)) at the Chebyshev nodes; the errors are 1e-12 and 6e-10 of the result.
V Erf(V x) {
  const Tag d;
  const V one = hn::Set(d, 1.0);
  const V a = AtMost(hn::Set(d, 4.0), hn::Abs(x));
  const V z = hn::Mul(a, a);
  V p = MulThenAdd(z, hn::Set(d, 0x1.1c41ab6eec487p-20), hn::Set(d, -0x1.d2b8522d6f7cbp-17));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.f57e9cee106c1p-14));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.bfe158a7be278p-11));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.56588b32275a7p-8));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.b82cbae7577a7p-6));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.ce2f20a7415c6p-4));
  p = MulThenAdd(z, p, hn::Set(d, -0x1.812746ade3c08p-2));
  p = MulThenAdd(z, p, hn::Set(d, 0x1.20dd750428cb9p+0));
  V q = MulThenAdd(a, hn::Set(d, 0x1.b7783044b6881p-20), hn::Set(d, -0x1.825ce4bea3989p-15));
  q = MulThenAdd(a, q, hn::Set(d, 0x1.38e5e5277d407p-11));
  q = MulThenAdd(a, q, hn::Set(d, -0x1.37ecc66bf73f2p-8));
  q = MulThenAdd(a, q, hn::Set(d, 0x1.b0e246c451d48p-6));
  q = MulThenAdd(a, q, hn::Set(d, -0x1.c2e355434c642p-4));
  q = MulThenAdd(a, q, hn::Set(d, -0x1.437eb4486a325p-1));
  q = MulThenAdd(a, q, hn::Set(d, -0x1.2156fa777dfb0p+0));
  q = MulThenAdd(a, q, hn::Set(d, 0x1.4fb06741d39a1p-12));
  const V from_1 = hn::Sub(one, Whole(ExpOfDoubles<ForSums>(d, q)));
  return hn::CopySign(hn::IfThenElse(hn::Lt(a, one), hn::Mul(a, p), from_1), x);
}

HWY_INLINE hn::Vec<Floats> Rounded(V v) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(Floats(), static_cast<float>(hn::GetLane(v)));  // Highway's would lose infinities
#else
  return hn::DemoteTo(Floats(), v);
#endif
}

// One loop for all, for the sake of room: a call for each vector is short beside its arithmetic.
void Apply(V (*function)(V), const float* x, float* y, std::size_t count) {
  const Tag dd;
  const Floats d;
  const std::size_t lanes = hn::Lanes(dd);
  for (std::size_t i = 0; i < count; i += lanes) {
    const std::size_t left = std::min(lanes, count - i);
    const auto v = left < lanes ? LoadPartial(d, x + i, left) : hn::LoadU(d, x + i);
    const auto result = Rounded(function(hn::PromoteTo(dd, v)));
    if (left < lanes) return StorePartial(d, result, y + i, left);
    hn::StoreU(result, d, y + i);
  }
}

void Trigonometry(UnaryKind kind, const float* x, float* y, std::size_t count) {
  constexpr V (*kFunctions[])(V) = {Tan, Asin, Acos, Atan, Sinh, Cosh, Asinh, Acosh, Atanh, Erf};  // as UnaryKind
  const auto first = static_cast<std::size_t>(UnaryKind::kTan);
  Apply(kFunctions[static_cast<std::size_t>(kind) - first], x, y, count);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Trigonometry);

void trigonometry(UnaryKind kind, const float* x, float* y, std::size_t count) {
  LINNET_DISPATCH(Trigonometry)(kind, x, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
