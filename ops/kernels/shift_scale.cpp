#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/shift_scale.cpp"

#include "ops/kernels/shift_scale.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {

void ShiftScale(const float* x, float mean, float scale, float bias, float* y, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto means = hn::Set(d, mean);
  const auto scales = hn::Set(d, scale);
  const auto biases = hn::Set(d, bias);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::MulAdd(hn::Sub(hn::LoadU(d, x + i), means), scales, biases), d, y + i);
  }
  if (i < count) {
    const auto rest = hn::MulAdd(hn::Sub(LoadPartial(d, x + i, count - i), means), scales, biases);
    StorePartial(d, rest, y + i, count - i);
  }
}

void ShiftScaleEach(const float* x, const float* mean, const float* scale, const float* bias, float* y,
                    std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto shifted = hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, mean + i));
    hn::StoreU(hn::MulAdd(shifted, hn::LoadU(d, scale + i), hn::LoadU(d, bias + i)), d, y + i);
  }
  if (i < count) {
    const std::size_t left = count - i;
    const auto shifted = hn::Sub(LoadPartial(d, x + i, left), LoadPartial(d, mean + i, left));
    const auto rest = hn::MulAdd(shifted, LoadPartial(d, scale + i, left), LoadPartial(d, bias + i, left));
    StorePartial(d, rest, y + i, left);
  }
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ShiftScale);
LINNET_EXPORT(ShiftScaleEach);

void shift_scale(const float* x, float mean, float scale, float bias, float* y, std::size_t count) {
  LINNET_DISPATCH(ShiftScale)(x, mean, scale, bias, y, count);
}

void shift_scale_each(const float* x, const float* mean, const float* scale, const float* bias, float* y,
                      std::size_t count) {
  LINNET_DISPATCH(ShiftScaleEach)(x, mean, scale, bias, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
