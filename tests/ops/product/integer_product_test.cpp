// Products of 8-bit integers against sums in int64 and results in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kI8 = DataType::kInt8, kU8 = DataType::kUint8, kF32 = DataType::kFloat32;

struct Range {
  double low, high;
};
Range range_of(DataType type) { return type == kI8 ? Range{-128, 127} : Range{0, 255}; }

/// Whole numbers of an 8-bit type, its ends among them.
std::vector<double> some(DataType type, const Shape& shape, unsigned seed) {
  const Range range = range_of(type);
  std::vector<double> numbers(static_cast<std::size_t>(element_count(shape)));
  std::uint32_t state = seed * 2654435761U + 1;
  for (double& number : numbers) {
    state = state * 1664525U + 1013904223U;
    const std::uint32_t draw = state >> 16 & 0x3FF;
    number = draw < 256 ? range.low + draw : draw < 512 ? range.high : draw < 640 ? range.low : range.low + draw % 256;
  }
  return numbers;
}

/// A product of batches, where `a` and `b` have broadcast to the same; lists of zero points repeat.
struct Product {
  std::size_t batches, rows, depth, columns;
  Shape a_shape, b_shape, y_shape;

  /// sum(batch, row, column) of exact integers, modulo 2^32.
  std::vector<double> sums(const std::vector<double>& a, const std::vector<double>& a_zero,
                           const std::vector<double>& b, const std::vector<double>& b_zero) const {
    std::vector<double> y;
    const std::size_t a_rows = depth == 0 ? rows : a.size() / depth;
    const std::size_t b_columns = depth == 0 ? columns : b.size() / depth;
    for (std::size_t i = 0; i < batches * rows * columns; ++i) {
      const std::size_t row = i / columns % a_rows;
      const std::size_t column = (i / (columns * rows) * columns + i % columns) % b_columns;
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < depth; ++k) {
        const double left = a[row * depth + k] - a_zero[row % a_zero.size()];
        const double right =
            b[column / columns * depth * columns + k * columns + column % columns] - b_zero[column % b_zero.size()];
        sum += static_cast<std::int64_t>(left * right);
      }
      y.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(sum)));
    }
    return y;
  }
};

const Product kProducts[] = {
    {1, 3, 5, 4, {3, 5}, {5, 4}, {3, 4}},
    {1, 1, 7, 70, {1, 7}, {7, 70}, {1, 70}},
    {1, 13, 70, 33, {13, 70}, {70, 33}, {13, 33}},
    {1, 1, 6, 1, {6}, {6, 1}, {1}},
    {1, 1, 6, 1, {6}, {6}, {}},
    {2, 3, 5, 4, {2, 3, 5}, {5, 4}, {2, 3, 4}},
    {2, 3, 5, 4, {2, 3, 5}, {2, 5, 4}, {2, 3, 4}},
    {2, 3, 5, 4, {3, 5}, {2, 5, 4}, {2, 3, 4}},
    {1, 3, 0, 4, {3, 0}, {0, 4}, {3, 4}},
    {0, 3, 5, 4, {0, 3, 5}, {5, 4}, {0, 3, 4}},
    {1, 0, 5, 4, {0, 5}, {5, 4}, {0, 4}},
};

TEST(MatMulInteger, MultipliesEveryPairOfTypes) {
  for (const Product& product : kProducts) {
    for (const DataType a_type : {kI8, kU8}) {
      for (const DataType b_type : {kI8, kU8}) {
        const std::vector<double> a = some(a_type, product.a_shape, 1);
        const std::vector<double> b = some(b_type, product.b_shape, 2);
        const double a_zero = a_type == kI8 ? -3 : 130;
        const double b_zero = b_type == kI8 ? 5 : 127;
        OpTest("MatMulInteger", 10)
            .named(text(a_type, product.a_shape, " ", b_type, product.b_shape))
            .input(tensor_of(a_type, product.a_shape, a))
            .input(tensor_of(b_type, product.b_shape, b))
            .input(tensor_of(a_type, {}, {a_zero}))
            .input(tensor_of(b_type, {1}, {b_zero}))
            .expect(tensor_of(DataType::kInt32, product.y_shape, product.sums(a, {a_zero}, b, {b_zero})))
            .run();
        OpTest("MatMulInteger", 10)
            .input(tensor_of(a_type, product.a_shape, a))
            .input(tensor_of(b_type, product.b_shape, b))
            .expect(tensor_of(DataType::kInt32, product.y_shape, product.sums(a, {0}, b, {0})))
            .run();
      }
    }
  }
}

TEST(MatMulInteger, TakesAZeroPointForEachRowAndColumn) {
  const Product& one = kProducts[0];
  const std::vector<double> a = some(kU8, one.a_shape, 3);
  const std::vector<double> b = some(kI8, one.b_shape, 4);
  const std::vector<double> rows = {0, 128, 255};
  const std::vector<double> columns = {-128, 0, 1, 127};
  OpTest("MatMulInteger", 10)
      .input(tensor_of(kU8, one.a_shape, a))
      .input(tensor_of(kI8, one.b_shape, b))
      .input(tensor_of(kU8, {3}, rows))
      .input(tensor_of(kI8, {4}, columns))
      .expect(tensor_of(DataType::kInt32, one.y_shape, one.sums(a, rows, b, columns)))
      .run();
  const Product& two = kProducts[6];
  const std::vector<double> many_a = some(kI8, two.a_shape, 5);
  const std::vector<double> many_b = some(kU8, two.b_shape, 6);
  const std::vector<double> many_rows = {0, 1, -1, 2, -128, 127};
  const std::vector<double> many_columns = {0, 1, 2, 3, 128, 255, 7, 9};
  OpTest("MatMulInteger", 10)
      .input(tensor_of(kI8, two.a_shape, many_a))
      .input(tensor_of(kU8, two.b_shape, many_b))
      .input(tensor_of(kI8, {2, 3, 1}, many_rows))
      .input(tensor_of(kU8, {2, 1, 4}, many_columns))
      .expect(tensor_of(DataType::kInt32, two.y_shape, two.sums(many_a, many_rows, many_b, many_columns)))
      .run();
}

TEST(MatMulInteger, WithoutDepthEveryProductIsZero) {
  OpTest("MatMulInteger", 10)
      .input(tensor_of(kI8, {1, 1, 0}, {}))
      .input(tensor_of(kU8, {40, 1, 0, 4}, {}))
      .input(tensor_of(kI8, {}, {3}))
      .expect(tensor_of(DataType::kInt32, {40, 1, 1, 4}, std::vector<double>(160, 0.0)))
      .run();
}

TEST(MatMulInteger, WrapsAround) {
  const std::int64_t k = 70000;
  const Product product = {1, 1, 70000, 2, {1, k}, {k, 2}, {1, 2}};
  const std::vector<double> a(70000, 255);
  const std::vector<double> b(140000, -128);
  OpTest("MatMulInteger", 10)
      .input(tensor_of(kU8, product.a_shape, a))
      .input(tensor_of(kI8, product.b_shape, b))
      .expect(tensor_of(DataType::kInt32, product.y_shape, product.sums(a, {0}, b, {0})))
      .run();
}

TEST(MatMulInteger, RefusesWhatDoesNotFit) {
  const auto test = [](DataType a_zero_type, const Shape& a_zero, const Shape& b_zero) {
    return OpTest("MatMulInteger", 10)
        .symbolic_input(kU8, {2, 3})
        .symbolic_input(kI8, {3, 4})
        .symbolic_input(a_zero_type, NamedDims(a_zero.begin(), a_zero.end()))
        .symbolic_input(kI8, NamedDims(b_zero.begin(), b_zero.end()));
  };
  const ErrorCode invalid = ErrorCode::kInvalidModel;
  test(kI8, {}, {}).expect_error(invalid, "input a_zero_point is int8, but A is uint8").infer_only();
  test(kU8, {3}, {})
      .expect_error(invalid, "input a_zero_point is [3], expected one element, or one for each row of [2,3]")
      .infer_only();
  test(kU8, {}, {3})
      .expect_error(invalid, "input b_zero_point is [3], expected one element, or one for each column of")
      .infer_only();
  test(kU8, {2, 2}, {}).expect_error(invalid, "input a_zero_point is [2,2]").infer_only();
  test(kU8, {2, 1}, {1, 4}).expect_dims(DataType::kInt32, {2, 4}).infer_only();
  test(kU8, {0}, {}).expect_error(invalid, "input a_zero_point is [0]").infer_only();
  OpTest("MatMulInteger", 10)
      .symbolic_input(kU8, {"n", 3})
      .symbolic_input(kI8, {4, 2})
      .expect_error(invalid, "inner dimensions differ")
      .infer_only();
  OpTest("MatMulInteger", 10)
      .symbolic_input(kU8, {"n", 3})
      .symbolic_input(kI8, {3, 2})
      .expect_dims(DataType::kInt32, {"n", 2})
      .infer_only();
}

struct Scales {
  const char* name;
  std::vector<double> a_scale, b_scale;
  std::vector<double> y_scale = {0.5};
};

TEST(QLinearMatMul, RoundsTheScaledSums) {
  const Product& product = kProducts[2];
  const Scales cases[] = {
      {"of tensors", {0.25}, {0.0078125}, {2}},
      {"of columns", {0.25}, std::vector<double>(33, 0.00390625), {0.75}},
      {"of rows", std::vector<double>(13, 0.125), {0.03125}, {3}},
      {"of rows of y", {0.25}, {0.0078125}, {1, 2, 4, 8, 16, 32, 64, 1, 2, 4, 8, 16, 0.5}},
  };
  for (const Scales& item : cases) {
    for (const DataType y_type : {kI8, kU8}) {
      const std::vector<double> a = some(kU8, product.a_shape, 7);
      const std::vector<double> b = some(kI8, product.b_shape, 8);
      const double y_zero = y_type == kI8 ? -5 : 100;
      const std::vector<double> sums = product.sums(a, {127}, b, {3});
      std::vector<double> y;
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const double scale = item.a_scale[i / 33 % item.a_scale.size()] * item.b_scale[i % item.b_scale.size()];
        const double value = sums[i] * scale / item.y_scale[i / 33 % item.y_scale.size()];
        y.push_back(std::clamp(std::nearbyint(value) + y_zero, range_of(y_type).low, range_of(y_type).high));
      }
      const auto list = [](const std::vector<double>& values) {
        const Shape shape = values.size() == 1 ? Shape() : Shape{static_cast<std::int64_t>(values.size())};
        return tensor_of(kF32, shape, values);
      };
      OpTest("QLinearMatMul", 10)
          .named(text(item.name, " to ", y_type))
          .input(tensor_of(kU8, product.a_shape, a))
          .input(list(item.a_scale))
          .input(tensor_of(kU8, {}, {127}))
          .input(tensor_of(kI8, product.b_shape, b))
          .input(list(item.b_scale))
          .input(tensor_of(kI8, {}, {3}))
          .input(list(item.y_scale))
          .input(tensor_of(y_type, {}, {y_zero}))
          .expect(tensor_of(y_type, product.y_shape, y))
          .run();
    }
  }
}

TEST(QLinearMatMul, TakesScalesOf16BitsAndFloat8Elements) {
  for (const DataType scale : {DataType::kFloat16, DataType::kBfloat16}) {
    OpTest("QLinearMatMul", 21)
        .input<std::int8_t>({1, 3}, {1, 2, 3})
        .input(tensor_of(scale, {}, {0.5}))
        .input<std::int8_t>({}, {-1})
        .input<std::int8_t>({3, 2}, {1, -1, 2, 0, 3, 5})
        .input(tensor_of(scale, {2}, {0.25, 2}))
        .input<std::int8_t>({}, {0})
        .input(tensor_of(scale, {}, {1}))
        .input<std::int8_t>({}, {1})
        .expect<std::int8_t>({1, 2}, {3, 19})  // 20 / 8 and 18, plus 1; 2.5 becomes 2
        .run();
  }
  const DataType small = DataType::kFloat8e4m3fn;
  OpTest("QLinearMatMul", 21)
      .input(tensor_of(small, {1, 2}, {1.5, -2}))
      .input<float>({}, {0.5})
      .input(tensor_of(small, {}, {0.5}))
      .input(tensor_of(small, {2, 2}, {2, 1, 0.5, 448}))
      .input<float>({}, {1})
      .input(tensor_of(small, {}, {0}))
      .input<float>({}, {0.25})
      .input(tensor_of(small, {}, {0}))
      .expect(tensor_of(small, {1, 2}, {1.5, -448}))  // (2 - 1.25) * 2, and (1 - 1120) * 2
      .expect_implementations({"reference"})
      .run();
}

TEST(QLinearMatMul, RefusesWhatIsMissing) {
  OpTest test("QLinearMatMul", 10);
  test.symbolic_input(kU8, {2, 3}).symbolic_input(kF32, {}).symbolic_input(kU8, {}).symbolic_input(kI8, {3, 4});
  test.symbolic_input(kF32, {5}).symbolic_input(kI8, {}).symbolic_input(kF32, {}).symbolic_input(kU8, {});
  test.expect_error(ErrorCode::kInvalidModel, "input b_scale is [5], expected one element, or one for each column")
      .infer_only();
  OpTest without("QLinearMatMul", 10);
  without.symbolic_input(kU8, {2, 3}).symbolic_input(kF32, {}).symbolic_input(kU8, {}).symbolic_input(kI8, {3, 4});
  without.symbolic_input(kF32, {}).symbolic_input(kI8, {}).no_input().symbolic_input(kU8, {});
  without.expect_error(ErrorCode::kInvalidModel, "input y_scale is missing").infer_only();
}

TEST(MatMulIntegerToFloat, ScalesAndAddsABias) {
  const Product& product = kProducts[2];
  const std::vector<double> a = some(kU8, product.a_shape, 9);
  const std::vector<double> b = some(kU8, product.b_shape, 10);
  std::vector<double> scale(33), zero(33), bias(33);
  for (std::size_t i = 0; i < 33; ++i) {
    scale[i] = std::ldexp(1.0, static_cast<int>(i % 4) - 8);
    zero[i] = static_cast<double>(i * 7);
    bias[i] = static_cast<double>(i) * 0.5 - 3;
  }
  std::vector<double> y = product.sums(a, {3}, b, zero);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] * 0.25 * scale[i % 33] + bias[i % 33];
  for (const DataType type : {kF32, DataType::kBfloat16}) {
    OpTest test("MatMulIntegerToFloat", 1, "com.microsoft");
    test.named(text(type)).tolerance(type == kF32 ? exact() : close(0.004, 0));
    test.input(tensor_of(kU8, product.a_shape, a)).input(tensor_of(kU8, product.b_shape, b));
    test.input(tensor_of(type, {}, {0.25})).input(tensor_of(type, {33}, scale));
    test.input(tensor_of(kU8, {}, {3})).input(tensor_of(kU8, {33}, zero)).input(tensor_of(type, {33}, bias));
    const ConstantPtr exact_y = tensor_of(kF32, product.y_shape, y);
    if (type == kF32) {
      test.expect(exact_y).run();
    } else {
      test.expect_reference().run();
    }
  }
}

TEST(DynamicQuantizeMatMul, QuantisesAFirst) {
  // min -1, max 4: scale 5 / 255, zero point 51.
  OpTest("DynamicQuantizeMatMul", 1, "com.microsoft")
      .input<float>({2, 2}, {-1, 4, 0, 1})
      .input<std::int8_t>({2, 3}, {1, 2, 3, -4, 5, 6})
      .input<float>({3}, {1, 2, 0.5})
      .input<std::int8_t>({3}, {0, 1, 0})
      .input<float>({3}, {0, 10, 0})
      .expect<float>({2, 3}, {-17, 40, 10.5, -4, 18, 3})
      .tolerance(close(1e-6, 1e-6))
      .run();
}

}  // namespace
}  // namespace linnet::internal
