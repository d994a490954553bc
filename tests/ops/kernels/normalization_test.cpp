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

using testing::Guarded;
using testing::kInfinity;
using testing::kLargest;
using testing::kNan;
using testing::on_every_isa;
using testing::random_floats;
using testing::ulp_distance;

long double exact_sum(const std::vector<float>& x) {
  long double sum = 0;
  for (const float value : x) sum += value;
  return sum;
}

// Sixteen partial sums and a tree, in plain doubles.
double sum_in_the_promised_order(const std::vector<float>& x) {
  double partial[16] = {};
  for (std::size_t i = 0; i < x.size(); ++i) partial[i % 16] += x[i];
  for (std::size_t width = 8; width != 0; width /= 2) {
    for (std::size_t k = 0; k < width; ++k) partial[k] += partial[k + width];
  }
  return partial[0];
}

TEST(ReduceSum, EveryBitIsTheSameOnEveryInstructionSet) {
  for (std::size_t count = 0; count <= 100; ++count) {
    const std::vector<float> x = random_floats(count, 1.0f, 1e6f, static_cast<unsigned>(count));
    const double expected = sum_in_the_promised_order(x);
    on_every_isa([&] {
      Guarded from(x);
      EXPECT_EQ(reduce_sum(from.data(), count), expected) << count;
    });
  }
}

TEST(ReduceSum, LongRowsKeepEveryDigitOfAFloat) {
  std::vector<float> x(std::size_t{1} << 20);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
  for (float& value : x) value = uniform(generator);
  const float expected = static_cast<float>(exact_sum(x));
  on_every_isa([&] { EXPECT_EQ(static_cast<float>(reduce_sum(x.data(), x.size())), expected); });
}

TEST(ReduceSum, CancellationAndSpecialValues) {
  on_every_isa([] {
    const auto sum = [](const std::vector<float>& x) { return reduce_sum(x.data(), x.size()); };
    EXPECT_EQ(sum({}), 0.0);
    EXPECT_EQ(sum({kLargest, kLargest, -kLargest, -kLargest}), 0.0);
    EXPECT_EQ(sum({1e8f, 1.0f, -1e8f}), 1.0);
    EXPECT_EQ(sum({1.0f, kInfinity}), static_cast<double>(kInfinity));
    EXPECT_TRUE(std::isnan(sum({kInfinity, -kInfinity})));
    EXPECT_TRUE(std::isnan(sum({1.0f, kNan, 2.0f})));
  });
}

TEST(ReduceSumStrided, SumsInTheOrderOfTheAxis) {
  on_every_isa([] {
    for (const std::size_t axis_length : {0u, 1u, 2u, 37u}) {
      for (std::size_t inner = 0; inner <= 140; inner += inner < 40 ? 1 : 7) {
        const std::vector<float> x = random_floats(axis_length * inner, 3.0f, 100.0f, 5);
        Guarded y(inner);
        reduce_sum_strided(x.data(), y.data(), axis_length, inner);
        ASSERT_TRUE(y.intact()) << inner;
        for (std::size_t i = 0; i < inner; ++i) {
          double sum = 0;
          for (std::size_t k = 0; k < axis_length; ++k) sum += x[k * inner + i];
          ASSERT_EQ(y.values()[i], static_cast<float>(sum)) << axis_length << " x " << inner << ", " << i;
        }
      }
    }
  });
}

TEST(ReduceMeanStrided, DividesBeforeItRounds) {
  on_every_isa([] {
    constexpr std::size_t kStride = 90;
    for (const std::size_t axis_length : {1u, 3u, 37u}) {
      const std::vector<float> x = random_floats(axis_length * kStride, 3.0f, 100.0f, 7);
      for (std::size_t count = 0; count <= kStride; ++count) {
        Guarded y(count);
        reduce_mean_strided(x.data(), y.data(), axis_length, count, kStride);
        ASSERT_TRUE(y.intact()) << count;
        for (std::size_t i = 0; i < count; ++i) {
          double sum = 0;
          for (std::size_t k = 0; k < axis_length; ++k) sum += x[k * kStride + i];
          ASSERT_EQ(y.values()[i], static_cast<float>(sum / static_cast<double>(axis_length))) << count << ' ' << i;
        }
      }
    }
    const float nothing = 0;
    float y = 0;
    reduce_mean_strided(&nothing, &y, 0, 1, 1);
    EXPECT_TRUE(std::isnan(y)) << "nothing / 0";
  });
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

}  // namespace
}  // namespace linnet::kernels
