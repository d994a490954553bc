#include "ops/kernels/convolution_taps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::on_every_isa;

TEST(TapSums, AddsTapsOfEveryShape) {
  on_every_isa([] {
    for (const std::size_t rows : {1U, 2U, 3U, 5U, 7U}) {
      for (const std::size_t taps : {1U, 9U, 128U, 129U, 513U, 700U}) {
        for (const std::size_t columns : {1U, 3U, 16U, 17U, 64U, 65U, 129U, 200U}) {
          // Small whole numbers: sums are exact.
          std::vector<float> x(columns + 10 + kTapSumSlack, 0.0F), weights(rows * (taps + 1), 0.0F), bias(rows);
          for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
          for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 5) - 2;
          for (std::size_t i = 0; i < rows; ++i) bias[i] = static_cast<float>(i) + 1;
          std::vector<std::ptrdiff_t> offsets(taps);
          for (std::size_t i = 0; i < taps; ++i) offsets[i] = static_cast<std::ptrdiff_t>(i * 3 % 11);
          const std::size_t stride = columns + kTapSumSlack;
          for (const bool has_bias : {false, true}) {
            Guarded y(rows * stride);
            tap_sums({x.data(), offsets.data(), taps, weights.data(), taps + 1, has_bias ? bias.data() : nullptr,
                      y.data(), stride, rows, columns});
            ASSERT_TRUE(y.intact());
            for (std::size_t row = 0; row < rows; ++row) {
              for (std::size_t i = 0; i < columns; ++i) {
                float sum = has_bias ? bias[row] : 0.0F;
                for (std::size_t tap = 0; tap < taps; ++tap) {
                  sum += weights[row * (taps + 1) + tap] * x[static_cast<std::size_t>(offsets[tap]) + i];
                }
                ASSERT_EQ(y.values()[row * stride + i], sum) << row << ", " << i << " of " << columns;
              }
            }
          }
        }
      }
    }
  });
}

// Rows of sums of whole numbers, which are exact in every order.
float activated(const Activation& activation, float sum) {
  if (activation.kind == ActivationKind::kRelu) return std::max(sum, 0.0F);
  return activation.kind == ActivationKind::kClip ? std::clamp(sum, activation.alpha, activation.beta) : sum;
}

TEST(TapRows, SumsEachRowOfOutputs) {
  const Activation activations[] = {{}, {ActivationKind::kRelu}, {ActivationKind::kClip, -3.0F, 40.0F}};
  on_every_isa([&] {
    for (const std::size_t kernel : {1U, 3U, 5U, 7U, 13U, 24U}) {
      for (const std::size_t rows : {1U, 3U, 4U, 9U}) {
        for (const std::size_t columns : {1U, 7U, 16U, 17U, 33U, 64U, 150U}) {
          const std::size_t x_stride = columns + kernel - 1, y_stride = columns + 2;
          std::vector<float> x((rows + kernel - 1) * x_stride + kTapSumSlack), weights(kernel * kernel);
          for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 7) - 3;
          for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 5) - 2;
          std::vector<std::ptrdiff_t> offsets;
          for (std::size_t i = 0; i < weights.size(); ++i) {
            offsets.push_back(static_cast<std::ptrdiff_t>(i / kernel * x_stride + i % kernel));
          }
          for (const Activation& activation : activations) {
            std::vector<float> expected(rows * y_stride, 99.0F);
            for (std::size_t i = 0; i < rows * columns; ++i) {
              float sum = 2;
              for (std::size_t tap = 0; tap < weights.size(); ++tap) {
                sum += weights[tap] * x[i / columns * x_stride + i % columns + static_cast<std::size_t>(offsets[tap])];
              }
              expected[i / columns * y_stride + i % columns] = activated(activation, sum);
            }
            SCOPED_TRACE(::testing::Message() << kernel << ", " << rows << " rows of " << columns);
            Guarded y(std::vector<float>(rows * y_stride, 99.0F));
            TapRows sums = {x.data(), x_stride,   offsets.data(), weights.data(), 0,    weights.size(),
                            2,        activation, y.data(),       y_stride,       rows, columns};
            tap_rows(sums);
            ASSERT_TRUE(y.intact());
            ASSERT_EQ(y.values(), expected);
            if (!has_plane_sums(kernel)) continue;
            Guarded of_plane(std::vector<float>(rows * y_stride, 99.0F));
            sums.y = of_plane.data();
            plane_sums(sums, kernel);
            ASSERT_TRUE(of_plane.intact());
            ASSERT_EQ(of_plane.values(), expected);
          }
        }
      }
    }
  });
}

TEST(TapRows, GivesTheBitsOfTapSums) {
  constexpr std::size_t kTaps = 1100, kColumns = 40;  // three groups, of nine chains
  std::vector<float> x(kTaps + kColumns + kTapSumSlack), weights(kTaps);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1.0F / static_cast<float>(i + 3);
  for (std::size_t i = 0; i < kTaps; ++i) weights[i] = static_cast<float>(i % 13) - 5.5F;
  std::vector<std::ptrdiff_t> offsets(kTaps);
  std::iota(offsets.begin(), offsets.end(), 0);
  on_every_isa([&] {
    const float bias = 0.3F;
    std::vector<float> sums(kColumns + kTapSumSlack), rows(kColumns);
    tap_sums({x.data(), offsets.data(), kTaps, weights.data(), kTaps, &bias, sums.data(), sums.size(), 1, kColumns});
    tap_rows({x.data(), 0, offsets.data(), weights.data(), 0, kTaps, bias, {}, rows.data(), kColumns, 1, kColumns});
    sums.resize(kColumns);
    ASSERT_EQ(rows, sums);
    // Chains and groups are those of all taps, wherever the sum begins.
    std::fill(weights.begin(), weights.begin() + 700, 0.0F);
    std::vector<float> all(kColumns);
    tap_rows({x.data(), 0, offsets.data(), weights.data(), 0, kTaps, bias, {}, all.data(), kColumns, 1, kColumns});
    tap_rows({x.data(), 0, offsets.data(), weights.data(), 700, kTaps, bias, {}, rows.data(), kColumns, 1, kColumns});
    ASSERT_EQ(rows, all);
  });
}

}  // namespace
}  // namespace linnet::kernels
