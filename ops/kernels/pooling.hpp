// What windows that slide over rows of float32 make of them: the maximum, or the mean.
#ifndef LINNET_OPS_KERNELS_POOLING_HPP_
#define LINNET_OPS_KERNELS_POOLING_HPP_

#include <cstddef>

namespace linnet::kernels {

// How many elements behind those that it uses a function may read of a list, and write to a line.
constexpr std::size_t kPoolSlack = 64;

// Some rows of outputs, each made of the rows of x under its windows. Output o of row r has the taps
//   x[d * depth_stride + (r * vertical.stride - vertical.pad + i * vertical.dilation) * row_stride
//     + o * horizontal.stride - before + j * horizontal.dilation]
// for d < depth, i < vertical.taps and j < horizontal.taps, of which those count that lie in rows 0 to height - 1 and
// columns 0 to width - 1. Numbers are counted in elements.
struct PoolAxis {
  std::size_t taps;
  std::size_t stride;
  std::size_t dilation;
};
struct WindowRows {
  const float* x;
  std::size_t depth;
  std::size_t depth_stride;
  std::size_t height;
  std::size_t row_stride;
  PoolAxis vertical;
  std::size_t pad;     // rows above x
  std::size_t before;  // columns that stand before x
  std::size_t width;
  PoolAxis horizontal;
  std::size_t count;  // outputs of a row
  float* y;           // row `row` begins at y + row * y_stride
  std::size_t y_stride;
};

// Elements that the taps of a row lie among, padding included.
constexpr std::size_t line_length(const WindowRows& rows) {
  return (rows.count - 1) * rows.horizontal.stride + (rows.horizontal.taps - 1) * rows.horizontal.dilation + 1;
}

// Some lines to compute in, each with room for line_length elements and kPoolSlack. With several, what is written to
// one has reached the cache by the time it is read.
template <typename Element>
struct PoolLines {
  Element* first;
  std::size_t count;
  std::size_t stride;
};

// Rows [first, last) of y: the largest of the taps, `padding` of none, NaN if one is NaN. Requires: rows.count > 0; no
// element is less than `padding`.
void max_of_windows(const WindowRows& rows, std::size_t first, std::size_t last, float padding,
                    const PoolLines<float>& lines);

// Rows [first, last) of y: the sum of the taps in double, times scale, vertical_inverses[row] and
// horizontal_inverses[o], rounded once to float. The order of a sum depends on the window alone. `lines` as above, in
// doubles; horizontal_inverses has kPoolSlack elements more than it needs. Requires: count > 0.
void mean_of_windows(const WindowRows& rows, std::size_t first, std::size_t last, double scale,
                     const double* vertical_inverses, const double* horizontal_inverses,
                     const PoolLines<double>& lines);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_POOLING_HPP_
