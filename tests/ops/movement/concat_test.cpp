#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Concat, JoinsAlongAnAxis) {
  for (const int opset : {7, 11, 13}) {
    OpTest("Concat", opset)
        .attribute("axis", 0)
        .input<float>({1, 2}, {1, 2})
        .input<float>({2, 2}, {3, 4, 5, 6})
        .expect<float>({3, 2}, {1, 2, 3, 4, 5, 6})
        .run();
    OpTest("Concat", opset)
        .attribute("axis", 1)
        .input<float>({2, 1}, {1, 2})
        .input<float>({2, 2}, {3, 4, 5, 6})
        .expect<float>({2, 3}, {1, 3, 4, 2, 5, 6})
        .run();
    OpTest("Concat", opset)
        .attribute("axis", -1)
        .input<float>({2, 1}, {1, 2})
        .input<float>({2, 2}, {3, 4, 5, 6})
        .expect<float>({2, 3}, {1, 3, 4, 2, 5, 6})
        .run();
  }
  OpTest("Concat", 13)
      .attribute("axis", 1)
      .input<float>({2, 1, 2}, {1, 2, 3, 4})
      .input<float>({2, 2, 2}, {5, 6, 7, 8, 9, 10, 11, 12})
      .expect<float>({2, 3, 2}, {1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12})
      .run();
}

TEST(Concat, TakesOneInputAndMany) {
  OpTest("Concat", 13).attribute("axis", 0).input<float>({2}, {1, 2}).expect<float>({2}, {1, 2}).run();
  OpTest test("Concat", 13);
  test.attribute("axis", 0);
  std::vector<float> expected;
  for (int i = 0; i < 100; ++i) {
    test.input<float>({1}, {static_cast<float>(i)});
    expected.push_back(static_cast<float>(i));
  }
  test.expect<float>({100}, expected).run();
}

TEST(Concat, TakesEmptyInputs) {
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<float>({0, 2}, {})
      .input<float>({1, 2}, {1, 2})
      .input<float>({0, 2}, {})
      .expect<float>({1, 2}, {1, 2})
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 1)
      .input<float>({0, 2}, {})
      .input<float>({0, 3}, {})
      .expect<float>({0, 5}, {})
      .run();
  OpTest("Concat", 13).attribute("axis", 0).input<float>({0}, {}).input<float>({0}, {}).expect<float>({0}, {}).run();
}

TEST(Concat, TakesEveryType) {
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<bool>({1}, {true})
      .input<bool>({1}, {false})
      .expect<bool>({2}, {true, false})
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<std::int64_t>({1}, {1})
      .input<std::int64_t>({1}, {2})
      .expect<std::int64_t>({2}, {1, 2})
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<Float16>({1}, {1})
      .input<Float16>({1}, {2})
      .expect<Float16>({2}, {1, 2})
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<std::uint16_t>({1}, {1})
      .input<std::uint16_t>({1}, {2})
      .expect<std::uint16_t>({2}, {1, 2})
      .run();
}

TEST(Concat, JoinsLargeTensorsInParts) {
  const auto check = [](std::int64_t rows, std::int64_t left, std::int64_t right) {
    const ConstantPtr a = random_tensor(DataType::kFloat32, {rows, left}, -1, 1, 1);
    const ConstantPtr b = random_tensor(DataType::kFloat32, {rows, right}, -1, 1, 2);
    std::vector<float> expected;
    for (std::int64_t row = 0; row < rows; ++row) {
      expected.insert(expected.end(), a->as<float>() + row * left, a->as<float>() + (row + 1) * left);
      expected.insert(expected.end(), b->as<float>() + row * right, b->as<float>() + (row + 1) * right);
    }
    OpTest("Concat", 13).attribute("axis", 1).input(a).input(b).expect<float>({rows, left + right}, expected).run();
  };
  check(1, 100000, 150001);
  check(3, 70000, 1);
  check(5000, 17, 40);
}

TEST(Concat, AddsUpSymbols) {
  const auto concat = [](std::int64_t axis, const NamedDims& a, const NamedDims& b, const NamedDims& result) {
    OpTest("Concat", 13)
        .attribute("axis", axis)
        .symbolic_input(DataType::kFloat32, a)
        .symbolic_input(DataType::kFloat32, b)
        .expect_dims(DataType::kFloat32, result)
        .infer_only();
  };
  concat(1, {"batch", 2}, {"batch", 3}, {"batch", 5});
  concat(1, {"batch", 2}, {8, 3}, {8, 5});
  concat(1, {"?", 2}, {"batch", 3}, {"batch", 5});
  concat(0, {"batch", 2}, {3, 2}, {"?", 2});
  concat(0, {"batch", 2}, {0, 2}, {"batch", 2});
  concat(0, {"a", 2}, {"b", 2}, {"?", 2});
}

TEST(Concat, JoinsElements) {
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .symbolic_input(DataType::kInt64, {1})
      .elements({"batch"})
      .constant_input<std::int64_t>({2}, {-1, 8})
      .symbolic_input(DataType::kInt64, {1})
      .expect_dims(DataType::kInt64, {4})
      .expect_elements({"batch", -1, 8, "?"})
      .infer_only();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .symbolic_input(DataType::kInt64, {1})
      .elements({"batch"})
      .symbolic_input(DataType::kInt64, {"n"})
      .expect_dims(DataType::kInt64, {"?"})
      .expect_no_elements()
      .infer_only();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .symbolic_input(DataType::kInt64, {1})
      .symbolic_input(DataType::kInt64, {1})
      .expect_dims(DataType::kInt64, {2})
      .expect_no_elements()
      .infer_only();
}

TEST(Concat, SaysWhatIsWrong) {
  const auto concat = [](std::int64_t axis) {
    return OpTest("Concat", 13).attribute("axis", axis).input<float>({1, 2}, {1, 2});
  };
  concat(0).input<float>({2}, {3, 4}).expect_error(ErrorCode::kInvalidModel, "input 1 has rank 1, expected 2").run();
  concat(0)
      .input<float>({1, 3}, {3, 4, 5})
      .expect_error(ErrorCode::kInvalidModel,
                    "input 1 has shape [1,3], which differs from [1,2] of input 0 outside axis 0")
      .run();
  concat(0)
      .input<double>({1, 2}, {3, 4})
      .expect_error(ErrorCode::kInvalidModel, "input 1 is float64, but input 0 is float32")
      .run();
  concat(0).no_input().input<float>({1, 2}, {3, 4}).expect_error(ErrorCode::kInvalidModel, "input 1 is missing").run();
  for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    concat(axis).expect_error(ErrorCode::kInvalidModel, text("axis ", axis, " is outside [-2,1] for rank 2")).run();
  }
  OpTest("Concat", 13)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axis\" is missing")
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axis 0 is outside [0,-1] for rank 0")
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .expect_error(ErrorCode::kInvalidModel, "0 inputs, expected at least 1")
      .run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .symbolic_input(DataType::kFloat32, {INT64_MAX})
      .symbolic_input(DataType::kFloat32, {1})
      .expect_error(ErrorCode::kInvalidModel, "the sizes along axis 0 add up to more than 64 bits can count")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
