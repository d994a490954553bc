#include "ops/kernels/quantize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::float_of;
using test::kInfinity;
using test::kNan;
using test::on_every_isa;

constexpr QuantizedBytes kTypes[] = {{true, 0.5F, 0},  {true, 0.03F, -128}, {true, -1, 127},
                                     {false, 0.5F, 0}, {false, 0.03F, 128}, {false, 3.0F, 255},
                                     {true, 0, 3},     {false, kNan, 200},  {false, 1e-40F, 7}};

int lowest(const QuantizedBytes& type) { return type.is_signed ? -128 : 0; }

/// The number in its byte.
std::uint8_t byte_of(const QuantizedBytes& type, float x) {
  const float quotient = x / type.scale;
  if (std::isnan(quotient)) return static_cast<std::uint8_t>(lowest(type));
  const double y = std::nearbyint(static_cast<double>(quotient)) + static_cast<double>(type.zero);
  const double low = lowest(type);
  return static_cast<std::uint8_t>(static_cast<int>(std::clamp(y, low, low + 255)));
}

std::vector<float> numbers() {
  std::vector<float> x = {0.0F, -0.0F, kNan, kInfinity, -kInfinity};
  for (int i = -1200; i <= 1200; ++i) x.push_back(static_cast<float>(i) * 0.25F);
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 400009)
    x.push_back(float_of(static_cast<std::uint32_t>(bits)));
  return x;
}

TEST(QuantizeKernel, RoundsDividesAndSaturates) {
  const std::vector<float> x = numbers();
  on_every_isa([&] {
    for (const QuantizedBytes& type : kTypes) {
      std::vector<std::uint8_t> y(x.size());
      quantize(type, x.data(), x.size(), y.data());
      for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(y[i], byte_of(type, x[i])) << x[i] << " / " << type.scale << " + " << type.zero;
    }
  });
}

TEST(DequantizeKernel, GivesEveryNumber) {
  std::vector<std::uint8_t> x(256);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint8_t>(i);
  on_every_isa([&] {
    for (const QuantizedBytes& type : kTypes) {
      std::vector<float> y(x.size());
      dequantize(type, x.data(), x.size(), y.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float number = type.is_signed ? static_cast<float>(static_cast<std::int8_t>(x[i])) : x[i];
        ASSERT_TRUE(test::same(y[i], (number - type.zero) * type.scale)) << i << ' ' << type.scale;
      }
    }
  });
}

TEST(QuantizeKernel, TakesEveryLengthAndNothingBehindIt) {
  const std::vector<float> x = test::random_floats(70, 0, 40, 1);
  const QuantizedBytes type = {true, 0.5F, 3};
  on_every_isa([&] {
    for (std::size_t count = 0; count <= x.size(); ++count) {
      std::vector<std::uint8_t> y(count + 65, 0xAB);
      quantize(type, x.data(), count, y.data() + 1);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(y[i + 1], byte_of(type, x[i])) << count;
      EXPECT_EQ(y.front(), 0xAB);
      EXPECT_TRUE(std::all_of(y.begin() + 1 + static_cast<std::ptrdiff_t>(count), y.end(),
                              [](std::uint8_t byte) { return byte == 0xAB; }));
      test::Guarded back(count);
      dequantize(type, y.data() + 1, count, back.data());
      EXPECT_TRUE(back.intact());
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(back.data()[i], (static_cast<float>(static_cast<std::int8_t>(y[i + 1])) - 3) * 0.5F) << count;
    }
  });
}

TEST(ExtremesKernel, FindsThemAndNanAtEveryPlace) {
  constexpr std::size_t kCount = 150;
  on_every_isa([] {
    for (std::size_t place = 0; place < kCount; ++place) {
      std::vector<float> x = test::random_floats(kCount, 0, 1, 1);
      x[place] = 90;
      x[kCount - 1 - place] = -80;
      const Extremes extremes = find_extremes(x.data(), kCount);
      EXPECT_EQ(extremes.low, -80) << place;
      EXPECT_EQ(extremes.high, 90) << place;
      EXPECT_FALSE(extremes.has_nan) << place;
      x[place] = kNan;
      EXPECT_TRUE(find_extremes(x.data(), kCount).has_nan) << place;
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
