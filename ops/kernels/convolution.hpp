// What convolutions on float32 are made of: rows of elements copied to where products and sums find them, and sums over
// taps for few channels. Products themselves are those of gemm.hpp.
#ifndef LINNET_OPS_KERNELS_CONVOLUTION_HPP_
#define LINNET_OPS_KERNELS_CONVOLUTION_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/activation.hpp"

namespace linnet::kernels {

// Elements of a row: zeros, then `count` elements of x from x[from] on, then zeros.
struct RowPiece {
  std::ptrdiff_t from;
  std::size_t zeros_before;
  std::size_t count;
  std::size_t zeros_after;
};

// So many floats behind an output that says so may be overwritten with anything.
constexpr std::size_t kSlackFloats = 16;

// Fills `rows` rows of `to`, of `width` elements each and without gaps: row i is made of the pieces in their order, out
// of x + i * row_stride; neighbours in a piece are `step` apart there. All pieces together have `width` elements. Has
// slack behind the last row. Nothing of x is read but what the pieces name, and the elements between.
void gather_rows(const float* x, std::size_t row_stride, std::size_t step, std::size_t rows, const RowPiece* pieces,
                 std::size_t piece_count, std::size_t width, float* to);

// Copies elements [row][column] of `from` to those of `to`. Steps lie between columns, strides between rows.
struct RowCopy {
  const float* from;
  std::size_t from_row_stride;
  std::size_t from_step;
  float* to;
  std::size_t to_row_stride;
  std::size_t to_step;
  std::size_t rows;
  std::size_t columns;
};
void copy_rows(const RowCopy& copy);

// Elements 0, 2, 4, ... of `columns` of a row to that of `even`, the others to that of `odd`.
struct RowSplit {
  const float* from;
  std::size_t from_row_stride;
  float* even;
  float* odd;
  std::size_t to_row_stride;
  std::size_t rows;
  std::size_t columns;
};
void split_rows(const RowSplit& split);

// to[2 * i] = even[i], to[2 * i + 1] = odd[i] for i < count.
void interleave(const float* even, const float* odd, float* to, std::size_t count);

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

// The same for a square kernel whose rows lie x_row_stride apart, as those of outputs do:
//   y[row][i] = activation(bias + sum over r, c of
//                          weights[r * kernel + c] * x[(row + r) * x_row_stride + offsets[c] + i])
// Every element of x is read once for all rows of the kernel. The bits are those of tap_rows over all taps.
struct PlaneSums {
  const float* x;
  std::size_t x_row_stride;
  const std::ptrdiff_t* offsets;
  const float* weights;
  std::size_t kernel;  // has_plane_sums
  float bias;
  Activation activation;  // none, Relu or Clip
  float* y;
  std::size_t y_row_stride;
  std::size_t rows;
  std::size_t columns;
};
constexpr bool has_plane_sums(std::size_t kernel) { return kernel == 3 || kernel == 5 || kernel == 7; }
void plane_sums(const PlaneSums& sums);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_CONVOLUTION_HPP_
