// Functions of float64 on contiguous runs.
#ifndef LINNET_OPS_KERNELS_DOUBLES_HPP_
#define LINNET_OPS_KERNELS_DOUBLES_HPP_

#include <cstddef>

#include "ops/kernels/activation.hpp"
#include "ops/kernels/unary.hpp"

namespace linnet::kernels {

// In all of these `x` and `y` are the same array or do not overlap. NaN gives NaN. Errors are in units in the last
// place of a double, where e^x is no denormal, as tests/ops/kernels/doubles_test.cpp measures them: below 1 for Exp and
// Log, below 2 for Elu, below 3 for Selu, Celu, Sigmoid, Tanh and Softplus, below 4 for SelfGated and Swish, below 5
// for Mish, below 8 for Gelu; the argument of Gelu by tanh is rounded as it is written; the others are exact or round
// once an operation. The bits are the same on every instruction set that has FMA.

// y[i] = activation(x[i]) for i < count.
void activate_doubles(const Activation& activation, const double* x, double* y, std::size_t count);

// y[i] = function(x[i]) for i < count. Requires: is_of_doubles(kind).
void unary_doubles(UnaryKind kind, const double* x, double* y, std::size_t count);

// Angles and the error function are left to unary_reference.
constexpr bool is_of_doubles(UnaryKind kind) {
  return kind < UnaryKind::kTan && kind != UnaryKind::kSin && kind != UnaryKind::kCos;
}

// y[i] = e^(x[i] - maximum) for i < count, and their sum less 1, the term of the maximum. Of the sum what every
// addition rounds away is added, too: eight partial sums, of the elements whose index is 0, 1, ... 7 modulo 8, are
// joined in long double. Requires: `maximum` is the largest x[i]; NaN where an x[i] is NaN or all are -infinity.
long double exponentials_of_doubles(const double* x, double* y, std::size_t count, double maximum);

// y[i] = x[i] / divisor.
void divide_doubles(const double* x, double divisor, double* y, std::size_t count);

// y[i] = (x[i] - high) - low.
void shift_doubles(const double* x, double high, double low, double* y, std::size_t count);

// y[i] = (x[i] * factor) * scale[i] + bias[i]; a bias that is null counts as -0.
void scale_doubles(const double* x, double factor, const double* scale, const double* bias, double* y,
                   std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_DOUBLES_HPP_
