// The natural logarithm. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_LOG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_LOG_INL_H_
#undef LINNET_OPS_KERNELS_LOG_INL_H_
#else
#define LINNET_OPS_KERNELS_LOG_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// log(x) for positive finite x, in double; anything for other x. x = 2^k m with m in [sqrt(1/2), sqrt(2)), and with
// s = (m - 1) / (m + 1), |s| <= 0.1716: log(x) = k ln 2 + 2 (s + s^3/3 + s^5/5 + ... + s^11/11). The terms left out are
// below 6e-11 of the sum. m - 1 is exact, and k ln 2 never cancels more than half of itself, so the result is within
// 1e-10 of the logarithm, relatively: 0.001 ULP of a float. No product is fused into a sum, so that every instruction
// set gives the same bits.
template <class DD, class VD = hn::Vec<DD>>
HWY_INLINE VD LogOfDoubles(DD dd, VD x) {
  const hn::RebindToUnsigned<DD> du;
  constexpr std::uint64_t kOne = 0x3ff0000000000000;       // the bits of 1
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcd;  // the bits of sqrt(1/2)
  constexpr std::uint64_t kTwoTo52 = 0x4330000000000000;   // the bits of 2^52, whose last bits count ones
  const auto bits = hn::BitCast(du, x);
  const auto shifted = hn::Add(bits, hn::Set(du, kOne - kRootHalf));  // exponent k + 1023
  const auto exponent = hn::ShiftRight<52>(shifted);
  const VD k =
      hn::Sub(hn::BitCast(dd, hn::Or(exponent, hn::Set(du, kTwoTo52))), hn::Set(dd, 4503599627370496.0 + 1023));
  const VD m = hn::BitCast(dd, hn::Add(hn::Sub(bits, hn::ShiftLeft<52>(exponent)), hn::Set(du, kOne)));
  const VD one = hn::Set(dd, 1.0);
  const VD s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  const VD z = hn::Mul(s, s);
  VD series = hn::Set(dd, 2.0 / 11);
  series = hn::Add(hn::Mul(series, z), hn::Set(dd, 2.0 / 9));
  series = hn::Add(hn::Mul(series, z), hn::Set(dd, 2.0 / 7));
  series = hn::Add(hn::Mul(series, z), hn::Set(dd, 2.0 / 5));
  series = hn::Add(hn::Mul(series, z), hn::Set(dd, 2.0 / 3));
  series = hn::Add(hn::Mul(series, z), hn::Set(dd, 2.0));
  return hn::Add(hn::Mul(k, hn::Set(dd, 0.69314718055994530942)), hn::Mul(series, s));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Log(D d, V x) {
  const typename Doubles<D>::Tag dd;
  const V result = Demote(d, LogOfDoubles(dd, PromoteLower(d, x)), LogOfDoubles(dd, PromoteUpper(d, x)));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const V zero = hn::Zero(d);
  const V infinity = hn::Set(d, kInfinity);
  const V below = hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), x);
  const V special = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), below);
  return hn::IfThenElse(hn::And(hn::Gt(x, zero), hn::Lt(x, infinity)), result, special);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_LOG_INL_H_
