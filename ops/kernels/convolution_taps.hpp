// Sums over taps, of which convolutions on float32 with few channels are made.
#ifndef LINNET_OPS_KERNELS_CONVOLUTION_TAPS_HPP_
#define LINNET_OPS_KERNELS_CONVOLUTION_TAPS_HPP_

#include <cstddef>

#include "ops/kernels/activation.hpp"

namespace linnet::kernels {

// y[row][i] = bias[row] + sum over taps t of weights[row * weights_stride + t] * x[offsets[t] + i] for i < columns.
// Taps are added in the order that gemm.hpp has for steps of k: in chains, and these in groups. The bits depend on the
// taps alone. Up to kTapSumSlack floats behind the last element of x are read, and of a row of y overwritten.
constexpr std::size_t kTapSumSlack = 128;
struct TapSums {
  const float* x;
  const std::ptrdiff_t* offsets;
  std::size_t taps;
  const float* weights;
  std::size_t weights_stride;
  const float* bias;  // null: zeros
  float* y;
  std::size_t y_row_stride;  // columns and slack at least
  std::size_t rows;
  std::size_t columns;
};
void tap_sums(const TapSums& sums);

// The same sums of one row of weights for several rows of outputs, of which no more is written than their columns:
//   y[row][i] = activation(bias + sum over taps t of weights[t] * x[row * x_row_stride + offsets[t] + i])
// for i < columns and tap_begin <= t < tap_end: what stands outside is known to be zero. Chains and groups are those of
// all taps. Up to kTapSumSlack floats behind the last element of x are read.
struct TapRows {
  const float* x;
  std::size_t x_row_stride;
  const std::ptrdiff_t* offsets;
  const float* weights;
  std::size_t tap_begin;
  std::size_t tap_end;
  float bias;
  Activation activation;  // none, Relu or Clip
  float* y;
  std::size_t y_row_stride;
  std::size_t rows;
  std::size_t columns;
};
void tap_rows(const TapRows& rows);

// The same for all taps of a square kernel whose rows lie x_row_stride apart, as those of outputs do: every element of
// x is read once for all rows of the kernel. The bits are those of tap_rows. Requires: has_plane_sums(kernel),
// tap_begin is 0, tap_end is kernel * kernel, and offsets[r * kernel + c] is r * x_row_stride + offsets[c].
constexpr bool has_plane_sums(std::size_t kernel) { return kernel == 3 || kernel == 5 || kernel == 7; }
void plane_sums(const TapRows& rows, std::size_t kernel);

// The same sums of a square kernel of which rows and columns of outputs are 2 apart, straight from a plane:
//   y[row][i] = activation(bias + sum of weights[r * kernel + c] * x[(top + 2 * row + r) * width + left + 2 * i + c])
// over the r and c that meet an element of x, which has `height` rows of `width` elements. The bits are those of
// tap_rows with finite weights. Requires: has_halved_sums(kernel).
struct HalvedPlane {
  const float* x;
  std::size_t height;
  std::size_t width;
  std::ptrdiff_t top;
  std::ptrdiff_t left;
  const float* weights;
  float bias;
  Activation activation;  // none, Relu or Clip
  float* y;
  std::size_t y_row_stride;
  std::size_t rows;
  std::size_t columns;
};
bool has_halved_sums(std::size_t kernel);  // on this CPU
void halved_sums(const HalvedPlane& plane, std::size_t kernel);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_CONVOLUTION_TAPS_HPP_
