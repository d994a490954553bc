#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Pow, BroadcastsAndKeepsTheTypeOfTheBase) {
  OpTest("Pow", 15)
      .input<float>({2, 2}, {1.0F, 2.0F, 3.0F, -4.0F})
      .input<float>({}, {2.0F})
      .expect<float>({2, 2}, {1.0F, 4.0F, 9.0F, 16.0F})
      .run();
  OpTest("Pow", 15)
      .input<float>({3}, {4.0F, 2.0F, -8.0F})
      .input<float>({3}, {0.5F, 0.0F, 3.0F})
      .expect<float>({3}, {2.0F, 1.0F, -512.0F})
      .run();
  OpTest("Pow", 15)
      .input<std::int32_t>({3}, {2, 3, -2})
      .input<float>({3}, {3.0F, 2.0F, 3.0F})
      .expect<std::int32_t>({3}, {8, 9, -8})
      .run();
}

TEST(Pow, IntegersAreExactAndWrapAround) {
  OpTest("Pow", 15)
      .input<std::int64_t>({6}, {3, 3, -3, 2, 10, INT64_MIN})
      .input<std::int64_t>({6}, {39, 41, 41, 63, 100, 1})
      .expect<std::int64_t>({6},
                            {4052555153018976267, -420491770248316829, 420491770248316829, INT64_MIN, 0, INT64_MIN})
      .run();
  OpTest("Pow", 15)
      .input<std::uint64_t>({3}, {3, 7, 0xFFFFFFFFFFFFFFFFU})
      .input<std::int32_t>({3}, {40, 22, 3})
      .expect<std::uint64_t>({3}, {12157665459056928801U, 3909821048582988049U, 0xFFFFFFFFFFFFFFFFU})
      .run();
  OpTest("Pow", 15)
      .input<std::int8_t>({4}, {100, -100, 3, 0})
      .input<std::int8_t>({4}, {3, 3, 5, 0})
      .expect<std::int8_t>({4}, {64, -64, -13, 1})
      .run();
  OpTest("Pow", 12)
      .input<std::int32_t>({3}, {3, 46341, -7})
      .input<std::uint64_t>({3}, {21, 2, 0xFFFFFFFFFFFFFFFFU})
      .expect<std::int32_t>({3}, {1870418611, -2147479015, 1227133513})
      .run();
}

TEST(Pow, NegativeExponentsOfIntegersCutTheQuotient) {
  OpTest("Pow", 15)
      .input<std::int32_t>({6}, {1, -1, -1, 2, -5, 0})
      .input<std::int64_t>({6}, {-3, -3, INT64_MIN, -1, -2, -1})
      .expect<std::int32_t>({6}, {1, -1, 1, 0, 0, 0})
      .run();
  OpTest("Pow", 15)
      .input<std::uint8_t>({3}, {1, 255, 0})
      .input<std::int8_t>({}, {-1})
      .expect<std::uint8_t>({3}, {1, 0, 0})
      .run();
}

TEST(Pow, IntegersToFloatsAreExactWhereTheExponentIsWhole) {
  OpTest("Pow", 15)
      .input<std::int64_t>({7}, {3, 3, -3, 1, 0, -1, 2})
      .input<float>({7}, {39.0F, 41.0F, 3.0F, -2.0F, -1.0F, 1e30F, 1e30F})
      .expect<std::int64_t>({7}, {4052555153018976267, -420491770248316829, -27, 1, 0, 1, 0})
      .run();
  // Cut towards zero; what is no number is 0, and what is too large the largest.
  OpTest("Pow", 15)
      .input<std::int32_t>({7}, {2, 10, 2, -2, 2, 3, 2147483647})
      .input<double>({7}, {0.5, 2.5, -0.5, 0.5, 31.5, kNan, 1.5})
      .expect<std::int32_t>({7}, {1, 316, 0, 0, 2147483647, 0, 2147483647})
      .run();
  OpTest("Pow", 15)
      .input<std::int32_t>({3}, {3, -2, 1})
      .input<Float16>({3}, {2.0F, 3.0F, kInf})
      .expect<std::int32_t>({3}, {9, -8, 1})
      .run();
}

TEST(Pow, LargeOddExponentsKeepTheSign) {
  OpTest("Pow", 15)
      .input<double>({4}, {-1, -1, -2, -0.0})
      .input<std::int64_t>({4}, {9007199254740993, 9007199254740994, 9007199254740993, -9007199254740993})
      .expect<double>({4}, {-1, 1, -std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
      .run();
  OpTest("Pow", 15)
      .input<float>({2}, {-1, 1})
      .input<std::uint64_t>({}, {0xFFFFFFFFFFFFFFFFU})
      .expect<float>({2}, {-1, 1})
      .run();
}

/// Exponents that have kernels: as std::pow in double, rounded once.
template <typename T>
void check_exponent(double exponent, const std::vector<float>& x) {
  const auto count = static_cast<std::int64_t>(x.size());
  std::vector<float> base, power;
  for (const float value : x) {
    base.push_back(static_cast<float>(static_cast<T>(value)));
    power.push_back(static_cast<float>(static_cast<T>(std::pow(static_cast<double>(base.back()), exponent))));
  }
  OpTest test("Pow", 15);
  test.named(text(data_type_of<T>(), " to ", exponent)).input(tensor_of<T>({count}, base));
  test.input(tensor_of<double>({}, {exponent})).expect(tensor_of<T>({count}, power)).run();
}

TEST(Pow, ExponentsWithKernelsAgreeWithPow) {
  std::vector<float> x = {0.0F, -0.0F, 1.0F, -1.0F, kInf, -kInf, kNan, 1e-30F, -3e38F, 65504.0F, 1e-45F, 3e12F};
  for (int i = 0; i < 3000; ++i) x.push_back(static_cast<float>(std::sin(i) * std::exp2(i % 40 - 20)));
  for (const double exponent : {-1.0, 0.5, 2.0, 3.0}) {
    check_exponent<float>(exponent, x);
    check_exponent<Float16>(exponent, x);
    check_exponent<Bfloat16>(exponent, x);
  }
}

}  // namespace
}  // namespace linnet::internal
