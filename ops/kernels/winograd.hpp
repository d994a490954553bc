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

// A block of tiles is as many columns of the products: kPanelColumns of gemm.hpp at most.
constexpr std::size_t kWinogradTiles = 64;

// Neighbouring tiles of one row of tiles: `count` from `tile` on are columns `column` and those behind of the block.
struct WinogradRun {
  std::size_t row;
  std::size_t tile;
  std::size_t count;
  std::size_t column;
};
struct WinogradBlock {
  WinogradRun runs[kWinogradTiles];
  std::size_t run_count;
  std::size_t tiles;
};

// Planes of inputs. Output (row, column) reads inputs from (row - pad_top, column - pad_left) on; outside is zero.
struct WinogradPlanes {
  const float* x;  // plane c begins at x + c * height * width
  std::size_t height;
  std::size_t width;
  std::ptrdiff_t pad_top;
  std::ptrdiff_t pad_left;
};

// For channels [0, channels): element (position, channel, column) of the packed operand, at
// to[position * position_stride + channel * row_width + column], is that position of B' D B. Up to 16 floats behind
// the last column of every row of every position are overwritten with anything, as are the columns up to row_width.
void winograd_inputs(const WinogradPlanes& planes, const WinogradBlock& block, std::size_t channels, float* to,
                     std::size_t row_width, std::size_t position_stride);

// What a run of tiles reads of one plane: row i of 4, at to + i * row_stride, has the 2 * count + 2 inputs, with zeros
// for those outside. Up to 16 floats behind are overwritten with zeros.
void winograd_lines(const WinogradPlanes& planes, const WinogradRun& run, float* to, std::size_t row_stride);

struct WinogradOutputs {
  const float* sums;  // element (position, row, column) at position * position_stride + row * row_width + column
  std::size_t position_stride;
  std::size_t row_width;
  std::size_t rows;     // output channels
  const float* bias;    // of each row; null: zeros
  const float* addend;  // as y; null for none
  float* y;             // plane of a row begins at y + row * height * width
  std::size_t height;
  std::size_t width;
  bool relu;
};

// y = relu(A' M A + bias + addend) for the outputs of the block that exist. False if a sum without the addend is
// infinite or NaN. Up to 16 floats behind the last sum are read, and count for nothing.
bool winograd_outputs(const WinogradOutputs& outputs, const WinogradBlock& block);

// The same with channels last, one axis at a time. Four lines d of floats become B' d: element i of line j, of group g
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
void winograd_lines_of_inputs(const WinogradInputLines& lines);

// Four lines m of `floats` sums that follow each other: A' m takes the place of the first two. Requires: a multiple of
// 16.
void winograd_rows_of_sums(float* sums, std::size_t floats);

// Neighbouring outputs of a row of pixels, two of a tile, and some of their channels.
struct WinogradPixels {
  const float* sums;  // as winograd_rows_of_sums leaves a line: element (column, tile, row) of the four columns at
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
