#include "runtime/float16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace linnet::internal {
namespace {

/// A 16-bit format by its definition: sign, exponent and fraction put together with ldexp.
double value_of(std::uint32_t bits, int fraction_bits, int exponent_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const auto fraction = static_cast<double>(bits & ((1U << fraction_bits) - 1));
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

struct Format {
  const char* name;
  int fraction_bits;
  int exponent_bits;
  std::uint16_t (*from_float)(float) noexcept;
  std::uint16_t (*from_double)(double) noexcept;
  float (*to_float)(std::uint16_t);

  std::uint32_t infinity() const { return ((1U << exponent_bits) - 1) << fraction_bits; }
  double value(std::uint32_t bits) const { return value_of(bits, fraction_bits, exponent_bits); }
};

const Format kFormats[] = {
    {"float16", 10, 5, float16_bits, float16_bits, [](std::uint16_t bits) { return float16_value(bits); }},
    {"bfloat16", 7, 8, bfloat16_bits, bfloat16_bits,
     [](std::uint16_t bits) {
       Bfloat16 number;
       number.bits = bits;
       return static_cast<float>(number);
     }},
};

class SixteenBits : public ::testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, SixteenBits, ::testing::ValuesIn(kFormats),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(SixteenBits, EveryPatternHasTheValueOfItsDefinition) {
  const Format& format = GetParam();
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = format.to_float(static_cast<std::uint16_t>(bits));
    const double expected = format.value(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(value), expected) << bits;
      ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
    }
  }
}

TEST_P(SixteenBits, EveryPatternComesBack) {
  const Format& format = GetParam();
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = format.to_float(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(format.to_float(format.from_float(value)))) << bits;
      ASSERT_TRUE(std::isnan(format.to_float(format.from_double(static_cast<double>(value))))) << bits;
    } else {
      ASSERT_EQ(format.from_float(value), bits);
      ASSERT_EQ(format.from_double(static_cast<double>(value)), bits);
    }
  }
}

/// Between each two neighbours lie a tie, which goes to the even one, and what is just beside it. The last neighbour is
/// infinity, which stands for the power of two that would follow.
TEST_P(SixteenBits, RoundsToTheNearerNeighbourAndTiesToEven) {
  const Format& format = GetParam();
  for (std::uint32_t low = 0; low < format.infinity(); ++low) {
    const std::uint32_t high = low + 1;
    const double last = format.value(low);
    const double upper = high == format.infinity() ? 2 * last - format.value(low - 1) : format.value(high);
    const double tie = last + (upper - last) / 2;
    const std::uint32_t even = (low & 1) == 0 ? low : high;
    for (const std::uint32_t sign : {0U, 0x8000U}) {
      const double s = sign != 0 ? -1 : 1;
      ASSERT_EQ(format.from_double(s * tie), sign | even) << low;
      ASSERT_EQ(format.from_double(s * std::nextafter(tie, 0)), sign | low) << low;
      ASSERT_EQ(format.from_double(s * std::nextafter(tie, 1e300)), sign | high) << low;
      const auto narrow = static_cast<float>(s * tie);
      if (static_cast<double>(narrow) != s * tie) continue;  // below float's own denormals
      ASSERT_EQ(format.from_float(narrow), sign | even) << low;
      ASSERT_EQ(format.from_float(std::nextafter(narrow, 0.0F)), sign | low) << low;
      ASSERT_EQ(
          format.from_float(std::nextafter(narrow, static_cast<float>(s) * std::numeric_limits<float>::infinity())),
          sign | high)
          << low;
    }
  }
}

TEST_P(SixteenBits, TakesExtremes) {
  const Format& format = GetParam();
  const std::uint32_t infinity = format.infinity();
  EXPECT_EQ(format.from_float(std::numeric_limits<float>::infinity()), infinity);
  EXPECT_EQ(format.from_float(-std::numeric_limits<float>::infinity()), 0x8000U | infinity);
  EXPECT_EQ(format.from_double(1e300), infinity);
  EXPECT_EQ(format.from_double(-1e300), 0x8000U | infinity);
  EXPECT_EQ(format.from_double(1e-300), 0);
  EXPECT_EQ(format.from_double(-1e-300), 0x8000);
  EXPECT_EQ(format.from_double(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(format.from_float(-0.0F), 0x8000);
  EXPECT_EQ(format.from_double(-0.0), 0x8000);
}

TEST_P(SixteenBits, KeepsNanQuiet) {
  const Format& format = GetParam();
  const std::uint32_t quiet = format.infinity() | 1U << (format.fraction_bits - 1);
  // A signalling NaN whose payload lies in the bits that are lost, made as bits since arithmetic would make it quiet.
  const std::uint32_t signalling_bits = 0x7f800001;
  float signalling;
  std::memcpy(&signalling, &signalling_bits, sizeof signalling);
  for (const std::uint32_t found :
       {std::uint32_t{format.from_float(signalling)}, std::uint32_t{format.from_float(std::nanf(""))},
        std::uint32_t{format.from_double(std::nan(""))}}) {
    EXPECT_EQ(found & 0x7fff & quiet, quiet);
  }
}

TEST(Float16, ADoubleIsRoundedOnce) {
  // Rounding to float first would make a tie of it, which goes down.
  const double above_tie = 1 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(Float16(above_tie).bits, 0x3c01);
  EXPECT_EQ(Float16(static_cast<float>(above_tie)).bits, 0x3c00);
  const double below_tie = 1 + 3 * 0x1p-11 - 0x1p-40;
  EXPECT_EQ(Float16(below_tie).bits, 0x3c01);
  EXPECT_EQ(Float16(static_cast<float>(below_tie)).bits, 0x3c02);
}

TEST(Bfloat16, ADoubleIsRoundedOnce) {
  const double above_tie = 1 + 0x1p-8 + 0x1p-40;
  EXPECT_EQ(Bfloat16(above_tie).bits, 0x3f81);
  EXPECT_EQ(Bfloat16(static_cast<float>(above_tie)).bits, 0x3f80);
}

}  // namespace
}  // namespace linnet::internal
