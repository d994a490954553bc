#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Tanh, MatchesItsFormula) {
  for (const int opset : {7, 13})
    check_activation({[&] { return OpTest("Tanh", opset); }, [](double x) { return std::tanh(x); }});
}

TEST(Tanh, RefusesOtherTypes) {
  check_activation_type_errors([] { return OpTest("Tanh", 13); });
}

}  // namespace
}  // namespace linnet::internal
