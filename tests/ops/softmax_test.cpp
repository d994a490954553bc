#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/ops/softmax_tester.hpp"

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

/// Rows that tasks share.
TEST(Softmax, LongRows) {
  constexpr std::size_t kLength = (std::size_t{1} << 18) + 12345;
  std::vector<float> x(2 * kLength);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) * 0.02F - 10.0F;
  x[200000] = 25.0F;
  OpTest("Softmax", 13)
      .input<float>({2, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .tolerance(ulp(4))
      .tolerance_of("onednn", close(1e-4, 1e-4))  // it sums a row in float
      .run();
}

/// oneDNN loses it.
TEST(Softmax, LongRowsKeepNan) {
  constexpr std::size_t kLength = (std::size_t{1} << 18) + 1;
  std::vector<float> x(kLength, 1.0F);
  x[77] = std::numeric_limits<float>::quiet_NaN();
  OpTest("Softmax", 13)
      .input<float>({1, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .implementation("simd")
      .run();
}

}  // namespace
}  // namespace linnet::internal
