#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/quantize.cpp"

#include "ops/kernels/quantize.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

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

// The bounds hold before zero is added, so that every sum is a number of the type.
template <class T>
void QuantizeVectors(const QuantizedBytes& type, const float* x, std::size_t vectors, void* to) {
  const Floats d;
  const Integers di;
  const hn::Rebind<T, Floats> bytes;
  const FloatVector scale = hn::Set(d, type.scale);
  const FloatVector lowest = hn::Set(d, std::numeric_limits<T>::min() - type.zero);
  const FloatVector highest = hn::Set(d, std::numeric_limits<T>::max() - type.zero);
  const auto zero = hn::Set(di, static_cast<std::int32_t>(type.zero));
  auto* y = static_cast<T*>(to);
  for (std::size_t i = 0; i < vectors; ++i, x += kLanes, y += kLanes) {
    const FloatVector quotient = hn::Div(hn::LoadU(d, x), scale);
    const FloatVector above = hn::IfThenElse(hn::Gt(quotient, lowest), quotient, lowest);
    const FloatVector fitting = hn::IfThenElse(hn::Lt(above, highest), above, highest);
    hn::StoreU(hn::DemoteTo(bytes, hn::Add(hn::NearestInt(fitting), zero)), bytes, y);
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
  const auto run = type.is_signed ? QuantizeVectors<std::int8_t> : QuantizeVectors<std::uint8_t>;
  const std::size_t rest = count % kLanes;
  run(type, x, count / kLanes, y);
  if (rest == 0) return;
  HWY_ALIGN float last_x[kLanes] = {};
  HWY_ALIGN std::uint8_t last_y[kLanes];
  std::memcpy(last_x, x + (count - rest), rest * sizeof(float));
  run(type, last_x, 1, last_y);
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

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Quantize);
LINNET_EXPORT(Dequantize);

void quantize(const QuantizedBytes& type, const float* x, std::size_t count, void* y) {
  LINNET_DISPATCH(Quantize)(type, x, count, static_cast<std::uint8_t*>(y));
}

void dequantize(const QuantizedBytes& type, const void* x, std::size_t count, float* y) {
  LINNET_DISPATCH(Dequantize)(type, static_cast<const std::uint8_t*>(x), count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
