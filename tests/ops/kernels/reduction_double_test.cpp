#include "ops/kernels/reduction_double.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr ReduceKind kKinds[] = {ReduceKind::kSum, ReduceKind::kSumOfMagnitudes, ReduceKind::kSumOfSquares,
                                 ReduceKind::kMaximum, ReduceKind::kMinimum};

// Numbers of 20 bits and very different sizes: their sums and those of their squares are exact in long double.
std::vector<double> exact_numbers(std::size_t count) {
  std::mt19937 generator(3);
  std::vector<double> x(count);
  for (double& value : x) {
    const auto steps = static_cast<double>(static_cast<int>(generator() % 2097152u) - 1048576);
    value = std::ldexp(steps, static_cast<int>(generator() % 3) * 4 - 10);
  }
  return x;
}

long double expected(ReduceKind kind, const double* x, std::size_t rows, std::size_t stride) {
  long double sum = 0, largest = -static_cast<long double>(kInf), smallest = static_cast<long double>(kInf);
  for (std::size_t row = 0; row < rows; ++row) {
    const long double value = x[row * stride];
    largest = std::max(largest, value);
    smallest = std::min(smallest, value);
    sum += kind == ReduceKind::kSumOfSquares      ? value * value
           : kind == ReduceKind::kSumOfMagnitudes ? std::fabs(value)
                                                  : value;
  }
  return kind == ReduceKind::kMaximum ? largest : kind == ReduceKind::kMinimum ? smallest : sum;
}

TEST(ReduceDoubles, AreExactWhereSumsAre) {
  const std::vector<double> x = exact_numbers(std::size_t{300} * 40);
  on_every_isa([&] {
    for (const ReduceKind kind : kKinds) {
      for (std::size_t count = 1; count <= 20; ++count) {
        for (const std::size_t stride : {count, count + 1, std::size_t{40}}) {
          for (const std::size_t rows : {0u, 1u, 7u, 8u, 9u, 16u, 17u, 31u, 300u}) {
            std::vector<long double> results(count + 1, 12345);
            reduce_doubles(kind, x.data(), results.data(), rows, count, stride);
            for (std::size_t i = 0; i < count; ++i) {
              ASSERT_EQ(results[i], expected(kind, x.data() + i, rows, stride))
                  << static_cast<int>(kind) << ' ' << rows << ' ' << count << ' ' << stride << ' ' << i;
            }
            ASSERT_EQ(results[count], 12345);
          }
        }
      }
    }
  });
}

TEST(ReduceDoubles, KeepWhatAdditionsRoundAway) {
  for (const std::size_t stride : {std::size_t{1}, std::size_t{9}}) {
    std::vector<double> x(1000 * stride);
    for (std::size_t row = 0; row < 1000; ++row) {
      for (std::size_t i = 0; i < stride; ++i) x[row * stride + i] = row == 0 ? 1e16 : row == 999 ? -1e16 : 0.125;
    }
    on_every_isa([&] {
      std::vector<long double> results(stride);
      reduce_doubles(ReduceKind::kSum, x.data(), results.data(), 1000, stride, stride);
      for (const long double result : results) EXPECT_EQ(result, 998 * 0.125L);
    });
  }
}

struct Special {
  std::vector<double> x;
  ReduceKind kind;
  long double expected;
};

// In rows, and in columns of a vector and of the rest: behind numbers that change nothing.
TEST(ReduceDoubles, ProductsKeepTheirDigits) {
  std::mt19937 generator(5);
  std::uniform_real_distribution<double> factor(0.5, 2.0);
  std::vector<double> even(24 * 9), by_denormals(24 * 9, 1.0), signs(24 * 9, -1.5), overflow(24 * 9, 1.0);
  for (double& value : even) value = factor(generator);
  for (std::size_t i = 0; i < 9; ++i) {  // of each column
    by_denormals[i] = overflow[i] = 1.2345678901234567e-200;
    by_denormals[9 + i] = 1.2345678e-121;
    by_denormals[18 + i] = 1e300;
    overflow[9 + i] = 1e308;
    overflow[18 + i] = 1e90;
  }
  std::vector<double> by_denormals_of_rows(24 * 9, 1.0);  // of each lane of a row
  by_denormals_of_rows[0] = 1.2345678901234567e-200;
  by_denormals_of_rows[8] = 1.2345678e-121;
  by_denormals_of_rows[16] = 1e300;
  on_every_isa([&] {
    for (const std::vector<double>& x : {even, by_denormals, by_denormals_of_rows, signs, overflow}) {
      for (const auto& [rows, stride] : {std::pair<std::size_t, std::size_t>{24, 9}, {216, 1}, {17, 1}, {9, 9}}) {
        long double results[9];
        reduce_doubles(ReduceKind::kProduct, x.data(), results, rows, stride, stride);
        for (std::size_t i = 0; i < stride; ++i) {
          long double product = 1;
          for (std::size_t row = 0; row < rows; ++row) product *= static_cast<long double>(x[row * stride + i]);
          ASSERT_TRUE(std::isnormal(product));
          ASSERT_LT(std::fabs(results[i] / product - 1), 1e-16L) << rows << ' ' << i;
        }
      }
    }
  });
}

TEST(ReduceDoubles, OfSpecialNumbers) {
  const double nan = std::nan("");
  const Special specials[] = {
      {{1e308, 1e308, -1e308, -1e308, 1.5}, ReduceKind::kSum, 1.5L},
      {{kInf, 1}, ReduceKind::kSum, kInf},
      {{kInf, -kInf}, ReduceKind::kSum, nan},
      {{nan, 1}, ReduceKind::kSumOfSquares, nan},
      {{1e200, 1e200}, ReduceKind::kSumOfSquares, static_cast<long double>(1e200) * 1e200 * 2},
      {{1e-200}, ReduceKind::kSumOfSquares, static_cast<long double>(1e-200) * 1e-200},
      {{-kInf, 3}, ReduceKind::kSumOfMagnitudes, kInf},
      {{1, nan, 3}, ReduceKind::kMaximum, nan},
      {{1, nan, -3}, ReduceKind::kMinimum, nan},
      {{-kInf, -7}, ReduceKind::kMaximum, -7},
      {{kInf, 7}, ReduceKind::kMinimum, 7},
  };
  on_every_isa([&] {
    for (const Special& special : specials) {
      const double neutral = special.kind == ReduceKind::kMaximum   ? -kInf
                             : special.kind == ReduceKind::kMinimum ? kInf
                                                                    : 0;
      for (const std::size_t stride : {1u, 3u, 8u, 11u}) {
        constexpr std::size_t kRows = 37;
        std::vector<double> x(kRows * stride, neutral);
        for (std::size_t row = 0; row < special.x.size(); ++row) {
          for (std::size_t i = 0; i < stride; ++i) x[(row * 5 + 3) * stride + i] = special.x[row];
        }
        std::vector<long double> results(stride);
        reduce_doubles(special.kind, x.data(), results.data(), kRows, stride, stride);
        for (const long double result : results) {
          const bool same = std::isnan(special.expected) ? std::isnan(result) : result == special.expected;
          EXPECT_TRUE(same) << result << " is not " << special.expected << " with " << stride;
        }
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
