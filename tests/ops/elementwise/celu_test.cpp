#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Celu, MatchesItsFormula) {
  for (const int opset : {12, 28}) {
    check_activation({[&] { return OpTest("Celu", opset); }, [](double x) { return x < 0 ? std::expm1(x) : x; }});
  }
}

TEST(Celu, TakesAnyAlpha) {
  for (const float alpha : {2.0F, 0.1F, -1.5F, 1e30F, 1e-30F}) {
    const auto a = static_cast<double>(alpha);
    check_activation({[&] { return OpTest("Celu", 12).attribute("alpha", alpha); },
                      [a](double x) { return x < 0 ? a * std::expm1(x / a) : x; }});
  }
}

TEST(Celu, KeepsItsDigitsNearZero) {
  OpTest("Celu", 12)
      .attribute("alpha", 3.0F)
      .input<float>({4}, {-1e-9F, -kInf, kInf, kNan})
      .expect<float>({4}, {-1e-9F, -3.0F, kInf, kNan})
      .run();
}

TEST(Celu, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Celu", 24); });
}

}  // namespace
}  // namespace linnet::internal
