#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/quantize.cpp"

#include "ops/kernels/quantize.hpp"

#include <cstdint>
#include <cstring>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Integers = hn::RebindToSigned<Floats>;
using FloatVector = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

HWY_INLINE FloatVector Between(FloatVector value, FloatVector lowest, FloatVector highest) {
  const FloatVector above = hn::IfThenElse(hn::Gt(value, lowest), value, lowest);
  return hn::IfThenElse(hn::Lt(above, highest), above, highest);
}

// A division takes as long as all the rest. x * (1 / scale) differs from the quotient by less than 3 * 2^-24 of it,
// which is below 2^-13 within the range: it rounds to the same integer unless it is as near to a half.
//
// The bounds hold before zero is added, so that every sum is a number of the type; adding a number without fractions
// rounds what lies between them.
void QuantizeVectors(const QuantizedBytes& type, const float* x, std::size_t vectors, std::uint8_t* y) {
  const Floats d;
  const Integers di;
  const hn::Rebind<std::uint8_t, Floats> bytes;
  const float inverse = 1.0f / type.scale;
  const float magnitude = inverse < 0 ? -inverse : inverse;
  const bool divides = !(magnitude >= 0x1p-100f && magnitude <= 0x1p100f);
  const FloatVector scale = hn::Set(d, type.scale);
  const FloatVector factor = hn::Set(d, inverse);
  const float least = (type.is_signed ? -128.0f : 0.0f) - type.zero;
  const FloatVector lowest = hn::Set(d, least);
  const FloatVector highest = hn::Set(d, least + 255.0f);
  const FloatVector near_half = hn::Set(d, divides ? -1.0f : 0.5f - 0x1p-12f);
  const FloatVector no_fractions = hn::Set(d, 0x1.8p23f);
  const auto rest = hn::Sub(hn::BitCast(di, no_fractions), hn::Set(di, static_cast<std::int32_t>(type.zero)));
  for (std::size_t i = 0; i < vectors; ++i, x += kLanes, y += kLanes) {
    const FloatVector loaded = hn::LoadU(d, x);
    FloatVector value = Between(hn::Mul(loaded, factor), lowest, highest);
    FloatVector rounded = hn::Add(value, no_fractions);
    const FloatVector distance = hn::Abs(hn::Sub(value, hn::Sub(rounded, no_fractions)));
    if (!hn::AllFalse(d, hn::Gt(distance, near_half))) {
      value = Between(hn::Div(loaded, scale), lowest, highest);
      rounded = hn::Add(value, no_fractions);
    }
    const auto whole = hn::Sub(hn::BitCast(di, rounded), rest);
    hn::StoreU(hn::TruncateTo(bytes, hn::BitCast(hn::RebindToUnsigned<Integers>(), whole)), bytes, y);
  }
}

template <class T>
void DequantizeVectors(const QuantizedBytes& type, const void* from, std::size_t vectors, float* y) {
  const Floats d;
  const Integers di;
  const FloatVector scale = hn::Set(d, type.scale);
  const auto zero = hn::Set(di, static_cast<std::int32_t>(type.zero));
  const auto* x = static_cast<const T*>(from);
  for (std::size_t i = 0; i < vectors; ++i, x += kLanes, y += kLanes) {
    const auto integers = hn::PromoteTo(di, hn::LoadU(hn::Rebind<T, Floats>(), x));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, hn::Sub(integers, zero)), scale), d, y);
  }
}

// The rest of an array takes the same way as whole vectors, by copies.

void Quantize(const QuantizedBytes& type, const float* x, std::size_t count, std::uint8_t* y) {
  const std::size_t rest = count % kLanes;
  QuantizeVectors(type, x, count / kLanes, y);
  if (rest == 0) return;
  HWY_ALIGN float last_x[kLanes] = {};
  HWY_ALIGN std::uint8_t last_y[kLanes];
  std::memcpy(last_x, x + (count - rest), rest * sizeof(float));
  QuantizeVectors(type, last_x, 1, last_y);
  std::memcpy(y + (count - rest), last_y, rest);
}

void Dequantize(const QuantizedBytes& type, const std::uint8_t* x, std::size_t count, float* y) {
  const auto run = type.is_signed ? DequantizeVectors<std::int8_t> : DequantizeVectors<std::uint8_t>;
  const std::size_t rest = count % kLanes;
  run(type, x, count / kLanes, y);
  if (rest == 0) return;
  HWY_ALIGN std::uint8_t last_x[kLanes] = {};
  HWY_ALIGN float last_y[kLanes];
  std::memcpy(last_x, x + (count - rest), rest);
  run(type, last_x, 1, last_y);
  std::memcpy(y + (count - rest), last_y, rest * sizeof(float));
}

// Four chains, as many as their latency asks for.
Extremes FindExtremes(const float* x, std::size_t count) {
  const Floats d;
  FloatVector low[4], high[4];
  auto unordered = hn::IsNaN(hn::Zero(d));
  for (std::size_t i = 0; i < 4; ++i) low[i] = high[i] = hn::Zero(d);
  std::size_t at = 0;
  for (; at + 4 * kLanes <= count; at += 4 * kLanes) {
    for (std::size_t i = 0; i < 4; ++i) {
      const FloatVector value = hn::LoadU(d, x + at + i * kLanes);
      unordered = hn::Or(unordered, hn::IsNaN(value));
      low[i] = hn::Min(low[i], value);
      high[i] = hn::Max(high[i], value);
    }
  }
  const FloatVector lowest = hn::Min(hn::Min(low[0], low[1]), hn::Min(low[2], low[3]));
  const FloatVector highest = hn::Max(hn::Max(high[0], high[1]), hn::Max(high[2], high[3]));
  Extremes extremes = {hn::GetLane(hn::MinOfLanes(d, lowest)), hn::GetLane(hn::MaxOfLanes(d, highest)),
                       !hn::AllFalse(d, unordered)};
  for (; at < count; ++at) {
    extremes.has_nan = extremes.has_nan || x[at] != x[at];
    extremes.low = x[at] < extremes.low ? x[at] : extremes.low;
    extremes.high = x[at] > extremes.high ? x[at] : extremes.high;
  }
  return extremes;
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Quantize);
LINNET_EXPORT(Dequantize);
LINNET_EXPORT(FindExtremes);

Extremes find_extremes(const float* x, std::size_t count) { return LINNET_DISPATCH(FindExtremes)(x, count); }

void quantize(const QuantizedBytes& type, const float* x, std::size_t count, void* y) {
  LINNET_DISPATCH(Quantize)(type, x, count, static_cast<std::uint8_t*>(y));
}

void dequantize(const QuantizedBytes& type, const void* x, std::size_t count, float* y) {
  LINNET_DISPATCH(Dequantize)(type, static_cast<const std::uint8_t*>(x), count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
