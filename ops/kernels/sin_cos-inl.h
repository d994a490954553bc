// Sine and cosine. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_SIN_COS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_SIN_COS_INL_H_
#undef LINNET_OPS_KERNELS_SIN_COS_INL_H_
#else
#define LINNET_OPS_KERNELS_SIN_COS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Up to here the nearest multiple of pi/2 is counted in 20 bits. Beyond it lies no angle that a network would compute
// with; there the C library's functions take each lane by itself.
inline constexpr float kLargestReducedAngle = 0x1p20f;

// sin(x + quarters pi/2) for |x| <= kLargestReducedAngle, in double. x = k pi/2 + r, |r| <= pi/4: pi/2 is the sum of
// three parts, of which the first two have 33 bits, so that k times them is exact, as is the first difference. The
// Taylor series of r, to r^11 and r^12, are within 2e-11 of the true value, relatively: no product is fused into a sum,
// so that every instruction set gives the same bits.
template <class DD, class VD = hn::Vec<DD>>
HWY_INLINE VD SinOfDoubles(DD dd, VD x, std::uint64_t quarters) {
  const hn::RebindToUnsigned<DD> du;
  const VD round_off = hn::Set(dd, 0x1.8p52);  // added to a number, it leaves a whole one in the last bits
  const VD counted = hn::Add(hn::Mul(x, hn::Set(dd, 0x1.45f306dc9c883p-1)), round_off);
  const VD k = hn::Sub(counted, round_off);
  VD r = hn::Sub(x, hn::Mul(k, hn::Set(dd, 0x1.921fb544p0)));
  r = hn::Sub(r, hn::Mul(k, hn::Set(dd, 0x1.0b4611a6p-34)));
  r = hn::Sub(r, hn::Mul(k, hn::Set(dd, 0x1.3198a2e037073p-69)));
  const VD z = hn::Mul(r, r);
  const VD one = hn::Set(dd, 1.0);
  VD sine = hn::Set(dd, -1.0 / 39916800);
  sine = hn::Add(hn::Mul(sine, z), hn::Set(dd, 1.0 / 362880));
  sine = hn::Add(hn::Mul(sine, z), hn::Set(dd, -1.0 / 5040));
  sine = hn::Add(hn::Mul(sine, z), hn::Set(dd, 1.0 / 120));
  sine = hn::Add(hn::Mul(sine, z), hn::Set(dd, -1.0 / 6));
  sine = hn::Mul(r, hn::Add(hn::Mul(sine, z), one));  // -0 of -0
  VD cosine = hn::Set(dd, 1.0 / 479001600);
  cosine = hn::Add(hn::Mul(cosine, z), hn::Set(dd, -1.0 / 3628800));
  cosine = hn::Add(hn::Mul(cosine, z), hn::Set(dd, 1.0 / 40320));
  cosine = hn::Add(hn::Mul(cosine, z), hn::Set(dd, -1.0 / 720));
  cosine = hn::Add(hn::Mul(cosine, z), hn::Set(dd, 1.0 / 24));
  cosine = hn::Add(hn::Mul(cosine, z), hn::Set(dd, -0.5));
  cosine = hn::Add(hn::Mul(cosine, z), one);
  const auto quadrant = hn::Add(hn::BitCast(du, counted), hn::Set(du, quarters));
  const auto odd = hn::Ne(hn::And(quadrant, hn::Set(du, 1)), hn::Zero(du));
  const VD magnitude = hn::IfThenElse(hn::RebindMask(dd, odd), cosine, sine);
  const auto sign = hn::ShiftLeft<62>(hn::And(quadrant, hn::Set(du, 2)));
  return hn::BitCast(dd, hn::Xor(hn::BitCast(du, magnitude), sign));
}

template <class D>
HWY_NOINLINE void SinOfLargeLanes(D d, hn::Vec<D> x, std::uint64_t quarters, float* lanes) {
  hn::StoreU(x, d, lanes);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    const double angle = lanes[i];
    lanes[i] = static_cast<float>(quarters == 0 ? std::sin(angle) : std::cos(angle));
  }
}

// sin(x) where `quarters` is 0, cos(x) where it is 1.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SinOfQuarters(D d, V x, std::uint64_t quarters) {
  const typename Doubles<D>::Tag dd;
  const auto reducible = hn::Le(hn::Abs(x), hn::Set(d, kLargestReducedAngle));
  const V result =
      Demote(d, SinOfDoubles(dd, PromoteLower(d, x), quarters), SinOfDoubles(dd, PromoteUpper(d, x), quarters));
  if (HWY_LIKELY(hn::AllTrue(d, reducible))) return result;
  float lanes[hn::MaxLanes(d)];
  SinOfLargeLanes(d, x, quarters, lanes);
  return hn::IfThenElse(reducible, result, hn::LoadU(d, lanes));
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_SIN_COS_INL_H_
