#include <gtest/gtest.h>

#include <cmath>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"
#include "tests/ops/quantization/quantization_cases.hpp"

namespace linnet::internal {
namespace {

struct Sample {
  DataType type;
  std::vector<double> numbers;  ///< that the type has, its ends among them
};

const Sample kSamples[] = {
    {DataType::kInt8, {-128, 127, 0, 5, -3}},
    {DataType::kUint8, {0, 255, 128, 7, 1}},
    {DataType::kInt16, {-32768, 32767, 0, 100, -1}},
    {DataType::kUint16, {0, 65535, 32768, 9, 2}},
    {DataType::kInt32, {-1000000, 1000000, 0, 3, -7}},
    {DataType::kInt4, {-8, 7, 0, 3, -1}},
    {DataType::kUint4, {0, 15, 8, 3, 1}},
    {DataType::kInt2, {-2, 1, 0, -1, 1}},
    {DataType::kUint2, {0, 3, 2, 1, 0}},
    {DataType::kFloat4e2m1, {0, 6, -1.5, 0.5, 3}},
    {DataType::kFloat8e4m3fn, {448, -448, 0.5, 0, 1.125}},
    {DataType::kFloat8e4m3fnuz, {240, -240, 0.5, 0, 1.125}},
    {DataType::kFloat8e5m2, {57344, -57344, 0.5, 0, 1.25}},
    {DataType::kFloat8e5m2fnuz, {57344, -57344, 0.5, 0, 1.25}},
};

void check_case(const ScaleCase& item, const Sample& sample, bool has_zero_point) {
  const auto count = static_cast<std::size_t>(element_count(item.shape));
  const auto scales = static_cast<std::size_t>(element_count(item.scale_shape));
  const auto& numbers = sample.numbers;
  std::vector<double> x(count), y(count), scale(scales), zero(scales);
  for (std::size_t i = 0; i < scales; ++i) {
    scale[i] = std::ldexp(1.0, static_cast<int>(i % 5) - 2);
    zero[i] = has_zero_point ? numbers[i * 3 % numbers.size()] : 0;
  }
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = numbers[i * 7 % numbers.size()];
    const std::size_t s = scale_of(item, i);
    y[i] = (x[i] - zero[s]) * scale[s];
  }
  OpTest test("DequantizeLinear", 21);
  test.named(text(item.name, " of ", sample.type)).attribute("axis", item.axis).attribute("block_size", item.block);
  test.input(tensor_of(sample.type, item.shape, x));
  test.input(tensor_of(DataType::kFloat32, item.scale_shape, scale));
  if (has_zero_point) test.input(tensor_of(sample.type, item.scale_shape, zero));
  test.expect(tensor_of(DataType::kFloat32, item.shape, y)).tolerance(ulp(0)).run();
}

TEST(DequantizeLinear, TakesScalesOfTensorsAxesAndBlocks) {
  for (const ScaleCase& item : kScaleCases) {
    check_case(item, kSamples[0], true);
    check_case(item, kSamples[6], true);
    check_case(item, kSamples[1], false);
  }
}

TEST(DequantizeLinear, TakesEveryType) {
  for (const Sample& sample : kSamples) {
    for (const bool has_zero_point : {false, true}) check_case({"channels", {3, 5, 3}, {5}}, sample, has_zero_point);
  }
}

TEST(DequantizeLinear, MultipliesInFloatAndRoundsOnce) {
  OpTest("DequantizeLinear", 19)
      .input<std::int8_t>({3}, {100, -3, 127})
      .input<Float16>({}, {0.1F})
      .expect<Float16>({3}, {10, -0.3F, 12.7F})
      .tolerance(ulp(1))
      .run();
  OpTest("DequantizeLinear", 23)
      .named("output_dtype")
      .attribute("output_dtype", 1)
      .input<std::int8_t>({2}, {100, -3})
      .input<Bfloat16>({}, {0.5F})
      .expect<float>({2}, {50, -1.5F})
      .run();
  OpTest("DequantizeLinear", 23)
      .named("to bfloat16")
      .attribute("output_dtype", 16)
      .input<std::int16_t>({1}, {257})
      .input<float>({}, {1})
      .expect<Bfloat16>({1}, {256})
      .run();
  OpTest("DequantizeLinear", 25)
      .named("by powers of two")
      .attribute("output_dtype", 1)
      .attribute("axis", 0)
      .attribute("block_size", 2)
      .input(tensor_of(DataType::kFloat4e2m1, {4}, {1, 6, -0.5, 3}))
      .input(tensor_of(DataType::kFloat8e8m0, {2}, {0x1p-3, 0x1p10}))
      .expect<float>({4}, {0.125F, 0.75F, -512, 3072})
      .run();
}

TEST(DequantizeLinear, KeepsNanAndInfinities) {
  OpTest("DequantizeLinear", 21)
      .input(tensor_of(DataType::kFloat8e5m2, {3}, {INFINITY, -INFINITY, std::nan("")}))
      .input<float>({}, {2})
      .expect<float>({3}, {INFINITY, -INFINITY, std::nanf("")})
      .run();
}

TEST(DequantizeLinear, InfersTypes) {
  OpTest("DequantizeLinear", 23)
      .symbolic_input(DataType::kInt4, {"n", "?"})
      .symbolic_input(DataType::kFloat16, {})
      .expect_dims(DataType::kFloat16, {"n", "?"})
      .infer_only();
  OpTest("DequantizeLinear", 23)
      .attribute("output_dtype", 16)
      .symbolic_input(DataType::kInt4, {"n", "?"})
      .symbolic_input(DataType::kFloat16, {})
      .expect_dims(DataType::kBfloat16, {"n", "?"})
      .infer_only();
}

TEST(DequantizeLinear, SaysWhatIsWrong) {
  const auto node = [] { return OpTest("DequantizeLinear", 25).input<std::int8_t>({2, 3}, {1, 2, 3, 4, 5, 6}); };
  node()
      .input<float>({2}, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input x_scale has 2 elements, expected 3 as axis 1 of [2,3]")
      .run();
  node()
      .input<float>({}, {1})
      .input<std::uint8_t>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input x_zero_point is uint8, but x is int8")
      .run();
  node()
      .input(tensor_of(DataType::kFloat8e8m0, {}, {1}))
      .expect_error(ErrorCode::kInvalidModel, "output_dtype is not given, which x_scale of float8e8m0 needs")
      .run();
  node().attribute("output_dtype", 11).input<float>({}, {1}).expect_error(ErrorCode::kInvalidModel, "is 11").run();
  OpTest("DequantizeLinear", 25)
      .input<float>({1}, {1})
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input x is float32, expected one of uint8, int8, ")
      .run();
}

}  // namespace
}  // namespace linnet::internal
