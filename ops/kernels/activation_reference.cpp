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
  }
  return x;
}

float apply_activation_scalar(const Activation& activation, float x) {
  return static_cast<float>(activation_reference(activation, x));
}

}  // namespace linnet::kernels
