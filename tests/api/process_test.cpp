// What becomes of models when the process forks, and when it exits while a run is under way.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

#if __has_include(<sanitizer/lsan_interface.h>)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

/// True in the children of this process.
bool in_child = false;

}  // namespace

#if __has_include(<sanitizer/lsan_interface.h>)
/// Children are not asked for leaks. They end with threads at work, and the search guesses how large the thread-local
/// memory of a library is that was opened while they ran: now and then it reads past it and ends the process.
extern "C" int __lsan_is_turned_off() { return in_child ? 1 : 0; }
#endif

namespace linnet::test {
namespace {

constexpr unsigned kPatienceSeconds = 120;

/// Runs `body` in a child of this process: what it returned or gave to exit, or 128 and the signal that ended it.
template <typename Body>
int status_of_child(const Body& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    in_child = true;
    ::alarm(kPatienceSeconds);  // a child that hangs is ended by SIGALRM
    ::_exit(body());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::ptrdiff_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

bool same(const ConstTensorView& actual, const Tensor& expected) {
  return bit_difference(actual, expected.view()).empty();
}

class Fork : public testing::TestWithParam<std::tuple<Backend, int>> {
 protected:
  Options options() const { return options_for(std::get<Backend>(GetParam()), std::get<int>(GetParam())); }
  Tensor x_ = sample_tensor({301, 64});
};

TEST_P(Fork, ChildRunsWhatTheParentLoaded) {
  auto model = std::make_unique<Model>(load(wide_network(), options()));
  auto session = std::make_unique<Session>(model->session());
  session->bind_input(0, x_.view());
  const Tensor expected = model->run({x_}).front();
  session->run();
  const int status = status_of_child([&] {
    session->run();
    if (!same(session->output(0), expected)) return 1;
    if (!same(model->session().run({x_}).front().view(), expected)) return 2;
    if (!same(load(wide_network(), options()).run({x_}).front().view(), expected)) return 3;
    if (threads_of_this_process() != std::get<int>(GetParam())) return 4;
    session.reset();
    model.reset();
    if (threads_of_this_process() != 1) return 5;
    return 0;
  });
  EXPECT_EQ(status, 0);
  session->run();
  EXPECT_TRUE(same(session->output(0), expected)) << "the parent after the fork";
}

TEST_P(Fork, ChildThatOnlyDestroysDoesNotWaitForThreadsItDoesNotHave) {
  auto model = std::make_unique<Model>(load(wide_network(), options()));
  model->run({x_});
  EXPECT_EQ(status_of_child([&] {
              model.reset();
              return 0;
            }),
            0);
}

TEST_P(Fork, GrandchildRunsToo) {
  const Model model = load(wide_network(), options());
  const Tensor expected = model.run({x_}).front();
  EXPECT_EQ(status_of_child([&] {
              if (!same(model.run({x_}).front().view(), expected)) return 1;
              return status_of_child([&] { return same(model.run({x_}).front().view(), expected) ? 0 : 2; });
            }),
            0);
}

TEST_P(Fork, WhileAnotherThreadIsInTheMiddleOfARun) {
  const Model model = load(wide_network(), options());
  const Tensor expected = model.run({x_}).front();
  Session session = model.session();
  session.bind_input(0, x_.view());
  session.run();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread runner([&] {
    Session other = model.session();
    other.bind_input(0, x_.view());
    while (!stop.load()) {
      other.run();
      if (!same(other.output(0), expected)) wrong.fetch_add(1);
    }
  });
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(status_of_child([&] {
                for (int run = 0; run < 5; ++run) {
                  session.run();
                  if (!same(session.output(0), expected)) return 1;
                }
                return 0;
              }),
              0);
  }
  stop = true;
  runner.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(Fork, WhileOtherThreadsRunThroughTheModelsPool) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "a child may find the locks of a sanitizer's allocator held";
  if (std::get<Backend>(GetParam()) == Backend::kOnednn) GTEST_SKIP() << "oneDNN's own products lock in every run";
  const Model model = load(small_network(), options());
  const std::vector<Tensor> inputs = {sample_tensor({1, 20})};
  const Tensor expected = model.run(inputs).front();
  std::atomic<bool> stop{false};
  std::vector<std::thread> runners;
  for (int i = 0; i < 2; ++i) {
    runners.emplace_back([&] {
      while (!stop.load()) model.run(inputs);
    });
  }
  for (int round = 0; round < 60; ++round) {
    ASSERT_EQ(status_of_child([&] { return same(model.run(inputs).front().view(), expected) ? 0 : 1; }), 0);
  }
  stop = true;
  for (std::thread& runner : runners) runner.join();
}

/// Whatever the other thread holds at the fork (its packing alone takes most of its time), the child has it free.
TEST_P(Fork, WhileAnotherThreadLoadsAndCompiles) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "a child may find the locks of a sanitizer's allocator held";
  if (std::get<Backend>(GetParam()) == Backend::kOnednn) GTEST_SKIP() << "oneDNN's own products lock in every run";
  const std::string large = model()
                                .input("x", DataType::kFloat32, {"batch", 1024})
                                .initializer<float>("w", {1024, 1024}, sample_values(1024 * 1024))
                                .node("MatMul", {"x", "w"}, {"y"})
                                .output("y", DataType::kFloat32, {"batch", 1024})
                                .bytes();
  const Tensor x = sample_tensor({1, 1024});
  const Tensor y = load(large, options()).run({x}).front();
  std::atomic<bool> stop{false};
  auto compiled = std::make_shared<Model>(load(large, options()));
  std::thread compiler([&] {
    while (!stop.load()) {
      const auto next = std::make_shared<Model>(load(large, options()));
      std::atomic_store(&compiled, next);
      next->run({x});
    }
  });
  for (int round = 0; round < 30; ++round) {
    const std::shared_ptr<Model> model = std::atomic_load(&compiled);
    ASSERT_EQ(status_of_child([&] {
                if (!same(model->run({x}).front().view(), y)) return 1;
                if (!same(load(large, options()).run({x}).front().view(), y)) return 2;
                return 0;
              }),
              0);
  }
  stop = true;
  compiler.join();
}

/// The process ends while threads of its own are inside Linnet: static objects are destroyed under them.
TEST_P(Fork, ExitDuringRunsAndLoads) {
  const std::string bytes = wide_network();
  const Options options = this->options();
  const Model model = load(bytes, options);
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(status_of_child([&]() -> int {
                std::atomic<int> running{0};
                std::thread([&] {
                  Session session = model.session();
                  session.bind_input(0, x_.view());
                  for (;;) {
                    session.run();
                    running.fetch_or(1);
                  }
                }).detach();
                std::thread([&] {
                  for (;;) {
                    try {
                      load(bytes, options).run({x_});
                      running.fetch_or(2);
                    } catch (const Error&) {  // oneDNN makes nothing new once the process exits
                      ::pause();
                    }
                  }
                }).detach();
                while (running.load() != 3) std::this_thread::yield();
                std::exit(0);
              }),
              0);
  }
}

INSTANTIATE_TEST_SUITE_P(Api, Fork,
                         testing::Combine(testing::Values(Backend::kSimd, Backend::kAuto, Backend::kOnednn),
                                          testing::Values(1, 2)),
                         [](const testing::TestParamInfo<std::tuple<Backend, int>>& info) {
                           return std::string(name_of(std::get<Backend>(info.param))) + "_threads" +
                                  std::to_string(std::get<int>(info.param));
                         });

}  // namespace
}  // namespace linnet::test
