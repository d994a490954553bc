#include "ops/kernels/winograd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

constexpr std::size_t kBehind = 16;  // floats that may be read behind the last sum

using testing::Guarded;
using testing::on_every_isa;

constexpr std::size_t kHeight = 9, kWidth = 47;  // of inputs
constexpr std::ptrdiff_t kTop = 2, kLeft = 1;

// Whole numbers, so that sums are exact in every order.
std::vector<float> small_integers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * i % 17) - 8.0F;
  return values;
}

// The last tiles of row 0, all of row 1, and the first of row 4, which lies at the lower edge.
WinogradBlock some_tiles() {
  WinogradBlock block = {};
  block.runs[0] = {0, 3, 21, 0};
  block.runs[1] = {1, 0, 24, 21};
  block.runs[2] = {4, 0, 3, 45};
  block.run_count = 3;
  block.tiles = 48;
  return block;
}

template <typename Visitor>
void for_tiles(const WinogradBlock& block, const Visitor& visitor) {
  for (std::size_t i = 0; i < block.run_count; ++i) {
    const WinogradRun& run = block.runs[i];
    for (std::size_t tile = 0; tile < run.count; ++tile) visitor(run.row, run.tile + tile, run.column + tile);
  }
}

float input_at(const std::vector<float>& plane, std::size_t row, std::size_t column) {
  const auto y = static_cast<std::ptrdiff_t>(row) - kTop, x = static_cast<std::ptrdiff_t>(column) - kLeft;
  const bool inside =
      y >= 0 && x >= 0 && y < static_cast<std::ptrdiff_t>(kHeight) && x < static_cast<std::ptrdiff_t>(kWidth);
  return inside ? plane[static_cast<std::size_t>(y) * kWidth + static_cast<std::size_t>(x)] : 0.0F;
}

const float kInputTransform[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
const float kOutputTransform[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

TEST(Winograd, TransformsInputs) {
  constexpr std::size_t kChannels = 3, kRow = 48, kStride = kChannels * kRow + 16;
  const std::vector<float> x = small_integers(kChannels * kHeight * kWidth);
  const WinogradBlock block = some_tiles();
  on_every_isa([&] {
    Guarded from(x);
    Guarded to(kWinogradPositions * kStride);
    winograd_inputs({from.data(), kHeight, kWidth, kTop, kLeft}, block, kChannels, to.data(), kRow, kStride);
    ASSERT_TRUE(to.intact());
    const std::vector<float> values = to.values();
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      const auto begin = x.begin() + static_cast<std::ptrdiff_t>(channel * kHeight * kWidth);
      const std::vector<float> plane(begin, begin + kHeight * kWidth);
      for_tiles(block, [&](std::size_t row, std::size_t tile, std::size_t column) {
        for (std::size_t position = 0; position < kWinogradPositions; ++position) {
          float expected = 0;
          for (std::size_t i = 0; i < 16; ++i) {
            expected += kInputTransform[position / 4][i / 4] * kInputTransform[position % 4][i % 4] *
                        input_at(plane, 2 * row + i / 4, 2 * tile + i % 4);
          }
          ASSERT_EQ(values[position * kStride + channel * kRow + column], expected)
              << "position " << position << ", tile " << row << ", " << tile;
        }
      });
    }
  });
}

TEST(Winograd, CopiesLines) {
  const std::vector<float> x = small_integers(kHeight * kWidth);
  const WinogradBlock block = some_tiles();
  on_every_isa([&] {
    Guarded from(x);
    for (std::size_t i = 0; i < block.run_count; ++i) {
      constexpr std::size_t kStride = 160;
      const WinogradRun& run = block.runs[i];
      Guarded to(4 * kStride);
      winograd_lines({from.data(), kHeight, kWidth, kTop, kLeft}, run, to.data(), kStride);
      ASSERT_TRUE(to.intact());
      for (std::size_t j = 0; j < 4 * (2 * run.count + 2); ++j) {
        const std::size_t row = j / (2 * run.count + 2), column = j % (2 * run.count + 2);
        ASSERT_EQ(to.values()[row * kStride + column], input_at(x, 2 * run.row + row, 2 * run.tile + column));
      }
    }
  });
}

TEST(Winograd, TransformsOutputsThatExist) {
  // Tiles of 24 a row, 9 rows of outputs: neither the last column nor the last row of the tiles exists.
  constexpr std::size_t kRows = 2, kRow = 48, kStride = kRows * kRow, kOutputHeight = 9, kOutputWidth = 47;
  constexpr std::size_t kPlane = kOutputHeight * kOutputWidth;
  const std::vector<float> sums = small_integers(kWinogradPositions * kStride + kBehind);
  const std::vector<float> addend = small_integers(kRows * kPlane);
  const float bias[] = {2, -3};
  const WinogradBlock block = some_tiles();
  on_every_isa([&] {
    for (const bool more : {false, true}) {
      Guarded y(std::vector<float>(kRows * kPlane, 77.0F));
      const WinogradOutputs outputs = {
          sums.data(), kStride,       kRow,         kRows, more ? bias : nullptr, more ? addend.data() : nullptr,
          y.data(),    kOutputHeight, kOutputWidth, more};
      EXPECT_TRUE(winograd_outputs(outputs, block));
      ASSERT_TRUE(y.intact());
      std::vector<float> expected(kRows * kPlane, 77.0F);
      for (std::size_t row = 0; row < kRows; ++row) {
        for_tiles(block, [&](std::size_t tile_row, std::size_t tile, std::size_t column) {
          for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t y_row = 2 * tile_row + i / 2, y_column = 2 * tile + i % 2;
            if (y_row >= kOutputHeight || y_column >= kOutputWidth) continue;
            const std::size_t at = row * kPlane + y_row * kOutputWidth + y_column;
            float sum = more ? bias[row] + addend[at] : 0.0F;
            for (std::size_t j = 0; j < kWinogradPositions; ++j) {
              sum += kOutputTransform[i / 2][j / 4] * kOutputTransform[i % 2][j % 4] *
                     sums[j * kStride + row * kRow + column];
            }
            expected[at] = more ? std::max(sum, 0.0F) : sum;
          }
        });
      }
      ASSERT_EQ(y.values(), expected);
    }
  });
}

TEST(Winograd, TellsOfWhatIsNotFinite) {
  constexpr std::size_t kRow = 48, kPlane = 9 * 47;
  const WinogradBlock block = some_tiles();
  on_every_isa([&] {
    for (const float fault : {testing::kInfinity, -testing::kInfinity, testing::kNan}) {
      for (const std::size_t column : {0U, 20U, 21U, 44U, 47U}) {
        std::vector<float> sums(kWinogradPositions * kRow + kBehind, 1.0F);
        sums[5 * kRow + column] = fault;
        std::vector<float> y(kPlane);
        EXPECT_FALSE(winograd_outputs({sums.data(), kRow, kRow, 1, nullptr, nullptr, y.data(), 9, 47, true}, block));
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
