// Functions in stages. Per-target: see README.md.
//
// Every result on its way in a CPU needs a register, of which there are some 150. So of a function of 40 operations, a
// chain of 60 cycles, three or four vectors overlap, however many could be computed meanwhile. In stages, each of which
// goes over a block of vectors in the first-level cache, chains are shorter and more of them overlap.
//
// A function in stages is a struct of
//
//   static constexpr std::size_t kStages;
//   static constexpr std::size_t kParts;  // vectors that stages leave to later ones
//   template <std::size_t kStage, class D, class Parts>
//   hn::Vec<D> Stage(D d, hn::Vec<D> x, const Parts& parts) const;  // the last one returns the result
#include "ops/kernels/highway_config.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "hwy/highway.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_STAGES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_STAGES_INL_H_
#undef LINNET_OPS_KERNELS_STAGES_INL_H_
#else
#define LINNET_OPS_KERNELS_STAGES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Of one vector, in registers.
template <class V>
struct PartsOfVector {
  V* parts;
  HWY_INLINE V Get(std::size_t part) const { return parts[part]; }
  HWY_INLINE void Set(std::size_t part, V v) const { parts[part] = v; }
};

// Of one of the vectors of a block.
template <class D>
struct PartsInBlock {
  float* first;
  std::size_t stride;
  HWY_INLINE hn::Vec<D> Get(std::size_t part) const { return hn::Load(D(), first + part * stride); }
  HWY_INLINE void Set(std::size_t part, hn::Vec<D> v) const { hn::Store(v, D(), first + part * stride); }
};

template <class Function, class D, class V, std::size_t... kStage>
HWY_INLINE V AllStages(const Function& function, D d, V x, std::index_sequence<kStage...>) {
  V parts[Function::kParts], y = x;
  ((y = function.template Stage<kStage>(d, x, PartsOfVector<V>{parts})), ...);
  return y;
}

// All stages of one vector: the same bits.
template <class Function, class D, class V = hn::Vec<D>>
HWY_INLINE V AtOnce(const Function& function, D d, V x) {
  return AllStages(function, d, x, std::make_index_sequence<Function::kStages>());
}

// The vectors of a block through one stage and those after it.
template <std::size_t kStage, class Function, class D>
HWY_INLINE void ThroughStages(const Function& function, D d, const float* x, float* y, float* parts, std::size_t stride,
                              std::size_t count) {
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const auto v = function.template Stage<kStage>(d, hn::LoadU(d, x + i), PartsInBlock<D>{parts + i, stride});
    if constexpr (kStage + 1 == Function::kStages) hn::StoreU(v, d, y + i);
  }
  if constexpr (kStage + 1 < Function::kStages) {
    ThroughStages<kStage + 1>(function, d, x, y, parts, stride, count);
  }
}

// y[i] = function(x[i]) for the whole vectors of `count` elements; returns how many elements those are. `y` may be `x`.
template <class Function>
HWY_NOINLINE std::size_t ApplyInStages(const Function& function, const float* x, float* y, std::size_t count) {
  const hn::ScalableTag<float> d;
  constexpr std::size_t kBlock = 32 * hn::MaxLanes(d);
  HWY_ALIGN float parts[Function::kParts * kBlock];
  const std::size_t whole = count / hn::Lanes(d) * hn::Lanes(d);
  for (std::size_t i = 0; i < whole; i += kBlock) {
    ThroughStages<0>(function, d, x + i, y + i, parts, kBlock, std::min(kBlock, whole - i));
  }
  return whole;
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_STAGES_INL_H_
