#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/elementwise/binary_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Mul, MatchesItsFormula) {
  check_binary({"Mul", [](double a, double b) { return a * b; }});
}

TEST(Mul, WrapsIntegers) {
  OpTest("Mul", 14)
      .input<std::int8_t>({3}, {64, -128, -3})
      .input<std::int8_t>({3}, {2, -1, 7})
      .expect<std::int8_t>({3}, {-128, -128, -21})
      .run();
  OpTest("Mul", 14)
      .input<std::uint16_t>({2}, {65535, 256})
      .input<std::uint16_t>({2}, {65535, 256})
      .expect<std::uint16_t>({2}, {1, 0})
      .run();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  OpTest("Mul", 7)
      .input<std::int64_t>({2}, {kMost, -5})
      .input<std::int64_t>({2}, {2, 6})
      .expect<std::int64_t>({2}, {-2, -30})
      .run();
}

TEST(Mul, KnowsElementsOfShapes) {
  OpTest("Mul", 14)
      .symbolic_input(DataType::kInt64, {6})
      .elements({"n", 1, 0, "n", 6, "n"})
      .symbolic_input(DataType::kInt64, {6})
      .elements({1, "m", "?", 2, 7, 0})
      .expect_dims(DataType::kInt64, {6})
      .expect_elements({"n", "m", 0, "?", 42, 0})
      .infer_only();
  OpTest("Mul", 14)
      .symbolic_input(DataType::kInt64, {1})
      .elements({std::int64_t{1} << 62})
      .symbolic_input(DataType::kInt64, {1})
      .elements({2})
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"?"})
      .infer_only();
}

TEST(Mul, RefusesWrongInputs) { check_binary_errors("Mul"); }

}  // namespace
}  // namespace linnet::internal
