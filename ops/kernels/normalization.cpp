#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/normalization.cpp"

#include "ops/kernels/normalization.hpp"

#include <cmath>

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
using DoubleTag = Doubles<Tag>::Tag;
using VD = hn::Vec<DoubleTag>;

constexpr std::size_t kPartialSums = 16;

// The terms of a sum, on one double or on a vector of them.
struct Value {
  HWY_INLINE double operator()(double x) const { return x; }
  HWY_INLINE VD operator()(VD x) const { return x; }
};
struct SquaredDistance {
  double from;
  HWY_INLINE double operator()(double x) const { return (x - from) * (x - from); }
  HWY_INLINE VD operator()(VD x) const {
    const VD distance = hn::Sub(x, hn::Set(DoubleTag(), from));
    return hn::Mul(distance, distance);
  }
};

// Adds term(x[i]) in the order that reduce_sum promises.
template <class Term>
double SumOf(Term term, const float* x, std::size_t count) {
  const Tag d;
  const DoubleTag dd;
  constexpr std::size_t kParts = Doubles<Tag>::kParts;
  constexpr std::size_t kVectors = kPartialSums / hn::MaxLanes(d);
  VD sums[kVectors * kParts];
  for (VD& sum : sums) sum = hn::Zero(dd);
  std::size_t i = 0;
  for (; i + kPartialSums <= count; i += kPartialSums) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < kVectors; ++k) {
      const V v = hn::LoadU(d, x + i + k * hn::Lanes(d));
      sums[k * kParts] = hn::Add(sums[k * kParts], term(PromoteLower(d, v)));
      if (kParts == 2) sums[k * kParts + kParts - 1] = hn::Add(sums[k * kParts + kParts - 1], term(PromoteUpper(d, v)));
    }
  }
  HWY_ALIGN double partial[kPartialSums];
  for (std::size_t k = 0; k < kVectors * kParts; ++k) hn::Store(sums[k], dd, partial + k * hn::Lanes(dd));
  for (std::size_t k = 0; i + k < count; ++k) partial[k] += term(static_cast<double>(x[i + k]));
  for (std::size_t width = kPartialSums / 2; width != 0; width /= 2) {
    for (std::size_t k = 0; k < width; ++k) partial[k] += partial[k + width];
  }
  return partial[0];
}

double ReduceSum(const float* x, std::size_t count) { return SumOf(Value(), x, count); }

// Sums over an axis whose elements are `stride` apart, each divided by `divisor`.
struct Columns {
  std::size_t axis_length;
  std::size_t stride;
  double divisor;
};

// `count` neighbouring quotients, Lanes at most.
HWY_INLINE void SumColumns(Tag d, const float* x, float* y, const Columns& columns, std::size_t count) {
  const DoubleTag dd;
  const bool whole = count >= hn::Lanes(d);
  VD lower = hn::Zero(dd), upper = hn::Zero(dd);
  for (std::size_t k = 0; k < columns.axis_length; ++k) {
    const V v = whole ? hn::LoadU(d, x + k * columns.stride) : LoadPartial(d, x + k * columns.stride, count);
    lower = hn::Add(lower, PromoteLower(d, v));
    upper = hn::Add(upper, PromoteUpper(d, v));
  }
  lower = hn::Div(lower, hn::Set(dd, columns.divisor));
  upper = hn::Div(upper, hn::Set(dd, columns.divisor));
  if (whole) return hn::StoreU(Demote(d, lower, upper), d, y);
  StorePartial(d, Demote(d, lower, upper), y, count);
}

// Four vectors of neighbouring quotients: their additions overlap.
HWY_INLINE void SumFourVectors(Tag d, const float* x, float* y, const Columns& columns) {
  constexpr std::size_t kVectors = 4;
  const DoubleTag dd;
  VD lower[kVectors], upper[kVectors];
  for (VD& sum : lower) sum = hn::Zero(dd);
  for (VD& sum : upper) sum = hn::Zero(dd);
  for (std::size_t k = 0; k < columns.axis_length; ++k) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kVectors; ++j) {
      const V v = hn::LoadU(d, x + k * columns.stride + j * hn::Lanes(d));
      lower[j] = hn::Add(lower[j], PromoteLower(d, v));
      upper[j] = hn::Add(upper[j], PromoteUpper(d, v));
    }
  }
  const VD divisor = hn::Set(dd, columns.divisor);
  for (std::size_t j = 0; j < kVectors; ++j) {
    const V quotients = Demote(d, hn::Div(lower[j], divisor), hn::Div(upper[j], divisor));
    hn::StoreU(quotients, d, y + j * hn::Lanes(d));
  }
}

void ReduceColumns(const float* x, float* y, const Columns& columns, std::size_t count) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) SumFourVectors(d, x + i, y + i, columns);
  for (; i < count; i += lanes) SumColumns(d, x + i, y + i, columns, count - i);
}

void ReduceSumStrided(const float* x, float* y, std::size_t axis_length, std::size_t inner) {
  ReduceColumns(x, y, {axis_length, inner, 1.0}, inner);
}

void ReduceMeanStrided(const float* x, float* y, std::size_t axis_length, std::size_t count, std::size_t stride) {
  ReduceColumns(x, y, {axis_length, stride, static_cast<double>(axis_length)}, count);
}

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

template <class Scale, class Bias>
void LayerNormRows(const float* x, Scale scale, Bias bias, float epsilon, float* y, float* means, float* inv_std_devs,
                   std::size_t rows, std::size_t columns) {
  const double size = static_cast<double>(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = x + row * columns;
    const double mean = SumOf(Value(), from, columns) / size;
    const double variance = SumOf(SquaredDistance{mean}, from, columns) / size;
    const float inv_std_dev = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(epsilon)));
    NormalizeRow(from, scale, bias, mean, inv_std_dev, y + row * columns, columns);
    if (means) means[row] = static_cast<float>(mean);
    if (inv_std_devs) inv_std_devs[row] = inv_std_dev;
  }
}

void LayerNorm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* mean,
               float* inv_std_dev, std::size_t rows, std::size_t columns) {
  const Number one{1.0f}, zero{0.0f};
  if (scale && bias) return LayerNormRows(x, Array{scale}, Array{bias}, epsilon, y, mean, inv_std_dev, rows, columns);
  if (scale) return LayerNormRows(x, Array{scale}, zero, epsilon, y, mean, inv_std_dev, rows, columns);
  if (bias) return LayerNormRows(x, one, Array{bias}, epsilon, y, mean, inv_std_dev, rows, columns);
  LayerNormRows(x, one, zero, epsilon, y, mean, inv_std_dev, rows, columns);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

HWY_EXPORT(ReduceSum);
HWY_EXPORT(ReduceSumStrided);
HWY_EXPORT(ReduceMeanStrided);
HWY_EXPORT(LayerNorm);

double reduce_sum(const float* x, std::size_t count) { return LINNET_DISPATCH(ReduceSum)(x, count); }

void reduce_sum_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner) {
  LINNET_DISPATCH(ReduceSumStrided)(x, y, axis_length, inner);
}

void reduce_mean_strided(const float* x, float* y, std::size_t axis_length, std::size_t count, std::size_t stride) {
  LINNET_DISPATCH(ReduceMeanStrided)(x, y, axis_length, count, stride);
}

void layer_norm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* mean,
                float* inv_std_dev, std::size_t rows, std::size_t columns) {
  if (columns == 0) return;
  LINNET_DISPATCH(LayerNorm)(x, scale, bias, epsilon, y, mean, inv_std_dev, rows, columns);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
