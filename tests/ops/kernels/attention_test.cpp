#include "ops/kernels/attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::on_every_isa;
using test::random_floats;

TEST(DotRows, AgreesWithTheSum) {
  for (const std::size_t depth : {0U, 1U, 3U, 4U, 15U, 16U, 17U, 31U, 33U, 64U, 100U}) {
    for (const std::size_t count : {1U, 3U, 4U, 9U}) {
      constexpr std::size_t kRows = 3, kStride = 120;
      const std::vector<float> a = random_floats(kRows * kStride, 0.0f, 1.0f, 1);
      const std::vector<float> b = random_floats(count * kStride, 0.0f, 1.0f, 2);
      on_every_isa([&] {
        Guarded c(kRows * count);
        dot_rows(kRows, depth, a.data(), kStride, b.data(), kStride, count, c.data(), count);
        EXPECT_TRUE(c.intact());
        for (std::size_t row = 0; row < kRows; ++row) {
          for (std::size_t j = 0; j < count; ++j) {
            double sum = 0, magnitudes = 0;
            for (std::size_t k = 0; k < depth; ++k) {
              const double term = static_cast<double>(a[row * kStride + k]) * static_cast<double>(b[j * kStride + k]);
              sum += term;
              magnitudes += std::abs(term);
            }
            EXPECT_NEAR(c.values()[row * count + j], sum, 20 * 0x1p-24 * magnitudes) << depth << ' ' << row << ' ' << j;
          }
        }
      });
    }
  }
}

TEST(ScaleAndMask, AgreesWithTheFormula) {
  for (std::size_t count = 0; count < 70; ++count) {
    const std::vector<float> x = random_floats(count, 0.0f, 3.0f, 1);
    const std::vector<float> mask = random_floats(count + 1, 0.0f, 3.0f, 2);
    for (const bool divides : {false, true}) {
      for (const int kind : {0, 1, 2}) {
        on_every_isa([&] {
          Guarded y(x);
          const float factor = 0.3f;
          scale_and_mask(y.data(), count, {factor, divides}, kind == 0 ? nullptr : mask.data(), kind == 2 ? 1 : 0);
          EXPECT_TRUE(y.intact());
          for (std::size_t i = 0; i < count; ++i) {
            const double from = x[i], by = factor;
            const double added = kind == 0 ? 0.0 : mask[kind == 2 ? i : 0];
            const double scaled = divides ? from / by : from * by;
            EXPECT_NEAR(y.values()[i], scaled + added, 0x1p-23 * (std::abs(scaled) + std::abs(added)));
          }
        });
      }
    }
  }
}

TEST(SeenColumns, EndWithWhatIsSeen) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr std::size_t kRows = 3;
  for (const std::size_t columns : {1u, 31u, 64u, 100u, 128u}) {
    for (const float hidden : {-inf, -1e38f, -3.4e38f}) {
      for (const float last : {0.0f, -1e37f, nan, inf}) {
        for (std::size_t seen = 0; seen < columns; ++seen) {
          std::vector<float> mask(kRows * columns, hidden);
          for (std::size_t row = 0; row < kRows; ++row) mask[row * columns] = 1;
          mask[columns + seen] = last;
          const bool all_see = seen != 0 || last >= 0;
          const std::size_t whole = std::max<std::size_t>(32, (seen + 16) / 16 * 16);
          const std::size_t expected = all_see ? std::min(columns, whole) : columns;
          on_every_isa([&] { EXPECT_EQ(seen_columns(mask.data(), columns, kRows, columns), expected) << seen; });
        }
      }
    }
  }
}

TEST(ScaleAndMask, KeepsZerosAndInfinities) {
  on_every_isa([] {
    const float inf = std::numeric_limits<float>::infinity();
    std::vector<float> y = {-0.0f, inf, -inf, 1};
    scale_and_mask(y.data(), y.size(), {0.3f, false}, nullptr, 0);
    EXPECT_TRUE(std::signbit(y[0]));
    EXPECT_EQ(y[1], inf);
    EXPECT_EQ(y[2], -inf);
    scale_and_mask(y.data() + 3, 1, {0.3f, false}, &y[2], 0);
    EXPECT_EQ(y[3], -inf);
  });
}

}  // namespace
}  // namespace linnet::kernels
