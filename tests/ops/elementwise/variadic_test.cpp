#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Case {
  const char* op;
  Literals<float> of_three;  ///< of {1, 5, -2}, {4, 3, -6} and {1, 4, 2}
};

const Case kCases[] = {
    {"Sum", {6, 12, -6}},
    {"Mean", {2, 4, -2}},
    {"Max", {4, 5, 2}},
    {"Min", {1, 3, -6}},
};

template <typename T>
void check_three(const Case& c, int opset) {
  Literals<T> expected;
  for (const float value : c.of_three) expected.push_back(static_cast<typename LiteralOf<T>::type>(value));
  OpTest(c.op, opset)
      .input(tensor_of<T>({3}, {1, 5, -2}))
      .input(tensor_of<T>({3}, {4, 3, -6}))
      .input(tensor_of<T>({3}, {1, 4, 2}))
      .expect(tensor_of<T>({3}, expected))
      .run();
}

TEST(Variadic, TakesThreeInputsOfEveryFloatType) {
  for (const Case& c : kCases) {
    for (const int opset : {6, 8, 13}) check_three<float>(c, opset);
    check_three<double>(c, 13);
    check_three<Float16>(c, 13);
    check_three<Bfloat16>(c, 13);
  }
}

TEST(Variadic, MaxAndMinTakeIntegers) {
  for (const Case& c : {kCases[2], kCases[3]}) {
    check_three<std::int8_t>(c, 12);
    check_three<std::int16_t>(c, 12);
    check_three<std::int32_t>(c, 12);
    check_three<std::int64_t>(c, 12);
  }
  OpTest("Max", 12)
      .input<std::uint8_t>({2}, {255, 1})
      .input<std::uint8_t>({}, {2})
      .expect<std::uint8_t>({2}, {255, 2})
      .run();
  OpTest("Min", 12)
      .input<std::uint16_t>({2}, {65535, 1})
      .input<std::uint16_t>({}, {2})
      .expect<std::uint16_t>({2}, {2, 1})
      .run();
  OpTest("Max", 12)
      .input<std::uint32_t>({2}, {4294967295U, 1})
      .input<std::uint32_t>({}, {2})
      .expect<std::uint32_t>({2}, {4294967295U, 2})
      .run();
  OpTest("Min", 12)
      .input<std::uint64_t>({1}, {18446744073709551615U})
      .input<std::uint64_t>({1}, {18446744073709551614U})
      .expect<std::uint64_t>({1}, {18446744073709551614U})
      .run();
}

TEST(Variadic, TellsLargeIntegersApart) {
  OpTest("Max", 12)
      .input<std::int64_t>({2}, {9007199254740993, -9007199254740993})
      .input<std::int64_t>({}, {9007199254740992})
      .input<std::int64_t>({}, {-9007199254740992})
      .expect<std::int64_t>({2}, {9007199254740993, 9007199254740992})
      .run();
  OpTest("Max", 12)
      .input<std::uint64_t>({1}, {9223372036854775809U})
      .input<std::uint64_t>({1}, {1})
      .expect<std::uint64_t>({1}, {9223372036854775809U})
      .run();
}

TEST(Variadic, RoundsHalvesOnce) {
  // 2049 lies between two float16.
  OpTest("Sum", 13)
      .input<Float16>({1}, {2048})
      .input<Float16>({1}, {1})
      .input<Float16>({1}, {1})
      .expect<Float16>({1}, {2050})
      .run();
}

TEST(Variadic, OneInputIsTheResult) {
  for (const Case& c : kCases)
    OpTest(c.op, 13).input<float>({2, 2}, {1, -2, 3, kNan}).expect<float>({2, 2}, {1, -2, 3, kNan}).run();
}

TEST(Variadic, BroadcastsAllInputs) {
  OpTest("Sum", 13)
      .input<float>({2, 1}, {1, 2})
      .input<float>({}, {100})
      .input<float>({3}, {10, 20, 30})
      .expect<float>({2, 3}, {111, 121, 131, 112, 122, 132})
      .run();
  OpTest("Mean", 13)
      .input<Float16>({}, {1})
      .input<Float16>({2, 2}, {1, 3, 5, 7})
      .expect<Float16>({2, 2}, {1, 2, 3, 4})
      .run();
  OpTest("Max", 13)
      .input<std::int32_t>({2, 1, 1}, {0, 5})
      .input<std::int32_t>({2, 1}, {1, 7})
      .input<std::int32_t>({2}, {3, 4})
      .expect<std::int32_t>({2, 2, 2}, {3, 4, 7, 7, 5, 5, 7, 7})
      .run();
  OpTest("Min", 13).input<float>({0, 1}, {}).input<float>({3}, {1, 2, 3}).expect<float>({0, 3}, {}).run();
}

TEST(Variadic, TakesManyLargeInputs) {
  for (const Case& c : kCases) {
    OpTest test(c.op, 13);
    for (int i = 0; i < 5; ++i) test.random_input(DataType::kFloat32, {3, 11003}, -1, 1);
    test.random_input(DataType::kFloat32, {3, 1}, -1, 1).expect_reference().run();
  }
}

TEST(Variadic, NanWinsEverywhere) {
  for (const char* op : {"Max", "Min", "Sum", "Mean"}) {
    OpTest(op, 13)
        .input<float>({3}, {kNan, 1, 2})
        .input<float>({3}, {1, kNan, kInf})
        .input<float>({3}, {1, 2, kNan})
        .expect<float>({3}, {kNan, kNan, kNan})
        .run();
    OpTest(op, 13)
        .input<Float16>({2}, {kNan, 1})
        .input<Float16>({2}, {1, kNan})
        .expect<Float16>({2}, {kNan, kNan})
        .run();
  }
  OpTest("Max", 13).input<float>({2}, {-kInf, 1}).input<float>({2}, {2, kInf}).expect<float>({2}, {2, kInf}).run();
}

TEST(Variadic, SumsOf16BitsRoundOnce) {
  // 2048 + 1 is no float16: rounded after each sum it stays 2048.
  OpTest("Sum", 13)
      .input<Float16>({1}, {2048})
      .input<Float16>({1}, {1})
      .input<Float16>({1}, {1})
      .expect<Float16>({1}, {2050})
      .run();
}

TEST(Variadic, KnowsElementsOfShapes) {
  OpTest("Max", 13)
      .symbolic_input(DataType::kInt64, {4})
      .elements({"n", "n", 3, "?"})
      .symbolic_input(DataType::kInt64, {4})
      .elements({"n", "m", 4, 1})
      .expect_dims(DataType::kInt64, {4})
      .expect_elements({"n", "?", 4, "?"})
      .infer_only();
  OpTest("Min", 13)
      .symbolic_input(DataType::kInt64, {2})
      .elements({2, 3})
      .symbolic_input(DataType::kInt64, {})
      .elements({-1})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({-1, -1})
      .infer_only();
}

TEST(Variadic, NamesWhatIsWrong) {
  OpTest("Sum", 13).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input 0 is int32").run();
  OpTest("Max", 13).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input 0 is bool").run();
  OpTest("Mean", 13)
      .input<float>({1}, {1})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input 1 is float64, but input 0 is float32")
      .run();
  OpTest("Min", 13)
      .input<float>({1}, {1})
      .no_input()
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input 1 is missing")
      .run();
  OpTest("Sum", 13)
      .input<float>({2}, {1, 2})
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "shapes [2] and [3] do not broadcast")
      .run();
}

}  // namespace
}  // namespace linnet::internal
