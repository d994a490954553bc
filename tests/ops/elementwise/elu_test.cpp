#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Elu, MatchesItsFormula) {
  for (const int opset : {7, 22}) {
    check_activation({[&] { return OpTest("Elu", opset); }, [](double x) { return x < 0 ? std::expm1(x) : x; }});
  }
}

TEST(Elu, TakesAnyAlpha) {
  for (const float alpha : {0.0F, 0.7F, 2.0F, -1.5F}) {
    check_activation({[&] { return OpTest("Elu", 22).attribute("alpha", alpha); },
                      [&](double x) { return x < 0 ? static_cast<double>(alpha) * std::expm1(x) : x; }});
  }
}

TEST(Elu, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Elu", 22); });
}

}  // namespace
}  // namespace linnet::internal
