#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/rotation.cpp"

#include "ops/kernels/rotation.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

// Whole vectors, or the first `count` lanes of them.
struct Whole {
  HWY_INLINE V load(const float* from) const { return hn::LoadU(Tag(), from); }
  HWY_INLINE void store(V v, float* to) const { hn::StoreU(v, Tag(), to); }
};
struct Part {
  std::size_t count;
  HWY_INLINE V load(const float* from) const { return LoadPartial(Tag(), from, count); }
  HWY_INLINE void store(V v, float* to) const { StorePartial(Tag(), v, to, count); }
};

// Turns x1 and x2 by the angles from `i` on.
template <class Lanes>
HWY_INLINE void Turn(V& x1, V& x2, const Rotation& by, std::size_t i, Lanes lanes) {
  const V y1 = hn::MulSub(x1, lanes.load(by.first_cos + i), hn::Mul(x2, lanes.load(by.first_sin + i)));
  x2 = hn::MulAdd(x1, lanes.load(by.second_sin + i), hn::Mul(x2, lanes.load(by.second_cos + i)));
  x1 = y1;
}

template <class Lanes>
HWY_INLINE void TurnHalves(const float* x1, const float* x2, const Rotation& by, float* y1, float* y2, std::size_t i,
                           Lanes lanes) {
  V first = lanes.load(x1 + i), second = lanes.load(x2 + i);
  Turn(first, second, by, i, lanes);
  lanes.store(first, y1 + i);
  lanes.store(second, y2 + i);
}

void RotateHalves(const float* x1, const float* x2, const Rotation& by, float* y1, float* y2, std::size_t count) {
  std::size_t i = 0;
  for (; i + hn::Lanes(Tag()) <= count; i += hn::Lanes(Tag())) TurnHalves(x1, x2, by, y1, y2, i, Whole());
  if (i < count) TurnHalves(x1, x2, by, y1, y2, i, Part{count - i});
}

void RotatePairs(const float* x, const Rotation& by, float* y, std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  V first, second;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::LoadInterleaved2(d, x + 2 * i, first, second);
    Turn(first, second, by, i, Whole());
    hn::StoreInterleaved2(first, second, d, y + 2 * i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[2 * hn::MaxLanes(d)] = {};
  for (std::size_t k = 0; i + k / 2 < count; ++k) rest[k] = x[2 * i + k];
  hn::LoadInterleaved2(d, rest, first, second);
  Turn(first, second, by, i, Part{count - i});
  hn::StoreInterleaved2(first, second, d, rest);
  for (std::size_t k = 0; i + k / 2 < count; ++k) y[2 * i + k] = rest[k];
}

// From an even element on: a pair lies within a vector.
template <class Lanes>
HWY_INLINE void TurnNeighbours(const float* x, const float* cos, const float* sin, float* y, std::size_t i,
                               Lanes lanes) {
  const Tag d;
  const V v = lanes.load(x + i), by = lanes.load(sin + i);
  const V turned = hn::Mul(hn::Reverse2(d, v), hn::OddEven(by, hn::Neg(by)));
  lanes.store(hn::MulAdd(v, lanes.load(cos + i), turned), y + i);
}

void RotateNeighbours(const float* x, const float* cos, const float* sin, float* y, std::size_t elements) {
  std::size_t i = 0;
  for (; i + hn::Lanes(Tag()) <= elements; i += hn::Lanes(Tag())) TurnNeighbours(x, cos, sin, y, i, Whole());
  if (i < elements) TurnNeighbours(x, cos, sin, y, i, Part{elements - i});
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(RotateHalves);
LINNET_EXPORT(RotatePairs);
LINNET_EXPORT(RotateNeighbours);

void rotate_halves(const float* x1, const float* x2, const Rotation& by, float* y1, float* y2, std::size_t count) {
  LINNET_DISPATCH(RotateHalves)(x1, x2, by, y1, y2, count);
}

void rotate_pairs(const float* x, const Rotation& by, float* y, std::size_t count) {
  LINNET_DISPATCH(RotatePairs)(x, by, y, count);
}

void rotate_neighbours(const float* x, const float* cos, const float* sin, float* y, std::size_t elements) {
  LINNET_DISPATCH(RotateNeighbours)(x, cos, sin, y, elements);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
