#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Comparison {
  const char* op;
  int opset;
  bool (*holds)(double a, double b);
};

const Comparison kComparisons[] = {
    {"Less", 7, [](double a, double b) { return a < b; }},
    {"LessOrEqual", 12, [](double a, double b) { return a <= b; }},
    {"Greater", 7, [](double a, double b) { return a > b; }},
    {"GreaterOrEqual", 12, [](double a, double b) { return a >= b; }},
    {"Equal", 7, [](double a, double b) { return a == b; }},
};

/// Of rows [rows,1] and columns [columns], all pairs.
template <typename T>
void check_pairs(const Comparison& comparison, int opset, const Literals<T>& values) {
  const auto size = static_cast<std::int64_t>(values.size());
  Literals<bool> expected;
  for (const auto a : values) {
    for (const auto b : values) {
      expected.push_back(
          comparison.holds(static_cast<double>(static_cast<T>(a)), static_cast<double>(static_cast<T>(b))));
    }
  }
  OpTest(comparison.op, opset)
      .input(tensor_of<T>({size, 1}, values))
      .input(tensor_of<T>({size}, values))
      .expect(tensor_of<bool>({size, size}, expected))
      .run();
}

TEST(Comparison, EveryPairOfEveryType) {
  for (const Comparison& comparison : kComparisons) {
    for (const int opset : {comparison.opset, 13, 19}) {
      check_pairs<float>(comparison, opset, {0, -0.0F, 1, -1.5F, 1e-45F, kInf, -kInf, kNan});
    }
    check_pairs<double>(comparison, 13, {0, 1, 1.0000000000000002, -kInf, kNan});
    check_pairs<Float16>(comparison, 13, {0, -0.0F, 1, -2, kInf, kNan});
    check_pairs<Bfloat16>(comparison, 13, {0, -0.0F, 1, -2, kInf, kNan});
    check_pairs<std::int8_t>(comparison, 13, {0, -128, 127});
    check_pairs<std::int16_t>(comparison, 13, {0, -32768, 32767});
    check_pairs<std::int32_t>(comparison, 13, {0, -5, 2147483647});
    check_pairs<std::int64_t>(comparison, 13, {0, -5, 4611686018427387904});
    check_pairs<std::uint8_t>(comparison, 13, {0, 5, 255});
    check_pairs<std::uint16_t>(comparison, 13, {0, 5, 65535});
    check_pairs<std::uint32_t>(comparison, 13, {0, 5, 4294967295});
    check_pairs<std::uint64_t>(comparison, 13, {0, 5, 18446744073709549568U});
  }
}

TEST(Comparison, TellsLargeIntegersApart) {
  OpTest("Equal", 13)
      .input<std::int64_t>({2}, {9007199254740993, 9007199254740992})
      .input<std::int64_t>({}, {9007199254740992})
      .expect<bool>({2}, {false, true})
      .run();
  OpTest("Less", 13)
      .input<std::uint64_t>({2}, {9223372036854775809U, 1})
      .input<std::uint64_t>({2}, {1, 9223372036854775809U})
      .expect<bool>({2}, {false, true})
      .run();
}

TEST(Comparison, Broadcasts) {
  const std::pair<Shape, Shape> shapes[] = {{{}, {}},
                                            {{0}, {}},
                                            {{37}, {}},
                                            {{5, 67}, {67}},
                                            {{5, 1}, {5, 67}},
                                            {{2, 1, 4, 1, 3}, {5, 1, 6, 1}},
                                            {{1, 3}, {0, 1}},
                                            {{3, 40000}, {3, 1}},
                                            {{1, 1024}, {4, 1024}}};
  for (const auto& [a, b] : shapes) {
    const ConstantPtr x = random_tensor(DataType::kInt32, a, 0, 3, 1);
    const ConstantPtr y = random_tensor(DataType::kInt32, b, 0, 3, 2);
    const Shape c = to_shape(broadcast(to_dims(a), to_dims(b)));
    // A row-major walk over the output, with the operands' strides beside it.
    Literals<bool> expected;
    const auto at = [&](const Constant& operand, std::int64_t index) {
      std::int64_t position = 0;
      std::int64_t stride = 1;
      for (std::size_t i = 0; i < operand.shape.size(); ++i) {
        const std::int64_t size = operand.shape[operand.shape.size() - 1 - i];
        const std::int64_t whole = c[c.size() - 1 - i];
        if (size != 1) position += index % whole * stride;
        index /= whole;
        stride *= size;
      }
      return operand.as<std::int32_t>()[position];
    };
    for (std::int64_t i = 0; i < element_count(c); ++i) expected.push_back(at(*x, i) < at(*y, i));
    OpTest("Less", 13).named(text(a, " and ", b)).input(x).input(y).expect<bool>(c, expected).run();
  }
}

TEST(Comparison, KnowsElementsOfShapes) {
  const auto node = [](const char* op) {
    return OpTest(op, 13)
        .symbolic_input(DataType::kInt64, {6})
        .elements({"n", "n", 3, "?", "n", -1})
        .symbolic_input(DataType::kInt64, {6})
        .elements({"n", "m", 4, 1, -1, "n"})
        .expect_dims(DataType::kBool, {6});
  };
  node("Equal").expect_elements({1, "?", 0, "?", 0, 0}).infer_only();
  node("Less").expect_elements({0, "?", 1, "?", 0, 1}).infer_only();
  node("LessOrEqual").expect_elements({1, "?", 1, "?", 0, 1}).infer_only();
  node("Greater").expect_elements({0, "?", 0, "?", 1, 0}).infer_only();
  node("GreaterOrEqual").expect_elements({1, "?", 0, "?", 1, 0}).infer_only();
  // Past the largest int64, nothing is known.
  OpTest("Less", 13)
      .constant_input<std::uint64_t>({2}, {9223372036854775809U, 2})
      .constant_input<std::uint64_t>({}, {3})
      .expect_dims(DataType::kBool, {2})
      .expect_elements({"?", 1})
      .infer_only();
}

TEST(Equal, ComparesBools) {
  OpTest("Equal", 7)
      .input<bool>({2, 2}, {false, true, false, true})
      .input<bool>({2, 1}, {false, true})
      .expect<bool>({2, 2}, {true, false, false, true})
      .run();
}

TEST(Comparison, RefusesWrongInputs) {
  OpTest("Less", 13)
      .input<float>({1}, {1})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input B is float64, but A is float32")
      .run();
  OpTest("Less", 13)
      .input<bool>({1}, {true})
      .input<bool>({1}, {true})
      .expect_error(ErrorCode::kInvalidModel, "input A is bool, expected one of float32")
      .run();
  OpTest("Equal", 19)
      .symbolic_input(DataType::kString, {1})
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input A is string")
      .infer_only();
  OpTest("LessOrEqual", 11)
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 12")
      .run();
  OpTest("Greater", 9)
      .input<float>({2}, {1, 2})
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "shapes [2] and [3] do not broadcast")
      .run();
}

TEST(Logic, CombinesBools) {
  struct Case {
    const char* op;
    Literals<bool> expected;
  };
  const Case cases[] = {
      {"And", {false, false, false, true}}, {"Or", {false, true, true, true}}, {"Xor", {false, true, true, false}}};
  for (const Case& c : cases) {
    OpTest(c.op, 7)
        .input<bool>({2, 1}, {false, true})
        .input<bool>({2}, {false, true})
        .expect<bool>({2, 2}, c.expected)
        .run();
    OpTest(c.op, 13)
        .input<bool>({4}, {false, false, true, true})
        .input<bool>({4}, {false, true, false, true})
        .expect<bool>({4}, c.expected)
        .run();
    OpTest(c.op, 7)
        .input<std::int32_t>({1}, {1})
        .input<std::int32_t>({1}, {1})
        .expect_error(ErrorCode::kInvalidModel, "input A is int32, expected bool")
        .run();
  }
}

TEST(Logic, KnowsElements) {
  const auto node = [](const char* op) {
    return OpTest(op, 7)
        .symbolic_input(DataType::kBool, {3})
        .elements({0, 1, "?"})
        .symbolic_input(DataType::kBool, {3})
        .elements({"?", "?", "?"})
        .expect_dims(DataType::kBool, {3});
  };
  node("And").expect_elements({0, "?", "?"}).infer_only();
  node("Or").expect_elements({"?", 1, "?"}).infer_only();
  node("Xor").expect_elements({"?", "?", "?"}).infer_only();
  OpTest("Not", 7)
      .symbolic_input(DataType::kBool, {3})
      .elements({0, 1, "?"})
      .expect_dims(DataType::kBool, {3})
      .expect_elements({1, 0, "?"})
      .infer_only();
}

TEST(Not, NegatesBools) {
  for (const int opset : {1, 7, 13})
    OpTest("Not", opset).input<bool>({3}, {true, false, true}).expect<bool>({3}, {false, true, false}).run();
  OpTest("Not", 7).input<bool>({0, 2}, {}).expect<bool>({0, 2}, {}).run();
  OpTest("Not", 7).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is float32").run();
}

}  // namespace
}  // namespace linnet::internal
