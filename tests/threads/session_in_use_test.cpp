// One session used from two threads at once: the second call is refused, and the run under way comes out right.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include <linnet/inspect.hpp>

#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr char kInUse[] = "the session is in use by another thread: a session serves one call at a time";

std::string refusal_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "not refused";
}

/// A pool of the calling thread alone that calls `meanwhile` inside the first loop of the run.
struct Interruption {
  std::function<void()> meanwhile;
  static int concurrency(void*) { return 2; }
  static void parallel_for(void* context, std::size_t count, void (*task)(void*, std::size_t), void* task_context) {
    const std::function<void()> now = std::exchange(static_cast<Interruption*>(context)->meanwhile, nullptr);
    if (now) now();
    for (std::size_t index = 0; index < count; ++index) task(task_context, index);
  }
};

TEST(SessionInUse, EveryCallOfAnotherThreadIsRefusedDuringARun) {
  const Tensor x = sample_tensor({301, 64});
  const Tensor expected = load(wide_network(), options_for(Backend::kSimd, 1)).run({x}).front();
  Interruption interruption;
  Options options = options_for(Backend::kSimd, 0);
  options.thread_pool = {&interruption, Interruption::concurrency, Interruption::parallel_for};
  Session session = load(wide_network(), options).session();
  session.bind_input(0, x.view());
  session.prepare();

  bool interrupted = false;
  interruption.meanwhile = [&] {
    std::thread([&] {
      interrupted = true;
      Tensor other = sample_tensor({1, 64});
      EXPECT_EQ(refusal_of([&] { session.run(); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.bind_input(0, other.view()); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.bind_output(0, other.view()); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.unbind_output(0); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.prepare(); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.output(0); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.run({other.view()}, {}); }), kInUse);
      EXPECT_EQ(refusal_of([&] { session.run({other}); }), kInUse);
      EXPECT_EQ(refusal_of([&] { run_profiled(session); }), kInUse);
    }).join();
  };
  session.run();
  EXPECT_TRUE(interrupted);
  EXPECT_EQ(bit_difference(session.output(0), expected.view()), "") << "the refused calls changed the run";
  session.run();
  EXPECT_EQ(bit_difference(session.output(0), expected.view()), "");
}

TEST(SessionInUse, AFailedCallLeavesTheSessionFree) {
  Session session = load(wide_network(), options_for(Backend::kSimd, 1)).session();
  const Tensor narrow = sample_tensor({3, 63});
  EXPECT_NE(refusal_of([&] { session.run(); }), kInUse) << "nothing is bound yet";
  EXPECT_NE(refusal_of([&] { session.bind_input(0, narrow.view()); }), kInUse);
  const Tensor x = sample_tensor({3, 64});
  session.bind_input(0, x.view());
  session.run();
}

TEST(SessionInUse, TwoThreadsThatDoNotKnowOfEachOther) {
  const Tensor x = sample_tensor({50, 64});
  const Tensor expected = load(wide_network(), options_for(Backend::kSimd, 1)).run({x}).front();
  Session session = load(wide_network(), options_for(Backend::kSimd, 2)).session();
  session.bind_input(0, x.view());
  session.run();
  std::atomic<int> ran{0};
  std::atomic<int> other_errors{0};
  const auto hammer = [&] {
    for (int round = 0; round < 2000; ++round) {
      try {
        session.run();
        ran.fetch_add(1);
      } catch (const Error& error) {
        if (std::string(error.what()) != kInUse) other_errors.fetch_add(1);
      }
    }
  };
  std::thread first(hammer);
  std::thread second(hammer);
  first.join();
  second.join();
  EXPECT_GT(ran.load(), 0);
  EXPECT_EQ(other_errors.load(), 0);
  EXPECT_EQ(bit_difference(session.output(0), expected.view()), "");
}

}  // namespace
}  // namespace linnet::test
