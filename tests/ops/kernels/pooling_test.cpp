// Maxima and sums of windows beside plain loops, on every instruction set.
#include "ops/kernels/pooling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using testing::on_every_isa;
using testing::random_floats;

float larger(float a, float b) { return std::isnan(a) || (!std::isnan(b) && a >= b) ? a : b; }

void expect_same(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(actual[i])) << i;
    } else {
      EXPECT_EQ(actual[i], expected[i]) << i;
    }
  }
}

std::vector<float> with_nan(std::size_t count, unsigned seed) {
  std::vector<float> x = random_floats(count, 0.0F, 1.0F, seed);
  for (std::size_t i = seed % 7; i < count; i += 31) x[i] = std::numeric_limits<float>::quiet_NaN();
  return x;
}

TEST(Pooling, MaximaOfRows) {
  on_every_isa([] {
    for (const std::size_t rows : {1, 2, 5}) {
      for (std::size_t count = 0; count < 70; ++count) {
        for (const bool joins : {false, true}) {
          const std::size_t stride = count + 3;
          const std::vector<float> x = with_nan(rows * stride, static_cast<unsigned>(count));
          const std::vector<float> before = with_nan(count + 1, 3);
          std::vector<float> expected = before, y = before;
          for (std::size_t i = 0; i < count; ++i) {
            float most = x[i];
            for (std::size_t row = 1; row < rows; ++row) most = larger(most, x[row * stride + i]);
            expected[i] = joins ? larger(before[i], most) : most;
          }
          max_of_rows(x.data(), rows, stride, count, joins, y.data());
          expect_same(y, expected);
        }
      }
    }
  });
}

struct Taps {
  std::size_t taps, stride, dilation;
};

const Taps kTaps[] = {{1, 1, 1}, {3, 1, 1}, {3, 1, 4}, {1, 2, 1}, {2, 2, 1}, {3, 2, 1},
                      {4, 2, 1}, {5, 2, 1}, {3, 2, 2}, {3, 3, 1}, {2, 7, 3}};

TEST(Pooling, MaximaAndSumsOfTaps) {
  on_every_isa([] {
    for (const Taps& t : kTaps) {
      for (std::size_t count = 1; count < 40; ++count) {
        const std::size_t read = (count - 1) * t.stride + (t.taps - 1) * t.dilation + 1;
        const std::vector<float> x = with_nan(read + kPoolSlack, static_cast<unsigned>(count));
        std::vector<double> wide(x.begin(), x.end());
        for (double& element : wide) element = std::isnan(element) ? 0.3 : element;
        std::vector<float> expected(count + 1, 7.0F), y(count + 1, 7.0F);
        std::vector<double> expected_sums, sums(count + kPoolSlack);
        for (std::size_t i = 0; i < count; ++i) {
          float most = x[i * t.stride];
          double sum = wide[i * t.stride];
          for (std::size_t tap = 1; tap < t.taps; ++tap) {
            most = larger(most, x[i * t.stride + tap * t.dilation]);
            sum += wide[i * t.stride + tap * t.dilation];
          }
          expected[i] = most;
          expected_sums.push_back(sum);
        }
        max_of_taps(x.data(), t.taps, t.stride, t.dilation, count, y.data());
        expect_same(y, expected);
        sum_of_taps(wide.data(), t.taps, t.stride, t.dilation, count, sums.data());
        sums.resize(count);
        EXPECT_EQ(sums, expected_sums);
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
