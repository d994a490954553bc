#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/winograd.cpp"

#include "ops/kernels/winograd.hpp"

#include <algorithm>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());

// B' d of four vectors.
HWY_INLINE void TransformInput(V& d0, V& d1, V& d2, V& d3) {
  const V first = hn::Sub(d0, d2);
  const V third = hn::Sub(d2, d1);
  d3 = hn::Sub(d1, d3);
  d1 = hn::Add(d1, d2);
  d0 = first;
  d2 = third;
}

void InputLines(const WinogradInputLines& lines) {
  const Tag d;
  for (std::size_t group = 0; group < lines.count; ++group) {
    for (std::size_t i = 0; i < lines.floats; i += kLanes) {
      // The last vector again has some of the one before it.
      const std::size_t at = std::min(i, lines.floats - kLanes);
      const std::size_t from = group * lines.from_step + at;
      V d0 = hn::LoadU(d, lines.from[0] + from);
      V d1 = hn::LoadU(d, lines.from[1] + from);
      V d2 = hn::LoadU(d, lines.from[2] + from);
      V d3 = hn::LoadU(d, lines.from[3] + from);
      TransformInput(d0, d1, d2, d3);
      float* const to = lines.to + group * lines.to_step + at;
      hn::StoreU(d0, d, to);
      hn::StoreU(d1, d, to + lines.to_stride);
      hn::StoreU(d2, d, to + 2 * lines.to_stride);
      hn::StoreU(d3, d, to + 3 * lines.to_stride);
    }
  }
}

// A' m of one vector each, in this order of sums.
struct Pair {
  V first, second;
};
HWY_INLINE Pair TransformSums(const float* from, std::size_t stride) {
  const Tag d;
  const V m1 = hn::LoadU(d, from + stride);
  const V m2 = hn::LoadU(d, from + 2 * stride);
  const V first = hn::Add(hn::Add(hn::LoadU(d, from), m1), m2);
  return {first, hn::Sub(hn::Sub(m1, m2), hn::LoadU(d, from + 3 * stride))};
}

void SumLines(float* sums, std::size_t floats) {
  const Tag d;
  for (std::size_t i = 0; i < floats; i += kLanes) {
    const Pair pair = TransformSums(sums + i, floats);
    hn::StoreU(pair.first, d, sums + i);
    hn::StoreU(pair.second, d, sums + floats + i);
  }
}

bool PixelRows(const WinogradPixels& pixels) {
  const Tag d;
  V faults = hn::Zero(d);  // NaN in a lane that has met a number that is not finite
  for (std::size_t row = 0; row < pixels.rows; row += kLanes) {
    const std::size_t lanes = std::min(kLanes, pixels.rows - row);
    const auto counted = hn::FirstN(d, lanes);  // what stands behind the rows may be anything
    const V bias = pixels.bias == nullptr ? hn::Zero(d) : LoadPartial(d, pixels.bias + row, lanes);
    for (std::size_t output = 0; output < pixels.outputs; output += 2) {
      const float* const sums = pixels.sums + output / 2 * pixels.row_width + row;
      const Pair pair = TransformSums(sums, pixels.position_stride);
      const std::size_t at = output * pixels.y_stride + row;
      V v = hn::Add(pair.first, bias);
      for (std::size_t i = 0;; ++i, v = hn::Add(pair.second, bias)) {
        faults = hn::MulAdd(hn::IfThenElseZero(counted, v), hn::Zero(d), faults);
        const std::size_t place = at + i * pixels.y_stride;
        if (pixels.addend != nullptr) v = hn::Add(v, LoadPartial(d, pixels.addend + place, lanes));
        if (pixels.relu) v = Relu(d, v);
        StorePartial(d, v, pixels.y + place, lanes);
        if (i == 1 || output + 1 == pixels.outputs) break;
      }
    }
  }
  return hn::AllTrue(d, hn::Eq(faults, hn::Zero(d)));
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(InputLines);
LINNET_EXPORT(SumLines);
LINNET_EXPORT(PixelRows);

void winograd_input_lines(const WinogradInputLines& lines) { LINNET_DISPATCH(InputLines)(lines); }

void winograd_sum_lines(float* sums, std::size_t floats) { LINNET_DISPATCH(SumLines)(sums, floats); }

bool winograd_pixels(const WinogradPixels& pixels) { return LINNET_DISPATCH(PixelRows)(pixels); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
