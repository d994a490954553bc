#include "ops/kernels/gemm_n_bits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;
using test::random_floats;

struct Case {
  Case(std::size_t rows, std::size_t columns, std::size_t depth, std::size_t block_size, bool extremes = false,
       std::size_t width = 4)
      : m(rows),
        n(columns),
        k(depth),
        block(block_size),
        blocks((k + block - 1) / block),
        bits(width),
        all_extreme(extremes) {
    std::mt19937 random(3);
    for (std::size_t i = 0; i < n * row_bytes(); ++i) {
      const auto byte = static_cast<std::uint8_t>(random() & 0xFFU);
      b.push_back(extremes ? std::uint8_t{0xFF} : byte);
    }
    const std::size_t panels = n_bits_panels(n);
    packed.resize(panels * n_bits_panel_bytes(blocks * block, bits));
    const std::size_t lists = panels * blocks * kNBitsPanelColumns;
    scales = random_floats(lists, 0.5F, 1.0F, 5);
    zeros = random_floats(lists, 0.0F, 15.0F, 6);
    for (std::size_t column = 0; column < panels * kNBitsPanelColumns; ++column) {
      pack_n_bits_column(b.data(), std::min(column, n - 1) * blocks * block, blocks * block, bits, 0,
                         column % kNBitsPanelColumns,
                         packed.data() + column / kNBitsPanelColumns * n_bits_panel_bytes(blocks * block, bits));
    }
    bias = random_floats(n, -1.0F, 1.0F, 7);
  }

  std::size_t row_bytes() const { return blocks * block * bits / 8; }
  float element(std::size_t column, std::size_t at) const {
    const unsigned byte = b[column * row_bytes() + at * bits / 8];
    return static_cast<float>(byte >> at * bits % 8 & ((1U << bits) - 1));
  }

  std::size_t m, n, k, block, blocks, bits;
  bool all_extreme;  // sums of few products fill 16 bits
  std::vector<std::uint8_t> b, packed;
  std::vector<float> scales, zeros, bias;
};

/// As gemm_n_bits.hpp has it, step by step.
float value_of(const Case& item, const QuantizedRows& a, bool has_zeros, std::size_t row, std::size_t column) {
  float value = 0;
  for (std::size_t block = 0; block < item.blocks; ++block) {
    const std::size_t list =
        (column / kNBitsPanelColumns * item.blocks + block) * kNBitsPanelColumns + column % kNBitsPanelColumns;
    float sum = 0;  // of integers below 2^24
    for (std::size_t i = 0; i < item.block; ++i) {
      const std::size_t k = block * item.block + i;
      sum += static_cast<float>(a.elements[row * item.blocks * item.block + k]) *
             (item.element(column, k) - (has_zeros ? 0 : 8));
    }
    const std::size_t of_row = row * item.blocks + block;
    if (has_zeros) sum -= static_cast<float>(a.sums[of_row]) * item.zeros[list];
    value += sum * (a.scales[of_row] * item.scales[list]);
  }
  return value + item.bias[column];
}

double float_value_of(const Case& item, const std::vector<float>& x, bool has_zeros, std::size_t row,
                      std::size_t column) {
  double value = static_cast<double>(item.bias[column]);
  for (std::size_t k = 0; k < item.k; ++k) {
    const std::size_t panel = column / kNBitsPanelColumns;
    const std::size_t list = (panel * item.blocks + k / item.block) * kNBitsPanelColumns + column % kNBitsPanelColumns;
    const double weight =
        static_cast<double>(item.element(column, k)) -
        (has_zeros ? static_cast<double>(item.zeros[list]) : static_cast<double>(1U << (item.bits - 1)));
    value += static_cast<double>(x[row * item.k + k]) * weight * static_cast<double>(item.scales[list]);
  }
  return value;
}

NBitsProduct product_of(const Case& item, bool has_zeros, float* c) {
  NBitsProduct product;
  product.m = item.m;
  product.n = item.n;
  product.blocks = item.blocks;
  product.block = item.block;
  product.bits = item.bits;
  product.packed_b = item.packed.data();
  product.scales = item.scales.data();
  if (has_zeros) product.zero_points = item.zeros.data();
  product.bias = item.bias.data();
  product.c = c;
  product.c_row_stride = item.n;
  product.panel_end = n_bits_panels(item.n);
  return product;
}

TEST(GemmNBits, PacksRowsAndColumnsAlike) {
  std::mt19937 random(3);
  for (const std::size_t bits : {2U, 4U, 8U}) {
    const std::size_t columns = 5;
    const std::size_t steps = 43;
    const unsigned flip = 1U << (bits - 1);
    // Of each form the element at [k, column], behind one that is not asked for.
    std::vector<unsigned> elements(steps * columns);
    std::vector<std::uint8_t> by_columns(steps * columns + 1);
    std::vector<std::uint8_t> by_rows(by_columns.size());
    const auto put = [&](std::vector<std::uint8_t>& list, std::size_t at, unsigned element) {
      list[at * bits / 8] = static_cast<std::uint8_t>(list[at * bits / 8] | element << at * bits % 8);
    };
    for (std::size_t i = 0; i < elements.size(); ++i) {
      elements[i] = static_cast<unsigned>(random()) & ((1U << bits) - 1);
      put(by_rows, i + 1, elements[i]);
      put(by_columns, i % columns * steps + i / columns + 1, elements[i]);
    }
    std::vector<std::uint8_t> panel(n_bits_panel_bytes(48, bits));
    std::vector<std::uint8_t> other(panel.size());
    for (std::size_t k = 0; k < steps; ++k)
      pack_n_bits_row(by_rows.data(), k * columns + 1, columns, k, bits, flip, panel.data());
    for (std::size_t i = 0; i < columns; ++i)
      pack_n_bits_column(by_columns.data(), i * steps + 1, steps, bits, flip, i, other.data());
    EXPECT_EQ(panel, other) << bits;
    const std::size_t of_quad = 32 / bits;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const std::size_t k = i / columns;
      const std::uint8_t byte = panel[k / of_quad * kNBitsPanelColumns * 4 + i % columns * 4 + k % 4];
      EXPECT_EQ(byte >> k % of_quad / 4 * bits & ((1U << bits) - 1), elements[i] ^ flip) << bits << " bits, " << i;
    }
  }
}

TEST(GemmNBits, RowsOfFloatsHaveTheSameBitsAlone) {
  for (const std::size_t bits : {2U, 4U, 8U}) {
    for (const Case& item :
         {Case(1, 1, 16, 16, false, bits), Case(2, 70, 96, 32, false, bits), Case(3, 33, 40, 16, false, bits),
          Case(13, 64, 300, 256, false, bits), Case(6, 40, 48, 16, false, bits), Case(20, 33, 500, 48, false, bits),
          Case(110, 33, 96, 32, false, bits), Case(4, 33, 512, 256, true, bits)}) {
      std::vector<float> x = random_floats(item.m * item.k, -3.0F, 3.0F, 1);
      for (std::size_t i = 0; i < x.size() && item.all_extreme; ++i) x[i] = i / item.k % 2 == 0 ? -1.0F : 1.0F;
      for (const bool has_zeros : {false, true}) {
        on_every_isa([&, &item = item] {
          std::vector<float> c(item.m * item.n + 1, 99.0F);
          NBitsProduct product = product_of(item, has_zeros, c.data());
          product.x = x.data();
          product.k = item.k;
          gemm_n_bits(product);
          // Equal products round alike: a chain of them errs by half a unit for each.
          const double alike = item.all_extreme ? static_cast<double>(item.block) * 0x1p-24 : 0;
          const double rounding = 1e-5 * std::max(1.0, static_cast<double>(1U << item.bits) / 16);
          for (std::size_t i = 0; i < item.m * item.n; ++i) {
            const double exact = float_value_of(item, x, has_zeros, i / item.n, i % item.n);
            EXPECT_NEAR(static_cast<double>(c[i]), exact, rounding * (100 + std::abs(exact)) + alike * std::abs(exact));
          }
          EXPECT_EQ(c.back(), 99.0F);
          for (std::size_t row = 0; row < item.m; ++row) {
            std::vector<float> alone(item.n);
            product.m = 1;
            product.x = x.data() + row * item.k;
            product.c = alone.data();
            gemm_n_bits(product);
            EXPECT_TRUE(std::equal(alone.begin(), alone.end(), c.begin() + static_cast<std::ptrdiff_t>(row * item.n)))
                << "row " << row << ", " << bits << " bits";
          }
        });
      }
    }
  }
}

TEST(GemmInt4, EveryStepRoundsOnce) {
  for (const Case& item :
       {Case(1, 1, 16, 16), Case(1, 70, 96, 32), Case(2, 33, 40, 16), Case(5, 64, 300, 256), Case(9, 31, 64, 64),
        Case(3, 40, 256, 128), Case(1, 33, 128, 128, true), Case(4, 33, 512, 256, true)}) {
    std::vector<float> x = random_floats(item.m * item.k, -3.0F, 3.0F, 1);
    for (std::size_t i = 0; i < x.size() && item.all_extreme; ++i) x[i] = i / item.k % 2 == 0 ? -1.0F : 1.0F;
    for (const bool has_zeros : {false, true}) {
      on_every_isa([&, &item = item] {
        std::vector<std::int8_t> elements(item.m * item.blocks * item.block);
        std::vector<float> scales(item.m * item.blocks);
        std::vector<std::int32_t> sums(item.m * item.blocks);
        const QuantizedRows rows = {elements.data(), scales.data(), sums.data()};
        for (std::size_t row = 0; row < item.m; ++row) {
          const std::size_t first = row * item.blocks;
          quantize_row_in_blocks(x.data() + row * item.k, item.k, item.block,
                                 {rows.elements + first * item.block, rows.scales + first, rows.sums + first});
        }
        for (std::size_t i = 0; i < item.m * item.k; ++i) {
          const std::size_t at = i / item.k * item.blocks * item.block + i % item.k;
          const float scale = scales[at / item.block];
          EXPECT_NEAR(static_cast<float>(elements[at]) * scale, x[i], 0.5001F * scale);
        }
        std::vector<float> c(item.m * item.n + 1, 99.0F);
        NBitsProduct product = product_of(item, has_zeros, c.data());
        product.a = rows;
        std::vector<float> expected;
        for (std::size_t i = 0; i < item.m * item.n; ++i) {
          expected.push_back(value_of(item, rows, has_zeros, i / item.n, i % item.n));
        }
        expected.push_back(99.0F);
        gemm_int4(product);
        EXPECT_EQ(c, expected);
        gemm_int4_without(product);
        EXPECT_EQ(c, expected);
      });
    }
  }
}

TEST(GemmInt4, WhatIsNotFiniteMakesTheScaleNan) {
  for (const float odd : {test::kInfinity, -test::kInfinity, test::kNan}) {
    std::vector<float> x(32, 1.0F);
    x[3] = odd;
    on_every_isa([&] {
      std::int8_t elements[32];
      float scales[2];
      std::int32_t sums[2];
      quantize_row_in_blocks(x.data(), 32, 16, {elements, scales, sums});
      EXPECT_TRUE(std::isnan(scales[0]));
      EXPECT_EQ(scales[1], 1.0F / 127);
      EXPECT_EQ(sums[1], 16 * 127);
    });
  }
  const std::vector<float> tiny(16, 1e-40F);
  on_every_isa([&] {
    std::int8_t elements[16];
    float scale = 0;
    std::int32_t sum = 1;
    quantize_row_in_blocks(tiny.data(), 16, 16, {elements, &scale, &sum});
    EXPECT_EQ(sum, 0);
    EXPECT_TRUE(std::isfinite(scale));
  });
}

}  // namespace
}  // namespace linnet::kernels
