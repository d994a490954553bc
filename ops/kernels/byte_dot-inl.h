// Sums of products of bytes: four neighbours of uint8 B with four of int8 A in each lane of 32 bits.
//
// On AVX-512 there is only ByteDot: without AVX512_VNNI callers take their AVX2 version, which saves room.
#if defined(LINNET_OPS_KERNELS_BYTE_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_BYTE_DOT_INL_H_
#undef LINNET_OPS_KERNELS_BYTE_DOT_INL_H_
#else
#define LINNET_OPS_KERNELS_BYTE_DOT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Sums = hn::ScalableTag<std::int32_t>;
using SumVector = hn::Vec<Sums>;
using Floats = hn::RebindToFloat<Sums>;
using FloatVector = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Sums());

// The sums of a tile stay in registers where every loop over them is unrolled.
#define LINNET_UNROLL _Pragma("GCC unroll 8")

// A quad of B in every lane, and one of A, in all lanes: sum += b[0] a[0] + ... + b[3] a[3].

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
// Assembler's lines, since not every CPU that the target is for has the instruction.
struct ByteDot {
  static constexpr std::size_t kMostRows = HWY_TARGET == HWY_AVX3 ? 6 : 4;  // of a tile
  static HWY_INLINE SumVector Add(SumVector b, SumVector a, SumVector sum) {
#if HWY_TARGET == HWY_AVX3
    __asm__("vpdpbusd %[a], %[b], %[sum]" : [sum] "+v"(sum.raw) : [a] "v"(a.raw), [b] "v"(b.raw));
#else
    __asm__("%{vex%} vpdpbusd %[a], %[b], %[sum]" : [sum] "+x"(sum.raw) : [a] "x"(a.raw), [b] "x"(b.raw));
#endif
    return sum;
  }
};
#endif

#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
// Of 16 bits, whose pairs' products fit 32: vpmaddubsw would saturate.
struct WideDot {
  static constexpr std::size_t kMostRows = HWY_TARGET == HWY_SSE4 ? 1 : 4;
  static HWY_INLINE SumVector Add(SumVector b, SumVector a, SumVector sum) {
    const Sums d;
    const hn::Repartition<std::int16_t, Sums> pairs;
    const hn::Repartition<std::uint16_t, Sums> unsigned_pairs;
    const auto odd_b = hn::BitCast(pairs, hn::ShiftRight<8>(hn::BitCast(unsigned_pairs, b)));
    const auto even_b = hn::And(hn::BitCast(pairs, b), hn::Set(pairs, 0xFF));
    const auto odd_a = hn::ShiftRight<8>(hn::BitCast(pairs, a));
    const auto even_a = hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(pairs, a)));
    SumVector none = hn::Zero(d);
    return hn::ReorderWidenMulAccumulate(d, odd_b, odd_a, hn::ReorderWidenMulAccumulate(d, even_b, even_a, sum, none),
                                         none);
  }
};
#else
struct WideDot {
  static constexpr std::size_t kMostRows = HWY_TARGET == HWY_SCALAR ? 1 : 4;
  static HWY_INLINE SumVector Add(SumVector b, SumVector a, SumVector sum) {
    const SumVector byte = hn::Set(Sums(), 0xFF);
    sum = hn::Add(sum, hn::Mul(hn::And(b, byte), hn::ShiftRight<24>(hn::ShiftLeft<24>(a))));
    sum = hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<8>(b), byte), hn::ShiftRight<24>(hn::ShiftLeft<16>(a))));
    sum = hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<16>(b), byte), hn::ShiftRight<24>(hn::ShiftLeft<8>(a))));
    return hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<24>(b), byte), hn::ShiftRight<24>(a)));
  }
};
#endif

HWY_INLINE SumVector LoadQuads(const std::uint8_t* b) {
  const Sums d;
  return hn::LoadU(d, reinterpret_cast<const std::int32_t*>(b));
}

HWY_INLINE SumVector RepeatQuad(const std::int8_t* a) {
  std::int32_t quad;
  std::memcpy(&quad, a, sizeof quad);
  return hn::Set(Sums(), quad);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_BYTE_DOT_INL_H_
