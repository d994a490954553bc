// Layer normalisation of float32.
#ifndef LINNET_OPS_KERNELS_NORMALIZATION_HPP_
#define LINNET_OPS_KERNELS_NORMALIZATION_HPP_

#include <cstddef>

namespace linnet::kernels {

// For each row of x [rows, columns]: y = (x - mean) * inv_std_dev * scale + bias, where mean is the row's and
// inv_std_dev = 1 / sqrt(variance + epsilon), variance = the mean of (x - mean)^2, found in a second pass. scale and
// bias are [columns]; null means 1 and 0. mean and inv_std_dev, if not null, receive one number per row. Both are
// computed in double; x - mean subtracts the mean as a sum of two floats, so that rows far from zero keep their digits.
// `y` may be `x`. A row that holds NaN or an infinity gives NaN everywhere.
void layer_norm(const float* x, const float* scale, const float* bias, float epsilon, float* y, float* mean,
                float* inv_std_dev, std::size_t rows, std::size_t columns);

// For each row of x [rows, columns]: y = x * (1 / sqrt(mean of x^2 + epsilon)) * scale, with scale [columns]. The mean
// and the root are computed in double. `y` may be `x`.
void rms_norm(const float* x, const float* scale, float epsilon, float* y, std::size_t rows, std::size_t columns);

// The steps of layer_norm on part of a row, for rows that several tasks share.

// The sum of (x[i] - from)^2 over i < count, in double; added in the order of reduce_row.
double sum_of_squared_distances(const float* x, double from, std::size_t count);

// y[i] = (x[i] - mean) * inv_std_dev * scale[i] + bias[i] for i < count, to the same bits as layer_norm.
void normalize(const float* x, const float* scale, const float* bias, double mean, float inv_std_dev, float* y,
               std::size_t count);

// The same with one scale and one bias for all.
void normalize_by(const float* x, float scale, float bias, double mean, float inv_std_dev, float* y, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_NORMALIZATION_HPP_
