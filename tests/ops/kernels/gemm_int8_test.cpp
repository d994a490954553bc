#include "ops/kernels/gemm_int8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ops/kernels/tiles.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

/// Extremes are common: where products of pairs are added in 16 bits, they overflow.
std::vector<std::uint8_t> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) {
    const auto draw = static_cast<unsigned>(random());
    byte = static_cast<std::uint8_t>((draw & 0x300) == 0 ? 0xFF : (draw & 0x300) == 0x100 ? 0x80 : draw);
  }
  return bytes;
}

struct Case {
  std::size_t m, n, k;
  std::vector<std::uint8_t> a = random_bytes(m * k, 1);
  std::vector<std::uint8_t> b = random_bytes(k * n, 2);

  /// Of A as int8 and B as uint8.
  std::int32_t sum(std::size_t row, std::size_t column) const {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < k; ++i) sum += static_cast<std::int8_t>(a[row * k + i]) * b[i * n + column];
    return sum;
  }
  /// All of them, behind what each row starts with, if anything.
  std::vector<std::int32_t> sums(const std::vector<std::int32_t>& start = {}) const {
    std::vector<std::int32_t> sums;
    for (std::size_t i = 0; i < m * n; ++i) sums.push_back(sum(i / n, i % n) + (start.empty() ? 0 : start[i / n]));
    return sums;
  }
};

/// What multiplies: what gemm_int8 takes here, tiles on any CPU, instructions but not those of tiles, and neither.
enum class By { kBest, kEmulatedTiles, kInstructions, kPlain };
constexpr By kWays[] = {By::kBest, By::kEmulatedTiles, By::kInstructions, By::kPlain};

void multiply(const Int8Product& product, By by) {
  if (by == By::kPlain) return gemm_int8_without(product);
  if (by == By::kEmulatedTiles) set_tiles(Tiles::kEmulated);
  if (by == By::kInstructions) set_tiles(Tiles::kNone);
  gemm_int8(product);
  set_tiles(Tiles::kInstructions);
}

constexpr std::size_t kCanary = 7;

/// C of the product, between guards.
template <typename T>
std::vector<T> multiplied(const Case& item, const Int8Epilogue& epilogue, bool transposed, By by,
                          std::uint8_t flip = 0) {
  const std::size_t quads = quad_count(item.k);
  std::vector<std::int8_t> rows(item.m * quads * 4 + 1);
  std::vector<std::uint8_t> flipped_a = item.a;
  std::vector<std::uint8_t> b = item.b;
  for (std::uint8_t& byte : flipped_a) byte ^= flip;
  for (std::uint8_t& byte : b) byte ^= flip;
  std::vector<std::uint8_t> columns(b.size());
  for (std::size_t i = 0; i < b.size(); ++i) columns[i % item.n * item.k + i / item.n] = b[i];
  std::vector<std::int32_t> sums(item.m);
  copy_int8_rows(flipped_a.data(), item.k, item.m, item.k, flip, rows.data(), sums.data());
  for (std::size_t row = 0; row < item.m; ++row) {
    std::int32_t expected = 0;
    for (std::size_t i = 0; i < item.k; ++i) expected += static_cast<std::int8_t>(item.a[row * item.k + i]);
    EXPECT_EQ(sums[row], expected);
  }
  std::vector<std::uint8_t> packed(packed_int8_bytes(item.k, item.n) + 1);
  if (transposed) {
    pack_int8(columns.data(), 1, item.k, item.k, item.n, flip, packed.data());
  } else {
    pack_int8(b.data(), item.n, 1, item.k, item.n, flip, packed.data());
  }
  const std::size_t stride = item.n + 3;
  std::vector<T> c(item.m * stride + 2 * kCanary, T(99));
  Int8Product product;
  product.m = item.m;
  product.n = item.n;
  product.k = item.k;
  product.a = rows.data();
  product.packed_b = packed.data();
  product.epilogue = epilogue;
  product.c = c.data() + kCanary;
  product.c_row_stride = stride;
  // The panels one by one.
  for (std::size_t panel = 0; panel < panel_count(item.n); ++panel) {
    product.panel_begin = panel;
    product.panel_end = panel + 1;
    multiply(product, by);
  }
  std::vector<T> result;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const bool inside = i >= kCanary && (i - kCanary) / stride < item.m && (i - kCanary) % stride < item.n;
    if (inside) {
      result.push_back(c[i]);
    } else {
      EXPECT_EQ(c[i], T(99)) << "element " << i << " behind or before a row was written";
    }
  }
  return result;
}

TEST(GemmInt8, SumsAreExactInEveryTile) {
  for (const std::size_t n : {1u, 2u, 15u, 16u, 17u, 33u, 48u, 63u, 64u, 65u, 80u, 130u}) {
    for (const std::size_t m : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 11u, 13u}) {
      for (const std::size_t k : {0u, 1u, 3u, 4u, 5u, 8u, 12u, 70u, 261u}) {
        const Case item{m, n, k};
        const std::vector<std::int32_t> expected = item.sums();
        on_every_isa([&] {
          for (const By by : kWays) {
            EXPECT_EQ(multiplied<std::int32_t>(item, {}, by == By::kInstructions, by, by == By::kPlain ? kInt8Flip : 0),
                      expected)
                << m << " " << n << " " << k << " way " << static_cast<int>(by);
          }
        });
      }
    }
  }
}

// Several row tiles, the last of which begins within the one before where rows do not fill it.
TEST(GemmInt8, SumsOfManyRowsAreExact) {
  for (const std::size_t m : {16u, 17u, 33u, 50u}) {
    for (const std::size_t n : {31u, 64u, 112u}) {
      for (const std::size_t k : {1u, 63u, 64u, 65u, 200u}) {
        const Case item{m, n, k};
        std::vector<std::int32_t> start(m);
        for (std::size_t row = 0; row < m; ++row) start[row] = static_cast<std::int32_t>(row) * 77 - 5;
        const std::vector<std::int32_t> expected = item.sums(start);
        Int8Epilogue epilogue;
        epilogue.row_start = start.data();
        for (const By by : kWays) {
          EXPECT_EQ(multiplied<std::int32_t>(item, epilogue, false, by), expected)
              << m << " " << n << " " << k << " way " << static_cast<int>(by);
        }
      }
    }
  }
}

// More steps than stay in the first-level cache, and more rows than pass by them.
TEST(GemmInt8, SumsAcrossBlocksAreExact) {
  for (const Case& item : {Case{50, 80, 900}, Case{150, 70, 1000}}) {
    const std::vector<std::int32_t> expected = item.sums();
    for (const By by : kWays) {
      EXPECT_EQ(multiplied<std::int32_t>(item, {}, false, by), expected) << item.m << " way " << static_cast<int>(by);
    }
  }
}

// Longer than what is widened at a time.
TEST(GemmInt8, SumsOfLongRowsAreExact) {
  for (const std::size_t n : {17u, 65u}) {
    for (const std::size_t m : {1u, 3u, 4u, 6u}) {
      for (const std::size_t k : {2047u, 2049u, 4100u}) {
        const Case item{m, n, k};
        std::vector<std::int32_t> start(m);
        for (std::size_t row = 0; row < m; ++row) start[row] = static_cast<std::int32_t>(row) * 1000 - 7;
        const std::vector<std::int32_t> expected = item.sums(start);
        Int8Epilogue epilogue;
        epilogue.row_start = start.data();
        on_every_isa([&] {
          for (const By by : kWays) {
            EXPECT_EQ(multiplied<std::int32_t>(item, epilogue, false, by), expected)
                << m << " " << n << " " << k << " way " << static_cast<int>(by);
          }
        });
      }
    }
  }
}

TEST(GemmInt8, SumsWrapAround) {
  Case item{4, 1, 70000};
  std::fill(item.a.begin(), item.a.end(), std::uint8_t{0x80});
  std::fill(item.b.begin(), item.b.end(), std::uint8_t{0xFF});
  const std::vector<std::int32_t> expected(
      item.m, static_cast<std::int32_t>(static_cast<std::uint32_t>(std::int64_t{-128} * 255 * 70000)));
  on_every_isa([&] {
    for (const By by : kWays) EXPECT_EQ(multiplied<std::int32_t>(item, {}, false, by), expected);
  });
}

/// Lists for every part of an epilogue.
struct Lists {
  Lists(std::size_t m, std::size_t n) {
    const std::size_t columns = panel_count(n) * kPanelColumns;
    for (std::size_t i = 0; i < m; ++i) {
      row_start.push_back(static_cast<std::int32_t>(i * 977) - 1500);
      a_zero.push_back(static_cast<std::int32_t>(i % 3) * 7 - 7);
      a_rest.push_back(static_cast<std::int32_t>(i) * 31 - 40);
      row_scale.push_back(0.0007F * static_cast<float>(i + 1));
      row_bias.push_back(static_cast<float>(i) * 1.25F - 3);
    }
    for (std::size_t i = 0; i < columns; ++i) {
      column_sums.push_back(static_cast<std::int32_t>(i * 53) - 600);
      b_zero.push_back(static_cast<std::int32_t>(i % 5) - 2);
      column_scale.push_back(1.5F - 0.01F * static_cast<float>(i));
      column_bias.push_back(static_cast<float>(i % 7) - 2.5F);
    }
    all.row_start = row_start.data();
    all.a_zero = a_zero.data();
    all.column_sums = column_sums.data();
    all.a_rest = a_rest.data();
    all.b_zero = b_zero.data();
    all.row_scale = row_scale.data();
    all.row_bias = row_bias.data();
    all.column_scale = column_scale.data();
    all.column_bias = column_bias.data();
  }
  std::vector<std::int32_t> row_start, a_zero, a_rest, column_sums, b_zero;
  std::vector<float> row_scale, row_bias, column_scale, column_bias;
  Int8Epilogue all;
};

/// As gemm_int8.hpp has it.
float value_of(const Int8Epilogue& epilogue, std::int32_t sum, std::size_t row, std::size_t column) {
  if (epilogue.row_start != nullptr) sum += epilogue.row_start[row];
  if (epilogue.a_zero != nullptr) sum -= epilogue.a_zero[row] * epilogue.column_sums[column];
  if (epilogue.a_rest != nullptr) sum -= epilogue.a_rest[row] * epilogue.b_zero[column];
  float scale = epilogue.row_scale == nullptr ? 1.0F : epilogue.row_scale[row];
  if (epilogue.column_scale != nullptr) scale *= epilogue.column_scale[column];
  float value = static_cast<float>(sum) * scale;
  if (epilogue.row_bias != nullptr) value += epilogue.row_bias[row];
  if (epilogue.column_bias != nullptr) value += epilogue.column_bias[column];
  return value;
}

TEST(GemmInt8, EpiloguesRoundEachStepOnce) {
  for (const std::size_t n : {1u, 16u, 31u, 64u, 70u}) {
    const Case item{7, n, 33};
    const Lists lists(item.m, n);
    Int8Epilogue bare;
    bare.column_scale = lists.column_scale.data();
    Int8Epilogue rows;
    rows.row_start = lists.row_start.data();
    rows.row_scale = lists.row_scale.data();
    for (Int8Epilogue epilogue : {lists.all, bare, rows}) {
      std::vector<float> floats;
      std::vector<std::int8_t> bytes;
      constexpr std::int32_t kZero = -11;
      for (std::size_t i = 0; i < item.m * n; ++i) {
        const float value = value_of(epilogue, item.sum(i / n, i % n), i / n, i % n);
        floats.push_back(std::clamp(value, -40.0F, 1e4F));
        bytes.push_back(static_cast<std::int8_t>(std::nearbyint(std::clamp(value, -40.0F, 138.0F)) + kZero));
      }
      epilogue.low = -40;
      on_every_isa([&] {
        for (const By by : kWays) {
          epilogue.result = Int8Result::kFloat;
          epilogue.high = 1e4F;
          EXPECT_EQ(multiplied<float>(item, epilogue, false, by), floats);
          epilogue.result = Int8Result::kInt8;
          epilogue.high = 138;
          epilogue.zero = kZero;
          EXPECT_EQ(multiplied<std::int8_t>(item, epilogue, false, by), bytes);
        }
      });
    }
  }
}

TEST(GemmInt8, HalvesGoToEvenAndNanToTheLowest) {
  Case item{1, 6, 1};
  item.a = {1};
  item.b = {1, 3, 5, 0, 255, 7};
  std::vector<float> scale(kPanelColumns, 0.5F);
  scale[3] = std::numeric_limits<float>::infinity();
  Int8Epilogue epilogue;
  epilogue.result = Int8Result::kUint8;
  epilogue.column_scale = scale.data();
  epilogue.low = -3;
  epilogue.high = 100;
  epilogue.zero = 3;
  on_every_isa([&] {
    EXPECT_EQ(multiplied<std::uint8_t>(item, epilogue, false, By::kBest),
              (std::vector<std::uint8_t>{3, 5, 5, 0, 103, 7}));
  });
}

TEST(GemmInt8, GatheredRowsArePackedRows) {
  const std::size_t k = 7;
  const std::size_t columns = 80;
  const std::vector<std::uint8_t> x = random_bytes(400, 3);
  const std::vector<std::ptrdiff_t> offsets = {0, 5, 300, 17, 17, 80, 221};
  std::vector<std::uint8_t> b;
  for (const std::ptrdiff_t offset : offsets) b.insert(b.end(), x.begin() + offset, x.begin() + offset + columns);
  on_every_isa([&] {
    std::vector<std::uint8_t> expected(packed_int8_bytes(k, columns));
    std::vector<std::uint8_t> gathered(expected.size());
    pack_int8(b.data(), columns, 1, k, columns, kInt8Flip, expected.data());
    gather_int8(x.data(), offsets.data(), k, columns, kInt8Flip, gathered.data());
    EXPECT_EQ(gathered, expected);
  });
}

}  // namespace
}  // namespace linnet::kernels
