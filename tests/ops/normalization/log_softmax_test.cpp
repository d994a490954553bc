#include <gtest/gtest.h>

#include "tests/ops/normalization/softmax_tester.hpp"

namespace linnet::internal {
namespace {

TEST(LogSoftmax, MatchesItsFormula) { check_softmax("LogSoftmax", true); }

TEST(LogSoftmax, KeepsTheDigitsOfADominantElement) {
  // log(1 + e^-20 + e^-30), where the sum itself would be 1 in float32.
  OpTest("LogSoftmax", 13)
      .input<float>({3}, {0, -20, -30})
      .expect<float>({3}, {-2.0612472e-9F, -20.000000F, -30.0F})
      .tolerance(ulp(4))
      .implementation("simd")
      .run();
}

TEST(LogSoftmax, HalfTasks) { check_half_tasks("LogSoftmax", true); }

TEST(LogSoftmax, LongRows) { check_long_rows("LogSoftmax"); }

}  // namespace
}  // namespace linnet::internal
