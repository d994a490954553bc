// One model used from many threads: sessions of their own, Model::run, loading, and handles that go away while a run is
// under way. Run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 25;

/// Runs body(0) ... body(kThreads - 1) at the same time.
void in_threads(const std::function<void(int)>& body) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      ready.fetch_add(1);
      while (ready.load() < kThreads) std::this_thread::yield();
      body(thread);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class Concurrency : public testing::TestWithParam<int> {
 protected:
  Options options() const { return options_for(Backend::kAuto, GetParam()); }
  /// An input per thread, each with a batch of its own.
  static Tensor input_of(int thread) {
    return sample_tensor({60 + 3 * thread, 64}, static_cast<std::uint32_t>(thread));
  }
  std::vector<Tensor> expected_outputs() const {
    const Model model = load(wide_network(), options());
    std::vector<Tensor> outputs;
    for (int thread = 0; thread < kThreads; ++thread) outputs.push_back(model.run({input_of(thread)}).front());
    return outputs;
  }
};

TEST_P(Concurrency, SessionsOfOneModel) {
  const std::vector<Tensor> expected = expected_outputs();
  const Model model = load(wide_network(), options());
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    Session session = model.session();
    for (int round = 0; round < kRounds; ++round) {
      // Shapes change, so that programs are compiled, found and dropped meanwhile.
      const int k = (thread + round) % kThreads;
      const Tensor x = input_of(k);
      session.bind_input(0, x.view());
      session.run();
      if (!bit_difference(session.output(0), expected[static_cast<std::size_t>(k)].view()).empty()) wrong.fetch_add(1);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(Concurrency, SmallProgramCache) {
  const std::vector<Tensor> expected = expected_outputs();
  Options options = this->options();
  options.program_cache = 1;
  const Model model = load(wide_network(), options);
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    Session session = model.session();
    for (int round = 0; round < kRounds; ++round) {
      const int k = (thread + round) % kThreads;
      const Tensor x = input_of(k);
      session.bind_input(0, x.view());
      session.run();
      if (!bit_difference(session.output(0), expected[static_cast<std::size_t>(k)].view()).empty()) wrong.fetch_add(1);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(Concurrency, ModelRun) {
  const std::vector<Tensor> expected = expected_outputs();
  const Model model = load(wide_network(), options());
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    const auto k = static_cast<std::size_t>(thread);
    for (int round = 0; round < kRounds; ++round) {
      const Tensor y = model.run({input_of(thread)}).front();
      if (!bit_difference(y.view(), expected[k].view()).empty()) wrong.fetch_add(1);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(Concurrency, LoadingInParallel) {
  const std::vector<Tensor> expected = expected_outputs();
  const std::string bytes = wide_network();
  const std::string sampler = LINNET_SOURCE_DIR "/models/activation_sampler/dynamo_external_dynamic.onnx";
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    const auto k = static_cast<std::size_t>(thread);
    for (int round = 0; round < 5; ++round) {
      const Tensor y = load(bytes, options()).run({input_of(thread)}).front();
      if (!bit_difference(y.view(), expected[k].view()).empty()) wrong.fetch_add(1);
      if (Model::load(sampler, options()).run({sample_tensor({2, 100})}).front().count() != 10) wrong.fetch_add(1);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

/// An operator that only ONNX's library knows, so that threads open its module at the same time. Without the module: an
/// error each time.
TEST_P(Concurrency, UnknownOperatorsInParallel) {
  const std::string bytes = model()
                                .opset(18)
                                .input("x", DataType::kFloat32, {4})
                                .node("NoSuchOperator", {"x"}, {"y"})
                                .output("y", DataType::kFloat32, {4})
                                .bytes();
  std::atomic<int> refused{0};
  in_threads([&](int) {
    try {
      load(bytes, options());
    } catch (const Error&) {
      refused.fetch_add(1);
    }
  });
  EXPECT_EQ(refused.load(), kThreads);
}

TEST_P(Concurrency, HandleOfTheModelGoesAwayDuringRuns) {
  const std::vector<Tensor> expected = expected_outputs();
  auto model = std::make_unique<Model>(load(wide_network(), options()));
  std::vector<Session> sessions;
  for (int thread = 0; thread < kThreads; ++thread) sessions.push_back(model->session());
  std::atomic<int> running{0};
  std::atomic<int> wrong{0};
  std::thread destroyer([&] {
    while (running.load() < kThreads) std::this_thread::yield();
    model.reset();
  });
  in_threads([&](int thread) {
    const auto k = static_cast<std::size_t>(thread);
    Session session = std::move(sessions[k]);
    const Tensor x = input_of(thread);
    session.bind_input(0, x.view());
    for (int round = 0; round < kRounds; ++round) {
      session.run();
      if (round == 0) running.fetch_add(1);
      if (!bit_difference(session.output(0), expected[k].view()).empty()) wrong.fetch_add(1);
    }
  });
  destroyer.join();
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(Concurrency, CancelFromAnotherThread) {
  const Model model = load(wide_network(), options());
  const Tensor x = sample_tensor({4000, 64});
  const Tensor expected = model.run({x}).front();
  Session session = model.session();
  session.bind_input(0, x.view());
  session.prepare();
  for (int round = 0; round < 5; ++round) {
    CancelToken token;
    RunOptions run_options;
    run_options.cancel = &token;
    std::atomic<bool> started{false};
    std::thread canceller([&] {
      while (!started.load()) std::this_thread::yield();
      token.cancel();
    });
    started = true;
    bool cancelled = false;
    for (int run = 0; run < 100000 && !cancelled; ++run) {
      try {
        session.run(run_options);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
        cancelled = true;
      }
    }
    canceller.join();
    EXPECT_TRUE(cancelled);
    session.run();
    EXPECT_EQ(bit_difference(session.output(0), expected.view()), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Concurrency, testing::Values(1, 2, 3), [](const testing::TestParamInfo<int>& info) {
  return "threads" + std::to_string(info.param);
});

}  // namespace
}  // namespace linnet::test
