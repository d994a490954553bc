#include "runtime/task_trace.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "runtime/error.hpp"
#include "runtime/run_control.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

constexpr double kMuchWork = 1e9;

std::vector<int> times_seen(const TaskTrace& trace, std::size_t count) {
  std::vector<int> seen(count, 0);
  for (const std::vector<TaskTime>& worker : trace.workers()) {
    for (const TaskTime& task : worker) ++seen.at(task.index);
  }
  return seen;
}

TEST(TaskTrace, HoldsEveryTaskOnceOnTheWorkerThatRanIt) {
  ThreadPool pool(3);
  RunControl control(&pool, 3);
  TaskTrace trace(3);
  control.set_trace(&trace);
  std::vector<std::atomic<std::size_t>> ran_on(500);
  control.parallel_for(ran_on.size(), kMuchWork,
                       [&](std::size_t index, std::size_t worker) { ran_on[index].store(worker); });
  ASSERT_EQ(trace.workers().size(), 3U);
  EXPECT_EQ(times_seen(trace, ran_on.size()), std::vector<int>(ran_on.size(), 1));
  for (std::size_t worker = 0; worker < 3; ++worker) {
    auto last = std::chrono::steady_clock::time_point::min();
    for (const TaskTime& task : trace.workers()[worker]) {
      EXPECT_EQ(task.worker, worker);
      EXPECT_EQ(ran_on[task.index].load(), worker);
      EXPECT_LE(last, task.start);
      EXPECT_LE(task.start, task.end);
      last = task.end;
    }
  }
}

TEST(TaskTrace, ShortLoopsRunOnTheCallerAndAreThereToo) {
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  TaskTrace trace(2);
  control.set_trace(&trace);
  control.parallel_for(5, 1.0, [](std::size_t) {});
  EXPECT_EQ(trace.workers()[0].size(), 5U);
  EXPECT_TRUE(trace.workers()[1].empty());
}

TEST(TaskTrace, EndsWhenItIsTakenAway) {
  RunControl control(nullptr, 1);
  TaskTrace trace(1);
  control.set_trace(&trace);
  control.parallel_for(2, kMuchWork, [](std::size_t) {});
  control.set_trace(nullptr);
  control.parallel_for(3, kMuchWork, [](std::size_t) {});
  EXPECT_EQ(trace.workers()[0].size(), 2U);
}

TEST(TaskTrace, ACancelledLoopHoldsTheTasksThatRan) {
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  TaskTrace trace(2);
  control.set_trace(&trace);
  std::atomic<bool> stop{false};
  std::atomic<int> ran{0};
  control.set_stop(&stop);
  const auto body = [&](std::size_t) {
    stop.store(true);
    ran.fetch_add(1);
  };
  EXPECT_THROW(control.parallel_for(1000, kMuchWork, body), Error);
  EXPECT_LE(ran.load(), 2) << "each of two threads has stopped itself";
  EXPECT_EQ(trace.workers()[0].size() + trace.workers()[1].size(), static_cast<std::size_t>(ran.load()));
}

}  // namespace
}  // namespace linnet::internal
