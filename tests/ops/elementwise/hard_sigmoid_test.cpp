#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

std::function<double(double)> hard_sigmoid(float alpha, float beta) {
  return [alpha, beta](double x) {
    const double line = static_cast<double>(alpha) * x + static_cast<double>(beta);
    return std::isnan(line) ? line : std::fmax(0.0, std::fmin(1.0, line));
  };
}

TEST(HardSigmoid, MatchesItsFormula) {
  for (const int opset : {7, 22})
    check_activation({[&] { return OpTest("HardSigmoid", opset); }, hard_sigmoid(0.2F, 0.5F)});
}

TEST(HardSigmoid, TakesAnyLine) {
  for (const auto& [alpha, beta] : {std::pair{1.0F, 0.0F}, {0.0F, 0.25F}, {-0.5F, 0.75F}, {0.1666667F, 0.5F}}) {
    check_activation({[alpha = alpha, beta = beta] {
                        return OpTest("HardSigmoid", 22).attribute("alpha", alpha).attribute("beta", beta);
                      },
                      hard_sigmoid(alpha, beta)});
  }
}

TEST(HardSigmoid, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("HardSigmoid", 22); });
}

}  // namespace
}  // namespace linnet::internal
