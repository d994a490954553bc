// run_traced: what it tells must fit the program, and the traced run must give what any run gives.
#include <linnet/inspect.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>

#include "tests/api/sample_models.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

/// x [rows, 64] -> Tanh -> Gemm 64 -> Softmax; with many rows, every step is cut into tasks.
std::string wide_network() {
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"rows", 64})
      .initializer<float>("w", {64, 64}, sample_values(4096, 1))
      .initializer<float>("b", {64}, sample_values(64, 2))
      .node("Tanh", {"x"}, {"t"})
      .node("Gemm", {"t", "w", "b"}, {"g"})
      .node("Softmax", {"g"}, {"y"}, {attribute("axis", 1)})
      .output("y", DataType::kFloat32, {"rows", 64})
      .bytes();
}

struct Traced {
  std::vector<TraceEvent> steps;
  std::vector<TraceEvent> tasks;
};

Traced split(const std::vector<TraceEvent>& events) {
  Traced traced;
  for (const TraceEvent& event : events) {
    if (event.member != TraceEvent::kNoMember) continue;
    (event.task == TraceEvent::kWholeStep ? traced.steps : traced.tasks).push_back(event);
  }
  return traced;
}

class RunTraced : public testing::TestWithParam<int> {};

TEST_P(RunTraced, TellsEveryStepInOrderAndEveryTaskInsideItsStep) {
  const int threads = GetParam();
  const Model network = load(wide_network(), options_for(Backend::kSimd, threads));
  const Tensor x = sample_tensor({20000, 64});
  Session session = network.session();
  session.bind_input(0, x.view());
  session.run();
  const std::vector<TraceEvent> events = run_traced(session);
  const Traced traced = split(events);

  ASSERT_EQ(traced.steps.size(), summarize_program(network, {x.view()}).steps.size());
  std::int64_t end_of_last = 0;
  for (std::size_t i = 0; i < traced.steps.size(); ++i) {
    EXPECT_EQ(traced.steps[i].step, i);
    EXPECT_EQ(traced.steps[i].worker, 0U);
    EXPECT_GE(traced.steps[i].start_ns, end_of_last);
    EXPECT_GE(traced.steps[i].duration_ns, 0);
    end_of_last = traced.steps[i].start_ns + traced.steps[i].duration_ns;
  }
  ASSERT_FALSE(traced.tasks.empty());
  for (const TraceEvent& task : traced.tasks) {
    ASSERT_LT(task.step, traced.steps.size());
    const TraceEvent& step = traced.steps[task.step];
    EXPECT_LT(task.worker, static_cast<std::size_t>(threads));
    EXPECT_GE(task.start_ns, step.start_ns);
    EXPECT_LE(task.start_ns + task.duration_ns, step.start_ns + step.duration_ns);
  }
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_GE(events[i].start_ns, events[i - 1].start_ns);
}

TEST_P(RunTraced, HoldsAllTasksOfALoopOnce) {
  // A model of a single loop: the numbers of its tasks are 0, 1, 2, ... without a gap.
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"rows", 64})
                                .node("Tanh", {"x"}, {"y"})
                                .output("y", DataType::kFloat32, {"rows", 64})
                                .bytes();
  const Model network = load(bytes, options_for(Backend::kSimd, GetParam()));
  const Tensor x = sample_tensor({20000, 64});
  Session session = network.session();
  session.bind_input(0, x.view());
  std::map<std::size_t, int> seen;
  for (const TraceEvent& task : split(run_traced(session)).tasks) ++seen[task.task];
  ASSERT_GT(seen.size(), 1U);
  EXPECT_EQ(seen.rbegin()->first, seen.size() - 1);
  for (const auto& [task, times] : seen) EXPECT_EQ(times, 1) << "task " << task;
}

TEST_P(RunTraced, GivesTheSameBitsAsARun) {
  const Model network = load(wide_network(), options_for(Backend::kAuto, GetParam()));
  const Tensor x = sample_tensor({3000, 64});
  Session session = network.session();
  Tensor plain = Tensor::of<float>({3000, 64});
  Tensor traced = Tensor::of<float>({3000, 64});
  session.bind_input(0, x.view());
  session.bind_output(0, plain.view());
  session.run();
  session.bind_output(0, traced.view());
  run_traced(session);
  EXPECT_EQ(std::memcmp(plain.data(), traced.data(), plain.bytes()), 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, RunTraced, testing::Values(1, 2, 4));

/// Gemm + Relu -> Gemm + Tanh -> Softmax, so small that it runs as one chain; a wide one is cut into blocks of rows.
struct Chain {
  explicit Chain(int threads, std::int64_t rows)
      : network(load(chain_network(), options_for(Backend::kSimd, threads))),
        x(sample_tensor({rows, 64})),
        session(network.session()) {
    session.bind_input(0, x.view());
    session.run();
  }
  static std::string chain_network() {
    return model()
        .opset(13)
        .input("x", DataType::kFloat32, {"rows", 64})
        .initializer<float>("w1", {64, 64}, sample_values(4096, 1))
        .initializer<float>("w2", {64, 64}, sample_values(4096, 2))
        .node("MatMul", {"x", "w1"}, {"a"}, {}, "fc1")
        .node("Relu", {"a"}, {"b"}, {}, "act1")
        .node("MatMul", {"b", "w2"}, {"c"}, {}, "fc2")
        .node("Softmax", {"c"}, {"y"}, {attribute("axis", 1)}, "probabilities")
        .output("y", DataType::kFloat32, {"rows", 64})
        .bytes();
  }
  Model network;
  Tensor x;
  Session session;
};

TEST_P(RunTraced, TellsWhatATaskOfAChainSpentOnEachNode) {
  if (passes_are_off()) GTEST_SKIP() << "chain_rows is off";
  Chain chain(GetParam(), 2000);
  const ProgramSummary program = summarize_program(chain.network, {chain.x.view()});
  ASSERT_EQ(program.steps.size(), 1U);
  ASSERT_EQ(program.steps[0].chain.size(), 3U);
  EXPECT_EQ(operator_text(program.steps[0]), "MatMul+Relu+MatMul+Softmax");
  std::map<std::size_t, std::set<std::size_t>> members;                   // by task
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> free_from;  // by worker and task
  for (const TraceEvent& event : run_traced(chain.session)) {
    if (event.member == TraceEvent::kNoMember) continue;
    ASSERT_LT(event.member, 3U);
    EXPECT_NE(event.task, TraceEvent::kWholeStep);
    EXPECT_TRUE(members[event.task].insert(event.member).second);
    std::int64_t& free = free_from[{event.worker, event.task}];
    EXPECT_GE(event.start_ns, free);
    free = event.start_ns + event.duration_ns;
  }
  EXPECT_GT(members.size(), 1U);
  for (const auto& [task, seen] : members) EXPECT_EQ(seen.size(), 3U) << "task " << task;
}

TEST_P(RunTraced, TimesOfNodesAddUpToThoseOfTheirSteps) {
  Chain chain(GetParam(), 2000);
  const ProgramSummary program = summarize_program(chain.network, {chain.x.view()});
  const std::vector<NodeTime> times = run_profiled_nodes(chain.session);
  std::size_t at = 0;
  for (std::size_t step = 0; step < program.steps.size(); ++step) {
    for (std::size_t member = 0; member < std::max<std::size_t>(program.steps[step].chain.size(), 1); ++member, ++at) {
      ASSERT_LT(at, times.size());
      EXPECT_EQ(times[at].step, step);
      EXPECT_EQ(times[at].member, member);
      EXPECT_GT(times[at].nanoseconds, 0);
    }
  }
  EXPECT_EQ(at, times.size());
}

TEST(NodeSummaryTest, AFusedNodeNamesWhatItIsMadeOf) {
  if (passes_are_off()) GTEST_SKIP() << "nothing is fused";
  const Model network = load(model()
                                 .opset(13)
                                 .input("x", DataType::kFloat32, {2, 3})
                                 .initializer<float>("w", {3, 3}, sample_values(9))
                                 .initializer<float>("b", {3}, sample_values(3))
                                 .node("MatMul", {"x", "w"}, {"a"}, {}, "fc")
                                 .node("Add", {"a", "b"}, {"c"}, {}, "bias")
                                 .node("Relu", {"c"}, {"y"}, {}, "act")
                                 .output("y", DataType::kFloat32, {2, 3})
                                 .bytes(),
                             options_for(Backend::kAuto, 1));
  const ModelSummary summary = summarize(network);
  ASSERT_EQ(summary.nodes.size(), 1U);
  EXPECT_EQ(operator_text(summary.nodes[0]), "MatMul+Add+Relu");
  ASSERT_EQ(summary.nodes[0].fused.size(), 3U);
  EXPECT_EQ(summary.nodes[0].fused[1].name, "bias");
  EXPECT_NE(to_json(summary).find(R"("fused":[{"op":"MatMul","name":"fc"},{"op":"Add","name":"bias"})"),
            std::string::npos);
}

TEST(RunTraced, RefusesASessionWithoutInputs) {
  const Model network = load(small_network());
  Session session = network.session();
  EXPECT_THROW(run_traced(session), Error);
}

}  // namespace
}  // namespace linnet::test
