// Sums, products, maxima and minima of doubles.
#ifndef LINNET_OPS_KERNELS_REDUCTION_DOUBLE_HPP_
#define LINNET_OPS_KERNELS_REDUCTION_DOUBLE_HPP_

#include <cstddef>

#include "ops/kernels/reduction.hpp"

namespace linnet::kernels {

// results[i] = what `kind` makes of x[row * stride + i] over row < rows, for i < count <= stride. Of sums what every
// addition rounds away is added, too: the result is that of 100 bits or more, of squares that have been rounded to
// doubles. Where a double overflows, or squares vanish, it is a sum in long double. The order, and so every bit, is the
// same on every instruction set. Products keep what every multiplication rounds away where the CPU has FMA; where not,
// or where digits might be lost, they are products in long double. `results` does not overlap `x`.
void reduce_doubles(ReduceKind kind, const double* x, long double* results, std::size_t rows, std::size_t count,
                    std::size_t stride);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_REDUCTION_DOUBLE_HPP_
