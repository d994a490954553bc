// Sums and layer normalisation of float32.
#ifndef LINNET_OPS_KERNELS_NORMALIZATION_HPP_
#define LINNET_OPS_KERNELS_NORMALIZATION_HPP_

#include <cstddef>

namespace linnet::kernels {

// The sum of x[0 .. count), in double: sixteen partial sums, of the elements whose index is 0, 1, ... 15 modulo 16,
// added as a binary tree. This order, and so every bit of the result, is the same on every instruction set. Relative to
// the sum of |x| the error is below (count / 16 + 5) * 2^-53. 0 for an empty array.
double reduce_sum(const float* x, std::size_t count);

// y[i] = sum over k < axis_length of x[k * inner + i], for i < inner: added in double in the order of k and rounded
// once. `y` does not overlap `x`.
void reduce_sum_strided(const float* x, float* y, std::size_t axis_length, std::size_t inner);

// y[i] = mean over k < axis_length of x[k * stride + i], for i < count <= stride: added in double in the order of k,
// divided and rounded once. NaN where axis_length is 0. `y` does not overlap `x`.
void reduce_mean_strided(const float* x, float* y, std::size_t axis_length, std::size_t count, std::size_t stride);

// For each row of x [rows, columns]: y = (x - mean) * inv_std_dev * scale + bias, where mean is the row's and
// inv_std_dev = 1 / sqrt(variance + epsilon), variance = the mean of (x - mean)^2, found in a second pass. scale and
// bias are [columns]; null means 1 and 0. mean and inv_std_dev, if not null, receive one number per row. Both are
// computed in double; x - mean subtracts the mean as a sum of two floats, so that rows far from zero keep their digits.
// `y` may be `x`. A row that holds NaN or an infinity gives NaN everywhere.
void layer_norm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* mean,
                float* inv_std_dev, std::size_t rows, std::size_t columns);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_NORMALIZATION_HPP_
