// Which of the operators that move elements take float8 types, as bytes, and which the packed ones too, as a whole.
#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kSmallTypes[] = {DataType::kFloat8e4m3fn,   DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                                    DataType::kFloat8e5m2fnuz, DataType::kFloat4e2m1,     DataType::kInt4,
                                    DataType::kUint4,          DataType::kInt2,           DataType::kUint2};

ConstantPtr numbers(DataType type, const Shape& shape, const std::vector<double>& values) {
  return tensor_of(type, shape, values);
}

TEST(SmallTypes, KeepTheirBytesUnderAnotherShape) {
  const std::vector<double> values = {0, 1, 1, 0, 1, 1, 1, 0, 0};
  for (const DataType type : kSmallTypes) {
    const ConstantPtr square = numbers(type, {1, 3, 3}, values);
    const ConstantPtr row = numbers(type, {9}, values);
    const ConstantPtr shape = tensor_of<std::int64_t>({1}, {-1});
    const ConstantPtr axes = tensor_of<std::int64_t>({1}, {0});
    OpTest("Reshape", 25).named(text(type)).input(square).constant_input(shape).expect(row).run();
    OpTest("Flatten", 25).named(text(type)).input(square).expect(numbers(type, {1, 9}, values)).run();
    OpTest("Squeeze", 25)
        .named(text(type))
        .input(square)
        .constant_input(axes)
        .expect(numbers(type, {3, 3}, values))
        .run();
    OpTest("Unsqueeze", 25)
        .named(text(type))
        .input(row)
        .constant_input(axes)
        .expect(numbers(type, {1, 9}, values))
        .run();
    OpTest("Constant", 25).named(text(type)).attribute("value", square).expect(square).run();
  }
}

TEST(SmallTypes, OfEightBitsAreMovedAsBytes) {
  constexpr DataType kType = DataType::kFloat8e5m2;
  const ConstantPtr x = numbers(kType, {2, 3}, {1, 2, 3, 4, 5, 6});
  OpTest("Transpose", 25).input(x).expect(numbers(kType, {3, 2}, {1, 4, 2, 5, 3, 6})).run();
  OpTest("Concat", 13)
      .attribute("axis", 0)
      .input(x)
      .input(numbers(kType, {1, 3}, {7, 8, 10}))
      .expect(numbers(kType, {3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 10}))
      .run();
  OpTest("Gather", 13).input(x).input<std::int64_t>({1}, {1}).expect(numbers(kType, {1, 3}, {4, 5, 6})).run();
  OpTest("Expand", 13)
      .input(numbers(kType, {2, 1}, {1, 2}))
      .constant_input<std::int64_t>({2}, {2, 2})
      .expect(numbers(kType, {2, 2}, {1, 1, 2, 2}))
      .run();
}

TEST(SmallTypes, ThatArePackedAreNotMovedOneByOne) {
  for (const DataType type : {DataType::kInt4, DataType::kUint2, DataType::kFloat4e2m1}) {
    OpTest("Transpose", 25)
        .symbolic_input(type, {2, 3})
        .expect_error(ErrorCode::kUnsupported, text("input data is ", type, ", which is not supported"))
        .infer_only();
  }
  OpTest("ScatterElements", 18)
      .attribute("reduction", std::string("add"))
      .symbolic_input(DataType::kFloat8e5m2, {2})
      .symbolic_input(DataType::kInt64, {2})
      .symbolic_input(DataType::kFloat8e5m2, {2})
      .expect_error(ErrorCode::kUnsupported, "elements of type float8e5m2 cannot be reduced")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
