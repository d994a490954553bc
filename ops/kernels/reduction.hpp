// Sums, products, maxima and minima of float32.
#ifndef LINNET_OPS_KERNELS_REDUCTION_HPP_
#define LINNET_OPS_KERNELS_REDUCTION_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// What is made of some numbers, and of none.
enum class ReduceKind : std::uint8_t {
  kSum,              // 0
  kSumOfMagnitudes,  // 0
  kSumOfSquares,     // 0
  kProduct,          // 1
  kMaximum,          // NaN if any number is NaN; -infinity
  kMinimum,          // NaN if any number is NaN; infinity
};

// Of x[0 .. count), in double: sixteen partial results, of the elements whose index is 0, 1, ... 15 modulo 16, joined
// as a binary tree. This order, and so every bit of the result, is the same on every instruction set. For kSum the
// error relative to the sum of |x| is below (count / 16 + 5) * 2^-53.
double reduce_row(ReduceKind kind, const float* x, std::size_t count);

// The same of `rows` rows of `count` elements, which follow each other.
void reduce_rows(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count);

// results[i] = that of x[row * stride + i] over row < rows, for i < count <= stride: in double, in the order of the
// rows. `results` does not overlap `x`.
void reduce_columns(ReduceKind kind, const float* x, double* results, std::size_t rows, std::size_t count,
                    std::size_t stride);

// found[i] = the first row < rows whose x[row * stride + i] is the largest, or smallest, of all, for i < count: NaN
// comes before every number, and 0 and -0 are equal. `stride` may be negative. Requires: 0 < rows <= 2^32.
void find_extreme_rows(bool smallest, const float* x, std::uint32_t* found, std::size_t rows, std::size_t count,
                       std::ptrdiff_t stride);

// For row after row: totals[i] += x[row * stride + i], in double, and y[row * stride + i] is that rounded once, for
// i < count. x and y are the same array or do not overlap. `stride` may be negative.
void accumulate(const float* x, double* totals, float* y, std::size_t rows, std::size_t count, std::ptrdiff_t stride);

// A sum of e^x that overflows for no x: e^maximum (equal + others), where `equal` of the x are the maximum and `others`
// is the sum of e^(x - maximum) over those that are not. It keeps terms that are far below the largest.
struct ExponentialSum {
  double equal = 0;
  double others = 0;
};

// Of x[0 .. count), none of which is above `maximum`: in double, to 1e-14, in the order of reduce_row. Anything where
// `maximum` is not finite.
ExponentialSum sum_exponentials(const float* x, double maximum, std::size_t count);

// results[i] = that of x[row * stride + i] over row < rows with maxima[i], for i < count <= stride: in the order of the
// rows. No array overlaps another.
void sum_exponentials_of_columns(const float* x, const double* maxima, ExponentialSum* results, std::size_t rows,
                                 std::size_t count, std::size_t stride);

// Joins the results of two halves of the numbers; the second form `count` of them, to `results`.
double join_reduced(ReduceKind kind, double first, double second);
long double join_reduced(ReduceKind kind, long double first, long double second);
void join_reduced(ReduceKind kind, double* results, const double* second, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_REDUCTION_HPP_
