#include "ops/kernels/winograd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::on_every_isa;

const float kInputTransform[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
const float kOutputTransform[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

// Whole numbers, so that sums are exact in every order.
std::vector<float> small_integers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * i % 17) - 8.0F;
  return values;
}

TEST(Winograd, TransformsLinesOfInputs) {
  constexpr std::size_t kCount = 3, kFromStep = 100;
  for (const std::size_t floats : {16U, 33U, 50U}) {
    const std::vector<float> x = small_integers(3 * floats + 2 * kFromStep + floats);
    const std::size_t to_step = floats + 1, to_stride = kCount * to_step;
    on_every_isa([&] {
      Guarded from(x);
      Guarded to(std::vector<float>(4 * to_stride, 77.0F));
      WinogradInputLines lines = {};
      for (std::size_t i = 0; i < 4; ++i) lines.from[i] = from.data() + i * floats;
      lines.from_step = kFromStep;
      lines.to = to.data();
      lines.to_stride = to_stride;
      lines.to_step = to_step;
      lines.count = kCount;
      lines.floats = floats;
      winograd_input_lines(lines);
      ASSERT_TRUE(to.intact());
      std::vector<float> expected(4 * to_stride, 77.0F);
      for (std::size_t i = 0; i < 4 * kCount * floats; ++i) {
        const std::size_t line = i % 4, group = i / 4 % kCount, element = i / 4 / kCount;
        float& sum = expected[line * to_stride + group * to_step + element] = 0;
        for (std::size_t j = 0; j < 4; ++j)
          sum += kInputTransform[line][j] * x[j * floats + group * kFromStep + element];
      }
      ASSERT_EQ(to.values(), expected);
    });
  }
}

TEST(Winograd, TransformsLinesOfSums) {
  constexpr std::size_t kFloats = 48;
  const std::vector<float> m = small_integers(4 * kFloats);
  std::vector<float> expected = m;
  for (std::size_t i = 0; i < 2 * kFloats; ++i) {
    expected[i] = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      expected[i] += kOutputTransform[i / kFloats][j] * m[j * kFloats + i % kFloats];
    }
  }
  on_every_isa([&] {
    Guarded sums(m);
    winograd_sum_lines(sums.data(), kFloats);
    ASSERT_TRUE(sums.intact());
    ASSERT_EQ(sums.values(), expected);
  });
}

constexpr std::size_t kRowWidth = 32, kTiles = 3, kPositionStride = kTiles * kRowWidth, kYStride = 40;

TEST(Winograd, TransformsOutputsThatExist) {
  const std::vector<float> sums = small_integers(4 * kPositionStride);
  const std::vector<float> addend = small_integers(2 * kTiles * kYStride);
  const std::vector<float> bias = small_integers(kRowWidth);
  for (const std::size_t rows : {1U, 16U, 21U, 32U}) {
    for (const std::size_t count : {1U, 5U, 6U}) {
      for (const bool more : {false, true}) {
        std::vector<float> expected(2 * kTiles * kYStride, 77.0F);
        for (std::size_t i = 0; i < count * rows; ++i) {
          const std::size_t output = i / rows, row = i % rows, at = output * kYStride + row;
          float sum = more ? bias[row] + addend[at] : 0.0F;
          for (std::size_t j = 0; j < 4; ++j) {
            sum += kOutputTransform[output % 2][j] * sums[j * kPositionStride + output / 2 * kRowWidth + row];
          }
          expected[at] = more ? std::max(sum, 0.0F) : sum;
        }
        on_every_isa([&] {
          Guarded y(std::vector<float>(2 * kTiles * kYStride, 77.0F));
          const float* const some_bias = more ? bias.data() : nullptr;
          EXPECT_TRUE(winograd_pixels({sums.data(), kPositionStride, kRowWidth, rows, count, some_bias,
                                       more ? addend.data() : nullptr, y.data(), kYStride, more}));
          ASSERT_TRUE(y.intact());
          ASSERT_EQ(y.values(), expected) << rows << " rows of " << count;
        });
      }
    }
  }
}

TEST(Winograd, TellsOfWhatIsNotFinite) {
  constexpr std::size_t kRows = 21;
  on_every_isa([&] {
    for (const float fault : {test::kInfinity, -test::kInfinity, test::kNan}) {
      for (const std::size_t row : {0U, 15U, 20U, 21U, 31U}) {  // the last two are padding
        std::vector<float> sums(4 * kPositionStride, 1.0F), y(2 * kTiles * kYStride);
        sums[kPositionStride + kRowWidth + row] = fault;
        const bool finite = winograd_pixels(
            {sums.data(), kPositionStride, kRowWidth, kRows, 6, nullptr, nullptr, y.data(), kYStride, true});
        EXPECT_EQ(finite, row >= kRows) << fault << " in row " << row;
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
