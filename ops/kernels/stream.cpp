#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/stream.cpp"

#include "ops/kernels/stream.hpp"

#include <cstring>

#include "ops/kernels/highway_config.h"

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// Only whole vectors on their own boundaries can be streamed; what stands before and after is copied.
void Stream(const float* from, float* to, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t before = ElementsBeforeVector<Stores::kStreamed>(d, to, count);
  std::memcpy(to, from, before * sizeof(float));
  std::size_t i = before;
  for (; i + lanes <= count; i += lanes) hn::Stream(hn::LoadU(d, from + i), d, to + i);
  std::memcpy(to + i, from + i, (count - i) * sizeof(float));
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Stream);

void stream(const float* from, float* to, std::size_t count) {
  if (count == 0) return;
  LINNET_DISPATCH(Stream)(from, to, count);
}

void finish_streams() { hwy::FlushStream(); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
