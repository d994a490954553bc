#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

struct ShapeCase {
  const char* name;
  Shape input;
  std::vector<std::int64_t> shape;
  Shape output;
  int allow_zero = 0;
};

TEST(Reshape, GivesTheSameElementsUnderAnotherShape) {
  const ShapeCase cases[] = {
      {"same", {2, 3}, {2, 3}, {2, 3}},
      {"turned", {2, 3}, {3, 2}, {3, 2}},
      {"more dimensions", {6}, {1, 2, 1, 3}, {1, 2, 1, 3}},
      {"-1 first", {2, 3}, {-1, 2}, {3, 2}},
      {"-1 last", {2, 3}, {6, -1}, {6, 1}},
      {"-1 alone", {2, 3}, {-1}, {6}},
      {"0 copies", {2, 3}, {0, 3}, {2, 3}},
      {"0 and -1", {2, 3}, {0, -1}, {2, 3}},
      {"0 behind -1", {2, 3}, {-1, 0}, {2, 3}},
      {"0 copies 1", {1, 6}, {0, 2, 3}, {1, 2, 3}},
  };
  for (const ShapeCase& c : cases) {
    for (const int opset : {7, 13, 14, 25}) {
      const auto rank = static_cast<std::int64_t>(c.shape.size());
      OpTest("Reshape", opset)
          .named(c.name)
          .input<float>(c.input, kSix)
          .input<std::int64_t>({rank}, c.shape)
          .expect<float>(c.output, kSix)
          .run();
    }
  }
}

TEST(Reshape, MovesScalarsAndEmptyTensors) {
  OpTest("Reshape", 13).input<float>({1, 1}, {7}).input<std::int64_t>({0}, {}).expect<float>({}, {7}).run();
  OpTest("Reshape", 13).input<float>({}, {7}).input<std::int64_t>({2}, {1, -1}).expect<float>({1, 1}, {7}).run();
  const ShapeCase cases[] = {
      {"0 copied", {0, 3}, {0, 1, 3}, {0, 1, 3}},         {"-1 becomes 0", {0, 3}, {3, -1}, {3, 0}},
      {"copied 0 beside -1", {0, 2, 3}, {0, -1}, {0, 6}}, {"zero is zero", {0, 3}, {2, 0}, {2, 0}, 1},
      {"-1 with allowzero", {2, 0}, {2, -1}, {2, 0}, 1},
  };
  for (const ShapeCase& c : cases) {
    const auto rank = static_cast<std::int64_t>(c.shape.size());
    OpTest("Reshape", 14)
        .named(c.name)
        .attribute("allowzero", c.allow_zero)
        .input<float>(c.input, {})
        .input<std::int64_t>({rank}, c.shape)
        .expect<float>(c.output, {})
        .run();
  }
}

TEST(Reshape, TakesEveryType) {
  OpTest("Reshape", 14)
      .input<double>({2}, {1, 2})
      .input<std::int64_t>({2}, {2, 1})
      .expect<double>({2, 1}, {1, 2})
      .run();
  OpTest("Reshape", 14)
      .input<Float16>({2}, {1, 2})
      .input<std::int64_t>({2}, {2, 1})
      .expect<Float16>({2, 1}, {1, 2})
      .run();
  OpTest("Reshape", 14)
      .input<bool>({2}, {true, false})
      .input<std::int64_t>({2}, {2, 1})
      .expect<bool>({2, 1}, {true, false})
      .run();
  OpTest("Reshape", 14)
      .input<std::uint8_t>({2}, {1, 2})
      .input<std::int64_t>({2}, {2, 1})
      .expect<std::uint8_t>({2, 1}, {1, 2})
      .run();
}

TEST(Reshape, KeepsSymbols) {
  struct Case {
    const char* name;
    NamedDims input;
    NamedDims shape;
    NamedDims output;
  };
  const Case cases[] = {
      {"batch kept by 0", {"batch", 2, 3}, {0, -1}, {"batch", 6}},
      {"batch kept by -1", {"batch", 2, 3}, {-1, 6}, {"batch", 6}},
      {"batch kept by its own element", {"batch", 2, 3}, {"batch", -1}, {"batch", 6}},
      {"two symbols", {"batch", "time", 8}, {"batch", "time", 2, -1}, {"batch", "time", 2, 4}},
      {"one of two symbols", {"batch", "time", 8}, {"batch", -1, 8}, {"batch", "time", 8}},
      {"a product of symbols", {"batch", "time", 8}, {-1, 8}, {"?", 8}},
      {"a multiple of a symbol", {"batch", 6}, {-1, 3}, {"?", 3}},
      {"an unknown element", {"batch", 6}, {"?", 6}, {"?", 6}},
      {"an unknown element beside -1", {"batch", 6}, {"?", -1}, {"?", "?"}},
      {"an unknown dimension", {"?", 6}, {0, -1}, {"?", 6}},
      {"known zero", {"batch", 0, 3}, {"batch", 3, -1}, {"batch", 3, 0}},
  };
  for (const Case& c : cases) {
    OpTest("Reshape", 14)
        .named(c.name)
        .symbolic_input(DataType::kFloat32, c.input)
        .symbolic_input(DataType::kInt64, {static_cast<int>(c.shape.size())})
        .elements(c.shape)
        .expect_dims(DataType::kFloat32, c.output)
        .infer_only();
  }
}

TEST(Reshape, IsAnIdentityIfTheShapeStays) {
  const auto reshape = [](const std::vector<std::int64_t>& shape, const NamedDims& result, bool identity) {
    OpTest("Reshape", 14)
        .named(text(shape))
        .symbolic_input(DataType::kFloat32, {"batch", 6})
        .constant_input<std::int64_t>({static_cast<std::int64_t>(shape.size())}, shape)
        .expect_dims(DataType::kFloat32, result)
        .expect_identity(identity)
        .infer_only();
  };
  reshape({-1, 6}, {"batch", 6}, true);
  reshape({0, 0}, {"batch", 6}, true);
  reshape({0, 2, 3}, {"batch", 2, 3}, false);
  reshape({-1, 3}, {"?", 3}, false);
}

TEST(Reshape, KnowsAtLeastTheRankOfAnUnknownShape) {
  OpTest("Reshape", 14)
      .symbolic_input(DataType::kFloat32, {"batch", 6})
      .symbolic_input(DataType::kInt64, {3})
      .expect_dims(DataType::kFloat32, {"?", "?", "?"})
      .infer_only();
  OpTest("Reshape", 14)
      .symbolic_input(DataType::kFloat32, {"batch", 6})
      .symbolic_input(DataType::kInt64, {"n"})
      .expect_unranked(DataType::kFloat32)
      .infer_only();
}

TEST(Reshape, PassesElementsOn) {
  OpTest("Reshape", 14)
      .symbolic_input(DataType::kInt64, {})
      .elements({"batch"})
      .constant_input<std::int64_t>({1}, {1})
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"batch"})
      .infer_only();
}

TEST(Reshape, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::int64_t> shape;
    const char* words;
    int allow_zero = 0;
  };
  const std::int64_t huge = std::int64_t{1} << 32;
  const Case cases[] = {
      {{-1, -1}, "shape [-1,-1] has more than one -1"},
      {{4, 2}, "input [2,3] has 6 elements, but shape [4,2] needs 8"},
      {{4, -1}, "the elements of [2,3] cannot be arranged as [4,-1]"},
      {{2, 3, 0}, "0 at position 2 of shape [2,3,0] copies a dimension that input [2,3] does not have"},
      {{2, -3}, "shape [2,-3] has the negative dimension -3"},
      {{INT64_MIN}, "shape [-9223372036854775808] has the negative dimension"},
      {{huge, huge}, "has more elements than 64 bits can count"},
      {{huge, huge, -1}, "has more elements than 64 bits can count"},
      {{0, -1}, "has both 0 and -1 though allowzero is 1", 1},
      {{0, 3}, "input [2,3] has 6 elements, but shape [0,3] needs 0", 1},
  };
  for (const Case& c : cases) {
    const auto rank = static_cast<std::int64_t>(c.shape.size());
    OpTest("Reshape", 14)
        .attribute("allowzero", c.allow_zero)
        .input<float>({2, 3}, kSix)
        .input<std::int64_t>({rank}, c.shape)
        .expect_error(ErrorCode::kInvalidModel, c.words)
        .run();
  }
}

TEST(Reshape, RefusesOtherInputs) {
  OpTest("Reshape", 14)
      .input<float>({0, 3}, {})
      .input<std::int64_t>({2}, {-1, 0})
      .attribute("allowzero", 1)
      .expect_error(ErrorCode::kInvalidModel, "has both 0 and -1")
      .run();
  OpTest("Reshape", 13)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({1}, {2})
      .attribute("allowzero", 1)
      .expect_error(ErrorCode::kInvalidModel,
                    "Reshape node (opset 13): attribute \"allowzero\" does not exist at opset 13")
      .run();
  OpTest("Reshape", 13)
      .input<float>({2}, {1, 2})
      .input<std::int32_t>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "input shape is int32, expected int64")
      .run();
  OpTest("Reshape", 13)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({1, 1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "input shape has rank 2, expected 1")
      .run();
  OpTest("Reshape", 13)
      .input<float>({1}, {1})
      .input<std::int64_t>({65}, std::vector<std::int64_t>(65, 1))
      .expect_error(ErrorCode::kLimitExceeded, "rank 65, the limit is 64")
      .run();
  OpTest("Reshape", 13).input<float>({2}, {1, 2}).expect_error(ErrorCode::kInvalidModel, "1 inputs, expected 2").run();
  OpTest("Reshape", 13)
      .symbolic_input(DataType::kString, {2})
      .constant_input<std::int64_t>({1}, {2})
      .expect_error(ErrorCode::kUnsupported, "input data is string, which is not supported")
      .infer_only();
  OpTest("Reshape", 13)
      .symbolic_input(DataType::kFloat32, {2})
      .symbolic_input(DataType::kInt64, {INT64_MAX})
      .expect_error(ErrorCode::kLimitExceeded, "output reshaped has rank 9223372036854775807")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
