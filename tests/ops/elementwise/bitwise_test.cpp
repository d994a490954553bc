#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

template <typename T>
Literals<T> numbers() {
  const T lowest = std::numeric_limits<T>::lowest();
  const T highest = std::numeric_limits<T>::max();
  return {0, 1, 2, 5, 100, lowest, highest, static_cast<T>(highest - 1), static_cast<T>(highest / 3)};
}

/// A column of numbers beside a row of them.
template <typename T>
void check_pairs(OpTest node, const Literals<T>& left, const Literals<T>& right, T (*expected_of)(T a, T b)) {
  Literals<T> expected;
  for (const T a : left) {
    for (const T b : right) expected.push_back(expected_of(a, b));
  }
  const auto rows = static_cast<std::int64_t>(left.size()), columns = static_cast<std::int64_t>(right.size());
  node.input(tensor_of<T>({rows, 1}, left))
      .input(tensor_of<T>({columns}, right))
      .expect(tensor_of<T>({rows, columns}, expected))
      .run();
}

template <typename T>
void check_bitwise() {
  SCOPED_TRACE(text(data_type_of<T>()));
  const Literals<T> values = numbers<T>();
  check_pairs<T>(OpTest("BitwiseAnd", 18), values, values, [](T a, T b) { return static_cast<T>(a & b); });
  check_pairs<T>(OpTest("BitwiseOr", 18), values, values, [](T a, T b) { return static_cast<T>(a | b); });
  check_pairs<T>(OpTest("BitwiseXor", 18), values, values, [](T a, T b) { return static_cast<T>(a ^ b); });
  Literals<T> inverted;
  for (const T value : values) inverted.push_back(static_cast<T>(~value));
  const Shape shape = {static_cast<std::int64_t>(values.size())};
  OpTest("BitwiseNot", 18).input(tensor_of<T>(shape, values)).expect(tensor_of<T>(shape, inverted)).run();
}

/// Bit by bit: place `to` comes from place `from`.
template <typename T>
T shifted(T x, T y, bool left) {
  constexpr int kWidth = 8 * sizeof(T);
  const bool none = y < 0 || static_cast<std::uint64_t>(y) >= kWidth;
  std::uint64_t result = 0;
  for (int to = 0; to < kWidth; ++to) {
    const int from = none ? kWidth : left ? to - static_cast<int>(y) : to + static_cast<int>(y);
    const bool fill = !left && x < 0;
    const bool bit = from < 0 || from >= kWidth ? fill : (static_cast<std::uint64_t>(x) >> from & 1) != 0;
    result |= std::uint64_t{bit} << to;
  }
  return static_cast<T>(result);
}

template <typename T>
void check_shifts(int opset) {
  SCOPED_TRACE(text(data_type_of<T>()));
  const T width = 8 * sizeof(T);
  Literals<T> places = {0, 1, 3, static_cast<T>(width - 1), width, static_cast<T>(width + 1), 100};
  places.push_back(std::numeric_limits<T>::max());
  places.push_back(std::numeric_limits<T>::lowest());
  if (std::is_signed_v<T>) places.push_back(static_cast<T>(-1));
  const auto node = [&](const char* direction) {
    return OpTest("BitShift", opset).attribute("direction", std::string(direction));
  };
  check_pairs<T>(node("LEFT"), numbers<T>(), places, [](T a, T b) { return shifted(a, b, true); });
  check_pairs<T>(node("RIGHT"), numbers<T>(), places, [](T a, T b) { return shifted(a, b, false); });
}

TEST(Bitwise, EveryPairOfEveryType) {
  check_bitwise<std::int8_t>();
  check_bitwise<std::int16_t>();
  check_bitwise<std::int32_t>();
  check_bitwise<std::int64_t>();
  check_bitwise<std::uint8_t>();
  check_bitwise<std::uint16_t>();
  check_bitwise<std::uint32_t>();
  check_bitwise<std::uint64_t>();
}

TEST(BitShift, ShiftsEveryType) {
  for (const int opset : {11, 28}) {
    check_shifts<std::uint8_t>(opset);
    check_shifts<std::uint16_t>(opset);
    check_shifts<std::uint32_t>(opset);
    check_shifts<std::uint64_t>(opset);
    check_shifts<std::int8_t>(opset);
    check_shifts<std::int16_t>(opset);
    check_shifts<std::int32_t>(opset);
    check_shifts<std::int64_t>(opset);
  }
}

TEST(BitShift, AsInOnnxsExamples) {
  OpTest("BitShift", 11)
      .attribute("direction", std::string("RIGHT"))
      .input<std::uint8_t>({2}, {1, 4})
      .input<std::uint8_t>({2}, {1, 1})
      .expect<std::uint8_t>({2}, {0, 2})
      .run();
  OpTest("BitShift", 28)
      .attribute("direction", std::string("RIGHT"))
      .input<std::int32_t>({3}, {-8, -8, 8})
      .input<std::int32_t>({3}, {1, -1, 40})
      .expect<std::int32_t>({3}, {-4, -1, 0})
      .run();
}

TEST(Bitwise, TakesAnyShape) {
  OpTest("BitwiseAnd", 18)
      .input<std::int32_t>({0, 3}, {})
      .input<std::int32_t>({3}, {1, 2, 3})
      .expect<std::int32_t>({0, 3}, {})
      .run();
  OpTest("BitwiseNot", 18).input<std::int32_t>({}, {5}).expect<std::int32_t>({}, {-6}).run();
  OpTest("BitwiseNot", 18).input<std::int8_t>({0}, {}).expect<std::int8_t>({0}, {}).run();
  for (const char* op : {"BitwiseOr", "BitShift"}) {
    OpTest node(op, 18);
    if (node.attribute("direction", std::string("LEFT")); std::string(op) == "BitwiseOr") node = OpTest(op, 18);
    node.symbolic_input(DataType::kUint8, {"n", 1})
        .symbolic_input(DataType::kUint8, {4})
        .expect_dims(DataType::kUint8, {"n", 4})
        .infer_only();
  }
}

TEST(Bitwise, SaysWhatIsWrong) {
  OpTest("BitwiseXor", 18)
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input A is float32, expected one of")
      .run();
  OpTest("BitwiseOr", 18)
      .input<std::int8_t>({1}, {1})
      .input<std::int16_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input B is int16, but A is int8")
      .run();
  OpTest("BitwiseNot", 18).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input X is bool").run();
  const auto shift = [](std::string direction) {
    return OpTest("BitShift", 11)
        .attribute("direction", std::move(direction))
        .input<std::uint8_t>({1}, {1})
        .input<std::uint8_t>({1}, {1});
  };
  shift("left").expect_error(ErrorCode::kInvalidModel, R"(direction is "left", expected "LEFT" or "RIGHT")").run();
  OpTest("BitShift", 11)
      .input<std::uint8_t>({1}, {1})
      .input<std::uint8_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, R"(direction is "", expected "LEFT" or "RIGHT")")
      .run();
  OpTest("BitwiseAnd", 17)
      .input<std::int8_t>({1}, {1})
      .input<std::int8_t>({1}, {1})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 18")
      .run();
}

}  // namespace
}  // namespace linnet::internal
