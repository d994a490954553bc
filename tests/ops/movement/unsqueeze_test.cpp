#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

/// The axes as attribute before opset 13 and as input since.
OpTest unsqueeze(int opset, const Shape& shape, const std::vector<float>& values,
                 const std::vector<std::int64_t>& axes) {
  OpTest test("Unsqueeze", opset);
  if (opset < 13) test.ints("axes", axes);
  test.input<float>(shape, values);
  if (opset >= 13) test.input<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes);
  return test;
}

TEST(Unsqueeze, InsertsAxes) {
  struct Case {
    const char* name;
    std::vector<std::int64_t> axes;
    Shape output;
  };
  const Case cases[] = {
      {"first", {0}, {1, 2, 3}},
      {"middle", {1}, {2, 1, 3}},
      {"last", {2}, {2, 3, 1}},
      {"two", {0, 3}, {1, 2, 3, 1}},
      {"any order", {3, 0}, {1, 2, 3, 1}},
      {"negative", {-1}, {2, 3, 1}},
      {"mixed", {-4, 2}, {1, 2, 1, 3}},
      {"none", {}, {2, 3}},
      {"three", {1, 2, 3}, {2, 1, 1, 1, 3}},
  };
  for (const Case& c : cases) {
    for (const int opset : {7, 11, 13, 21, 25})
      unsqueeze(opset, {2, 3}, kSix, c.axes).named(c.name).expect<float>(c.output, kSix).run();
  }
}

TEST(Unsqueeze, TakesScalarsEmptyTensorsAndEveryType) {
  for (const int opset : {11, 13}) {
    unsqueeze(opset, {}, {5}, {0}).expect<float>({1}, {5}).run();
    unsqueeze(opset, {}, {5}, {0, -1}).expect<float>({1, 1}, {5}).run();
    unsqueeze(opset, {0, 2}, {}, {1}).expect<float>({0, 1, 2}, {}).run();
  }
  OpTest("Unsqueeze", 13)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({}, {0})
      .named("0-D axes")
      .expect<float>({1, 2}, {1, 2})
      .run();
  OpTest("Unsqueeze", 13)
      .input<std::uint64_t>({1}, {9})
      .input<std::int64_t>({1}, {0})
      .expect<std::uint64_t>({1, 1}, {9})
      .run();
  OpTest("Unsqueeze", 13).input<Bfloat16>({1}, {9}).input<std::int64_t>({1}, {0}).expect<Bfloat16>({1, 1}, {9}).run();
}

TEST(Unsqueeze, KeepsSymbolsAndElements) {
  OpTest("Unsqueeze", 13)
      .symbolic_input(DataType::kFloat32, {"batch", "?"})
      .constant_input<std::int64_t>({1}, {1})
      .expect_dims(DataType::kFloat32, {"batch", 1, "?"})
      .infer_only();
  OpTest("Unsqueeze", 13)
      .symbolic_input(DataType::kFloat32, {"batch", 4})
      .symbolic_input(DataType::kInt64, {1})
      .expect_dims(DataType::kFloat32, {"?", "?", "?"})
      .infer_only();
  OpTest("Unsqueeze", 13)
      .symbolic_input(DataType::kFloat32, {"batch", 4})
      .symbolic_input(DataType::kInt64, {"n"})
      .expect_unranked(DataType::kFloat32)
      .infer_only();
  OpTest("Unsqueeze", 13)
      .symbolic_input(DataType::kInt64, {})
      .elements({"batch"})
      .constant_input<std::int64_t>({1}, {0})
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"batch"})
      .infer_only();
}

TEST(Unsqueeze, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::int64_t> axes;
    ErrorCode code;
    const char* words;
  };
  const Case cases[] = {
      {{3}, ErrorCode::kInvalidModel, "axis 3 is outside [-3,2] for rank 3"},
      {{-4}, ErrorCode::kInvalidModel, "axis -4 is outside [-3,2] for rank 3"},
      {{INT64_MIN}, ErrorCode::kInvalidModel, "axis -9223372036854775808 is outside [-3,2] for rank 3"},
      {{1, -3}, ErrorCode::kInvalidModel, "axes [1,-3] name axis 1 twice"},
      {std::vector<std::int64_t>(63, 0), ErrorCode::kLimitExceeded, "output expanded has rank 65, the limit is 64"},
      {std::vector<std::int64_t>(1000000, 0), ErrorCode::kLimitExceeded,
       "output expanded has rank 1000002, the limit is 64"},
  };
  for (const Case& c : cases) {
    for (const int opset : {11, 13}) unsqueeze(opset, {2, 3}, kSix, c.axes).expect_error(c.code, c.words).run();
  }
  OpTest("Unsqueeze", 11)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axes\" is missing")
      .run();
  OpTest("Unsqueeze", 13)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input axes is missing")
      .run();
  OpTest("Unsqueeze", 13)
      .input<float>({2}, {1, 2})
      .no_input()
      .expect_error(ErrorCode::kInvalidModel, "input axes is missing")
      .run();
  OpTest("Unsqueeze", 11)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes exists from opset 13")
      .run();
  OpTest("Unsqueeze", 13)
      .input<float>({2}, {1, 2})
      .input<std::int32_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes is int32, expected int64")
      .run();
  OpTest("Unsqueeze", 13)
      .symbolic_input(DataType::kFloat32, {1, 3})
      .symbolic_input(DataType::kInt64, {INT64_MAX})
      .expect_error(ErrorCode::kLimitExceeded, "output expanded has rank 9223372036854775807")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
