#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr double kAlpha = 1.67326319217681884765625;
constexpr double kGamma = 1.05070102214813232421875;

TEST(Selu, MatchesItsFormula) {
  for (const int opset : {7, 22}) {
    check_activation({[&] { return OpTest("Selu", opset); },
                      [](double x) { return kGamma * (x < 0 ? kAlpha * std::expm1(x) : x); }});
  }
}

TEST(Selu, TakesAnyParameters) {
  for (const auto& [alpha, gamma] : {std::pair(2.0F, 3.0F), std::pair(-1.5F, 0.5F), std::pair(0.0F, -1.0F)}) {
    check_activation(
        {[&, a = alpha, g = gamma] { return OpTest("Selu", 22).attribute("alpha", a).attribute("gamma", g); },
         [a = static_cast<double>(alpha), g = static_cast<double>(gamma)](double x) {
           return g * (x < 0 ? a * std::expm1(x) : x);
         }});
  }
}

TEST(Selu, KeepsItsDigitsNearZero) {
  OpTest("Selu", 22)
      .input<float>({4}, {-1e-9F, -kInf, kInf, kNan})
      .expect<float>({4}, {-1.7580993e-9F, -1.7580993F, kInf, kNan})
      .run();
}

TEST(Selu, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Selu", 24); });
}

}  // namespace
}  // namespace linnet::internal
