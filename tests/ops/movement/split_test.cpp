#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const Literals<float> kSix = {1, 2, 3, 4, 5, 6};

TEST(Split, EqualParts) {
  for (const int opset : {2, 11, 13}) {
    OpTest("Split", opset)
        .input<float>({6}, kSix)
        .expect<float>({2}, {1, 2})
        .expect<float>({2}, {3, 4})
        .expect<float>({2}, {5, 6})
        .run();
    OpTest("Split", opset)
        .attribute("axis", std::int64_t{1})
        .input<float>({3, 2}, kSix)
        .expect<float>({3, 1}, {1, 3, 5})
        .expect<float>({3, 1}, {2, 4, 6})
        .run();
  }
  OpTest("Split", 18)
      .attribute("axis", std::int64_t{-1})
      .attribute("num_outputs", std::int64_t{2})
      .input<float>({2, 3}, kSix)
      .expect<float>({2, 2}, {1, 2, 4, 5})
      .expect<float>({2, 1}, {3, 6})
      .run();
  OpTest("Split", 13).input<float>({6}, kSix).expect<float>({6}, kSix).run();
}

TEST(Split, GivenSizes) {
  OpTest("Split", 11)
      .ints("split", {2, 4})
      .input<float>({6}, kSix)
      .expect<float>({2}, {1, 2})
      .expect<float>({4}, {3, 4, 5, 6})
      .run();
  for (const int opset : {13, 18}) {
    OpTest("Split", opset)
        .attribute("axis", std::int64_t{1})
        .input<float>({2, 3}, kSix)
        .input<std::int64_t>({3}, {0, 1, 2})
        .expect<float>({2, 0}, {})
        .expect<float>({2, 1}, {1, 4})
        .expect<float>({2, 2}, {2, 3, 5, 6})
        .run();
  }
  OpTest("Split", 13)
      .input<float>({0}, {})
      .input<std::int64_t>({2}, {0, 0})
      .expect<float>({0}, {})
      .expect<float>({0}, {})
      .run();
}

TEST(Split, LeavesOutputsOut) {
  OpTest("Split", 13).input<float>({6}, kSix).expect<float>({2}, {1, 2}).no_output().expect<float>({2}, {5, 6}).run();
}

TEST(Split, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr x = random_tensor(type, {4}, 0, 100, 1);
    OpTest test("Split", 13);
    test.named(text(type)).input(x);
    for (std::size_t i = 0; i < 2; ++i) test.expect(copy_constant(type, {2}, x->data + 2 * i * size_of(type)));
    test.run();
  }
}

TEST(Split, KnowsSymbolsAndElements) {
  OpTest("Split", 13)
      .symbolic_input(DataType::kInt64, {3})
      .elements({"n", 4, "m"})
      .constant_input<std::int64_t>({2}, {1, 2})
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"n"})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({4, "m"})
      .infer_only();
  OpTest("Split", 13)
      .attribute("axis", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {"batch", "n"})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .infer_only();
  OpTest("Split", 13)
      .symbolic_input(DataType::kFloat32, {"n"})
      .symbolic_input(DataType::kInt64, {2})
      .elements({3, "m"})
      .expect_dims(DataType::kFloat32, {3})
      .expect_dims(DataType::kFloat32, {"m"})
      .infer_only();
}

TEST(Split, OfOneOutputIsAnIdentityWhenTheSizeIsCertain) {
  const auto node = [](const NamedDims& dims) { return OpTest("Split", 13).symbolic_input(DataType::kFloat32, dims); };
  node({"n"}).expect_dims(DataType::kFloat32, {"n"}).expect_identity(true).infer_only();
  node({3})
      .constant_input<std::int64_t>({1}, {3})
      .expect_dims(DataType::kFloat32, {3})
      .expect_identity(true)
      .infer_only();
  node({"n"})
      .constant_input<std::int64_t>({1}, {3})
      .expect_dims(DataType::kFloat32, {3})
      .expect_identity(false)
      .infer_only();
}

TEST(Split, NamesWhatIsWrong) {
  const auto two = [](int opset) { return OpTest("Split", opset).expect_reference().expect_reference(); };
  two(13)
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "dimension 3 cannot be split into 2 equal parts")
      .run();
  two(13)
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "split [1,1] adds up to 2, but the dimension is 3")
      .run();
  two(13)
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {-1, 4})
      .expect_error(ErrorCode::kInvalidModel, "split is [-1,4], with a negative size")
      .run();
  two(13)
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({3}, {1, 1, 1})
      .expect_error(ErrorCode::kInvalidModel, "split has 3 elements, but there are 2 outputs")
      .run();
  // The elements are known though their number is not among the dimensions.
  OpTest("Split", 13)
      .symbolic_input(DataType::kInt64, {"?"})
      .elements({1, 2})
      .constant_input<std::int64_t>({2}, {1, 4})
      .expect_dims(DataType::kInt64, {1})
      .expect_dims(DataType::kInt64, {4})
      .expect_error(ErrorCode::kInvalidModel, "split [1,4] adds up to 5, but the dimension is 2")
      .infer_only();
  two(11)
      .ints("split", {3})
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "split has 1 elements, but there are 2 outputs")
      .run();
  two(11)
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input split exists from opset 13")
      .run();
  two(18)
      .attribute("num_outputs", std::int64_t{3})
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "num_outputs is 3, but there are 2 outputs")
      .run();
  two(18)
      .attribute("num_outputs", std::int64_t{2})
      .input<float>({3}, {1, 2, 3})
      .input<std::int64_t>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "both input split and attribute \"num_outputs\"")
      .run();
  two(13)
      .attribute("axis", std::int64_t{1})
      .input<float>({4}, {1, 2, 3, 4})
      .expect_error(ErrorCode::kInvalidModel, "axis 1 is outside [-1,0] for rank 1")
      .run();
}

}  // namespace
}  // namespace linnet::internal
