// Chains of row-wise steps: when steps are joined, and that a chain gives every row what its steps give.
#include "runtime/row_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "runtime/error.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

RowWise step(std::size_t rows, double row_cost, std::size_t weights_bytes) {
  RowWise made;
  made.rows = rows;
  made.row_cost = row_cost;
  made.weights_bytes = weights_bytes;
  return made;
}

std::size_t chained(std::vector<RowWise> steps, int threads) {
  return chained_steps(steps.data(), steps.size(), threads);
}

constexpr std::size_t kSmall = 1000;
constexpr std::size_t kLarge = std::size_t{4} << 20;
constexpr std::size_t kHuge = std::size_t{64} << 20;

TEST(ChainedSteps, ShortRunsAreOneStep) {
  EXPECT_EQ(chained({step(1, 10, kSmall), step(1, 10, kSmall), step(1, 10, kSmall)}, 1), 3U);
  EXPECT_EQ(chained({step(1, 10, kSmall), step(1, 10, kSmall), step(1, 10, kSmall)}, 16), 3U);
}

TEST(ChainedSteps, FewRowsOfALongRunLeaveTheColumnsToThreads) {
  EXPECT_EQ(chained({step(1, 10000, kLarge), step(1, 10000, kLarge)}, 2), 1U);
  EXPECT_EQ(chained({step(1, 10000, kLarge), step(1, 10000, kLarge)}, 1), 2U) << "one thread has nothing to share";
  EXPECT_EQ(chained({step(64, 5000, kSmall), step(64, 5000, kSmall)}, 2), 2U) << "rows enough for both threads";
  EXPECT_EQ(chained({step(64, 5000, kSmall), step(64, 5000, kSmall)}, 16), 1U);
}

TEST(ChainedSteps, WeightsPastTheCacheAreReadOnce) {
  EXPECT_EQ(chained({step(256, 5000, kSmall), step(256, 5000, kSmall), step(256, 5000, kLarge)}, 1), 2U);
}

TEST(ChainedSteps, AMemberEndsSoonEnoughToBeCancelled) {
  EXPECT_EQ(chained({step(1, 10, kSmall), step(1, 10, kHuge)}, 1), 1U);
  EXPECT_EQ(chained({step(1, 10, kHuge), step(1, 10, kSmall)}, 1), 1U);
}

/// y = x + addend, of rows of `columns` floats; member states hold the addend.
struct Add {
  std::size_t columns;
  std::atomic<bool>* stop = nullptr;
  mutable std::atomic<int> calls{0};
};

void add_rows(const RowArguments& arguments) {
  const auto& state = *static_cast<const Add*>(arguments.state);
  const float addend = *static_cast<const float*>(arguments.inputs[1]);
  const auto* x = static_cast<const float*>(arguments.x);
  auto* y = static_cast<float*>(arguments.y);
  for (std::size_t i = 0; i < arguments.rows * state.columns; ++i) y[i] = x[i] + addend;
  state.calls.fetch_add(1);
  if (state.stop != nullptr) state.stop->store(true);
}

struct Case {
  std::size_t rows;
  double row_cost;
  int threads;
};

std::vector<RowChain::Member> adders(const Case& c, std::size_t columns, std::size_t count,
                                     std::atomic<bool>* stop = nullptr) {
  std::vector<RowChain::Member> members;
  for (std::size_t i = 0; i < count; ++i) {
    RowWise rows = step(c.rows, c.row_cost, 0);
    rows.run = add_rows;
    rows.x_row_bytes = rows.y_row_bytes = columns * sizeof(float);
    auto state = std::make_shared<Add>();
    state->columns = columns;
    state->stop = stop;
    members.push_back({rows, state, static_cast<std::uint32_t>(2 * i)});
  }
  return members;
}

TEST(RowChain, GivesEveryRowWhatItsMembersGive) {
  constexpr std::size_t kColumns = 7;
  const float addends[] = {1.0F, 10.0F, 100.0F};
  for (const Case& c :
       {Case{1, 1, 1}, {1, 1e6, 3}, {5, 1, 1}, {64, 1e4, 1}, {64, 1e4, 2}, {65, 1e4, 4}, {1000, 1, 3}, {100, 1e5, 2}}) {
    SCOPED_TRACE(testing::Message() << c.rows << " rows of " << c.row_cost << " ns, " << c.threads << " threads");
    const RowChain chain(adders(c, kColumns, 3), c.threads);
    std::vector<float> x(c.rows * kColumns);
    std::iota(x.begin(), x.end(), 0.0F);
    std::vector<float> y(x.size(), -1.0F);
    std::vector<std::byte> workspace(chain.workspace_bytes());
    const void* const inputs[] = {x.data(), &addends[0], nullptr, &addends[1], nullptr, &addends[2]};
    void* const outputs[] = {y.data()};
    ThreadPool pool(c.threads);
    RunControl control(&pool, c.threads);
    RowChain::run({&chain, inputs, outputs, workspace.data(), control});
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i] + 111.0F) << i;
  }
}

/// y = x + addend where rows may be padded; every padding that it may write is spoiled.
void add_padded_rows(const RowArguments& arguments) {
  const auto& state = *static_cast<const Add*>(arguments.state);
  const float addend = *static_cast<const float*>(arguments.inputs[1]);
  const std::size_t y_stride = arguments.y_row_bytes / sizeof(float);
  for (std::size_t row = 0; row < arguments.rows; ++row) {
    const float* x = static_cast<const float*>(arguments.x) + row * (arguments.x_row_bytes / sizeof(float));
    float* y = static_cast<float*>(arguments.y) + row * y_stride;
    for (std::size_t i = 0; i < state.columns; ++i) y[i] = x[i] + addend;
    std::fill(y + state.columns, y + y_stride, std::numeric_limits<float>::quiet_NaN());
  }
}

TEST(RowChain, PadsRowsWhereBothSidesCan) {
  constexpr std::size_t kColumns = 7;
  struct Sides {
    bool writes, reads;
  };
  const float addends[] = {1.0F, 10.0F};
  for (const Sides& sides : {Sides{false, false}, {true, false}, {false, true}, {true, true}}) {
    for (const Case& c : {Case{1, 1, 1}, {5, 1, 1}, {65, 1e4, 2}, {1000, 1, 3}}) {
      SCOPED_TRACE(testing::Message() << sides.writes << ' ' << sides.reads << ", " << c.rows << " rows");
      std::vector<RowChain::Member> members = adders(c, kColumns, 2);
      for (RowChain::Member& member : members) member.rows.run = add_padded_rows;
      members[0].rows.writes_padded = sides.writes;
      members[1].rows.reads_padded = sides.reads;
      const RowChain dense(adders(c, kColumns, 2), c.threads);
      const RowChain chain(std::move(members), c.threads);
      EXPECT_EQ(chain.workspace_bytes() > dense.workspace_bytes(), sides.writes && sides.reads && c.rows > 1);
      std::vector<float> x(c.rows * kColumns);
      std::iota(x.begin(), x.end(), 0.0F);
      std::vector<float> y(x.size(), -1.0F);
      std::vector<std::byte> workspace(chain.workspace_bytes());
      const void* const inputs[] = {x.data(), &addends[0], nullptr, &addends[1]};
      void* const outputs[] = {y.data()};
      ThreadPool pool(c.threads);
      RunControl control(&pool, c.threads);
      RowChain::run({&chain, inputs, outputs, workspace.data(), control});
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i] + 11.0F) << i;
    }
  }
}

TEST(RowChain, StopsBetweenMembers) {
  for (const int threads : {1, 2}) {
    const Case c = {64, 1e4, threads};
    std::atomic<bool> stop{false};
    std::vector<RowChain::Member> members = adders(c, 4, 3, &stop);
    const auto last = std::static_pointer_cast<const Add>(members.back().state);
    const RowChain chain(std::move(members), threads);
    const std::vector<float> x(c.rows * 4, 0.0F);
    std::vector<float> y(x.size());
    std::vector<std::byte> workspace(chain.workspace_bytes());
    const float zero = 0.0F;
    const void* const inputs[] = {x.data(), &zero, nullptr, &zero, nullptr, &zero};
    void* const outputs[] = {y.data()};
    ThreadPool pool(threads);
    RunControl control(&pool, threads);
    control.set_stop(&stop);
    try {
      RowChain::run({&chain, inputs, outputs, workspace.data(), control});
      ADD_FAILURE() << "not cancelled";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    }
    EXPECT_EQ(last->calls.load(), 0);
    stop.store(false);
    control.begin_run();
    RowChain::run({&chain, inputs, outputs, workspace.data(), control});
    EXPECT_GT(last->calls.load(), 0);
  }
}

}  // namespace
}  // namespace linnet::internal
