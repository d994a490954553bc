#include "ops/shared/pixels.hpp"

#include <algorithm>

#include "ops/kernels/transpose.hpp"

namespace linnet::internal {

void transpose_floats(const float* from, std::size_t from_stride, float* to, std::size_t to_stride, std::size_t rows,
                      std::size_t columns) {
  kernels::transpose(
      sizeof(float),
      {reinterpret_cast<const std::byte*>(from), static_cast<std::ptrdiff_t>(from_stride * sizeof(float)),
       reinterpret_cast<std::byte*>(to), static_cast<std::ptrdiff_t>(to_stride * sizeof(float))},
      rows, columns);
}

void copy_to_pixels(RunControl& control, const float* x, std::size_t images, std::size_t channels, std::size_t plane,
                    float* pixels) {
  constexpr std::size_t kTask = 16384;  // elements, about
  constexpr double kCopyCost = 0.2;     // ns per element
  const std::size_t size = std::max<std::size_t>(1, kTask / channels);
  const std::size_t pieces = (plane + size - 1) / size;
  const double work = kCopyCost * static_cast<double>(images * plane) * static_cast<double>(channels);
  control.parallel_for(images * pieces, work, [&](std::size_t task) {
    const std::size_t first = task % pieces * size;
    const std::size_t image = task / pieces * plane * channels;
    transpose_floats(x + image + first, plane, pixels + image + first * channels, channels,
                     std::min(size, plane - first), channels);
  });
}

}  // namespace linnet::internal
