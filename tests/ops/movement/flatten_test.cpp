#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kEight = {1, 2, 3, 4, 5, 6, 7, 8};

TEST(Flatten, MakesAMatrix) {
  struct Case {
    std::int64_t axis;
    Shape output;
  };
  const Case cases[] = {{0, {1, 8}}, {1, {2, 4}}, {2, {4, 2}}, {3, {8, 1}}, {-1, {4, 2}}, {-2, {2, 4}}, {-3, {1, 8}}};
  for (const Case& c : cases) {
    for (const int opset : {7, 9, 11, 13, 25}) {
      OpTest("Flatten", opset)
          .attribute("axis", c.axis)
          .input<float>({2, 2, 2}, kEight)
          .expect<float>(c.output, kEight)
          .run();
    }
  }
}

TEST(Flatten, HasAxisOneByDefault) {
  OpTest("Flatten", 13).input<float>({2, 2, 2}, kEight).expect<float>({2, 4}, kEight).run();
}

TEST(Flatten, TakesVectorsScalarsAndEmptyTensors) {
  OpTest("Flatten", 13).input<float>({8}, kEight).expect<float>({8, 1}, kEight).run();
  OpTest("Flatten", 13).attribute("axis", 0).input<float>({}, {5}).expect<float>({1, 1}, {5}).run();
  OpTest("Flatten", 13).input<float>({0, 2, 3}, {}).expect<float>({0, 6}, {}).run();
  OpTest("Flatten", 13).input<float>({2, 0, 3}, {}).expect<float>({2, 0}, {}).run();
}

TEST(Flatten, TakesEveryType) {
  OpTest("Flatten", 9).input<std::int8_t>({2, 1, 2}, {1, 2, 3, 4}).expect<std::int8_t>({2, 2}, {1, 2, 3, 4}).run();
  OpTest("Flatten", 9).input<bool>({2, 1}, {true, false}).expect<bool>({2, 1}, {true, false}).run();
  OpTest("Flatten", 9).input<double>({2, 1}, {1, 2}).expect<double>({2, 1}, {1, 2}).run();
  OpTest("Flatten", 13).input<Bfloat16>({2, 1}, {1, 2}).expect<Bfloat16>({2, 1}, {1, 2}).run();
}

TEST(Flatten, KeepsSymbols) {
  struct Case {
    NamedDims input;
    std::int64_t axis;
    NamedDims output;
  };
  const Case cases[] = {
      {{"batch", 4, 5}, 1, {"batch", 20}},
      {{"batch", 1, 5}, 2, {"batch", 5}},
      {{1, "batch", 5}, -1, {"batch", 5}},
      {{"batch", 4, 5}, 2, {"?", 5}},
      {{"batch", "time", 5}, 1, {"batch", "?"}},
      {{"batch", "time", 0}, 1, {"batch", 0}},
      {{"?", 4}, 1, {"?", 4}},
  };
  for (const Case& c : cases) {
    OpTest("Flatten", 13)
        .attribute("axis", c.axis)
        .symbolic_input(DataType::kFloat32, c.input)
        .expect_dims(DataType::kFloat32, c.output)
        .infer_only();
  }
}

TEST(Flatten, SaysWhatIsWrong) {
  for (const std::int64_t axis : {std::int64_t{4}, std::int64_t{-4}, INT64_MIN, INT64_MAX}) {
    OpTest("Flatten", 13)
        .attribute("axis", axis)
        .input<float>({2, 2, 2}, kEight)
        .expect_error(ErrorCode::kInvalidModel, text("axis ", axis, " is outside [-3,3] for rank 3"))
        .run();
  }
  OpTest("Flatten", 13)
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axis 1 is outside [0,0] for rank 0")
      .run();
  const int big = 1 << 30;
  OpTest("Flatten", 13)
      .symbolic_input(DataType::kFloat32, {0, big, big, big})
      .expect_error(ErrorCode::kInvalidModel, "has more elements than 64 bits can count")
      .infer_only();
  OpTest("Flatten", 13)
      .attribute("axis", 1.0F)
      .input<float>({8}, kEight)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axis\" is a float, expected an int")
      .run();
}

}  // namespace
}  // namespace linnet::internal
