#include <algorithm>
#include <cmath>

#include "ops/kernels/activation.hpp"

namespace linnet::kernels {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kTwoSqrtTwoOverPi = 1.59576912160573071176;

double hard_sigmoid(double x, double alpha, double beta) {
  const double line = alpha * x + beta;
  if (std::isnan(line)) return line;
  return std::max(0.0, std::min(1.0, line));
}

double clip(double x, double lowest, double highest) {
  if (x < lowest) x = lowest;
  return x > highest ? highest : x;
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

// x n / (n + 2), n = e (e + 2), e = e^x; for x > 0 with numerator and denominator divided by e^2x.
double mish(double x) {
  const double e = std::exp(-std::fabs(x));
  if (x > 0) return x * ((1 + 2 * e) / (1 + 2 * e * (1 + e)));
  return x * (e * (e + 2) / (e * (e + 2) + 2));
}

// With z = alpha x as a sum of two doubles: an error in z is a relative error in e^z.
double swish(double x, double alpha) {
  const double z = alpha * x;
  const double z_low = std::isfinite(z) ? std::fma(alpha, x, -z) : 0.0;
  const double e = std::exp(-std::fabs(z)) * (1 + (z < 0 ? z_low : -z_low));
  return z < 0 ? x * (e / (1 + e)) : x / (1 + e);
}

double hard_swish(double x) {
  const double step = x + 3;
  if (std::isnan(step)) return step;
  return x * (std::max(0.0, std::min(6.0, step)) / 6);
}

}  // namespace

double activation_reference(const Activation& activation, double x) {
  const double alpha = activation.alpha;
  switch (activation.kind) {
    case ActivationKind::kNone:
      return x;
    case ActivationKind::kRelu:
      return x > 0 || std::isnan(x) ? x : 0.0;
    case ActivationKind::kLeakyRelu:
      return x < 0 ? alpha * x : x;
    case ActivationKind::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::kTanh:
      return std::tanh(x);
    case ActivationKind::kElu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case ActivationKind::kHardSigmoid:
      return hard_sigmoid(x, alpha, activation.beta);
    case ActivationKind::kClip:
      return clip(x, alpha, activation.beta);
    case ActivationKind::kGelu:
      return x * (0.5 * std::erfc(-x * kSqrtHalf));
    // x / 2 * (1 + tanh(z / 2)) = x / (1 + e^-z): no digit cancels for negative x.
    case ActivationKind::kGeluTanh:
      return x / (1 + std::exp(-kTwoSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
    case ActivationKind::kExp:
      return std::exp(x);
    case ActivationKind::kSelfGated:
      return x * (1 / (1 + std::exp(-(alpha * x))));
    case ActivationKind::kSoftplus:
      return std::isnan(x) ? x : softplus(x);
    case ActivationKind::kMish:
      return mish(x);
    case ActivationKind::kSwish:
      return swish(x, alpha);
    case ActivationKind::kSelu:
      return activation.beta * (x < 0 ? alpha * std::expm1(x) : x);
    case ActivationKind::kCelu:
      return x < 0 ? alpha * std::expm1(x / alpha) : x;
    case ActivationKind::kHardSwish:
      return hard_swish(x);
  }
  return x;
}

float apply_activation_scalar(const Activation& activation, float x) {
  return static_cast<float>(activation_reference(activation, x));
}

}  // namespace linnet::kernels
