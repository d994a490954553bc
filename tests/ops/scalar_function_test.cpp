// Erf and Pow: operators with a reference implementation only.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Erf, ValuesTailsAndSpecials) {
  OpTest("Erf", 13)
      .input<float>({6}, {0.0F, 0.5F, -1.0F, 10.0F, -kInf, kNan})
      .expect<float>({6}, {0.0F, 0.5204999F, -0.84270079F, 1.0F, -1.0F, kNan})
      .tolerance(ulp(1))
      .run();
}

TEST(Erf, RefusesIntegers) {
  OpTest("Erf", 13).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is int32").run();
}

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

TEST(Pow, IntegerResultsSaturate) {
  OpTest("Pow", 15)
      .input<std::int8_t>({3}, {100, -100, 0})
      .input<std::int8_t>({3}, {3, 3, -1})
      .expect<std::int8_t>({3}, {127, -128, 127})
      .run();
}

}  // namespace
}  // namespace linnet::internal
