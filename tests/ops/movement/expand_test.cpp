#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Expand, RepeatsAlongDimensions) {
  for (const int opset : {8, 13}) {
    OpTest("Expand", opset)
        .input<float>({3, 1}, {1, 2, 3})
        .input<std::int64_t>({3}, {2, 1, 2})
        .expect<float>({2, 3, 2}, {1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3})
        .run();
    OpTest("Expand", opset)
        .input<float>({3}, {1, 2, 3})
        .input<std::int64_t>({2}, {2, 1})
        .expect<float>({2, 3}, {1, 2, 3, 1, 2, 3})
        .run();
  }
  OpTest("Expand", 13)
      .input<std::int64_t>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, {1})
      .expect<std::int64_t>({2, 2}, {1, 2, 3, 4})
      .expect_identity(true)
      .run();
  OpTest("Expand", 13).input<float>({}, {5}).input<std::int64_t>({0}, {}).expect<float>({}, {5}).run();
  OpTest("Expand", 13).input<float>({1}, {5}).input<std::int64_t>({2}, {0, 3}).expect<float>({0, 3}, {}).run();
}

TEST(Expand, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr x = random_tensor(type, {2, 1}, 0, 100, 1);
    std::byte* data = nullptr;
    const ConstantPtr expected = make_constant(type, {2, 3}, &data);
    const std::size_t size = size_of(type);
    for (std::size_t i = 0; i < 6; ++i) std::copy_n(x->data + i / 3 * size, size, data + i * size);
    OpTest("Expand", 13).named(text(type)).input(x).input<std::int64_t>({1}, {3}).expect(expected).run();
  }
}

TEST(Expand, MakesLargeTensors) {
  Literals<float> expected;
  for (const float value : {0.0F, 1.0F, 2.0F}) expected.insert(expected.end(), 50000, value);
  OpTest("Expand", 13)
      .input<float>({3, 1}, {0, 1, 2})
      .input<std::int64_t>({2}, {3, 50000})
      .expect<float>({3, 50000}, expected)
      .run();
}

TEST(Expand, KnowsSymbolsAndElements) {
  OpTest("Expand", 13)
      .symbolic_input(DataType::kFloat32, {"n", 1})
      .symbolic_input(DataType::kInt64, {3})
      .elements({"batch", 1, 4})
      .expect_dims(DataType::kFloat32, {"batch", "n", 4})
      .infer_only();
  OpTest("Expand", 13)
      .symbolic_input(DataType::kInt64, {1})
      .elements({"n"})
      .constant_input<std::int64_t>({1}, {3})
      .expect_dims(DataType::kInt64, {3})
      .expect_elements({"n", "n", "n"})
      .infer_only();
  OpTest("Expand", 13)
      .symbolic_input(DataType::kFloat32, {"n", 1})
      .symbolic_input(DataType::kInt64, {3})
      .expect_dims(DataType::kFloat32, {"?", "?", "?"})
      .infer_only();
  OpTest("Expand", 13)
      .symbolic_input(DataType::kFloat32, {"n", 1})
      .symbolic_input(DataType::kInt64, {"k"})
      .expect_unranked(DataType::kFloat32)
      .infer_only();
}

TEST(Expand, NamesWhatIsWrong) {
  OpTest("Expand", 13)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({1}, {3})
      .expect_error(ErrorCode::kInvalidModel, "shapes [2] and [3] do not broadcast")
      .run();
  OpTest("Expand", 13)
      .input<float>({1}, {1})
      .input<std::int64_t>({1}, {-1})
      .expect_error(ErrorCode::kInvalidModel, "input shape is [-1], with a negative dimension")
      .run();
  OpTest("Expand", 13)
      .input<float>({1}, {1})
      .input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input shape is int32, expected int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
