// Softmax and LogSoftmax of float32.
#ifndef LINNET_OPS_KERNELS_SOFTMAX_HPP_
#define LINNET_OPS_KERNELS_SOFTMAX_HPP_

#include <cstddef>

namespace linnet::kernels {

// Softmax: y = e^(x - m) / sum of e^(x - m); LogSoftmax: y = (x - m) - log(sum of e^(x - m)); m is the maximum.
//
// For finite input every element is finite and within 4 ULP of the correctly rounded value, whatever the length and
// however far apart the values lie: no term suffers from the rounding of x - m, sums are exact to 2^-31, and
// LogSoftmax adds the terms beside the maximum separately (log1p), so that a row with one dominant element keeps its
// digits. A row that holds NaN or +inf, or nothing but -inf, gives NaN everywhere, as e^(x - m) in ONNX's reference
// does; other -inf elements give 0, and -inf in LogSoftmax. The order of summation depends on the length only (that of
// reduce_row over rows, of the elements over columns), so a row's result does not depend on how many rows there are or
// where it stands, and is the same on every instruction set that has FMA. `x` and `y` are the same array or do not
// overlap.

// Over contiguous rows: x and y are [rows, columns].
void softmax(const float* x, float* y, std::size_t rows, std::size_t columns);
void log_softmax(const float* x, float* y, std::size_t rows, std::size_t columns);

// The same over rows of x and y that lie so many elements apart. What is between those of x, and as much behind the
// last one, may be read and counts for nothing; what is between those of y stays. Requires: both strides are columns or
// more; x and y do not overlap where they differ.
void softmax_padded(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                    std::size_t columns);
void log_softmax_padded(const float* x, std::size_t x_row_stride, float* y, std::size_t y_row_stride, std::size_t rows,
                        std::size_t columns);

// Over the first axis of x and y, both [axis_length, inner]: the elements of one sum are `inner` apart.
void softmax_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner);
void log_softmax_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner);

// The same for the first `columns` of the `inner` columns only; the others are neither read nor written, so tasks can
// share the columns of one tensor. Requires: columns <= inner.
void softmax_columns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns);
void log_softmax_columns(const float* x, float* y, std::size_t axis_length, std::size_t inner, std::size_t columns);

// The steps of one long row, so that tasks can share it: the maximum of each part (unspecified where it holds NaN; the
// largest of all is the row's), then for Softmax y = f e^(x - maximum), f a factor in [2^63, 2^65] that depends on the
// maximum alone, with the sum of each part, and y = y / sum of all. Requires: count > 0.
float softmax_maximum(const float* x, std::size_t count);
double softmax_exponentials(const float* x, float* y, std::size_t count, float maximum);
void softmax_divide(double sum, float* y, std::size_t count);

// For LogSoftmax: how many elements equal the row's maximum, and 2^64 times the sum of e^(x - maximum) over the others.
struct LogSoftmaxSums {
  double equal = 0;
  double scaled_others = 0;
};
LogSoftmaxSums log_softmax_sums(const float* x, std::size_t count, float maximum);
// y from the sums over all parts.
void log_softmax_results(const float* x, float* y, std::size_t count, float maximum, const LogSoftmaxSums& sums);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_SOFTMAX_HPP_
