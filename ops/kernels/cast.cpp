// A vector of elements is loaded as float32, int32 or int64, whatever keeps it exactly; converted; and stored. Of int64
// there are as many lanes as of the others, in two vectors.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/cast.cpp"

#include "ops/kernels/cast.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Floats = hn::ScalableTag<float>;
using Integers = hn::RebindToSigned<Floats>;
using Bits = hn::RebindToUnsigned<Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;
using DoublesTag = Doubles<Floats>::Tag;
using Longs = hn::RebindToSigned<DoublesTag>;
using LongBits = hn::RebindToUnsigned<DoublesTag>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

using FloatVector = hn::Vec<Floats>;
using IntegerVector = hn::Vec<Integers>;
struct LongVector {
  hn::Vec<Longs> lower;
  hn::Vec<Longs> upper;
};

struct Bool {
  std::uint8_t byte;
};

HWY_INLINE FloatVector LoadElements(const float* x) { return hn::LoadU(Floats(), x); }
HWY_INLINE IntegerVector LoadElements(const std::int32_t* x) { return hn::LoadU(Integers(), x); }
HWY_INLINE LongVector LoadElements(const std::int64_t* x) {
  const auto lower = hn::LoadU(Longs(), x);
  return {lower, kLanes == 1 ? lower : hn::LoadU(Longs(), x + kLanes / 2)};
}
HWY_INLINE IntegerVector LoadElements(const std::uint8_t* x) {
  return hn::PromoteTo(Integers(), hn::LoadU(Bytes(), x));
}
HWY_INLINE IntegerVector LoadElements(const Bool* x) {
  const auto bytes = hn::LoadU(Bytes(), reinterpret_cast<const std::uint8_t*>(x));
  return hn::PromoteTo(Integers(), hn::Min(bytes, hn::Set(Bytes(), 1)));
}

HWY_INLINE void StoreElements(FloatVector v, float* y) { hn::StoreU(v, Floats(), y); }
HWY_INLINE void StoreElements(IntegerVector v, std::int32_t* y) { hn::StoreU(v, Integers(), y); }
HWY_INLINE void StoreElements(LongVector v, std::int64_t* y) {
  hn::StoreU(v.lower, Longs(), y);
  if (kLanes > 1) hn::StoreU(v.upper, Longs(), y + kLanes / 2);
}
HWY_INLINE void StoreElements(IntegerVector v, std::uint8_t* y) {
  hn::StoreU(hn::TruncateTo(Bytes(), hn::BitCast(Bits(), v)), Bytes(), y);
}
HWY_INLINE void StoreElements(IntegerVector v, Bool* y) { StoreElements(v, reinterpret_cast<std::uint8_t*>(y)); }

// The low bits of integers of 64.
HWY_INLINE IntegerVector LowBits(LongVector v) {
#if HWY_TARGET == HWY_SCALAR
  return hn::BitCast(Integers(), hn::TruncateTo(Bits(), hn::BitCast(LongBits(), v.lower)));
#else
  const hn::Half<Bits> half;
  const auto lower = hn::TruncateTo(half, hn::BitCast(LongBits(), v.lower));
  const auto upper = hn::TruncateTo(half, hn::BitCast(LongBits(), v.upper));
  return hn::BitCast(Integers(), hn::Combine(Bits(), upper, lower));
#endif
}

HWY_INLINE LongVector Widened(IntegerVector v) {
#if HWY_TARGET == HWY_SCALAR
  const auto lower = hn::PromoteTo(Longs(), v);
  return {lower, lower};
#else
  const hn::Half<Integers> half;
  return {hn::PromoteTo(Longs(), hn::LowerHalf(half, v)), hn::PromoteTo(Longs(), hn::UpperHalf(half, v))};
#endif
}

// Adding 1.5 * 2^52 to a whole number below 2^51 leaves it in the last bits; adding these bits makes a double of it.
constexpr double kShift = 0x1.8p52;
constexpr std::int64_t kShiftBits = 0x4338000000000000;

HWY_INLINE hn::Vec<Longs> LongsOf(hn::Vec<DoublesTag> whole) {
  const auto shifted = hn::Add(whole, hn::Set(DoublesTag(), kShift));
  return hn::Sub(hn::BitCast(Longs(), shifted), hn::Set(Longs(), kShiftBits));
}

HWY_INLINE hn::Vec<DoublesTag> DoublesOf(hn::Vec<Longs> v) {
  const auto shifted = hn::BitCast(DoublesTag(), hn::Add(v, hn::Set(Longs(), kShiftBits)));
  return hn::Sub(shifted, hn::Set(DoublesTag(), kShift));
}

// All ones in lanes of 2^51 and more, and below -2^51.
HWY_INLINE hn::Vec<LongBits> Beyond(hn::Vec<Longs> v) {
  const auto moved = hn::Add(hn::BitCast(LongBits(), v), hn::Set(LongBits(), std::uint64_t{1} << 51));
  return hn::ShiftRight<52>(moved);
}

// One vector of what is too large for the above.
HWY_NOINLINE void CastLarge(const std::int64_t* x, float* y) {
  std::int64_t copies[kLanes];
  std::memcpy(copies, x, sizeof copies);
  for (std::size_t i = 0; i < kLanes; ++i) y[i] = static_cast<float>(copies[i]);
}

HWY_NOINLINE void CastLarge(const float* x, std::int64_t* y) {
  float copies[kLanes];
  std::memcpy(copies, x, sizeof copies);
  for (std::size_t i = 0; i < kLanes; ++i) {
    const float value = copies[i];
    if (value >= 0x1p63F) {
      y[i] = std::numeric_limits<std::int64_t>::max();
    } else if (value <= -0x1p63F) {
      y[i] = std::numeric_limits<std::int64_t>::min();
    } else {
      y[i] = std::isnan(value) ? 0 : static_cast<std::int64_t>(value);
    }
  }
}

HWY_INLINE void CastVector(const std::int64_t* x, float* y) {
  const LongVector v = LoadElements(x);
  const auto beyond = hn::Or(Beyond(v.lower), Beyond(v.upper));
  if (HWY_UNLIKELY(!hn::AllTrue(LongBits(), hn::Eq(beyond, hn::Zero(LongBits()))))) return CastLarge(x, y);
  StoreElements(Demote(Floats(), DoublesOf(v.lower), DoublesOf(v.upper)), y);
}

HWY_INLINE void CastVector(const float* x, std::int64_t* y) {
  const Floats d;
  const FloatVector v = LoadElements(x);
  if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Lt(hn::Abs(v), hn::Set(d, 0x1p51F))))) return CastLarge(x, y);
  const FloatVector whole = hn::Trunc(v);
  StoreElements(LongVector{LongsOf(PromoteLower(d, whole)), LongsOf(PromoteUpper(d, whole))}, y);
}

HWY_INLINE IntegerVector IntegersOf(FloatVector v, std::int32_t* /*y*/) {
  const Floats d;
  const Integers di;
  const FloatVector lowest = hn::Set(d, -0x1p31F);
  const FloatVector number = hn::IfThenElseZero(hn::Eq(v, v), v);
  const FloatVector above = hn::IfThenElse(hn::Gt(number, lowest), number, lowest);
  const auto large = hn::Ge(above, hn::Set(d, 0x1p31F));
  const IntegerVector largest = hn::Set(di, std::numeric_limits<std::int32_t>::max());
  return hn::IfThenElse(hn::RebindMask(di, large), largest, hn::ConvertTo(di, hn::IfThenZeroElse(large, above)));
}

// NaN is not above 0.
HWY_INLINE IntegerVector IntegersOf(FloatVector v, std::uint8_t* /*y*/) {
  const Floats d;
  const FloatVector highest = hn::Set(d, 255.0F);
  const FloatVector above = hn::IfThenElseZero(hn::Gt(v, hn::Zero(d)), v);
  return hn::ConvertTo(Integers(), hn::IfThenElse(hn::Gt(above, highest), highest, above));
}

// 1 of all but zeros, NaN included.
HWY_INLINE IntegerVector Truth(FloatVector v) {
  const Integers di;
  return hn::IfThenElseZero(hn::RebindMask(di, hn::Not(hn::Eq(v, hn::Zero(Floats())))), hn::Set(di, 1));
}
HWY_INLINE IntegerVector Truth(IntegerVector v) {
  return hn::IfThenElseZero(hn::Ne(v, hn::Zero(Integers())), hn::Set(Integers(), 1));
}
HWY_INLINE IntegerVector Truth(LongVector v) {
  const Longs d;
  const auto one = hn::Set(d, 1);
  const auto lower = hn::IfThenElseZero(hn::Ne(v.lower, hn::Zero(d)), one);
  return LowBits({lower, hn::IfThenElseZero(hn::Ne(v.upper, hn::Zero(d)), one)});
}

// All other pairs.
template <class From, class To>
HWY_INLINE void CastVector(const From* x, To* y) {
  const auto v = LoadElements(x);
  if constexpr (std::is_same_v<To, Bool>) {
    StoreElements(Truth(v), y);
  } else if constexpr (std::is_same_v<From, float>) {
    StoreElements(IntegersOf(v, y), y);
  } else if constexpr (std::is_same_v<To, float>) {
    StoreElements(hn::ConvertTo(Floats(), v), y);
  } else if constexpr (std::is_same_v<From, std::int64_t>) {
    StoreElements(LowBits(v), y);
  } else if constexpr (std::is_same_v<To, std::int64_t>) {
    StoreElements(Widened(v), y);
  } else {
    StoreElements(v, y);
  }
}

template <class From, class To>
void CastVectors(const void* from, std::size_t vectors, void* to) {
  const auto* x = static_cast<const From*>(from);
  auto* y = static_cast<To*>(to);
  for (std::size_t i = 0; i < vectors; ++i, x += kLanes, y += kLanes) CastVector(x, y);
}

// By CastType.
constexpr std::size_t kBytes[] = {4, 4, 8, 1, 1};
using VectorCast = void (*)(const void* from, std::size_t vectors, void* to);
constexpr VectorCast kCasts[5][5] = {
    {nullptr, CastVectors<float, std::int32_t>, CastVectors<float, std::int64_t>, CastVectors<float, std::uint8_t>,
     CastVectors<float, Bool>},
    {CastVectors<std::int32_t, float>, nullptr, CastVectors<std::int32_t, std::int64_t>,
     CastVectors<std::int32_t, std::uint8_t>, CastVectors<std::int32_t, Bool>},
    {CastVectors<std::int64_t, float>, CastVectors<std::int64_t, std::int32_t>, nullptr,
     CastVectors<std::int64_t, std::uint8_t>, CastVectors<std::int64_t, Bool>},
    {CastVectors<std::uint8_t, float>, CastVectors<std::uint8_t, std::int32_t>, CastVectors<std::uint8_t, std::int64_t>,
     nullptr, CastVectors<std::uint8_t, Bool>},
    {CastVectors<Bool, float>, CastVectors<Bool, std::int32_t>, CastVectors<Bool, std::int64_t>,
     CastVectors<Bool, std::uint8_t>, nullptr},
};

// The rest of an array takes the same way as whole vectors, by copies.
void CastElements(CastType from, CastType to, const void* x, std::size_t count, void* y) {
  const VectorCast cast_vectors = kCasts[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  const std::size_t x_bytes = kBytes[static_cast<std::size_t>(from)];
  const std::size_t y_bytes = kBytes[static_cast<std::size_t>(to)];
  const std::size_t rest = count % kLanes;
  const std::size_t done = count - rest;
  cast_vectors(x, count / kLanes, y);
  if (rest == 0) return;
  HWY_ALIGN std::byte last_x[kLanes * sizeof(std::int64_t)] = {};
  HWY_ALIGN std::byte last_y[kLanes * sizeof(std::int64_t)];
  std::memcpy(last_x, static_cast<const std::byte*>(x) + done * x_bytes, rest * x_bytes);
  cast_vectors(last_x, 1, last_y);
  std::memcpy(static_cast<std::byte*>(y) + done * y_bytes, last_y, rest * y_bytes);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(CastElements);

void cast(CastType from, CastType to, const void* x, std::size_t count, void* y) {
  LINNET_DISPATCH(CastElements)(from, to, x, count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
