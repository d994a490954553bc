#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

OpTest gelu(const char* approximate) { return OpTest("Gelu", 20).attribute("approximate", std::string(approximate)); }

TEST(Gelu, MatchesItsFormula) {
  const auto formula = [](double x) { return x * (0.5 * std::erfc(-x / std::sqrt(2.0))); };
  check_activation({[] { return OpTest("Gelu", 20); }, formula, 2});
  check_activation({[] { return gelu("none"); }, formula, 2});
}

TEST(Gelu, MatchesTheApproximation) {
  const auto formula = [](double x) {
    const double z = std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
    return x / (1 + std::exp(-2 * z));  // x / 2 * (1 + tanh(z)) without the cancellation
  };
  check_activation({[] { return gelu("tanh"); }, formula, 2});
}

TEST(Gelu, RefusesWhatItDoesNotKnow) {
  check_activation_type_errors([] { return OpTest("Gelu", 20); });
  gelu("Tanh")
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "\"approximate\" is \"Tanh\", expected \"none\" or \"tanh\"")
      .run();
  OpTest("Gelu", 19).input<float>({1}, {1}).expect_error(ErrorCode::kUnsupported, "from opset 20").run();
}

}  // namespace
}  // namespace linnet::internal
