// Products of bfloat16 operands in tiles, against the order of gemm_tiles.hpp written down plainly: by the emulation
// everywhere, and by AMX where it is.
#include "ops/kernels/gemm_tiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ops/kernels/tiles.hpp"
#include "tests/ops/kernels/gemm_reference.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::bits_of;
using test::difference;
using test::float_of;
using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kNan;
using test::multiply_add;
using test::random_floats;
using test::same;

float flushed(float x) {
  return std::abs(x) < std::numeric_limits<float>::min() ? float_of(bits_of(x) & 0x80000000U) : x;
}

// To nearest even, by the formula rather than by bits; denormals count as zero afterwards.
float rounded(float x) {
  if (std::isnan(x) || std::isinf(x) || x == 0) return x;
  if (flushed(x) == 0) return flushed(x);
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(x), &exponent);
  return flushed(static_cast<float>(std::ldexp(std::nearbyint(fraction * 256), exponent - 8)));
}

struct Operands {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  std::size_t a_row_stride;
  std::size_t c_row_stride;
  std::vector<float> a;  // the last row ends with the vector
  std::vector<float> b;  // [k, n]
  float alpha = 1.0F;
  GemmEpilogue epilogue = {};

  Operands(std::size_t rows, std::size_t columns, std::size_t depth)
      : m(rows), n(columns), k(depth), a_row_stride(depth + 3), c_row_stride(columns + 5) {
    a = random_floats((m - 1) * a_row_stride + k, 0.1F, 1.0F, 1);
    b = random_floats(k * n, 0.0F, 1.0F, 2);
  }

  struct Bytes {  // as aligned as tiles want to be
    explicit Bytes(std::size_t count) : lines((count + 63) / 64 + 1) {}
    std::byte* data() { return lines.data()->bytes; }
    struct Line {
      alignas(64) std::byte bytes[64];
    };
    std::vector<Line> lines;
  };

  Bytes tiled_a(std::size_t steps_at_once = 1000) const {
    Bytes tiled(tiled_a_bytes(m, k));
    std::memset(tiled.data(), 0xFF, tiled_a_bytes(m, k));
    for (std::size_t tile = 0; tile < row_tile_count(m); ++tile) {
      for (std::size_t step = 0; step < tile_steps(k); step += steps_at_once) {
        to_bfloat16_tiles(a.data(), a_row_stride, m, k, tile, step, std::min(tile_steps(k), step + steps_at_once),
                          tiled.data());
      }
    }
    return tiled;
  }

  Bytes tiled_b(const float* from, std::size_t row_stride, std::size_t column_stride,
                std::size_t rows_at_once = 1000) const {
    Bytes tiled(tiled_b_bytes(k, n));
    std::memset(tiled.data(), 0xFF, tiled_b_bytes(k, n));
    for (std::size_t panel = 0; panel < panel_count(n); ++panel) {
      for (std::size_t row = 0; row < k; row += rows_at_once) {
        const auto* b = reinterpret_cast<const std::byte*>(from) +
                        (row * row_stride + panel * kPanelColumns * column_stride) * sizeof(float);
        pack_b_tiles(b, row_stride, column_stride, k, n, alpha, panel, row, std::min(rows_at_once, k - row),
                     tiled.data());
      }
    }
    return tiled;
  }

  // C without the gaps between its rows. Fails the test if anything else was written.
  std::vector<float> multiplied(const GemmSlices& slices) const {
    Bytes tiles_of_a = tiled_a();
    Bytes tiles_of_b = tiled_b(b.data(), n, 1);
    Guarded c((m - 1) * c_row_stride + n);
    const float canary = *c.data();
    Bytes sums(tile_sums_bytes(slices, m, k));
    const TiledProduct product = {m, n, k, tiles_of_a.data(), tiles_of_b.data(), epilogue, c.data(), c_row_stride};
    for (std::size_t i = 0; i < slices.count(); ++i) {
      std::memset(sums.data(), 0xFF, tile_sums_bytes(slices, m, k));
      gemm_tiles(product, slices.slice(i), sums.data());
    }
    EXPECT_TRUE(c.intact()) << "written before or behind C";
    const std::vector<float> values = c.values();
    std::vector<float> result;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % c_row_stride < n) {
        result.push_back(values[i]);
      } else {
        EXPECT_EQ(values[i], canary) << "written behind row " << i / c_row_stride;
      }
    }
    return result;
  }
  std::vector<float> multiplied() const {
    return multiplied({row_tile_count(m), panel_count(n), row_tile_count(m), panel_count(n)});
  }

  // What every element has to be, bit for bit, before the activation.
  std::vector<float> expected() const {
    std::vector<float> c(m * n);
    for (std::size_t row = 0; row < m; ++row) {
      for (std::size_t column = 0; column < n; ++column) {
        float sum = 0;
        for (std::size_t step = 0; step < k; step += kTileDepth) {
          float even = 0;
          float odd = 0;
          for (std::size_t i = step; i < std::min(k, step + kTileDepth); ++i) {
            float& chain = i % 2 == 0 ? even : odd;
            const float product_of[] = {rounded(a[row * a_row_stride + i]), rounded(alpha * b[i * n + column])};
            chain = flushed(std::fma(product_of[0], product_of[1], chain));
          }
          sum = flushed(sum + flushed(even + odd));
        }
        c[row * n + column] = with_start(row, column, sum);
      }
    }
    return c;
  }

  float with_start(std::size_t row, std::size_t column, float sum) const {
    const float bias = epilogue.bias == nullptr ? 0.0F : epilogue.bias[column];
    if (epilogue.addend == nullptr) return epilogue.bias == nullptr ? sum : bias + sum;
    const float addend = epilogue.addend[row * epilogue.addend_row_stride + column * epilogue.addend_column_stride];
    return multiply_add(epilogue.addend_scale, addend, bias, test::chains_are_fused()) + sum;
  }
};

// By the emulation on every instruction set, and by the CPU's own instructions.
template <class Body>
void in_every_way(Body body) {
  set_tiles(Tiles::kEmulated);
  test::on_every_isa(body);
  set_tiles(Tiles::kInstructions);
  if (tiles() == Tiles::kNone) return;
  SCOPED_TRACE("AMX");
  body();
}

void expect_sums(const Operands& operands) {
  SCOPED_TRACE(::testing::Message() << operands.m << " x " << operands.k << " x " << operands.n);
  in_every_way([&] { EXPECT_EQ(difference(operands.multiplied(), operands.expected(), operands.n), ""); });
}

TEST(GemmTiles, InstructionsGoWithAvx512) {
  EXPECT_NE(tiles(), Tiles::kEmulated);
  test::on_every_isa([] {
    if (std::string_view(best_target_name()) == "avx512") return;
    EXPECT_EQ(tiles(), Tiles::kNone);
  });
  set_tiles(Tiles::kNone);
  EXPECT_EQ(tiles(), Tiles::kNone);
  set_tiles(Tiles::kEmulated);
  EXPECT_EQ(tiles(), Tiles::kEmulated);
  set_tiles(Tiles::kInstructions);
}

TEST(GemmTiles, EveryElementIsTheSumOfItsStepsInEveryTile) {
  for (const std::size_t n : {1U, 15U, 16U, 17U, 33U, 48U, 64U, 65U, 130U}) {
    for (const std::size_t m : {1U, 2U, 15U, 16U, 17U, 31U, 33U, 50U}) expect_sums(Operands(m, n, 35));
  }
}

TEST(GemmTiles, EveryElementIsTheSumOfItsStepsAtEveryDepth) {
  for (const std::size_t k : {1U, 2U, 3U, 31U, 32U, 33U, 63U, 64U, 65U, 127U, 300U}) {
    for (const std::size_t m : {1U, 18U, 40U}) expect_sums(Operands(m, 37, k));
  }
}

TEST(GemmTiles, EveryElementIsTheSumOfItsStepsAcrossBlocks) {
  for (const std::size_t k : {511U, 512U, 513U, 1025U}) {
    for (const std::size_t m : {3U, 33U, 49U}) expect_sums(Operands(m, 21, k));
  }
  expect_sums(Operands(34, 100, 1030));
}

TEST(GemmTiles, IsNearTheExactProductOfTheRoundedOperands) {
  const Operands operands(20, 40, 2000);
  in_every_way([&] {
    const std::vector<float> c = operands.multiplied();
    for (std::size_t i = 0; i < c.size(); ++i) {
      double exact = 0;
      double magnitude = 0;
      for (std::size_t j = 0; j < operands.k; ++j) {
        const double term = static_cast<double>(rounded(operands.a[i / operands.n * operands.a_row_stride + j])) *
                            static_cast<double>(rounded(operands.b[j * operands.n + i % operands.n]));
        exact += term;
        magnitude += std::abs(term);
      }
      // 16 multiply-adds of a chain, two chains, and a sum for each step.
      const double roundings = 17 + static_cast<double>(tile_steps(operands.k));
      ASSERT_NEAR(static_cast<double>(c[i]), exact, roundings * 0x1p-24 * magnitude);
    }
  });
}

TEST(GemmTiles, StartsWithBiasAndAddend) {
  const std::vector<float> bias = random_floats(70, 0.0F, 2.0F, 3);
  const std::vector<float> addend = random_floats(std::size_t{40} * 80 + std::size_t{70} * 11, 0.0F, 2.0F, 4);
  Operands operands(40, 70, 50);
  operands.epilogue.bias = bias.data();
  expect_sums(operands);
  operands.epilogue.addend = addend.data();
  operands.epilogue.addend_scale = 0.7F;
  for (const std::size_t row_stride : {0U, 1U, 80U}) {
    for (const std::size_t column_stride : {0U, 1U, 11U}) {
      operands.epilogue.addend_row_stride = row_stride;
      operands.epilogue.addend_column_stride = column_stride;
      SCOPED_TRACE(::testing::Message() << "strides " << row_stride << ", " << column_stride);
      expect_sums(operands);
    }
  }
  operands.epilogue.bias = nullptr;
  expect_sums(operands);
}

TEST(GemmTiles, Activates) {
  const std::vector<float> bias = random_floats(70, 0.0F, 2.0F, 3);
  for (const ActivationKind kind : {ActivationKind::kRelu, ActivationKind::kTanh, ActivationKind::kLeakyRelu}) {
    Operands operands(21, 70, 50);
    operands.epilogue.bias = bias.data();
    in_every_way([&] {
      std::vector<float> expected = operands.expected();
      const Activation activation = {kind, 0.1F, 0.0F};
      apply_activation(activation, expected.data(), expected.data(), expected.size());
      operands.epilogue.activation = activation;
      EXPECT_EQ(difference(operands.multiplied(), expected, operands.n), "");
      operands.epilogue.activation = {};
    });
  }
}

TEST(GemmTiles, SlicesDoNotChangeBits) {
  const Operands operands(50, 330, 600);
  const std::size_t row_tiles = row_tile_count(operands.m);
  const std::size_t panels = panel_count(operands.n);
  in_every_way([&] {
    const std::vector<float> whole = operands.multiplied();
    for (const std::size_t rows : {1U, 2U, 4U}) {
      for (const std::size_t columns : {1U, 4U}) {
        EXPECT_EQ(difference(operands.multiplied({row_tiles, panels, rows, columns}), whole, operands.n), "");
      }
    }
    for (const std::size_t threads : {1U, 16U}) {
      const GemmSlices slices = choose_tile_slices(operands.m, operands.n, operands.k, threads);
      EXPECT_EQ(difference(operands.multiplied(slices), whole, operands.n), "");
    }
  });
}

TEST(GemmTiles, ARowDoesNotDependOnItsNeighbours) {
  const Operands many(61, 90, 1100);
  in_every_way([&] {
    const std::vector<float> c = many.multiplied();
    for (const std::size_t row : {0U, 17U, 60U}) {
      Operands one(1, 90, 1100);
      one.b = many.b;
      const auto first = many.a.begin() + static_cast<std::ptrdiff_t>(row * many.a_row_stride);
      one.a.assign(first, first + static_cast<std::ptrdiff_t>(many.k));
      const auto row_of_c = c.begin() + static_cast<std::ptrdiff_t>(row * many.n);
      const std::vector<float> expected(row_of_c, row_of_c + static_cast<std::ptrdiff_t>(many.n));
      EXPECT_EQ(difference(one.multiplied(), expected, many.n), "") << "row " << row;
    }
  });
}

TEST(GemmTiles, InfinitiesAndNanGoWhereTheyBelong) {
  Operands operands(18, 20, 70);
  operands.a[5] = kNan;
  operands.a[operands.a_row_stride + 1] = kInfinity;
  operands.a[2 * operands.a_row_stride] = kLargest;  // rounds to infinity
  operands.b[3] = -kInfinity;
  operands.b[35 * operands.n + 4] = kNan;
  expect_sums(operands);
}

// Also where a caller keeps them: the instruction does not ask.
TEST(GemmTiles, DenormalsAreZeros) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  Operands operands(3, 4, 40);
  for (std::size_t i = 0; i < operands.a.size(); ++i) {
    const float values[] = {kLeast, kLeast / 2, 1.5F * kLeast, 0x1p-60F, -0x1p-70F};
    operands.a[i] = values[i % 5];
  }
  for (std::size_t i = 0; i < operands.b.size(); ++i) {
    const float values[] = {1.0F, 0.5F, -kLeast, 0x1p-66F, 0x1.8p-57F, -1.0F, 0x1p-133F};
    operands.b[i] = values[i % 7];
  }
  expect_sums(operands);
}

TEST(GemmTiles, PartsPackToTheSameTiles) {
  Operands operands(37, 75, 331);
  operands.alpha = 0.5F;
  std::vector<float> transposed(operands.b.size());
  for (std::size_t i = 0; i < operands.k; ++i) {
    for (std::size_t j = 0; j < operands.n; ++j) transposed[j * operands.k + i] = operands.b[i * operands.n + j];
  }
  test::on_every_isa([&] {
    Operands::Bytes a = operands.tiled_a();
    for (const std::size_t steps : {1U, 3U}) {
      EXPECT_EQ(std::memcmp(operands.tiled_a(steps).data(), a.data(), tiled_a_bytes(operands.m, operands.k)), 0);
    }
    Operands::Bytes b = operands.tiled_b(operands.b.data(), operands.n, 1);
    const std::size_t bytes = tiled_b_bytes(operands.k, operands.n);
    for (const std::size_t rows : {2U, 32U, 66U, 330U}) {
      Operands::Bytes parts = operands.tiled_b(operands.b.data(), operands.n, 1, rows);
      EXPECT_EQ(std::memcmp(parts.data(), b.data(), bytes), 0) << rows << " rows at once";
    }
    EXPECT_EQ(std::memcmp(operands.tiled_b(transposed.data(), 1, operands.k).data(), b.data(), bytes), 0);
  });
}

TEST(GemmTiles, ChosenSlicesCoverTheProductOnce) {
  struct Shape {
    std::size_t m, n, k;
  };
  for (const Shape& s : {Shape{1, 1, 1},
                         {1, 4096, 4096},
                         {64, 1024, 1024},
                         {256, 4096, 4096},
                         {256, 1000, 4096},
                         {100000, 100, 64},
                         {333, 331, 777},
                         {16, 130, 1000000}}) {
    for (const std::size_t threads : {0U, 1U, 2U, 16U}) {
      SCOPED_TRACE(::testing::Message() << s.m << " x " << s.k << " x " << s.n << ", " << threads << " threads");
      const GemmSlices slices = choose_tile_slices(s.m, s.n, s.k, threads);
      std::vector<std::size_t> covered(panel_count(s.n));
      for (std::size_t i = 0; i < slices.count(); ++i) {
        const GemmSlice slice = slices.slice(i);
        EXPECT_LE((slice.row_end - slice.row_begin) * (slice.panel_end - slice.panel_begin), 64U) << "256 by 256";
        for (std::size_t panel = slice.panel_begin; panel < slice.panel_end; ++panel) {
          ASSERT_EQ(covered[panel], slice.row_begin);
          covered[panel] = slice.row_end;
        }
      }
      for (const std::size_t rows : covered) EXPECT_EQ(rows, row_tile_count(s.m));
    }
  }
  EXPECT_EQ(choose_tile_slices(0, 5, 5, 2).count(), 0U);
  EXPECT_GE(choose_tile_slices(256, 1000, 4096, 16).count(), 16U) << "one for each thread";
}

}  // namespace
}  // namespace linnet::kernels
