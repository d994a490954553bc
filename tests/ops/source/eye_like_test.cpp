#include <gtest/gtest.h>

#include <cstdint>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest eye(std::int64_t k) { return OpTest("EyeLike", 9).attribute("k", k); }

template <typename T>
void check(std::int64_t dtype) {
  const Literals<T> expected = {1, 0, 0, 0, 1, 0};
  OpTest("EyeLike", 22)
      .attribute("dtype", dtype)
      .input<std::int32_t>({2, 3}, {9, 9, 9, 9, 9, 9})
      .expect(tensor_of<T>({2, 3}, expected))
      .run();
  OpTest("EyeLike", 9).random_input(data_type_of<T>(), {2, 3}, 0, 9).expect(tensor_of<T>({2, 3}, expected)).run();
}

TEST(EyeLike, GivesEveryType) {
  check<float>(1);
  check<std::uint8_t>(2);
  check<std::int8_t>(3);
  check<std::uint16_t>(4);
  check<std::int16_t>(5);
  check<std::int32_t>(6);
  check<std::int64_t>(7);
  check<bool>(9);
  check<Float16>(10);
  check<double>(11);
  check<std::uint32_t>(12);
  check<std::uint64_t>(13);
  check<Bfloat16>(16);
}

TEST(EyeLike, MovesTheDiagonal) {
  const auto expect = [](std::int64_t k, const Literals<float>& expected) {
    eye(k).named(text("k ", k)).random_input(DataType::kFloat32, {3, 2}, -1, 1).expect<float>({3, 2}, expected).run();
  };
  expect(0, {1, 0, 0, 1, 0, 0});
  expect(1, {0, 1, 0, 0, 0, 0});
  expect(2, {0, 0, 0, 0, 0, 0});
  expect(-1, {0, 0, 1, 0, 0, 1});
  expect(-2, {0, 0, 0, 0, 1, 0});
  expect(-3, {0, 0, 0, 0, 0, 0});
  expect(INT64_MAX, {0, 0, 0, 0, 0, 0});
  expect(INT64_MIN, {0, 0, 0, 0, 0, 0});
}

TEST(EyeLike, TakesLargeAndEmptyMatrices) {
  Literals<float> expected(300 * 700, 0);
  for (std::size_t i = 0; i < 300; ++i) expected[i * 700 + i + 5] = 1;
  eye(5).random_input(DataType::kFloat32, {300, 700}, -1, 1).expect<float>({300, 700}, expected).run();
  eye(0).input<float>({0, 3}, {}).expect<float>({0, 3}, {}).run();
  eye(0).input<float>({3, 0}, {}).expect<float>({3, 0}, {}).run();
  OpTest("EyeLike", 9)
      .attribute("dtype", std::int64_t{7})
      .symbolic_input(DataType::kFloat32, {"n", "?"})
      .expect_dims(DataType::kInt64, {"n", "?"})
      .infer_only();
}

TEST(EyeLike, SaysWhatIsWrong) {
  eye(0).input<float>({3}, {1, 2, 3}).expect_error(ErrorCode::kInvalidModel, "input is [3], expected rank 2").run();
  const auto typed = [](std::int64_t dtype) {
    return OpTest("EyeLike", 9).attribute("dtype", dtype).input<float>({1, 1}, {1});
  };
  typed(300).expect_error(ErrorCode::kInvalidModel, "attribute \"dtype\" is 300, which is no element type").run();
  typed(8).expect_error(ErrorCode::kUnsupported, "a matrix of string is not supported").run();
}

}  // namespace
}  // namespace linnet::internal
