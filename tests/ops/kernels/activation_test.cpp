#include "ops/kernels/activation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string_view>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::float_of;
using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kLeastDenormal;
using test::kNan;
using test::on_every_isa;
using test::same;
using test::sampled_floats;
using test::ulp_distance;

// Of all floats; sanitizers find in fewer of them what they are for.
constexpr std::uint64_t kFloatStep = LINNET_SANITIZED ? 16381 : 1021;

constexpr Activation kNothing{};
constexpr Activation kReluF{ActivationKind::kRelu};
constexpr Activation kSigmoidF{ActivationKind::kSigmoid};
constexpr Activation kTanhF{ActivationKind::kTanh};
constexpr Activation kEluF{ActivationKind::kElu, 1.0f};
constexpr Activation kGeluF{ActivationKind::kGelu};
constexpr Activation kGeluTanhF{ActivationKind::kGeluTanh};
constexpr Activation kExpF{ActivationKind::kExp};
constexpr Activation kSelfGatedF{ActivationKind::kSelfGated, 1.0f};
constexpr Activation kSoftplusF{ActivationKind::kSoftplus};
constexpr Activation kMishF{ActivationKind::kMish};
constexpr Activation kSwishF{ActivationKind::kSwish, 1.0f};
constexpr Activation kSeluF{ActivationKind::kSelu, 1.6732632f, 1.050701f};
constexpr Activation kCeluF{ActivationKind::kCelu, 1.5f};
constexpr Activation kHardSwishF{ActivationKind::kHardSwish};
constexpr Activation kLeakyReluF{ActivationKind::kLeakyRelu, 0.25f};
constexpr Activation kHardSigmoidF{ActivationKind::kHardSigmoid, 0.2f, 0.5f};
constexpr Activation kClipF{ActivationKind::kClip, -1.0f, 6.0f};

float apply(const Activation& activation, float x) {
  float y = 0;
  apply_activation(activation, &x, &y, 1);
  return y;
}

struct SpecialValue {
  const char* name;
  Activation activation;
  float x;
  float y;
};

const SpecialValue kSpecialValues[] = {
    {"none keeps -0", kNothing, -0.0f, -0.0f},
    {"none keeps denormals", kNothing, kLeastDenormal, kLeastDenormal},
    {"relu of -0 is +0", kReluF, -0.0f, 0.0f},
    {"relu of -1", kReluF, -1.0f, 0.0f},
    {"relu of -inf", kReluF, -kInfinity, 0.0f},
    {"relu of +inf", kReluF, kInfinity, kInfinity},
    {"leaky relu of -0", kLeakyReluF, -0.0f, -0.0f},
    {"leaky relu of -4", kLeakyReluF, -4.0f, -1.0f},
    {"leaky relu of -inf", kLeakyReluF, -kInfinity, -kInfinity},
    {"sigmoid of 0", kSigmoidF, 0.0f, 0.5f},
    {"sigmoid of -0", kSigmoidF, -0.0f, 0.5f},
    {"sigmoid of +inf", kSigmoidF, kInfinity, 1.0f},
    {"sigmoid of -inf", kSigmoidF, -kInfinity, 0.0f},
    {"sigmoid of -88 is denormal", kSigmoidF, -88.0f, 6.0546014851959517e-39f},
    {"sigmoid of -103 is the least denormal", kSigmoidF, -103.0f, kLeastDenormal},
    {"sigmoid of -104", kSigmoidF, -104.0f, 0.0f},
    {"sigmoid of the largest", kSigmoidF, kLargest, 1.0f},
    {"sigmoid of the smallest", kSigmoidF, -kLargest, 0.0f},
    {"tanh of -0", kTanhF, -0.0f, -0.0f},
    {"tanh of 0", kTanhF, 0.0f, 0.0f},
    {"tanh of a denormal", kTanhF, kLeastDenormal, kLeastDenormal},
    {"tanh of a tiny number", kTanhF, -1e-10f, -1e-10f},
    {"tanh of +inf", kTanhF, kInfinity, 1.0f},
    {"tanh of -inf", kTanhF, -kInfinity, -1.0f},
    {"tanh of the largest", kTanhF, -kLargest, -1.0f},
    {"elu of -0", kEluF, -0.0f, -0.0f},
    {"elu of 5", kEluF, 5.0f, 5.0f},
    {"elu of -inf", kEluF, -kInfinity, -1.0f},
    {"elu of +inf", kEluF, kInfinity, kInfinity},
    {"elu of a tiny number", kEluF, -1e-20f, -1e-20f},
    {"elu of a denormal", kEluF, -kLeastDenormal, -kLeastDenormal},
    {"hard sigmoid of -inf", kHardSigmoidF, -kInfinity, 0.0f},
    {"hard sigmoid of +inf", kHardSigmoidF, kInfinity, 1.0f},
    {"hard sigmoid of 0", kHardSigmoidF, 0.0f, 0.5f},
    {"hard sigmoid of the largest", kHardSigmoidF, kLargest, 1.0f},
    {"clip below", kClipF, -2.0f, -1.0f},
    {"clip above", kClipF, kInfinity, 6.0f},
    {"clip keeps -0", kClipF, -0.0f, -0.0f},
    {"clip keeps x where it equals a bound", {ActivationKind::kClip, 0.0f, 1.0f}, -0.0f, -0.0f},
    {"clip with bounds that cross gives the upper", {ActivationKind::kClip, 3.0f, 1.0f}, 5.0f, 1.0f},
    {"gelu of 0", kGeluF, 0.0f, 0.0f},
    {"gelu of -0", kGeluF, -0.0f, -0.0f},
    {"gelu of +inf", kGeluF, kInfinity, kInfinity},
    {"gelu of -inf is -inf * 0", kGeluF, -kInfinity, kNan},
    {"gelu of the largest is not infinite", kGeluF, kLargest, kLargest},
    {"gelu of the smallest", kGeluF, -kLargest, -0.0f},
    {"gelu of a tiny number is a half", kGeluF, -0x1p-40f, -0x1p-41f},
    {"gelu of -15", kGeluF, -15.0f, -0.0f},
    {"tanh-gelu of -0", kGeluTanhF, -0.0f, -0.0f},
    {"tanh-gelu of +inf", kGeluTanhF, kInfinity, kInfinity},
    {"tanh-gelu of -inf is -inf * 0", kGeluTanhF, -kInfinity, kNan},
    {"tanh-gelu of the largest is not infinite", kGeluTanhF, kLargest, kLargest},
    {"tanh-gelu of the smallest", kGeluTanhF, -kLargest, -0.0f},
    {"tanh-gelu of a tiny number is a half", kGeluTanhF, 0x1p-40f, 0x1p-41f},
    {"exp of 0", kExpF, 0.0f, 1.0f},
    {"exp of -0", kExpF, -0.0f, 1.0f},
    {"exp of +inf", kExpF, kInfinity, kInfinity},
    {"exp of -inf", kExpF, -kInfinity, 0.0f},
    {"exp of 88.72 is finite", kExpF, 0x1.62e42ep+6f, 0x1.ffff08p+127f},
    {"exp of 88.73", kExpF, 88.73f, kInfinity},
    {"exp of the largest", kExpF, kLargest, kInfinity},
    {"exp of -103.5 is the least denormal", kExpF, -103.5f, kLeastDenormal},
    {"exp of -104", kExpF, -104.0f, 0.0f},
    {"self-gated -0", kSelfGatedF, -0.0f, -0.0f},
    {"self-gated largest", kSelfGatedF, kLargest, kLargest},
    {"self-gated smallest", kSelfGatedF, -kLargest, -0.0f},
    {"self-gated +inf", kSelfGatedF, kInfinity, kInfinity},
    {"self-gated -inf is -inf * 0", kSelfGatedF, -kInfinity, kNan},
    {"self-gated with alpha 0", {ActivationKind::kSelfGated, 0.0f}, 3.0f, 1.5f},
    {"self-gated +inf with alpha 0", {ActivationKind::kSelfGated, 0.0f}, kInfinity, kNan},
    {"softplus of 0", kSoftplusF, 0.0f, 0.693147181f},
    {"softplus of -0", kSoftplusF, -0.0f, 0.693147181f},
    {"softplus of 88.73", kSoftplusF, 88.73f, 88.73f},
    {"softplus of -20", kSoftplusF, -20.0f, 2.06115362e-9f},
    {"softplus of -103.5 is the least denormal", kSoftplusF, -103.5f, kLeastDenormal},
    {"softplus of -104", kSoftplusF, -104.0f, 0.0f},
    {"softplus of the largest", kSoftplusF, kLargest, kLargest},
    {"softplus of +inf", kSoftplusF, kInfinity, kInfinity},
    {"softplus of -inf", kSoftplusF, -kInfinity, 0.0f},
    {"mish of -0", kMishF, -0.0f, -0.0f},
    {"mish of the largest", kMishF, kLargest, kLargest},
    {"mish of the smallest", kMishF, -kLargest, -0.0f},
    {"mish of a denormal", kMishF, 5 * kLeastDenormal, 3 * kLeastDenormal},
    {"mish of +inf", kMishF, kInfinity, kInfinity},
    {"mish of -inf is -inf * 0", kMishF, -kInfinity, kNan},
    {"swish of -0", kSwishF, -0.0f, -0.0f},
    {"swish of the largest", kSwishF, kLargest, kLargest},
    {"swish of the smallest", kSwishF, -kLargest, -0.0f},
    {"swish of +inf", kSwishF, kInfinity, kInfinity},
    {"swish of -inf is -inf * 0", kSwishF, -kInfinity, kNan},
    {"swish with a negative alpha of +inf", {ActivationKind::kSwish, -1.0f}, kInfinity, kNan},
    {"swish with an infinite alpha", {ActivationKind::kSwish, kInfinity}, -1.0f, -0.0f},
    {"selu of -0", kSeluF, -0.0f, -0.0f},
    {"selu of a tiny number", kSeluF, -0x1p-60f, -0x1.c212ccp-60f},
    {"selu of -inf", kSeluF, -kInfinity, -1.75809932f},
    {"selu of +inf", kSeluF, kInfinity, kInfinity},
    {"celu of -0", kCeluF, -0.0f, -0.0f},
    {"celu of 5", kCeluF, 5.0f, 5.0f},
    {"celu of a tiny number", kCeluF, -1e-20f, -1e-20f},
    {"celu of a denormal", kCeluF, -kLeastDenormal, -kLeastDenormal},
    {"celu of -inf", kCeluF, -kInfinity, -1.5f},
    {"celu with alpha 0", {ActivationKind::kCelu, 0.0f}, -2.0f, -0.0f},
    {"celu with a negative alpha", {ActivationKind::kCelu, -0.5f}, -100.0f, -kInfinity},
    {"hard swish of -0", kHardSwishF, -0.0f, -0.0f},
    {"hard swish of -3", kHardSwishF, -3.0f, -0.0f},
    {"hard swish of 3", kHardSwishF, 3.0f, 3.0f},
    {"hard swish of the largest", kHardSwishF, kLargest, kLargest},
    {"hard swish of the smallest", kHardSwishF, -kLargest, -0.0f},
    {"hard swish of -inf is -inf * 0", kHardSwishF, -kInfinity, kNan},
};

const Activation kAll[] = {kNothing,      kReluF, kLeakyReluF, kSigmoidF,  kTanhF, kEluF,
                           kHardSigmoidF, kClipF, kGeluF,      kGeluTanhF, kExpF,  kSelfGatedF,
                           kSoftplusF,    kMishF, kSwishF,     kSeluF,     kCeluF, kHardSwishF};

TEST(Activation, SpecialValues) {
  on_every_isa([] {
    for (const SpecialValue& value : kSpecialValues) {
      EXPECT_TRUE(same(apply(value.activation, value.x), value.y)) << value.name;
    }
  });
}

TEST(Activation, ReferenceGivesTheSameSpecialValues) {
  for (const SpecialValue& value : kSpecialValues) {
    EXPECT_TRUE(same(apply_activation_scalar(value.activation, value.x), value.y)) << value.name;
  }
}

TEST(Activation, NanGivesNan) {
  on_every_isa([] {
    for (const Activation& activation : kAll) {
      for (const std::uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu}) {
        EXPECT_TRUE(std::isnan(apply(activation, float_of(bits)))) << static_cast<int>(activation.kind) << ' ' << bits;
      }
    }
  });
}

struct Bound {
  const char* name;
  Activation activation;
  std::int64_t ulp;
};

const Bound kBounds[] = {
    {"relu", kReluF, 0},
    {"leaky relu", {ActivationKind::kLeakyRelu, 0.01f}, 0},
    {"clip", kClipF, 0},
    {"exp", kExpF, 1},
    {"sigmoid", kSigmoidF, 1},
    {"tanh", kTanhF, 1},
    {"elu", kEluF, 1},
    {"selu's elu", {ActivationKind::kElu, 1.6732632f}, 1},
    {"elu with a negative alpha", {ActivationKind::kElu, -0.3f}, 1},
    {"hard sigmoid", kHardSigmoidF, 1},
    {"hard sigmoid that cancels", {ActivationKind::kHardSigmoid, 0.3f, -0.7f}, 1},
    {"gelu", kGeluF, 2},
    {"tanh-gelu", kGeluTanhF, 2},
    {"softplus", kSoftplusF, 1},
    {"mish", kMishF, 1},
    {"swish", kSwishF, 1},
    {"quick gelu", {ActivationKind::kSwish, 1.702f}, 1},
    {"swish with a small negative alpha", {ActivationKind::kSwish, -1e-3f}, 1},
    {"selu", kSeluF, 1},
    {"celu", kCeluF, 1},
    {"celu with a negative alpha", {ActivationKind::kCelu, -0.3f}, 1},
    {"hard swish", kHardSwishF, 1},
};

void expect_errors_within_the_bounds(const std::vector<float>& x) {
  std::vector<float> expected(x.size()), y(x.size());
  for (const Bound& bound : kBounds) {
    SCOPED_TRACE(bound.name);
    std::transform(x.begin(), x.end(), expected.begin(),
                   [&](float v) { return apply_activation_scalar(bound.activation, v); });
    on_every_isa([&] {
      apply_activation(bound.activation, x.data(), y.data(), x.size());
      std::int64_t worst = 0;
      float worst_x = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::int64_t distance = ulp_distance(y[i], expected[i]);
        if (distance > worst) worst = distance, worst_x = x[i];
      }
      EXPECT_LE(worst, bound.ulp) << "at " << worst_x;
    });
  }
}

TEST(Activation, ErrorIsWithinTheBound) { expect_errors_within_the_bounds(sampled_floats(kFloatStep)); }

// A function by pieces (pieces.hpp) meets the next piece, or what is beyond the last, here.
TEST(Activation, ErrorIsWithinTheBoundWherePiecesMeet) {
  std::vector<float> seams = {0.0625f, 1.0f, 4.85f, 4.9f, 5.4f, 9.03f, 11.0f, 20.0f, 21.4f, 85.0f};
  for (int piece = 0; piece < 32; ++piece) {
    for (const float width : {87.0f / 128, 22.0f / 128, 20.0f / 128}) {
      seams.push_back((static_cast<float>(piece) + 0.5f) * width);
    }
    seams.push_back(std::ldexp(1.0f + static_cast<float>(piece % 4) / 4, piece / 4 - 4));
  }
  std::vector<float> x;
  for (const float seam : seams) {
    std::uint32_t bits;
    std::memcpy(&bits, &seam, sizeof bits);
    for (std::uint32_t near = bits - 40; near != bits + 40; ++near) {
      x.push_back(float_of(near));
      x.push_back(-float_of(near));
    }
  }
  expect_errors_within_the_bounds(x);
}

// Of the rounded product alpha x: on AVX-512 the bits of x times its sigmoid, elsewhere within 2 ULP of the exact one.
TEST(Activation, SelfGatedIsXTimesTheSigmoidOfTheRoundedProduct) {
  std::vector<float> x = sampled_floats(kFloatStep);
  for (const float seam : {-16.0f, -87.0f, 87.0f, -131.0f, -24 * 0.69314718f, 24 * 0.69314718f}) {
    for (float near = seam * 0.9999f; std::fabs(near) < std::fabs(seam) * 1.0001f; near += seam * 1e-6f) {
      x.push_back(near);
    }
  }
  std::vector<float> z(x.size()), gate(x.size()), y(x.size());
  for (const float alpha : {1.0f, 1.702f, -0.3f, 1e30f, 1e-30f, 1e-37f, -1e-37f}) {
    SCOPED_TRACE(alpha);
    std::transform(x.begin(), x.end(), z.begin(), [&](float v) { return alpha * v; });
    for (const char* isa : supported_targets()) {
      SCOPED_TRACE(isa);
      ASSERT_TRUE(set_isa(isa));
      const bool in_steps = std::string_view(isa) == "avx512";
      apply_activation(kSigmoidF, z.data(), gate.data(), gate.size());
      apply_activation({ActivationKind::kSelfGated, alpha}, x.data(), y.data(), y.size());
      std::int64_t worst = 0;
      float worst_x = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        // Far below all floats a sigmoid counts as 0, whatever it is multiplied by.
        const double exact = z[i] < -131 ? 0.0 : 1 / (1 + std::exp(-static_cast<double>(z[i])));
        const float expected = in_steps ? x[i] * gate[i] : static_cast<float>(static_cast<double>(x[i]) * exact);
        const std::int64_t distance = ulp_distance(y[i], expected);
        if (distance > worst) worst = distance, worst_x = x[i];
      }
      EXPECT_LE(worst, in_steps ? 0 : 2) << "at " << worst_x;
    }
  }
  ASSERT_TRUE(set_isa("auto"));
}

// Values where kernels change their form, and some between.
std::vector<float> assorted(std::size_t count) {
  const float list[] = {0.5f, -0.49f, 3.0f,      -20.0f,     -0.0f, 90.0f,  -1e-39f,
                        kNan, -5.5f,  kInfinity, -kInfinity, 0.1f,  -100.0f};
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = list[i % std::size(list)];
  return values;
}

TEST(Activation, EverySizeGivesEveryElementTheSameResult) {
  std::vector<std::size_t> counts(71);
  std::iota(counts.begin(), counts.end(), std::size_t{0});
  counts.insert(counts.end(), {255, 256, 257, 320, 515});  // blocks of functions in stages
  on_every_isa([&] {
    for (const Activation& activation : kAll) {
      for (const std::size_t count : counts) {
        const std::vector<float> x = assorted(count);
        Guarded from(x), to(count);
        apply_activation(activation, from.data(), to.data(), count);
        ASSERT_TRUE(to.intact()) << count;
        Guarded in_place(x);
        apply_activation(activation, in_place.data(), in_place.data(), count);
        ASSERT_TRUE(in_place.intact()) << count;
        for (std::size_t i = 0; i < count; ++i) {
          const float alone = apply(activation, x[i]);
          ASSERT_TRUE(same(to.values()[i], alone)) << static_cast<int>(activation.kind) << ' ' << count << ' ' << i;
          ASSERT_TRUE(same(in_place.values()[i], alone))
              << static_cast<int>(activation.kind) << ' ' << count << ' ' << i;
        }
      }
    }
  });
}

TEST(Activation, DoubleReferenceIsNotRounded) {
  EXPECT_EQ(activation_reference(kExpF, 1.0f), std::exp(1.0));
  EXPECT_EQ(activation_reference(kTanhF, 0.5f), std::tanh(0.5));
  EXPECT_NEAR(activation_reference(kGeluF, 1.0f), 0.841344746068542949, 1e-15);
  EXPECT_NEAR(activation_reference(kGeluTanhF, 1.0f), 0.841191990608276, 1e-14);
}

}  // namespace
}  // namespace linnet::kernels
