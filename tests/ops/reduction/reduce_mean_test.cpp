#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Case {
  const char* name;
  std::vector<std::int64_t> axes;
  bool keep_dims;
  Shape y;
  Literals<float> values;
};

/// Of [2,3,2] with elements 0, 1, ..., 11.
const Case kCases[] = {
    {"last", {2}, false, {2, 3}, {0.5F, 2.5F, 4.5F, 6.5F, 8.5F, 10.5F}},
    {"last, kept", {-1}, true, {2, 3, 1}, {0.5F, 2.5F, 4.5F, 6.5F, 8.5F, 10.5F}},
    {"first", {0}, false, {3, 2}, {3, 4, 5, 6, 7, 8}},
    {"first, kept", {-3}, true, {1, 3, 2}, {3, 4, 5, 6, 7, 8}},
    {"middle", {1}, false, {2, 2}, {2, 3, 8, 9}},
    {"last two", {1, 2}, false, {2}, {2.5F, 8.5F}},
    {"last two, other way round", {-1, -2}, true, {2, 1, 1}, {2.5F, 8.5F}},
    {"first two", {0, 1}, false, {2}, {5, 6}},
    {"outer two", {0, 2}, false, {3}, {3.5F, 5.5F, 7.5F}},
    {"all", {0, 1, 2}, false, {}, {5.5F}},
    {"all, kept", {2, 0, 1}, true, {1, 1, 1}, {5.5F}},
    {"all, by default", {}, true, {1, 1, 1}, {5.5F}},
};
const Literals<float> kTwelve = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

/// Axes where this opset has them.
OpTest reduce_mean(int opset, const std::vector<std::int64_t>& axes, bool keep_dims) {
  OpTest test("ReduceMean", opset);
  test.attribute("keepdims", std::int64_t{keep_dims});
  if (opset < 18 && !axes.empty()) test.ints("axes", axes);
  return test;
}
void give_axes(OpTest& test, int opset, const std::vector<std::int64_t>& axes) {
  if (opset >= 18) test.input<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes);
}

TEST(ReduceMean, ReducesAxes) {
  for (const Case& c : kCases) {
    for (const int opset : {7, 11, 13, 18, 25}) {
      OpTest test = reduce_mean(opset, c.axes, c.keep_dims).named(c.name);
      test.input<float>({2, 3, 2}, kTwelve);
      give_axes(test, opset, c.axes);
      test.expect<float>(c.y, c.values).run();
    }
  }
}

TEST(ReduceMean, TakesEveryType) {
  const std::vector<std::int64_t> axes = {1};
  OpTest("ReduceMean", 18)
      .input<double>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, axes)
      .expect<double>({2, 1}, {1.5, 3.5})
      .run();
  OpTest("ReduceMean", 18)
      .input<Float16>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, axes)
      .expect<Float16>({2, 1}, {1.5F, 3.5F})
      .run();
  OpTest("ReduceMean", 18)
      .input<Bfloat16>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, axes)
      .expect<Bfloat16>({2, 1}, {1.5F, 3.5F})
      .run();
  OpTest("ReduceMean", 18)
      .input<std::int32_t>({2, 2}, {1, 2, -3, -4})
      .input<std::int64_t>({1}, axes)
      .expect<std::int32_t>({2, 1}, {1, -3})
      .run();
  OpTest("ReduceMean", 18)
      .input<std::int64_t>({2, 2}, {1, 2, -3, -4})
      .input<std::int64_t>({1}, axes)
      .expect<std::int64_t>({2, 1}, {1, -3})
      .run();
  OpTest("ReduceMean", 18)
      .input<std::uint32_t>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, axes)
      .expect<std::uint32_t>({2, 1}, {1, 3})
      .run();
  OpTest("ReduceMean", 18)
      .input<std::uint64_t>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, axes)
      .expect<std::uint64_t>({2, 1}, {1, 3})
      .run();
}

TEST(ReduceMean, WrapsIntegerSumsAround) {
  OpTest("ReduceMean", 18).input<std::int32_t>({2}, {2147483647, 3}).expect<std::int32_t>({1}, {-1073741823}).run();
  OpTest("ReduceMean", 18).input<std::uint32_t>({2}, {4294967295U, 3}).expect<std::uint32_t>({1}, {1}).run();
}

TEST(ReduceMean, AgreesWithTheReferenceOnLargerShapes) {
  struct Larger {
    Shape x;
    std::vector<std::int64_t> axes;
  };
  const Larger cases[] = {{{7, 1000}, {1}},   {{1000, 7}, {0}},  {{3, 50, 130}, {1}},    {{2, 5, 30, 30}, {2, 3}},
                          {{1, 200000}, {1}}, {{300, 700}, {0}}, {{2, 1, 9, 1}, {1, 3}}, {{4, 5, 6}, {0, 2}},
                          {{1, 1}, {0}},      {{70000, 2}, {1}}};
  for (const Larger& c : cases) {
    OpTest test("ReduceMean", 18);
    test.random_input(DataType::kFloat32, c.x, -1, 1);
    give_axes(test, 18, c.axes);
    // Both sum in double; where the orders differ, the rounding to float may.
    test.expect_reference().tolerance_of("simd", ulp(1)).run();
  }
}

TEST(ReduceMean, KeepsXWithoutAxesWhenAsked) {
  const auto test = [] { return OpTest("ReduceMean", 18).attribute("noop_with_empty_axes", std::int64_t{1}); };
  test().input<float>({2, 2}, {1, 2, 3, 4}).expect<float>({2, 2}, {1, 2, 3, 4}).run();
  test().input<float>({2, 2}, {1, 2, 3, 4}).input<std::int64_t>({0}, {}).expect<float>({2, 2}, {1, 2, 3, 4}).run();
  test()
      .input<std::int32_t>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({0}, {})
      .expect<std::int32_t>({2, 2}, {1, 2, 3, 4})
      .run();
  test().input<float>({2, 2}, {1, 2, 3, 4}).input<std::int64_t>({1}, {0}).expect<float>({1, 2}, {2, 3}).run();
  OpTest("ReduceMean", 18)
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({0}, {})
      .expect<float>({1, 1}, {2.5F})
      .run();
}

TEST(ReduceMean, TakesScalarsAndEmptyTensors) {
  OpTest("ReduceMean", 18).input<float>({}, {3}).expect<float>({}, {3}).run();
  OpTest("ReduceMean", 18)
      .input<float>({0, 2}, {})
      .input<std::int64_t>({1}, {0})
      .expect<float>({1, 2}, {kNan, kNan})
      .run();
  OpTest("ReduceMean", 18)
      .input<double>({2, 0}, {})
      .input<std::int64_t>({1}, {1})
      .expect<double>({2, 1}, {kNan, kNan})
      .run();
  OpTest("ReduceMean", 18).input<float>({0, 2}, {}).input<std::int64_t>({1}, {1}).expect<float>({0, 1}, {}).run();
  OpTest("ReduceMean", 18)
      .input<std::int32_t>({0, 2}, {})
      .input<std::int64_t>({1}, {1})
      .expect<std::int32_t>({0, 1}, {})
      .run();
}

TEST(ReduceMean, PassesOnNanAndInfinities) {
  const float inf = std::numeric_limits<float>::infinity();
  OpTest("ReduceMean", 18)
      .input<float>({4, 2}, {1, kNan, inf, 1, inf, -inf, -inf, -1})
      .input<std::int64_t>({1}, {1})
      .expect<float>({4, 1}, {kNan, inf, kNan, -inf})
      .run();
  // The sum is past the largest float, the mean is not.
  OpTest("ReduceMean", 18)
      .input<float>({2, 1}, {3e38F, 3e38F})
      .input<std::int64_t>({1}, {0})
      .expect<float>({1, 1}, {3e38F})
      .run();
}

TEST(ReduceMean, NamesWhatIsWrong) {
  const auto test = [](const NamedDims& x) { return OpTest("ReduceMean", 18).symbolic_input(DataType::kFloat32, x); };
  test({2, 3})
      .constant_input<std::int64_t>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "axis 2 is outside [-2,1] for rank 2")
      .infer_only();
  test({2, 3})
      .constant_input<std::int64_t>({2}, {1, -1})
      .expect_error(ErrorCode::kInvalidModel, "name axis 1 twice")
      .infer_only();
  test({2, 3})
      .constant_input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input axes is int32, expected int64")
      .infer_only();
  test({2, 3})
      .constant_input<std::int64_t>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input axes has rank 2, expected 1")
      .infer_only();
  OpTest("ReduceMean", 13)
      .symbolic_input(DataType::kFloat32, {2, 3})
      .constant_input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axes are an input only from opset 18")
      .infer_only();
  OpTest("ReduceMean", 18)
      .ints("axes", {1})
      .symbolic_input(DataType::kFloat32, {2, 3})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axes\" does not exist at opset 18")
      .infer_only();
  OpTest("ReduceMean", 18)
      .symbolic_input(DataType::kInt8, {2})
      .expect_error(ErrorCode::kInvalidModel, "input data is int8, expected one of")
      .infer_only();
  OpTest("ReduceMean", 18)
      .symbolic_input(DataType::kInt32, {0})
      .expect_error(ErrorCode::kInvalidModel, "the mean of no elements")
      .infer_only();
}

TEST(ReduceMean, KeepsSymbols) {
  const auto test = [](const NamedDims& x) { return OpTest("ReduceMean", 18).symbolic_input(DataType::kFloat32, x); };
  test({"batch", 3, "?"})
      .constant_input<std::int64_t>({1}, {2})
      .expect_dims(DataType::kFloat32, {"batch", 3, 1})
      .infer_only();
  test({"batch", 3, "?"})
      .attribute("keepdims", std::int64_t{0})
      .constant_input<std::int64_t>({1}, {1})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .infer_only();
  // Axes that are not known yet.
  test({"batch", 3}).symbolic_input(DataType::kInt64, {1}).expect_dims(DataType::kFloat32, {"?", "?"}).infer_only();
  test({"batch", 3})
      .attribute("keepdims", std::int64_t{0})
      .symbolic_input(DataType::kInt64, {1})
      .expect_dims(DataType::kFloat32, {"?"})
      .infer_only();
  test({"batch", 3})
      .attribute("keepdims", std::int64_t{0})
      .symbolic_input(DataType::kInt64, {"?"})
      .expect_unranked(DataType::kFloat32)
      .infer_only();
  test({"batch", 3})
      .attribute("keepdims", std::int64_t{0})
      .symbolic_input(DataType::kInt64, {0})
      .expect_dims(DataType::kFloat32, {})
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
