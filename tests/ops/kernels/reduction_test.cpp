#include "ops/kernels/reduction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kNan;
using test::on_every_isa;
using test::random_floats;

constexpr ReduceKind kKinds[] = {ReduceKind::kSum,     ReduceKind::kSumOfMagnitudes, ReduceKind::kSumOfSquares,
                                 ReduceKind::kProduct, ReduceKind::kMaximum,         ReduceKind::kMinimum};

double start_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kProduct:
      return 1;
    case ReduceKind::kMaximum:
      return -std::numeric_limits<double>::infinity();
    case ReduceKind::kMinimum:
      return std::numeric_limits<double>::infinity();
    default:
      return 0;
  }
}

double joined(ReduceKind kind, double a, double b) {
  switch (kind) {
    case ReduceKind::kProduct:
      return a * b;
    case ReduceKind::kMaximum:
      return std::isnan(a) || a > b ? a : b;
    case ReduceKind::kMinimum:
      return std::isnan(a) || a < b ? a : b;
    default:
      return a + b;
  }
}

double term(ReduceKind kind, float x) {
  const auto wide = static_cast<double>(x);
  if (kind == ReduceKind::kSumOfMagnitudes) return std::fabs(wide);
  return kind == ReduceKind::kSumOfSquares ? wide * wide : wide;
}

// Sixteen partial results and a tree, in plain doubles.
double in_the_promised_order(ReduceKind kind, const std::vector<float>& x) {
  double partial[16];
  for (double& value : partial) value = start_of(kind);
  for (std::size_t i = 0; i < x.size(); ++i) partial[i % 16] = joined(kind, partial[i % 16], term(kind, x[i]));
  for (std::size_t width = 8; width != 0; width /= 2) {
    for (std::size_t k = 0; k < width; ++k) partial[k] = joined(kind, partial[k], partial[k + width]);
  }
  return partial[0];
}

TEST(ReduceRow, EveryBitIsTheSameOnEveryInstructionSet) {
  for (const ReduceKind kind : kKinds) {
    for (std::size_t count = 0; count <= 100; ++count) {
      const float deviation = kind == ReduceKind::kProduct ? 0.3f : 1e6f;
      const std::vector<float> x = random_floats(count, 1.0f, deviation, static_cast<unsigned>(count));
      const double expected = in_the_promised_order(kind, x);
      on_every_isa([&] {
        Guarded from(x);
        EXPECT_EQ(reduce_row(kind, from.data(), count), expected) << static_cast<int>(kind) << ' ' << count;
      });
    }
  }
}

TEST(ReduceRow, RowsThatFollowEachOtherAreReducedOneByOne) {
  constexpr std::size_t kRows = 5;
  for (const ReduceKind kind : kKinds) {
    for (const std::size_t count : {0U, 1U, 49U, 70U}) {
      const std::vector<float> x = random_floats(kRows * count, 1.0f, 0.3f, 3);
      on_every_isa([&] {
        std::vector<double> results(kRows, 7.0);
        reduce_rows(kind, x.data(), results.data(), kRows, count);
        for (std::size_t row = 0; row < kRows; ++row) {
          EXPECT_EQ(results[row], reduce_row(kind, x.data() + row * count, count)) << row;
        }
      });
    }
  }
}

TEST(ReduceRow, LongRowsKeepEveryDigitOfAFloat) {
  std::vector<float> x(std::size_t{1} << 20);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
  long double sum = 0;
  for (float& value : x) sum += value = uniform(generator);
  const auto expected = static_cast<float>(sum);
  on_every_isa([&] { EXPECT_EQ(static_cast<float>(reduce_row(ReduceKind::kSum, x.data(), x.size())), expected); });
}

TEST(ReduceRow, CancellationAndSpecialValues) {
  on_every_isa([] {
    const auto sum = [](const std::vector<float>& x) { return reduce_row(ReduceKind::kSum, x.data(), x.size()); };
    EXPECT_EQ(sum({}), 0.0);
    EXPECT_EQ(sum({kLargest, kLargest, -kLargest, -kLargest}), 0.0);
    EXPECT_EQ(sum({1e8f, 1.0f, -1e8f}), 1.0);
    EXPECT_EQ(sum({1.0f, kInfinity}), static_cast<double>(kInfinity));
    EXPECT_TRUE(std::isnan(sum({kInfinity, -kInfinity})));
  });
}

// Rows of every length with what can be mistaken: zeros of both signs, infinities that cancel, NaN.
TEST(ReduceRow, ExtremesOfSpecialValues) {
  const std::vector<std::vector<float>> kinds_of_rows = {
      {0.0f, -0.0f},           {-0.0f},           {-1.0f, -0.0f, 0.0f},        {1.0f, 0.0f, -0.0f},
      {kInfinity, -kInfinity}, {-kInfinity},      {kLargest, -kLargest, 1.0f}, {kLargest, kLargest, 2.0f},
      {-3.0f, -2.0f, -5.0f},   {1.0f, kNan, 2.0f}};
  std::mt19937 generator(1);
  for (const std::vector<float>& values : kinds_of_rows) {
    std::uniform_int_distribution<std::size_t> any(0, values.size() - 1);
    for (std::size_t count = 1; count <= 300; count += count < 80 ? 1 : 7) {
      std::vector<float> x(count);
      for (float& value : x) value = values[any(generator)];
      for (const ReduceKind kind : {ReduceKind::kMaximum, ReduceKind::kMinimum}) {
        const double expected = in_the_promised_order(kind, x);
        on_every_isa([&] {
          Guarded from(x);
          const double result = reduce_row(kind, from.data(), count);
          if (std::isnan(expected)) {
            EXPECT_TRUE(std::isnan(result)) << count;
          } else {
            EXPECT_EQ(result, expected) << count;
            EXPECT_EQ(std::signbit(result), std::signbit(expected)) << count;
          }
        });
      }
    }
  }
}

bool comes_first(bool smallest, float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  return smallest ? a < b : a > b;
}

TEST(FindExtremeRows, FirstOfEveryColumn) {
  const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, 2.5f, kInfinity, -kInfinity, kNan};
  constexpr std::size_t kStride = 75;
  std::mt19937 generator(1);
  for (const std::size_t most : {3U, 5U, 8U}) {  // few values, so that many are equal; at last NaN
    std::uniform_int_distribution<std::size_t> any(0, most - 1);
    for (const std::size_t rows : {1U, 2U, 7U, 40U}) {
      std::vector<float> x(rows * kStride);
      for (float& value : x) value = values[any(generator)];
      for (std::size_t count = 1; count <= kStride; ++count) {
        for (const bool smallest : {false, true}) {
          for (const bool backwards : {false, true}) {
            const auto at = [&](std::size_t row, std::size_t i) {
              return x[(backwards ? rows - 1 - row : row) * kStride + i];
            };
            std::vector<std::uint32_t> expected(count + 1, 0);
            for (std::size_t i = 0; i < count; ++i) {
              for (std::size_t row = 1; row < rows; ++row) {
                if (comes_first(smallest, at(row, i), at(expected[i], i)))
                  expected[i] = static_cast<std::uint32_t>(row);
              }
            }
            expected[count] = 99;  // stays
            const auto stride = static_cast<std::ptrdiff_t>(kStride);
            on_every_isa([&] {
              std::vector<std::uint32_t> found(count + 1, 99);
              find_extreme_rows(smallest, x.data() + (backwards ? (rows - 1) * kStride : 0), found.data(), rows, count,
                                backwards ? -stride : stride);
              ASSERT_EQ(found, expected) << rows << ' ' << count;
            });
          }
        }
      }
    }
  }
}

// In each place of a row, and of two rows of columns.
TEST(Reduce, NanStaysNan) {
  on_every_isa([] {
    for (const ReduceKind kind : kKinds) {
      for (std::size_t place = 0; place < 40; ++place) {
        std::vector<float> x(40, 1.0f);
        x[place] = kNan;
        EXPECT_TRUE(std::isnan(reduce_row(kind, x.data(), x.size()))) << static_cast<int>(kind) << ' ' << place;
        std::vector<double> columns(20);
        reduce_columns(kind, x.data(), columns.data(), 2, 20, 20);
        for (std::size_t i = 0; i < 20; ++i) {
          EXPECT_EQ(std::isnan(columns[i]), i == place % 20) << static_cast<int>(kind) << ' ' << place << ' ' << i;
        }
      }
    }
  });
}

TEST(ReduceColumns, ReducesInTheOrderOfTheRows) {
  constexpr double kCanary = 12345.0;
  on_every_isa([&] {
    for (const ReduceKind kind : kKinds) {
      for (const std::size_t rows : {0u, 1u, 2u, 37u}) {
        for (std::size_t count = 0; count <= 140; count += count < 40 ? 1 : 7) {
          const std::size_t stride = count + 3;
          const float deviation = kind == ReduceKind::kProduct ? 0.3f : 100.0f;
          const std::vector<float> values = random_floats(rows * stride, 1.0f, deviation, 5);
          Guarded x(values);
          std::vector<double> results(count + 1, kCanary);
          reduce_columns(kind, x.data(), results.data(), rows, count, stride);
          ASSERT_EQ(results[count], kCanary) << "written past " << count;
          for (std::size_t i = 0; i < count; ++i) {
            double expected = start_of(kind);
            for (std::size_t row = 0; row < rows; ++row) {
              expected = joined(kind, expected, term(kind, values[row * stride + i]));
            }
            ASSERT_EQ(results[i], expected) << static_cast<int>(kind) << ' ' << rows << " x " << count << ", " << i;
          }
        }
      }
    }
  });
}

TEST(Accumulate, AddsInDoubleAndRoundsOnce) {
  for (std::size_t count = 0; count < 140; ++count) {
    std::vector<float> x = random_floats(count, 1e8f, 1e8f, static_cast<unsigned>(count));
    if (count > 2) x[count - 1] = kNan;
    if (count > 3) x[count - 2] = kInfinity;
    on_every_isa([&] {
      // Two rows, from the first to the last and back.
      for (const bool backwards : {false, true}) {
        const std::size_t stride = count + 3;
        std::vector<float> rows(2 * stride, 7.0f), y(2 * stride, -1.0f);
        std::copy(x.begin(), x.end(), rows.begin());
        std::copy(x.rbegin(), x.rend(), rows.begin() + static_cast<std::ptrdiff_t>(stride));
        Guarded from(rows);
        std::vector<double> totals(count + 1, 0.125);
        const std::size_t first = backwards ? stride : 0;
        const auto step = static_cast<std::ptrdiff_t>(stride);
        accumulate(from.data() + first, totals.data(), y.data() + first, 2, count, backwards ? -step : step);
        for (std::size_t i = 0; i < count; ++i) {
          double expected = 0.125;
          for (const std::size_t row : {first, stride - first}) {
            expected += static_cast<double>(rows[row + i]);
            const float made = y[row + i];
            EXPECT_TRUE(std::isnan(expected) ? std::isnan(made) : made == static_cast<float>(expected))
                << i << " of " << count;
          }
          EXPECT_TRUE(std::isnan(expected) ? std::isnan(totals[i]) : totals[i] == expected) << i << " of " << count;
        }
        EXPECT_EQ(totals[count], 0.125) << "written past the end";
        for (std::size_t i = count; i < stride; ++i) {
          EXPECT_EQ(y[i], -1) << "written past the end";
          EXPECT_EQ(y[stride + i], -1) << "written past the end";
        }
      }
    });
  }
}

TEST(SumExponentials, LiesWithinItsBoundAndIsTheSameOnEveryInstructionSet) {
  const ExponentialSum none = sum_exponentials(nullptr, 1.0, 0);
  EXPECT_EQ(none.equal, 0);
  EXPECT_EQ(none.others, 0);
  for (std::size_t count = 1; count <= 100; ++count) {
    std::vector<float> x = random_floats(count, -5.0f, 20.0f, static_cast<unsigned>(count));
    const float maximum = *std::max_element(x.begin(), x.end());
    x[count / 2] = maximum;
    if (count > 3) x[1] = -kInfinity;
    long double expected = 0;
    double equal = 0;
    for (const float value : x) {
      equal += value == maximum;
      if (value != maximum) expected += std::exp(static_cast<long double>(value) - maximum);
    }
    ExponentialSum first;
    std::vector<double> maxima(3, maximum);
    std::vector<float> columns(3 * count);
    for (std::size_t i = 0; i < 3 * count; ++i) columns[i] = x[i / 3];
    on_every_isa([&] {
      Guarded from(x);
      const ExponentialSum sums = sum_exponentials(from.data(), maximum, count);
      EXPECT_EQ(sums.equal, equal);
      EXPECT_NEAR(sums.others, static_cast<double>(expected), 1e-14 * static_cast<double>(expected)) << count;
      if (best_target_name() == supported_targets().front()) first = sums;
      EXPECT_EQ(sums.others, first.others);
      // Each column is the row in its order.
      std::vector<ExponentialSum> results(4, {-1, -1});
      sum_exponentials_of_columns(columns.data(), maxima.data(), results.data(), count, 3, 3);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(results[i].equal, equal);
        EXPECT_NEAR(results[i].others, static_cast<double>(expected), 1e-14 * static_cast<double>(expected)) << count;
      }
      EXPECT_EQ(results[3].equal, -1) << "written past the end";
    });
  }
}

TEST(JoinReduced, JoinsTwoHalves) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(join_reduced(ReduceKind::kSum, 2.0, 3.0), 5);
  EXPECT_EQ(join_reduced(ReduceKind::kSumOfSquares, 2.0, 3.0), 5);
  EXPECT_EQ(join_reduced(ReduceKind::kProduct, 2.0, 3.0), 6);
  EXPECT_EQ(join_reduced(ReduceKind::kProduct, 2.0L, 3.0L), 6);
  EXPECT_EQ(join_reduced(ReduceKind::kMaximum, 2.0, 3.0), 3);
  EXPECT_EQ(join_reduced(ReduceKind::kMinimum, 2.0, 3.0), 2);
  for (const ReduceKind kind : kKinds) {
    EXPECT_TRUE(std::isnan(join_reduced(kind, nan, 1))) << static_cast<int>(kind);
    EXPECT_TRUE(std::isnan(join_reduced(kind, 1, nan))) << static_cast<int>(kind);
  }
  for (const ReduceKind kind : kKinds) {
    const std::vector<double> first = {2, -1, 5, 0}, second = {3, -4, 0.5, 7};
    std::vector<double> several = first;
    join_reduced(kind, several.data(), second.data(), 3);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(several[i], join_reduced(kind, first[i], second[i]));
    EXPECT_EQ(several[3], 0);
  }
}

}  // namespace
}  // namespace linnet::kernels
