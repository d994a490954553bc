#include "ops/kernels/transpose.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

struct Case {
  std::size_t unit;
  std::size_t rows;
  std::size_t columns;
  std::size_t from_gap;  // bytes between rows of `from`
  std::size_t to_gap;
};

void check(const Case& c) {
  constexpr std::size_t kMargin = 65;  // an odd address
  const std::size_t from_stride = c.rows * c.unit + c.from_gap;
  const std::size_t to_stride = c.columns * c.unit + c.to_gap;
  std::vector<std::byte> from(kMargin + c.columns * from_stride);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7919 >> 3 & 255);
  const std::vector<std::byte> untouched(2 * kMargin + c.rows * to_stride, std::byte{0xAB});
  std::vector<std::byte> expected = untouched;
  for (std::size_t i = 0; i < c.rows; ++i) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      std::memcpy(expected.data() + kMargin + i * to_stride + j * c.unit,
                  from.data() + kMargin + j * from_stride + i * c.unit, c.unit);
    }
  }
  on_every_isa([&] {
    std::vector<std::byte> to = untouched;
    transpose(c.unit,
              {from.data() + kMargin, static_cast<std::ptrdiff_t>(from_stride), to.data() + kMargin,
               static_cast<std::ptrdiff_t>(to_stride)},
              c.rows, c.columns);
    ASSERT_EQ(to, expected) << c.unit << " bytes, " << c.rows << " x " << c.columns << ", gaps " << c.from_gap << ' '
                            << c.to_gap;
  });
}

TEST(TransposeKernel, TurnsEverySmallShape) {
  for (const std::size_t unit : {1U, 2U, 4U, 8U}) {
    for (std::size_t rows = 0; rows <= 36; ++rows) {
      for (std::size_t columns = 0; columns <= 36; ++columns) check({unit, rows, columns, 0, 0});
    }
  }
}

TEST(TransposeKernel, TurnsLongAndGappedMatrices) {
  for (const std::size_t unit : {1U, 2U, 4U, 8U}) {
    for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 8U, 15U, 16U, 17U, 63U, 64U, 65U, 130U}) {
      for (const std::size_t gap : {0U, 3U, 16U}) {
        check({unit, size, 131, gap, 0});
        check({unit, 131, size, 0, gap});
        check({unit, 70, size, gap, gap});
      }
    }
  }
}

TEST(TransposeKernel, RepeatsTheElementsOfOneRow) {
  const std::vector<float> from = test::random_floats(50, 0, 1, 1);
  on_every_isa([&] {
    for (std::size_t rows = 0; rows <= from.size(); ++rows) {
      for (const std::size_t columns : {1U, 2U, 3U, 4U, 5U, 20U}) {
        test::Guarded to(rows * columns);
        const auto stride = static_cast<std::ptrdiff_t>(columns * sizeof(float));
        transpose(sizeof(float),
                  {reinterpret_cast<const std::byte*>(from.data()), 0, reinterpret_cast<std::byte*>(to.data()), stride},
                  rows, columns);
        ASSERT_TRUE(to.intact());
        for (std::size_t i = 0; i < rows * columns; ++i) ASSERT_EQ(to.data()[i], from[i / columns]) << i;
      }
    }
  });
}

TEST(TransposeKernel, RepeatsEveryElementTwice) {
  const std::vector<float> from = test::random_floats(3 * 70, 0, 1, 1);
  on_every_isa([&] {
    for (std::size_t rows = 0; rows <= 3; ++rows) {
      for (std::size_t columns = 1; columns <= 70; ++columns) {
        test::Guarded floats(4 * rows * columns), halves(4 * rows * columns);
        repeat_twice(4, reinterpret_cast<const std::byte*>(from.data()), rows, columns,
                     reinterpret_cast<std::byte*>(floats.data()));
        // The same bytes as rows of twice as many elements of half the size.
        repeat_twice(2, reinterpret_cast<const std::byte*>(from.data()), rows, 2 * columns,
                     reinterpret_cast<std::byte*>(halves.data()));
        ASSERT_TRUE(floats.intact() && halves.intact());
        const auto half_of = [](const float* all, std::size_t i) {
          std::uint16_t half = 0;
          std::memcpy(&half, reinterpret_cast<const std::byte*>(all) + 2 * i, sizeof half);
          return half;
        };
        for (std::size_t row = 0; row < 2 * rows; ++row) {
          for (std::size_t i = 0; i < 2 * columns; ++i) {
            ASSERT_EQ(floats.data()[row * 2 * columns + i], from[row / 2 * columns + i / 2]) << row << ' ' << i;
          }
          for (std::size_t i = 0; i < 4 * columns; ++i) {
            ASSERT_EQ(half_of(halves.data(), row * 4 * columns + i),
                      half_of(from.data(), row / 2 * 2 * columns + i / 2))
                << row << ' ' << i;
          }
        }
      }
    }
  });
}

TEST(TransposeKernel, WalksBackwards) {
  const std::vector<float> from = test::random_floats(40 * 24, 0, 1, 2);
  on_every_isa([&] {
    std::vector<float> to(from.size());
    // The rows of `from` from its last to its first.
    transpose(sizeof(float),
              {reinterpret_cast<const std::byte*>(from.data() + 39 * 24), -24 * 4,
               reinterpret_cast<std::byte*>(to.data()), 40 * 4},
              24, 40);
    for (std::size_t i = 0; i < 24; ++i) {
      for (std::size_t j = 0; j < 40; ++j) ASSERT_EQ(to[i * 40 + j], from[(39 - j) * 24 + i]) << i << ' ' << j;
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
