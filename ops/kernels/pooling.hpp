// What windows make of rows of float32: their maximum, or of sums in double.
#ifndef LINNET_OPS_KERNELS_POOLING_HPP_
#define LINNET_OPS_KERNELS_POOLING_HPP_

#include <cstddef>

namespace linnet::kernels {

// A maximum is NaN if one of the numbers is. No array overlaps another.

// How many elements behind those that it uses a function may read of `x` where it says so; they count for nothing.
constexpr std::size_t kPoolSlack = 64;

// y[i] = the maximum of x[row * stride + i] over row < rows, and of y[i] if `joins`, for i < count. Requires: rows > 0.
void max_of_rows(const float* x, std::size_t rows, std::size_t stride, std::size_t count, bool joins, float* y);

// y[i] = the maximum of x[i * stride + tap * dilation] over tap < taps, for i < count. Reads kPoolSlack more of x.
void max_of_taps(const float* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
                 float* y);

// y[i] = the sum of x[i * stride + tap * dilation] over tap < taps, in this order, for i < count. Reads kPoolSlack more
// of x and writes kPoolSlack more of y.
void sum_of_taps(const double* x, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t count,
                 double* y);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_POOLING_HPP_
