#include "ops/kernels/shift_scale.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::kInfinity;
using test::kNan;
using test::on_every_isa;
using test::same;

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> uniform(-4, 4);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(bits);
  return values;
}

// With an fma, or with a product and a sum.
::testing::AssertionResult is_shifted_and_scaled(float y, float x, float mean, float scale, float bias) {
  volatile const float product = (x - mean) * scale;
  if (same(y, std::fma(x - mean, scale, bias)) || same(y, product + bias)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << y << " is not (" << x << " - " << mean << ") * " << scale << " + " << bias;
}

TEST(ShiftScale, AppliesToEveryLength) {
  on_every_isa([] {
    for (std::size_t count = 0; count <= 70; ++count) {
      const std::vector<float> x = random_floats(count, 1);
      Guarded from(x);
      Guarded y(count);
      shift_scale(from.data(), 0.7F, -1.3F, 2.1F, y.data(), count);
      ASSERT_TRUE(y.intact()) << count;
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_TRUE(is_shifted_and_scaled(y.values()[i], x[i], 0.7F, -1.3F, 2.1F)) << i << " of " << count;
      }
      shift_scale(from.data(), 0.7F, -1.3F, 2.1F, from.data(), count);
      ASSERT_TRUE(from.intact()) << count;
      for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(same(from.values()[i], y.values()[i])) << i << ", in place";
    }
  });
}

TEST(ShiftScaleEach, AppliesToEveryLength) {
  on_every_isa([] {
    for (std::size_t count = 0; count <= 70; ++count) {
      const std::vector<float> x = random_floats(count, 1);
      Guarded from(x);
      Guarded mean(random_floats(count, 2));
      Guarded scale(random_floats(count, 3));
      Guarded bias(random_floats(count, 4));
      shift_scale_each(from.data(), mean.data(), scale.data(), bias.data(), from.data(), count);
      ASSERT_TRUE(from.intact()) << count;
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_TRUE(
            is_shifted_and_scaled(from.values()[i], x[i], mean.values()[i], scale.values()[i], bias.values()[i]))
            << i << " of " << count;
      }
    }
  });
}

TEST(ShiftScale, PassesOnNanAndInfinities) {
  on_every_isa([] {
    const float x[] = {kNan, kInfinity, -kInfinity, 1};
    float y[4];
    shift_scale(x, 1, -2, 3, y, 4);
    EXPECT_TRUE(same(y[0], kNan));
    EXPECT_TRUE(same(y[1], -kInfinity));
    EXPECT_TRUE(same(y[2], kInfinity));
    EXPECT_TRUE(same(y[3], 3));
    shift_scale(x, 0, 0, 3, y, 4);
    EXPECT_TRUE(same(y[1], kNan)) << "inf * 0";
    shift_scale(x, 0, 1, kNan, y, 4);
    EXPECT_TRUE(same(y[3], kNan));
  });
}

}  // namespace
}  // namespace linnet::kernels
