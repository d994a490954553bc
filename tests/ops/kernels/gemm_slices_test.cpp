#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "ops/kernels/gemm.hpp"

namespace linnet::kernels {
namespace {

struct Case {
  const char* name;
  std::size_t m;
  std::size_t n;
  std::size_t k;
};

const Case kCases[] = {
    {"one element", 1, 1, 1},
    {"no depth", 5, 70, 0},
    {"tiny layer", 4, 32, 100},
    {"one row, cached", 1, 256, 256},
    {"one row, wide", 1, 4096, 4096},
    {"one row, very deep", 1, 130, 1000000},
    {"a few rows", 16, 1000, 4096},
    {"batch", 64, 1024, 1024},
    {"batch, one panel", 640, 10, 256},
    {"square", 512, 1024, 1024},
    {"large", 256, 4096, 4096},
    {"tall", 100000, 100, 64},
    {"odd", 1237, 331, 777},
    {"enormous", 123456789, 123456789, 123456789},
};

double work(const GemmSlice& slice, std::size_t k) {
  return static_cast<double>(slice.row_end - slice.row_begin) *
         static_cast<double>((slice.panel_end - slice.panel_begin) * kPanelColumns) * static_cast<double>(k);
}

TEST(GemmSlices, CoverTheProductOnce) {
  for (const Case& c : kCases) {
    for (const std::size_t threads : {0u, 1u, 2u, 3u, 8u, 64u}) {
      SCOPED_TRACE(::testing::Message() << c.name << ", " << threads << " threads");
      const GemmSlices slices = choose_slices(c.m, c.n, c.k, threads);
      ASSERT_GT(slices.count(), 0u);
      if (slices.count() > 1000000) continue;
      std::vector<std::size_t> covered_rows(panel_count(c.n));
      for (std::size_t i = 0; i < slices.count(); ++i) {
        const GemmSlice slice = slices.slice(i);
        ASSERT_LT(slice.row_begin, slice.row_end);
        ASSERT_LT(slice.panel_begin, slice.panel_end);
        ASSERT_LE(slice.row_end, c.m);
        ASSERT_LE(slice.panel_end, panel_count(c.n));
        // Rows come in order for each panel, so they are covered once if each slice begins where the last one ended.
        for (std::size_t panel = slice.panel_begin; panel < slice.panel_end; ++panel) {
          ASSERT_EQ(slice.row_begin, covered_rows[panel]);
          covered_rows[panel] = slice.row_end;
        }
      }
      for (const std::size_t rows : covered_rows) EXPECT_EQ(rows, c.m);
    }
  }
}

TEST(GemmSlices, AreWholeTilesOfBoundedWork) {
  for (const Case& c : kCases) {
    for (const std::size_t threads : {1u, 4u}) {
      SCOPED_TRACE(::testing::Message() << c.name << ", " << threads << " threads");
      const GemmSlices slices = choose_slices(c.m, c.n, c.k, threads);
      EXPECT_TRUE(slices.rows_per_slice == c.m || slices.rows_per_slice % 12 == 0) << slices.rows_per_slice;
      // No slice is much smaller than the others.
      EXPECT_LT(slices.row_slices() * slices.rows_per_slice - c.m, 12 * slices.row_slices());
      const GemmSlice first = slices.slice(0);
      const bool smallest = first.row_end - first.row_begin <= 12 && first.panel_end - first.panel_begin == 1;
      EXPECT_TRUE(smallest || work(first, c.k) <= 2.5e7) << work(first, c.k);
    }
  }
}

TEST(GemmSlices, GiveEveryThreadWorkThatIsWorthIt) {
  EXPECT_EQ(choose_slices(4, 32, 100, 8).count(), 1u);
  EXPECT_EQ(choose_slices(1, 256, 256, 8).count(), 1u);
  for (const Case& c : {Case{"", 1, 1024, 1024}, {"", 64, 256, 256}, {"", 640, 10, 256}, {"", 64, 1024, 1024}}) {
    EXPECT_GE(choose_slices(c.m, c.n, c.k, 2).count(), 2u) << c.m << " x " << c.k << " x " << c.n;
  }
  EXPECT_GE(choose_slices(1, 4096, 1024, 8).count(), 8u);
}

TEST(GemmSlices, SplitFewRowsByPanelsAndManyByRows) {
  const GemmSlices few = choose_slices(4, 1024, 1024, 2);
  EXPECT_EQ(few.row_slices(), 1u);
  EXPECT_GE(few.panel_slices(), 2u);
  const GemmSlices many = choose_slices(240, 64, 512, 2);
  EXPECT_EQ(many.row_slices(), 4u);
  EXPECT_EQ(many.panel_slices(), 1u);
}

TEST(GemmSlices, DivideEvenlyAmongThreads) {
  EXPECT_EQ(choose_slices(1, 1024, 512, 2).panels_per_slice, 2u);     // 16 panels: 4 slices each
  EXPECT_EQ(choose_slices(1, 12 * 64, 512, 2).panels_per_slice, 2u);  // 12 panels: 3 slices each, not 2 and 1
  EXPECT_EQ(choose_slices(240, 64, 512, 2).rows_per_slice, 60u);      // 20 tiles: 2 slices of 5 each, not 4 and 3 of 3
  EXPECT_EQ(choose_slices(64, 1024, 1024, 2).row_slices(), 1u);  // 16 panels are halved, 6 tiles of 64 rows not quite
}

TEST(GemmSlices, InPlaceTheyAreStripsOfAllRows) {
  struct InPlace {
    std::size_t m, n, k, threads;
    std::size_t panels;  // of a slice
  };
  const InPlace cases[] = {
      {1, 1024, 1024, 1, 8}, {1, 1024, 1024, 2, 8},    {4, 3072, 768, 2, 8}, {4, 512, 4096, 2, 4}, {1, 512, 64, 2, 8},
      {1, 130, 1024, 2, 2},  {1, 4096, 1000000, 2, 1}, {2, 1, 1, 2, 1},      {6, 70, 0, 0, 2},     {6, 1100, 900, 3, 6},
  };
  for (const InPlace& c : cases) {
    SCOPED_TRACE(::testing::Message() << c.m << " x " << c.k << " x " << c.n << ", " << c.threads << " threads");
    const GemmSlices slices = choose_slices_in_place(c.m, c.n, c.k, c.threads);
    EXPECT_EQ(slices.rows_per_slice, c.m);
    EXPECT_EQ(slices.panels_per_slice, c.panels);
    EXPECT_EQ(slices.panels, panel_count(c.n));
  }
  EXPECT_EQ(choose_slices_in_place(0, 10, 10, 2).count(), 0u);
  EXPECT_EQ(choose_slices_in_place(3, 0, 10, 2).count(), 0u);
}

TEST(GemmSlices, AnEmptyProductHasNoSlices) {
  EXPECT_EQ(choose_slices(0, 10, 10, 2).count(), 0u);
  EXPECT_EQ(choose_slices(10, 0, 10, 2).count(), 0u);
}

}  // namespace
}  // namespace linnet::kernels
