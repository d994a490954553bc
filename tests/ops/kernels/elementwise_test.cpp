#include "ops/kernels/elementwise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kLeastDenormal;
using test::kNan;
using test::on_every_isa;
using test::same;

constexpr BinaryKind kKinds[] = {BinaryKind::kAdd, BinaryKind::kSub, BinaryKind::kMul,
                                 BinaryKind::kDiv, BinaryKind::kMin, BinaryKind::kMax};

float expected(BinaryKind kind, float a, float b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    case BinaryKind::kDiv:
      return a / b;
    case BinaryKind::kMin:
      return std::isnan(a) || a < b ? a : b;
    case BinaryKind::kMax:
      return std::isnan(a) || a > b ? a : b;
  }
  return 0;
}

float apply(BinaryKind kind, float a, float b) {
  float y = 0;
  binary(kind, &a, false, &b, false, &y, 1);
  return y;
}

TEST(Binary, EveryPairOfSpecialValues) {
  const float values[] = {0.0f, -0.0f,    1.0f,      -1.5f,          kInfinity, -kInfinity,
                          kNan, kLargest, -kLargest, kLeastDenormal, -1e-39f,   3e-20f};
  on_every_isa([&] {
    for (const BinaryKind kind : kKinds) {
      for (const float a : values) {
        for (const float b : values) {
          EXPECT_TRUE(same(apply(kind, a, b), expected(kind, a, b)))
              << static_cast<int>(kind) << ": " << a << ", " << b;
        }
      }
    }
  });
}

struct Form {
  const char* name;
  bool a_is_scalar;
  bool b_is_scalar;
};
constexpr Form kForms[] = {{"two arrays", false, false},
                           {"number first", true, false},
                           {"number second", false, true},
                           {"two numbers", true, true}};

TEST(Binary, EveryFormAndSize) {
  const std::vector<float> a_values = test::random_floats(70, 1.0f, 3.0f, 1);
  const std::vector<float> b_values = test::random_floats(70, -2.0f, 3.0f, 2);
  on_every_isa([&] {
    for (const BinaryKind kind : kKinds) {
      for (const Form& form : kForms) {
        for (std::size_t count = 0; count <= 70; ++count) {
          const auto length = static_cast<std::ptrdiff_t>(count);
          Guarded a({a_values.begin(), a_values.begin() + (form.a_is_scalar ? 1 : length)});
          Guarded b({b_values.begin(), b_values.begin() + (form.b_is_scalar ? 1 : length)});
          Guarded y(count);
          binary(kind, a.data(), form.a_is_scalar, b.data(), form.b_is_scalar, y.data(), count);
          ASSERT_TRUE(y.intact()) << form.name << ' ' << count;
          for (std::size_t i = 0; i < count; ++i) {
            const float want = expected(kind, a_values[form.a_is_scalar ? 0 : i], b_values[form.b_is_scalar ? 0 : i]);
            ASSERT_TRUE(same(y.values()[i], want)) << form.name << ' ' << count << ' ' << i;
          }
        }
      }
    }
  });
}

TEST(Binary, ResultMayOverwriteEitherOperand) {
  const std::vector<float> a_values = test::random_floats(67, 1.0f, 3.0f, 3);
  const std::vector<float> b_values = test::random_floats(67, -2.0f, 3.0f, 4);
  on_every_isa([&] {
    for (const BinaryKind kind : kKinds) {
      Guarded a(a_values), b(b_values);
      binary(kind, a.data(), false, b.data(), false, a.data(), a_values.size());
      for (std::size_t i = 0; i < a_values.size(); ++i) {
        ASSERT_TRUE(same(a.values()[i], expected(kind, a_values[i], b_values[i]))) << i;
      }
      Guarded again(a_values);
      binary(kind, again.data(), false, b.data(), false, b.data(), a_values.size());
      EXPECT_EQ(a.values(), b.values());
      EXPECT_TRUE(a.intact() && b.intact());
    }
  });
}

TEST(Binary, ScalarOperandMayLieInTheResult) {
  on_every_isa([] {
    std::vector<float> y = test::random_floats(50, 0.0f, 1.0f, 5);
    const std::vector<float> before = y;
    binary(BinaryKind::kSub, y.data(), false, y.data(), true, y.data(), y.size());
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], before[i] - before[0]) << i;
  });
}

}  // namespace
}  // namespace linnet::kernels
