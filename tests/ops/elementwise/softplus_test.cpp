#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

TEST(Softplus, MatchesItsFormula) {
  for (const int opset : {7, 22}) {
    check_activation(
        {[&] { return OpTest("Softplus", opset); }, [](double x) { return std::isnan(x) ? x : softplus(x); }});
  }
}

TEST(Softplus, NeitherOverflowsNorVanishes) {
  OpTest("Softplus", 22)
      .input<float>({7}, {88.73F, 3e38F, -20.0F, -100.0F, kInf, -kInf, kNan})
      .expect<float>({7}, {88.73F, 3e38F, 2.06115362e-9F, 3.72007598e-44F, kInf, 0.0F, kNan})
      .run();
  OpTest("Softplus", 22)
      .input<Float16>({3}, {11.1F, 1000.0F, -9.0F})
      .expect<Float16>({3}, {11.1F, 1000.0F, 1.234e-4F})
      .run();
  OpTest("Softplus", 22)
      .input<double>({2}, {1000, -700})
      .expect<double>({2}, {1000, 9.8596765437597708e-305})
      .tolerance(ulp(1))
      .run();
}

TEST(Softplus, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Softplus", 24); });
}

}  // namespace
}  // namespace linnet::internal
