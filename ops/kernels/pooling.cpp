#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/pooling.cpp"

#include "ops/kernels/pooling.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// Of equal numbers the first. AtLeast keeps NaN in its second operand only.
struct LargerOf {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::IsNaN(b), b, AtLeast(b, a));
  }
};

struct SumOf {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
};

void MaxOfRows(const float* x, std::size_t rows, std::size_t stride, std::size_t count, bool joins, float* y) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const LargerOf join;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto most = hn::LoadU(d, x + i);
    for (std::size_t row = 1; row < rows; ++row) most = join(most, hn::LoadU(d, x + row * stride + i));
    if (joins) most = join(hn::LoadU(d, y + i), most);
    hn::StoreU(most, d, y + i);
  }
  const std::size_t left = count - i;
  if (left == 0) return;
  auto most = LoadPartial(d, x + i, left);
  for (std::size_t row = 1; row < rows; ++row) most = join(most, LoadPartial(d, x + row * stride + i, left));
  if (joins) most = join(LoadPartial(d, y + i, left), most);
  StorePartial(d, most, y + i, left);
}

template <class D>
using Element = hn::TFromD<D>;

// The taps of as many neighbouring outputs as a vector holds, whose first tap lies at x.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps1(D d, Join join, const Element<D>* x, std::size_t taps, std::size_t dilation) {
  auto result = hn::LoadU(d, x);
  for (std::size_t tap = 1; tap < taps; ++tap) result = join(result, hn::LoadU(d, x + tap * dilation));
  return result;
}

// The same for stride 2. Neighbouring taps share what is loaded.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps2(D d, Join join, const Element<D>* x, std::size_t taps, std::size_t dilation) {
  hn::Vec<D> result, other;
  hn::LoadInterleaved2(d, x, result, other);
  std::size_t tap = 1;
  if (dilation == 1 && taps > 1) {
    result = join(result, other);
    for (tap = 2; tap + 1 < taps; tap += 2) {
      hn::Vec<D> even, odd;
      hn::LoadInterleaved2(d, x + tap, even, odd);
      result = join(join(result, even), odd);
    }
  }
  for (; tap < taps; ++tap) {
    hn::Vec<D> even;
    hn::LoadInterleaved2(d, x + tap * dilation, even, other);
    result = join(result, even);
  }
  return result;
}

// The same for any stride, one output after the other.
template <class D, class Join>
HWY_INLINE hn::Vec<D> OfTaps(D d, Join join, const Element<D>* x, std::size_t taps, std::size_t stride,
                             std::size_t dilation, std::size_t count) {
  const hn::CappedTag<Element<D>, 1> one;
  HWY_ALIGN Element<D> results[hn::MaxLanes(d)] = {};
  for (std::size_t i = 0; i < count && i < hn::Lanes(d); ++i) {
    auto result = hn::Set(one, x[i * stride]);
    for (std::size_t tap = 1; tap < taps; ++tap) result = join(result, hn::Set(one, x[i * stride + tap * dilation]));
    results[i] = hn::GetLane(result);
  }
  return hn::Load(d, results);
}

// Calls store(vector, i, count) for every vector of outputs, the last of which may be needed in part only.
template <class D, class Join, class Store>
HWY_INLINE void ForTaps(D d, Join join, const Element<D>* x, std::size_t taps, std::size_t stride, std::size_t dilation,
                        std::size_t count, const Store& store) {
  const std::size_t lanes = hn::Lanes(d);
  if (stride == 1) {
    for (std::size_t i = 0; i < count; i += lanes) store(OfTaps1(d, join, x + i, taps, dilation), i);
  } else if (stride == 2) {
    for (std::size_t i = 0; i < count; i += lanes) store(OfTaps2(d, join, x + 2 * i, taps, dilation), i);
  } else {
    for (std::size_t i = 0; i < count; i += lanes) {
      store(OfTaps(d, join, x + stride * i, taps, stride, dilation, count - i), i);
    }
  }
}

void MaxOfTaps(const float* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
               float* y) {
  const hn::ScalableTag<float> d;
  ForTaps(d, LargerOf(), x, taps, stride, dilation, count, [=](hn::Vec<decltype(d)> v, std::size_t i) HWY_ATTR {
    if (i + hn::Lanes(d) <= count) {
      hn::StoreU(v, d, y + i);
    } else {
      StorePartial(d, v, y + i, count - i);
    }
  });
}

void SumOfTaps(const double* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
               double* y) {
  const typename Doubles<hn::ScalableTag<float>>::Tag dd;
  ForTaps(dd, SumOf(), x, taps, stride, dilation, count,
          [=](hn::Vec<decltype(dd)> v, std::size_t i) HWY_ATTR { hn::StoreU(v, dd, y + i); });
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(MaxOfRows);
LINNET_EXPORT(MaxOfTaps);
LINNET_EXPORT(SumOfTaps);

void max_of_rows(const float* x, std::size_t rows, std::size_t stride, std::size_t count, bool joins, float* y) {
  LINNET_DISPATCH(MaxOfRows)(x, rows, stride, count, joins, y);
}

void max_of_taps(const float* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
                 float* y) {
  LINNET_DISPATCH(MaxOfTaps)(x, taps, stride, dilation, count, y);
}

void sum_of_taps(const double* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
                 double* y) {
  LINNET_DISPATCH(SumOfTaps)(x, taps, stride, dilation, count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
