#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Size, CountsElements) {
  for (const int opset : {1, 13, 19, 25}) {
    OpTest("Size", opset).input<float>({2, 3}, {1, 2, 3, 4, 5, 6}).expect<std::int64_t>({}, {6}).run();
    OpTest("Size", opset).input<bool>({0, 4}, {}).expect<std::int64_t>({}, {0}).run();
    OpTest("Size", opset).input<std::int64_t>({}, {7}).expect<std::int64_t>({}, {1}).run();
  }
}

TEST(Size, KnowsSymbols) {
  const auto node = [](const NamedDims& dims) {
    return OpTest("Size", 13).symbolic_input(DataType::kFloat32, dims).expect_dims(DataType::kInt64, {});
  };
  node({1, "n"}).expect_elements({"n"}).infer_only();
  node({2, "n"}).expect_elements({"?"}).infer_only();
  node({0, "n"}).expect_elements({0}).infer_only();
}

TEST(Size, RefusesAttributes) {
  OpTest("Size", 13)
      .attribute("axis", std::int64_t{1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axis\"")
      .run();
}

}  // namespace
}  // namespace linnet::internal
