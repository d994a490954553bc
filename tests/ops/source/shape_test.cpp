#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

TEST(Shape, ListsTheDimensions) {
  for (const int opset : {7, 13, 15, 19, 25}) {
    OpTest("Shape", opset).input<float>({1, 2, 3}, kSix).expect<std::int64_t>({3}, {1, 2, 3}).run();
    OpTest("Shape", opset).input<bool>({0, 4}, {}).expect<std::int64_t>({2}, {0, 4}).run();
    OpTest("Shape", opset).input<std::int64_t>({}, {7}).expect<std::int64_t>({0}, {}).run();
  }
}

TEST(Shape, ListsPartOfThem) {
  struct Case {
    std::int64_t start;
    std::int64_t end;
    std::vector<std::int64_t> dims;
  };
  const Case cases[] = {{0, 3, {1, 2, 3}},
                        {1, 3, {2, 3}},
                        {-1, 3, {3}},
                        {0, -1, {1, 2}},
                        {-2, -1, {2}},
                        {2, 1, {}},
                        {3, 3, {}},
                        {-100, 100, {1, 2, 3}},
                        {100, 101, {}},
                        {INT64_MIN, INT64_MAX, {1, 2, 3}},
                        {INT64_MAX, INT64_MIN, {}}};
  for (const Case& c : cases) {
    OpTest("Shape", 15)
        .named(text(c.start, " to ", c.end))
        .attribute("start", c.start)
        .attribute("end", c.end)
        .input<float>({1, 2, 3}, kSix)
        .expect<std::int64_t>({static_cast<std::int64_t>(c.dims.size())}, c.dims)
        .run();
  }
  OpTest("Shape", 15).attribute("start", 1).input<float>({1, 2, 3}, kSix).expect<std::int64_t>({2}, {2, 3}).run();
}

TEST(Shape, KnowsSymbolsAsElements) {
  OpTest("Shape", 15)
      .attribute("start", -2)
      .symbolic_input(DataType::kFloat32, {4, "batch", "?"})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"batch", "?"})
      .infer_only();
}

TEST(Shape, SaysWhatIsWrong) {
  OpTest("Shape", 13)
      .attribute("start", 1)
      .input<float>({6}, kSix)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"start\" does not exist at opset 13")
      .run();
  OpTest("Shape", 15).expect_error(ErrorCode::kInvalidModel, "0 inputs, expected 1").run();
}

}  // namespace
}  // namespace linnet::internal
