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

// Elements at any address: copied by memcpy, which compilers turn into a plain load or store.
template <class Half>
void Widen(const std::byte* from, std::size_t count, float* to) {
  HWY_ALIGN std::uint16_t halves[kHalfLanes] = {};
  std::size_t i = 0;
  for (; i + kHalfLanes <= count; i += kHalfLanes) {
    std::memcpy(halves, from + i * sizeof(std::uint16_t), sizeof halves);
    hn::StoreU(hn::BitCast(Floats(), Half::Widen(hn::Load(Halves(), halves))), Floats(), to + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[kHalfLanes];
  std::memcpy(halves, from + i * sizeof(std::uint16_t), (count - i) * sizeof(std::uint16_t));
  hn::Store(hn::BitCast(Floats(), Half::Widen(hn::Load(Halves(), halves))), Floats(), rest);
  std::copy(rest, rest + (count - i), to + i);
}

template <class Half>
void Narrow(const float* from, std::size_t count, std::byte* to) {
  HWY_ALIGN std::uint16_t halves[kHalfLanes];
  std::size_t i = 0;
  for (; i + kHalfLanes <= count; i += kHalfLanes) {
    hn::Store(Half::Narrow(hn::BitCast(Bits(), hn::LoadU(Floats(), from + i))), Halves(), halves);
    std::memcpy(to + i * sizeof(std::uint16_t), halves, sizeof halves);
  }
  if (i == count) return;
  HWY_ALIGN float rest[kHalfLanes] = {};
  std::copy(from + i, from + count, rest);
  hn::Store(Half::Narrow(hn::BitCast(Bits(), hn::Load(Floats(), rest))), Halves(), halves);
  std::memcpy(to + i * sizeof(std::uint16_t), halves, (count - i) * sizeof(std::uint16_t));
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

void widen(HalfType type, const void* from, std::size_t count, float* to) {
  LINNET_DISPATCH(WidenHalves)(type, static_cast<const std::byte*>(from), count, to);
}

void narrow(HalfType type, const float* from, std::size_t count, void* to) {
  LINNET_DISPATCH(NarrowHalves)(type, from, count, static_cast<std::byte*>(to));
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
