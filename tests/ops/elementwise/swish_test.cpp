#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Swish, MatchesItsFormula) {
  // 1.702, as a float.
  for (const float alpha : {1.0F, 1.702F, 0.0F, -2.0F}) {
    const auto formula = [&](double x) {
      const double z = static_cast<double>(alpha) * x;
      return z < 0 ? x * (std::exp(z) / (1 + std::exp(z))) : x / (1 + std::exp(-z));
    };
    check_activation({[&] { return OpTest("Swish", 24).attribute("alpha", alpha); }, formula});
  }
  check_activation({[] { return OpTest("Swish", 24); },
                    [](double x) { return x < 0 ? x * (std::exp(x) / (1 + std::exp(x))) : x / (1 + std::exp(-x)); }});
}

TEST(Swish, KeepsItsTail) {
  OpTest("Swish", 24)
      .input<float>({6}, {-90.0F, -104.0F, -1000.0F, kInf, -kInf, kNan})
      .expect<float>({6}, {-7.37461136e-38F, -7.0860991e-44F, -0.0F, kInf, kNan, kNan})
      .tolerance(ulp(1))
      .run();
  // The body's sigmoid of -13.5 is a denormal of 6 digits.
  OpTest("Swish", 24).input<Float16>({1}, {-13.5F}).expect<Float16>({1}, {-1.8508e-5F}).run();
}

TEST(Swish, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Swish", 24); });
}

}  // namespace
}  // namespace linnet::internal
