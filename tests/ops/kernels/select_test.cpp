#include "ops/kernels/select.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::kInfinity;
using test::kLeastDenormal;
using test::kNan;
using test::on_every_isa;

constexpr float kValues[] = {0.0f, -0.0f, 1.0f, -1.5f, kInfinity, -kInfinity, kNan, kLeastDenormal, 3e-20f};
constexpr std::size_t kLongest = 150;

bool expected(CompareKind kind, float a, float b) {
  switch (kind) {
    case CompareKind::kLess:
      return a < b;
    case CompareKind::kLessOrEqual:
      return a <= b;
    case CompareKind::kEqual:
      return a == b;
  }
  return false;
}

TEST(Compare, EveryPairOfValuesAtEveryPlace) {
  on_every_isa([] {
    for (const CompareKind kind : {CompareKind::kLess, CompareKind::kLessOrEqual, CompareKind::kEqual}) {
      for (std::size_t count = 0; count <= kLongest; ++count) {
        std::vector<float> a(count), b(count);
        for (std::size_t i = 0; i < count; ++i) {
          a[i] = kValues[(i + count) % std::size(kValues)];
          b[i] = kValues[(i + count) / std::size(kValues) % std::size(kValues)];
        }
        std::vector<std::uint8_t> c(count + 1, 77);
        compare(kind, a.data(), b.data(), count, c.data());
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(c[i], expected(kind, a[i], b[i]) ? 1 : 0) << a[i] << ", " << b[i];
        EXPECT_EQ(c[count], 77);
      }
    }
  });
}

TEST(Select, TakesEveryByteButZeroForTrue) {
  on_every_isa([] {
    for (std::size_t count = 0; count <= kLongest; ++count) {
      std::vector<std::uint8_t> condition(count);
      std::vector<std::uint32_t> a(count), b(count), y(count + 1, 5);
      for (std::size_t i = 0; i < count; ++i) {
        condition[i] = static_cast<std::uint8_t>(i % 3 == 0 ? 0 : i + 1);
        a[i] = static_cast<std::uint32_t>(0xFFFFFFFFU - i);
        b[i] = static_cast<std::uint32_t>(i);
      }
      select(condition.data(), a.data(), b.data(), count, y.data());
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(y[i], condition[i] != 0 ? a[i] : b[i]) << i;
      EXPECT_EQ(y[count], 5U);
      const std::vector<std::uint32_t> whole(y.begin(), y.end() - 1);
      for (std::vector<std::uint32_t>* target : {&a, &b}) {  // in place of either
        const std::vector<std::uint32_t> kept = *target;
        select(condition.data(), a.data(), b.data(), count, target->data());
        EXPECT_EQ(*target, whole);
        *target = kept;
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
