#include "runtime/idle_pool.hpp"

#include <gtest/gtest.h>

namespace linnet::internal {
namespace {

constexpr std::size_t kWindow = IdlePool<int>::kWindow;

/// So many uses at once, all given back; how many the pool gave up.
std::size_t use_at_once(IdlePool<int>& pool, std::size_t count) {
  std::vector<std::unique_ptr<int>> used;
  for (std::size_t i = 0; i < count; ++i) {
    used.push_back(pool.take());
    if (used.back() == nullptr) used.back() = std::make_unique<int>(0);
  }
  std::size_t given_up = 0;
  for (std::unique_ptr<int>& one : used) given_up += pool.give_back(one) != nullptr ? 1 : 0;
  return given_up;
}

TEST(IdlePool, GivesTheOneThatWasUsedLast) {
  IdlePool<int> pool;
  EXPECT_EQ(pool.take(), nullptr);
  auto a = std::make_unique<int>(1);
  auto b = std::make_unique<int>(2);
  EXPECT_EQ(pool.give_back(a), nullptr);
  EXPECT_EQ(pool.give_back(b), nullptr);
  EXPECT_EQ(*pool.take(), 2);
}

TEST(IdlePool, ABurstIsForgotten) {
  IdlePool<int> pool;
  use_at_once(pool, 64);
  std::size_t given_up = 0;
  for (std::size_t use = 0; use < 3 * kWindow; ++use) {
    const std::size_t now = use_at_once(pool, 1);
    EXPECT_LE(now, 1U) << "one at a time";
    given_up += now;
  }
  EXPECT_EQ(given_up, 63U);
  for (std::size_t use = 0; use < 3 * kWindow; ++use) EXPECT_EQ(use_at_once(pool, 1), 0U) << "the last one stays";
}

TEST(IdlePool, WhatIsInUseAgainAndAgainStays) {
  IdlePool<int> pool;
  use_at_once(pool, 8);
  std::size_t given_up = 0;
  for (std::size_t round = 0; round < kWindow; ++round) {
    given_up += use_at_once(pool, 1);
    if (round % 50 == 49) given_up += use_at_once(pool, 8);
  }
  EXPECT_EQ(given_up, 0U);
}

TEST(IdlePool, TakesAll) {
  IdlePool<int> pool;
  use_at_once(pool, 5);
  EXPECT_EQ(pool.take_all().size(), 5U);
  EXPECT_EQ(pool.take(), nullptr);
  for (std::size_t use = 0; use < 3 * kWindow; ++use) EXPECT_EQ(use_at_once(pool, 1), 0U);
}

}  // namespace
}  // namespace linnet::internal
