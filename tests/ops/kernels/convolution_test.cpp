#include "ops/kernels/convolution.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::on_every_isa;

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

}  // namespace
}  // namespace linnet::kernels
