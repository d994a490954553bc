#include "ops/elementwise/broadcast_loops.hpp"

#include <gtest/gtest.h>

#include <random>

namespace linnet::internal {
namespace {

struct LoopsCase {
  Shape a, b;
  std::size_t outer;  ///< loops around the inner one
  std::size_t inner;
};

TEST(BroadcastLoops, JoinsWhatItCan) {
  const LoopsCase cases[] = {
      {{}, {}, 0, 1},
      {{2, 3, 4}, {2, 3, 4}, 0, 24},
      {{2, 3, 4}, {}, 0, 24},
      {{1, 1}, {2, 3}, 0, 6},
      {{2, 3, 4}, {4}, 1, 4},
      {{2, 3, 4}, {3, 4}, 1, 12},
      {{2, 3, 4}, {2, 1, 1}, 1, 12},
      {{2, 3, 4}, {1, 3, 1}, 2, 4},
      {{5, 1}, {1, 7}, 1, 7},
      {{2, 1, 3, 1}, {2, 1, 3, 1}, 0, 6},
  };
  for (const LoopsCase& c : cases) {
    const BroadcastLoops loops = broadcast_loops(c.a, c.b);
    EXPECT_EQ(loops.outer.size(), c.outer) << text(c.a, " and ", c.b);
    EXPECT_EQ(loops.inner.size, c.inner) << text(c.a, " and ", c.b);
    EXPECT_LE(loops.inner.a_stride, 1U);
    EXPECT_LE(loops.inner.b_stride, 1U);
  }
}

TEST(BroadcastLoops, SaysWhichOperandIsDense) {
  const BroadcastLoops loops = broadcast_loops({2, 3}, {1, 2, 1});
  EXPECT_TRUE(loops.a_dense);
  EXPECT_FALSE(loops.b_dense);
  EXPECT_EQ(loops.count, 6U);
}

/// The elements of A and B that belong to element `index`, by the rule itself: sizes of 1 stay at 0.
std::pair<std::size_t, std::size_t> elements_at(std::size_t index, const Shape& a, const Shape& b,
                                                const Shape& output) {
  std::size_t result[2] = {0, 0};
  std::size_t strides[2] = {1, 1};
  for (std::size_t i = output.size(); i-- > 0;) {
    const std::size_t position = index % static_cast<std::size_t>(output[i]);
    index /= static_cast<std::size_t>(output[i]);
    for (int operand = 0; operand < 2; ++operand) {
      const auto size = static_cast<std::size_t>((operand == 0 ? a : b)[i]);
      if (size > 1) result[operand] += position * strides[operand];
      strides[operand] *= size;
    }
  }
  return {result[0], result[1]};
}

TEST(BroadcastLoops, RunsCoverEveryRangeOfRandomShapes) {
  std::mt19937 random(7);
  const auto below = [&](unsigned limit) { return static_cast<std::int64_t>(random() % limit); };
  for (int round = 0; round < 300; ++round) {
    const auto rank = static_cast<std::size_t>(below(6));
    Shape a(rank), b(rank), output(rank);
    for (std::size_t i = 0; i < rank; ++i) {
      output[i] = 1 + below(4);
      a[i] = below(3) == 0 ? 1 : output[i];
      b[i] = below(3) == 0 ? 1 : output[i];
      output[i] = std::max(a[i], b[i]);
    }
    const BroadcastLoops loops = broadcast_loops(a, b);
    ASSERT_EQ(loops.count, static_cast<std::size_t>(element_count(output)));
    const auto first = static_cast<std::size_t>(below(static_cast<unsigned>(loops.count)));
    const auto size = static_cast<std::size_t>(below(static_cast<unsigned>(loops.count - first + 1)));
    std::size_t next = first;
    for_broadcast_runs(
        loops, first, size, [&](std::size_t y, std::size_t a_index, std::size_t b_index, std::size_t run) {
          ASSERT_EQ(y, next);
          ASSERT_GT(run, 0U);
          for (std::size_t i = 0; i < run; ++i) {
            const auto [expected_a, expected_b] = elements_at(y + i, a, b, output);
            ASSERT_EQ(a_index + i * loops.inner.a_stride, expected_a) << text(a, " and ", b, " at ", y + i);
            ASSERT_EQ(b_index + i * loops.inner.b_stride, expected_b) << text(a, " and ", b, " at ", y + i);
          }
          next += run;
        });
    ASSERT_EQ(next, first + size) << text(a, " and ", b);
  }
}

TEST(LineUp, GivesTheElementsBesideTheResult) {
  const Shape y = {2, 3, 4};
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{4}, Shape{3, 1}, Shape{2, 1, 4}, Shape{}, Shape{1, 3, 4}}) {
    std::vector<int> operand(static_cast<std::size_t>(element_count(shape)));
    for (std::size_t i = 0; i < operand.size(); ++i) operand[i] = static_cast<int>(i);
    const BroadcastLoops loops = broadcast_loops(y, shape);
    Shape padded = shape;
    padded.insert(padded.begin(), y.size() - shape.size(), 1);
    for (std::size_t first = 0; first < 24; ++first) {
      for (std::size_t count = 1; first + count <= 24; ++count) {
        std::vector<int> buffer(count + 1, -1);
        const int* lined_up = line_up(loops, operand.data(), first, count, buffer.data());
        const bool one_run = shape == y || (shape == Shape{4} && first % 4 + count <= 4);
        ASSERT_TRUE(lined_up != buffer.data() || !one_run) << text(shape) << " at " << first;
        ASSERT_EQ(lined_up == buffer.data(), buffer[0] != -1);
        ASSERT_EQ(buffer[count], -1);
        for (std::size_t i = 0; i < count; ++i) {
          const auto index = elements_at(first + i, y, padded, y).second;
          ASSERT_EQ(lined_up[i], static_cast<int>(index)) << text(shape) << " at " << first + i;
        }
      }
    }
  }
}

TEST(LineUp, BlocksCoverTheRange) {
  std::size_t next = 5;
  for_lined_up(5, 3 * kLinedUp + 7, [&](std::size_t first, std::size_t count) {
    EXPECT_EQ(first, next);
    EXPECT_GT(count, 0U);
    EXPECT_LE(count, kLinedUp);
    next += count;
  });
  EXPECT_EQ(next, 5 + 3 * kLinedUp + 7);
}

}  // namespace
}  // namespace linnet::internal
