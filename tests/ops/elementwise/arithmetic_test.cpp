#include "ops/elementwise/arithmetic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace linnet::internal {
namespace {

template <typename T>
T of(Arithmetic op, T a, T b) {
  T c;
  arithmetic_line(op, data_type_of<T>())(&a, &b, 1, &c);
  return c;
}

template <typename T>
void expect_wrapping() {
  const T lowest = std::numeric_limits<T>::lowest();
  const T highest = std::numeric_limits<T>::max();
  EXPECT_EQ(of<T>(Arithmetic::kAdd, highest, 1), lowest);
  EXPECT_EQ(of<T>(Arithmetic::kSub, lowest, 1), highest);
  EXPECT_EQ(of<T>(Arithmetic::kMul, highest, highest), T{1});
  EXPECT_EQ(of<T>(Arithmetic::kMul, highest, 2), static_cast<T>(-2));
  EXPECT_EQ(of<T>(Arithmetic::kDiv, lowest, static_cast<T>(-1)), lowest);
  EXPECT_EQ(of<T>(Arithmetic::kDiv, highest, 0), T{0});
  EXPECT_EQ(of<T>(Arithmetic::kDiv, highest, static_cast<T>(highest - 1)), T{1});
  EXPECT_EQ(of<T>(Arithmetic::kMax, static_cast<T>(highest - 1), highest), highest);
  EXPECT_EQ(of<T>(Arithmetic::kMax, highest, lowest), highest);
  EXPECT_EQ(of<T>(Arithmetic::kMin, static_cast<T>(highest - 1), highest), static_cast<T>(highest - 1));
  EXPECT_EQ(of<T>(Arithmetic::kMin, highest, lowest), lowest);
}

TEST(Arithmetic, WrapsIntegersAround) {
  expect_wrapping<std::int8_t>();
  expect_wrapping<std::int16_t>();
  expect_wrapping<std::int32_t>();
  expect_wrapping<std::int64_t>();
  expect_wrapping<std::uint8_t>();
  expect_wrapping<std::uint16_t>();
  expect_wrapping<std::uint32_t>();
  expect_wrapping<std::uint64_t>();
}

template <typename T>
void expect_floats() {
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  EXPECT_EQ(of<T>(Arithmetic::kAdd, 1, std::numeric_limits<T>::epsilon() / 2), T{1});
  EXPECT_EQ(of<T>(Arithmetic::kSub, 3, 5), T{-2});
  EXPECT_EQ(of<T>(Arithmetic::kMul, 3, 5), T{15});
  EXPECT_EQ(of<T>(Arithmetic::kDiv, 1, 0), std::numeric_limits<T>::infinity());
  for (const Arithmetic op : {Arithmetic::kMax, Arithmetic::kMin}) {
    EXPECT_TRUE(std::isnan(of<T>(op, kNan, 1)));
    EXPECT_TRUE(std::isnan(of<T>(op, 1, kNan)));
    EXPECT_TRUE(std::signbit(of<T>(op, T{0}, -T{0}))) << "the second of equals";
    EXPECT_FALSE(std::signbit(of<T>(op, -T{0}, T{0}))) << "the second of equals";
  }
  EXPECT_EQ(of<T>(Arithmetic::kMax, -1, 2), T{2});
  EXPECT_EQ(of<T>(Arithmetic::kMin, -1, 2), T{-1});
}

TEST(Arithmetic, ComputesFloats) {
  expect_floats<float>();
  expect_floats<double>();
  EXPECT_EQ(computed_type(DataType::kFloat16), DataType::kFloat32);
  EXPECT_EQ(computed_type(DataType::kBfloat16), DataType::kFloat32);
  EXPECT_EQ(computed_type(DataType::kFloat64), DataType::kFloat64);
}

TEST(Arithmetic, MayWriteOverAnOperand) {
  std::int32_t a[300], b[300];
  for (int i = 0; i < 300; ++i) a[i] = b[i] = i;
  arithmetic_line(Arithmetic::kAdd, DataType::kInt32)(a, b, 300, b);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(b[i], 2 * i);
  arithmetic_line(Arithmetic::kSub, DataType::kInt32)(a, b, 300, a);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(a[i], -i);
}

}  // namespace
}  // namespace linnet::internal
