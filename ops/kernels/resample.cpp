#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/resample.cpp"

#include "ops/kernels/resample.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using FloatTag = hn::ScalableTag<float>;
using V = hn::Vec<FloatTag>;

// The sum over the taps of weight(tap) * element(tap), both functions that give vectors.
template <class Weight, class Element>
HWY_INLINE V SumInFloat(std::size_t taps, const Weight& weight, const Element& element) {
  V sum = hn::Mul(weight(0), element(0));
  for (std::size_t tap = 1; tap < taps; ++tap) sum = hn::MulAdd(weight(tap), element(tap), sum);
  return sum;
}

template <class Weight, class Element>
HWY_INLINE V SumInDouble(std::size_t taps, const Weight& weight, const Element& element) {
  const FloatTag d;
  const Doubles<FloatTag>::Tag dd;
  auto lower = hn::Zero(dd);
  auto upper = hn::Zero(dd);
  for (std::size_t tap = 0; tap < taps; ++tap) {
    const V w = weight(tap);
    const V x = element(tap);
    lower = hn::MulAdd(PromoteLower(d, w), PromoteLower(d, x), lower);
    upper = hn::MulAdd(PromoteUpper(d, w), PromoteUpper(d, x), upper);
  }
  return Demote(d, lower, upper);
}

template <class Weight, class Element>
HWY_INLINE V Sum(std::size_t taps, const Weight& weight, const Element& element) {
  return taps <= kFewTaps ? SumInFloat(taps, weight, element) : SumInDouble(taps, weight, element);
}

void WeightedRows(const float* x, std::size_t stride, const float* weights, std::size_t taps, float* y,
                  std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const auto weight = [=](std::size_t tap) HWY_ATTR { return hn::Set(d, weights[tap]); };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto element = [=](std::size_t tap) HWY_ATTR { return hn::LoadU(d, x + tap * stride + i); };
    hn::StoreU(Sum(taps, weight, element), d, y + i);
  }
  if (i == count) return;
  const std::size_t left = count - i;
  const auto element = [=](std::size_t tap) HWY_ATTR { return LoadPartial(d, x + tap * stride + i, left); };
  StorePartial(d, Sum(taps, weight, element), y + i, left);
}

void WeightedElements(const float* x, const ElementPlaces& places, const float* weights, std::size_t line,
                      std::size_t taps, float* y, std::size_t count) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  const std::size_t lanes = hn::Lanes(d);
  static_assert(kTablePadding % hn::MaxLanes(d) == 0, "a vector of the table may end behind it");
  const ElementPlaces at = places;
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto weight = [=](std::size_t tap) HWY_ATTR { return hn::LoadU(d, weights + tap * line + i); };
    const auto element = [=](std::size_t tap) HWY_ATTR {
      const auto counts = hn::Ne(weight(tap), hn::Zero(d));
      const auto index = hn::LoadU(di, at.first + tap * at.first_line + i);
      return hn::IfThenElseZero(counts, hn::GatherIndex(d, x + tap * at.stride, index));
    };
    const V sum = Sum(taps, weight, element);
    if (i + lanes <= count) {
      hn::StoreU(sum, d, y + i);
    } else {
      StorePartial(d, sum, y + i, count - i);
    }
  }
}

void WeightedPixels(const PixelTaps& table, std::size_t points, std::size_t first, float* y, std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const PixelTaps at = table;
  for (std::size_t point = 0; point < points; ++point, y += count) {
    const auto weight_of = [=](std::size_t tap) { return at.weights[tap * at.line + point]; };
    const auto weight = [=](std::size_t tap) HWY_ATTR { return hn::Set(d, weight_of(tap)); };
    for (std::size_t i = 0; i < count; i += lanes) {
      const std::size_t left = count - i;
      const auto element = [=](std::size_t tap) HWY_ATTR {
        if (weight_of(tap) == 0) return hn::Zero(d);
        const auto pixel = static_cast<std::size_t>(at.pixels[tap * at.line + point]);
        const float* const from = at.x + pixel * at.channels + first + i;
        return left < lanes ? LoadPartial(d, from, left) : hn::LoadU(d, from);
      };
      const V sum = Sum(at.taps, weight, element);
      if (left < lanes) {
        StorePartial(d, sum, y + i, left);
      } else {
        hn::StoreU(sum, d, y + i);
      }
    }
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(WeightedRows);
LINNET_EXPORT(WeightedElements);
LINNET_EXPORT(WeightedPixels);

void weighted_rows(const float* x, std::size_t stride, const float* weights, std::size_t taps, float* y,
                   std::size_t count) {
  LINNET_DISPATCH(WeightedRows)(x, stride, weights, taps, y, count);
}

void weighted_elements(const float* x, const ElementPlaces& places, const float* weights, std::size_t line,
                       std::size_t taps, float* y, std::size_t count) {
  LINNET_DISPATCH(WeightedElements)(x, places, weights, line, taps, y, count);
}

void weighted_pixels(const PixelTaps& taps, std::size_t points, std::size_t first, float* y, std::size_t count) {
  LINNET_DISPATCH(WeightedPixels)(taps, points, first, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
