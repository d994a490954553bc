#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

double relu(double x) { return x > 0 || std::isnan(x) ? x : 0.0; }

TEST(Relu, MatchesItsFormula) {
  for (const int opset : {7, 13, 14}) check_activation({[&] { return OpTest("Relu", opset); }, relu});
}

TEST(Relu, TakesSignedIntegers) {
  OpTest("Relu", 14).input<std::int8_t>({5}, {-128, -1, 0, 1, 127}).expect<std::int8_t>({5}, {0, 0, 0, 1, 127}).run();
  OpTest("Relu", 14).input<std::int16_t>({3}, {-32768, 2, 32767}).expect<std::int16_t>({3}, {0, 2, 32767}).run();
  OpTest("Relu", 14)
      .input<std::int32_t>({3}, {-2147483647, 3, 2147483647})
      .expect<std::int32_t>({3}, {0, 3, 2147483647})
      .run();
  OpTest("Relu", 14).input<std::int64_t>({2}, {-9, 1LL << 40}).expect<std::int64_t>({2}, {0, 1LL << 40}).run();
}

TEST(Relu, MinusZeroBecomesZero) {
  OpTest("Relu", 14).input<float>({2}, {-0.0F, 0.0F}).expect<float>({2}, {0.0F, 0.0F}).implementation("simd").run();
  OpTest("Relu", 14).input<Float16>({1}, {-0.0F}).expect<Float16>({1}, {0.0F}).run();
}

TEST(Relu, RefusesOtherTypes) {
  OpTest("Relu", 14)
      .input<std::uint8_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X is uint8, expected one of float32, int8")
      .run();
  OpTest("Relu", 14)
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input X is string")
      .infer_only();
  OpTest("Relu", 14)
      .input<float>({1}, {1})
      .attribute("alpha", 1.0F)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"alpha\"")
      .run();
}

}  // namespace
}  // namespace linnet::internal
