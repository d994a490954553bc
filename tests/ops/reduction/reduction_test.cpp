// ReduceSum, ReduceL1, ReduceL2, ReduceSumSquare, ReduceLogSum, ReduceLogSumExp, ReduceProd, ReduceMax and ReduceMin;
// reduce_mean_test.cpp has more of what they share.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

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
    {"ReduceMin", {1, -5}, {1, -5, 3}, -5, kInf},     {"ReduceL1", {6, 15}, {5, 7, 9}, 21, 0},
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

TEST(Reduction, WithoutAxesFewDoSomething) {
  for (const Operator& c : kOperators) {
    const std::string name = c.op;
    Literals<float> y = {2, -3};
    if (name == "ReduceSumSquare") y = {4, 9};
    if (name == "ReduceL1") y = {2, 3};
    OpTest(c.op, 18)
        .attribute("noop_with_empty_axes", std::int64_t{1})
        .input<float>({2}, {2, -3})
        .expect<float>({2}, y)
        .expect_identity(y[1] == -3)
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

/// 16-bit floats are reduced some rows at a time.
TEST(Reduction, AgreesWithTheReferenceOnRowsOfHalves) {
  const auto check = [](const char* op, DataType type, const Shape& x, const std::vector<std::int64_t>& axes) {
    OpTest test(op, 18);
    test.named(text(op, " ", type, " ", x)).random_input(type, x, 0.5, 2);
    test.input(tensor_of<std::int64_t>({static_cast<std::int64_t>(axes.size())}, axes));
    test.expect_implementations({"simd half", "reference"}).expect_reference();
    // Both reduce in double; where the orders differ, the rounding may.
    test.tolerance_of("simd half", ulp(1)).run();
  };
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSum"}) {
    for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
      for (const Shape& x : {Shape{1000, 2}, Shape{3, 300, 70}, Shape{5, 4096}, Shape{2, 1500}})
        check(op, type, x, {-1});
      check(op, type, {2, 9000}, {1});
      check(op, type, {70}, {0});
      check(op, type, {40, 3}, {0});
      check(op, type, {2, 100, 300}, {1});
      check(op, type, {3, 5, 7, 2}, {1, 2});
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

/// Over rows and over columns, so that both kernels see the numbers.
template <typename T>
void check_both_ways(const char* op, const Literals<T>& x, typename LiteralOf<T>::type y, double ulps = 0) {
  const auto count = static_cast<std::int64_t>(x.size());
  Literals<T> doubled;
  for (const auto value : x) doubled.insert(doubled.end(), 2, value);
  OpTest(op, 18)
      .named(op)
      .input(tensor_of<T>({1, count}, x))
      .template input<std::int64_t>({1}, {1})
      .template expect<T>({1, 1}, {y})
      .tolerance(ulp(ulps))
      .run();
  OpTest(op, 18)
      .named(op)
      .input(tensor_of<T>({count, 2}, doubled))
      .template input<std::int64_t>({1}, {0})
      .template expect<T>({1, 2}, {y, y})
      .tolerance(ulp(ulps))
      .run();
}

TEST(Reduction, NormsNeitherOverflowNorVanish) {
  check_both_ways<float>("ReduceL2", {3, 4}, 5);
  check_both_ways<float>("ReduceL2", {3e30F, 4e30F}, 5e30F);
  check_both_ways<float>("ReduceL2", {3e-30F, -4e-30F}, 5e-30F);
  check_both_ways<Float16>("ReduceL2", {300, 400}, 500);
  check_both_ways<Bfloat16>("ReduceL2", {3e30F, 4e30F}, 5e30F);
  check_both_ways<double>("ReduceL2", {3e300, 4e300}, 5e300);
  check_both_ways<double>("ReduceL2", {1, 1}, 1.4142135623730951);
  check_both_ways<float>("ReduceL1", {3e38F, -3e38F}, kInf);
  check_both_ways<Float16>("ReduceL1", {-60000, -5000}, 65000);
  check_both_ways<float>("ReduceL2", {kNan, kInf}, kNan);
  check_both_ways<float>("ReduceL2", {-kInf, 1}, kInf);
}

TEST(Reduction, NormsOfIntegersAreWholeParts) {
  check_both_ways<std::int32_t>("ReduceL2", {1, 1, 1}, 1);
  check_both_ways<std::int32_t>("ReduceL2", {-60000, 80000}, 100000);
  check_both_ways<std::int64_t>("ReduceL2", {3037000498, 1}, 3037000498);
  check_both_ways<std::uint64_t>("ReduceL2", {4294967295U, 0}, 4294967295U);
  check_both_ways<std::int64_t>("ReduceL1", {INT64_MIN, 1}, INT64_MIN + 1);
  check_both_ways<std::uint32_t>("ReduceL1", {4294967295U, 2}, 1);
}

TEST(Reduction, LogarithmOfASum) {
  check_both_ways<float>("ReduceLogSum", {1, 2, 3}, 1.79175947F);
  check_both_ways<float>("ReduceLogSum", {3e38F, 3e38F}, 89.289993F);
  check_both_ways<float>("ReduceLogSum", {1, -1}, -kInf);
  check_both_ways<float>("ReduceLogSum", {1, -2}, kNan);
  check_both_ways<double>("ReduceLogSum", {1, 2, 3}, 1.791759469228055, 1);
  check_both_ways<Float16>("ReduceLogSum", {60000, 60000}, 11.695247F);
  check_both_ways<std::int32_t>("ReduceLogSum", {50, 50, 50}, 5);
}

TEST(Reduction, LogarithmOfASumOfExponentials) {
  check_both_ways<float>("ReduceLogSumExp", {1, 2, 3}, 3.40760596F);
  check_both_ways<float>("ReduceLogSumExp", {720, 720}, 720.693147F);
  check_both_ways<float>("ReduceLogSumExp", {-800, -800}, -799.306853F);
  check_both_ways<float>("ReduceLogSumExp", {1000}, 1000);
  check_both_ways<float>("ReduceLogSumExp", {3e38F, -3e38F}, 3e38F);
  check_both_ways<float>("ReduceLogSumExp", {0, -60}, 8.75651076e-27F);
  check_both_ways<float>("ReduceLogSumExp", {-60, 0, 0}, 0.693147181F);
  check_both_ways<float>("ReduceLogSumExp", {-kInf, -kInf}, -kInf);
  check_both_ways<float>("ReduceLogSumExp", {-kInf, 2}, 2);
  check_both_ways<float>("ReduceLogSumExp", {kInf, 2}, kInf);
  check_both_ways<float>("ReduceLogSumExp", {kInf, -kInf}, kInf);
  check_both_ways<float>("ReduceLogSumExp", {kNan, kInf, 1}, kNan);
  check_both_ways<float>("ReduceLogSumExp", {1, kInf, kNan}, kNan);
  check_both_ways<double>("ReduceLogSumExp", {720, 720}, 720.69314718055994531, 1);
  check_both_ways<double>("ReduceLogSumExp", {-1000, -1000, -1000}, -998.90138771133189, 1);
  check_both_ways<Float16>("ReduceLogSumExp", {100, 100}, 100.693147F);
  check_both_ways<Bfloat16>("ReduceLogSumExp", {1000, 1000}, 1000.693147F);
  check_both_ways<std::int64_t>("ReduceLogSumExp", {1000, 1000, 1000}, 1001);
}

TEST(Reduction, LogarithmsOfNothing) {
  for (const char* op : {"ReduceLogSum", "ReduceLogSumExp"}) {
    OpTest(op, 18).input<float>({2, 0}, {}).input<std::int64_t>({1}, {1}).expect<float>({2, 1}, {-kInf, -kInf}).run();
    check_one<double>(op, {}, {-std::numeric_limits<double>::infinity()});
  }
}

TEST(Reduction, WithoutAxesTheLogarithmOfAnExponentialIsTheNumber) {
  const auto node = [](const char* op) {
    return OpTest(op, 18).attribute("noop_with_empty_axes", std::int64_t{1}).input<float>({2}, {2, 1000});
  };
  node("ReduceLogSumExp").expect<float>({2}, {2, 1000}).expect_identity(true).run();
  node("ReduceLogSum").expect<float>({2}, {0.693147181F, 6.90775528F}).expect_identity(false).run();
  node("ReduceL2").expect<float>({2}, {2, 1000}).expect_identity(false).run();
}

/// Parts that are joined, whose maxima ascend, descend and are infinite.
TEST(Reduction, LogarithmsOfLargerShapes) {
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp"}) {
    for (const auto& [x, axis] : {std::pair<Shape, std::int64_t>{{3, 140000}, 1},
                                  {{140000, 3}, 0},
                                  {{2, 40000, 5}, 1},
                                  {{7, 1003}, 1},
                                  {{1003, 37}, 0}}) {
      OpTest(op, 18)
          .named(text(op, " ", x))
          .random_input(DataType::kFloat32, x, 0, 100)
          .input<std::int64_t>({1}, {axis})
          .expect_reference()
          .tolerance_of("simd", ulp(1))
          .run();
    }
  }
  for (const double slope : {0.01, -0.01}) {
    Literals<float> x(std::size_t{1} << 18);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(slope * static_cast<double>(i));
    std::fill(x.begin(), x.begin() + 70000, -kInf);
    // A geometric series of the terms that count.
    const double largest = static_cast<double>(slope > 0 ? x.back() : x[70000]);
    const auto expected = static_cast<float>(largest - std::log1p(-std::exp(-0.01)));
    OpTest("ReduceLogSumExp", 18)
        .input(tensor_of<float>({1 << 18}, x))
        .expect<float>({1}, {expected})
        .tolerance(ulp(2))
        .run();
  }
}

TEST(Reduction, SumsOfManyDoublesKeepEveryDigit) {
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  Literals<double> x(std::size_t{1} << 20);
  // In steps of 2^-40: every sum is exact in 64 bits.
  std::uint64_t sum = 0;
  for (double& value : x) {
    const auto steps = static_cast<std::uint64_t>(uniform(generator) * 0x1p40);
    sum += steps;
    value = static_cast<double>(steps) * 0x1p-40;
  }
  const double expected = static_cast<double>(sum) * 0x1p-40;
  check_one<double>("ReduceSum", x, {expected});
  check_one<double>("ReduceMean", x, {expected * 0x1p-20});
  // 0.1 is rounded alike at every step of a chain.
  std::fill(x.begin(), x.end(), 0.1);
  check_one<double>("ReduceSum", x, {0.1 * 0x1p20});
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
  for (const char* op : {"ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp"}) {
    node(op, {2, 3}).expect_no_elements().infer_only();
    node(op, {"n"}).expect_no_elements().infer_only();
  }
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
