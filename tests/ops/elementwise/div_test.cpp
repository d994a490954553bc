#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/elementwise/binary_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Div, MatchesItsFormula) {
  check_binary({"Div", [](double a, double b) { return a / b; }});
}

TEST(Div, RoundsIntegersTowardsZero) {
  OpTest("Div", 7)
      .input<std::int32_t>({4}, {7, -7, 7, -7})
      .input<std::int32_t>({4}, {2, 2, -2, -2})
      .expect<std::int32_t>({4}, {3, -3, -3, 3})
      .run();
  OpTest("Div", 14)
      .input<std::uint8_t>({3}, {255, 1, 0})
      .input<std::uint8_t>({}, {2})
      .expect<std::uint8_t>({3}, {127, 0, 0})
      .run();
  OpTest("Div", 7)
      .input<std::int64_t>({2}, {9007199254740993, -1})
      .input<std::int64_t>({2}, {1, 3})
      .expect<std::int64_t>({2}, {9007199254740993, 0})
      .run();
}

TEST(Div, WrapsTheSmallestIntegerByMinusOne) {
  OpTest("Div", 14)
      .input<std::int8_t>({2}, {-128, 4})
      .input<std::int8_t>({1}, {-1})
      .expect<std::int8_t>({2}, {-128, -4})
      .run();
  constexpr std::int32_t kLeast32 = std::numeric_limits<std::int32_t>::min();
  OpTest("Div", 7)
      .input<std::int32_t>({1}, {kLeast32})
      .input<std::int32_t>({1}, {-1})
      .expect<std::int32_t>({1}, {kLeast32})
      .run();
  constexpr std::int64_t kLeast64 = std::numeric_limits<std::int64_t>::min();
  OpTest("Div", 7)
      .input<std::int64_t>({1}, {kLeast64})
      .input<std::int64_t>({1}, {-1})
      .expect<std::int64_t>({1}, {kLeast64})
      .run();
}

TEST(Div, ByIntegerZeroIsAFault) {
  OpTest("Div", 14)
      .input<std::int32_t>({2, 2}, {1, 2, 3, 4})
      .input<std::int32_t>({2}, {1, 0})
      .expect_error(ErrorCode::kRuntimeFault, "integer division by zero at element 1 of the output")
      .run();
  OpTest("Div", 14)
      .input<std::uint64_t>({1}, {0})
      .input<std::uint64_t>({}, {0})
      .expect_error(ErrorCode::kRuntimeFault, "element 0")
      .run();
}

TEST(Div, ByFloatZeroIsInfiniteOrNan) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  OpTest("Div", 14)
      .input<float>({4}, {1, -1, 0, 1})
      .input<float>({4}, {0, 0, 0, -0.0F})
      .expect<float>({4}, {kInfinity, -kInfinity, kNan, -kInfinity})
      .run();
}

TEST(Div, KnowsElementsOfShapes) {
  OpTest("Div", 14)
      .symbolic_input(DataType::kInt64, {5})
      .elements({"n", 7, -7, 7, "n"})
      .symbolic_input(DataType::kInt64, {5})
      .elements({1, 2, 2, "m", "n"})
      .expect_dims(DataType::kInt64, {5})
      .expect_elements({"n", 3, -3, "?", "?"})
      .infer_only();
  // Nothing is known of a fault: the run reports it.
  OpTest("Div", 14)
      .symbolic_input(DataType::kInt64, {2})
      .elements({4, std::numeric_limits<std::int64_t>::min()})
      .symbolic_input(DataType::kInt64, {2})
      .elements({0, -1})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"?", "?"})
      .infer_only();
}

TEST(Div, KnowsNothingPastTheLargestInt64) {
  OpTest("Div", 14)
      .input<std::uint64_t>({3}, {18446744073709551615U, 18446744073709551614U, 9223372036854775808U})
      .input<std::uint64_t>({3}, {2, 18446744073709551615U, 1})
      .expect<std::uint64_t>({3}, {9223372036854775807U, 0, 9223372036854775808U})
      .run();
}

TEST(Div, RefusesWrongInputs) { check_binary_errors("Div"); }

}  // namespace
}  // namespace linnet::internal
