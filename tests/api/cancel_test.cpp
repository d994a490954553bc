// A run that is cancelled, or past its deadline, ends soon with an error, and the next run gives the same bits. How
// soon is printed; that it ended inside the work, and not after it, follows from the error itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <tuple>

#include <linnet/inspect.hpp>
#include <linnet/tensor_file.hpp>

#include "runtime/model_impl.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

struct Lateness {
  bool stopped = false;
  Clock::duration whole_run{};  ///< the fastest seen
  Clock::duration late{};       ///< from the deadline to the error
};

/// Gives the bound session a quarter of the time that it needs, until a run stops inside. A busy machine makes the
/// first guess at that time too long; runs that end in time correct it.
Lateness stop_inside(Session& session, Clock::duration guess) {
  Lateness lateness{false, guess, {}};
  for (int attempt = 0; attempt < 100 && !lateness.stopped; ++attempt) {
    RunOptions options;
    options.timeout = lateness.whole_run / 4;
    const auto start = Clock::now();
    try {
      session.run(options);
      lateness.whole_run = std::min(lateness.whole_run, Clock::now() - start);
    } catch (const Error& error) {
      lateness.late = Clock::now() - start - options.timeout;
      lateness.stopped = true;
      EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded) << error.what();
    }
  }
  return lateness;
}

void report_lateness(const std::string& what, const Lateness& lateness) {
  EXPECT_TRUE(lateness.stopped) << what << ": a run of " << milliseconds(lateness.whole_run)
                                << " ms never stopped inside";
  std::printf("%s: a run of %.1f ms ended %.2f ms after its deadline\n", what.c_str(), milliseconds(lateness.whole_run),
              milliseconds(lateness.late));
}

/// The 1024-4096-4096-1000 perceptron on a batch of 256: hundreds of milliseconds in one thread.
class BigModel : public testing::TestWithParam<std::tuple<Backend, int>> {
 protected:
  static ModelRun run_of_256() {
    for (const ModelRun& run : large_runs()) {
      if (run.input_file.find("mlp_1024_4096_4096_1000_input_batch256.npy") != std::string::npos) return run;
    }
    throw std::runtime_error("the index of the large models does not list the 1024-4096-4096-1000 perceptron");
  }

  BigModel()
      : input_(read_npy(run_of_256().input_file)),
        session_(Model::load(run_of_256().path, options_for(std::get<Backend>(GetParam()), std::get<int>(GetParam())))
                     .session()) {
    session_.bind_input(0, input_.view());
    session_.run();
    const auto start = Clock::now();
    session_.run();
    whole_run_ = Clock::now() - start;
    const ConstTensorView output = session_.output(0);
    expected_ = Tensor(output.type, Shape(output.shape, output.shape + output.rank));
    std::memcpy(expected_.data(), output.data, expected_.bytes());
  }

  void expect_same_bits_now() {
    session_.run();
    EXPECT_EQ(bit_difference(session_.output(0), expected_.view()), "") << "the run after the stopped one";
  }

  Tensor input_;
  Session session_;
  Clock::duration whole_run_{};
  Tensor expected_;
};

TEST_P(BigModel, StopsWhenCancelledFromAnotherThread) {
  CancelToken token;
  RunOptions options;
  options.cancel = &token;
  std::atomic<Clock::rep> cancelled_at{0};
  std::thread canceller([&] {
    std::this_thread::sleep_for(whole_run_ / 4);
    cancelled_at = Clock::now().time_since_epoch().count();
    token.cancel();
  });
  int whole_runs = 0;
  Clock::time_point ended;
  std::string message;
  try {  // a busy machine may let a run or two end before the other thread comes to cancel
    for (; whole_runs < 1000; ++whole_runs) session_.run(options);
  } catch (const Error& error) {
    ended = Clock::now();
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    message = error.what();
  }
  canceller.join();
  EXPECT_EQ(message, "the run was cancelled");
  std::printf("a run of %.1f ms ended %.2f ms after it was cancelled\n", milliseconds(whole_run_),
              milliseconds(ended - Clock::time_point(Clock::duration(cancelled_at.load()))));
  expect_same_bits_now();
  EXPECT_THROW(session_.run(options), Error) << "the token is still set";
  token.reset();
  EXPECT_NO_THROW(session_.run(options));
}

TEST_P(BigModel, StopsPastItsDeadline) {
  report_lateness("perceptron", stop_inside(session_, whole_run_));
  expect_same_bits_now();
}

INSTANTIATE_TEST_SUITE_P(Api, BigModel,
                         testing::Combine(testing::Values(Backend::kSimd, Backend::kAuto), testing::Values(1, 2)),
                         [](const testing::TestParamInfo<std::tuple<Backend, int>>& info) {
                           return std::string(name_of(std::get<Backend>(info.param))) + "_threads" +
                                  std::to_string(std::get<int>(info.param));
                         });

/// One node on 2^24 floats or so: its only chance to stop is inside.
struct LongNode {
  const char* op;
  Shape shape;
  std::vector<Message> attributes;
  std::vector<float> second;  ///< a second operand with the length of the last axis, or nothing
};

void PrintTo(const LongNode& node, std::ostream* out) { *out << node.op; }

std::vector<LongNode> long_nodes() {
  constexpr std::int64_t kWide = 4096;
  const std::vector<float> row(kWide, 0.5f);
  return {
      {"Relu", {kWide, kWide}, {}, {}},
      {"Sigmoid", {kWide, kWide}, {}, {}},
      {"Tanh", {kWide, kWide}, {}, {}},
      {"Exp", {kWide, kWide}, {}, {}},
      {"Add", {kWide, kWide}, {}, row},
      {"Softmax", {kWide, kWide}, {attribute("axis", 1)}, {}},
      {"Softmax", {kWide, kWide}, {attribute("axis", 0)}, {}},
      {"Softmax", {1, kWide * kWide}, {attribute("axis", 1)}, {}},
      {"LogSoftmax", {1, kWide * kWide}, {attribute("axis", 1)}, {}},
      {"Transpose", {kWide, kWide}, {attribute("perm", std::vector<std::int64_t>{1, 0})}, {}},
      {"Cast", {kWide, kWide}, {attribute("to", 11)}, {}},
      {"Concat", {kWide, kWide}, {attribute("axis", 1)}, row},
      {"ReduceMean", {kWide, kWide}, {attribute("axes", std::vector<std::int64_t>{0, 1})}, {}},
      {"ReduceMean", {kWide, kWide}, {attribute("axes", std::vector<std::int64_t>{0})}, {}},
      {"ReduceMean", {kWide, kWide}, {attribute("axes", std::vector<std::int64_t>{1})}, {}},
      {"ReduceMean", {kWide * kWide / 4, 4}, {attribute("axes", std::vector<std::int64_t>{0})}, {}},
      {"ReduceMax", {kWide, kWide}, {attribute("axes", std::vector<std::int64_t>{0})}, {}},
      {"LayerNormalization", {kWide, kWide}, {}, row},
      {"LayerNormalization", {4, kWide * 1024}, {}, std::vector<float>(kWide * 1024, 0.5f)},
      {"Log", {kWide, kWide}, {}, {}},
      {"Max", {kWide, kWide}, {}, row},
      {"Less", {kWide, kWide}, {}, row},
      {"MatMul", {kWide, kWide}, {}, row},
      {"Identity", {kWide, kWide}, {}, {}},
      {"Reshape", {kWide, kWide}, {}, {1, -1}},
      {"Gather", {1, kWide * kWide}, {}, {0, 0}},
  };
}

std::string model_of(const LongNode& node) {
  ModelWriter writer = model();
  writer.opset(17).input("x", DataType::kFloat32, {node.shape[0], node.shape[1]});
  Names inputs = {"x"};
  if (!node.second.empty()) {
    const auto width = static_cast<std::int64_t>(node.second.size());
    const std::string op = node.op;
    if (op == "Reshape" || op == "Gather") {
      writer.initializer<std::int64_t>("second", {width}, {node.second.begin(), node.second.end()});
    } else if (op == "Concat") {
      writer.initializer<float>("second", {node.shape[0], 1}, node.second);
    } else if (op == "MatMul") {
      std::vector<float> matrix;
      for (int i = 0; i < 64; ++i) matrix.insert(matrix.end(), node.second.begin(), node.second.end());
      writer.initializer<float>("second", {width, 64}, matrix);
    } else {
      writer.initializer<float>("second", {width}, node.second);
    }
    inputs.emplace_back("second");
  }
  return writer.node(node.op, inputs, {"y"}, node.attributes).output("y").bytes();
}

class LongRunningNode : public testing::TestWithParam<LongNode> {};

TEST_P(LongRunningNode, StopsInside) {
  const Tensor x = sample_tensor(GetParam().shape);
  for (const int threads : {1, 2}) {
    Session session = load(model_of(GetParam()), options_for(Backend::kSimd, threads)).session();
    session.bind_input(0, x.view());
    session.run();
    const auto start = Clock::now();
    session.run();
    const auto whole_run = Clock::now() - start;
    report_lateness(GetParam().op + (" with " + std::to_string(threads)) + " threads", stop_inside(session, whole_run));
  }
}

INSTANTIATE_TEST_SUITE_P(Api, LongRunningNode, testing::ValuesIn(long_nodes()),
                         [](const testing::TestParamInfo<LongNode>& info) {
                           return std::string(info.param.op) + "_" + std::to_string(info.index);
                         });

/// 64 MB of weights, which the first run packs: tens of milliseconds.
class FirstRun : public testing::TestWithParam<std::tuple<Backend, int>> {
 protected:
  static constexpr std::int64_t kSize = 4096;

  FirstRun()
      : bytes_(model()
                   .input("x", DataType::kFloat32, {"batch", kSize})
                   .initializer<float>("w", {kSize, kSize}, sample_values(kSize * kSize))
                   .node("MatMul", {"x", "w"}, {"y"})
                   .output("y", DataType::kFloat32, {"batch", kSize})
                   .bytes()) {}

  Options options() const { return options_for(std::get<Backend>(GetParam()), std::get<int>(GetParam())); }
  std::string bytes_;
  Tensor x_ = sample_tensor({1, kSize});
};

TEST_P(FirstRun, StopsWithinItsPacking) {
  if (std::get<Backend>(GetParam()) == Backend::kOnednn && !LINNET_WITH_ONEDNN)
    GTEST_SKIP() << "built without oneDNN: the reference packs nothing";
  const Tensor expected = load(bytes_, options()).run({x_}).front();
  const TemporaryFolder folder;
  const std::string path = folder.write("model.onnx", bytes_);
  for (const Model& model : {load(bytes_, options()), Model::load(path, options())}) {
    RunOptions run;
    run.timeout = std::chrono::milliseconds(2);
    const auto start = Clock::now();
    try {
      model.run({x_}, run);
      FAIL() << "packed 64 MB in 2 ms";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded) << error.what();
    }
    std::printf("a first run ended %.2f ms after its deadline\n", milliseconds(Clock::now() - start - run.timeout));
    EXPECT_LT(model.impl()->packed_weights_bytes(), x_.count() * x_.bytes()) << "packed all the same";
    Session session = model.session();
    session.bind_input(0, x_.view());
    EXPECT_THROW(session.prepare(run), Error);
    EXPECT_EQ(bit_difference(model.run({x_}).front().view(), expected.view()), "") << "the run after the stopped one";
    session.run();
    EXPECT_EQ(bit_difference(session.output(0), expected.view()), "");
  }
}

TEST_P(FirstRun, StopsBeforeItsPackingWhenCancelledBefore) {
  const Model model = load(bytes_, options());
  CancelToken token;
  token.cancel();
  RunOptions run;
  run.cancel = &token;
  EXPECT_THROW(model.run({x_}, run), Error);
  EXPECT_EQ(model.impl()->packed_weights_bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Api, FirstRun,
                         testing::Combine(testing::Values(Backend::kSimd, Backend::kOnednn), testing::Values(1, 2)),
                         [](const testing::TestParamInfo<std::tuple<Backend, int>>& info) {
                           return std::string(name_of(std::get<Backend>(info.param))) + "_threads" +
                                  std::to_string(std::get<int>(info.param));
                         });

/// Products of constants in float16, one after another, each of 10^9 multiply-adds, in a model of some hundred bytes.
std::string folding_bomb(int products) {
  constexpr std::int64_t kSize = 1000;
  ModelWriter writer = model();
  writer.opset(13)
      .input("x", DataType::kFloat16, {kSize, kSize})
      .initializer<std::int64_t>("shape", {2}, {kSize, kSize})
      .node("ConstantOfShape", {"shape"}, {"zeros"})
      .node("Cast", {"zeros"}, {"a"}, {attribute("to", 10)});
  std::string last = "a";
  for (int i = 0; i < products; ++i) {
    const std::string next = "b" + std::to_string(i);
    writer.node("MatMul", {last, "a"}, {next});
    last = next;
  }
  return writer.node("Add", {"x", last}, {"y"}).output("y", DataType::kFloat16, {kSize, kSize}).bytes();
}

TEST(Load, LeavesDearFoldingToTheRun) {
  Options options = options_for(Backend::kAuto);
  options.disabled_passes.clear();
  const auto nodes = [&] { return summarize(load(folding_bomb(1), options)).nodes; };
  ASSERT_EQ(nodes().size(), 2U);
  EXPECT_EQ(nodes().front().op, "MatMul");
  options.limits.folding_ns = 1;
  EXPECT_EQ(nodes().size(), 4U);
}

TEST(Load, StopsWithinItsFolding) {
  Options options = options_for(Backend::kAuto);
  options.disabled_passes.clear();
  options.limits.folding_ns = 0;
  const std::string bytes = folding_bomb(100);
  RunOptions until;
  until.timeout = std::chrono::milliseconds(20);
  const auto start = Clock::now();
  try {
    Model::load(bytes.data(), bytes.size(), options, until);
    FAIL() << "10^11 multiply-adds in 20 ms";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
    EXPECT_STREQ(error.what(), "loading passed its deadline");
  }
  std::printf("a load ended %.2f ms after its deadline\n", milliseconds(Clock::now() - start - until.timeout));
}

TEST(Load, StopsWhenCancelled) {
  CancelToken token;
  token.cancel();
  RunOptions until;
  until.cancel = &token;
  const std::string bytes = small_network();
  try {
    Model::load(bytes.data(), bytes.size(), {}, until);
    FAIL() << "loaded although cancelled before";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    EXPECT_STREQ(error.what(), "loading was cancelled");
  }
  token.reset();
  EXPECT_NO_THROW(Model::load(bytes.data(), bytes.size(), {}, until));
}

TEST(Deadline, AlreadyPassedStopsBeforeTheFirstStep) {
  Session session = load(small_network(), options_for(Backend::kAuto)).session();
  const Tensor x = sample_tensor({4, 20});
  session.bind_input(0, x.view());
  session.prepare();
  CancelToken token;
  token.cancel();
  RunOptions options;
  options.cancel = &token;
  try {
    session.run(options);
    FAIL() << "ran although cancelled before";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
  }
  EXPECT_NO_THROW(session.run());
}

TEST(Deadline, OfAnHourDoesNoHarm) {
  const Model model = load(small_network(), options_for(Backend::kAuto));
  const Tensor x = sample_tensor({4, 20});
  RunOptions options;
  options.timeout = std::chrono::hours(1);
  EXPECT_EQ(bit_difference(model.run({x}, options).front().view(), model.run({x}).front().view()), "");
  options.timeout = std::chrono::nanoseconds::max();
  EXPECT_EQ(bit_difference(model.run({x}, options).front().view(), model.run({x}).front().view()), "")
      << "a deadline beyond what the clock can say";
}

}  // namespace
}  // namespace linnet::test
