// Images whose channels lie side by side: what sampling between elements reads as vectors.
#pragma once

#include <cstddef>

#include "runtime/run_control.hpp"

namespace linnet::internal {

/// to[i][j] = from[j][i] for i < rows, j < columns; the strides count elements.
void transpose_floats(const float* from, std::size_t from_stride, float* to, std::size_t to_stride, std::size_t rows,
                      std::size_t columns);

/// x [images, channels, plane] to pixels [images, plane, channels], by all threads. Stops when the run is to.
void copy_to_pixels(RunControl& control, const float* x, std::size_t images, std::size_t channels, std::size_t plane,
                    float* pixels);

}  // namespace linnet::internal
