#include "runtime/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <numeric>
#include <thread>
#include <vector>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr double kMuchWork = 1e9;

TEST(ThreadPool, EveryIndexIsCalledOnce) {
  ThreadPool pool(4);
  RunControl control(&pool, 4);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> calls(257);
    control.parallel_for(calls.size(), kMuchWork, [&](std::size_t index) { calls[index].fetch_add(1); });
    for (const auto& count : calls) ASSERT_EQ(count.load(), 1);
  }
}

TEST(ThreadPool, WorkersStayBelowTheThreadsAskedFor) {
  ThreadPool pool(8);
  RunControl control(&pool, 2);
  std::atomic<std::size_t> most{0};
  for (int round = 0; round < 50; ++round) {
    control.parallel_for(64, kMuchWork, [&](std::size_t, std::size_t worker) {
      std::size_t seen = most.load();
      while (seen < worker && !most.compare_exchange_weak(seen, worker)) {
      }
    });
  }
  EXPECT_LT(most.load(), 2U);
}

TEST(ThreadPool, SeveralCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<long> total{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      RunControl control(&pool, 3);
      for (int round = 0; round < 100; ++round) {
        long sum = 0;
        std::vector<long> parts(50, 0);
        control.parallel_for(parts.size(), kMuchWork,
                             [&](std::size_t index) { parts[index] = static_cast<long>(index); });
        for (const long part : parts) sum += part;
        total.fetch_add(sum);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 4L * 100L * (49L * 50L / 2L));
}

TEST(ThreadPool, HelpersAlwaysTakePartInLongWork) {
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  std::atomic<int> by_helper{0};
  // The caller waits in its own task for as long as a machine may take to run another thread.
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  control.parallel_for(2, kMuchWork, [&](std::size_t, std::size_t worker) {
    if (worker == 1) by_helper.fetch_add(1);
    while (by_helper.load() == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  EXPECT_GT(by_helper.load(), 0);
}

/// A helper that is held up after its first task finds the next ones still there: the caller takes over the last ones
/// first. So the tasks that both may get are those in the middle, in every run.
TEST(ThreadPool, TasksOfALateHelperAreTakenOverFromTheBack) {
  constexpr std::size_t kTasks = 16;
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto wait_for = [&](const std::atomic<bool>& flag) {
    while (!flag.load() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  std::vector<std::size_t> by_caller;
  std::vector<std::size_t> by_helper;
  std::atomic<bool> helper_began{false};
  std::atomic<bool> all_others_done{false};
  control.parallel_for(kTasks, kMuchWork, [&](std::size_t index, std::size_t worker) {
    if (worker == 1) {
      by_helper.push_back(index);
      helper_began.store(true);
      wait_for(all_others_done);
      return;
    }
    if (by_caller.empty()) wait_for(helper_began);
    by_caller.push_back(index);
    if (by_caller.size() == kTasks - 1) all_others_done.store(true);
  });
  EXPECT_EQ(by_helper, (std::vector<std::size_t>{8}));
  EXPECT_EQ(by_caller, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9}));
}

TEST(ThreadPool, StopsBetweenTasksWhenCancelled) {
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  std::atomic<bool> stop{false};
  control.set_stop(&stop);
  std::atomic<int> calls{0};
  try {
    control.parallel_for(100000, kMuchWork, [&](std::size_t) {
      stop.store(true);
      calls.fetch_add(1);
    });
    FAIL() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_GE(calls.load(), 1);
  EXPECT_LE(calls.load(), 2) << "each of two threads has stopped itself";
  control.begin_run();
  calls = 0;
  control.parallel_for(100, kMuchWork, [&](std::size_t) { calls.fetch_add(1); });
  EXPECT_EQ(calls.load(), 100);
}

TEST(ThreadPool, PassedDeadlineIsAnError) {
  RunControl control(nullptr, 1);
  control.set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  try {
    control.check();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
  }
}

TEST(ThreadPool, IdleHelpersSleep) {
  ThreadPool pool(2);
  RunControl control(&pool, 2);
  control.parallel_for(64, kMuchWork, [](std::size_t) { std::this_thread::sleep_for(std::chrono::microseconds(50)); });
  // A helper that spins uses all of every window; one that a busy machine lets run late is asleep in a later window.
  double used_ms = 1e9;
  for (int window = 0; window < 100 && used_ms > 10.0; ++window) {
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    used_ms = 1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  }
  EXPECT_LE(used_ms, 10.0) << "CPU time of the process in 100 ms in which nothing ran";
}

TEST(ThreadPool, SharedPoolIsOne) {
  const auto first = ThreadPool::shared(2);
  EXPECT_EQ(ThreadPool::shared(3), first);
}

TEST(AvailableCpus, AtLeastOneAndNoMoreThanTheMachineHas) {
  EXPECT_GE(available_cpus(), 1);
  EXPECT_LE(available_cpus(), static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace
}  // namespace linnet::internal
