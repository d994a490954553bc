#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

template <typename T>
OpTest range(int opset, typename LiteralOf<T>::type start, typename LiteralOf<T>::type limit,
             typename LiteralOf<T>::type delta) {
  OpTest test("Range", opset);
  test.input(tensor_of<T>({}, {start})).input(tensor_of<T>({}, {limit})).input(tensor_of<T>({}, {delta}));
  return test;
}

TEST(Range, CountsUpAndDown) {
  for (const int opset : {11, 27}) {
    range<std::int64_t>(opset, 3, 9, 3).expect<std::int64_t>({2}, {3, 6}).run();
    range<std::int64_t>(opset, 10, 4, -2).expect<std::int64_t>({3}, {10, 8, 6}).run();
    range<std::int32_t>(opset, 0, 5, 2).expect<std::int32_t>({3}, {0, 2, 4}).run();
    range<std::int16_t>(opset, 3, 3, 1).expect<std::int16_t>({0}, {}).run();
    range<float>(opset, 1, 2, 0.25F).expect<float>({4}, {1, 1.25F, 1.5F, 1.75F}).run();
    range<double>(opset, 1, 0, -0.4).expect<double>({3}, {1, 0.6, 1 + 2 * -0.4}).run();
    range<float>(opset, 1, 0, 1).expect<float>({0}, {}).run();
  }
  range<Float16>(27, 1, 4, 1.5F).expect<Float16>({2}, {1, 2.5F}).run();
  range<Bfloat16>(27, 0, -3, -1).expect<Bfloat16>({3}, {0, -1, -2}).run();
}

TEST(Range, ReachesTheEndsOfInt64) {
  range<std::int64_t>(11, kLeast, kMost, kMost).expect<std::int64_t>({3}, {kLeast, -1, kMost - 1}).run();
  range<std::int64_t>(11, kMost, kLeast, kLeast).expect<std::int64_t>({2}, {kMost, -1}).run();
}

TEST(Range, MakesLongTensors) {
  Literals<float> expected;
  for (int i = 0; i < 100000; ++i) expected.push_back(static_cast<float>(0.1F * static_cast<double>(i)));
  range<float>(11, 0, 10000, 0.1F).expect<float>({100000}, expected).run();
}

TEST(Range, KnowsSymbolsAndElements) {
  const auto node = [](const NamedDim& start, const NamedDim& limit, const NamedDim& delta) {
    OpTest test("Range", 11);
    for (const NamedDim& number : {start, limit, delta}) test.symbolic_input(DataType::kInt64, {}).elements({number});
    return test;
  };
  node(2, 5, 1).expect_dims(DataType::kInt64, {3}).expect_elements({2, 3, 4}).infer_only();
  node(0, "n", 1).expect_dims(DataType::kInt64, {"n"}).infer_only();
  node(1, "n", 1).expect_dims(DataType::kInt64, {"?"}).infer_only();
  node(0, "?", 1).expect_dims(DataType::kInt64, {"?"}).infer_only();
  OpTest("Range", 11)
      .constant_input<float>({}, {0})
      .symbolic_input(DataType::kFloat32, {})
      .constant_input<float>({}, {1})
      .expect_dims(DataType::kFloat32, {"?"})
      .infer_only();
}

TEST(Range, NamesWhatIsWrong) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  range<std::int64_t>(11, 0, 1, 0).expect_error(ErrorCode::kInvalidModel, "delta is 0").run();
  range<float>(11, 0, 1, 0).expect_error(ErrorCode::kInvalidModel, "delta is 0").run();
  range<float>(11, 0, nan, 1).expect_error(ErrorCode::kInvalidModel, "no number of elements").run();
  range<double>(11, 0, 1e300, 1e-300).expect_error(ErrorCode::kInvalidModel, "no number of elements").run();
  range<std::int64_t>(11, kLeast, kMost, 1).expect_error(ErrorCode::kInvalidModel, "too many elements").run();
  range<std::int8_t>(11, 0, 1, 1).expect_error(ErrorCode::kInvalidModel, "input start is int8, expected one of").run();
  OpTest("Range", 11)
      .input<float>({2}, {0, 1})
      .input<float>({}, {1})
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input start has 2 elements, expected 1")
      .run();
  OpTest("Range", 11)
      .input<float>({}, {0})
      .input<double>({}, {1})
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input limit is float64, but start is float32")
      .run();
}

}  // namespace
}  // namespace linnet::internal
