#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Function {
  const char* op;
  int opset;
  double (*formula)(double);
};

// By other functions of the library where it has the same one.
const Function kFunctions[] = {
    {"Tan", 7, [](double x) { return std::isinf(x) ? std::nan("") : std::sin(x) / std::cos(x); }},
    {"Asin", 7, [](double x) { return std::atan2(x, std::sqrt((1 - x) * (1 + x))); }},
    {"Acos", 7, [](double x) { return std::atan2(std::sqrt((1 - x) * (1 + x)), x); }},
    {"Atan", 7, [](double x) { return std::atan2(x, 1.0); }},
    {"Sinh", 9, [](double x) { return std::fabs(x) < 1 ? std::sinh(x) : (std::exp(x) - std::exp(-x)) / 2; }},
    {"Cosh", 9, [](double x) { return (std::exp(x) + std::exp(-x)) / 2; }},
    {"Asinh", 9,
     [](double x) {
       return std::fabs(x) < 1 ? std::asinh(x) : std::copysign(std::log(std::fabs(x) + std::hypot(x, 1.0)), x);
     }},
    {"Acosh", 9,
     [](double x) { return std::fabs(x) < 2 ? std::acosh(x) : std::log(x + std::sqrt(x - 1) * std::sqrt(x + 1)); }},
    {"Atanh", 9, [](double x) { return std::log1p(2 * x / (1 - x)) / 2; }},
};

template <typename T>
void check(const Function& function, const Tolerance& tolerance) {
  Literals<T> values = {0,     -0.0F, 1e-6F, -1e-6F, 0.3F, -0.5F, 0.9F, 1,     -1,
                        1.25F, -2.5F, 3,     7,      -8,   40,    kInf, -kInf, kNan};
  Literals<T> expected;
  for (const auto value : values) {
    const auto x = static_cast<double>(static_cast<T>(value));
    expected.push_back(static_cast<typename LiteralOf<T>::type>(static_cast<T>(function.formula(x))));
  }
  const auto count = static_cast<std::int64_t>(values.size());
  for (const int opset : {function.opset, 22}) {
    OpTest(function.op, opset)
        .input(tensor_of<T>({2, count / 2}, values))
        .expect(tensor_of<T>({2, count / 2}, expected))
        .tolerance(tolerance)
        .run();
  }
}

TEST(Trigonometry, MatchesItsFormula) {
  for (const Function& function : kFunctions) {
    SCOPED_TRACE(function.op);
    check<float>(function, ulp(1));
    check<double>(function, close(1e-13, 1e-300));
    check<Float16>(function, ulp(1));
    check<Bfloat16>(function, ulp(1));
  }
}

TEST(Trigonometry, KnownValues) {
  const auto value = [](const char* op, double x, double y) {
    OpTest(op, 22).input<double>({}, {x}).expect<double>({}, {y}).tolerance(close(1e-15, 0)).run();
  };
  value("Tan", 1, 1.5574077246549023);
  value("Asin", 0.5, 0.5235987755982989);
  value("Acos", 0.5, 1.0471975511965979);
  value("Atan", 1, 0.7853981633974483);
  value("Sinh", 1, 1.1752011936438014);
  value("Cosh", 1, 1.5430806348152437);
  value("Asinh", 1, 0.881373587019543);
  value("Acosh", 2, 1.3169578969248166);
  value("Atanh", 0.5, 0.5493061443340548);
}

TEST(Trigonometry, TakesAnyShape) {
  for (const Function& function : kFunctions) {
    OpTest(function.op, 22).input<float>({0, 3}, {}).expect<float>({0, 3}, {}).run();
    OpTest(function.op, 22)
        .symbolic_input(DataType::kFloat16, {"n", "?"})
        .expect_dims(DataType::kFloat16, {"n", "?"})
        .infer_only();
    check_activation_type_errors([&] { return OpTest(function.op, 22); });
  }
  const ConstantPtr x = random_tensor(DataType::kFloat32, {3, 9000}, -1, 1, 1);
  Literals<float> expected;
  for (std::int64_t i = 0; i < x->count(); ++i) {
    expected.push_back(static_cast<float>(std::atan2(static_cast<double>(x->as<float>()[i]), 1.0)));
  }
  OpTest("Atan", 7).input(x).expect<float>({3, 9000}, expected).tolerance(ulp(1)).run();
}

}  // namespace
}  // namespace linnet::internal
