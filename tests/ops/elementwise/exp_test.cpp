#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Exp, MatchesItsFormula) {
  for (const int opset : {7, 13})
    check_activation({[&] { return OpTest("Exp", opset); }, [](double x) { return std::exp(x); }});
}

TEST(Exp, ComputesFloat64InFull) {
  OpTest("Exp", 13)
      .input<double>({2}, {1.0000000001, -700.5})
      .expect<double>({2}, {2.7182818287308734, 5.980196118639791e-305})
      .tolerance(close(1e-14, 0))
      .run();
}

TEST(Exp, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Exp", 13); });
}

}  // namespace
}  // namespace linnet::internal
