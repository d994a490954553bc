#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

struct Function {
  const char* op;
  int opset;
  double (*formula)(double);
};

double sign(double x) { return std::isnan(x) ? x : static_cast<double>(x > 0) - static_cast<double>(x < 0); }

const Function kFunctions[] = {
    {"Neg", 6, [](double x) { return -x; }},
    {"Abs", 6, [](double x) { return std::fabs(x); }},
    {"Reciprocal", 6, [](double x) { return 1 / x; }},
    {"Sqrt", 6, [](double x) { return std::sqrt(x); }},
    {"Log", 6, [](double x) { return std::log(x); }},
    {"Sin", 7, [](double x) { return std::sin(x); }},
    {"Cos", 7, [](double x) { return std::cos(x); }},
    {"Floor", 6, [](double x) { return std::floor(x); }},
    {"Ceil", 6, [](double x) { return std::ceil(x); }},
    {"Round", 11, [](double x) { return std::nearbyint(x); }},
    {"Sign", 9, sign},
    {"Erf", 9, [](double x) { return std::erf(x); }},
};

TEST(Unary, MatchesItsFormula) {
  for (const Function& function : kFunctions) {
    for (const int opset : {function.opset, 13}) {
      SCOPED_TRACE(function.op);
      const std::string op = function.op;
      const double ulps = op == "Log" || op == "Sin" || op == "Cos" || op == "Erf" ? 1 : 0;
      check_activation({[&] { return OpTest(function.op, std::max(opset, function.opset)); }, function.formula, ulps});
    }
  }
}

TEST(Unary, RoundsFloat64InFull) {
  OpTest("Log", 13)
      .input<double>({2}, {10, 1e-300})
      .expect<double>({2}, {2.302585092994046, -690.7755278982137})
      .tolerance(close(1e-15, 0))
      .run();
  OpTest("Round", 11)
      .input<double>({3}, {4503599627370495.5, -2.5, 0.1})
      .expect<double>({3}, {4503599627370496.0, -2, 0})
      .run();
}

// As the C library rounds, to the sign of zero.
TEST(Unary, WholeNumbersOfFloat64) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Literals<double> x = {0.0,
                        0.3,
                        0.49999999999999994,
                        0.5,
                        0.7,
                        1.0,
                        1.5,
                        2.5,
                        3.0,
                        5e-324,
                        1e-300,
                        4503599627370495.5,
                        4503599627370494.5,
                        4503599627370496.0,
                        4503599627370497.0,
                        1e17,
                        kInfinity};
  for (std::size_t i = x.size(); i-- > 0;) x.push_back(-x[i]);
  const auto count = static_cast<std::int64_t>(x.size());
  const std::pair<const char*, double (*)(double)> functions[] = {
      {"Floor", [](double v) { return std::floor(v); }},
      {"Ceil", [](double v) { return std::ceil(v); }},
      {"Round", [](double v) { return std::nearbyint(v); }}};
  for (const auto& [op, function] : functions) {
    SCOPED_TRACE(op);
    Literals<double> y;
    for (const double v : x) y.push_back(function(v));
    OpTest(op, 13).input(tensor_of<double>({count}, x)).expect(tensor_of<double>({count}, y)).tolerance(exact()).run();
  }
}

template <typename T>
void check_integers(const char* op, const Literals<T>& x, const Literals<T>& y) {
  const Shape shape = {static_cast<std::int64_t>(x.size())};
  OpTest(op, 13).input(tensor_of<T>(shape, x)).expect(tensor_of<T>(shape, y)).run();
}

template <typename T>
void check_signed_integers() {
  constexpr T kLeast = std::numeric_limits<T>::min();
  constexpr T kMost = std::numeric_limits<T>::max();
  check_integers<T>("Neg", {0, 5, kMost, kLeast}, {0, -5, -kMost, kLeast});
  check_integers<T>("Abs", {0, -5, kMost, kLeast}, {0, 5, kMost, kLeast});
  check_integers<T>("Sign", {0, -5, kMost, kLeast}, {0, -1, 1, -1});
}

template <typename T>
void check_unsigned_integers() {
  constexpr T kMost = std::numeric_limits<T>::max();
  check_integers<T>("Abs", {0, kMost}, {0, kMost});
  check_integers<T>("Sign", {0, kMost}, {0, 1});
  OpTest("Neg", 13)
      .input(tensor_of<T>({1}, {1}))
      .expect_error(ErrorCode::kInvalidModel, text("input X is ", data_type_of<T>()))
      .run();
}

TEST(Unary, TakesIntegers) {
  check_signed_integers<std::int8_t>();
  check_signed_integers<std::int16_t>();
  check_signed_integers<std::int32_t>();
  check_signed_integers<std::int64_t>();
  check_unsigned_integers<std::uint8_t>();
  check_unsigned_integers<std::uint16_t>();
  check_unsigned_integers<std::uint32_t>();
  check_unsigned_integers<std::uint64_t>();
}

TEST(Unary, KnowsElementsOfShapes) {
  const auto node = [](const char* op) {
    return OpTest(op, 13)
        .symbolic_input(DataType::kInt64, {5})
        .elements({"n", 3, -4, 0, std::numeric_limits<std::int64_t>::min()})
        .expect_dims(DataType::kInt64, {5});
  };
  node("Neg").expect_elements({"?", -3, 4, 0, "?"}).infer_only();
  node("Abs").expect_elements({"n", 3, 4, 0, "?"}).infer_only();
  node("Sign").expect_elements({"?", 1, -1, 0, -1}).infer_only();
  OpTest("Neg", 13)
      .symbolic_input(DataType::kInt8, {1})
      .elements({-128})
      .expect_dims(DataType::kInt8, {1})
      .expect_elements({"?"})
      .infer_only();
}

TEST(Unary, RefusesOtherTypes) {
  for (const char* op : {"Reciprocal", "Sqrt", "Log", "Sin", "Cos", "Floor", "Ceil", "Round"}) {
    SCOPED_TRACE(op);
    check_activation_type_errors([&] { return OpTest(op, 13); });
  }
  OpTest("Abs", 13).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input X is bool").run();
}

TEST(Erf, ValuesTailsAndSpecials) {
  OpTest("Erf", 13)
      .input<float>({6}, {0.0F, 0.5F, -1.0F, 10.0F, -std::numeric_limits<float>::infinity(), std::nanf("")})
      .expect<float>({6}, {0.0F, 0.5204999F, -0.84270079F, 1.0F, -1.0F, std::nanf("")})
      .tolerance(ulp(1))
      .run();
}

TEST(Erf, RefusesIntegers) {
  OpTest("Erf", 13).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input is int32").run();
}

}  // namespace
}  // namespace linnet::internal
