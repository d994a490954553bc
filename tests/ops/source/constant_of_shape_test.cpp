#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(ConstantOfShape, FillsWithZeroByDefault) {
  for (const int opset : {9, 20, 25}) {
    OpTest("ConstantOfShape", opset).input<std::int64_t>({2}, {2, 3}).expect<float>({2, 3}, {0, 0, 0, 0, 0, 0}).run();
    OpTest("ConstantOfShape", opset).input<std::int64_t>({0}, {}).expect<float>({}, {0}).run();
    OpTest("ConstantOfShape", opset).input<std::int64_t>({2}, {0, 3}).expect<float>({0, 3}, {}).run();
  }
}

template <typename T>
void check_value(typename LiteralOf<T>::type value) {
  OpTest("ConstantOfShape", 21)
      .attribute("value", tensor_of<T>({1}, {value}))
      .input(tensor_of<std::int64_t>({1}, {3}))
      .expect(tensor_of<T>({3}, {value, value, value}))
      .run();
}

TEST(ConstantOfShape, FillsWithAValueOfEveryType) {
  check_value<float>(1.5F);
  check_value<double>(-2.5);
  check_value<Float16>(0.5F);
  check_value<Bfloat16>(3);
  check_value<std::int8_t>(-7);
  check_value<std::int16_t>(-300);
  check_value<std::int32_t>(70000);
  check_value<std::int64_t>(-5000000000);
  check_value<std::uint8_t>(200);
  check_value<std::uint16_t>(60000);
  check_value<std::uint32_t>(4000000000U);
  check_value<std::uint64_t>(10000000000000000000U);
  check_value<bool>(true);
}

TEST(ConstantOfShape, FillsWithAValueOfEverySmallType) {
  for (const auto& [type, value] : {std::pair{DataType::kFloat8e4m3fn, -1.5},
                                    {DataType::kFloat8e5m2fnuz, 3.0},
                                    {DataType::kFloat4e2m1, -0.5},
                                    {DataType::kInt4, -3.0},
                                    {DataType::kUint4, 13.0},
                                    {DataType::kInt2, -2.0},
                                    {DataType::kUint2, 3.0}}) {
    for (const std::int64_t count : {0, 1, 3, 4, 5, 300001}) {
      OpTest("ConstantOfShape", 24)
          .named(text(type, " ", count))
          .attribute("value", tensor_of(type, {1}, {value}))
          .input(tensor_of<std::int64_t>({1}, {count}))
          .expect(tensor_of(type, {count}, std::vector<double>(static_cast<std::size_t>(count), value)))
          .run();
    }
  }
}

TEST(ConstantOfShape, FillsLargeTensors) {
  OpTest("ConstantOfShape", 9)
      .attribute("value", tensor_of<float>({1}, {2}))
      .input<std::int64_t>({2}, {3, 70001})
      .expect<float>({3, 70001}, Literals<float>(3 * 70001, 2.0F))
      .run();
}

TEST(ConstantOfShape, KnowsSymbolsAndElements) {
  OpTest("ConstantOfShape", 9)
      .symbolic_input(DataType::kInt64, {2})
      .elements({"batch", 3})
      .expect_dims(DataType::kFloat32, {"batch", 3})
      .infer_only();
  OpTest("ConstantOfShape", 9)
      .attribute("value", tensor_of<std::int64_t>({1}, {7}))
      .constant_input<std::int64_t>({1}, {2})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({7, 7})
      .infer_only();
  OpTest("ConstantOfShape", 9)
      .symbolic_input(DataType::kInt64, {2})
      .expect_dims(DataType::kFloat32, {"?", "?"})
      .infer_only();
  OpTest("ConstantOfShape", 9).symbolic_input(DataType::kInt64, {"n"}).expect_unranked(DataType::kFloat32).infer_only();
}

TEST(ConstantOfShape, NamesWhatIsWrong) {
  OpTest("ConstantOfShape", 9)
      .input<std::int64_t>({1}, {-1})
      .expect_error(ErrorCode::kInvalidModel, "with a negative dimension")
      .run();
  OpTest("ConstantOfShape", 9)
      .input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input input is int32, expected int64")
      .run();
  OpTest("ConstantOfShape", 9)
      .input<std::int64_t>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "has rank 2, expected 1")
      .run();
  OpTest("ConstantOfShape", 9)
      .attribute("value", tensor_of<float>({2}, {1, 2}))
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"value\" has 2 elements, expected 1")
      .run();
  OpTest("ConstantOfShape", 9)
      .input<std::int64_t>({3}, {std::int64_t{1} << 40, std::int64_t{1} << 40, 2})
      .expect_error(ErrorCode::kInvalidModel, "has more elements than 64 bits can count")
      .run();
}

}  // namespace
}  // namespace linnet::internal
