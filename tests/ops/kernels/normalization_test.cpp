#include "ops/kernels/normalization.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
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
using test::ulp_distance;

long double exact_sum(const std::vector<float>& x) {
  long double sum = 0;
  for (const float value : x) sum += value;
  return sum;
}

struct Expected {
  std::vector<long double> normalized;
  float mean = 0;
  float inv_std_dev = 0;
};

Expected expected_of(const std::vector<float>& x, float epsilon) {
  const long double size = static_cast<long double>(x.size());
  const long double mean = exact_sum(x) / size;
  long double squares = 0;
  for (const float value : x) squares += (value - mean) * (value - mean);
  const long double inv_std_dev = 1 / std::sqrt(squares / size + epsilon);
  Expected expected;
  for (const float value : x) expected.normalized.push_back((value - mean) * inv_std_dev);
  expected.mean = static_cast<float>(mean);
  expected.inv_std_dev = static_cast<float>(inv_std_dev);
  return expected;
}

// Four roundings of the product, and one of the sum.
void expect_close(float y, long double normalized, float scale, float bias, const std::string& what) {
  const long double product = normalized * scale;
  const long double bound = (4 * std::abs(product) + std::abs(product + bias)) * 0x1p-24L;
  EXPECT_LE(std::abs(y - (product + bias)), bound)
      << what << ": " << y << ", not " << static_cast<double>(product + bias);
}

struct Case {
  std::string name;
  std::size_t rows;
  std::size_t columns;
  float mean;
  float deviation;
  float epsilon;
};

std::vector<Case> cases() {
  std::vector<Case> result = {
      {"BERT", 5, 768, 0.1f, 1.0f, 1e-5f},
      {"far from zero", 3, 1000, 1e4f, 1.0f, 1e-5f},
      {"very far from zero", 2, 333, 1e6f, 3.0f, 1e-5f},
      {"tiny", 2, 50, 0.0f, 1e-20f, 1e-5f},
      {"huge", 2, 50, 0.0f, 1e18f, 1e-5f},
      {"epsilon 0", 2, 100, -3.0f, 0.5f, 0.0f},
  };
  for (std::size_t columns = 1; columns <= 70; ++columns) {
    result.push_back({"columns " + std::to_string(columns), 2, columns, 2.0f, 3.0f, 1e-5f});
  }
  return result;
}

void check(const Case& test, bool with_scale, bool with_bias) {
  const std::vector<float> x = random_floats(test.rows * test.columns, test.mean, test.deviation, 3);
  const std::vector<float> scale =
      with_scale ? random_floats(test.columns, 1.0f, 0.5f, 4) : std::vector<float>(test.columns, 1.0f);
  const std::vector<float> bias =
      with_bias ? random_floats(test.columns, 0.0f, 0.5f, 5) : std::vector<float>(test.columns, 0.0f);
  Guarded y(x.size()), in_place(x), mean(test.rows), inv_std_dev(test.rows);
  layer_norm(x.data(), with_scale ? scale.data() : nullptr, with_bias ? bias.data() : nullptr, test.epsilon, y.data(),
             mean.data(), inv_std_dev.data(), test.rows, test.columns);
  layer_norm(in_place.data(), with_scale ? scale.data() : nullptr, with_bias ? bias.data() : nullptr, test.epsilon,
             in_place.data(), nullptr, nullptr, test.rows, test.columns);
  EXPECT_EQ(y.values(), in_place.values()) << test.name;
  EXPECT_TRUE(y.intact() && in_place.intact() && mean.intact() && inv_std_dev.intact()) << test.name;
  for (std::size_t row = 0; row < test.rows; ++row) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row * test.columns);
    const Expected expected = expected_of({begin, begin + static_cast<std::ptrdiff_t>(test.columns)}, test.epsilon);
    EXPECT_LE(ulp_distance(mean.values()[row], expected.mean), 1) << test.name;
    EXPECT_LE(ulp_distance(inv_std_dev.values()[row], expected.inv_std_dev), 1) << test.name;
    for (std::size_t i = 0; i < test.columns; ++i) {
      expect_close(y.values()[row * test.columns + i], expected.normalized[i], scale[i], bias[i], test.name);
    }
  }
}

TEST(LayerNorm, AgreesWithTheFormula) {
  for (const Case& test : cases()) {
    on_every_isa([&] {
      check(test, true, true);
      check(test, true, false);
      check(test, false, true);
      check(test, false, false);
    });
  }
}

void check_rms(const Case& test) {
  const std::vector<float> x = random_floats(test.rows * test.columns, test.mean, test.deviation, 3);
  const std::vector<float> scale = random_floats(test.columns, 1.0f, 0.5f, 4);
  Guarded y(x.size()), in_place(x);
  rms_norm(x.data(), scale.data(), test.epsilon, y.data(), test.rows, test.columns);
  rms_norm(in_place.data(), scale.data(), test.epsilon, in_place.data(), test.rows, test.columns);
  EXPECT_EQ(y.values(), in_place.values()) << test.name;
  EXPECT_TRUE(y.intact() && in_place.intact()) << test.name;
  for (std::size_t row = 0; row < test.rows; ++row) {
    const float* from = &x[row * test.columns];
    long double squares = 0;
    for (std::size_t i = 0; i < test.columns; ++i) squares += static_cast<long double>(from[i]) * from[i];
    const long double root = std::sqrt(squares / static_cast<long double>(test.columns) + test.epsilon);
    for (std::size_t i = 0; i < test.columns; ++i) {
      const auto expected = static_cast<float>(from[i] / root * scale[i]);
      EXPECT_LE(ulp_distance(y.values()[row * test.columns + i], expected), 2) << test.name;
    }
  }
}

TEST(RmsNorm, AgreesWithTheFormula) {
  for (const Case& test : cases()) on_every_isa([&] { check_rms(test); });
}

TEST(LayerNorm, RowsDoNotInfluenceEachOther) {
  constexpr std::size_t kRows = 3, kColumns = 45;
  const std::vector<float> x = random_floats(kRows * kColumns, 1.0f, 2.0f, 6);
  on_every_isa([&] {
    std::vector<float> y(x.size()), alone(kColumns);
    layer_norm(x.data(), nullptr, nullptr, 1e-5f, y.data(), nullptr, nullptr, kRows, kColumns);
    for (std::size_t row = 0; row < kRows; ++row) {
      layer_norm(&x[row * kColumns], nullptr, nullptr, 1e-5f, alone.data(), nullptr, nullptr, 1, kColumns);
      for (std::size_t i = 0; i < kColumns; ++i) EXPECT_EQ(y[row * kColumns + i], alone[i]) << row << ' ' << i;
    }
  });
}

TEST(LayerNorm, ConstantAndSpecialRows) {
  on_every_isa([] {
    const std::vector<float> constant(20, 0.1f);
    std::vector<float> y(20);
    const std::vector<float> bias(20, 0.75f);
    layer_norm(constant.data(), nullptr, bias.data(), 1e-5f, y.data(), nullptr, nullptr, 1, 20);
    for (const float value : y) EXPECT_EQ(value, 0.75f);
    layer_norm(constant.data(), nullptr, nullptr, 0.0f, y.data(), nullptr, nullptr, 1, 1);
    EXPECT_TRUE(std::isnan(y[0])) << "0 * (1 / 0)";
    for (const float special : {kNan, kInfinity, -kInfinity}) {
      std::vector<float> x(20, 1.0f);
      x[18] = special;
      layer_norm(x.data(), nullptr, nullptr, 1e-5f, y.data(), nullptr, nullptr, 1, 20);
      for (const float value : y) EXPECT_TRUE(std::isnan(value)) << special;
    }
  });
}

// What tasks do that share a row.
TEST(LayerNorm, ItsStepsGiveTheSameBits) {
  on_every_isa([] {
    for (const std::size_t count : {1u, 15u, 16u, 70u, 333u}) {
      const std::vector<float> x = random_floats(count, 3.0f, 2.0f, 1);
      const std::vector<float> scale = random_floats(count, 1.0f, 0.5f, 2);
      const std::vector<float> bias = random_floats(count, 0.0f, 0.5f, 3);
      double sum = 0;
      for (const float value : x) sum += value;
      const double mean = sum / static_cast<double>(count);
      double squares = 0;
      for (const float value : x) squares += (value - mean) * (value - mean);
      EXPECT_NEAR(sum_of_squared_distances(x.data(), mean, count), squares, squares * 1e-13 + 1e-13);
      for (const bool scaled : {true, false}) {
        for (const bool biased : {true, false}) {
          const float* scales = scaled ? scale.data() : nullptr;
          const float* biases = biased ? bias.data() : nullptr;
          // A row of its own statistics: those of zeros and ones are exact.
          std::vector<float> row(count);
          for (std::size_t i = 0; i < count; ++i) row[i] = static_cast<float>(i % 2);
          Guarded expected(count), y(count);
          float row_mean = 0;
          float inv_std_dev = 0;
          layer_norm(row.data(), scales, biases, 1.0f, expected.data(), &row_mean, &inv_std_dev, 1, count);
          const std::size_t ones = count / 2;
          const double exact_mean = static_cast<double>(ones) / static_cast<double>(count);
          normalize(row.data(), scales, biases, exact_mean, inv_std_dev, y.data(), count);
          ASSERT_TRUE(y.intact());
          EXPECT_EQ(y.values(), expected.values()) << count;
        }
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
