#include "ops/kernels/convolution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using testing::Guarded;
using testing::on_every_isa;

/// 1, 2, 3, ...
std::vector<float> numbered(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

TEST(GatherRows, JoinsPiecesAndZeros) {
  on_every_isa([] {
    for (const std::size_t step : {1U, 2U, 3U}) {
      for (std::size_t count = 0; count <= 40; ++count) {
        // X ends with the last element of the last row's piece.
        const std::size_t read = count == 0 ? 0 : (count - 1) * step + 1;
        constexpr std::size_t kRows = 3;
        const std::size_t stride = read + 5;
        Guarded x(numbered(stride * (kRows - 1) + read + 2));
        const RowPiece pieces[] = {{0, 1, count == 0 ? 0U : 1U, 2}, {2, 0, count, 3}, {0, 20, 0, 0}};
        const std::size_t width = pieces[0].count + 3 + count + 3 + 20;
        Guarded y(kRows * width + kSlackFloats);
        gather_rows(x.data(), stride, step, kRows, pieces, 3, width, y.data());
        ASSERT_TRUE(y.intact()) << count;
        for (std::size_t row = 0; row < kRows; ++row) {
          std::vector<float> expected = {0};
          if (count > 0) expected.push_back(x.values()[row * stride]);
          expected.insert(expected.end(), 2, 0.0F);
          for (std::size_t i = 0; i < count; ++i) expected.push_back(x.values()[row * stride + 2 + i * step]);
          expected.resize(width, 0.0F);
          for (std::size_t i = 0; i < width; ++i) {
            ASSERT_EQ(y.values()[row * width + i], expected[i]) << i << " of " << count << ", step " << step;
          }
        }
      }
    }
  });
}

TEST(CopyRows, WritesNothingElse) {
  on_every_isa([] {
    for (const std::size_t from_step : {1U, 2U, 3U}) {
      for (const std::size_t to_step : {1U, 2U}) {
        for (std::size_t columns = 0; columns <= 40; ++columns) {
          constexpr std::size_t kRows = 2;
          const std::size_t from_row = columns * from_step + 3, to_row = columns * to_step + 1;
          const std::size_t read = columns == 0 ? 0 : from_row + (columns - 1) * from_step + 1;
          Guarded from(numbered(read));
          Guarded to(std::vector<float>(kRows * to_row, -7.0F));
          copy_rows({from.data(), from_row, from_step, to.data(), to_row, to_step, kRows, columns});
          ASSERT_TRUE(to.intact()) << columns;
          for (std::size_t i = 0; i < kRows * to_row; ++i) {
            const std::size_t row = i / to_row, column = i % to_row / to_step;
            const bool copied = i % to_row % to_step == 0 && column < columns;
            const float expected = copied ? from.values()[row * from_row + column * from_step] : -7.0F;
            ASSERT_EQ(to.values()[i], expected) << i << " of " << columns;
          }
        }
      }
    }
  });
}

TEST(Interleave, TakesEveryLength) {
  on_every_isa([] {
    for (std::size_t count = 0; count <= 40; ++count) {
      Guarded even(numbered(count));
      Guarded odd(std::vector<float>(count, -7.0F));
      Guarded to(2 * count);
      interleave(even.data(), odd.data(), to.data(), count);
      ASSERT_TRUE(to.intact()) << count;
      for (std::size_t i = 0; i < 2 * count; ++i) {
        ASSERT_EQ(to.values()[i], i % 2 == 0 ? even.values()[i / 2] : -7.0F) << i << " of " << count;
      }
    }
  });
}

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

TEST(SplitRows, WritesNothingElse) {
  on_every_isa([] {
    for (std::size_t columns = 0; columns <= 70; ++columns) {
      constexpr std::size_t kRows = 2;
      const std::size_t from_row = columns + 3, to_row = (columns + 1) / 2 + 1;
      Guarded from(numbered(from_row + columns));
      Guarded even(std::vector<float>(kRows * to_row, -7.0F)), odd(std::vector<float>(kRows * to_row, -7.0F));
      split_rows({from.data(), from_row, even.data(), odd.data(), to_row, kRows, columns});
      ASSERT_TRUE(even.intact() && odd.intact()) << columns;
      std::vector<float> evens(kRows * to_row, -7.0F), odds(kRows * to_row, -7.0F);
      for (std::size_t i = 0; i < kRows * columns; ++i) {
        const std::size_t row = i / columns, column = i % columns;
        (column % 2 == 0 ? evens : odds)[row * to_row + column / 2] = from.values()[row * from_row + column];
      }
      ASSERT_EQ(even.values(), evens) << columns;
      ASSERT_EQ(odd.values(), odds) << columns;
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
            tap_rows({x.data(), x_stride, offsets.data(), weights.data(), 0, weights.size(), 2, activation, y.data(),
                      y_stride, rows, columns});
            ASSERT_TRUE(y.intact());
            ASSERT_EQ(y.values(), expected);
            if (!has_plane_sums(kernel)) continue;
            Guarded of_plane(std::vector<float>(rows * y_stride, 99.0F));
            plane_sums({x.data(), x_stride, offsets.data(), weights.data(), kernel, 2, activation, of_plane.data(),
                        y_stride, rows, columns});
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
