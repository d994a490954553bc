#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

TEST(LeakyRelu, MatchesItsFormula) {
  for (const int opset : {7, 16}) {
    check_activation({[&] { return OpTest("LeakyRelu", opset); },
                      [](double x) { return x < 0 ? static_cast<double>(0.01F) * x : x; }});
  }
}

TEST(LeakyRelu, TakesAnySlope) {
  for (const float slope : {0.0F, 0.3F, 1.0F, 2.0F, -0.5F}) {
    check_activation({[&] { return OpTest("LeakyRelu", 16).attribute("alpha", slope); },
                      [&](double x) { return x < 0 ? static_cast<double>(slope) * x : x; }});
  }
}

TEST(LeakyRelu, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("LeakyRelu", 16); });
  OpTest("LeakyRelu", 16)
      .attribute("alpha", std::int64_t{1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "alpha")
      .run();
}

}  // namespace
}  // namespace linnet::internal
