// Maxima and sums of windows beside plain loops, on every instruction set.
#include "ops/kernels/pooling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::kInfinity;
using test::kNan;
using test::on_every_isa;
using test::random_floats;

float larger(float a, float b) { return std::isnan(a) || (!std::isnan(b) && a >= b) ? a : b; }

struct Case {
  std::size_t depth, height, width;  // of x
  PoolAxis vertical;
  std::size_t pad;
  PoolAxis horizontal;
  std::size_t before;
  std::size_t rows;
};

const Case kCases[] = {
    {1, 1, 40, {1, 1, 1}, 0, {1, 1, 1}, 0, 1}, {1, 6, 40, {3, 1, 1}, 1, {3, 1, 1}, 1, 6},
    {2, 6, 35, {3, 2, 1}, 1, {3, 2, 1}, 1, 3}, {1, 6, 20, {2, 2, 1}, 0, {2, 2, 1}, 0, 3},
    {3, 5, 21, {2, 1, 3}, 0, {3, 1, 4}, 2, 2}, {1, 5, 50, {3, 2, 2}, 2, {4, 2, 1}, 0, 3},
    {1, 5, 50, {3, 2, 2}, 5, {5, 2, 1}, 2, 5}, {0, 5, 20, {2, 1, 1}, 0, {3, 2, 2}, 3, 4},
    {1, 4, 60, {1, 1, 1}, 2, {3, 3, 1}, 0, 8}, {1, 1, 33, {1, 1, 1}, 0, {2, 7, 3}, 6, 1},
    {1, 2, 0, {1, 1, 1}, 0, {3, 1, 1}, 3, 2},  {1, 6, 40, {5, 1, 1}, 2, {5, 1, 1}, 2, 6},
    {1, 3, 30, {5, 1, 1}, 4, {5, 1, 1}, 3, 7}, {1, 9, 12, {3, 1, 1}, 0, {3, 1, 1}, 5, 7},
    {1, 8, 80, {2, 2, 1}, 0, {2, 2, 1}, 0, 4},
};

// Calls check(rows, expected maxima, expected sums) for every case and number of outputs.
template <typename Check>
void for_cases(const Check& check) {
  for (const Case& c : kCases) {
    for (std::size_t count = 1; count < 40; ++count) {
      WindowRows rows{};
      std::vector<float> x = random_floats(c.depth * c.height * c.width, 0.0F, 1.0F, static_cast<unsigned>(count));
      const float special[] = {kNan, -kNan, kInfinity, -kInfinity};
      for (std::size_t i = count % 7; i < x.size(); i += 61) x[i] = special[i % 4];
      rows.x = x.data();
      rows.depth = c.depth;
      rows.depth_stride = c.height * c.width;
      rows.height = c.height;
      rows.row_stride = c.width;
      rows.vertical = c.vertical;
      rows.pad = c.pad;
      rows.before = c.before;
      rows.horizontal = c.horizontal;
      rows.count = count;
      rows.y_stride = count + 1;
      // No more columns than the taps reach.
      rows.width = std::min(c.width, std::max(line_length(rows), c.before) - c.before);
      std::vector<float> maxima(c.rows * rows.y_stride, 7.0F);
      std::vector<double> sums(c.rows * rows.y_stride, 7.0);
      for (std::size_t row = 0; row < c.rows; ++row) {
        for (std::size_t o = 0; o < count; ++o) {
          float most = -kInfinity;
          double sum = 0;
          for (std::size_t tap = 0; tap < c.depth * c.vertical.taps * c.horizontal.taps; ++tap) {
            const std::size_t i = tap / c.horizontal.taps % c.vertical.taps;
            const std::size_t at_row = row * c.vertical.stride + i * c.vertical.dilation - c.pad;
            const std::size_t at = o * c.horizontal.stride + tap % c.horizontal.taps * c.horizontal.dilation - c.before;
            if (at_row >= c.height || at >= rows.width) continue;
            const std::size_t d = tap / c.horizontal.taps / c.vertical.taps;
            const float element = x[d * rows.depth_stride + at_row * c.width + at];
            most = larger(most, element);
            sum += static_cast<double>(element);
          }
          maxima[row * rows.y_stride + o] = most;
          sums[row * rows.y_stride + o] = sum;
        }
      }
      check(rows, maxima, sums);
    }
  }
}

TEST(Pooling, MaximaOfWindows) {
  on_every_isa([] {
    for_cases([](WindowRows rows, const std::vector<float>& expected, const std::vector<double>&) {
      const std::size_t stride = line_length(rows) + kPoolSlack;
      std::vector<float> y(expected.size(), 7.0F), lines(3 * stride);
      rows.y = y.data();
      const std::size_t count = y.size() / rows.y_stride;
      max_of_windows(rows, 0, count / 2, -kInfinity, {lines.data(), 3, stride});
      max_of_windows(rows, count / 2, count, -kInfinity, {lines.data(), 3, stride});
      for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::isnan(expected[i])) {
          EXPECT_TRUE(std::isnan(y[i])) << i;
        } else {
          EXPECT_EQ(y[i], expected[i]) << i;
        }
      }
    });
  });
}

TEST(Pooling, MeansOfWindows) {
  on_every_isa([] {
    for_cases([](WindowRows rows, const std::vector<float>&, const std::vector<double>& expected) {
      std::vector<float> y(expected.size(), 7.0F);
      const std::size_t stride = line_length(rows) + kPoolSlack;
      std::vector<double> lines(2 * stride);
      rows.y = y.data();
      const std::size_t count = y.size() / rows.y_stride;
      std::vector<double> vertical, horizontal(rows.count + kPoolSlack, 1.0);
      for (std::size_t row = 0; row < count; ++row) vertical.push_back(1.0 / static_cast<double>(row + 1));
      for (std::size_t o = 0; o < rows.count; ++o) horizontal[o] = static_cast<double>(o);
      const PoolLines<double> all = {lines.data(), 2, stride};
      mean_of_windows(rows, 0, count / 2, 0.5, vertical.data(), horizontal.data(), all);
      mean_of_windows(rows, count / 2, count, 0.5, vertical.data(), horizontal.data(), all);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t row = i / rows.y_stride, o = i % rows.y_stride;
        const double mean = expected[i] * 0.5 * static_cast<double>(o) / static_cast<double>(row + 1);
        if (o == rows.count) {
          EXPECT_EQ(y[i], 7.0F) << i;
        } else if (std::isinf(mean)) {
          EXPECT_EQ(static_cast<double>(y[i]), mean) << i;
        } else if (std::isnan(mean)) {
          EXPECT_TRUE(std::isnan(y[i])) << i;
        } else {
          EXPECT_NEAR(static_cast<double>(y[i]), mean, 1e-7 * std::fabs(mean) + 1e-12) << i;
        }
      }
    });
  });
}

}  // namespace
}  // namespace linnet::kernels
