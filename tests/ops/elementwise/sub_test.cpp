#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/elementwise/binary_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Sub, MatchesItsFormula) {
  check_binary({"Sub", [](double a, double b) { return a - b; }});
}

TEST(Sub, WrapsIntegers) {
  OpTest("Sub", 14)
      .input<std::uint8_t>({3}, {0, 7, 255})
      .input<std::uint8_t>({3}, {1, 7, 1})
      .expect<std::uint8_t>({3}, {255, 0, 254})
      .run();
  OpTest("Sub", 14)
      .input<std::int16_t>({1}, {-32768})
      .input<std::int16_t>({1}, {1})
      .expect<std::int16_t>({1}, {32767})
      .run();
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  OpTest("Sub", 7)
      .input<std::int32_t>({2}, {kLeast, 0})
      .input<std::int32_t>({}, {1})
      .expect<std::int32_t>({2}, {2147483647, -1})
      .run();
  OpTest("Sub", 7)
      .input<std::uint32_t>({1}, {0})
      .input<std::uint32_t>({1}, {1})
      .expect<std::uint32_t>({1}, {4294967295U})
      .run();
}

TEST(Sub, KnowsElementsOfShapes) {
  OpTest("Sub", 14)
      .symbolic_input(DataType::kInt64, {5})
      .elements({"n", "n", 9, 0, "?"})
      .symbolic_input(DataType::kInt64, {5})
      .elements({0, "n", 4, "n", 0})
      .expect_dims(DataType::kInt64, {5})
      .expect_elements({"n", 0, 5, "?", "?"})
      .infer_only();
  OpTest("Sub", 14)
      .symbolic_input(DataType::kUint64, {1})
      .elements({1})
      .symbolic_input(DataType::kUint64, {1})
      .elements({2})
      .expect_dims(DataType::kUint64, {1})
      .expect_elements({"?"})
      .infer_only();
}

TEST(Sub, RefusesWrongInputs) { check_binary_errors("Sub"); }

}  // namespace
}  // namespace linnet::internal
