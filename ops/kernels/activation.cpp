#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/activation.cpp"

#include "ops/kernels/activation.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// Two vectors at a time: their chains of dependent operations overlap.
template <class Functor>
void ApplyToRun(Functor functor, const float* x, float* y, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto first = functor(d, hn::LoadU(d, x + i));
    const auto second = functor(d, hn::LoadU(d, x + i + lanes));
    hn::StoreU(first, d, y + i);
    hn::StoreU(second, d, y + i + lanes);
  }
  for (; i < count; i += lanes) {
    const std::size_t left = count - i;
    const auto result = functor(d, left < lanes ? LoadPartial(d, x + i, left) : hn::LoadU(d, x + i));
    if (left < lanes) return StorePartial(d, result, y + i, left);
    hn::StoreU(result, d, y + i);
  }
}

void ApplyActivation(const Activation& activation, const float* x, float* y, std::size_t count) {
  WithActivation(activation, [=](auto functor) HWY_ATTR { ApplyToRun(functor, x, y, count); });
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

HWY_EXPORT(ApplyActivation);

void apply_activation(const Activation& activation, const float* x, float* y, std::size_t count) {
  LINNET_DISPATCH(ApplyActivation)(activation, x, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
