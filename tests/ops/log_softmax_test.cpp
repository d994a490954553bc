#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/ops/softmax_tester.hpp"

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

/// Rows that tasks share.
TEST(LogSoftmax, LongRows) {
  constexpr std::size_t kLength = (std::size_t{1} << 18) + 12345;
  std::vector<float> x(2 * kLength);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) * 0.02F - 10.0F;
  x[200000] = 25.0F;
  OpTest("LogSoftmax", 13)
      .input<float>({2, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .tolerance(ulp(4))
      .tolerance_of("onednn", close(1e-4, 1e-4))  // it sums a row in float
      .run();
}

/// oneDNN loses it.
TEST(LogSoftmax, LongRowsKeepNan) {
  constexpr std::size_t kLength = (std::size_t{1} << 18) + 1;
  std::vector<float> x(kLength, 1.0F);
  x[77] = std::numeric_limits<float>::quiet_NaN();
  OpTest("LogSoftmax", 13)
      .input<float>({1, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .implementation("simd")
      .run();
}

}  // namespace
}  // namespace linnet::internal
