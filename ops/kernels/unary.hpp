// Functions of one float32 that no matrix product takes in as epilogue, on contiguous runs.
#ifndef LINNET_OPS_KERNELS_UNARY_HPP_
#define LINNET_OPS_KERNELS_UNARY_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/stream.hpp"

namespace linnet::kernels {

// NaN gives NaN everywhere.
enum class UnaryKind : std::uint8_t {
  kNeg,         // -x
  kAbs,         // |x|
  kReciprocal,  // 1 / x; of zeros, infinities of their sign
  kSqrt,        // the square root; NaN below zero, -0 of -0
  kLog,         // the natural logarithm; NaN below zero, -infinity of both zeros
  kSin,         // the sine of an angle in radians; -0 of -0, NaN of infinities
  kCos,         // the cosine; NaN of infinities
  kFloor,       // the next integer below
  kCeil,        // the next integer above; -0 in (-1, -0]
  kRound,       // the nearest integer, halves to the even one; -0 in [-0.5, -0]
  kSign,        // -1, 0 or 1; +0 of both zeros
  kCube,        // x^3, computed in double and rounded once
  kTan,         // the tangent; NaN of infinities
  kAsin,        // the angle in [-pi/2, pi/2] of a sine; NaN beyond -1 and 1
  kAcos,        // the angle in [0, pi] of a cosine; NaN beyond -1 and 1
  kAtan,        // the angle in [-pi/2, pi/2] of a tangent
  kSinh,        // (e^x - e^-x) / 2
  kCosh,        // (e^x + e^-x) / 2
  kAsinh,       // what kSinh is of
  kAcosh,       // what kCosh is of, at least 0; NaN below 1
  kAtanh,       // what tanh is of; infinities of -1 and 1, NaN beyond
  kErf,         // the error function, 2 / sqrt(pi) times the integral of e^-t^2 from 0 to x
};

// Whether arithmetic keeps this function waiting, and not memory.
constexpr bool is_slow(UnaryKind kind) {
  return kind == UnaryKind::kLog || kind == UnaryKind::kSin || kind == UnaryKind::kCos || kind >= UnaryKind::kTan;
}

// y[i] = function(x[i]) for i < count. `x` and `y` are the same array or do not overlap; no alignment is needed. Slow
// functions lie within 1 ULP of the true value: Log, Sin and Cos over all 2^32 inputs, the others over every 7th
// (docs/accuracy.md). Fast ones are exact or round once. With denormals flushed, only denormal inputs and results
// differ. Slow functions are never streamed.
void unary(UnaryKind kind, const float* x, float* y, std::size_t count, Stores stores = Stores::kCached);

// The same in double (relative error about 1e-15).
double unary_reference(UnaryKind kind, double x);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_UNARY_HPP_
