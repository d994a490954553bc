// Conversion of 16-bit elements: by the CPU's own instructions where it has F16C, by integers elsewhere.
#include "ops/kernels/half.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/half.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/half-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Bits = hn::ScalableTag<std::uint32_t>;
using BitsVector = hn::Vec<Bits>;
using Floats = hn::RebindToFloat<Bits>;
using Halves = hn::Rebind<std::uint16_t, Bits>;
constexpr std::size_t kHalfLanes = hn::MaxLanes(Bits());

struct Float16 {
  static HWY_INLINE BitsVector Widen(hn::Vec<Halves> halves) {
    const Bits d;
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
    return hn::BitCast(d, hn::PromoteTo(Floats(), hn::BitCast(hn::Rebind<hwy::float16_t, Bits>(), halves)));
#else
    return WidenFloat16Bits(d, hn::PromoteTo(d, halves));
#endif
  }
  static HWY_INLINE hn::Vec<Halves> Narrow(BitsVector bits) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
    return hn::BitCast(Halves(), hn::DemoteTo(hn::Rebind<hwy::float16_t, Bits>(), hn::BitCast(Floats(), bits)));
#else
    const Bits d;
    return hn::TruncateTo(Halves(), NarrowFloat16Bits(d, bits));
#endif
  }
};

struct Bfloat16 {
  static HWY_INLINE BitsVector Widen(hn::Vec<Halves> halves) {
    return hn::ShiftLeft<16>(hn::PromoteTo(Bits(), halves));
  }
  static HWY_INLINE hn::Vec<Halves> Narrow(BitsVector bits) {
    const Bits d;
    return hn::TruncateTo(Halves(), hn::ShiftRight<16>(RoundToBfloat16(d, bits)));
  }
};

// Elements at any address.
HWY_INLINE hn::Vec<Halves> LoadHalves(const std::byte* from) {
#if HWY_TARGET == HWY_SCALAR
  std::uint16_t half;
  std::memcpy(&half, from, sizeof half);
  return hn::Set(Halves(), half);
#else
  return hn::LoadU(Halves(), reinterpret_cast<const std::uint16_t*>(from));
#endif
}
HWY_INLINE void StoreHalves(hn::Vec<Halves> halves, std::byte* to) {
#if HWY_TARGET == HWY_SCALAR
  const std::uint16_t half = hn::GetLane(halves);
  std::memcpy(to, &half, sizeof half);
#else
  hn::StoreU(halves, Halves(), reinterpret_cast<std::uint16_t*>(to));
#endif
}

// A vector's bytes, of which the array may have fewer.
struct Buffer {
  HWY_ALIGN std::byte bytes[kHalfLanes * sizeof(std::uint16_t)] = {};
};
template <class Half>
void Widen(const std::byte* from, std::size_t count, float* to) {
  std::size_t i = 0;
  for (; i + kHalfLanes <= count; i += kHalfLanes) {
    hn::StoreU(hn::BitCast(Floats(), Half::Widen(LoadHalves(from + i * sizeof(std::uint16_t)))), Floats(), to + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[kHalfLanes];
  Buffer halves;
  std::memcpy(halves.bytes, from + i * sizeof(std::uint16_t), (count - i) * sizeof(std::uint16_t));
  hn::Store(hn::BitCast(Floats(), Half::Widen(LoadHalves(halves.bytes))), Floats(), rest);
  std::copy(rest, rest + (count - i), to + i);
}

template <class Half>
void Narrow(const float* from, std::size_t count, std::byte* to) {
  std::size_t i = 0;
  for (; i + kHalfLanes <= count; i += kHalfLanes) {
    StoreHalves(Half::Narrow(hn::BitCast(Bits(), hn::LoadU(Floats(), from + i))), to + i * sizeof(std::uint16_t));
  }
  if (i == count) return;
  HWY_ALIGN float rest[kHalfLanes] = {};
  std::copy(from + i, from + count, rest);
  Buffer halves;
  StoreHalves(Half::Narrow(hn::BitCast(Bits(), hn::Load(Floats(), rest))), halves.bytes);
  std::memcpy(to + i * sizeof(std::uint16_t), halves.bytes, (count - i) * sizeof(std::uint16_t));
}

template <class V>
HWY_INLINE V Joined(BinaryKind kind, V a, V b) {
  switch (kind) {
    case BinaryKind::kSub:
      return hn::Sub(a, b);
    case BinaryKind::kMul:
      return hn::Mul(a, b);
    case BinaryKind::kDiv:
      return hn::Div(a, b);
    default:
      return hn::Add(a, b);
  }
}

// One step of a type: kElements of a and b to y.
struct Float16Step {
  static constexpr std::size_t kElements = kHalfLanes;
  static HWY_INLINE void Join(BinaryKind kind, const std::byte* a, const std::byte* b, std::byte* y) {
    const Floats d;
    const auto first = hn::BitCast(d, Float16::Widen(LoadHalves(a)));
    const auto second = hn::BitCast(d, Float16::Widen(LoadHalves(b)));
    StoreHalves(Float16::Narrow(hn::BitCast(Bits(), Joined(kind, first, second))), y);
  }
};

// Two neighbours are the halves of one lane: nothing moves between lanes.
struct Bfloat16Step {
  static constexpr std::size_t kElements = 2 * kHalfLanes;
  static HWY_INLINE BitsVector Load(const std::byte* from) {
    HWY_ALIGN std::uint32_t pairs[kHalfLanes];
    std::memcpy(pairs, from, sizeof pairs);
    return hn::Load(Bits(), pairs);
  }
  static HWY_INLINE BitsVector Rounded(BinaryKind kind, BitsVector a, BitsVector b) {
    const Floats d;
    return RoundToBfloat16(Bits(), hn::BitCast(Bits(), Joined(kind, hn::BitCast(d, a), hn::BitCast(d, b))));
  }
  static HWY_INLINE void Join(BinaryKind kind, const std::byte* a, const std::byte* b, std::byte* y) {
    const BitsVector upper = hn::Set(Bits(), 0xFFFF0000u);
    const BitsVector first = Load(a), second = Load(b);
    const BitsVector odd = Rounded(kind, hn::And(first, upper), hn::And(second, upper));
    const BitsVector even = Rounded(kind, hn::ShiftLeft<16>(first), hn::ShiftLeft<16>(second));
    HWY_ALIGN std::uint32_t pairs[kHalfLanes];
    hn::Store(hn::Or(hn::And(odd, upper), hn::ShiftRight<16>(even)), Bits(), pairs);
    std::memcpy(y, pairs, sizeof pairs);
  }
};

// The kind is asked for each step, which the CPU foresees: a loop for each would take four times the room.
template <class Step>
void JoinHalves(BinaryKind kind, const std::byte* a, const std::byte* b, std::size_t count, std::byte* y) {
  constexpr std::size_t kBytes = Step::kElements * sizeof(std::uint16_t);
  std::byte a_rest[kBytes] = {}, b_rest[kBytes] = {}, y_rest[kBytes];
  for (std::size_t left = count * sizeof(std::uint16_t); left != 0;) {
    const bool whole = left >= kBytes;
    if (!whole) {
      std::memcpy(a_rest, a, left);
      std::memcpy(b_rest, b, left);
    }
    Step::Join(kind, whole ? a : a_rest, whole ? b : b_rest, whole ? y : y_rest);
    if (!whole) {
      std::memcpy(y, y_rest, left);
      return;
    }
    left -= kBytes, a += kBytes, b += kBytes, y += kBytes;
  }
}

void BinaryHalves(HalfType type, BinaryKind kind, const std::byte* a, const std::byte* b, std::size_t count,
                  std::byte* y) {
  type == HalfType::kFloat16 ? JoinHalves<Float16Step>(kind, a, b, count, y)
                             : JoinHalves<Bfloat16Step>(kind, a, b, count, y);
}

void WidenHalves(HalfType type, const std::byte* from, std::size_t count, float* to) {
  type == HalfType::kFloat16 ? Widen<Float16>(from, count, to) : Widen<Bfloat16>(from, count, to);
}

void NarrowHalves(HalfType type, const float* from, std::size_t count, std::byte* to) {
  type == HalfType::kFloat16 ? Narrow<Float16>(from, count, to) : Narrow<Bfloat16>(from, count, to);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(WidenHalves);
LINNET_EXPORT(NarrowHalves);
LINNET_EXPORT(BinaryHalves);

void widen(HalfType type, const void* from, std::size_t count, float* to) {
  LINNET_DISPATCH(WidenHalves)(type, static_cast<const std::byte*>(from), count, to);
}

void narrow(HalfType type, const float* from, std::size_t count, void* to) {
  LINNET_DISPATCH(NarrowHalves)(type, from, count, static_cast<std::byte*>(to));
}

void binary_halves(HalfType type, BinaryKind kind, const void* a, const void* b, std::size_t count, void* y) {
  LINNET_DISPATCH(BinaryHalves)
  (type, kind, static_cast<const std::byte*>(a), static_cast<const std::byte*>(b), count, static_cast<std::byte*>(y));
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
