#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest unpool(int opset = 22) {
  OpTest test("MaxUnpool", opset);
  test.ints("kernel_shape", {2, 2}).ints("strides", {2, 2});
  return test;
}

TEST(MaxUnpool, PutsElementsBackAndZerosAroundThem) {
  unpool(9)
      .input<float>({1, 1, 2, 2}, {5, 6, 7, 8})
      .input<std::int64_t>({1, 1, 2, 2}, {5, 7, 13, 15})
      .expect<float>({1, 1, 4, 4}, {0, 0, 0, 0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 7, 0, 8})
      .run();
  OpTest("MaxUnpool", 11)
      .ints("kernel_shape", {3})
      .ints("pads", {1, 0})
      .input<float>({1, 2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1, 2, 2}, {0, 2, 3, -1})
      .expect<float>({1, 2, 3}, {1, 0, 2, 3, 0, 4})
      .run();
}

TEST(MaxUnpool, OfEqualIndicesTheLastCounts) {
  OpTest("MaxUnpool", 11)
      .ints("kernel_shape", {2})
      .input<float>({1, 1, 3}, {1, 2, 3})
      .input<std::int64_t>({1, 1, 3}, {1, 1, 0})
      .expect<float>({1, 1, 4}, {3, 2, 0, 0})
      .run();
}

TEST(MaxUnpool, StandsAtTheBeginningOfALargerOutput) {
  unpool()
      .input<float>({1, 1, 2, 2}, {5, 6, 7, 8})
      .input<std::int64_t>({1, 1, 2, 2}, {5, 7, 13, 15})
      .constant_input<std::int64_t>({4}, {1, 1, 5, 6})
      .expect<float>({1, 1, 5, 6},
                     {0, 0, 0, 0, 0, 0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0})
      .run();
}

TEST(MaxUnpool, TakesEveryType) {
  const auto check = [](auto tag) {
    using T = decltype(tag);
    OpTest("MaxUnpool", 22)
        .ints("kernel_shape", {2})
        .input<T>({1, 1, 2}, {1, 2})
        .template input<std::int64_t>({1, 1, 2}, {2, 0})
        .template expect<T>({1, 1, 3}, {2, 0, 1})
        .run();
  };
  check(double{});
  check(Float16{});
  check(Bfloat16{});
  OpTest("MaxUnpool", 22)
      .ints("kernel_shape", {2})
      .input<float>({0, 1, 2}, {})
      .input<std::int64_t>({0, 1, 2}, {})
      .expect<float>({0, 1, 3}, {})
      .run();
}

TEST(MaxUnpool, KnowsShapesAsFarAsTheyFollow) {
  unpool()
      .symbolic_input(DataType::kFloat32, {"batch", 3, "height", 5})
      .symbolic_input(DataType::kInt64, {"batch", 3, "height", 5})
      .expect_dims(DataType::kFloat32, {"batch", 3, "?", 10})
      .infer_only();
  unpool()
      .symbolic_input(DataType::kFloat32, {"batch", 3, "height", 5})
      .symbolic_input(DataType::kInt64, {"batch", 3, "height", 5})
      .symbolic_input(DataType::kInt64, {4})
      .elements({"batch", 3, "top", 11})
      .expect_dims(DataType::kFloat32, {"batch", 3, "top", 11})
      .infer_only();
}

TEST(MaxUnpool, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Shape& indices, const std::vector<std::int64_t>& output,
                          const char* words) {
    OpTest test = unpool();
    test.random_input(DataType::kFloat32, x, -1, 1).random_input(DataType::kInt64, indices, 0, 1);
    const auto length = static_cast<std::int64_t>(output.size());
    if (length > 0) test.constant_input<std::int64_t>({length}, output);
    test.expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused({2, 2}, {2, 2}, {}, "input X has rank 2, expected batch, channels and spatial axes");
  refused({1, 1, 2}, {1, 1, 2}, {}, "kernel_shape [2,2] has 2 elements, expected 1 for 1 spatial axis");
  refused({1, 1, 2, 2}, {1, 1, 2, 3}, {}, "input I is [1,1,2,3], expected the shape of X, [1,1,2,2]");
  refused({1, 1, 2, 2}, {1, 1, 2, 2}, {1, 1, 4, 3}, "input output_shape is [1,1,4,3], expected at least [1,1,4,4]");
  refused({1, 1, 2, 2}, {1, 1, 2, 2}, {4, 4}, "input output_shape has 2 elements, expected 4, one for each axis of X");
  refused({1, 1, 0, 2}, {1, 1, 0, 2}, {1, 1, 1, 4}, "spatial axis 0 of 0 elements comes from no axis of 1 or more");
  unpool()
      .random_input(DataType::kFloat32, {1, 1, 2, 2}, -1, 1)
      .input<std::int64_t>({1, 1, 2, 2}, {0, 1, 16, 3})
      .expect_error(ErrorCode::kRuntimeFault, "index 16 at position 2 is outside [-16,15]")
      .run();
  OpTest("MaxUnpool", 11)
      .ints("kernel_shape", {2})
      .ints("pads", {2, 1})
      .random_input(DataType::kFloat32, {1, 1, 1}, -1, 1)
      .input<std::int64_t>({1, 1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "spatial axis 0 of 1 elements comes from no axis of 1 or more: stride 1")
      .run();
}

}  // namespace
}  // namespace linnet::internal
