// What a session and a model keep for later runs: memory that grows in few of them, and goes back to the system by
// Model::trim at once.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/session_impl.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGE_SIZE));
}

/// x [batch, 64] -> MatMul 4096, Sigmoid, Softmax -> MatMul 8: the arena holds rows of 4096.
std::string broad_network() {
  return model()
      .input("x", DataType::kFloat32, {"batch", 64})
      .initializer<float>("w", {64, 4096}, sample_values(64 * 4096))
      .initializer<float>("v", {4096, 8}, sample_values(4096 * 8))
      .node("MatMul", {"x", "w"}, {"p"})
      .node("Transpose", {"p"}, {"t"}, {attribute("perm", std::vector<std::int64_t>{1, 0})})
      .node("Sigmoid", {"t"}, {"s"})
      .node("Transpose", {"s"}, {"r"}, {attribute("perm", std::vector<std::int64_t>{1, 0})})
      .node("MatMul", {"r", "v"}, {"y"})
      .output("y", DataType::kFloat32, {"batch", 8})
      .bytes();
}

long pages_touched() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(Growth, LongerInputsTakeNewMemoryInFewRuns) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "sanitizers have pages of their own";
  constexpr std::int64_t kFirst = 100, kRuns = 200;  // arenas of 3 to 10 MB
  const Model model = load(broad_network(), options_for(Backend::kSimd, 1));
  Session session = model.session();
  const Tensor x = sample_tensor({kFirst + kRuns, 64});
  const auto run = [&](std::int64_t rows) {
    const std::int64_t shape[] = {rows, 64};
    session.bind_input(0, {DataType::kFloat32, shape, 2, x.data()});
    session.run();
  };
  run(kFirst);
  const long before = pages_touched();
  for (std::int64_t i = 1; i <= kRuns; ++i) run(kFirst + i);
  EXPECT_LT((pages_touched() - before) / kRuns, 100);
}

/// What glibc comes to by itself, once a block of 32 MiB was unmapped: smaller ones are taken from the heaps of
/// threads, and what is freed at their ends is kept.
void keep_large_blocks() {
#if defined(__GLIBC__)
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

TEST(Trim, GivesTheMemoryOfIdleSessionsBackToTheSystem) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "sanitizers keep freed memory";
  keep_large_blocks();
  constexpr std::size_t kRuns = 12;
  const Model model = load(broad_network(), options_for(Backend::kSimd, 1));
  const Tensor x = sample_tensor({600, 64});
  const Tensor expected = model.run({x}).front();
  model.trim();
  const std::size_t before = resident_bytes();
  {
    std::vector<std::unique_ptr<internal::SessionImpl>> sessions(kRuns);
    std::vector<std::thread> threads;
    for (std::unique_ptr<internal::SessionImpl>& session : sessions) {  // as runs at the same time would
      threads.emplace_back([&] {
        session = model.impl()->take_session();
        session->bind_input(0, x.view());
        session->run();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::unique_ptr<internal::SessionImpl>& session : sessions) model.impl()->give_back(std::move(session));
  }
  const std::size_t at_most = resident_bytes();
  model.trim();
  const std::size_t after = resident_bytes();
  std::printf("%.1f MB taken by %zu runs at once, %.1f MB of them left after trim\n",
              (static_cast<double>(at_most) - static_cast<double>(before)) / 1e6, kRuns,
              (static_cast<double>(after) - static_cast<double>(before)) / 1e6);
  ASSERT_GT(at_most, before + kRuns * 8000000);
  EXPECT_LT(after, before + (at_most - before) / 10);
  EXPECT_EQ(bit_difference(model.run({x}).front().view(), expected.view()), "");
}

TEST(Trim, LeavesRunsAndSessionsAlone) {
  const Model model = load(small_network(), options_for(Backend::kAuto, 1));
  const Tensor x = sample_tensor({4, 20});
  Session session = model.session();
  session.bind_input(0, x.view());
  session.run();
  const std::vector<Tensor> expected = model.run({x});
  std::thread trimmer([&] {
    for (int i = 0; i < 200; ++i) model.trim();
  });
  for (int i = 0; i < 200; ++i) {
    session.run();
    ASSERT_EQ(bit_difference(session.output(0), expected[0].view()), "");
    ASSERT_EQ(bit_difference(model.run({x})[0].view(), expected[0].view()), "");
  }
  trimmer.join();
}

}  // namespace
}  // namespace linnet::test
