#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Where, ChoosesOfEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr x = random_tensor(type, {4}, 0, 100, 1);
    const ConstantPtr y = random_tensor(type, {4}, 0, 100, 2);
    std::byte* data = nullptr;
    const ConstantPtr expected = make_constant(type, {4}, &data);
    const std::size_t size = size_of(type);
    const bool condition[] = {true, false, false, true};
    for (std::size_t i = 0; i < 4; ++i) std::copy_n((condition[i] ? x : y)->data + i * size, size, data + i * size);
    for (const int opset : {9, 16}) {
      OpTest("Where", opset)
          .named(text(type))
          .input<bool>({4}, {true, false, false, true})
          .input(x)
          .input(y)
          .expect(expected)
          .run();
    }
  }
}

TEST(Where, BroadcastsAllThree) {
  OpTest("Where", 16)
      .input<bool>({2, 1}, {true, false})
      .input<float>({3}, {1, 2, 3})
      .input<float>({}, {0})
      .expect<float>({2, 3}, {1, 2, 3, 0, 0, 0})
      .run();
  OpTest("Where", 16)
      .input<bool>({}, {true})
      .input<float>({1, 2}, {1, 2})
      .input<float>({2, 1}, {3, 4})
      .expect<float>({2, 2}, {1, 2, 1, 2})
      .run();
  OpTest("Where", 16)
      .input<bool>({2, 1, 1}, {true, false})
      .input<std::int64_t>({2, 1}, {1, 2})
      .input<std::int64_t>({2}, {3, 4})
      .expect<std::int64_t>({2, 2, 2}, {1, 1, 2, 2, 3, 4, 3, 4})
      .run();
  OpTest("Where", 16).input<bool>({0}, {}).input<float>({1}, {1}).input<float>({}, {2}).expect<float>({0}, {}).run();
}

TEST(Where, TakesLongRows) {
  constexpr std::int64_t kSize = 70001;
  Literals<bool> condition;
  Literals<float> x;
  Literals<float> expected;
  for (std::int64_t i = 0; i < kSize; ++i) {
    condition.push_back(i % 3 == 0);
    x.push_back(static_cast<float>(i));
    expected.push_back(i % 3 == 0 ? static_cast<float>(i) : -1.0F);
  }
  OpTest("Where", 16)
      .input<bool>({kSize}, condition)
      .input<float>({kSize}, x)
      .input<float>({1}, {-1})
      .expect<float>({kSize}, expected)
      .run();
}

TEST(Where, KnowsElementsOfShapes) {
  OpTest("Where", 16)
      .symbolic_input(DataType::kBool, {4})
      .elements({1, 0, "?", "?"})
      .symbolic_input(DataType::kInt64, {4})
      .elements({"n", 2, "n", 5})
      .symbolic_input(DataType::kInt64, {4})
      .elements({3, "m", "n", 6})
      .expect_dims(DataType::kInt64, {4})
      .expect_elements({"n", "m", "n", "?"})
      .infer_only();
}

TEST(Where, NamesWhatIsWrong) {
  OpTest("Where", 16)
      .input<std::int32_t>({1}, {1})
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input condition is int32, expected bool")
      .run();
  OpTest("Where", 16)
      .input<bool>({1}, {true})
      .input<float>({1}, {1})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input Y is float64, but X is float32")
      .run();
  OpTest("Where", 16)
      .input<bool>({2}, {true, false})
      .input<float>({3}, {1, 2, 3})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "shapes [2] and [3] do not broadcast")
      .run();
  OpTest("Where", 16)
      .symbolic_input(DataType::kBool, {1})
      .symbolic_input(DataType::kString, {1})
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input X is string")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
