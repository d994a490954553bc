#include "ops/kernels/unary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::bits_of;
using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kLeastDenormal;
using test::kNan;
using test::on_every_isa;
using test::random_floats;
using test::same;
using test::sampled_floats;
using test::ulp_distance;

constexpr UnaryKind kKinds[] = {
    UnaryKind::kNeg,   UnaryKind::kAbs,   UnaryKind::kReciprocal, UnaryKind::kSqrt, UnaryKind::kLog,  UnaryKind::kFloor,
    UnaryKind::kCeil,  UnaryKind::kRound, UnaryKind::kSign,       UnaryKind::kSin,  UnaryKind::kCos,  UnaryKind::kTan,
    UnaryKind::kAsin,  UnaryKind::kAcos,  UnaryKind::kAtan,       UnaryKind::kSinh, UnaryKind::kCosh, UnaryKind::kAsinh,
    UnaryKind::kAcosh, UnaryKind::kAtanh, UnaryKind::kErf,        UnaryKind::kCube};

float expected(UnaryKind kind, float x) { return static_cast<float>(unary_reference(kind, x)); }

float apply(UnaryKind kind, float x) {
  float y = 0;
  unary(kind, &x, &y, 1);
  return y;
}

TEST(Unary, SpecialValues) {
  struct Case {
    UnaryKind kind;
    float x;
    float y;
  };
  const Case cases[] = {
      {UnaryKind::kNeg, 0.0f, -0.0f},
      {UnaryKind::kNeg, -kInfinity, kInfinity},
      {UnaryKind::kAbs, -0.0f, 0.0f},
      {UnaryKind::kAbs, -kLeastDenormal, kLeastDenormal},
      {UnaryKind::kReciprocal, 0.0f, kInfinity},
      {UnaryKind::kReciprocal, -0.0f, -kInfinity},
      {UnaryKind::kReciprocal, -kInfinity, -0.0f},
      {UnaryKind::kSqrt, -0.0f, -0.0f},
      {UnaryKind::kSqrt, -1.0f, kNan},
      {UnaryKind::kSqrt, kInfinity, kInfinity},
      {UnaryKind::kCube, -0.0f, -0.0f},
      {UnaryKind::kCube, -kInfinity, -kInfinity},
      {UnaryKind::kCube, 1e13f, kInfinity},
      {UnaryKind::kLog, 0.0f, -kInfinity},
      {UnaryKind::kLog, -0.0f, -kInfinity},
      {UnaryKind::kLog, -kLeastDenormal, kNan},
      {UnaryKind::kLog, -kInfinity, kNan},
      {UnaryKind::kLog, kInfinity, kInfinity},
      {UnaryKind::kSin, -0.0f, -0.0f},
      {UnaryKind::kSin, -kInfinity, kNan},
      {UnaryKind::kSin, kLeastDenormal, kLeastDenormal},
      {UnaryKind::kSin, 1.57079637f, 1.0f},
      {UnaryKind::kSin, 3.14159274f, -8.74227766e-08f},
      {UnaryKind::kSin, 1e6f, -0.349993502f},
      {UnaryKind::kSin, kLargest, -0.5218765233f},
      {UnaryKind::kCos, 0.0f, 1.0f},
      {UnaryKind::kCos, kInfinity, kNan},
      {UnaryKind::kCos, 1.57079637f, -4.37113883e-08f},
      {UnaryKind::kCos, -3.14159274f, -1.0f},
      {UnaryKind::kCos, kLargest, 0.8530210398f},
      {UnaryKind::kTan, -0.0f, -0.0f},
      {UnaryKind::kTan, kInfinity, kNan},
      {UnaryKind::kTan, 1.57079637f, -22877332.0f},
      {UnaryKind::kTan, 1e6f, -0.373624444f},
      {UnaryKind::kTan, kLargest, -0.611797929f},
      {UnaryKind::kAsin, -0.0f, -0.0f},
      {UnaryKind::kAsin, 1.0f, 1.57079637f},
      {UnaryKind::kAsin, -1.0f, -1.57079637f},
      {UnaryKind::kAsin, 1.00000012f, kNan},
      {UnaryKind::kAsin, -kInfinity, kNan},
      {UnaryKind::kAcos, 1.0f, 0.0f},
      {UnaryKind::kAcos, -1.0f, 3.14159274f},
      {UnaryKind::kAcos, -0.0f, 1.57079637f},
      {UnaryKind::kAcos, -1.00000012f, kNan},
      {UnaryKind::kAcos, kInfinity, kNan},
      {UnaryKind::kAtan, -0.0f, -0.0f},
      {UnaryKind::kAtan, -1.0f, -0.785398185f},
      {UnaryKind::kAtan, kInfinity, 1.57079637f},
      {UnaryKind::kAtan, -kLargest, -1.57079637f},
      {UnaryKind::kAtan, kLeastDenormal, kLeastDenormal},
      {UnaryKind::kSinh, -0.0f, -0.0f},
      {UnaryKind::kSinh, -kLeastDenormal, -kLeastDenormal},
      {UnaryKind::kSinh, -100.0f, -kInfinity},
      {UnaryKind::kSinh, kInfinity, kInfinity},
      {UnaryKind::kCosh, -0.0f, 1.0f},
      {UnaryKind::kCosh, -kInfinity, kInfinity},
      {UnaryKind::kCosh, kLargest, kInfinity},
      {UnaryKind::kAsinh, -0.0f, -0.0f},
      {UnaryKind::kAsinh, -kInfinity, -kInfinity},
      {UnaryKind::kAsinh, kLargest, 89.4159851f},
      {UnaryKind::kAsinh, -kLeastDenormal, -kLeastDenormal},
      {UnaryKind::kAcosh, 1.0f, 0.0f},
      {UnaryKind::kAcosh, 0.99999994f, kNan},
      {UnaryKind::kAcosh, -kInfinity, kNan},
      {UnaryKind::kAcosh, -3.0f, kNan},
      {UnaryKind::kAcosh, kInfinity, kInfinity},
      {UnaryKind::kErf, -0.0f, -0.0f},
      {UnaryKind::kErf, kLeastDenormal, kLeastDenormal},
      {UnaryKind::kErf, -kInfinity, -1.0f},
      {UnaryKind::kErf, kLargest, 1.0f},
      {UnaryKind::kAtanh, -0.0f, -0.0f},
      {UnaryKind::kAtanh, 1.0f, kInfinity},
      {UnaryKind::kAtanh, -1.0f, -kInfinity},
      {UnaryKind::kAtanh, -1.00000012f, kNan},
      {UnaryKind::kAtanh, kInfinity, kNan},
      {UnaryKind::kLog, 1.0f, 0.0f},
      {UnaryKind::kLog, kLeastDenormal, -103.278929f},
      {UnaryKind::kLog, kLargest, 88.7228394f},
      {UnaryKind::kFloor, -0.5f, -1.0f},
      {UnaryKind::kFloor, -0.0f, -0.0f},
      {UnaryKind::kFloor, 0.5f, 0.0f},
      {UnaryKind::kFloor, -kLargest, -kLargest},
      {UnaryKind::kCeil, -0.5f, -0.0f},
      {UnaryKind::kCeil, kLeastDenormal, 1.0f},
      {UnaryKind::kCeil, 8388607.5f, 8388608.0f},
      {UnaryKind::kRound, 0.5f, 0.0f},
      {UnaryKind::kRound, -0.5f, -0.0f},
      {UnaryKind::kRound, 1.5f, 2.0f},
      {UnaryKind::kRound, 2.5f, 2.0f},
      {UnaryKind::kRound, -kInfinity, -kInfinity},
      {UnaryKind::kSign, 0.0f, 0.0f},
      {UnaryKind::kSign, -0.0f, 0.0f},
      {UnaryKind::kSign, -kLeastDenormal, -1.0f},
      {UnaryKind::kSign, kInfinity, 1.0f},
      {UnaryKind::kSign, -kInfinity, -1.0f},
  };
  on_every_isa([&] {
    for (const Case& c : cases) {
      EXPECT_TRUE(same(apply(c.kind, c.x), c.y)) << static_cast<int>(c.kind) << " of " << c.x;
      EXPECT_TRUE(same(expected(c.kind, c.x), c.y)) << "reference: " << static_cast<int>(c.kind) << " of " << c.x;
    }
    for (const UnaryKind kind : kKinds) EXPECT_TRUE(std::isnan(apply(kind, kNan))) << static_cast<int>(kind);
  });
}

// Of all floats there are, the accuracy program tells. Sanitizers find in fewer of them what they are for.
TEST(Unary, LiesWithinItsBound) {
  const std::vector<float> x = sampled_floats(LINNET_SANITIZED ? 16381 : 1021);
  std::vector<float> want(x.size()), y(x.size());
  for (const UnaryKind kind : kKinds) {
    std::transform(x.begin(), x.end(), want.begin(), [&](float value) { return expected(kind, value); });
    on_every_isa([&] {
      unary(kind, x.data(), y.data(), x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const bool good = is_slow(kind) ? ulp_distance(y[i], want[i]) <= 1 : bool(same(y[i], want[i]));
        ASSERT_TRUE(good) << static_cast<int>(kind) << " of " << x[i] << ": " << y[i] << ", not " << want[i];
      }
    });
  }
}

TEST(Unary, EverySizeInPlaceAndNot) {
  const std::vector<float> values = random_floats(70, 0.5f, 3.0f, 1);
  on_every_isa([&] {
    for (const UnaryKind kind : kKinds) {
      for (std::size_t count = 0; count <= values.size(); ++count) {
        const std::vector<float> some(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
        Guarded x(some), y(count);
        unary(kind, x.data(), y.data(), count);
        ASSERT_TRUE(y.intact() && x.values() == some) << count;
        for (std::size_t i = 0; i < count; ++i) {
          // The place of an element does not matter.
          ASSERT_TRUE(same(y.values()[i], apply(kind, some[i]))) << static_cast<int>(kind) << ' ' << count << ' ' << i;
        }
        unary(kind, x.data(), x.data(), count);
        ASSERT_TRUE(x.intact()) << count;
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(bits_of(x.values()[i]), bits_of(y.values()[i])) << i;
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
