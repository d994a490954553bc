#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "ops/kernels/gemm.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::on_every_isa;
using test::random_floats;

struct Strides {
  const char* name;
  std::size_t row;
  std::size_t column;
};

// By the formula in gemm.hpp, zeros included.
std::vector<float> packed_by_formula(const std::vector<float>& b, const Strides& strides, std::size_t k, std::size_t n,
                                     float alpha) {
  std::vector<float> packed(packed_b_bytes(k, n) / sizeof(float), 0.0f);
  for (std::size_t row = 0; row < k; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const std::size_t panel = column / 64;
      const std::size_t width = std::min<std::size_t>(64, (n - panel * 64 + 15) / 16 * 16);
      packed.at(panel * k * 64 + row * width + column % 64) = alpha * b.at(row * strides.row + column * strides.column);
    }
  }
  return packed;
}

TEST(GemmPack, PacksEveryStrideAsDocumented) {
  for (const std::size_t n : {1u, 3u, 4u, 5u, 15u, 16u, 17u, 63u, 64u, 65u, 70u, 130u}) {
    for (const std::size_t k : {0u, 1u, 3u, 4u, 7u, 63u, 64u, 65u, 150u}) {
      const Strides all[] = {{"plain", n, 1},
                             {"plain with gaps", n + 3, 1},
                             {"transposed", 1, k},
                             {"transposed with gaps", 1, k + 5},
                             {"neither", 2 * n, 2},
                             {"one row repeated", 0, 1},
                             {"one column repeated", 1, 0}};
      for (const Strides& strides : all) {
        SCOPED_TRACE(::testing::Message() << strides.name << ", " << k << " x " << n);
        // Exactly as long as what is read, so that a sanitizer sees every element beyond.
        const std::size_t size = k == 0 ? 0 : (k - 1) * strides.row + (n - 1) * strides.column + 1;
        const std::vector<float> b = random_floats(size, 0.0f, 1.0f, 5);
        for (const float alpha : {1.0f, -0.7f}) {
          const std::vector<float> expected = packed_by_formula(b, strides, k, n, alpha);
          on_every_isa([&, s = strides] {
            Guarded packed(expected.size());
            pack_b(b.data(), s.row, s.column, k, n, alpha, packed.data());
            EXPECT_EQ(packed.values(), expected);
            EXPECT_TRUE(packed.intact());
          });
        }
      }
    }
  }
}

// As a model's file has them; UBSan watches that no float is read there as one.
TEST(GemmPack, ReadsBAtAnyAddress) {
  for (const std::size_t shift : {1u, 2u, 3u}) {
    for (const auto& [k, n] : {std::pair<std::size_t, std::size_t>{70, 150}, {3, 5}}) {
      const Strides all[] = {{"plain", n, 1}, {"transposed", 1, k}, {"neither", 2 * n, 2}};
      for (const Strides& strides : all) {
        SCOPED_TRACE(::testing::Message() << strides.name << ", shift " << shift);
        const std::size_t size = (k - 1) * strides.row + (n - 1) * strides.column + 1;
        const std::vector<float> b = random_floats(size, 0.0f, 1.0f, 5);
        std::vector<std::byte> bytes(shift + size * sizeof(float));
        std::memcpy(bytes.data() + shift, b.data(), size * sizeof(float));
        const std::vector<float> expected = packed_by_formula(b, strides, k, n, 0.5f);
        std::vector<Bfloat16Pair> pairs(packed_b_bytes(pair_count(k), n) / sizeof(Bfloat16Pair));
        pack_b_bfloat16(b.data(), strides.row, strides.column, k, n, 0.5f, pairs.data());
        on_every_isa([&, s = strides, k = k, n = n] {
          std::vector<float> packed(expected.size());
          pack_b(bytes.data() + shift, s.row, s.column, k, n, 0.5f, packed.data());
          EXPECT_EQ(packed, expected);
          std::vector<Bfloat16Pair> shifted_pairs(pairs.size());
          pack_b_bfloat16(bytes.data() + shift, s.row, s.column, k, n, 0.5f, shifted_pairs.data());
          EXPECT_EQ(std::memcmp(shifted_pairs.data(), pairs.data(), pairs.size() * sizeof(Bfloat16Pair)), 0);
        });
      }
    }
  }
}

TEST(GemmPack, PanelsMayBePackedOneByOne) {
  const std::size_t k = 37;
  const std::size_t n = 150;
  const std::vector<float> b = random_floats(k * n, 0.0f, 1.0f, 9);
  for (const Strides& strides : {Strides{"plain", n, 1}, Strides{"transposed", 1, k}}) {
    SCOPED_TRACE(strides.name);
    const std::vector<float> expected = packed_by_formula(b, strides, k, n, 2.0f);
    on_every_isa([&, s = strides] {
      std::vector<float> packed(expected.size());
      for (std::size_t panel = panel_count(n); panel-- > 0;) {
        pack_b(b.data() + panel * 64 * s.column, s.row, s.column, k, std::min<std::size_t>(64, n - panel * 64), 2.0f,
               packed.data() + panel * k * 64);
      }
      EXPECT_EQ(packed, expected);
    });
  }
}

TEST(GemmPack, CountsPanelsAndBytes) {
  EXPECT_EQ(panel_count(0), 0u);
  EXPECT_EQ(panel_count(1), 1u);
  EXPECT_EQ(panel_count(64), 1u);
  EXPECT_EQ(panel_count(65), 2u);
  EXPECT_EQ(panel_width(1, 0), 16u);
  EXPECT_EQ(panel_width(64, 0), 64u);
  EXPECT_EQ(panel_width(97, 0), 64u);
  EXPECT_EQ(panel_width(97, 1), 48u);
  EXPECT_EQ(packed_b_bytes(3, 97), 3u * 112u * 4u);
  EXPECT_EQ(packed_b_bytes(0, 97), 0u);
  EXPECT_EQ(packed_b_bytes(3, 0), 0u);
}

}  // namespace
}  // namespace linnet::kernels
