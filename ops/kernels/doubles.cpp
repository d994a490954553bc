#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/doubles.cpp"

#include "ops/kernels/doubles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<double>;
using V = hn::Vec<Tag>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());

HWY_INLINE V Number(double number) { return hn::Set(Tag(), number); }

// function(x) on whole groups of eight. The chains of operations of several vectors overlap by themselves.
template <class Function>
void Apply(const Function& function, const double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kLanes) hn::StoreU(function(hn::LoadU(Tag(), x + i)), Tag(), y + i);
}

#if HWY_NATIVE_FMA

// Coefficients from the highest power on.
template <std::size_t kCount>
HWY_INLINE V Polynomial(const double (&coefficients)[kCount], V x) {
  V sum = Number(coefficients[0]);
#pragma GCC unroll 16
  for (std::size_t i = 1; i < kCount; ++i) sum = hn::MulAdd(sum, x, Number(coefficients[i]));
  return sum;
}

// e^x = 2^n (1 + q): n = round(x / ln 2), which adding 1.5 * 2^52 leaves in the low bits of `shifted`.
struct Reduced {
  hn::Vec<hn::RebindToUnsigned<Tag>> shifted;
  V q;
};

// Requires: |x| <= 1000, or NaN (q is NaN then). r = x - n ln 2 in [-0.3466, 0.3466]; ln 2 = 0x1.62e42feep-1 +
// 0x1.a39ef35793c76p-33 (fdlibm), of which the first part has 32 bits, so its product with n is exact.
// q = e^r - 1 = r + r^2 P(r): P is minimax of degree 10 in the error relative to q, 2.6e-19.
HWY_INLINE Reduced Reduce(V x) {
  constexpr double kP[] = {0x1.1ee885c9b1d65p-29, 0x1.af5e68b8b96f3p-26, 0x1.27e5362834faep-22, 0x1.71ddf885344cap-19,
                           0x1.a01a017bcad8fp-16, 0x1.a01a01afd18e9p-13, 0x1.6c16c16c1f061p-10, 0x1.111111110f6dfp-7,
                           0x1.555555555553fp-5,  0x1.5555555555559p-3,  0x1.0000000000000p-1};
  const V shift = Number(6755399441055744.0);
  const V shifted = hn::MulAdd(x, Number(0x1.71547652b82fep+0), shift);
  const V n = hn::Sub(shifted, shift);
  const V high = hn::NegMulAdd(n, Number(0x1.62e42feep-1), x);
  const V low = hn::Mul(n, Number(-0x1.a39ef35793c76p-33));
  const V r = hn::Add(high, low);
  const V lost = hn::Add(hn::Sub(high, r), low);
  const V p = Polynomial(kP, r);
  return {hn::BitCast(hn::RebindToUnsigned<Tag>(), shifted), hn::Add(r, hn::MulAdd(hn::Mul(r, r), p, lost))};
}

// 2^(n + more) for a result that is a normal double.
HWY_INLINE V PowerOfTwo(const Reduced& e, V of_zero) {
  const hn::RebindToUnsigned<Tag> du;
  return hn::BitCast(Tag(), hn::Add(hn::ShiftLeft<52>(e.shifted), hn::BitCast(du, of_zero)));
}

// e^x. It is scaled in two steps, since neither denormals nor 2^1024 can be reached in one.
HWY_INLINE V Exp(V x) {
  const Reduced e = Reduce(AtMost(Number(710.0), AtLeast(Number(-746.0), x)));
  const auto is_small = hn::Lt(x, hn::Zero(Tag()));
  const V scale = PowerOfTwo(e, hn::IfThenElse(is_small, Number(0x1p300), Number(0x1p-300)));
  return hn::Mul(hn::MulAdd(scale, e.q, scale), hn::IfThenElse(is_small, Number(0x1p-300), Number(0x1p300)));
}

// e^x - 1 for x <= 0 or NaN. (2^n - 1) is exact, or 2^n counts for nothing beside 1.
HWY_INLINE V ExpLessOne(V x) {
  const Reduced e = Reduce(AtLeast(Number(-60.0), x));
  const V scale = PowerOfTwo(e, Number(1.0));
  return hn::MulAdd(scale, e.q, hn::Sub(scale, Number(1.0)));
}

// log(1 + f) + k ln 2 for 1 + f in [sqrt(1/2), sqrt(2)): with s = f / (2 + f) and z = s^2 it is 2 atanh(s) =
// f - f^2 / 2 + s (f^2 / 2 + z Q(z)); Q is minimax of degree 6 in the error relative to all, 1.2e-18.
HWY_INLINE V LogOfOneAnd(V f, V k) {
  constexpr double kQ[] = {0x1.2f0634596ccf8p-3, 0x1.39a1a70c4652ap-3, 0x1.74663fa07a01fp-3, 0x1.c71c520615de0p-3,
                           0x1.24924941f4e05p-2, 0x1.999999997fd7ap-2, 0x1.5555555555592p-1};
  const V s = hn::Div(f, hn::Add(f, Number(2.0)));
  const V z = hn::Mul(s, s);
  const V half_square = hn::Mul(hn::Mul(f, f), Number(0.5));
  const V series = hn::Mul(z, Polynomial(kQ, z));
  const V rest = hn::MulAdd(s, hn::Add(half_square, series), hn::Mul(k, Number(0x1.a39ef35793c76p-33)));
  return hn::Add(hn::Mul(k, Number(0x1.62e42feep-1)), hn::Sub(f, hn::Sub(half_square, rest)));
}

HWY_INLINE V Log(V x) {
  const hn::RebindToUnsigned<Tag> du;
  constexpr std::uint64_t kOne = 0x3ff0000000000000;       // the bits of 1
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcd;  // the bits of sqrt(1/2)
  constexpr std::uint64_t kTwoTo52 = 0x4330000000000000;   // the bits of 2^52, whose last bits count ones
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto is_denormal = hn::Lt(x, Number(0x1p-1022));
  const auto bits = hn::BitCast(du, hn::IfThenElse(is_denormal, hn::Mul(x, Number(0x1p54)), x));
  const auto shifted = hn::Add(bits, hn::Set(du, kOne - kRootHalf));  // exponent k + 1023
  const auto exponent = hn::ShiftRight<52>(shifted);
  const V bias = hn::IfThenElse(is_denormal, Number(4503599627370496.0 + 1023 + 54), Number(4503599627370496.0 + 1023));
  const V k = hn::Sub(hn::BitCast(Tag(), hn::Or(exponent, hn::Set(du, kTwoTo52))), bias);
  const V m = hn::BitCast(Tag(), hn::Add(hn::Sub(bits, hn::ShiftLeft<52>(exponent)), hn::Set(du, kOne)));
  const V result = LogOfOneAnd(hn::Sub(m, Number(1.0)), k);
  const V zero = hn::Zero(Tag());
  const V below = hn::IfThenElse(hn::Lt(x, zero), Number(std::numeric_limits<double>::quiet_NaN()), x);
  const V special = hn::IfThenElse(hn::Eq(x, zero), Number(-kInfinity), below);
  return hn::IfThenElse(hn::And(hn::Gt(x, zero), hn::Lt(x, Number(kInfinity))), result, special);
}

// log(1 + e) for e in [0, 1].
HWY_INLINE V LogOfOneAndAtMostOne(V e) {
  const auto is_halved = hn::Gt(e, Number(0.41421356237309503));
  const V f = hn::IfThenElse(is_halved, hn::Mul(hn::Sub(e, Number(1.0)), Number(0.5)), e);
  return LogOfOneAnd(f, hn::IfThenElseZero(is_halved, Number(1.0)));
}

// 1 / (1 + e^-x): of e = e^-|x|, 1 / (1 + e) or e / (1 + e).
HWY_INLINE V Sigmoid(V x) {
  const V one = Number(1.0);
  const V e = Exp(MinusAbs(Tag(), x));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(Tag())), e, one), hn::Add(one, e));
}

// Of u = e^-2|x| - 1, -u / (2 + u).
HWY_INLINE V Tanh(V x) {
  const V u = ExpLessOne(hn::Mul(MinusAbs(Tag(), x), Number(2.0)));
  return hn::CopySign(hn::Div(u, hn::Add(u, Number(2.0))), x);
}

// x / (1 + e^-z) for z = x * factor, rounded, as x sigmoid(z); e^-|z| makes up for what the product lost. x * 0 where z
// is -infinity.
HWY_INLINE V Gated(V x, V factor) {
  const V zero = hn::Zero(Tag()), one = Number(1.0);
  const V z = hn::Mul(x, factor);
  const V lost = hn::IfThenElseZero(hn::Lt(hn::Abs(z), Number(1000.0)), hn::MulSub(x, factor, z));
  const auto is_below = hn::Lt(z, zero);
  V e = Exp(MinusAbs(Tag(), z));
  e = hn::MulAdd(e, hn::IfThenElse(is_below, lost, hn::Neg(lost)), e);
  return hn::Mul(x, hn::Div(hn::IfThenElse(is_below, e, one), hn::Add(one, e)));
}

// x (1 + erf(x / sqrt(2))) / 2 by h = erfc(a) / 2, a = |x| / sqrt(2): x h where x is below 0, x (1 - h) elsewhere. With
// t = 4 / (4 + a) in [1/8, 1] it is erfc(a) = e^-a^2 t Q(u), u = t * 16 / 7 - 9 / 7 = (4 - a * 9 / 7) / (4 + a) in
// [-1, 1]; Q interpolates in degree 21, to 3e-17, and its constant term is a sum of two doubles. What the square of x
// lost is made up for. Beyond 39 e^-a^2 is 0.
HWY_INLINE V Gelu(V x) {
  constexpr double kQ[] = {0x1.adbfefdb8a977p-35,  -0x1.e981547b31d73p-34, -0x1.91dd80f1bb085p-31,
                           0x1.a09f30a21faeap-30,  0x1.19965ef770f36p-27,  -0x1.9448111dacc4bp-27,
                           -0x1.90933040bf53ep-24, 0x1.9bfca69c76c92p-26,  0x1.1a8a7eea689bcp-20,
                           0x1.b18410616ed69p-20,  -0x1.2e3e60883483bp-17, -0x1.7ce559ebd75b1p-15,
                           -0x1.140e775a1bb85p-15, 0x1.108be81519ed9p-11,  0x1.a27424e2355f6p-9,
                           0x1.778e6586143f8p-7,   0x1.f984debd3b8b5p-6,   0x1.13c406cc04116p-4,
                           0x1.f95e41c1193c5p-4,   0x1.8c35ff09d9d74p-3,   0x1.0c5afdcb194cep-2};
  const V one = Number(1.0);
  const V size = AtMost(Number(39.0), hn::Abs(x));
  const V a = hn::Mul(size, Number(0.70710678118654752440));
  const V below = hn::Add(a, Number(4.0));
  const V u = hn::Div(hn::MulAdd(a, Number(-9.0 / 7), Number(4.0)), below);
  const V rest = hn::MulAdd(Polynomial(kQ, u), u, Number(0x1.2e4bd59d00629p-57));
  const V q = hn::Div(hn::Mul(hn::Add(rest, Number(0x1.3b35b725c71c9p-2)), Number(4.0)), below);
  const V square = hn::Mul(size, size);
  const V lost = hn::MulSub(size, size, square);
  V e = Exp(hn::Mul(square, Number(-0.5)));
  e = hn::MulAdd(hn::Mul(lost, Number(-0.5)), e, e);
  const V h = hn::Mul(hn::Mul(q, e), Number(0.5));
  return hn::Mul(x, hn::IfThenElse(hn::Lt(x, hn::Zero(Tag())), h, hn::Sub(one, h)));
}

HWY_INLINE V Softplus(V x) {
  const V large = AtLeast(hn::Zero(Tag()), x);
  return hn::Add(large, LogOfOneAndAtMostOne(Exp(MinusAbs(Tag(), x))));
}

// x n / (n + 2), n = e (e + 2), e = e^x; for x > 0 with numerator and denominator divided by e^2x.
HWY_INLINE V Mish(V x) {
  const V one = Number(1.0), two = Number(2.0);
  const auto is_large = hn::Gt(x, hn::Zero(Tag()));
  const V e = Exp(MinusAbs(Tag(), x));
  const V n = hn::Mul(e, hn::Add(e, two));
  const V twice = hn::Add(e, e);
  const V numerator = hn::IfThenElse(is_large, hn::Add(one, twice), n);
  const V denominator = hn::IfThenElse(is_large, hn::MulAdd(twice, hn::Add(one, e), one), hn::Add(n, two));
  return hn::Mul(x, hn::Div(numerator, denominator));
}

HWY_INLINE V ClampedTo(V x, V lowest, V highest) {
  x = hn::IfThenElse(hn::Lt(x, lowest), lowest, x);
  return hn::IfThenElse(hn::Gt(x, highest), highest, x);
}

void Activate(const Activation& activation, const double* x, double* y, std::size_t count) {
  const auto apply = [&](const auto& function) HWY_ATTR { Apply(function, x, y, count); };
  const double alpha = activation.alpha, beta = activation.beta;
  const auto elu = [&](double inner, double scale, double outer) HWY_ATTR {
    apply([=](V v) HWY_ATTR {
      const V below = hn::Mul(Number(scale), ExpLessOne(hn::Mul(v, Number(inner))));
      return hn::IfThenElse(hn::Lt(v, hn::Zero(Tag())), below, hn::Mul(v, Number(outer)));
    });
  };
  switch (activation.kind) {
    case ActivationKind::kRelu:
      return apply([](V v) HWY_ATTR { return hn::IfThenElse(hn::Le(v, hn::Zero(Tag())), hn::Zero(Tag()), v); });
    case ActivationKind::kLeakyRelu:
      return apply([=](V v)
                       HWY_ATTR { return hn::IfThenElse(hn::Lt(v, hn::Zero(Tag())), hn::Mul(v, Number(alpha)), v); });
    case ActivationKind::kSigmoid:
      return apply([](V v) HWY_ATTR { return Sigmoid(v); });
    case ActivationKind::kTanh:
      return apply([](V v) HWY_ATTR { return Tanh(v); });
    case ActivationKind::kElu:
      return elu(1, alpha, 1);
    case ActivationKind::kSelu:
      return elu(1, beta * alpha, beta);
    case ActivationKind::kCelu:
      return elu(1 / alpha, alpha, 1);
    case ActivationKind::kHardSigmoid:
      return apply([=](V v) HWY_ATTR {
        return ClampedTo(hn::Add(hn::Mul(v, Number(alpha)), Number(beta)), hn::Zero(Tag()), Number(1.0));
      });
    case ActivationKind::kClip:
      return apply([=](V v) HWY_ATTR { return ClampedTo(v, Number(alpha), Number(beta)); });
    case ActivationKind::kGelu:
      return apply([](V v) HWY_ATTR { return Gelu(v); });
    case ActivationKind::kGeluTanh:
      return apply([](V v) HWY_ATTR {
        const V cubic = hn::MulAdd(hn::Mul(hn::Mul(v, v), Number(0.044715)), v, v);
        return hn::Mul(v, Sigmoid(hn::Mul(cubic, Number(1.59576912160573071176))));
      });
    case ActivationKind::kExp:
      return apply([](V v) HWY_ATTR { return Exp(v); });
    case ActivationKind::kSelfGated:
    case ActivationKind::kSwish:
      return apply([=](V v) HWY_ATTR { return Gated(v, Number(alpha)); });
    case ActivationKind::kSoftplus:
      return apply([](V v) HWY_ATTR { return Softplus(v); });
    case ActivationKind::kMish:
      return apply([](V v) HWY_ATTR { return Mish(v); });
    case ActivationKind::kHardSwish:
      return apply([](V v) HWY_ATTR {
        const V step = ClampedTo(hn::Add(v, Number(3.0)), hn::Zero(Tag()), Number(6.0));
        return hn::Mul(v, hn::Div(step, Number(6.0)));
      });
    default:
      return apply([](V v) HWY_ATTR { return v; });
  }
}

void Unary(UnaryKind kind, const double* x, double* y, std::size_t count) {
  const auto apply = [&](const auto& function) HWY_ATTR { Apply(function, x, y, count); };
  switch (kind) {
    case UnaryKind::kNeg:
      return apply([](V v) HWY_ATTR { return hn::Neg(v); });
    case UnaryKind::kAbs:
      return apply([](V v) HWY_ATTR { return hn::Abs(v); });
    case UnaryKind::kReciprocal:
      return apply([](V v) HWY_ATTR { return hn::Div(Number(1.0), v); });
    case UnaryKind::kSqrt:
      return apply([](V v) HWY_ATTR { return hn::Sqrt(v); });
    case UnaryKind::kLog:
      return apply([](V v) HWY_ATTR { return Log(v); });
    case UnaryKind::kFloor:
      return apply([](V v) HWY_ATTR { return hn::CopySign(hn::Floor(v), v); });
    case UnaryKind::kCeil:
      return apply([](V v) HWY_ATTR { return hn::CopySign(hn::Ceil(v), v); });
    case UnaryKind::kRound:
      return apply([](V v) HWY_ATTR { return hn::CopySign(hn::Round(v), v); });
    case UnaryKind::kCube:
      return apply([](V v) HWY_ATTR { return hn::Mul(hn::Mul(v, v), v); });
    default:
      return apply([](V v) HWY_ATTR {
        const V zero = hn::Zero(Tag()), one = Number(1.0);
        const V below = hn::IfThenElse(hn::Lt(v, zero), hn::Neg(one), hn::Add(hn::Sub(v, v), zero));
        return hn::IfThenElse(hn::Gt(v, zero), one, below);
      });
  }
}

#else  // an old CPU: the C library's functions, element by element

HWY_INLINE V Exp(V x) {
  double lanes[kLanes];
  hn::StoreU(x, Tag(), lanes);
  for (double& lane : lanes) lane = std::exp(lane);
  return hn::LoadU(Tag(), lanes);
}

void Activate(const Activation& activation, const double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = activation_reference(activation, x[i]);
}

void Unary(UnaryKind kind, const double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = unary_reference(kind, x[i]);
}

#endif  // HWY_NATIVE_FMA

constexpr std::size_t kEight = 8;
constexpr std::size_t kVectors = kEight / kLanes;

// Knuth's two-sum.
void Exponentials(const double* x, double* y, std::size_t count, double maximum, double* sums, double* rests) {
  const Tag d;
  const V largest = Number(maximum);
  V sum[kVectors], rest[kVectors];
  for (std::size_t k = 0; k < kVectors; ++k) sum[k] = rest[k] = hn::Zero(d);
  for (std::size_t i = 0; i < count; i += kEight) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kVectors; ++k) {
      const V e = Exp(hn::Sub(hn::LoadU(d, x + i + k * kLanes), largest));
      hn::StoreU(e, d, y + i + k * kLanes);
      const V total = hn::Add(sum[k], e);
      const V seen = hn::Sub(total, sum[k]);
      rest[k] = hn::Add(rest[k], hn::Add(hn::Sub(sum[k], hn::Sub(total, seen)), hn::Sub(e, seen)));
      sum[k] = total;
    }
  }
  for (std::size_t k = 0; k < kVectors; ++k) {
    hn::StoreU(sum[k], d, sums + k * kLanes);
    hn::StoreU(rest[k], d, rests + k * kLanes);
  }
}

void Divide(const double* x, double divisor, double* y, std::size_t count) {
  Apply([=](V v) HWY_ATTR { return hn::Div(v, Number(divisor)); }, x, y, count);
}

void Shift(const double* x, double high, double low, double* y, std::size_t count) {
  Apply([=](V v) HWY_ATTR { return hn::Sub(hn::Sub(v, Number(high)), Number(low)); }, x, y, count);
}

void Scale(const double* x, double factor, const double* scale, const double* bias, double* y, std::size_t count) {
  const Tag d;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const V addend = bias == nullptr ? Number(-0.0) : hn::LoadU(d, bias + i);
    const V scaled = hn::Mul(hn::Mul(hn::LoadU(d, x + i), Number(factor)), hn::LoadU(d, scale + i));
    hn::StoreU(hn::Add(scaled, addend), d, y + i);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Activate);
LINNET_EXPORT(Unary);
LINNET_EXPORT(Exponentials);
LINNET_EXPORT(Divide);
LINNET_EXPORT(Shift);
LINNET_EXPORT(Scale);

namespace {

constexpr std::size_t kGroup = 8;

// Calls compute(x, y, count) for the whole groups of eight, and for what is left behind zeros of a group.
template <class Compute>
void for_groups(const double* x, double* y, std::size_t count, const Compute& compute) {
  const std::size_t whole = count / kGroup * kGroup;
  compute(x, y, whole);
  if (whole == count) return;
  double rest[kGroup] = {};
  std::copy(x + whole, x + count, rest);
  compute(rest, rest, kGroup);
  std::copy_n(rest, count - whole, y + whole);
}

}  // namespace

void activate_doubles(const Activation& activation, const double* x, double* y, std::size_t count) {
  if (activation.kind == ActivationKind::kCelu && !(activation.alpha > 0)) {  // e^x of x above 0
    for (std::size_t i = 0; i < count; ++i) y[i] = activation_reference(activation, x[i]);
    return;
  }
  for_groups(x, y, count, [&](const double* from, double* to, std::size_t size) {
    LINNET_DISPATCH(Activate)(activation, from, to, size);
  });
}

void unary_doubles(UnaryKind kind, const double* x, double* y, std::size_t count) {
  for_groups(x, y, count, [&](const double* from, double* to, std::size_t size) {
    LINNET_DISPATCH(Unary)(kind, from, to, size);
  });
}

long double exponentials_of_doubles(const double* x, double* y, std::size_t count, double maximum) {
  const std::size_t whole = count / kGroup * kGroup;
  double last_x[kGroup], last_y[kGroup];
  double addends[3 * kGroup] = {};  // sums, what they lost, and the last elements
  LINNET_DISPATCH(Exponentials)(x, y, whole, maximum, addends, addends + kGroup);
  if (whole < count) {
    double sums[kGroup], rests[kGroup];
    std::fill_n(last_x, kGroup, maximum);
    std::copy(x + whole, x + count, last_x);
    LINNET_DISPATCH(Exponentials)(last_x, last_y, kGroup, maximum, sums, rests);
    std::copy_n(last_y, count - whole, y + whole);
    std::copy_n(last_y, count - whole, addends + 2 * kGroup);
  }
  // First of all 1 is taken from the sum that holds the term of the maximum: what is left is exact.
  double* const largest = std::max_element(addends, addends + 3 * kGroup);
  long double sum = static_cast<long double>(*largest) - 1;
  *largest = 0;
  for (const double addend : addends) sum += addend;
  return sum;
}

void divide_doubles(const double* x, double divisor, double* y, std::size_t count) {
  for_groups(x, y, count, [&](const double* from, double* to, std::size_t size) {
    LINNET_DISPATCH(Divide)(from, divisor, to, size);
  });
}

void shift_doubles(const double* x, double high, double low, double* y, std::size_t count) {
  for_groups(x, y, count, [&](const double* from, double* to, std::size_t size) {
    LINNET_DISPATCH(Shift)(from, high, low, to, size);
  });
}

void scale_doubles(const double* x, double factor, const double* scale, const double* bias, double* y,
                   std::size_t count) {
  const std::size_t whole = count / kGroup * kGroup;
  LINNET_DISPATCH(Scale)(x, factor, scale, bias, y, whole);
  for (std::size_t i = whole; i < count; ++i) y[i] = x[i] * factor * scale[i] + (bias == nullptr ? -0.0 : bias[i]);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
