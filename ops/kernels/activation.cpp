#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/activation.cpp"

#include "ops/kernels/activation.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/apply-inl.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

void ApplyActivation(const Activation& activation, const float* x, float* y, std::size_t count) {
  WithActivation(activation, [=](auto functor) HWY_ATTR { ApplyToRun(functor, x, y, count); });
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ApplyActivation);

void apply_activation(const Activation& activation, const float* x, float* y, std::size_t count) {
  LINNET_DISPATCH(ApplyActivation)(activation, x, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
