// A function of one float32 on a contiguous run. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cstddef>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_APPLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_APPLY_INL_H_
#undef LINNET_OPS_KERNELS_APPLY_INL_H_
#else
#define LINNET_OPS_KERNELS_APPLY_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// y[i] = functor(d, x[i]) for i < count; `y` may be `x` unless it is streamed. Two vectors at a time: their chains of
// dependent operations overlap.
template <Stores kStores = Stores::kCached, class Functor>
HWY_INLINE void ApplyToRun(Functor functor, const float* x, float* y, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = ElementsBeforeVector<kStores>(d, y, count);
  if (i > 0) StorePartial(d, functor(d, LoadPartial(d, x, i)), y, i);
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto first = functor(d, hn::LoadU(d, x + i));
    const auto second = functor(d, hn::LoadU(d, x + i + lanes));
    StoreVector<kStores>(d, first, y + i);
    StoreVector<kStores>(d, second, y + i + lanes);
  }
  for (; i < count; i += lanes) {
    const std::size_t left = count - i;
    const auto result = functor(d, left < lanes ? LoadPartial(d, x + i, left) : hn::LoadU(d, x + i));
    if (left < lanes) return StorePartial(d, result, y + i, left);
    StoreVector<kStores>(d, result, y + i);
  }
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_APPLY_INL_H_
