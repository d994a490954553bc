// e^x in double, and the activations that are computed in double and rounded once: Softplus, Mish, Swish, Selu, Celu,
// HardSwish. Per-target: see README.md. The activations fuse products into sums where the CPU has FMA: a third of the
// operations less. What else takes e^x from here rounds both, so that every instruction set gives the same bits.
#include "ops/kernels/highway_config.h"

#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_DOUBLE_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_DOUBLE_EXP_INL_H_
#undef LINNET_OPS_KERNELS_DOUBLE_EXP_INL_H_
#else
#define LINNET_OPS_KERNELS_DOUBLE_EXP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// a * b + c, rounded twice.
template <class VD>
HWY_INLINE VD MulThenAdd(VD a, VD b, VD c) {
  return hn::Add(hn::Mul(a, b), c);
}

// How e^x is computed: with 5.3e-12 of error and fused products, for results that are rounded to floats; or
// with 1.5e-14, every product and sum rounded.
struct ForFloats {
  template <class VD>
  HWY_INLINE VD operator()(VD a, VD b, VD c) const {
    return hn::MulAdd(a, b, c);
  }
};
struct ForSums {
  template <class VD>
  HWY_INLINE VD operator()(VD a, VD b, VD c) const {
    return MulThenAdd(a, b, c);
  }
};

// e^x = scale (1 + q), scale = 2^n.
template <class VD, class Kind>
struct DoubleExp {
  VD scale;
  VD q;
};

// Requires: |x| <= 700, or NaN (q is NaN then, scale is anything).
//
// n = round(x / ln 2): adding 1.5 * 2^52 rounds and leaves n in the low bits, of which the last twelve become the
// exponent. q = r + r^2 P(r), r = x - n ln 2: P is minimax in the error relative to q over |r| <= 0.347, of degree 6
// (5.3e-12) or 8 (1.5e-14). For sums ln 2 = 0x1.62e42feep-1 + 0x1.a39ef35793c76p-33 (fdlibm): the first part has 32
// bits, so its product with n is exact. For floats one part does: r is 2^-44 off at most, and exact where n is 0.
template <class Kind, class DD, class VD = hn::Vec<DD>>
HWY_INLINE DoubleExp<VD, Kind> ExpOfDoubles(DD dd, VD x) {
  const Kind sum;
  const hn::RebindToUnsigned<DD> du;
  constexpr std::uint64_t kOne = 0x3ff0000000000000;  // the bits of 1
  const VD shift = hn::Set(dd, 6755399441055744.0);
  const VD shifted = sum(x, hn::Set(dd, 0x1.71547652b82fep+0), shift);
  const VD n = hn::Sub(shifted, shift);
  const auto power = hn::Add(hn::ShiftLeft<52>(hn::BitCast(du, shifted)), hn::Set(du, kOne));
  VD r, p;
  if constexpr (std::is_same_v<Kind, ForFloats>) {
    r = sum(n, hn::Set(dd, -0x1.62e42fefa39efp-1), x);
    p = sum(r, hn::Set(dd, 0x1.a003a057bb880p-16), hn::Set(dd, 0x1.a16fac631e560p-13));
    p = sum(r, p, hn::Set(dd, 0x1.6c17670868a00p-10));
    p = sum(r, p, hn::Set(dd, 0x1.1110b1f97989bp-7));
    p = sum(r, p, hn::Set(dd, 0x1.555554f338626p-5));
    p = sum(r, p, hn::Set(dd, 0x1.5555557363664p-3));
    p = sum(r, p, hn::Set(dd, 0x1.0000000017296p-1));
  } else {
    const VD high = hn::Sub(x, hn::Mul(n, hn::Set(dd, 0x1.62e42feep-1)));
    r = hn::Sub(high, hn::Mul(n, hn::Set(dd, 0x1.a39ef35793c76p-33)));
    p = sum(r, hn::Set(dd, 0x1.e4e7fb7b76ceep-23), hn::Set(dd, 0x1.72c794c02fe6bp-19));
    p = sum(r, p, hn::Set(dd, 0x1.a0544f4a38dc2p-16));
    p = sum(r, p, hn::Set(dd, 0x1.a019ad5c03faep-13));
    p = sum(r, p, hn::Set(dd, 0x1.6c16ac55cf7fcp-10));
    p = sum(r, p, hn::Set(dd, 0x1.1111111c54ce1p-7));
    p = sum(r, p, hn::Set(dd, 0x1.5555555af8fa7p-5));
    p = sum(r, p, hn::Set(dd, 0x1.5555555553b54p-3));
    p = sum(r, p, hn::Set(dd, 0x1.fffffffffe5fap-2));
  }
  return {hn::BitCast(dd, power), sum(hn::Mul(r, r), p, r)};
}

// e^x of x clamped to [lowest, highest], which |x| <= 700 holds for; NaN stays NaN.
template <class Kind = ForSums, class DD, class VD = hn::Vec<DD>>
HWY_INLINE DoubleExp<VD, Kind> ClampedExp(DD dd, VD x, double lowest, double highest) {
  return ExpOfDoubles<Kind>(dd, AtMost(hn::Set(dd, highest), AtLeast(hn::Set(dd, lowest), x)));
}

template <class VD, class Kind>
HWY_INLINE VD Whole(const DoubleExp<VD, Kind>& e) {
  return Kind()(e.scale, e.q, e.scale);
}

// e^x - 1: of x near 0 scale is 1, so that no digit of q is lost.
template <class DD, class Kind, class VD = hn::Vec<DD>>
HWY_INLINE VD LessOne(DD dd, const DoubleExp<VD, Kind>& e) {
  return Kind()(e.scale, e.q, hn::Sub(e.scale, hn::Set(dd, 1.0)));
}

// log(1 + E) for E in [0, 1]: with s = E / (2 + E) <= 1/3 it is 2 atanh(s) = 2 s + s z P(z), z = s^2. P has degree 5
// and is minimax in the error relative to all over z <= 1/9, 5.1e-12.
template <class DD, class VD = hn::Vec<DD>>
HWY_INLINE VD LogOfOneAnd(DD dd, VD e) {
  const VD two = hn::Set(dd, 2.0);
  const VD s = hn::Div(e, hn::Add(e, two));
  const VD z = hn::Mul(s, s);
  VD p = hn::MulAdd(z, hn::Set(dd, 0x1.c0004620e0532p-3), hn::Set(dd, 0x1.5ee363525ce1dp-3));
  p = hn::MulAdd(z, p, hn::Set(dd, 0x1.c8bbbf34b64dfp-3));
  p = hn::MulAdd(z, p, hn::Set(dd, 0x1.248aae1c1b760p-2));
  p = hn::MulAdd(z, p, hn::Set(dd, 0x1.9999b863d6295p-2));
  p = hn::MulAdd(z, p, hn::Set(dd, 0x1.5555554343a22p-1));
  return hn::Mul(s, hn::MulAdd(z, p, two));
}

// function(x) for vectors of float, through vectors of double.
template <class D, class V = hn::Vec<D>, class Function>
HWY_INLINE V InDoubles(D d, V x, const Function& function) {
  const typename Doubles<D>::Tag dd;
#if HWY_TARGET == HWY_SCALAR
  const auto lower = function(dd, PromoteLower(d, x));
  return Demote(d, lower, lower);
#else
  return Demote(d, function(dd, PromoteLower(d, x)), function(dd, PromoteUpper(d, x)));
#endif
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). e^-120 is far below the least denormal.
struct SoftplusOfDoubles {
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD dd, VD x) const {
    const VD e = Whole(ClampedExp<ForFloats>(dd, MinusAbs(dd, x), -120.0, 0.0));
    return hn::Add(AtLeast(hn::Zero(dd), x), LogOfOneAnd(dd, e));
  }
};

// x tanh(log(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2). From 40 on the quotient is 1; below -200 even the largest
// float times e^x is below the least denormal. -inf gives -inf * 0, NaN.
struct MishOfDoubles {
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD dd, VD x) const {
    const VD two = hn::Set(dd, 2.0);
    const VD e = Whole(ClampedExp<ForFloats>(dd, x, -200.0, 40.0));
    const VD n = hn::Mul(e, hn::Add(e, two));
    const VD quotient = hn::Div(n, hn::Add(n, two));
    return hn::Mul(x, hn::IfThenZeroElse(hn::Lt(x, hn::Set(dd, -0x1p128 + 0x1p76)), quotient));
  }
};

// x / (1 + e^-z), z = alpha x. Beyond 700 the quotient is x or too small for any float; z = -inf gives x * 0.
struct SwishOfDoubles {
  double alpha;
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD dd, VD x) const {
    const VD z = hn::Mul(x, hn::Set(dd, alpha));
    const VD e = Whole(ClampedExp<ForFloats>(dd, hn::Neg(z), -700.0, 700.0));
    const VD lowest = hn::Set(dd, -0x1.fffffffffffffp+1023);
    return hn::IfThenElse(hn::Lt(z, lowest), hn::Mul(x, hn::Zero(dd)), hn::Div(x, hn::Add(e, hn::Set(dd, 1.0))));
  }
};

// x < 0 ? scale (e^(x * inner) - 1) : x * outer.
struct ScaledEluOfDoubles {
  double inner;
  double scale;
  double outer;
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD dd, VD x) const {
    const VD below = LessOne(dd, ClampedExp<ForFloats>(dd, hn::Mul(x, hn::Set(dd, inner)), -700.0, 700.0));
    return hn::IfThenElse(hn::Lt(x, hn::Zero(dd)), hn::Mul(below, hn::Set(dd, scale)), hn::Mul(x, hn::Set(dd, outer)));
  }
};

// x min(max(x + 3, 0), 6) / 6.
struct HardSwishOfDoubles {
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD dd, VD x) const {
    const VD six = hn::Set(dd, 6.0);
    const VD step = AtMost(six, AtLeast(hn::Zero(dd), hn::Add(x, hn::Set(dd, 3.0))));
    return hn::Mul(hn::Mul(x, step), hn::Set(dd, 1.0 / 6.0));
  }
};

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_DOUBLE_EXP_INL_H_
