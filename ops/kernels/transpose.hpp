// Matrices whose rows become columns.
#ifndef LINNET_OPS_KERNELS_TRANSPOSE_HPP_
#define LINNET_OPS_KERNELS_TRANSPOSE_HPP_

#include <cstddef>

namespace linnet::kernels {

// A matrix of elements of `unit` bytes, row after row: 1, 2, 4 or 8. Neither rows nor elements need be aligned.
struct TurnedRows {
  const std::byte* from;
  std::ptrdiff_t from_stride;  // bytes from a row of `from` to the next; any number
  std::byte* to;
  std::ptrdiff_t to_stride;  // the same of `to`
};

// to[i][j] = from[j][i] for i < rows, j < columns. The rows of `to` overlap neither each other nor `from`. With
// from_stride 0 each element of the one row of `from` is repeated `columns` times.
void transpose(std::size_t unit, const TurnedRows& matrix, std::size_t rows, std::size_t columns);

// Every element twice along both axes: from is [rows, columns], to [2 rows, 2 columns], both dense, of elements of
// `unit` bytes, 2 or 4, at addresses that are multiples of it.
void repeat_twice(std::size_t unit, const std::byte* from, std::size_t rows, std::size_t columns, std::byte* to);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_TRANSPOSE_HPP_
