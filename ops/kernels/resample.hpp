// Weighted sums of float32 at even distances: what resizing along an axis comes down to.
#ifndef LINNET_OPS_KERNELS_RESAMPLE_HPP_
#define LINNET_OPS_KERNELS_RESAMPLE_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// Up to kFewTaps products are added in float32, in their order (fma where the CPU has it); more in double, rounded
// once. `y` overlaps nothing else; no alignment is needed.
inline constexpr std::size_t kFewTaps = 4;

// y[i] = sum of weights[tap] * x[tap * stride + i] over tap < taps, for i < count. Requires: taps > 0.
void weighted_rows(const float* x, std::size_t stride, const float* weights, std::size_t taps, float* y,
                   std::size_t count);

// Elements that lines of the tables of weighted_elements are rounded up to.
inline constexpr std::size_t kTablePadding = 16;

// Where the elements of weighted_elements lie: tap `tap` of y[i] is x[first[tap * first_line + i] + tap * stride].
struct ElementPlaces {
  const std::int32_t* first;
  std::size_t first_line;  // 0: one line serves all taps
  std::size_t stride;
};

// y[i] = sum of weights[tap * line + i] times the element of that tap over tap < taps, for i < count. Where the weight
// is 0, x counts for nothing, whatever it is. Requires: taps > 0. Of each line of `first` and of weights as many
// elements are read as `count` rounded up to kTablePadding; the elements of x must exist for all of them.
void weighted_elements(const float* x, const ElementPlaces& places, const float* weights, std::size_t line,
                       std::size_t taps, float* y, std::size_t count);

// Pixels of `channels` floats each, and points that are made of some of them: tap `tap` of a point is pixel
// pixels[tap * line + point] by its weight.
struct PixelTaps {
  const float* x;
  std::size_t channels;
  const std::int32_t* pixels;
  const float* weights;
  std::size_t line;
  std::size_t taps;  // more than 0
};

// y[point * count + i] = sum of weight times channel `first` + i of the pixel over all taps, for point < points and
// i < count: the bits of weighted_elements. Where the weight is 0, the pixel is not read.
void weighted_pixels(const PixelTaps& taps, std::size_t points, std::size_t first, float* y, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_RESAMPLE_HPP_
