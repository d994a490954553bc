// A pass of fast Fourier transforms of several signals side by side, in float64.
#ifndef LINNET_OPS_KERNELS_FOURIER_HPP_
#define LINNET_OPS_KERNELS_FOURIER_HPP_

#include <cstddef>

namespace linnet::kernels {

// Real and imaginary parts lie apart. Of group p < count and number q < width:
//   y[p * radix + j][q] = w[p][j] * sum over k of x[p + k * x_step / width][q] * exp(-2 pi i j k / radix)
// with rows of `width` numbers, a multiple of kFourierLanes; w[p][0] = 1. x and y do not overlap.
inline constexpr std::size_t kFourierLanes = 8;
struct FourierPass {
  const double* x_re;
  const double* x_im;
  double* y_re;
  double* y_im;
  std::size_t radix;
  std::size_t count;    // of groups
  std::size_t width;    // of a row
  std::size_t x_step;   // numbers from x[p] to x[p + 1 * x_step / width]
  const double* w;      // of each group radix - 1 pairs of real and imaginary part, for j = 1 and on
  const double* units;  // exp(-2 pi i e / radix) for e < radix, as such pairs
};

void fourier_pass(const FourierPass& pass);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_FOURIER_HPP_
