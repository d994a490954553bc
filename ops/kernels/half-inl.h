// Vectors of float32 to and from 16-bit elements, as bits in vectors of 32-bit lanes. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cstdint>

#include "hwy/highway.h"

#if defined(LINNET_OPS_KERNELS_HALF_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_HALF_INL_H_
#undef LINNET_OPS_KERNELS_HALF_INL_H_
#else
#define LINNET_OPS_KERNELS_HALF_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The nearest bfloat16, ties to even, in the upper half of each lane; the lower half holds what is left of the sum.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V RoundToBfloat16(D d, V bits) {
  const auto is_nan = hn::RebindMask(d, hn::IsNaN(hn::BitCast(hn::RebindToFloat<D>(), bits)));
  const V odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1u));
  const V rounded = hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7FFFu)));
  return hn::IfThenElse(is_nan, hn::Or(bits, hn::Set(d, 0x00400000u)), rounded);
}

// Float16 in the lower halves to float32, by integers: exact in every mode. A denormal m 2^-24 is the float whose bits
// are those of 2^-14 and m, less 2^-14.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V WidenFloat16Bits(D d, V half) {
  const hn::RebindToFloat<D> df;
  const V sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(d, 0x8000u)));
  const V exponent = hn::And(half, hn::Set(d, 0x7C00u));
  const V shifted = hn::ShiftLeft<13>(hn::And(half, hn::Set(d, 0x7FFFu)));
  const V normal = hn::Add(shifted, hn::Set(d, (127u - 15u) << 23));
  const V special = hn::Or(shifted, hn::Set(d, 0x7F800000u));
  const V quiet = hn::Or(special, hn::Set(d, 0x00400000u));
  const V least = hn::Set(d, (127u - 14u) << 23);
  const V denormal = hn::BitCast(d, hn::Sub(hn::BitCast(df, hn::Add(shifted, least)), hn::BitCast(df, least)));
  V result = hn::IfThenElse(hn::Eq(exponent, hn::Zero(d)), denormal, normal);
  const auto is_nan = hn::Gt(special, hn::Set(d, 0x7F800000u));
  result = hn::IfThenElse(hn::Eq(exponent, hn::Set(d, 0x7C00u)), hn::IfThenElse(is_nan, quiet, special), result);
  return hn::Or(result, sign);
}

// The nearest float16, ties to even, in the lower halves. Where the result is denormal, a sum with 1/2 puts the last
// bit that is kept into the last place, and the CPU rounds. (Denormal floats are far below float16's.)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V NarrowFloat16Bits(D d, V bits) {
  const hn::RebindToFloat<D> df;
  const V sign = hn::And(bits, hn::Set(d, 0x80000000u));
  const V magnitude = hn::Xor(bits, sign);
  const V half = hn::Set(d, 126u << 23);
  const V denormal = hn::Sub(hn::BitCast(d, hn::Add(hn::BitCast(df, magnitude), hn::BitCast(df, half))), half);
  const V odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(d, 1u));
  const V rounded = hn::Add(hn::Add(magnitude, odd), hn::Set(d, 0xFFFu));
  const V normal = hn::ShiftRight<13>(hn::Sub(rounded, hn::Set(d, (127u - 15u) << 23)));
  V result = hn::IfThenElse(hn::Gt(hn::Set(d, (127u - 14u) << 23), magnitude), denormal, normal);
  // From 65520 on, half an ULP beyond the largest.
  result = hn::IfThenElse(hn::Gt(magnitude, hn::Set(d, 0x477FEFFFu)), hn::Set(d, 0x7C00u), result);
  const V nan = hn::Or(hn::Set(d, 0x7E00u), hn::And(hn::ShiftRight<13>(magnitude), hn::Set(d, 0x3FFu)));
  result = hn::IfThenElse(hn::Gt(magnitude, hn::Set(d, 0x7F800000u)), nan, result);
  return hn::Or(result, hn::ShiftRight<16>(sign));
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_HALF_INL_H_
