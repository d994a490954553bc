#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/activation.cpp"

#include "ops/kernels/activation.hpp"

#include <type_traits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/apply-inl.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// Whether memory can keep the function waiting, of several threads at least.
template <class Functor>
constexpr bool kWaitsForMemory =
    std::is_same_v<Functor, NoActivation> || std::is_same_v<Functor, ReluActivation> ||
    std::is_same_v<Functor, LeakyReluActivation> || std::is_same_v<Functor, ClipActivation> ||
    std::is_same_v<Functor, HardSigmoidActivation> || std::is_same_v<Functor, SigmoidActivation> ||
    std::is_same_v<Functor, TanhActivation> || std::is_same_v<Functor, SelfGatedActivation> ||
    std::is_same_v<Functor, HardSwishActivation>;

// The functions whose chains are long, in stages: on AVX2, where no table shortens them.
#if HWY_TARGET == HWY_AVX2
HWY_INLINE ExpInStages InStages(ExpActivation /*activation*/) { return {}; }
HWY_INLINE GeluTanhInStages InStages(GeluTanhActivation /*activation*/) { return {}; }
HWY_INLINE SelfGatedInStages InStages(SelfGatedActivation activation) { return {activation.alpha}; }
HWY_INLINE SigmoidInStages InStages(SigmoidActivation /*activation*/) { return {}; }
HWY_INLINE TanhInStages InStages(TanhActivation /*activation*/) { return {}; }
#endif
struct NoStages {};
template <class Functor>
HWY_INLINE NoStages InStages(const Functor& /*activation*/) {
  return {};
}

// Applies stages to whole vectors of a run, if there are enough of them, and says to how many elements.
template <class Functor>
HWY_INLINE std::size_t ApplyStages(const Functor& functor, const float* x, float* y, std::size_t count) {
  if constexpr (std::is_same_v<decltype(InStages(functor)), NoStages>) {
    return 0;
  } else {
    constexpr std::size_t kLeast = 64;
    return count < kLeast ? 0 : ApplyInStages(InStages(functor), x, y, count);
  }
}

void ApplyActivation(const Activation& activation, const float* x, float* y, std::size_t count, Stores stores) {
  WithActivation(activation, [=](auto functor) HWY_ATTR {
    if constexpr (kTargetStreams && kWaitsForMemory<decltype(functor)>) {
      if (stores == Stores::kStreamed) return ApplyToRun<Stores::kStreamed>(functor, x, y, count);
    }
    const std::size_t done = ApplyStages(functor, x, y, count);
    ApplyToRun(functor, x + done, y + done, count - done);
  });
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(ApplyActivation);

void apply_activation(const Activation& activation, const float* x, float* y, std::size_t count, Stores stores) {
  LINNET_DISPATCH(ApplyActivation)(activation, x, y, count, stores);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
