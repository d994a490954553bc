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

// y[i] = functor(d, x[i]) for i < count; `y` may be `x`. Two vectors at a time: their chains of dependent operations
// overlap. The last two, which may be partial or one only, take the same way, so that the functor's code is there once.
template <class Functor>
HWY_NOINLINE void ApplyToCachedRun(Functor functor, const float* x, float* y, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; i += 2 * lanes) {
    const std::size_t left = count - i;
    const auto v = left < lanes ? LoadPartial(d, x + i, left) : hn::LoadU(d, x + i);
    auto w = v;
    if (left >= 2 * lanes) {
      w = hn::LoadU(d, x + i + lanes);
    } else if (left > lanes) {
      w = LoadPartial(d, x + i + lanes, left - lanes);
    }
    const auto first = functor(d, v);
    const auto second = functor(d, w);
    if (left < lanes) return StorePartial(d, first, y + i, left);
    hn::StoreU(first, d, y + i);
    if (left >= 2 * lanes) {
      hn::StoreU(second, d, y + i + lanes);
    } else if (left > lanes) {
      StorePartial(d, second, y + i + lanes, left - lanes);
    }
  }
}

// The same; `y` may be `x` unless it is streamed.
template <Stores kStores = Stores::kCached, class Functor>
HWY_INLINE void ApplyToRun(Functor functor, const float* x, float* y, std::size_t count) {
  if constexpr (kStores == Stores::kCached) return ApplyToCachedRun(functor, x, y, count);
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = ElementsBeforeVector<kStores>(d, y, count);
  ApplyToCachedRun(functor, x, y, i);
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto first = functor(d, hn::LoadU(d, x + i));
    const auto second = functor(d, hn::LoadU(d, x + i + lanes));
    StoreVector<kStores>(d, first, y + i);
    StoreVector<kStores>(d, second, y + i + lanes);
  }
  ApplyToCachedRun(functor, x + i, y + i, count - i);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_APPLY_INL_H_
