// A warm Session::run with one thread is fit for a real-time thread: no allocation, no lock, no system call.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linnet/tensor_file.hpp>

#include <cstdlib>
#include <mutex>

#include "tests/api/lock_counter.hpp"
#include "tests/api/system_call_trap.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kWarmRuns = 100;

TEST(SystemCallTrap, CatchesASystemCall) {
  if (!LockCounter::works()) GTEST_SKIP() << "a sanitizer makes system calls of its own";
  if (!can_trap_system_calls()) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(caught_at([] {}, [] {}), "");
  EXPECT_EQ(caught_at([] {}, [] { ::syscall(SYS_getppid); }), "system call " + std::to_string(SYS_getppid));
  // Before the trap is set everything is allowed.
  EXPECT_EQ(caught_at([] { ::syscall(SYS_getppid); }, [] {}), "");
}

TEST(LockCounter, SeesAMutex) {
  if (!LockCounter::works()) GTEST_SKIP() << "not under a sanitizer";
  const std::uint64_t before = LockCounter::operations();
  std::mutex mutex;
  mutex.lock();
  EXPECT_EQ(LockCounter::operations() - before, 1U);
  mutex.unlock();
  EXPECT_EQ(LockCounter::operations() - before, 2U);
}

/// Batch sizes 1 to 64 of the sample network and of one with layers of 256.
std::vector<ModelRun> networks() {
  std::vector<ModelRun> runs;
  for (const ModelRun& run : committed_runs()) {
    if (run.path.find("/activation_sampler/dynamo_external_dynamic.onnx") != std::string::npos) runs.push_back(run);
  }
  for (const ModelRun& run : large_runs()) {
    if (run.path.find("/mlp_256_") != std::string::npos) runs.push_back(run);
  }
  return runs;
}

class RealTime : public testing::TestWithParam<Backend> {
 protected:
  /// A session of each network, bound to buffers and warm.
  struct Warm {
    explicit Warm(const ModelRun& run, Backend backend)
        : input(read_npy(run.input_file)),
          output(read_npy(run.output_file)),
          session(Model::load(run.path, options_for(backend, 1)).session()) {
      session.bind_input(0, input.view());
      session.bind_output(0, output.view());
      session.run();
    }
    void run_often() {
      for (int i = 0; i < kWarmRuns; ++i) session.run();
    }
    Tensor input;
    Tensor output;
    Session session;
  };

  void SetUp() override { ASSERT_EQ(networks().size(), 5U); }
};

TEST_P(RealTime, AllocatesNothing) {
  for (const ModelRun& run : networks()) {
    Warm warm(run, GetParam());
    const std::uint64_t before = AllocationCounter::allocations();
    warm.run_often();
    EXPECT_EQ(AllocationCounter::allocations() - before, 0U) << run.input_file;
  }
}

TEST_P(RealTime, TakesNoLock) {
  if (!LockCounter::works()) GTEST_SKIP() << "not under a sanitizer";
  for (const ModelRun& run : networks()) {
    Warm warm(run, GetParam());
    const std::uint64_t before = LockCounter::operations();
    warm.run_often();
    EXPECT_EQ(LockCounter::operations() - before, 0U) << run.input_file;
  }
}

TEST_P(RealTime, MakesNoSystemCall) {
  if (!LockCounter::works()) GTEST_SKIP() << "a sanitizer makes system calls of its own";
  if (!can_trap_system_calls()) GTEST_SKIP() << "this kernel has no seccomp filters";
  for (const ModelRun& run : networks()) {
    Warm warm(run, GetParam());
    EXPECT_EQ(caught_at([&] { warm.session.run(); }, [&] { warm.run_often(); }), "") << run.input_file;
  }
}

// Other buffers of the same shapes, a cancel token and a deadline change nothing.
TEST_P(RealTime, MakesNoSystemCallWithOtherBuffersATokenAndADeadline) {
  if (!LockCounter::works()) GTEST_SKIP() << "a sanitizer makes system calls of its own";
  if (!can_trap_system_calls()) GTEST_SKIP() << "this kernel has no seccomp filters";
  for (const ModelRun& run : networks()) {
    Warm warm(run, GetParam());
    Tensor input = warm.input;
    Tensor output = warm.output;
    CancelToken token;
    RunOptions options;
    options.cancel = &token;
    options.timeout = std::chrono::seconds(100);
    const auto body = [&] {
      for (int i = 0; i < kWarmRuns; ++i) {
        warm.session.bind_input(0, (i % 2 == 0 ? input : warm.input).view());
        warm.session.bind_output(0, (i % 2 == 0 ? output : warm.output).view());
        warm.session.run(options);
      }
    };
    EXPECT_EQ(caught_at([&] { warm.session.run(options); }, body), "") << run.input_file;
  }
}

// Not kOnednn: oneDNN allocates in every call.
INSTANTIATE_TEST_SUITE_P(Api, RealTime, testing::Values(Backend::kSimd, Backend::kAuto, Backend::kReference),
                         [](const testing::TestParamInfo<Backend>& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace linnet::test
