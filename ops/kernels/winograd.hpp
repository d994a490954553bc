// Winograd's minimal filtering F(2x2, 3x3): a convolution with a 3 x 3 kernel, without strides and dilation, as 16
// products, one for each position of a tile. A tile D is 4 x 4 inputs of a channel and gives 2 x 2 outputs:
//   Y = A' [sum over channels of (G g G') * (B' D B)] A      with * element by element, and along one axis
//   B' d = d0 - d2, d1 + d2, d2 - d1, d1 - d3
//   G g  = g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2
//   A' m = m0 + m1 + m2, m1 - m2 - m3
// An output is made of its own 3 x 3 inputs and of no other. Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015. Per plane: 16 products instead of 36.
#ifndef LINNET_OPS_KERNELS_WINOGRAD_HPP_
#define LINNET_OPS_KERNELS_WINOGRAD_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

constexpr std::size_t kWinogradPositions = 16;  // of a tile, row by row

// Transforms go along one axis at a time. Four lines d of floats become B' d: element i of line j, of group g
// of `count`, is read from from[j] + g * from_step + i and written to to + g * to_step + j * to_stride + i.
// Requires: floats >= 16.
struct WinogradInputLines {
  const float* from[4];
  std::size_t from_step;
  float* to;
  std::size_t to_stride;
  std::size_t to_step;
  std::size_t count;
  std::size_t floats;
};
void winograd_input_lines(const WinogradInputLines& lines);

// Four lines m of `floats` sums that follow each other: A' m takes the place of the first two. Requires: a multiple of
// 16.
void winograd_sum_lines(float* sums, std::size_t floats);

// Neighbouring outputs of a row of pixels, two of a tile, and some of their channels.
struct WinogradPixels {
  const float* sums;  // as winograd_sum_lines leaves a line: element (column, tile, row) of the four columns at
                      // column * position_stride + tile * row_width + row, whole vectors of 16
  std::size_t position_stride;
  std::size_t row_width;
  std::size_t rows;     // channels
  std::size_t outputs;  // the last tile may have one of them
  const float* bias;    // of each row; null: zeros
  const float* addend;  // as y; null for none
  float* y;             // element (output, row) at output * y_stride + row
  std::size_t y_stride;
  bool relu;
};
// y = relu(sums A + bias + addend). False if a sum without the addend is infinite or NaN.
bool winograd_pixels(const WinogradPixels& pixels);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_WINOGRAD_HPP_
