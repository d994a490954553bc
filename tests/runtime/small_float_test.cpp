#include "runtime/small_float.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/small_floats.hpp"

namespace linnet::internal {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

using Power = SmallFloatRounding::Power;
constexpr SmallFloatRounding kSaturated{};
constexpr SmallFloatRounding kOpen{false};

struct Known {
  DataType type;
  std::uint8_t code;
  double value;
};

/// Source: the tables of https://onnx.ai/onnx/technical/float8.html and float4.html.
const Known kKnown[] = {
    {DataType::kFloat8e4m3fn, 0x00, 0},
    {DataType::kFloat8e4m3fn, 0x01, 0x1p-9},
    {DataType::kFloat8e4m3fn, 0x07, 7 * 0x1p-9},
    {DataType::kFloat8e4m3fn, 0x08, 0x1p-6},
    {DataType::kFloat8e4m3fn, 0x38, 1},
    {DataType::kFloat8e4m3fn, 0x7e, 448},
    {DataType::kFloat8e4m3fn, 0xb9, -1.125},
    {DataType::kFloat8e4m3fnuz, 0x01, 0x1p-10},
    {DataType::kFloat8e4m3fnuz, 0x08, 0x1p-7},
    {DataType::kFloat8e4m3fnuz, 0x40, 1},
    {DataType::kFloat8e4m3fnuz, 0x7f, 240},
    {DataType::kFloat8e4m3fnuz, 0xff, -240},
    {DataType::kFloat8e5m2, 0x01, 0x1p-16},
    {DataType::kFloat8e5m2, 0x04, 0x1p-14},
    {DataType::kFloat8e5m2, 0x3c, 1},
    {DataType::kFloat8e5m2, 0x7b, 57344},
    {DataType::kFloat8e5m2, 0x7c, kInf},
    {DataType::kFloat8e5m2, 0xfc, -kInf},
    {DataType::kFloat8e5m2fnuz, 0x01, 0x1p-17},
    {DataType::kFloat8e5m2fnuz, 0x04, 0x1p-15},
    {DataType::kFloat8e5m2fnuz, 0x40, 1},
    {DataType::kFloat8e5m2fnuz, 0x7f, 57344},
    {DataType::kFloat8e8m0, 0, 0x1p-127},
    {DataType::kFloat8e8m0, 127, 1},
    {DataType::kFloat8e8m0, 254, 0x1p127},
    {DataType::kFloat4e2m1, 1, 0.5},
    {DataType::kFloat4e2m1, 2, 1},
    {DataType::kFloat4e2m1, 3, 1.5},
    {DataType::kFloat4e2m1, 5, 3},
    {DataType::kFloat4e2m1, 7, 6},
    {DataType::kFloat4e2m1, 15, -6},
};

constexpr DataType kSignedSmallFloats[] = {DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                                           DataType::kFloat8e5m2fnuz, DataType::kFloat4e2m1};

TEST(SmallFloat, CodesStandForTheNumbersOfOnnxsTables) {
  for (const Known& known : kKnown) {
    EXPECT_EQ(small_float_value(known.type, known.code), known.value) << name_of(known.type) << " " << +known.code;
    EXPECT_EQ(small_float_code(known.type, known.value, kOpen), known.code) << name_of(known.type) << known.value;
  }
  for (const auto& [type, codes] : {std::pair<DataType, std::vector<int>>{DataType::kFloat8e4m3fn, {0x7f, 0xff}},
                                    {DataType::kFloat8e4m3fnuz, {0x80}},
                                    {DataType::kFloat8e5m2, {0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff}},
                                    {DataType::kFloat8e5m2fnuz, {0x80}},
                                    {DataType::kFloat8e8m0, {0xff}},
                                    {DataType::kFloat4e2m1, {}}}) {
    for (int code = 0; code < 1 << bits_of(type); ++code) {
      const bool is_nan = std::find(codes.begin(), codes.end(), code) != codes.end();
      EXPECT_EQ(std::isnan(small_float_value(type, static_cast<std::uint8_t>(code))), is_nan)
          << name_of(type) << " " << code;
    }
  }
}

TEST(SmallFloat, EveryNumberKeepsItsCode) {
  for (const DataType type : {DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                              DataType::kFloat8e5m2fnuz, DataType::kFloat8e8m0, DataType::kFloat4e2m1}) {
    for (int code = 0; code < 1 << bits_of(type); ++code) {
      const double value = small_float_value(type, static_cast<std::uint8_t>(code));
      if (std::isnan(value)) continue;
      EXPECT_EQ(small_float_code(type, value, kOpen), code) << name_of(type) << " " << value;
    }
  }
}

TEST(SmallFloat, RoundsToNearestEven) {
  for (const DataType type : kSignedSmallFloats) {
    const SmallFloatFormat& format = small_float_format(type);
    for (std::uint8_t code = 0; code < format.largest; ++code) {
      const double low = small_float_value(type, code);
      const double high = small_float_value(type, static_cast<std::uint8_t>(code + 1));
      const double middle = (low + high) / 2;
      const std::uint8_t even = static_cast<std::uint8_t>(code + code % 2);
      EXPECT_EQ(small_float_code(type, middle, kSaturated), even) << name_of(type) << " " << middle;
      EXPECT_EQ(small_float_code(type, std::nextafter(middle, 0), kSaturated), code) << name_of(type) << " " << middle;
      EXPECT_EQ(small_float_code(type, std::nextafter(middle, kInf), kSaturated), code + 1)
          << name_of(type) << " " << middle;
      if (even != 0) {
        EXPECT_EQ(small_float_code(type, -middle, kSaturated), even | format.sign);
      }
    }
  }
}

struct Special {
  DataType type;
  double value;
  int saturated;
  int open;
};

/// Source: the tables of ONNX's Cast, and what ml_dtypes 0.6 makes of these.
TEST(SmallFloat, SpecialValuesAreThoseOfCast) {
  const Special specials[] = {
      {DataType::kFloat8e4m3fn, -0.0, 0x80, 0x80},
      {DataType::kFloat8e4m3fn, kNan, 0x7f, 0x7f},
      {DataType::kFloat8e4m3fn, -kNan, 0xff, 0xff},
      {DataType::kFloat8e4m3fn, kInf, 0x7e, 0x7f},
      {DataType::kFloat8e4m3fn, -kInf, 0xfe, 0xff},
      {DataType::kFloat8e4m3fn, 464, 0x7e, 0x7e},
      {DataType::kFloat8e4m3fn, 464.1, 0x7e, 0x7f},
      {DataType::kFloat8e4m3fn, -465, 0xfe, 0xff},
      {DataType::kFloat8e4m3fn, 1e300, 0x7e, 0x7f},
      {DataType::kFloat8e4m3fn, -1e-300, 0x80, 0x80},

      {DataType::kFloat8e4m3fnuz, -0.0, 0, 0},
      {DataType::kFloat8e4m3fnuz, -1e-30, 0, 0},
      {DataType::kFloat8e4m3fnuz, kNan, 0x80, 0x80},
      {DataType::kFloat8e4m3fnuz, -kNan, 0x80, 0x80},
      {DataType::kFloat8e4m3fnuz, kInf, 0x7f, 0x80},
      {DataType::kFloat8e4m3fnuz, -kInf, 0xff, 0x80},
      {DataType::kFloat8e4m3fnuz, 247.9, 0x7f, 0x7f},
      {DataType::kFloat8e4m3fnuz, 248, 0x7f, 0x80},
      {DataType::kFloat8e4m3fnuz, -248.1, 0xff, 0x80},

      {DataType::kFloat8e5m2, -0.0, 0x80, 0x80},
      {DataType::kFloat8e5m2, kNan, 0x7e, 0x7e},
      {DataType::kFloat8e5m2, -kNan, 0xfe, 0xfe},
      {DataType::kFloat8e5m2, kInf, 0x7b, 0x7c},
      {DataType::kFloat8e5m2, -kInf, 0xfb, 0xfc},
      {DataType::kFloat8e5m2, 61439, 0x7b, 0x7b},
      {DataType::kFloat8e5m2, 61440, 0x7b, 0x7c},
      {DataType::kFloat8e5m2fnuz, -0.0, 0, 0},
      {DataType::kFloat8e5m2fnuz, kNan, 0x80, 0x80},
      {DataType::kFloat8e5m2fnuz, kInf, 0x7f, 0x80},
      {DataType::kFloat8e5m2fnuz, -1e6, 0xff, 0x80},
      {DataType::kFloat8e5m2fnuz, 61439, 0x7f, 0x7f},

      {DataType::kFloat4e2m1, kNan, 8, 8},
      {DataType::kFloat4e2m1, kInf, 7, 7},
      {DataType::kFloat4e2m1, -kInf, 15, 15},
      {DataType::kFloat4e2m1, -0.0, 8, 8},
      {DataType::kFloat4e2m1, 5, 6, 6},
      {DataType::kFloat4e2m1, 5.1, 7, 7},
      {DataType::kFloat4e2m1, 1e6, 7, 7},
      {DataType::kFloat4e2m1, 0.25, 0, 0},
  };
  for (const Special& special : specials) {
    EXPECT_EQ(small_float_code(special.type, special.value, kSaturated), special.saturated)
        << name_of(special.type) << " " << special.value;
    EXPECT_EQ(small_float_code(special.type, special.value, kOpen), special.open)
        << name_of(special.type) << " " << special.value;
  }
}

TEST(SmallFloat, PowersOfTwoRoundAsAsked) {
  const auto code = [](double value, Power power, bool saturate) {
    return int{small_float_code(DataType::kFloat8e8m0, value, {saturate, power})};
  };
  EXPECT_EQ(code(1, Power::kUp, true), 127);
  EXPECT_EQ(code(1.1, Power::kUp, true), 128);
  EXPECT_EQ(code(1.9, Power::kDown, true), 127);
  EXPECT_EQ(code(1.49, Power::kNearest, true), 127);
  EXPECT_EQ(code(1.5, Power::kNearest, true), 128);
  EXPECT_EQ(code(0x1p127, Power::kUp, false), 254);
  EXPECT_EQ(code(1.1 * 0x1p127, Power::kUp, true), 254);
  EXPECT_EQ(code(1.1 * 0x1p127, Power::kUp, false), 255);
  EXPECT_EQ(code(1.1 * 0x1p127, Power::kDown, false), 254);
  EXPECT_EQ(code(1.1 * 0x1p127, Power::kNearest, false), 254);
  EXPECT_EQ(code(1.1 * 0x1p-128, Power::kUp, false), 0);
  EXPECT_EQ(code(1.1 * 0x1p-128, Power::kDown, true), 0);
  EXPECT_EQ(code(1.1 * 0x1p-128, Power::kDown, false), 255);
  for (const Power power : {Power::kUp, Power::kDown, Power::kNearest}) {
    EXPECT_EQ(code(0, power, true), 0);
    EXPECT_EQ(code(0, power, false), 255);
    EXPECT_EQ(code(kInf, power, true), 254);
    EXPECT_EQ(code(kInf, power, false), 255);
    EXPECT_EQ(code(kNan, power, true), 255);
    EXPECT_EQ(code(-1, power, true), 255);
  }
}

TEST(DataTypes, ArraysOfPackedTypesShareBytes) {
  EXPECT_EQ(size_of(DataType::kInt4), 0U);
  EXPECT_EQ(bits_of(DataType::kInt4), 4U);
  EXPECT_EQ(bits_of(DataType::kUint2), 2U);
  EXPECT_EQ(bits_of(DataType::kFloat8e8m0), 8U);
  EXPECT_EQ(bits_of(DataType::kString), 0U);
  EXPECT_EQ(array_bytes(DataType::kInt4, 0), 0U);
  EXPECT_EQ(array_bytes(DataType::kInt4, 5), 3U);
  EXPECT_EQ(array_bytes(DataType::kFloat4e2m1, 6), 3U);
  EXPECT_EQ(array_bytes(DataType::kInt2, 5), 2U);
  EXPECT_EQ(array_bytes(DataType::kFloat32, 5), 20U);
  EXPECT_EQ(array_bytes(DataType::kString, 5), 0U);
}

}  // namespace
}  // namespace linnet::internal
