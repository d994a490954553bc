#include "runtime/planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

using testing::HasSubstr;

std::vector<Block> random_blocks(std::mt19937& random, std::size_t count, std::size_t steps) {
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = random() % steps;
    blocks.push_back({first, std::min(steps - 1, first + random() % 6), 64 * (random() % 50)});
  }
  return blocks;
}

std::size_t lower_bound_by_counting(const std::vector<Block>& blocks, std::size_t steps) {
  std::size_t most = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    std::size_t live = 0;
    for (const Block& block : blocks) live += block.first <= step && step <= block.last ? block.bytes : 0;
    most = std::max(most, live);
  }
  return most;
}

TEST(Planner, NoBlocksNeedNothing) {
  const MemoryPlan plan = plan_memory({});
  EXPECT_EQ(plan.arena_bytes, 0U);
  EXPECT_EQ(plan.lower_bound_bytes, 0U);
}

TEST(Planner, EmptyBlocksNeedNothing) {
  const MemoryPlan plan = plan_memory({{0, 3, 0}, {1, 2, 0}});
  EXPECT_EQ(plan.arena_bytes, 0U);
  EXPECT_EQ(plan.offsets.size(), 2U);
}

TEST(Planner, ChainOfEqualValuesUsesTwoBuffers) {
  std::vector<Block> blocks;
  for (std::size_t step = 0; step < 50; ++step) blocks.push_back({step, step + 1, 640});
  const MemoryPlan plan = plan_memory(blocks);
  EXPECT_EQ(plan.arena_bytes, 1280U);
  EXPECT_EQ(check_plan(blocks, plan), "");
}

TEST(Planner, GrowingChainReachesTheLowerBound) {
  std::vector<Block> blocks;
  for (std::size_t step = 0; step < 20; ++step) blocks.push_back({step, step + 1, 64 * (step + 1)});
  const MemoryPlan plan = plan_memory(blocks);
  EXPECT_EQ(plan.arena_bytes, plan.lower_bound_bytes);
  EXPECT_EQ(check_plan(blocks, plan), "");
}

TEST(Planner, RandomGraphsNeverOverlapAndRespectTheLowerBound) {
  std::mt19937 random(7);
  std::size_t at_bound = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t steps = 1 + random() % 40;
    const std::vector<Block> blocks = random_blocks(random, 1 + random() % 60, steps);
    const MemoryPlan plan = plan_memory(blocks);
    ASSERT_EQ(check_plan(blocks, plan), "") << "trial " << trial;
    ASSERT_EQ(plan.lower_bound_bytes, lower_bound_by_counting(blocks, steps)) << "trial " << trial;
    ASSERT_GE(plan.arena_bytes, plan.lower_bound_bytes) << "trial " << trial;
    ASSERT_LE(plan.arena_bytes, plan.lower_bound_bytes * 5 / 4) << "trial " << trial;
    at_bound += plan.arena_bytes == plan.lower_bound_bytes ? 1 : 0;
  }
  EXPECT_GE(at_bound, 150U);
}

TEST(Planner, ManyBlocksArePlacedByTheSweep) {
  std::mt19937 random(11);
  const std::vector<Block> blocks = random_blocks(random, 50000, 40000);
  const MemoryPlan plan = plan_memory(blocks);
  EXPECT_EQ(check_plan(blocks, plan), "");
  EXPECT_GE(plan.arena_bytes, plan.lower_bound_bytes);
}

TEST(Planner, SamePlanEveryTime) {
  std::mt19937 random(3);
  const std::vector<Block> blocks = random_blocks(random, 80, 30);
  EXPECT_EQ(plan_memory(blocks).offsets, plan_memory(blocks).offsets);
}

TEST(Planner, SumPastSixtyFourBitsIsRefused) {
  try {
    plan_memory({{0, 0, SIZE_MAX / 64 * 64}, {1, 1, SIZE_MAX / 64 * 64}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    EXPECT_THAT(error.what(), HasSubstr("64 bits"));
  }
}

TEST(PlanChecker, FindsOverlap) {
  const std::vector<Block> blocks = {{0, 2, 128}, {2, 3, 64}};
  EXPECT_THAT(check_plan(blocks, {{0, 64}, 192, 192}), HasSubstr("overlap"));
  EXPECT_EQ(check_plan(blocks, {{0, 128}, 192, 192}), "");
}

TEST(PlanChecker, BlocksThatNeverMeetMayShare) {
  EXPECT_EQ(check_plan({{0, 1, 128}, {2, 3, 128}}, {{0, 0}, 128, 128}), "");
}

TEST(PlanChecker, FindsMisalignmentAndOverflow) {
  EXPECT_THAT(check_plan({{0, 0, 64}}, {{32}, 128, 64}), HasSubstr("not aligned"));
  EXPECT_THAT(check_plan({{0, 0, 128}}, {{64}, 128, 128}), HasSubstr("past the arena"));
  EXPECT_THAT(check_plan({{0, 0, 64}}, {{}, 64, 64}), HasSubstr("0 offsets for 1"));
}

}  // namespace
}  // namespace linnet::internal
