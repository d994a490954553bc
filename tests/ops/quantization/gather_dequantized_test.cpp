// GatherDequantized against its definition: every step rounds as those of DequantizeLinear do.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kF32 = DataType::kFloat32, kI64 = DataType::kInt64;

ConstantPtr zeros(DataType type, const Shape& shape) {
  return tensor_of(type, shape, std::vector<double>(static_cast<std::size_t>(element_count(shape))));
}

OpTest test_of(DataType type, const std::vector<double>& x, const Shape& shape) {
  OpTest test("GatherDequantized", 1, kOwnDomain);
  test.input(tensor_of(type, shape, x));
  return test;
}

TEST(GatherDequantized, HasAScaleForEachRow) {
  test_of(DataType::kInt8, {1, -2, 3, 4, 5, -6}, {3, 2})
      .attribute("axis", std::int64_t{0})
      .input<float>({3}, {1, 0.5F, 2})
      .input(zeros(DataType::kInt8, {3}))
      .input<std::int64_t>({2, 2}, {2, 0, -2, -3})
      .expect<float>({2, 2, 2}, {10, -12, 1, -2, 1.5F, 2, 1, -2})
      .run();
}

TEST(GatherDequantized, HasAScaleForEachColumn) {
  test_of(DataType::kUint8, {1, 200, 3, 4}, {2, 2})
      .attribute("axis", std::int64_t{1})
      .input<float>({2}, {1, 0.5F})
      .input(tensor_of(DataType::kUint8, {2}, {2, 100}))
      .input<std::int32_t>({}, {0})
      .expect<float>({2}, {-1, 50})
      .run();
}

TEST(GatherDequantized, HasOneScale) {
  test_of(DataType::kInt8, {-128, 127, 0}, {3})
      .input<float>({}, {2})
      .input(tensor_of(DataType::kInt8, {}, {-1}))
      .input<std::int64_t>({3}, {1, 1, 0})
      .expect<float>({3}, {256, 256, -254})
      .run();
}

/// Rows of 4 bits begin within bytes.
TEST(GatherDequantized, HasScalesOfBlocks) {
  for (const bool along_rows : {false, true}) {
    OpTest test = test_of(DataType::kUint4, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, {3, 5});
    test.attribute("axis", std::int64_t{along_rows ? 0 : 1}).attribute("block_size", std::int64_t{2});
    if (along_rows) {
      test.input<float>({2, 5}, {1, 1, 1, 1, 1, 2, 2, 2, 2, 4})
          .input(tensor_of(DataType::kUint4, {2, 5}, {0, 0, 0, 0, 1, 10, 10, 10, 10, 15}));
      test.input<std::int64_t>({2}, {2, 1}).expect<float>({2, 5}, {0, 2, 4, 6, -4, 5, 6, 7, 8, 8});
    } else {
      test.input<float>({3, 3}, {1, 1, 1, 1, 2, 4, 1, 1, 2}).input(zeros(DataType::kUint4, {3, 3}));
      test.input<std::int64_t>({2}, {2, 1}).expect<float>({2, 5}, {10, 11, 12, 13, 28, 5, 6, 14, 16, 36});
    }
    test.run();
  }
}

TEST(GatherDequantized, LongRowsAndMany) {
  // Longer than a task, and more than one task has.
  for (const Shape& shape : {Shape{3, 40000}, Shape{2000, 33}, Shape{3, 2, 70}}) {
    const std::int64_t slice = element_count(shape) / shape[0];
    OpTest test("GatherDequantized", 1, kOwnDomain);
    const ConstantPtr x = random_tensor(DataType::kInt8, shape, -100, 100, 1);
    const ConstantPtr scale = random_tensor(kF32, {shape[0]}, 0.5, 2, 2);
    std::vector<std::int64_t> indices;
    std::vector<float> y;
    for (std::int64_t i = 0; i < 1200 && static_cast<std::int64_t>(y.size()) < 200000; ++i) {
      const std::int64_t index = i * 7 % shape[0];
      indices.push_back(i % 2 == 0 ? index : index - shape[0]);
      for (std::int64_t at = 0; at < slice; ++at) {
        y.push_back(static_cast<float>(x->as<std::int8_t>()[index * slice + at]) * scale->as<float>()[index]);
      }
    }
    const auto count = static_cast<std::int64_t>(indices.size());
    Shape out = shape;
    out[0] = count;
    test.attribute("axis", std::int64_t{0})
        .constant_input(x)
        .constant_input(scale)
        .input(zeros(DataType::kInt8, {shape[0]}));
    test.input<std::int64_t>({count}, indices).expect<float>(out, y).run();
  }
}

TEST(GatherDequantized, EmptyOnes) {
  test_of(DataType::kInt8, {}, {3, 0})
      .input<float>({}, {1})
      .input(zeros(DataType::kInt8, {}))
      .input<std::int64_t>({2}, {0, 2})
      .expect<float>({2, 0}, {})
      .run();
  test_of(DataType::kInt8, {}, {0, 3})
      .input<float>({}, {1})
      .input(zeros(DataType::kInt8, {}))
      .input<std::int64_t>({0}, {})
      .expect<float>({0, 3}, {})
      .run();
}

TEST(GatherDequantized, RefusesWhatDoesNotFit) {
  for (const std::int64_t odd : {std::int64_t{2}, std::int64_t{-3}, std::numeric_limits<std::int64_t>::min()}) {
    test_of(DataType::kInt8, {1, 2}, {2})
        .input<float>({}, {1})
        .input(zeros(DataType::kInt8, {}))
        .input<std::int64_t>({1}, {odd})
        .expect_error(ErrorCode::kRuntimeFault, text(odd))
        .run();
  }
  test_of(DataType::kInt8, {1}, {})
      .input<float>({}, {1})
      .input(zeros(DataType::kInt8, {}))
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input x is a scalar")
      .run();
  test_of(DataType::kInt8, {1, 2, 3, 4}, {2, 2})
      .input<float>({3}, {1, 1, 1})
      .input(zeros(DataType::kInt8, {3}))
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input x_scale has 3 elements")
      .run();
  OpTest("GatherDequantized", 1, kOwnDomain)
      .symbolic_input(DataType::kInt8, {"words", 7})
      .symbolic_input(kF32, {"words"})
      .symbolic_input(DataType::kInt8, {"words"})
      .symbolic_input(kI64, {"batch", "tokens"})
      .expect_dims(kF32, {"batch", "tokens", 7})
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
