// Rows that are written in whole vectors: up to a vector behind their end is overwritten. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cstddef>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_CONVOLUTION_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_CONVOLUTION_ROWS_INL_H_
#undef LINNET_OPS_KERNELS_CONVOLUTION_ROWS_INL_H_
#else
#define LINNET_OPS_KERNELS_CONVOLUTION_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Returns the place behind the zeros.
HWY_INLINE float* StoreZeros(float* to, std::size_t count) {
  const hn::ScalableTag<float> d;
  for (std::size_t i = 0; i < count; i += hn::MaxLanes(d)) hn::StoreU(hn::Zero(d), d, to + i);
  return to + count;
}

// Reads no further than `count` floats.
HWY_INLINE void CopyLine(const float* from, std::size_t count, float* to) {
  const hn::ScalableTag<float> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  if (i < count) hn::StoreU(LoadPartial(d, from + i, count - i), d, to + i);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_CONVOLUTION_ROWS_INL_H_
