#include "tools/comparison.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace linnet::tools {
namespace {

Tensor floats(const std::vector<float>& values) {
  Tensor tensor = Tensor::of<float>({static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) tensor.data<float>()[i] = values[i];
  return tensor;
}

TEST(Comparison, CountsNanApartFromDifferences) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Tensor actual = floats({1.0F, kNan, kNan, 2.0F});
  const Tensor expected = floats({1.0F, kNan, 3.0F, 2.5F});
  const Comparison comparison = compare(actual.view(), expected.view(), {});
  EXPECT_FALSE(comparison.passed());
  EXPECT_EQ(comparison.not_a_number, 1U);
  EXPECT_EQ(comparison.outside, 2U);
  EXPECT_EQ(describe(comparison),
            "2 elements differ too much, 1 of them NaN on one side only; the first is 2: nan, expected 3; largest "
            "difference 0.5 absolute, 2097152 ULP");
}

}  // namespace
}  // namespace linnet::tools
