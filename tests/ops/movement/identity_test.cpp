#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Identity, KeepsEverything) {
  for (const int opset : {7, 13, 14, 16, 19, 25}) {
    OpTest("Identity", opset).input<float>({2, 2}, {1, -0.0F, 3, 4}).expect<float>({2, 2}, {1, -0.0F, 3, 4}).run();
    OpTest("Identity", opset).input<std::int64_t>({}, {-1}).expect<std::int64_t>({}, {-1}).run();
    OpTest("Identity", opset).input<bool>({0, 4}, {}).expect<bool>({0, 4}, {}).run();
  }
}

TEST(Identity, CopiesLargeTensorsInParts) {
  OpTest("Identity", 13)
      .random_input(DataType::kFloat32, {3, 100001}, -1, 1)
      .expect(random_tensor(DataType::kFloat32, {3, 100001}, -1, 1, 1))
      .run();
}

TEST(Identity, KeepsSymbolsAndElements) {
  OpTest("Identity", 13)
      .symbolic_input(DataType::kInt64, {3})
      .elements({"batch", 2, "?"})
      .expect_dims(DataType::kInt64, {3})
      .expect_elements({"batch", 2, "?"})
      .infer_only();
  OpTest("Identity", 13)
      .symbolic_input(DataType::kFloat32, {"batch", "?"})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .infer_only();
}

TEST(Identity, KeepsPackedTensorsOfOddCounts) {
  const ConstantPtr numbers = tensor_of(DataType::kInt4, {3, 3}, {1, -8, 7, 0, 2, -1, 3, 4, 5});
  OpTest("Identity", 21).input(numbers).expect(numbers).run();
  const ConstantPtr powers = tensor_of(DataType::kFloat8e8m0, {3}, {1, 0x1p-127, 0x1p127});
  OpTest("Identity", 24).input(powers).expect(powers).run();
}

TEST(Identity, RefusesStrings) {
  OpTest("Identity", 13)
      .symbolic_input(DataType::kString, {2})
      .expect_error(ErrorCode::kUnsupported, "input input is string, which is not supported")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
