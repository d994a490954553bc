// Products of bfloat16 operands: rounding, packing, and the product itself against doubles of the rounded operands.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/targets.hpp"

namespace linnet::kernels {
namespace {

float value_of(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

float rounded(float value) {
  Bfloat16Pair pair{};
  to_bfloat16_pairs(&value, 1, 1, 1, &pair);
  return value_of(pair.elements[1]);
}

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

class OnEveryIsa : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(set_isa(GetParam())); }
  void TearDown() override { set_isa("auto"); }
};
INSTANTIATE_TEST_SUITE_P(Bfloat16, OnEveryIsa, testing::ValuesIn(supported_targets()));

TEST_P(OnEveryIsa, RoundsToNearestEven) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> cases = {
      {0.0F, 0.0F},
      {1.0F, 1.0F},
      {1.0F + 0x1p-8F, 1.0F},            // a tie, to even
      {1.0F + 0x3p-8F, 1.0F + 0x1p-6F},  // a tie, to even
      {1.0F + 0x1.8p-8F, 1.0F + 0x1p-7F},
      {-1.0F - 0x1.8p-8F, -1.0F - 0x1p-7F},
      {0x1p-133F, 0x1p-133F},                          // the least denormal there is
      {std::numeric_limits<float>::max(), kInfinity},  // rounds up past the largest
      {-kInfinity, -kInfinity},
  };
  // Each alone and among others: whole vectors and the rest take different ways.
  for (const auto& [value, expected] : cases) EXPECT_EQ(rounded(value), expected) << value;
  for (std::size_t place = 0; place < 70; ++place) {
    std::vector<float> row(70, 3.0F);
    row[place] = cases[place % cases.size()].first;
    std::vector<Bfloat16Pair> pairs(35);
    to_bfloat16_pairs(row.data(), row.size(), 1, row.size(), pairs.data());
    EXPECT_EQ(value_of(pairs[place / 2].elements[1 - place % 2]), cases[place % cases.size()].second) << place;
  }
}

TEST_P(OnEveryIsa, NanStaysNan) {
  for (const std::uint32_t bits : {0x7F800001U, 0x7FFFFFFFU, 0xFF800001U, 0x7FC00000U}) {
    float nan;
    std::memcpy(&nan, &bits, sizeof nan);
    const std::vector<float> row(64, nan);
    std::vector<Bfloat16Pair> pairs(32);
    to_bfloat16_pairs(row.data(), 64, 1, 64, pairs.data());
    for (const Bfloat16Pair& pair : pairs) {
      EXPECT_TRUE(std::isnan(value_of(pair.elements[0])));
      EXPECT_TRUE(std::isnan(value_of(pair.elements[1])));
    }
    EXPECT_TRUE(std::isnan(rounded(nan)));
  }
}

TEST_P(OnEveryIsa, ALastPairIsFilledUpWithZero) {
  const std::vector<float> a = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
  std::vector<Bfloat16Pair> pairs(4, Bfloat16Pair{{7, 7}});
  to_bfloat16_pairs(a.data(), 3, 2, 3, pairs.data());
  EXPECT_EQ(value_of(pairs[1].elements[1]), 3.0F);
  EXPECT_EQ(pairs[1].elements[0], 0);
  EXPECT_EQ(value_of(pairs[2].elements[1]), 4.0F);
  EXPECT_EQ(pairs[3].elements[0], 0);
}

TEST_P(OnEveryIsa, StoredRowsAreJoinedAsRoundedOnesAre) {
  for (const std::size_t depth : {1U, 2U, 31U, 32U, 67U, 128U}) {
    constexpr std::size_t kRows = 3;
    const std::vector<float> a = random_values(kRows * depth, 4);
    std::vector<Bfloat16Pair> expected(kRows * pair_count(depth), Bfloat16Pair{{7, 7}});
    std::vector<Bfloat16Pair> pairs = expected;
    to_bfloat16_pairs(a.data(), depth, kRows, depth, expected.data());
    std::vector<std::byte> stored(a.size() * 2 + 1);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::uint16_t bits = expected[i / depth * pair_count(depth) + i % depth / 2].elements[1 - i % depth % 2];
      std::memcpy(stored.data() + 1 + i * 2, &bits, sizeof bits);
    }
    join_bfloat16_pairs(stored.data() + 1, kRows, depth, pairs.data());
    EXPECT_EQ(std::memcmp(pairs.data(), expected.data(), pairs.size() * sizeof(Bfloat16Pair)), 0) << depth;
  }
}

struct Size {
  std::size_t m, n, k;
};

TEST_P(OnEveryIsa, ProductIsThatOfTheRoundedOperands) {
  for (const Size& size : {Size{1, 1, 1},
                           {1, 64, 100},
                           {1, 130, 7},
                           {4, 64, 33},
                           {5, 17, 64},
                           {12, 80, 129},
                           {13, 100, 65},
                           {40, 70, 1200},
                           {250, 65, 31},
                           {13, 64, 2500}}) {
    SCOPED_TRACE(testing::Message() << size.m << " x " << size.k << " x " << size.n);
    const std::vector<float> a = random_values(size.m * size.k, 1);
    const std::vector<float> b = random_values(size.k * size.n, 2);  // [n, k], as a Linear layer has it
    const std::vector<float> bias = random_values(size.n, 3);
    const std::size_t pairs = pair_count(size.k);
    std::vector<Bfloat16Pair> a_pairs(size.m * pairs);
    to_bfloat16_pairs(a.data(), size.k, size.m, size.k, a_pairs.data());
    std::vector<Bfloat16Pair> packed(packed_b_bytes(pairs, size.n) / sizeof(Bfloat16Pair));
    pack_b_bfloat16(b.data(), 1, size.k, size.k, size.n, 1.0F, packed.data());
    GemmEpilogue epilogue;
    epilogue.bias = bias.data();
    std::vector<float> c(size.m * size.n, -7.0F);
    gemm_bfloat16(size.m, size.n, pairs, a_pairs.data(), pairs, packed.data(), epilogue, c.data(), size.n, 0,
                  panel_count(size.n));
    for (std::size_t row = 0; row < size.m; ++row) {
      for (std::size_t column = 0; column < size.n; ++column) {
        double sum = static_cast<double>(bias[column]);
        double magnitude = std::fabs(sum);
        for (std::size_t i = 0; i < size.k; ++i) {
          const double product =
              static_cast<double>(rounded(a[row * size.k + i])) * static_cast<double>(rounded(b[column * size.k + i]));
          sum += product;
          magnitude += std::fabs(product);
        }
        const double bound = static_cast<double>(size.k + 2) * 0x1p-24 * magnitude;
        ASSERT_NEAR(c[row * size.n + column], sum, bound) << row << ", " << column;
      }
    }
    // Its bits are those of the product of floats.
    std::vector<float> wide_a, wide_b;
    std::transform(a.begin(), a.end(), std::back_inserter(wide_a), rounded);
    std::transform(b.begin(), b.end(), std::back_inserter(wide_b), rounded);
    std::vector<float> packed_floats(packed_b_bytes(size.k, size.n) / sizeof(float));
    pack_b(wide_b.data(), 1, size.k, size.k, size.n, 1.0F, packed_floats.data());
    std::vector<float> of_floats(c.size());
    gemm(size.m, size.n, size.k, wide_a.data(), size.k, packed_floats.data(), epilogue, of_floats.data(), size.n, 0,
         panel_count(size.n));
    EXPECT_EQ(std::memcmp(of_floats.data(), c.data(), c.size() * sizeof(float)), 0);
    // A row's bits do not depend on its neighbours, nor on how panels are shared out.
    std::vector<float> alone(size.n);
    for (std::size_t panel = 0; panel < panel_count(size.n); ++panel) {
      gemm_bfloat16(1, size.n, pairs, a_pairs.data() + (size.m - 1) * pairs, pairs, packed.data(), epilogue,
                    alone.data(), size.n, panel, panel + 1);
    }
    EXPECT_EQ(std::memcmp(alone.data(), c.data() + (size.m - 1) * size.n, size.n * sizeof(float)), 0);
  }
}

TEST_P(OnEveryIsa, DenormalsCountAsZeroForTheInstructionsOnly) {
  const float a[] = {0x1p-130F, 1.0F};
  const float b[] = {0x1p120F, 2.0F};
  Bfloat16Pair pair, packed[kColumnUnit];
  to_bfloat16_pairs(a, 2, 1, 2, &pair);
  pack_b_bfloat16(b, 1, 1, 2, 1, 1.0F, packed);
  float c;
  gemm_bfloat16(1, 1, 1, &pair, 1, packed, {}, &c, 1, 0, 1);
  EXPECT_EQ(c, has_bfloat16_instructions() ? 2.0F : 2.0F + 0x1p-10F);
}

TEST_P(OnEveryIsa, PlainAndTransposedBPackAlike) {
  constexpr std::size_t kDepth = 131, kColumns = 75;
  const std::vector<float> b = random_values(kDepth * kColumns, 5);
  std::vector<float> transposed(b.size());
  for (std::size_t i = 0; i < kDepth; ++i) {
    for (std::size_t j = 0; j < kColumns; ++j) transposed[j * kDepth + i] = b[i * kColumns + j];
  }
  const std::size_t count = packed_b_bytes(pair_count(kDepth), kColumns) / sizeof(Bfloat16Pair);
  std::vector<Bfloat16Pair> from_plain(count), from_transposed(count);
  pack_b_bfloat16(b.data(), kColumns, 1, kDepth, kColumns, 0.5F, from_plain.data());
  pack_b_bfloat16(transposed.data(), 1, kDepth, kDepth, kColumns, 0.5F, from_transposed.data());
  EXPECT_EQ(std::memcmp(from_plain.data(), from_transposed.data(), count * sizeof(Bfloat16Pair)), 0);
}

}  // namespace
}  // namespace linnet::kernels
