// ReduceSum, ReduceSumSquare, ReduceProd, ReduceMax and ReduceMin; reduce_mean_test.cpp has more of what they share.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Operator {
  const char* op;
  Literals<float> rows;     ///< of {{1, 2, 3}, {4, -5, 6}} over axis 1
  Literals<float> columns;  ///< over axis 0
  float all;
  float of_none;
};

const Operator kOperators[] = {
    {"ReduceSum", {6, 5}, {5, -3, 9}, 11, 0},         {"ReduceSumSquare", {14, 77}, {17, 29, 45}, 91, 0},
    {"ReduceProd", {6, -120}, {4, -10, 18}, -720, 1}, {"ReduceMax", {3, 6}, {4, 2, 6}, 6, -kInf},
    {"ReduceMin", {1, -5}, {1, -5, 3}, -5, kInf},
};

template <typename T>
void check(const Operator& c, int opset, const std::vector<std::int64_t>& axes, const Shape& y,
           const Literals<float>& expected) {
  Literals<T> values;
  for (const float value : expected) values.push_back(static_cast<typename LiteralOf<T>::type>(value));
  OpTest test(c.op, opset);
  test.attribute("keepdims", std::int64_t{0});
  const bool axes_are_input = opset >= (std::string(c.op) == "ReduceSum" ? 13 : 18);
  if (!axes_are_input && !axes.empty()) test.ints("axes", axes);
  test.input(tensor_of<T>({2, 3}, {1, 2, 3, 4, static_cast<typename LiteralOf<T>::type>(-5), 6}));
  if (axes_are_input) test.input(tensor_of<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes));
  test.expect(tensor_of<T>(y, values)).run();
}

template <typename T>
void check_type(const Operator& c) {
  check<T>(c, 18, {1}, {2}, c.rows);
  check<T>(c, 18, {0}, {3}, c.columns);
  check<T>(c, 18, {}, {}, {c.all});
}

TEST(Reduction, ReducesEveryType) {
  for (const Operator& c : kOperators) {
    SCOPED_TRACE(c.op);
    for (const int opset : {7, 11, 12, 13, 18, 20}) {
      check<float>(c, opset, {-1}, {2}, c.rows);
      check<float>(c, opset, {0}, {3}, c.columns);
      check<float>(c, opset, {}, {}, {c.all});
    }
    check_type<double>(c);
    check_type<Float16>(c);
    check_type<Bfloat16>(c);
    check_type<std::int32_t>(c);
    check_type<std::int64_t>(c);
  }
  for (const Operator& c : {kOperators[3], kOperators[4]}) check_type<std::int8_t>(c);
}

template <typename T>
void check_one(const char* op, const Literals<T>& x, const Literals<T>& y) {
  OpTest(op, 20).input(tensor_of<T>({static_cast<std::int64_t>(x.size())}, x)).expect(tensor_of<T>({1}, y)).run();
}

TEST(Reduction, ComparesUnsignedNumbersAndBools) {
  check_one<std::uint8_t>("ReduceMax", {200, 3, 100}, {200});
  check_one<std::uint8_t>("ReduceMin", {200, 3, 100}, {3});
  check_one<std::uint32_t>("ReduceMax", {4000000000U, 3}, {4000000000U});
  check_one<std::uint64_t>("ReduceMax", {10000000000000000000U, 3}, {10000000000000000000U});
  check_one<std::uint64_t>("ReduceMin", {10000000000000000000U, 3}, {3});
  check_one<bool>("ReduceMax", {false, true, false}, {true});
  check_one<bool>("ReduceMax", {false, false}, {false});
  check_one<bool>("ReduceMin", {true, true}, {true});
  check_one<bool>("ReduceMin", {true, false}, {false});
}

TEST(Reduction, WrapsIntegersAround) {
  check_one<std::int32_t>("ReduceSum", {2147483647, 2}, {-2147483647});
  check_one<std::uint32_t>("ReduceSum", {4294967295U, 2}, {1});
  check_one<std::int64_t>("ReduceProd", {std::int64_t{1} << 62, 3}, {-(std::int64_t{1} << 62)});
  check_one<std::uint64_t>("ReduceProd", {std::uint64_t{1} << 63, 2}, {0});
  check_one<std::int32_t>("ReduceSumSquare", {65536, 1}, {1});
  check_one<std::int64_t>("ReduceSumSquare", {-3037000500, 0}, {-9223372036709301616});
}

TEST(Reduction, OfNothing) {
  for (const Operator& c : kOperators) {
    SCOPED_TRACE(c.op);
    OpTest(c.op, 18)
        .input<float>({0, 2}, {})
        .input<std::int64_t>({1}, {0})
        .expect<float>({1, 2}, {c.of_none, c.of_none})
        .run();
    OpTest(c.op, 18).input<float>({0, 2}, {}).input<std::int64_t>({1}, {1}).expect<float>({0, 1}, {}).run();
    OpTest(c.op, 18)
        .input<float>({2, 0}, {})
        .input<std::int64_t>({1}, {1})
        .expect<float>({2, 1}, {c.of_none, c.of_none})
        .run();
  }
  check_one<std::int32_t>("ReduceProd", {}, {1});
  check_one<std::int32_t>("ReduceMax", {}, {-2147483647 - 1});
  check_one<std::int8_t>("ReduceMin", {}, {127});
  check_one<std::uint8_t>("ReduceMax", {}, {0});
  check_one<bool>("ReduceMax", {}, {false});
  check_one<bool>("ReduceMin", {}, {true});
}

TEST(Reduction, TakesScalars) {
  for (const Operator& c : kOperators) {
    const float expected = std::string(c.op) == "ReduceSumSquare" ? 9 : 3;
    OpTest(c.op, 18).input<float>({}, {3}).expect<float>({}, {expected}).run();
    OpTest(c.op, 18).input<float>({1, 1}, {3}).expect<float>({1, 1}, {expected}).run();
  }
}

TEST(Reduction, WithoutAxesOnlyReduceSumSquareDoesSomething) {
  for (const Operator& c : kOperators) {
    const bool squares = std::string(c.op) == "ReduceSumSquare";
    OpTest(c.op, 18)
        .attribute("noop_with_empty_axes", std::int64_t{1})
        .input<float>({2}, {2, -3})
        .expect<float>({2}, squares ? Literals<float>{4, 9} : Literals<float>{2, -3})
        .expect_identity(!squares)
        .run();
  }
}

TEST(Reduction, PassesOnNanAndInfinities) {
  for (const Operator& c : kOperators) {
    for (const auto& axis : {std::vector<std::int64_t>{1}, std::vector<std::int64_t>{0}}) {
      // Either way the first result sees a NaN.
      OpTest test(c.op, 18);
      test.named(c.op).input<float>({2, 2}, {1, kNan, kNan, 1}).input<std::int64_t>({1}, axis);
      test.expect<float>(axis[0] == 1 ? Shape{2, 1} : Shape{1, 2}, {kNan, kNan}).run();
    }
    OpTest(c.op, 18).input<Float16>({2}, {kNan, 1}).expect<Float16>({1}, {kNan}).run();
    OpTest(c.op, 18).input<double>({2}, {1, kNan}).expect<double>({1}, {kNan}).run();
  }
  check_one<float>("ReduceMax", {1, kInf, -kInf}, {kInf});
  check_one<float>("ReduceMin", {1, kInf, -kInf}, {-kInf});
  check_one<float>("ReduceProd", {0, kInf}, {kNan});
  // Past the largest float on the way only.
  check_one<float>("ReduceProd", {1e30F, 1e30F, 1e-30F}, {1e30F});
}

/// Shapes that are cut into one tile and into several, by columns, by rows and by both.
TEST(Reduction, AgreesWithTheReferenceOnLargerShapes) {
  struct Larger {
    Shape x;
    std::vector<std::int64_t> axes;
  };
  const Larger cases[] = {{{7, 1000}, {1}},    {{1000, 7}, {0}},     {{3, 50, 130}, {1}}, {{2, 5, 30, 30}, {2, 3}},
                          {{1, 200000}, {1}},  {{3, 140000}, {1}},   {{100000, 2}, {0}},  {{2, 70000, 3}, {1}},
                          {{300, 1100}, {0}},  {{2, 300, 600}, {1}}, {{4, 5, 6}, {0, 2}}, {{70000, 2}, {1}},
                          {{40000, 1, 3}, {0}}};
  for (const Operator& c : kOperators) {
    for (const Larger& larger : cases) {
      const bool multiplies = std::string(c.op) == "ReduceProd";
      OpTest test(c.op, 18);
      test.named(text(c.op, " ", larger.x))
          .random_input(DataType::kFloat32, larger.x, multiplies ? 0.999 : -1, multiplies ? 1.001 : 1);
      test.input<std::int64_t>({static_cast<std::int64_t>(larger.axes.size())}, larger.axes);
      // Both reduce in double; where the orders differ, the rounding to float may.
      test.expect_reference().tolerance_of("simd", ulp(1)).run();
    }
  }
}

TEST(Reduction, CountsEveryElementOfLargeShapesOnce) {
  // 2^-20 times a sum of ones is exact in every order.
  for (const auto& [x, axis] :
       {std::pair<Shape, std::int64_t>{{262144, 4}, 0}, {{4, 262144}, 1}, {{2, 131072, 2}, 1}}) {
    const std::int64_t count = x[static_cast<std::size_t>(axis)];
    Shape y = x;
    y[static_cast<std::size_t>(axis)] = 1;
    const auto results = static_cast<std::size_t>(element_count(y));
    const auto inputs = static_cast<std::size_t>(element_count(x));
    for (const char* op : {"ReduceSum", "ReduceSumSquare"}) {
      OpTest(op, 18)
          .input<float>(x, Literals<float>(inputs, 1.0F))
          .input<std::int64_t>({1}, {axis})
          .expect<float>(y, Literals<float>(results, static_cast<float>(count)))
          .run();
    }
    OpTest("ReduceSum", 18)
        .input<std::int64_t>(x, Literals<std::int64_t>(inputs, 3))
        .input<std::int64_t>({1}, {axis})
        .expect<std::int64_t>(y, Literals<std::int64_t>(results, 3 * count))
        .run();
  }
}

TEST(Reduction, KnowsElementsOfShapes) {
  const auto node = [](const char* op, const NamedDims& elements) {
    return OpTest(op, 18)
        .attribute("keepdims", std::int64_t{0})
        .symbolic_input(DataType::kInt64, {static_cast<std::int64_t>(elements.size())})
        .elements(elements)
        .expect_dims(DataType::kInt64, {});
  };
  node("ReduceProd", {2, 3, 4}).expect_elements({24}).infer_only();
  node("ReduceSum", {2, 3, 4}).expect_elements({9}).infer_only();
  node("ReduceMax", {2, 5, 4}).expect_elements({5}).infer_only();
  node("ReduceMin", {2, 5, 4}).expect_elements({2}).infer_only();
  node("ReduceProd", {"n"}).expect_elements({"n"}).infer_only();
  node("ReduceProd", {2, "n"}).expect_no_elements().infer_only();
  node("ReduceProd", {std::int64_t{1} << 62, 4}).expect_no_elements().infer_only();
  node("ReduceSumSquare", {2, 3}).expect_no_elements().infer_only();
}

TEST(Reduction, NamesWhatIsWrong) {
  OpTest("ReduceSum", 13)
      .input<std::int8_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input data is int8")
      .run();
  OpTest("ReduceProd", 18).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input data is bool").run();
  OpTest("ReduceMax", 20)
      .input<std::int16_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input data is int16")
      .run();
  OpTest("ReduceSum", 11)
      .input<float>({1}, {1})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "axes are an input only from opset 13")
      .run();
  OpTest("ReduceMax", 13)
      .input<float>({1}, {1})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "axes are an input only from opset 18")
      .run();
  OpTest("ReduceSum", 13)
      .ints("axes", {0})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axes\" does not exist at opset 13")
      .run();
}

}  // namespace
}  // namespace linnet::internal
