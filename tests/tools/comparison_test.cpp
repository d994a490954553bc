#include "tools/comparison.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

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

// Neighbours beyond 2^53 are the same double.
template <typename T>
void expect_exact(T actual_value, T expected_value, const std::string& message) {
  const auto tensor = [](T value) {
    Tensor tensor = Tensor::of<T>({1});
    tensor.template data<T>()[0] = value;
    return tensor;
  };
  const Tensor actual = tensor(actual_value);
  const Tensor expected = tensor(expected_value);
  Tolerance exact;
  exact.rtol = exact.atol = 0.0;
  EXPECT_TRUE(compare(actual.view(), actual.view(), exact).passed());
  const Comparison comparison = compare(actual.view(), expected.view(), exact);
  EXPECT_FALSE(comparison.passed());
  EXPECT_EQ(describe(comparison), message);
}

TEST(Comparison, IntegersOf64BitsAreComparedExactly) {
  expect_exact<std::int64_t>(4052555153018976267, 4052555153018976256,
                             "1 elements differ too much; the first is 0: 4052555153018976267, expected "
                             "4052555153018976256; largest difference 11 absolute, 0 ULP");
  expect_exact<std::int64_t>(INT64_MIN, INT64_MIN + 1,
                             "1 elements differ too much; the first is 0: -9223372036854775808, expected "
                             "-9223372036854775807; largest difference 1 absolute, 0 ULP");
  expect_exact<std::uint64_t>(UINT64_MAX, UINT64_MAX - 1,
                              "1 elements differ too much; the first is 0: 18446744073709551615, expected "
                              "18446744073709551614; largest difference 1 absolute, 0 ULP");
}

}  // namespace
}  // namespace linnet::tools
