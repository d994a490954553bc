#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double mish(double x) {
  const double e = std::exp(-std::fabs(x));
  if (x > 0) return x * (1 + 2 * e) / (1 + 2 * e + 2 * e * e);
  return x * (e * e + 2 * e) / (e * e + 2 * e + 2);
}

TEST(Mish, MatchesItsFormula) {
  for (const int opset : {18, 22}) check_activation({[&] { return OpTest("Mish", opset); }, mish});
}

TEST(Mish, KeepsItsTail) {
  OpTest("Mish", 22)
      .input<float>({7}, {-17.5F, -50.0F, -1000.0F, 3e38F, kInf, -kInf, kNan})
      .expect<float>({7}, {-4.39424847e-7F, -9.64374924e-21F, -0.0F, 3e38F, kInf, kNan, kNan})
      .run();
}

TEST(Mish, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Mish", 24); });
}

}  // namespace
}  // namespace linnet::internal
