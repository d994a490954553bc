// Rows of float32 elements, copied to where the products and sums of convolutions find them. Products are those of
// gemm.hpp, sums those of convolution_taps.hpp.
#ifndef LINNET_OPS_KERNELS_CONVOLUTION_HPP_
#define LINNET_OPS_KERNELS_CONVOLUTION_HPP_

#include <cstddef>

namespace linnet::kernels {

// Elements of a row: zeros, then `count` elements of x from x[from] on, then zeros.
struct RowPiece {
  std::ptrdiff_t from;
  std::size_t zeros_before;
  std::size_t count;
  std::size_t zeros_after;
};

// So many floats behind an output that says so may be overwritten with anything.
constexpr std::size_t kSlackFloats = 16;

// Fills `rows` rows of `to`, of `width` elements each and without gaps: row i is made of the pieces in their order, out
// of x + i * row_stride; neighbours in a piece are `step` apart there. All pieces together have `width` elements. Has
// slack behind the last row. Nothing of x is read but what the pieces name, and the elements between.
void gather_rows(const float* x, std::size_t row_stride, std::size_t step, std::size_t rows, const RowPiece* pieces,
                 std::size_t piece_count, std::size_t width, float* to);

// Copies elements [row][column] of `from` to those of `to`. Steps lie between columns, strides between rows.
struct RowCopy {
  const float* from;
  std::size_t from_row_stride;
  std::size_t from_step;
  float* to;
  std::size_t to_row_stride;
  std::size_t to_step;
  std::size_t rows;
  std::size_t columns;
};
void copy_rows(const RowCopy& copy);

// Elements 0, 2, 4, ... of `columns` of a row to that of `even`, the others to that of `odd`.
struct RowSplit {
  const float* from;
  std::size_t from_row_stride;
  float* even;
  float* odd;
  std::size_t to_row_stride;
  std::size_t rows;
  std::size_t columns;
};
void split_rows(const RowSplit& split);

// to[2 * i] = even[i], to[2 * i + 1] = odd[i] for i < count.
void interleave(const float* even, const float* odd, float* to, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_CONVOLUTION_HPP_
