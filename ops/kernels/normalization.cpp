#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/normalization.cpp"

#include "ops/kernels/normalization.hpp"

#include <cmath>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/reduction-inl.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

// Where scale or bias come from: an array, or one number.
struct Array {
  const float* from;
  HWY_INLINE V operator()(Tag d, std::size_t i) const { return hn::LoadU(d, from + i); }
  HWY_INLINE V partial(Tag d, std::size_t i, std::size_t count) const { return LoadPartial(d, from + i, count); }
};
struct Number {
  float number;
  HWY_INLINE V operator()(Tag d, std::size_t /*i*/) const { return hn::Set(d, number); }
  HWY_INLINE V partial(Tag d, std::size_t /*i*/, std::size_t /*count*/) const { return hn::Set(d, number); }
};

template <class Scale, class Bias>
void NormalizeRow(const float* x, Scale scale, Bias bias, double mean, float inv_std_dev, float* y,
                  std::size_t columns) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const float mean_float = static_cast<float>(mean);
  const V mean_high = hn::Set(d, mean_float);
  const V mean_low = hn::Set(d, static_cast<float>(mean - static_cast<double>(mean_float)));
  const V factor = hn::Set(d, inv_std_dev);
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const V centred = hn::Sub(hn::Sub(hn::LoadU(d, x + i), mean_high), mean_low);
    hn::StoreU(hn::MulAdd(hn::Mul(centred, factor), scale(d, i), bias(d, i)), d, y + i);
  }
  if (i == columns) return;
  const std::size_t left = columns - i;
  const V centred = hn::Sub(hn::Sub(LoadPartial(d, x + i, left), mean_high), mean_low);
  StorePartial(d, hn::MulAdd(hn::Mul(centred, factor), scale.partial(d, i, left), bias.partial(d, i, left)), y + i,
               left);
}

// Calls function(scale, bias) with what the two pointers stand for.
template <class Function>
void WithScaleAndBias(const float* scale, const float* bias, Function&& function) {
  const Number one{1.0f}, zero{-0.0f};  // -0 + -0 is -0: it changes nothing
  if (scale && bias) return function(Array{scale}, Array{bias});
  if (scale) return function(Array{scale}, zero);
  if (bias) return function(one, Array{bias});
  function(one, zero);
}

double SumOfDistances(const float* x, double from, std::size_t count) {
  return ReduceRun(SumOfSquaredDistances{{}, from}, x, count);
}

void Normalize(const float* x, const float* scale, const float* bias, double mean, float inv_std_dev, float* y,
               std::size_t count) {
  WithScaleAndBias(scale, bias, [=](auto scales, auto biases) HWY_ATTR {
    NormalizeRow(x, scales, biases, mean, inv_std_dev, y, count);
  });
}

void NormalizeBy(const float* x, float scale, float bias, double mean, float inv_std_dev, float* y, std::size_t count) {
  NormalizeRow(x, Number{scale}, Number{bias}, mean, inv_std_dev, y, count);
}

// With a mean of 0 where rows are not to be centred.
void LayerNorm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* means,
               float* inv_std_devs, std::size_t rows, std::size_t columns, bool centred) {
  const double size = static_cast<double>(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = x + row * columns;
    const double mean = centred ? ReduceRun(Sum(), from, columns) / size : 0.0;
    const double variance = SumOfDistances(from, mean, columns) / size;
    const float inv_std_dev = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(epsilon)));
    Normalize(from, scale, bias, mean, inv_std_dev, y + row * columns, columns);
    if (means) means[row] = static_cast<float>(mean);
    if (inv_std_devs) inv_std_devs[row] = inv_std_dev;
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(LayerNorm);
LINNET_EXPORT(SumOfDistances);
LINNET_EXPORT(Normalize);
LINNET_EXPORT(NormalizeBy);

void layer_norm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* mean,
                float* inv_std_dev, std::size_t rows, std::size_t columns) {
  if (columns == 0) return;
  LINNET_DISPATCH(LayerNorm)(x, scale, bias, epsilon, y, mean, inv_std_dev, rows, columns, true);
}

void rms_norm(const float* x, const float* scale, float epsilon, float* y, std::size_t rows, std::size_t columns) {
  if (columns == 0) return;
  LINNET_DISPATCH(LayerNorm)(x, scale, nullptr, epsilon, y, nullptr, nullptr, rows, columns, false);
}

double sum_of_squared_distances(const float* x, double from, std::size_t count) {
  return LINNET_DISPATCH(SumOfDistances)(x, from, count);
}

void normalize(const float* x, const float* scale, const float* bias, double mean, float inv_std_dev, float* y,
               std::size_t count) {
  LINNET_DISPATCH(Normalize)(x, scale, bias, mean, inv_std_dev, y, count);
}

void normalize_by(const float* x, float scale, float bias, double mean, float inv_std_dev, float* y,
                  std::size_t count) {
  LINNET_DISPATCH(NormalizeBy)(x, scale, bias, mean, inv_std_dev, y, count);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
