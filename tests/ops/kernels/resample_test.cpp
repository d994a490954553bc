#include "ops/kernels/resample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::kInfinity;
using test::on_every_isa;

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(bits);
  return values;
}

// Of sums of at most `taps` products of numbers below 1: rounded at each step, or once.
double error_of(std::size_t taps) { return static_cast<double>(taps <= kFewTaps ? taps * taps : 2 * taps) * 0x1p-25; }

TEST(WeightedRows, SumsEveryLengthAndNumberOfTaps) {
  on_every_isa([] {
    constexpr std::size_t kStride = 75;
    for (const std::size_t taps : std::vector<std::size_t>{1, 2, 3, 4, 5, 9}) {
      const std::vector<float> weights = random_floats(taps, 1);
      for (std::size_t count = 0; count <= 70; ++count) {
        const std::vector<float> x = random_floats((taps - 1) * kStride + count, 2);
        Guarded from(x);
        Guarded y(count);
        weighted_rows(from.data(), kStride, weights.data(), taps, y.data(), count);
        ASSERT_TRUE(y.intact()) << count;
        for (std::size_t i = 0; i < count; ++i) {
          double sum = 0;
          for (std::size_t tap = 0; tap < taps; ++tap) {
            sum += static_cast<double>(weights[tap]) * static_cast<double>(x[tap * kStride + i]);
          }
          ASSERT_NEAR(static_cast<double>(y.values()[i]), sum, error_of(taps))
              << taps << " taps, " << i << " of " << count;
        }
      }
    }
  });
}

TEST(WeightedElements, SumsEveryLengthAndNumberOfTaps) {
  on_every_isa([] {
    constexpr std::size_t kStride = 3, kSize = 100;
    for (const std::size_t taps : std::vector<std::size_t>{1, 2, 4, 7}) {
      for (std::size_t count = 1; count <= 50; ++count) {
        const std::size_t line = (count + kTablePadding - 1) / kTablePadding * kTablePadding;
        const std::vector<float> x = random_floats(kSize, 2);
        const std::vector<float> weights = random_floats(line * taps, 3);
        std::vector<std::int32_t> first(line);
        for (std::size_t i = 0; i < count; ++i) first[i] = static_cast<std::int32_t>(i * 7 % (kSize - kStride * taps));
        Guarded from(x);
        Guarded y(count);
        weighted_elements(from.data(), {first.data(), 0, kStride}, weights.data(), line, taps, y.data(), count);
        ASSERT_TRUE(y.intact()) << count;
        for (std::size_t i = 0; i < count; ++i) {
          double sum = 0;
          for (std::size_t tap = 0; tap < taps; ++tap) {
            const float element = x[static_cast<std::size_t>(first[i]) + tap * kStride];
            sum += static_cast<double>(weights[tap * line + i]) * static_cast<double>(element);
          }
          ASSERT_NEAR(static_cast<double>(y.values()[i]), sum, error_of(taps))
              << taps << " taps, " << i << " of " << count;
        }
      }
    }
  });
}

TEST(WeightedElements, TakesAPlaceForEveryTap) {
  on_every_isa([] {
    constexpr std::size_t kCount = 21, kLine = 2 * kTablePadding, kTaps = 3;
    const std::vector<float> x = random_floats(50, 2);
    const std::vector<float> weights = random_floats(kTaps * kLine, 3);
    std::vector<std::int32_t> places(kTaps * kLine);
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int32_t>(i * 31 % x.size());
    Guarded y(kCount);
    weighted_elements(x.data(), {places.data(), kLine, 0}, weights.data(), kLine, kTaps, y.data(), kCount);
    ASSERT_TRUE(y.intact());
    for (std::size_t i = 0; i < kCount; ++i) {
      double sum = 0;
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const std::size_t at = tap * kLine + i;
        sum += static_cast<double>(weights[at]) * static_cast<double>(x[static_cast<std::size_t>(places[at])]);
      }
      ASSERT_NEAR(static_cast<double>(y.values()[i]), sum, error_of(kTaps)) << i;
    }
  });
}

TEST(WeightedPixels, GivesTheBitsOfWeightedElements) {
  on_every_isa([] {
    constexpr std::size_t kPoints = 5, kLine = kTablePadding, kPixels = 11;
    for (const std::size_t taps : std::vector<std::size_t>{1, 4, 16}) {
      for (const std::size_t channels : std::vector<std::size_t>{1, 3, 15, 16, 17, 40}) {
        const std::vector<float> x = random_floats(kPixels * channels, 2);
        std::vector<float> planes(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) planes[i % channels * kPixels + i / channels] = x[i];
        std::vector<float> weights = random_floats(taps * kLine, 3);
        std::vector<std::int32_t> pixels(taps * kLine);
        for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::int32_t>(i * 31 % kPixels);
        weights[1] = 0;
        for (const std::size_t first : {std::size_t{0}, channels / 2}) {
          const std::size_t count = channels - first;
          Guarded y(kPoints * count);
          weighted_pixels({x.data(), channels, pixels.data(), weights.data(), kLine, taps}, kPoints, first, y.data(),
                          count);
          ASSERT_TRUE(y.intact());
          for (std::size_t i = 0; i < count; ++i) {
            float expected[kPoints];
            weighted_elements(planes.data() + (first + i) * kPixels, {pixels.data(), kLine, 0}, weights.data(), kLine,
                              taps, expected, kPoints);
            for (std::size_t point = 0; point < kPoints; ++point)
              ASSERT_EQ(y.data()[point * count + i], expected[point]) << taps << " taps, channel " << i;
          }
        }
      }
    }
  });
}

TEST(WeightedPixels, DoesNotReadWhatHasNoWeight) {
  on_every_isa([] {
    const std::vector<float> x = {3, 5};
    const std::vector<std::int32_t> pixels = {1 << 30, 0};
    const std::vector<float> weights = {0, 0.5F};
    std::vector<float> y(2);
    weighted_pixels({x.data(), 2, pixels.data(), weights.data(), 1, 2}, 1, 0, y.data(), 2);
    EXPECT_EQ(y, (std::vector<float>{1.5F, 2.5F}));
  });
}

TEST(WeightedElements, LeavesOutWhatHasNoWeight) {
  on_every_isa([] {
    const std::vector<float> x = {kInfinity, 3};
    std::vector<std::int32_t> first(kTablePadding, 0);
    std::vector<float> weights(2 * kTablePadding, 0.0F);
    weights[kTablePadding] = 0.5F;  // of the second tap
    float y = 0;
    weighted_elements(x.data(), {first.data(), 0, 1}, weights.data(), kTablePadding, 2, &y, 1);
    EXPECT_EQ(y, 1.5F);
  });
}

}  // namespace
}  // namespace linnet::kernels
