#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(HardSwish, MatchesItsFormula) {
  for (const int opset : {14, 22}) {
    check_activation({[&] { return OpTest("HardSwish", opset); },
                      [](double x) {
                        const double step = x + 3;
                        return std::isnan(step) ? step : x * (std::fmax(0, std::fmin(6, step)) / 6);
                      }});
  }
}

TEST(HardSwish, KeepsItsDigitsNearMinusThree) {
  // x (x + 3) / 6 with x = -3 + 2^-22.
  OpTest("HardSwish", 14)
      .input<float>({5}, {-0x1.7ffffep+1F, 3.0F, kInf, -kInf, kNan})
      .expect<float>({5}, {-0x1.fffffep-24F, 3.0F, kInf, kNan, kNan})
      .tolerance(ulp(1))
      .run();
  OpTest("HardSwish", 14)
      .input<double>({1}, {-2.9999999999})
      .expect<double>({1}, {-5.0000004135e-11})
      .tolerance(close(1e-9, 0))
      .run();
}

TEST(HardSwish, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("HardSwish", 24); });
}

}  // namespace
}  // namespace linnet::internal
