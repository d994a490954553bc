#include "runtime/dim_arithmetic.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace linnet::internal {
namespace {

const Dim kN = Dim::symbol(0);
const Dim kM = Dim::symbol(1);

TEST(DimArithmetic, EqualSumsAreTheSame) {
  const Dim both = sum(kN, kM);
  EXPECT_TRUE(both.is_symbol());
  EXPECT_TRUE(both.same(sum(kM, kN)));
  EXPECT_TRUE(sum(sum(kN, 3), kN).same(sum(kN, sum(kN, 3))));
  EXPECT_TRUE(sum(sum(kN, 1), -1).same(kN));
  EXPECT_TRUE(sum(kN, 0).same(kN));
}

TEST(DimArithmetic, DifferencesAreSymbolsOrNothing) {
  const Dim both = sum(kN, kM);
  EXPECT_TRUE(difference(both, kN).same(kM));
  EXPECT_TRUE(difference(sum(both, 7), sum(kN, 7)).same(kM));
  EXPECT_TRUE(difference(both, sum(kM, kN)).is(0));
  EXPECT_FALSE(difference(kN, kM).is_symbol() || difference(kN, 1).is_symbol());
}

TEST(DimArithmetic, MultiplesAreSums) {
  EXPECT_TRUE(multiple(kN, 64).is_symbol());
  EXPECT_TRUE(multiple(kN, 3).same(sum(kN, sum(kN, kN))));
  EXPECT_TRUE(multiple(multiple(kN, 4), 16).same(multiple(kN, 64)));
  EXPECT_TRUE(difference(multiple(kN, 2), kN).same(kN));
  EXPECT_TRUE(multiple(kN, 1).same(kN));
  EXPECT_FALSE(multiple(kN, 64).same(multiple(kM, 64)) || multiple(kN, 64).same(multiple(kN, 32)));
}

/// What may be negative or cannot be followed.
TEST(DimArithmetic, IsUnknownWhereItCannotBeTold) {
  const Dim far = Dim::symbol(256);  // among too many symbols
  for (const Dim dim : {sum(kN, -1), sum(kN, Dim::unknown()), sum(Dim::unknown(), 1), sum(far, kN), sum(kN, INT64_MAX),
                        difference(kN, Dim::unknown()), difference(far, far), multiple(far, 2),
                        multiple(Dim::unknown(), 2), multiple(kN, 512), multiple(kN, INT64_MAX), multiple(7, 2)}) {
    EXPECT_FALSE(dim.known() || dim.is_symbol());
  }
}

/// Those that models have, of a cache's length, a text's and a batch's, however their symbols are numbered.
TEST(DimArithmetic, UsualSumsDiffer) {
  std::set<std::uint32_t> indices;
  std::size_t sums = 0;
  const auto add = [&](Dim dim) {
    ASSERT_TRUE(dim.is_symbol());
    EXPECT_GE(dim.symbol_index(), 256U);
    indices.insert(dim.symbol_index());
    ++sums;
  };
  for (std::uint32_t a = 0; a < 64; ++a) {
    for (const std::int64_t number : {1, 2, 3, 4, 64, 512}) add(sum(Dim::symbol(a), number));
    for (std::uint32_t b = 0; b <= a; ++b) {
      add(sum(Dim::symbol(a), Dim::symbol(b)));
      add(sum(sum(Dim::symbol(a), Dim::symbol(b)), 1));
    }
  }
  EXPECT_EQ(indices.size(), sums);
}

/// Of windows, heads and pixels.
TEST(DimArithmetic, UsualMultiplesDiffer) {
  std::set<std::uint32_t> indices;
  for (std::uint32_t a = 0; a < 64; ++a) {
    for (const std::int64_t times : {2, 3, 4, 8, 12, 16, 49, 64, 196, 256, 3136})
      indices.insert(multiple(Dim::symbol(a), times).symbol_index());
  }
  EXPECT_EQ(indices.size(), 64U * 11);
}

TEST(DimArithmetic, SlicesAreToldByTheirSize) {
  const Dim both = sum(kN, kM);
  for (const Dim size : {kN, kM, both}) {
    const Dim some = at_most(size, 512);
    EXPECT_TRUE(some.same(at_most(size, 512)));
    EXPECT_FALSE(some.same(at_most(size, 77)) || some.same(size));
    for (const Dim other : {kN, kM, both, Dim(4), Dim::unknown(), some})
      EXPECT_EQ(is_at_most(some, other), other.same(size));
    EXPECT_FALSE(sum(some, 1).is_symbol() || is_at_most(size, size) || is_at_most(4, size));
  }
  EXPECT_FALSE(at_most(Dim::symbol(256), 4).is_symbol() || at_most(Dim::unknown(), 4).is_symbol());
}

TEST(DimArithmetic, UsualSlicesDiffer) {
  std::set<std::uint32_t> sizes, numbers;
  for (std::uint32_t a = 0; a < 64; ++a) {
    for (const Dim dim : {Dim::symbol(a), sum(Dim::symbol(a), Dim::symbol(a / 2))})
      sizes.insert(at_most(dim, 512).symbol_index());
  }
  EXPECT_EQ(sizes.size(), 128U);
  for (std::int64_t most = 1; most <= 1 << 20; most *= 2) {
    numbers.insert(at_most(kN, most).symbol_index());
    numbers.insert(at_most(kN, most + most / 2 + 1).symbol_index());
  }
  EXPECT_GE(numbers.size(), 38U);
}

}  // namespace
}  // namespace linnet::internal
