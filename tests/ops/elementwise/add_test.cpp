#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/elementwise/binary_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Add, MatchesItsFormula) {
  check_binary({"Add", [](double a, double b) { return a + b; }});
}

TEST(Add, WrapsIntegers) {
  OpTest("Add", 14)
      .input<std::int8_t>({3}, {127, -128, 5})
      .input<std::int8_t>({3}, {1, -1, -6})
      .expect<std::int8_t>({3}, {-128, 127, -1})
      .run();
  OpTest("Add", 14)
      .input<std::uint8_t>({2}, {255, 1})
      .input<std::uint8_t>({}, {1})
      .expect<std::uint8_t>({2}, {0, 2})
      .run();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  OpTest("Add", 7)
      .input<std::int64_t>({2}, {kMost, 3})
      .input<std::int64_t>({2}, {1, 4})
      .expect<std::int64_t>({2}, {kLeast, 7})
      .run();
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  OpTest("Add", 7)
      .input<std::uint64_t>({1}, {kAll})
      .input<std::uint64_t>({1}, {2})
      .expect<std::uint64_t>({1}, {1})
      .run();
}

TEST(Add, KnowsElementsOfShapes) {
  const auto node = [] { return OpTest("Add", 14); };
  constexpr DataType kInt64 = DataType::kInt64;
  node()
      .symbolic_input(kInt64, {4})
      .elements({"n", 0, 3, "?"})
      .symbolic_input(kInt64, {4})
      .elements({0, "m", 4, 1})
      .expect_dims(kInt64, {4})
      .expect_elements({"n", "m", 7, "?"})
      .infer_only();
  node()
      .symbolic_input(kInt64, {})
      .elements({0})
      .symbolic_input(kInt64, {3})
      .elements({"n", "m", -1})
      .expect_dims(kInt64, {3})
      .expect_elements({"n", "m", -1})
      .infer_only();
  node()
      .symbolic_input(kInt64, {1, 2})
      .elements({"n", 2})
      .symbolic_input(kInt64, {1})
      .elements({1})
      .expect_dims(kInt64, {1, 2})
      .expect_elements({"?", 3})
      .infer_only();
  node()
      .symbolic_input(kInt64, {2, 1})
      .elements({1, 2})
      .symbolic_input(kInt64, {2})
      .elements({3, 4})
      .expect_dims(kInt64, {2, 2})
      .expect_no_elements()
      .infer_only();
  // A sum that wraps around is left to the run.
  node()
      .symbolic_input(DataType::kInt32, {1})
      .elements({std::int64_t{2147483647}})
      .symbolic_input(DataType::kInt32, {1})
      .elements({1})
      .expect_dims(DataType::kInt32, {1})
      .expect_elements({"?"})
      .infer_only();
  node()
      .symbolic_input(kInt64, {1})
      .elements({std::numeric_limits<std::int64_t>::max()})
      .symbolic_input(kInt64, {1})
      .elements({1})
      .expect_dims(kInt64, {1})
      .expect_elements({"?"})
      .infer_only();
}

TEST(Add, RefusesWrongInputs) { check_binary_errors("Add"); }

}  // namespace
}  // namespace linnet::internal
