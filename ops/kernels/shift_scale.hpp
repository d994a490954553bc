// (x - mean) * scale + bias on float32, as batch normalisation has it at inference.
#ifndef LINNET_OPS_KERNELS_SHIFT_SCALE_HPP_
#define LINNET_OPS_KERNELS_SHIFT_SCALE_HPP_

#include <cstddef>

namespace linnet::kernels {

// The difference is rounded first: nothing cancels where x is near a large mean, as it would in x * scale + (bias -
// mean * scale). Then one fma (a product and a sum, both rounded, on CPUs without it). NaN and infinities go as IEEE
// 754 has it. `x` and `y` are the same array or do not overlap; no alignment is needed.

// y[i] = (x[i] - mean) * scale + bias for i < count.
void shift_scale(const float* x, float mean, float scale, float bias, float* y, std::size_t count);

// y[i] = (x[i] - mean[i]) * scale[i] + bias[i] for i < count. The three lists do not overlap y.
void shift_scale_each(const float* x, const float* mean, const float* scale, const float* bias, float* y,
                      std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_SHIFT_SCALE_HPP_
