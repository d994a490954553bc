// Arrays of float32 to integers of 8 bits with a scale and a zero point, and back.
#ifndef LINNET_OPS_KERNELS_QUANTIZE_HPP_
#define LINNET_OPS_KERNELS_QUANTIZE_HPP_

#include <cstddef>

namespace linnet::kernels {

struct QuantizedBytes {
  bool is_signed;
  float scale;
  float zero;  // a whole number of the type
};

// y[i] = x[i] / scale + zero, rounded to the nearest integer, halves to even, before zero is added; the nearest end of
// the range for what does not fit, its lowest number for NaN. The arrays do not overlap. The same bits on every
// instruction set.
void quantize(const QuantizedBytes& type, const float* x, std::size_t count, void* y);

// y[i] = (x[i] - zero) * scale, rounded once. The arrays do not overlap.
void dequantize(const QuantizedBytes& type, const void* x, std::size_t count, float* y);

// The least and the largest of x and 0; anything for both where there is NaN.
struct Extremes {
  float low;
  float high;
  bool has_nan;
};
Extremes find_extremes(const float* x, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_QUANTIZE_HPP_
