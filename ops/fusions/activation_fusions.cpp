// Activations that exports write as several nodes, each as one node:
//
//   Gelu            x / 2 * (1 + erf(x / sqrt(2)))
//   Gelu by tanh    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
//   Swish           x * sigmoid(alpha * x)
//   Mish            x * tanh(log(1 + e^x))
//   HardSwish       x * min(max(x + 3, 0), 6) / 6
//
// with their products and sums in every order. What comes out is no further from the formula than the nodes were: it
// differs from them in the last bits of x, and where a step of theirs overflowed (2 x above 1.7e38). Swish has the bits
// of its nodes with AVX-512. Softplus written as Log(1 + Exp(x)) stays as it is: from 88.73 on that is infinite, and a
// model may rely on it.
//
// Only float32 and float64, as in products: 16-bit types would skip a rounding step.
#include <cmath>

#include "ops/elementwise/activation.hpp"
#include "ops/shared/float_scalar.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using kernels::ActivationKind;
using patterns::any;
using patterns::constant;
using patterns::number;
using patterns::one_of;
using patterns::op;

constexpr double kSqrtOf2 = 1.41421356237309504880;
constexpr double kSqrtOfHalf = 0.70710678118654752440;
constexpr double kSqrtOf2OverPi = 0.79788456080286535588;
constexpr double kCubic = 0.044715;

Pattern x() { return any("x"); }
Pattern add(Pattern a, Pattern b) { return op("Add", {std::move(a), std::move(b)}); }
Pattern mul(Pattern a, Pattern b) { return op("Mul", {std::move(a), std::move(b)}); }
Pattern div(Pattern a, Pattern b) { return op("Div", {std::move(a), std::move(b)}); }

/// The product of three, whichever two are multiplied first.
Pattern product(const Pattern& a, const Pattern& b, const Pattern& c) {
  return one_of({mul(mul(a, b), c), mul(mul(a, c), b), mul(a, mul(b, c))});
}

/// a * b / divisor, with the division or its product anywhere.
Pattern product_over(const Pattern& a, const Pattern& b, double divisor) {
  const Pattern whole = number(divisor);
  return one_of(
      {product(a, b, number(1.0 / divisor)), div(mul(a, b), whole), mul(a, div(b, whole)), mul(div(a, whole), b)});
}

Pattern one_and(Pattern term) { return add(std::move(term), number(1.0)); }

Pattern gelu() {
  const Pattern scaled = one_of({div(x(), number(kSqrtOf2)), mul(x(), number(kSqrtOfHalf))});
  return product_over(x(), one_and(op("Erf", {scaled})), 2.0);
}

Pattern gelu_tanh() {
  const Pattern square = one_of({op("Pow", {x(), number(2.0)}), mul(x(), x())});
  const Pattern cube = one_of({op("Pow", {x(), number(3.0)}), mul(square, x())});
  const Pattern cubic = number(kCubic);
  const Pattern cubic_term = one_of({mul(cubic, cube), mul(mul(cubic, x()), square), mul(mul(cubic, square), x()),
                                     mul(mul(mul(cubic, x()), x()), x())});
  const Pattern square_term = one_of({mul(cubic, square), mul(mul(cubic, x()), x())});
  const Pattern inner = one_of(
      {mul(number(kSqrtOf2OverPi), add(x(), cubic_term)), product(number(kSqrtOf2OverPi), x(), one_and(square_term))});
  return product_over(x(), one_and(op("Tanh", {inner})), 2.0);
}

Pattern swish() { return mul(x(), op("Sigmoid", {one_of({x(), mul(x(), constant("alpha"))})})); }

/// Of the tanh only 1 is left where 1 + e^x overflows.
Pattern mish() {
  return mul(x(), op("Tanh", {one_of({op("Softplus", {x()}), op("Log", {one_and(op("Exp", {x()}))})})}));
}

/// Clip has its bounds as attributes before opset 11.
Pattern hard_swish() {
  const Pattern step = add(x(), number(3.0));
  const Pattern clipped = one_of({op("Clip", {step, number(0.0), number(6.0)}), op("Clip", {step}, "clip")});
  return one_of({product_over(x(), clipped, 6.0), mul(x(), op("HardSigmoid", {x()}, "hard sigmoid"))});
}

/// The activation of x, if that has the type and the shape of what was written: a constant of more dimensions gives
/// the result more than x has.
std::optional<Replacement> activation_of_x(const Match& match, const char* op_name, const AttributesPtr& attributes) {
  const TensorType& x = match.type("x");
  const TensorType& y = match.last().output(0);
  const bool exact = x.type == DataType::kFloat32 || x.type == DataType::kFloat64;
  const OpDef* op = match.registry().find("", op_name);
  if (!exact || y.type != x.type || y.dims.size() != x.dims.size() || op == nullptr) return std::nullopt;
  return Replacement{op, attributes, {match.value("x")}};
}

std::optional<Replacement> make_gelu(const Match& match) {
  return activation_of_x(match, "Gelu", activation_attributes(ActivationKind::kGelu));
}

std::optional<Replacement> make_gelu_tanh(const Match& match) {
  return activation_of_x(match, "Gelu", activation_attributes(ActivationKind::kGeluTanh));
}

std::optional<Replacement> make_mish(const Match& match) {
  return activation_of_x(match, "Mish", activation_attributes(ActivationKind::kMish));
}

std::optional<Replacement> make_swish(const Match& match) {
  const DataType type = match.type("x").type;
  if (type != DataType::kFloat32 && type != DataType::kFloat64) return std::nullopt;
  const std::optional<float> alpha = match.has("alpha") ? float_scalar(match.constant("alpha")) : 1.0F;
  if (!alpha) return std::nullopt;
  return activation_of_x(match, "Swish", activation_attributes(ActivationKind::kSelfGated, *alpha));
}

/// HardSigmoid's alpha is a float: in float64 it is no sixth.
bool is_hard_swish(const Match& match) {
  if (match.has("clip")) {
    const auto& clip = match.node("clip").attributes<ActivationAttributes>();
    return !clip.bounds_are_inputs && clip.activation.alpha == 0.0F && clip.activation.beta == 6.0F;
  }
  if (!match.has("hard sigmoid")) return true;
  const auto& sigmoid = match.node("hard sigmoid").attributes<ActivationAttributes>().activation;
  return match.type("x").type == DataType::kFloat32 && sigmoid.alpha == 1.0F / 6.0F && sigmoid.beta == 0.5F;
}

std::optional<Replacement> make_hard_swish(const Match& match) {
  if (!is_hard_swish(match)) return std::nullopt;
  return activation_of_x(match, "HardSwish", activation_attributes(ActivationKind::kHardSwish));
}

}  // namespace

void register_activation_fusions(Registry& registry) {
  registry.add(Fusion{kFuseActivationParts, gelu(), make_gelu});
  registry.add(Fusion{kFuseActivationParts, gelu_tanh(), make_gelu_tanh});
  registry.add(Fusion{kFuseActivationParts, swish(), make_swish});
  registry.add(Fusion{kFuseActivationParts, mish(), make_mish});
  registry.add(Fusion{kFuseActivationParts, hard_swish(), make_hard_swish});
}

}  // namespace linnet::internal
