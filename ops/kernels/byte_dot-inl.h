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

// A quad of B in every lane, and one of A, in all lanes: sum += b[0] a[0] + ... + b[3] a[3], in kParts steps. A row of
// A has kQuadBytes for a quad; where these are 8, WidenQuads has made them.

HWY_INLINE SumVector RepeatLane(const std::int8_t* from) {
  std::int32_t lane;
  std::memcpy(&lane, from, sizeof lane);
  return hn::Set(Sums(), lane);
}

// A quad of B in every lane, and one of A, in all lanes: sum += b[0] a[0] + ... + b[3] a[3], in kParts steps. A row of
// A has kQuadBytes for a quad; where these are 8, Widen makes them.

struct QuadOfBytes {
  static constexpr std::size_t kQuadBytes = 4, kParts = 1;
  static HWY_INLINE SumVector PartOfA(const std::int8_t* row, std::size_t quad, std::size_t /*part*/) {
    return RepeatLane(row + 4 * quad);
  }
  static HWY_INLINE SumVector PartOfB(SumVector b, std::size_t /*part*/) { return b; }
};

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
// Assembler's lines, since not every CPU that the target is for has the instruction.
struct ByteDot : QuadOfBytes {
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
// Of 16 bits, whose pairs' products fit 32: vpmaddubsw would saturate. The even bytes of a quad are one part, the odd
// ones the other, so that a tile's sums and what it multiplies fit the registers.
struct WideDot {
  static constexpr std::size_t kMostRows = HWY_TARGET == HWY_SSE4 ? 1 : 4;
  static constexpr std::size_t kQuadBytes = 8, kParts = 2;
  using Pairs = hn::Repartition<std::int16_t, Sums>;
  static HWY_INLINE SumVector PartOfA(const std::int8_t* row, std::size_t quad, std::size_t part) {
    return RepeatLane(row + 8 * quad + 4 * part);
  }
  static HWY_INLINE SumVector PartOfB(SumVector b, std::size_t part) {
    const hn::Repartition<std::uint16_t, Sums> pairs;
    if (part == 1) return hn::BitCast(Sums(), hn::ShiftRight<8>(hn::BitCast(pairs, b)));
    return hn::And(b, hn::Set(Sums(), 0x00FF00FF));
  }
  static HWY_INLINE SumVector Add(SumVector b, SumVector a, SumVector sum) {
    SumVector none = hn::Zero(Sums());
    sum = hn::ReorderWidenMulAccumulate(Sums(), hn::BitCast(Pairs(), b), hn::BitCast(Pairs(), a), sum, none);
    // In this order: g++ would compute all products first, for which there are not enough registers.
    __asm__ volatile("" : "+x"(sum.raw));
    return sum;
  }
  static HWY_INLINE void Split(SumVector quads, SumVector& even, SumVector& odd) {
    even = hn::BitCast(Sums(), hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(Pairs(), quads))));
    odd = hn::BitCast(Sums(), hn::ShiftRight<8>(hn::BitCast(Pairs(), quads)));
  }
  static HWY_INLINE void Widen(const std::int8_t* from, std::size_t quads, std::int8_t* to) {
    std::size_t quad = 0;
    SumVector even, odd;
    for (; quad + kLanes <= quads; quad += kLanes) {
      Split(hn::LoadU(Sums(), reinterpret_cast<const std::int32_t*>(from + 4 * quad)), even, odd);
      hn::StoreInterleaved2(even, odd, Sums(), reinterpret_cast<std::int32_t*>(to + 8 * quad));
    }
    for (; quad < quads; ++quad) {
      Split(RepeatLane(from + 4 * quad), even, odd);
      const std::int32_t both[] = {hn::GetLane(even), hn::GetLane(odd)};
      std::memcpy(to + 8 * quad, both, sizeof both);
    }
  }
};
#else
struct WideDot : QuadOfBytes {
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

// The same for B below 16. Sums of kMostQuads quads fit 16 bits: a quad takes two operations, and eight take two more.
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
#if HWY_TARGET == HWY_AVX3
HWY_INLINE hn::Vec512<std::int16_t> SumsOfPairs(SumVector b, SumVector a) {
  return hn::Vec512<std::int16_t>{_mm512_maddubs_epi16(b.raw, a.raw)};
}
#elif HWY_TARGET == HWY_AVX2
HWY_INLINE hn::Vec256<std::int16_t> SumsOfPairs(SumVector b, SumVector a) {
  return hn::Vec256<std::int16_t>{_mm256_maddubs_epi16(b.raw, a.raw)};
}
#else
HWY_INLINE hn::Vec128<std::int16_t> SumsOfPairs(SumVector b, SumVector a) {
  return hn::Vec128<std::int16_t>{_mm_maddubs_epi16(b.raw, a.raw)};
}
#endif
struct NibbleDot {
  static constexpr std::size_t kMostQuads = 8;
  using Pairs = hn::Repartition<std::int16_t, Sums>;
  using Partial = hn::Vec<Pairs>;
  static HWY_INLINE Partial None() { return hn::Zero(Pairs()); }
  static HWY_INLINE Partial Add(SumVector b, SumVector a, Partial partial) {
    return hn::Add(partial, SumsOfPairs(b, a));
  }
  static HWY_INLINE SumVector AddTo(SumVector sum, Partial partial) {
    SumVector none = hn::Zero(Sums());
    return hn::ReorderWidenMulAccumulate(Sums(), partial, hn::Set(Pairs(), 1), sum, none);
  }
};
#endif

// The same with whole sums.
template <class Dot>
struct WholeDot {
  static_assert(Dot::kQuadBytes == 4, "B and A in parts");
  static constexpr std::size_t kMostQuads = ~std::size_t{0} / 8;
  using Partial = SumVector;
  static HWY_INLINE Partial None() { return hn::Zero(Sums()); }
  static HWY_INLINE Partial Add(SumVector b, SumVector a, Partial partial) { return Dot::Add(b, a, partial); }
  static HWY_INLINE SumVector AddTo(SumVector sum, Partial partial) { return hn::Add(sum, partial); }
};

HWY_INLINE SumVector LoadQuads(const std::uint8_t* b) {
  const Sums d;
  return hn::LoadU(d, reinterpret_cast<const std::int32_t*>(b));
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_BYTE_DOT_INL_H_
