#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kThree = {1, 2, 3};

/// The axes as attribute before opset 13 and as input since.
OpTest squeeze(int opset, const Shape& shape, const std::vector<float>& values, const std::vector<std::int64_t>& axes) {
  OpTest test("Squeeze", opset);
  if (opset < 13) test.ints("axes", axes);
  test.input<float>(shape, values);
  if (opset >= 13) test.input<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes);
  return test;
}

TEST(Squeeze, RemovesAxes) {
  struct Case {
    const char* name;
    Shape input;
    std::vector<std::int64_t> axes;
    Shape output;
  };
  const Case cases[] = {
      {"first", {1, 3, 1}, {0}, {3, 1}},     {"last", {1, 3, 1}, {2}, {1, 3}},      {"both", {1, 3, 1}, {0, 2}, {3}},
      {"any order", {1, 3, 1}, {2, 0}, {3}}, {"negative", {1, 3, 1}, {-1}, {1, 3}}, {"mixed", {1, 3, 1}, {-3, 2}, {3}},
  };
  for (const Case& c : cases) {
    for (const int opset : {7, 11, 13, 21, 25})
      squeeze(opset, c.input, kThree, c.axes).named(c.name).expect<float>(c.output, kThree).run();
  }
}

TEST(Squeeze, WithoutAxesRemovesEveryOne) {
  for (const int opset : {7, 11, 13, 25}) {
    OpTest("Squeeze", opset).input<float>({1, 3, 1, 1}, kThree).expect<float>({3}, kThree).run();
    OpTest("Squeeze", opset).input<float>({1, 1}, {5}).expect<float>({}, {5}).run();
    OpTest("Squeeze", opset).input<float>({3}, kThree).expect<float>({3}, kThree).run();
    OpTest("Squeeze", opset).input<float>({}, {5}).expect<float>({}, {5}).run();
    OpTest("Squeeze", opset).input<float>({1, 0}, {}).expect<float>({0}, {}).run();
  }
  OpTest("Squeeze", 13).input<float>({1, 3}, kThree).no_input().expect<float>({3}, kThree).run();
  OpTest("Squeeze", 13)
      .input<float>({1, 3}, kThree)
      .input<std::int64_t>({0}, {})
      .named("no axis named")
      .expect<float>({1, 3}, kThree)
      .run();
}

TEST(Squeeze, TakesEveryType) {
  OpTest("Squeeze", 13).input<std::int32_t>({1, 2}, {1, 2}).expect<std::int32_t>({2}, {1, 2}).run();
  OpTest("Squeeze", 13).input<Float16>({1, 2}, {1, 2}).expect<Float16>({2}, {1, 2}).run();
  OpTest("Squeeze", 13).input<bool>({1, 2}, {true, false}).expect<bool>({2}, {true, false}).run();
}

TEST(Squeeze, KeepsSymbols) {
  const auto input = [] { return OpTest("Squeeze", 13).symbolic_input(DataType::kFloat32, {"batch", 1, "time"}); };
  input().constant_input<std::int64_t>({1}, {1}).expect_dims(DataType::kFloat32, {"batch", "time"}).infer_only();
  input().constant_input<std::int64_t>({1}, {0}).expect_dims(DataType::kFloat32, {1, "time"}).infer_only();
  input().symbolic_input(DataType::kInt64, {2}).expect_dims(DataType::kFloat32, {"?"}).infer_only();
  input().symbolic_input(DataType::kInt64, {"n"}).expect_unranked(DataType::kFloat32).infer_only();
  input().expect_unranked(DataType::kFloat32).infer_only();
}

TEST(Squeeze, PassesElementsOn) {
  OpTest("Squeeze", 13)
      .symbolic_input(DataType::kInt64, {1})
      .elements({"batch"})
      .constant_input<std::int64_t>({1}, {0})
      .expect_dims(DataType::kInt64, {})
      .expect_elements({"batch"})
      .infer_only();
  OpTest("Squeeze", 11)
      .symbolic_input(DataType::kInt64, {1, 2})
      .elements({"batch", 4})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"batch", 4})
      .infer_only();
}

TEST(Squeeze, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::int64_t> axes;
    const char* words;
  };
  const Case cases[] = {
      {{1}, "axis 1 of shape [1,3,1] has size 3, expected 1"},
      {{3}, "axis 3 is outside [-3,2] for rank 3"},
      {{-4}, "axis -4 is outside [-3,2] for rank 3"},
      {{INT64_MIN}, "axis -9223372036854775808 is outside [-3,2] for rank 3"},
      {{INT64_MAX}, "axis 9223372036854775807 is outside [-3,2] for rank 3"},
      {{0, -3}, "axes [0,-3] name axis 0 twice"},
  };
  for (const Case& c : cases) {
    for (const int opset : {11, 13})
      squeeze(opset, {1, 3, 1}, kThree, c.axes).expect_error(ErrorCode::kInvalidModel, c.words).run();
  }
  OpTest("Squeeze", 11)
      .input<float>({1, 3}, kThree)
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes exists from opset 13, before it is an attribute")
      .run();
  OpTest("Squeeze", 13)
      .ints("axes", {0})
      .input<float>({1, 3}, kThree)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axes\" does not exist at opset 13")
      .run();
  OpTest("Squeeze", 13)
      .input<float>({1, 3}, kThree)
      .input<float>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes is float32, expected int64")
      .run();
  OpTest("Squeeze", 13)
      .input<float>({1, 3}, kThree)
      .input<std::int64_t>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes has rank 2, expected 1")
      .run();
  OpTest("Squeeze", 13)
      .symbolic_input(DataType::kFloat32, {1, 3})
      .symbolic_input(DataType::kInt64, {INT64_MAX})
      .expect_error(ErrorCode::kInvalidModel, "9223372036854775807 axes are named, but the rank is 2")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
