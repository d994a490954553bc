// Models that run on the caller's own threads: pools of every kind give the same bits as one thread of Linnet's.
#include "runtime/caller_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "runtime/error.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using Task = void (*)(void*, std::size_t);

/// What the pools below are told and count.
struct Pool {
  int threads = 4;
  std::atomic<int> loops{0};
  std::atomic<std::size_t> most_count{0};

  void begin(std::size_t count) {
    loops.fetch_add(1);
    std::size_t seen = most_count.load();
    while (seen < count && !most_count.compare_exchange_weak(seen, count)) {
    }
  }
  static Pool& of(void* context) { return *static_cast<Pool*>(context); }
  static int concurrency(void* context) { return of(context).threads; }
};

void on_calling_thread(void* context, std::size_t count, Task task, void* task_context) {
  Pool::of(context).begin(count);
  for (std::size_t index = 0; index < count; ++index) task(task_context, index);
}

void backwards(void* context, std::size_t count, Task task, void* task_context) {
  Pool::of(context).begin(count);
  for (std::size_t index = count; index-- > 0;) task(task_context, index);
}

/// As many threads as the pool has, however few tasks there are.
void on_many_threads(void* context, std::size_t count, Task task, void* task_context) {
  Pool::of(context).begin(count);
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < Pool::of(context).threads; ++thread) {
    threads.emplace_back([&] {
      for (std::size_t index = next.fetch_add(1); index < count; index = next.fetch_add(1)) task(task_context, index);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Against the contract: every index twice, at the same time.
void each_index_twice(void* context, std::size_t count, Task task, void* task_context) {
  Pool::of(context).begin(count);
  std::vector<std::thread> threads;
  for (std::size_t call = 0; call < 2 * count; ++call) threads.emplace_back([=] { task(task_context, call % count); });
  for (std::thread& thread : threads) thread.join();
}

/// Against the contract: no index at all.
void does_nothing(void* context, std::size_t count, Task, void*) { Pool::of(context).begin(count); }

struct Kind {
  const char* name;
  void (*parallel_for)(void*, std::size_t, Task, void*);
};

class CallerPoolKind : public testing::TestWithParam<Kind> {
 protected:
  ThreadPoolFunctions functions() { return {&pool_, Pool::concurrency, GetParam().parallel_for}; }
  Pool pool_;
};

TEST_P(CallerPoolKind, EveryIndexIsCalledOnceByAWorkerBelowTheThreads) {
  const internal::CallerPool pool(functions());
  EXPECT_EQ(pool.threads(), 4);
  internal::RunControl control(nullptr, 3, &pool);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::atomic<int>> calls(257);
    std::vector<std::atomic<int>> inside(3);
    std::atomic<int> shared_workers{0};
    control.parallel_for(calls.size(), 1e9, [&](std::size_t index, std::size_t worker) {
      if (worker >= 3 || inside[worker].fetch_add(1) != 0) {
        shared_workers.fetch_add(1);
        return;
      }
      calls[index].fetch_add(1);
      inside[worker].fetch_sub(1);
    });
    ASSERT_EQ(shared_workers.load(), 0) << "a worker number was too large, or two threads had the same";
    ASSERT_TRUE(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count.load() == 1; }));
  }
  EXPECT_EQ(pool_.loops.load(), 20);
  EXPECT_LE(pool_.most_count.load(), 3U);
}

TEST_P(CallerPoolKind, ModelsGiveTheSameBits) {
  const Tensor x = sample_tensor({301, 64});
  for (const Backend backend : {Backend::kSimd, Backend::kAuto}) {
    for (const bool flush : {false, true}) {
      Options options = options_for(backend, 1);
      options.flush_denormals = flush;
      const Tensor expected = load(wide_network(), options).run({x}).front();
      for (const int threads : {0, 2, 8}) {
        options.threads = threads;
        options.thread_pool = functions();
        pool_.loops = 0;
        const Model model = load(wide_network(), options);
        EXPECT_EQ(bit_difference(model.run({x}).front().view(), expected.view()), "") << threads << " threads";
        EXPECT_GT(pool_.loops.load(), 0) << "the caller's threads had nothing to do";
      }
    }
  }
}

TEST_P(CallerPoolKind, RunsStopWhenCancelled) {
  Options options = options_for(Backend::kSimd, 0);
  options.thread_pool = functions();
  Session session = load(wide_network(), options).session();
  const Tensor x = sample_tensor({301, 64});
  session.bind_input(0, x.view());
  session.run();
  CancelToken token;
  RunOptions run_options;
  run_options.cancel = &token;
  run_options.timeout = std::chrono::hours(1);
  session.run(run_options);
  token.cancel();
  try {
    session.run(run_options);
    FAIL() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
  }
  token.reset();
  session.run(run_options);
}

TEST_P(CallerPoolKind, LoopsStopBetweenTheirTasks) {
  const internal::CallerPool pool(functions());
  internal::RunControl control(nullptr, 4, &pool);
  std::atomic<bool> stop{false};
  control.set_stop(&stop);
  std::atomic<int> calls{0};
  try {
    control.parallel_for(100000, 1e9, [&](std::size_t) {
      stop.store(true);
      calls.fetch_add(1);
    });
    FAIL() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
  }
  EXPECT_LE(calls.load(), 4) << "each of four workers has stopped itself";
}

INSTANTIATE_TEST_SUITE_P(Threads, CallerPoolKind,
                         testing::Values(Kind{"on_calling_thread", on_calling_thread}, Kind{"backwards", backwards},
                                         Kind{"on_many_threads", on_many_threads},
                                         Kind{"each_index_twice", each_index_twice},
                                         Kind{"does_nothing", does_nothing}),
                         [](const testing::TestParamInfo<Kind>& info) { return std::string(info.param.name); });

std::string refusal_of(const ThreadPoolFunctions& functions) {
  Options options;
  options.thread_pool = functions;
  try {
    load(small_network(), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "not refused";
}

TEST(CallerPool, WrongFunctionsAreRefusedAtLoad) {
  Pool pool;
  EXPECT_EQ(refusal_of({&pool, Pool::concurrency, nullptr}), "option thread_pool has no function parallel_for");
  EXPECT_EQ(refusal_of({&pool, nullptr, on_calling_thread}), "option thread_pool has no function concurrency");
  pool.threads = 0;
  EXPECT_EQ(refusal_of({&pool, Pool::concurrency, on_calling_thread}),
            "option thread_pool: concurrency is 0, expected 1 at least");
}

TEST(CallerPool, OneThreadIsNeverAskedToShare) {
  Pool pool;
  pool.threads = 1;
  Options options = options_for(Backend::kSimd, 0);
  options.thread_pool = {&pool, Pool::concurrency, on_calling_thread};
  load(wide_network(), options).run({sample_tensor({301, 64})});
  EXPECT_EQ(pool.loops.load(), 0);
}

}  // namespace
}  // namespace linnet::test
