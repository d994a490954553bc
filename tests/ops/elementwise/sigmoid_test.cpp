#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

TEST(Sigmoid, MatchesItsFormula) {
  for (const int opset : {7, 13}) check_activation({[&] { return OpTest("Sigmoid", opset); }, sigmoid});
}

TEST(Sigmoid, KeepsItsTails) {
  OpTest("Sigmoid", 13)
      .input<float>({4}, {-20.0F, -87.0F, -100.0F, 20.0F})
      .expect<float>({4}, {2.0611537e-9F, 1.6458115e-38F, 3.7835e-44F, 1.0F})
      .tolerance(ulp(1))
      .implementation("simd")
      .run();
}

TEST(Sigmoid, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Sigmoid", 13); });
}

}  // namespace
}  // namespace linnet::internal
