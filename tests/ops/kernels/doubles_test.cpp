#include "ops/kernels/doubles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();

long double sigmoid(long double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
long double softplus(long double x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }

/// In 64 bits.
long double expected(const Activation& activation, long double x) {
  const long double alpha = activation.alpha, beta = activation.beta;
  switch (activation.kind) {
    case ActivationKind::kSigmoid:
      return sigmoid(x);
    case ActivationKind::kTanh:
      return std::tanh(x);
    case ActivationKind::kElu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case ActivationKind::kSelu:
      return x < 0 ? beta * alpha * std::expm1(x) : beta * x;
    case ActivationKind::kCelu:
      return x < 0 ? alpha * std::expm1(x / alpha) : x;
    case ActivationKind::kSelfGated:
    case ActivationKind::kSwish:
      return x * sigmoid(alpha * x);
    case ActivationKind::kGeluTanh:
      return x * sigmoid(1.59576912160573071176L * (x + 0.044715L * x * x * x));
    case ActivationKind::kExp:
      return std::exp(x);
    case ActivationKind::kSoftplus:
      return softplus(x);
    case ActivationKind::kGelu:
      return x * (0.5L * std::erfc(-x * 0.70710678118654752440084436210485L));
    case ActivationKind::kMish:
      return x * std::tanh(softplus(x));
    default:
      return activation_reference(activation, static_cast<double>(x));
  }
}

/// Of a double at this value, denormal ones included.
long double unit(long double value) {
  const double rounded = std::fabs(static_cast<double>(value));
  return std::nextafter(rounded, kInf) - static_cast<long double>(rounded);
}

/// Numbers of all sizes, and many where functions have a shape; no larger than `largest`.
std::vector<double> numbers(double largest, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> even(-1, 1);
  std::vector<double> x;
  for (int i = 0; i < 20000; ++i) {
    x.push_back(even(generator));
    x.push_back(even(generator) * std::min(20.0, largest));
    x.push_back(even(generator) * largest);
    x.push_back(std::ldexp(even(generator), static_cast<int>(generator() % 1080) - 1074));
  }
  return x;
}

template <class Expected>
long double largest_error(const std::vector<double>& x, const std::vector<double>& y, const Expected& expected_of) {
  long double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double value = expected_of(static_cast<long double>(x[i]));
    if (std::fabs(value) > std::numeric_limits<double>::max()) continue;
    const long double error = std::fabs(y[i] - value) / unit(value);
    if (error > largest) largest = error;
    EXPECT_LT(error, 10.0L) << x[i] << " gives " << y[i] << ", not " << static_cast<double>(value);
    if (error >= 10.0L) break;
  }
  return largest;
}

struct Bound {
  Activation activation;
  double largest;  // argument
  long double units;
};

TEST(Doubles, ActivationsLieCloseToTheTruth) {
  const Bound bounds[] = {
      {{ActivationKind::kExp}, 745, 1.0L},         {{ActivationKind::kSigmoid}, 700, 3.0L},
      {{ActivationKind::kTanh}, 30, 3.0L},         {{ActivationKind::kElu, 1.0F}, 100, 2.0L},
      {{ActivationKind::kElu, 0.3F}, 100, 2.0L},   {{ActivationKind::kSelu, 1.6732632F, 1.0507009F}, 100, 3.0L},
      {{ActivationKind::kCelu, 1.5F}, 100, 3.0L},  {{ActivationKind::kSelfGated, 1.0F}, 700, 4.0L},
      {{ActivationKind::kSwish, 1.7F}, 400, 4.0L}, {{ActivationKind::kSoftplus}, 745, 3.0L},
      {{ActivationKind::kMish}, 700, 5.0L},
  };
  on_every_isa([&] {
    for (const Bound& bound : bounds) {
      const std::vector<double> x = numbers(bound.largest, 1);
      std::vector<double> y(x.size());
      activate_doubles(bound.activation, x.data(), y.data(), x.size());
      const long double error =
          largest_error(x, y, [&](long double value) { return expected(bound.activation, value); });
      EXPECT_LT(error, bound.units) << static_cast<int>(bound.activation.kind);
    }
  });
}

TEST(Doubles, GeluLiesCloseToTheTruth) {
  const std::vector<double> x = numbers(37, 6);  // further down e^-x^2 is denormal
  for (const std::string isa : supported_targets()) {
    if (isa == "sse4" || isa == "scalar") continue;  // what rounding x / sqrt(2) costs is not made up for
    ASSERT_TRUE(set_isa(isa.c_str()));
    std::vector<double> y(x.size());
    activate_doubles({ActivationKind::kGelu}, x.data(), y.data(), x.size());
    const auto of = [](long double value) { return expected({ActivationKind::kGelu}, value); };
    EXPECT_LT(largest_error(x, y, of), 8.0L) << isa;
  }
  ASSERT_TRUE(set_isa("auto"));
}

TEST(Doubles, LogarithmsLieCloseToTheTruth) {
  std::vector<double> x = numbers(1e300, 2);
  for (double& value : x) value = std::fabs(value);
  for (int i = -2000; i < 2000; ++i) x.push_back(1 + i * 0x1p-20);
  on_every_isa([&] {
    std::vector<double> y(x.size());
    unary_doubles(UnaryKind::kLog, x.data(), y.data(), x.size());
    EXPECT_LT(largest_error(x, y, [](long double value) { return std::log(value); }), 1.0L);
  });
}

TEST(Doubles, SimpleFunctionsRoundAsTheReferenceDoes) {
  std::vector<double> x = numbers(1e18, 3);
  for (const double value : {0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, kInf, -kInf, kNotANumber, kLeast, -kLeast, 3.0,
                             -3.0, 6.0, 0x1p52, 0x1p53 - 1}) {
    x.push_back(value);
  }
  on_every_isa([&] {
    for (const UnaryKind kind :
         {UnaryKind::kNeg, UnaryKind::kAbs, UnaryKind::kReciprocal, UnaryKind::kSqrt, UnaryKind::kFloor,
          UnaryKind::kCeil, UnaryKind::kRound, UnaryKind::kSign, UnaryKind::kCube}) {
      std::vector<double> y(x.size());
      unary_doubles(kind, x.data(), y.data(), x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = unary_reference(kind, x[i]);
        ASSERT_TRUE(std::isnan(value) ? std::isnan(y[i]) : y[i] == value && std::signbit(y[i]) == std::signbit(value))
            << static_cast<int>(kind) << " of " << x[i] << " is " << y[i] << ", not " << value;
      }
    }
    for (const Activation& activation :
         {Activation{ActivationKind::kNone}, Activation{ActivationKind::kRelu},
          Activation{ActivationKind::kLeakyRelu, 0.1F}, Activation{ActivationKind::kHardSigmoid, 0.2F, 0.5F},
          Activation{ActivationKind::kClip, -1.0F, 2.0F}, Activation{ActivationKind::kClip, 2.0F, -1.0F},
          Activation{ActivationKind::kHardSwish}}) {
      std::vector<double> y(x.size());
      activate_doubles(activation, x.data(), y.data(), x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = activation_reference(activation, x[i]);
        ASSERT_TRUE(std::isnan(value) ? std::isnan(y[i]) : y[i] == value)
            << static_cast<int>(activation.kind) << " of " << x[i] << " is " << y[i] << ", not " << value;
      }
    }
  });
}

TEST(Doubles, SpecialValues) {
  struct Case {
    Activation activation;
    double x, y;
  };
  const Case cases[] = {
      {{ActivationKind::kExp}, -kInf, 0},
      {{ActivationKind::kExp}, kInf, kInf},
      {{ActivationKind::kExp}, 0, 1},
      {{ActivationKind::kExp}, 709.782712893384, 1.7976931348622732e308},
      {{ActivationKind::kExp}, 709.79, kInf},
      {{ActivationKind::kExp}, -745.13, kLeast},
      {{ActivationKind::kExp}, -745.2, 0},
      {{ActivationKind::kSigmoid}, -kInf, 0},
      {{ActivationKind::kSigmoid}, kInf, 1},
      {{ActivationKind::kSigmoid}, -0.0, 0.5},
      {{ActivationKind::kTanh}, -kInf, -1},
      {{ActivationKind::kTanh}, kInf, 1},
      {{ActivationKind::kTanh}, -0.0, -0.0},
      {{ActivationKind::kTanh}, kLeast, kLeast},
      {{ActivationKind::kElu, 2.0F}, -kInf, -2},
      {{ActivationKind::kElu, 2.0F}, kInf, kInf},
      {{ActivationKind::kElu, 1.0F}, -0.0, -0.0},
      {{ActivationKind::kCelu, -2.0F}, -kInf, -kInf},
      {{ActivationKind::kSoftplus}, -kInf, 0},
      {{ActivationKind::kSoftplus}, kInf, kInf},
      {{ActivationKind::kMish}, kInf, kInf},
      {{ActivationKind::kMish}, -kInf, kNotANumber},
      {{ActivationKind::kSwish, 1.0F}, kInf, kInf},
      {{ActivationKind::kSwish, 1.0F}, -kInf, kNotANumber},
      {{ActivationKind::kSwish, 2.0F}, -1e308, -0.0},
      {{ActivationKind::kGeluTanh}, kInf, kInf},
      {{ActivationKind::kGeluTanh}, -kInf, kNotANumber},
      {{ActivationKind::kHardSwish}, -kInf, kNotANumber},
      {{ActivationKind::kGelu}, -kInf, kNotANumber},
      {{ActivationKind::kGelu}, kInf, kInf},
      {{ActivationKind::kGelu}, -0.0, -0.0},
      {{ActivationKind::kGelu}, 1e300, 1e300},
      {{ActivationKind::kGelu}, -1e300, -0.0},
  };
  on_every_isa([&] {
    for (const Case& one : cases) {
      double y = 7;
      activate_doubles(one.activation, &one.x, &y, 1);
      EXPECT_TRUE(std::isnan(one.y) ? std::isnan(y) : y == one.y && std::signbit(y) == std::signbit(one.y))
          << static_cast<int>(one.activation.kind) << " of " << one.x << " is " << y << ", not " << one.y;
      activate_doubles(one.activation, &kNotANumber, &y, 1);
      EXPECT_TRUE(std::isnan(y)) << static_cast<int>(one.activation.kind);
    }
    for (const auto& [x, expected_y] : {std::pair{0.0, -kInf},
                                        {-0.0, -kInf},
                                        {-1.0, kNotANumber},
                                        {kInf, kInf},
                                        {-kInf, kNotANumber},
                                        {kNotANumber, kNotANumber},
                                        {1.0, 0.0}}) {
      double y = 7;
      unary_doubles(UnaryKind::kLog, &x, &y, 1);
      EXPECT_TRUE(std::isnan(expected_y) ? std::isnan(y) : y == expected_y) << x;
    }
  });
}

TEST(Doubles, TakeRunsOfAnyLengthInPlaceToo) {
  const std::vector<double> x = numbers(10, 5);
  constexpr double kCanary = 12345.678;
  on_every_isa([&] {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<double> y(count + 1, kCanary), in_place(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count));
      activate_doubles({ActivationKind::kTanh}, x.data(), y.data(), count);
      activate_doubles({ActivationKind::kTanh}, in_place.data(), in_place.data(), count);
      EXPECT_EQ(y[count], kCanary);
      for (std::size_t i = 0; i < count; ++i) {
        double alone = 0;  // what one becomes does not depend on its neighbours
        activate_doubles({ActivationKind::kTanh}, &x[i], &alone, 1);
        ASSERT_EQ(y[i], alone);
        ASSERT_EQ(in_place[i], alone);
      }
    }
  });
}

TEST(Doubles, SumsOfExponentials) {
  std::mt19937_64 generator(9);
  std::normal_distribution<double> normal(0, 3);
  on_every_isa([&] {
    for (const std::size_t count : {1u, 2u, 7u, 8u, 9u, 16u, 100u, 1003u}) {
      std::vector<double> x(count), y(count + 1, 7);
      for (double& value : x) value = normal(generator);
      const double maximum = *std::max_element(x.begin(), x.end());
      const long double sum = exponentials_of_doubles(x.data(), y.data(), count, maximum);
      long double expected_sum = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (x[i] != maximum) expected_sum += y[i];
        const long double term = std::exp(static_cast<long double>(x[i] - maximum));
        ASSERT_LT(std::fabs(y[i] - term), unit(term));
      }
      ASSERT_EQ(y[count], 7);
      ASSERT_LE(std::fabs(sum - expected_sum), expected_sum * 0x1p-60L) << count;
    }
    // Beside the 1 of the maximum nothing is lost.
    for (std::size_t at = 0; at < 20; ++at) {
      std::vector<double> x(20, -500.0), y(20);
      x[at] = 0;
      const long double sum = exponentials_of_doubles(x.data(), y.data(), x.size(), 0);
      ASSERT_LT(std::fabs(sum / (19 * std::exp(-500.0L)) - 1), 1e-14L) << at;
    }
    for (const double special : {kNotANumber, kInf}) {
      std::vector<double> x(13, 1.0), y(13);
      x[11] = special;
      const double maximum = special;  // NaN where one is
      ASSERT_TRUE(std::isnan(exponentials_of_doubles(x.data(), y.data(), x.size(), maximum)));
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
