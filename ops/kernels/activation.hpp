// Activations on float32: what they are, and their application to a contiguous run.
#ifndef LINNET_OPS_KERNELS_ACTIVATION_HPP_
#define LINNET_OPS_KERNELS_ACTIVATION_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/stream.hpp"

namespace linnet::kernels {

// The formulas are ONNX's. NaN gives NaN everywhere.
enum class ActivationKind : std::uint8_t {
  kNone,         // x
  kRelu,         // max(x, 0); -0 gives +0, as numpy.maximum does
  kLeakyRelu,    // x < 0 ? alpha * x : x
  kSigmoid,      // 1 / (1 + e^-x)
  kTanh,         // tanh(x); tanh(-0) is -0
  kElu,          // x < 0 ? alpha * (e^x - 1) : x; alpha is finite
  kHardSigmoid,  // max(0, min(1, alpha * x + beta))
  kClip,         // min(max(x, alpha), beta): beta where alpha > beta; x is kept where it equals a bound
  kGelu,         // x / 2 * (1 + erf(x / sqrt(2))); -inf gives NaN (-inf * 0), as the formula does
  kGeluTanh,     // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))); -inf gives NaN
  kExp,          // e^x
  kSelfGated,    // x * sigmoid(alpha * x), alpha * x rounded; with AVX-512 every step: the bits of Mul, Sigmoid and Mul
  kSoftplus,     // log(1 + e^x)
  kMish,         // x * tanh(log(1 + e^x)); -inf gives NaN (-inf * 0), as the formula does
  kSwish,        // x / (1 + e^(-alpha * x)); where alpha * x is -inf, x * 0
  kSelu,         // x < 0 ? beta * alpha * (e^x - 1) : beta * x
  kCelu,         // x < 0 ? alpha * (e^(x / alpha) - 1) : x
  kHardSwish,    // x * max(0, min(6, x + 3)) / 6; -inf gives NaN
};

struct Activation {
  ActivationKind kind = ActivationKind::kNone;
  float alpha = 0.0f;
  float beta = 0.0f;
};

// y[i] = activation(x[i]) for i < count. `x` and `y` are the same array or do not overlap; no alignment is needed.
//
// Error over all 2^32 inputs, denormal results included, in units in the last place from the true value: below 1 for
// Exp, Sigmoid and Tanh, below 1.2 for Elu, below 2.1 for both Gelus and, with alpha = 1 and without AVX-512,
// SelfGated, below 0.51 for those from Softplus on; with AVX-512 SelfGated has the errors of its steps; the others are
// exact or round once (docs/accuracy.md, which also says what gives the same bits where). Holds in the default
// floating-point environment: round to nearest, denormals not flushed. With flushing on, only denormal inputs and
// results differ. Activations that take longer than Sigmoid and Tanh are never streamed.
void apply_activation(const Activation& activation, const float* x, float* y, std::size_t count,
                      Stores stores = Stores::kCached);

// The reference: computed in double and rounded once.
float apply_activation_scalar(const Activation& activation, float x);

// The same before rounding, in double (relative error about 1e-15).
double activation_reference(const Activation& activation, double x);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_ACTIVATION_HPP_
