#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kMatrix = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32};  // 4 x 3

TEST(Gather, PicksRowsAndColumns) {
  for (const int opset : {7, 11, 13}) {
    OpTest("Gather", opset)
        .input<float>({4, 3}, kMatrix)
        .input<std::int64_t>({2}, {2, 0})
        .expect<float>({2, 3}, {20, 21, 22, 0, 1, 2})
        .run();
    OpTest("Gather", opset)
        .attribute("axis", 1)
        .input<float>({4, 3}, kMatrix)
        .input<std::int64_t>({2}, {2, 0})
        .expect<float>({4, 2}, {2, 0, 12, 10, 22, 20, 32, 30})
        .run();
    OpTest("Gather", opset)
        .attribute("axis", -2)
        .input<float>({4, 3}, kMatrix)
        .input<std::int32_t>({1}, {3})
        .expect<float>({1, 3}, {30, 31, 32})
        .run();
  }
}

TEST(Gather, CountsNegativeIndicesFromTheBack) {
  OpTest("Gather", 13)
      .attribute("axis", 1)
      .input<float>({4, 3}, kMatrix)
      .input<std::int64_t>({2}, {-1, -3})
      .expect<float>({4, 2}, {2, 0, 12, 10, 22, 20, 32, 30})
      .run();
  OpTest("Gather", 13)
      .input<float>({4}, {1, 2, 3, 4})
      .input<std::int32_t>({2}, {-4, -1})
      .expect<float>({2}, {1, 4})
      .run();
}

TEST(Gather, HasTheShapeOfTheIndicesInTheMiddle) {
  OpTest("Gather", 13)
      .attribute("axis", 1)
      .input<float>({2, 3, 1}, {1, 2, 3, 4, 5, 6})
      .input<std::int64_t>({2, 2}, {0, 1, 2, 0})
      .expect<float>({2, 2, 2, 1}, {1, 2, 3, 1, 4, 5, 6, 4})
      .run();
  OpTest("Gather", 13)
      .input<float>({4, 3}, kMatrix)
      .input<std::int64_t>({}, {1})
      .named("scalar index")
      .expect<float>({3}, {10, 11, 12})
      .run();
  OpTest("Gather", 13)
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({}, {-1})
      .named("scalar result")
      .expect<float>({}, {3})
      .run();
}

TEST(Gather, TakesEmptyTensors) {
  OpTest("Gather", 13).input<float>({4, 3}, kMatrix).input<std::int64_t>({0}, {}).expect<float>({0, 3}, {}).run();
  OpTest("Gather", 13).input<float>({0, 3}, {}).input<std::int64_t>({2, 0}, {}).expect<float>({2, 0, 3}, {}).run();
  OpTest("Gather", 13).input<float>({4, 0}, {}).input<std::int64_t>({2}, {3, 0}).expect<float>({2, 0}, {}).run();
  OpTest("Gather", 13)
      .attribute("axis", 1)
      .input<float>({0, 4}, {})
      .input<std::int64_t>({2}, {3, 0})
      .expect<float>({0, 2}, {})
      .run();
}

TEST(Gather, TakesEveryType) {
  OpTest("Gather", 13)
      .input<bool>({2, 3}, {true, false, true, false, true, false})
      .input<std::int64_t>({1}, {1})
      .expect<bool>({1, 3}, {false, true, false})
      .run();
  OpTest("Gather", 13)
      .input<std::uint8_t>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {2, 1})
      .expect<std::uint8_t>({2}, {3, 2})
      .run();
  OpTest("Gather", 13)
      .input<Bfloat16>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {2, 1})
      .expect<Bfloat16>({2}, {3, 2})
      .run();
  OpTest("Gather", 13).input<double>({3}, {1, 2, 3}).input<std::int64_t>({2}, {2, 1}).expect<double>({2}, {3, 2}).run();
}

TEST(Gather, LooksUpLargeTablesInParts) {
  const ConstantPtr table = random_tensor(DataType::kFloat32, {1000, 65}, -1, 1, 1);
  const ConstantPtr indices = random_tensor(DataType::kInt64, {40, 50}, -1000, 1000, 2);
  std::vector<float> expected;
  for (std::int64_t i = 0; i < indices->count(); ++i) {
    const std::int64_t row = (indices->as<std::int64_t>()[i] + 1000) % 1000;
    expected.insert(expected.end(), table->as<float>() + row * 65, table->as<float>() + (row + 1) * 65);
  }
  OpTest("Gather", 13).input(table).input(indices).expect<float>({40, 50, 65}, expected).run();
  std::vector<float> columns;
  for (std::int64_t row = 0; row < 1000; ++row) {
    for (std::int64_t column = 64; column >= 0; --column) columns.push_back(table->as<float>()[row * 65 + column]);
  }
  std::vector<std::int32_t> backwards;
  backwards.reserve(65);
  for (std::int32_t column = 0; column < 65; ++column) backwards.push_back(-1 - column);
  OpTest("Gather", 13)
      .attribute("axis", 1)
      .input(table)
      .input<std::int32_t>({65}, backwards)
      .expect<float>({1000, 65}, columns)
      .run();
}

TEST(Gather, PicksSymbolsFromShapes) {
  const auto gather = [] {
    return OpTest("Gather", 13).symbolic_input(DataType::kInt64, {3}).elements({"batch", 7, "?"});
  };
  gather()
      .constant_input<std::int64_t>({}, {0})
      .expect_dims(DataType::kInt64, {})
      .expect_elements({"batch"})
      .infer_only();
  gather()
      .constant_input<std::int64_t>({3}, {-1, -2, 0})
      .expect_dims(DataType::kInt64, {3})
      .expect_elements({"?", 7, "batch"})
      .infer_only();
  gather()
      .constant_input<std::int64_t>({1}, {3})
      .named("out of range")
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"?"})
      .infer_only();
  gather()
      .symbolic_input(DataType::kInt64, {2})
      .named("unknown indices")
      .expect_dims(DataType::kInt64, {2})
      .expect_no_elements()
      .infer_only();
  OpTest("Gather", 13)
      .attribute("axis", 1)
      .symbolic_input(DataType::kFloat32, {"batch", "time", 8})
      .symbolic_input(DataType::kInt64, {"n", 2})
      .expect_dims(DataType::kFloat32, {"batch", "n", 2, 8})
      .infer_only();
}

TEST(Gather, ReportsIndicesOutOfRangeInTheRun) {
  struct Case {
    std::vector<std::int64_t> indices;
    const char* words;
  };
  const Case cases[] = {
      {{0, 4}, "index 4 at position 1 is outside [-4,3]"},
      {{-5, 0}, "index -5 at position 0 is outside [-4,3]"},
      {{INT64_MIN, 0}, "index -9223372036854775808 at position 0 is outside [-4,3]"},
      {{0, INT64_MAX}, "index 9223372036854775807 at position 1 is outside [-4,3]"},
  };
  for (const Case& c : cases) {
    OpTest("Gather", 13)
        .input<float>({4, 3}, kMatrix)
        .input<std::int64_t>({2}, c.indices)
        .expect_error(ErrorCode::kRuntimeFault, c.words)
        .run();
  }
  OpTest("Gather", 13)
      .input<float>({4, 3}, kMatrix)
      .input<std::int32_t>({1}, {INT32_MIN})
      .expect_error(ErrorCode::kRuntimeFault, "index -2147483648 at position 0 is outside [-4,3]")
      .run();
  OpTest("Gather", 13)
      .input<float>({0, 3}, {})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kRuntimeFault, "index 0 at position 0 is outside [0,-1]")
      .run();
}

TEST(Gather, SaysWhatIsWrong) {
  OpTest("Gather", 13)
      .input<float>({}, {1})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input data is a scalar, expected rank 1 or more")
      .run();
  OpTest("Gather", 13)
      .input<float>({4, 3}, kMatrix)
      .input<float>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input indices is float32, expected int32 or int64")
      .run();
  for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    OpTest("Gather", 13)
        .attribute("axis", axis)
        .input<float>({4, 3}, kMatrix)
        .input<std::int64_t>({1}, {0})
        .expect_error(ErrorCode::kInvalidModel, text("axis ", axis, " is outside [-2,1] for rank 2"))
        .run();
  }
  OpTest("Gather", 13)
      .input<float>({1, 1}, {1})
      .input(tensor_of<std::int64_t>(Shape(64, 1), {0}))
      .expect_error(ErrorCode::kLimitExceeded, "output output has rank 65, the limit is 64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
