// Arithmetic of two vectors of float32. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_ELEMENTWISE_INL_H_
#undef LINNET_OPS_KERNELS_ELEMENTWISE_INL_H_
#else
#define LINNET_OPS_KERNELS_ELEMENTWISE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct AddOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
};
struct SubOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Sub(a, b);
  }
};
struct MulOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Mul(a, b);
  }
};
struct DivOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Div(a, b);
  }
};
// AtLeast and AtMost keep NaN in their second operand only.
struct MinOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtMost(a, b));
  }
};
struct MaxOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtLeast(a, b));
  }
};

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_ELEMENTWISE_INL_H_
