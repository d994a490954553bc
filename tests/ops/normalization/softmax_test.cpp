#include <gtest/gtest.h>

#include "tests/ops/normalization/softmax_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Softmax, MatchesItsFormula) { check_softmax("Softmax", false); }

TEST(Softmax, GivesKnownValues) {
  OpTest("Softmax", 13)
      .input<float>({1, 3}, {1, 2, 3})
      .expect<float>({1, 3}, {0.09003057F, 0.24472847F, 0.66524096F})
      .tolerance(ulp(4))
      .tolerance_of("onednn", close(1e-6, 0))
      .run();
}

TEST(Softmax, FlattensBeforeOpset13) {
  const float quarter = 0.25F;
  OpTest("Softmax", 12)
      .input<float>({1, 2, 2}, {3, 3, 3, 3})
      .expect<float>({1, 2, 2}, {quarter, quarter, quarter, quarter})
      .run();
  OpTest("Softmax", 13).input<float>({1, 2, 2}, {3, 3, 3, 3}).expect<float>({1, 2, 2}, {0.5F, 0.5F, 0.5F, 0.5F}).run();
}

TEST(Softmax, HalfTasks) { check_half_tasks("Softmax", false); }

TEST(Softmax, LongRows) { check_long_rows("Softmax"); }

}  // namespace
}  // namespace linnet::internal
