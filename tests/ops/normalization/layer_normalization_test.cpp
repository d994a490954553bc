#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(LayerNormalization, NormalizesRows) {
  // Mean 2 and 6, variance 1: InvStdDev is 1 / sqrt(1 + 3) = 0.5.
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 3.0F)
      .input<float>({2, 2}, {1, 3, 5, 7})
      .input<float>({2}, {2, 4})
      .input<float>({2}, {10, 20})
      .expect<float>({2, 2}, {9, 22, 9, 22})
      .expect<float>({2, 1}, {2, 6})
      .expect<float>({2, 1}, {0.5F, 0.5F})
      .expect_implementations({"simd", "reference"})
      .run();
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 3.0F)
      .input<float>({2, 2}, {1, 3, 5, 7})
      .input<float>({2}, {2, 4})
      .expect<float>({2, 2}, {-1, 2, -1, 2})
      .run();
  OpTest("LayerNormalization", 23)
      .attribute("epsilon", 3.0F)
      .input<float>({2, 2}, {1, 3, 5, 7})
      .input<float>({2}, {2, 4})
      .no_input()
      .expect<float>({2, 2}, {-1, 2, -1, 2})
      .no_output()
      .expect<float>({2, 1}, {0.5F, 0.5F})
      .run();
}

TEST(LayerNormalization, StartsAtEveryAxis) {
  struct Case {
    std::int64_t axis;
    Shape scale, statistics;
  };
  const Case cases[] = {
      {0, {2, 3, 40}, {1, 1, 1}},  {1, {3, 40}, {2, 1, 1}},    {2, {40}, {2, 3, 1}},       {-1, {40}, {2, 3, 1}},
      {-3, {2, 3, 40}, {1, 1, 1}}, {2, {1, 1, 40}, {2, 3, 1}}, {1, {1, 3, 40}, {2, 1, 1}},
  };
  for (const Case& c : cases) {
    OpTest test("LayerNormalization", 17);
    test.attribute("axis", c.axis).random_input(DataType::kFloat32, {2, 3, 40}, -2, 2);
    test.random_input(DataType::kFloat32, c.scale, -2, 2).random_input(DataType::kFloat32, c.scale, -2, 2);
    // |x - mean| / deviation <= sqrt(240), times 2, plus 2; a handful of roundings.
    test.expect_reference()
        .expect_reference()
        .expect_reference()
        .tolerance_of("simd", close(1e-6, 6 * 34 * 0x1p-24))
        .run();
  }
}

TEST(LayerNormalization, SharesLongRows) {
  for (const bool with_bias : {true, false}) {
    OpTest test("LayerNormalization", 17);
    test.random_input(DataType::kFloat32, {2, 140001}, -2, 2).random_input(DataType::kFloat32, {140001}, -2, 2);
    if (with_bias) test.random_input(DataType::kFloat32, {140001}, -2, 2);
    // |x - mean| / deviation < 2, times 2, plus 2; a handful of roundings.
    test.expect_reference()
        .expect_reference()
        .expect_reference()
        .tolerance_of("simd", close(1e-6, 6 * 6 * 0x1p-24))
        .run();
  }
}

/// Several tasks of rows, the last of them shorter.
TEST(LayerNormalization, WidensShortTypes) {
  for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
    for (const bool with_bias : {true, false}) {
      for (const bool with_statistics : {true, false}) {
        OpTest test("LayerNormalization", 17);
        test.random_input(type, {40, 700}, -2, 2).random_input(type, {700}, -2, 2);
        if (with_bias) test.random_input(type, {700}, -2, 2);
        test.expect_reference();
        if (with_statistics) test.expect_reference().expect_reference();
        // As above, and rounded once more.
        const double step = type == DataType::kFloat16 ? 0x1p-10 : 0x1p-7;
        test.tolerance_of("simd half", close(step, 6 * 6 * 0x1p-24));
        test.expect_implementations({"simd half", "reference"}).run();
      }
    }
  }
}

TEST(LayerNormalization, WidensNoLongRows) {
  for (const std::int64_t columns : {131071, 131072}) {
    OpTest test("LayerNormalization", 17);
    test.random_input(DataType::kFloat16, {1, columns}, -2, 2).random_input(DataType::kFloat16, {columns}, -2, 2);
    test.expect_reference().tolerance_of("simd half", close(0x1p-10, 6 * 6 * 0x1p-24));
    test.expect_implementations(columns < 131072 ? std::vector<std::string>{"simd half", "reference"}
                                                 : std::vector<std::string>{"reference"});
    test.run();
  }
}

TEST(LayerNormalization, BroadcastsScaleAndBToX) {
  const Shape shapes[] = {{}, {1}, {3, 1}, {2, 1, 1}, {2, 3, 4}, {1, 3, 1}, {1, 1, 4}};
  for (const Shape& shape : shapes) {
    OpTest test("LayerNormalization", 17);
    test.attribute("axis", std::int64_t{1}).attribute("epsilon", 0.0F);
    // Each of the two rows of 12 has mean 0 and variance 1.
    Literals<float> x;
    for (int i = 0; i < 24; ++i) x.push_back(i % 2 == 0 ? 1.0F : -1.0F);
    Literals<float> scale;
    for (std::int64_t i = 0; i < element_count(shape); ++i) scale.push_back(static_cast<float>(i + 2));
    Literals<float> y;
    Shape dims = shape;
    while (dims.size() < 3) dims.insert(dims.begin(), 1);
    for (std::int64_t i = 0; i < 24; ++i) {
      const std::int64_t index = (i / 12 % dims[0] * dims[1] + i / 4 % 3 % dims[1]) * dims[2] + i % 4 % dims[2];
      const float factor = scale[static_cast<std::size_t>(index)];
      y.push_back(x[static_cast<std::size_t>(i)] * factor + factor);
    }
    test.input<float>({2, 3, 4}, x).input<float>(shape, scale).input<float>(shape, scale).expect<float>({2, 3, 4}, y);
    test.expect_implementations({"reference"}).run();
  }
}

TEST(LayerNormalization, TakesEveryType) {
  const auto check = [](auto tag) {
    using T = typename decltype(tag)::type;
    OpTest("LayerNormalization", 17)
        .attribute("epsilon", 3.0F)
        .input<T>({2, 2}, {1, 3, 5, 7})
        .template input<T>({2}, {2, 4})
        .template input<T>({2}, {10, 20})
        .template expect<T>({2, 2}, {9, 22, 9, 22})
        .template expect<float>({2, 1}, {2, 6})
        .template expect<float>({2, 1}, {0.5F, 0.5F})
        .run();
  };
  check(TypeTag<double>());
  check(TypeTag<Float16>());
  check(TypeTag<Bfloat16>());
}

TEST(LayerNormalization, StashesInBfloat16) {
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 3.0F)
      .attribute("stash_type", std::int64_t{16})
      .input<float>({1, 2}, {1.125F, 3.126F})
      .input<float>({2}, {0, 0})
      .expect<float>({1, 2}, {-0.0F, 0})
      .expect<Bfloat16>({1, 1}, {2.125F})
      .expect<Bfloat16>({1, 1}, {0.5F})
      .expect_implementations({"reference"})
      .run();
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 3.0F)
      .attribute("stash_type", std::int64_t{16})
      .input<float>({1, 2}, {1, 3})
      .input<float>({2}, {2, 4})
      .expect<float>({1, 2}, {-1, 2})
      .expect_implementations({"simd", "reference"})
      .run();
}

TEST(LayerNormalization, KeepsDigitsFarFromZero) {
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 0.0F)
      .input<float>({1, 4}, {10000001, 10000003, 10000001, 10000003})
      .input<float>({4}, {1, 1, 1, 1})
      .expect<float>({1, 4}, {-1, 1, -1, 1})
      .run();
}

TEST(LayerNormalization, GivesNanForARowWithNanOrInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  OpTest("LayerNormalization", 17)
      .attribute("epsilon", 3.0F)
      .input<float>({3, 2}, {1, nan, 1, 3, inf, 1})
      .input<float>({2}, {2, 4})
      .expect<float>({3, 2}, {nan, nan, -1, 2, nan, nan})
      .run();
}

TEST(LayerNormalization, TakesEmptyTensors) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OpTest("LayerNormalization", 17)
      .input<float>({0, 2}, {})
      .input<float>({2}, {2, 4})
      .expect<float>({0, 2}, {})
      .expect<float>({0, 1}, {})
      .run();
  OpTest("LayerNormalization", 17)
      .input<float>({2, 0}, {})
      .input<float>({0}, {})
      .expect<float>({2, 0}, {})
      .expect<float>({2, 1}, {nan, nan})
      .expect<float>({2, 1}, {nan, nan})
      .run();
}

OpTest symbolic(const NamedDims& x, const NamedDims& scale) {
  OpTest test("LayerNormalization", 17);
  test.symbolic_input(DataType::kFloat32, x).symbolic_input(DataType::kFloat32, scale);
  return test;
}

TEST(LayerNormalization, NamesWhatIsWrong) {
  symbolic({2, 4}, {3})
      .expect_error(ErrorCode::kInvalidModel, "input Scale is [3] but X is [2,4]: Scale must broadcast to X")
      .infer_only();
  symbolic({2, 4}, {1, 2, 4})
      .expect_error(ErrorCode::kInvalidModel, "input Scale is [1,2,4] but X is [2,4]")
      .infer_only();
  symbolic({2, 4}, {4})
      .symbolic_input(DataType::kFloat32, {2})
      .expect_error(ErrorCode::kInvalidModel, "input B is [2] but X is [2,4]: B must broadcast to X")
      .infer_only();
  symbolic({2, 4}, {4})
      .symbolic_input(DataType::kFloat16, {4})
      .expect_error(ErrorCode::kInvalidModel, "input B is float16, but X is float32")
      .infer_only();
  symbolic({2, 4}, {4})
      .attribute("axis", std::int64_t{2})
      .expect_error(ErrorCode::kInvalidModel, "axis 2 is outside [-2,1] for rank 2")
      .infer_only();
  symbolic({}, {}).expect_error(ErrorCode::kInvalidModel, "axis -1 is outside").infer_only();
  symbolic({2, 4}, {4})
      .attribute("stash_type", std::int64_t{11})
      .expect_error(ErrorCode::kInvalidModel, "stash_type is 11, expected 1 (float) or 16 (bfloat16)")
      .infer_only();
  symbolic({2, 4}, {4})
      .attribute("stash_type", std::int64_t{257})
      .expect_error(ErrorCode::kInvalidModel, "stash_type is 257, expected 1 (float) or 16 (bfloat16)")
      .infer_only();
  OpTest("LayerNormalization", 17)
      .symbolic_input(DataType::kInt64, {2})
      .symbolic_input(DataType::kInt64, {2})
      .expect_error(ErrorCode::kInvalidModel, "input X is int64, expected one of")
      .infer_only();
  OpTest("LayerNormalization", 13)
      .symbolic_input(DataType::kFloat32, {2})
      .symbolic_input(DataType::kFloat32, {2})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 17")
      .infer_only();
}

TEST(LayerNormalization, KeepsSymbols) {
  symbolic({"batch", "time", 64}, {64})
      .expect_dims(DataType::kFloat32, {"batch", "time", 64})
      .expect_dims(DataType::kFloat32, {"batch", "time", 1})
      .expect_dims(DataType::kFloat32, {"batch", "time", 1})
      .infer_only();
  symbolic({"batch", "?"}, {"width"})
      .attribute("stash_type", std::int64_t{16})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .expect_dims(DataType::kBfloat16, {"batch", 1})
      .infer_only();
}

TEST(RmsNormalization, NormalizesRows) {
  // The mean squares are 13 and 37: with epsilon 3 the divisors are 4 and sqrt(40).
  OpTest("RMSNormalization", 23)
      .attribute("epsilon", 3.0F)
      .input<float>({2, 2}, {-1, 5, 6, 6.164414F})
      .input<float>({2}, {2, 4})
      .expect<float>({2, 2}, {-0.5F, 5, 1.8973666F, 3.898718F})
      .tolerance(ulp(2))
      .expect_implementations({"simd", "reference"})
      .run();
  for (const std::int64_t axis : {0, 1, 2, -1, -2, -3}) {
    const auto kept = static_cast<std::ptrdiff_t>(axis < 0 ? axis + 3 : axis);
    const Shape x = {2, 3, 40};
    OpTest test("RMSNormalization", 23);
    test.attribute("axis", axis).random_input(DataType::kFloat32, x, -2, 2);
    test.random_input(DataType::kFloat32, Shape(x.begin() + kept, x.end()), -2, 2);
    test.expect_reference().tolerance_of("simd", ulp(4)).expect_implementations({"simd", "reference"}).run();
  }
}

TEST(RmsNormalization, SharesLongRowsAndKeepsZeros) {
  OpTest("RMSNormalization", 23)
      .random_input(DataType::kFloat32, {2, 140001}, -2, 2)
      .random_input(DataType::kFloat32, {140001}, -2, 2)
      .expect_reference()
      .tolerance_of("simd", ulp(4))
      .run();
  OpTest("RMSNormalization", 23)
      .input<float>({1, 3}, {0, -0.0F, -0.0F})
      .input<float>({3}, {1, 1, -1})
      .expect<float>({1, 3}, {0, -0.0F, 0})
      .run();
}

TEST(RmsNormalization, WidensShortTypes) {
  for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
    OpTest("RMSNormalization", 23)
        .random_input(type, {40, 700}, -2, 2)
        .random_input(type, {700}, -2, 2)
        .expect_reference()
        .tolerance_of("simd half", ulp(1))
        .expect_implementations({"simd half", "reference"})
        .run();
  }
  OpTest("RMSNormalization", 23)
      .random_input(DataType::kFloat16, {1, 131072}, -2, 2)
      .random_input(DataType::kFloat16, {131072}, -2, 2)
      .expect_reference()
      .expect_implementations({"reference"})
      .run();
}

TEST(RmsNormalization, TakesEveryPairOfTypes) {
  const auto check = [](auto x_tag, auto scale_tag) {
    using X = typename decltype(x_tag)::type;
    using Scale = typename decltype(scale_tag)::type;
    OpTest("RMSNormalization", 23)
        .attribute("epsilon", 3.0F)
        .input<X>({1, 2}, {-1, 5})
        .template input<Scale>({2}, {2, 4})
        .template expect<Scale>({1, 2}, {-0.5F, 5})
        .run();
  };
  const auto check_with_all = [&](auto tag) {
    check(tag, TypeTag<float>());
    check(tag, TypeTag<double>());
    check(tag, TypeTag<Float16>());
    check(tag, TypeTag<Bfloat16>());
  };
  check_with_all(TypeTag<float>());
  check_with_all(TypeTag<double>());
  check_with_all(TypeTag<Float16>());
  check_with_all(TypeTag<Bfloat16>());
}

TEST(RmsNormalization, BroadcastsScaleToXAndTakesEmptyTensors) {
  OpTest("RMSNormalization", 24)
      .attribute("epsilon", 3.0F)
      .attribute("stash_type", std::int64_t{11})
      .input<float>({2, 2}, {-1, 5, 1, -5})
      .input<float>({2, 1}, {4, 8})
      .expect<float>({2, 2}, {-1, 5, 2, -10})
      .expect_implementations({"reference"})
      .run();
  OpTest("RMSNormalization", 23).input<float>({0, 2}, {}).input<float>({2}, {2, 4}).expect<float>({0, 2}, {}).run();
  OpTest("RMSNormalization", 23).input<float>({2, 0}, {}).input<float>({0}, {}).expect<float>({2, 0}, {}).run();
}

TEST(RmsNormalization, InfersAndNamesWhatIsWrong) {
  OpTest("RMSNormalization", 23)
      .symbolic_input(DataType::kFloat32, {"batch", "?"})
      .symbolic_input(DataType::kFloat16, {"width"})
      .expect_dims(DataType::kFloat16, {"batch", "?"})
      .infer_only();
  OpTest("RMSNormalization", 23)
      .symbolic_input(DataType::kFloat32, {2, 4})
      .symbolic_input(DataType::kFloat32, {3})
      .expect_error(ErrorCode::kInvalidModel, "input Scale is [3] but X is [2,4]: Scale must broadcast to X")
      .infer_only();
  OpTest("RMSNormalization", 23)
      .symbolic_input(DataType::kFloat32, {2})
      .symbolic_input(DataType::kInt64, {2})
      .expect_error(ErrorCode::kInvalidModel, "input scale is int64, expected one of")
      .infer_only();
  for (const std::int64_t stash_type : {7, 257, -255, 0}) {
    OpTest("RMSNormalization", 23)
        .attribute("stash_type", stash_type)
        .symbolic_input(DataType::kFloat32, {2})
        .symbolic_input(DataType::kFloat32, {2})
        .expect_error(
            ErrorCode::kInvalidModel,
            text("stash_type is ", stash_type, ", expected 1 (float), 10 (float16), 11 (double) or 16 (bfloat16)"))
        .infer_only();
  }
  OpTest("RMSNormalization", 22)
      .symbolic_input(DataType::kFloat32, {2})
      .symbolic_input(DataType::kFloat32, {2})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 23")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
