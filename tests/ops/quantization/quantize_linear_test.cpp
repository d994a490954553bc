#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"
#include "tests/ops/quantization/quantization_cases.hpp"
#include "tests/support/small_floats.hpp"

namespace linnet::internal {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

std::int64_t number_of(DataType type) { return static_cast<std::int64_t>(type); }

struct Range {
  double low, high;
};
Range range_of(DataType type) {
  const double values = std::ldexp(1.0, static_cast<int>(bits_of(type)));
  const bool is_signed =
      type == DataType::kInt8 || type == DataType::kInt16 || type == DataType::kInt4 || type == DataType::kInt2;
  return is_signed ? Range{-values / 2, values / 2 - 1} : Range{0, values - 1};
}

constexpr DataType kIntegers[] = {DataType::kInt8, DataType::kUint8, DataType::kInt16, DataType::kUint16,
                                  DataType::kInt4, DataType::kUint4, DataType::kInt2,  DataType::kUint2};

/// Numbers in steps of 1/4 from about -limit to limit, with many ties.
std::vector<double> some_numbers(std::int64_t count, double limit) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::fmod(static_cast<double>(i * 37 % 1009) * 0.25, 2 * limit) - limit;
  return numbers;
}

void check_case(const ScaleCase& item, DataType type, bool has_zero_point) {
  const Range range = range_of(type);
  const auto scales = static_cast<std::size_t>(element_count(item.scale_shape));
  std::vector<double> scale(scales), zero(scales);
  for (std::size_t i = 0; i < scales; ++i) {
    scale[i] = std::ldexp(1.0, static_cast<int>(i % 5) - 2);
    zero[i] = has_zero_point ? range.low + std::fmod(static_cast<double>(i * 5), range.high - range.low + 1) : 0;
  }
  const std::vector<double> x = some_numbers(element_count(item.shape), 40);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t s = scale_of(item, i);
    y[i] = std::clamp(std::nearbyint(x[i] / scale[s]) + zero[s], range.low, range.high);
  }
  OpTest test("QuantizeLinear", 21);
  test.named(text(item.name, " to ", type)).attribute("axis", item.axis).attribute("block_size", item.block);
  test.input(tensor_of(DataType::kFloat32, item.shape, x));
  test.input(tensor_of(DataType::kFloat32, item.scale_shape, scale));
  if (has_zero_point) {
    test.input(tensor_of(type, item.scale_shape, zero));
  } else {
    test.attribute("output_dtype", number_of(type));
  }
  test.expect(tensor_of(type, item.shape, y)).run();
}

TEST(QuantizeLinear, TakesScalesOfTensorsAxesAndBlocks) {
  for (const ScaleCase& item : kScaleCases) {
    for (const DataType type : {DataType::kUint8, DataType::kInt4}) check_case(item, type, true);
    check_case(item, DataType::kInt8, false);
  }
}

TEST(QuantizeLinear, GivesEveryIntegerType) {
  for (const DataType type : kIntegers) {
    for (const bool has_zero_point : {false, true}) check_case({"channels", {3, 5, 2}, {5}}, type, has_zero_point);
  }
}

TEST(QuantizeLinear, RoundsTiesToEvenAndSaturates) {
  OpTest("QuantizeLinear", 10)
      .input<float>({8}, {1, 3, -1, -3, 5, 255, 1e30F, -1e30F})
      .input<float>({}, {2})
      .expect<std::uint8_t>({8}, {0, 2, 0, 0, 2, 128, 255, 0})
      .run();
  for (const DataType type : kIntegers) {
    const Range range = range_of(type);
    OpTest("QuantizeLinear", 25)
        .named(name_of(type))
        .attribute("output_dtype", number_of(type))
        .input<float>({6}, {1e38F, -1e38F, static_cast<float>(kInf), -static_cast<float>(kInf), std::nanf(""), 0})
        .input<float>({}, {0.5F})
        .expect(tensor_of(type, {6}, {range.high, range.low, range.high, range.low, range.low, 0}))
        .run();
  }
  // The zero point is added after rounding: 0.5 + 1 is 1.
  OpTest("QuantizeLinear", 13)
      .input<float>({3}, {0.5F, 1.5F, -300})
      .input<float>({}, {1})
      .input<std::int8_t>({}, {1})
      .expect<std::int8_t>({3}, {1, 3, -128})
      .run();
}

TEST(QuantizeLinear, DefinesScalesThatDivideNothing) {
  OpTest("QuantizeLinear", 13)
      .input<float>({4}, {1, -1, 0, 1})
      .input<float>({4}, {0, 0, 0, std::nanf("")})
      .input<std::int8_t>({4}, {5, 5, 5, 5})
      .expect<std::int8_t>({4}, {127, -128, -128, -128})
      .run();
}

TEST(QuantizeLinear, GivesSmallFloats) {
  const std::vector<float> x = {0, 1, 2, 100000, -200};
  for (const DataType type : {DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                              DataType::kFloat8e5m2fnuz, DataType::kFloat4e2m1}) {
    for (const bool saturate : {false, true}) {
      std::vector<double> y;
      for (const float value : x)
        y.push_back(small_float_value(type, small_float_code(type, static_cast<double>(value) / 2, {saturate})));
      OpTest("QuantizeLinear", 23)
          .named(name_of(type))
          .attribute("saturate", saturate ? 1 : 0)
          .input<float>({5}, x)
          .input<float>({}, {2})
          .input(tensor_of(type, {}, {0}))
          .expect(tensor_of(type, {5}, y))
          .run();
    }
  }
  OpTest("QuantizeLinear", 23)
      .input<float>({2}, {1, 3})
      .input<float>({1}, {2})
      .input(tensor_of(DataType::kFloat4e2m1, {1}, {1.5}))
      .expect(tensor_of(DataType::kFloat4e2m1, {2}, {2, 3}))
      .run();
}

TEST(QuantizeLinear, DividesInThePrecisionOfTheScale) {
  // 10 / 0.1: just below 100.5 * 1.005 ... in float16, 100.5 is 100.5 and 1 / 3 is 0.33325.
  OpTest("QuantizeLinear", 19)
      .input<Float16>({3}, {1.5F, 2.5F, 1000})
      .input<Float16>({}, {0.33325195F})
      .expect<std::uint8_t>({3}, {4, 8, 255})
      .run();
  // 2049 / 2 is 1024.5 in float32, a tie to 1024; float16 has 2048 only, so 1024 too; 2051 becomes 2052.
  const auto divide = [](std::int64_t precision) {
    OpTest test("QuantizeLinear", 23);
    if (precision != 0) test.attribute("precision", precision);
    test.attribute("output_dtype", number_of(DataType::kInt16));
    test.input<float>({2}, {2049, 2051}).input<float>({}, {1});
    return test;
  };
  divide(0).expect<std::int16_t>({2}, {2049, 2051}).run();
  divide(1).expect<std::int16_t>({2}, {2049, 2051}).run();
  divide(number_of(DataType::kFloat16)).expect<std::int16_t>({2}, {2048, 2052}).run();
  divide(number_of(DataType::kBfloat16)).expect<std::int16_t>({2}, {2048, 2048}).run();
  divide(number_of(DataType::kFloat64)).expect<std::int16_t>({2}, {2049, 2051}).run();
  OpTest("QuantizeLinear", 23)
      .named("the scale's type decides where precision does not")
      .attribute("output_dtype", number_of(DataType::kInt16))
      .input<float>({2}, {2049, 2051})
      .input<Float16>({}, {1})
      .expect<std::int16_t>({2}, {2048, 2052})
      .run();
}

TEST(QuantizeLinear, TakesEveryTypeOfXAndScale) {
  for (const DataType x : {DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16, DataType::kInt32}) {
    for (const DataType scale :
         {DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16, DataType::kInt32, DataType::kFloat8e8m0}) {
      OpTest("QuantizeLinear", 25)
          .named(text(x, " by ", scale))
          .input(tensor_of(x, {2, 3}, {4, -6, 20, 0, 8, 3008}))
          .input(tensor_of(scale, {2}, {2, 4}))
          .attribute("axis", 0)
          .input<std::uint8_t>({2}, {100, 0})
          .expect<std::uint8_t>({2, 3}, {102, 97, 110, 0, 2, 255})
          .run();
    }
  }
  OpTest("QuantizeLinear", 25)
      .named("no digit of int32 is lost")
      .input<std::int32_t>({2}, {INT32_MAX, INT32_MAX - 1})
      .input<std::int32_t>({}, {1 << 24})
      .input<std::uint16_t>({}, {0})
      .expect<std::uint16_t>({2}, {128, 128})
      .run();
}

TEST(QuantizeLinear, InfersTypes) {
  const auto infer = [] {
    return OpTest("QuantizeLinear", 21)
        .symbolic_input(DataType::kFloat32, {"n", 4})
        .symbolic_input(DataType::kFloat32, {"s"});
  };
  infer().expect_dims(DataType::kUint8, {"n", 4}).infer_only();
  infer().attribute("output_dtype", 22).expect_dims(DataType::kInt4, {"n", 4}).infer_only();
  infer().symbolic_input(DataType::kInt16, {"s"}).expect_dims(DataType::kInt16, {"n", 4}).infer_only();
  OpTest("QuantizeLinear", 21)
      .attribute("block_size", 3)
      .symbolic_input(DataType::kFloat32, {"n", "m"})
      .symbolic_input(DataType::kFloat32, {"n", "k"})
      .expect_dims(DataType::kUint8, {"n", "m"})
      .infer_only();
}

TEST(QuantizeLinear, SaysWhatIsWrong) {
  const auto node = [](const Shape& scale, int opset = 21) {
    return OpTest("QuantizeLinear", opset)
        .input<float>({2, 3}, {1, 2, 3, 4, 5, 6})
        .random_input(DataType::kFloat32, scale, 1, 2);
  };
  node({2}).expect_error(ErrorCode::kInvalidModel, "input y_scale has 2 elements, expected 3 as axis 1 of [2,3]").run();
  node({3}).attribute("axis", 2).expect_error(ErrorCode::kInvalidModel, "axis 2 is outside [-2,1]").run();
  node({2, 1})
      .expect_error(ErrorCode::kInvalidModel, "input y_scale has rank 2, expected 0 or 1 without block_size")
      .run();
  node({2, 2})
      .attribute("block_size", 3)
      .expect_error(ErrorCode::kInvalidModel,
                    "input y_scale has shape [2,2], expected 1 along axis 1 for [2,3] in blocks of 3 along axis 1")
      .run();
  node({3})
      .attribute("block_size", 2)
      .expect_error(ErrorCode::kInvalidModel, "input y_scale has rank 1, expected 2 with block_size 2")
      .run();
  node({}).attribute("block_size", -1).expect_error(ErrorCode::kInvalidModel, "block_size is -1, expected 1").run();
  node({}).attribute("output_dtype", 1).expect_error(ErrorCode::kInvalidModel, "\"output_dtype\" is 1").run();
  node({}, 23).attribute("precision", 6).expect_error(ErrorCode::kInvalidModel, "\"precision\" is 6").run();
  node({})
      .attribute("output_dtype", 3)
      .input<std::uint8_t>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "output_dtype is int8, but y_zero_point is uint8")
      .run();
  node({3})
      .input<std::uint8_t>({2}, {0, 0})
      .expect_error(ErrorCode::kInvalidModel, "input y_zero_point has shape [2], but y_scale has [3]")
      .run();
  node({}).input<std::int32_t>({}, {0}).expect_error(ErrorCode::kInvalidModel, "input y_zero_point is int32").run();
  OpTest("QuantizeLinear", 21)
      .input<double>({1}, {1})
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input x is float64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
