// Shapes that data decides, from a model's bytes to its outputs. Expected values are what the same statements give in
// C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <linnet/inspect.hpp>

#include "tests/api/control_flow.hpp"
#include "tests/support/allocation_counter.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

/// The positive elements of x, twice; how many there are, and their indices.
ModelWriter positives() {
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"n"})
      .initializer<float>("zero", {}, {0})
      .node("Greater", {"x", "zero"}, {"positive"})
      .node("NonZero", {"positive"}, {"indices"})
      .node("Transpose", {"indices"}, {"tuples"}, {attribute("perm", std::vector<std::int64_t>{1, 0})})
      .node("GatherND", {"x", "tuples"}, {"chosen"})
      .node("Add", {"chosen", "chosen"}, {"y"})
      .node("Size", {"indices"}, {"count"})
      .output("y")
      .output("count")
      .output("indices");
}

TEST(Stages, FollowWhatNonZeroFinds) {
  for (const int threads : {1, 2}) {
    const Model model = load(positives().bytes(), options_for(Backend::kAuto, threads));
    EXPECT_TRUE(model.data_decides_shapes());
    for (const std::vector<float>& x : {std::vector<float>{1, -2, 3}, {-1, -2}, {}, {4, 5, 6, 7}, {1, -2, 3}}) {
      std::vector<float> y;
      std::vector<std::int64_t> indices;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i] <= 0) continue;
        y.push_back(2 * x[i]);
        indices.push_back(static_cast<std::int64_t>(i));
      }
      const auto outputs = model.run({floats(x)});
      EXPECT_THAT(values_of(outputs[0]), ElementsAreArray(y));
      EXPECT_THAT(values_of<std::int64_t>(outputs[1]), ElementsAre(static_cast<std::int64_t>(y.size())));
      EXPECT_EQ(outputs[2].shape(), (Shape{1, static_cast<std::int64_t>(y.size())}));
      EXPECT_THAT(values_of<std::int64_t>(outputs[2]), ElementsAreArray(indices));
    }
  }
}

TEST(Stages, AreNotMadeWhereShapesFollowFromInputs) {
  EXPECT_FALSE(load(small_network()).data_decides_shapes());
  const std::string folded =
      model().initializer<float>("x", {3}, {0, 1, 2}).node("NonZero", {"x"}, {"y"}).output("y").bytes();
  const Options options = options_for(Backend::kAuto);
  const Model model = load(folded, options);
  EXPECT_EQ(model.data_decides_shapes(), !options.disabled_passes.empty());
  EXPECT_THAT(values_of<std::int64_t>(model.run(std::vector<Tensor>{})[0]), ElementsAre(1, 2));
}

TEST(Stages, FollowEachOther) {
  // The different positive elements, as many zeros as the first of them says, and x itself.
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<float>("zero", {}, {0})
                                .initializer<std::int64_t>("first", {1}, {0})
                                .node("Greater", {"x", "zero"}, {"positive"})
                                .node("Compress", {"x", "positive"}, {"chosen"})
                                .node("Unique", {"chosen"}, {"different", "", "", "counts"})
                                .node("Gather", {"different", "first"}, {"smallest"})
                                .node("Cast", {"smallest"}, {"length"}, {attribute("to", 7)})
                                .node("Expand", {"zero", "length"}, {"zeros"})
                                .node("Identity", {"x"}, {"same"})
                                .output("different")
                                .output("counts")
                                .output("zeros")
                                .output("same")
                                .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  const auto outputs = model.run({floats({3, -1, 2, 3, 2, 3})});
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(2, 3));
  EXPECT_THAT(values_of<std::int64_t>(outputs[1]), ElementsAre(2, 3));
  EXPECT_THAT(values_of(outputs[2]), ElementsAre(0, 0));
  EXPECT_THAT(values_of(outputs[3]), ElementsAre(3, -1, 2, 3, 2, 3));
  EXPECT_THAT(values_of(model.run({floats({5})})[2]), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(error_of([&] { model.run({floats({-5})}); }, ErrorCode::kRuntimeFault), HasSubstr("Gather node"));
}

TEST(Stages, FollowComputedSizes) {
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"n", 2})
                                .initializer<std::int64_t>("zero", {}, {0})
                                .initializer<std::int64_t>("one", {}, {1})
                                .node("ReduceMax", {"x"}, {"largest"}, {attribute("keepdims", 0)})
                                .node("Cast", {"largest"}, {"limit"}, {attribute("to", 7)})
                                .node("Range", {"zero", "limit", "one"}, {"y"})
                                .output("y")
                                .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  EXPECT_TRUE(model.data_decides_shapes());
  EXPECT_THAT(values_of<std::int64_t>(model.run({tensor_with<float>({1, 2}, {3, 2})})[0]), ElementsAre(0, 1, 2));
  EXPECT_THAT(values_of<std::int64_t>(model.run({tensor_with<float>({1, 2}, {-3, -2})})[0]), IsEmpty());
}

TEST(Stages, TakeTheBranchThatDataChooses) {
  const std::string bytes =
      model()
          .opset(13)
          .input("x", DataType::kFloat32, {"n"})
          .initializer<float>("zero", {}, {0})
          .node("ReduceSum", {"x"}, {"sum"}, {attribute("keepdims", 0)})
          .node("Greater", {"sum", "zero"}, {"positive"})
          .node("If", {"positive"}, {"y"},
                {GraphWriter().node("Concat", {"x", "x"}, {"t"}, {attribute("axis", 0)}).output("t").as("then_branch"),
                 GraphWriter().node("Identity", {"sum"}, {"e"}).output("e").as("else_branch")})
          .node("Neg", {"y"}, {"z"})
          .output("z")
          .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  EXPECT_THAT(values_of(model.run({floats({1, 2})})[0]), ElementsAre(-1, -2, -1, -2));
  const Tensor sum = model.run({floats({1, -2})})[0];
  EXPECT_EQ(sum.shape(), Shape{});
  EXPECT_THAT(values_of(sum), ElementsAre(1));
}

TEST(Stages, RunBranchesWithinWhichDataDecides) {
  const std::string bytes =
      model()
          .opset(13)
          .input("condition", DataType::kBool, {})
          .input("x", DataType::kFloat32, {"n"})
          .node("Neg", {"x"}, {"minus"})
          .node("If", {"condition"}, {"y", "same"},
                {GraphWriter().node("NonZero", {"minus"}, {"t"}).output("t").output("minus").as("then_branch"),
                 GraphWriter().initializer<std::int64_t>("e", {1, 1}, {-1}).output("e").output("x").as("else_branch")})
          .node("Add", {"y", "y"}, {"z"})
          .output("z")
          .output("same")
          .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  auto outputs = model.run({truth(true), floats({0, 5, 0, 7})});
  EXPECT_THAT(values_of<std::int64_t>(outputs[0]), ElementsAre(2, 6));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(0, -5, 0, -7));
  outputs = model.run({truth(false), floats({0, 5})});
  EXPECT_THAT(values_of<std::int64_t>(outputs[0]), ElementsAre(-2));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(0, 5));
}

/// A stage whose own shapes need more than it is given is cut again.
TEST(Stages, AreCutWithinEachOther) {
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<std::int64_t>("one", {1}, {1})
                                .initializer<float>("zero", {}, {0})
                                .node("NonZero", {"x"}, {"indices"})
                                .node("Shape", {"x"}, {"n"})
                                .node("Cast", {"n"}, {"nf"}, {attribute("to", 1)})
                                .node("Shape", {"indices"}, {"shape"})
                                .node("Gather", {"shape", "one"}, {"k"})
                                .node("Cast", {"k"}, {"kf"}, {attribute("to", 1)})
                                .node("Add", {"nf", "kf"}, {"sum"})
                                .node("Cast", {"sum"}, {"length"}, {attribute("to", 7)})
                                .node("Expand", {"zero", "length"}, {"y"})
                                .node("Neg", {"y"}, {"z"})
                                .output("z")
                                .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  EXPECT_EQ(model.run({floats({1, 0, 3})})[0].shape(), Shape{5});
  EXPECT_EQ(model.run({floats({0})})[0].shape(), Shape{1});
  const Tensor x = floats({1, 0, 3});
  EXPECT_THAT(operator_text(summarize_program(model, {x.view()}).steps.back()), HasSubstr("Neg"));
  Session session = model.session();
  session.bind_input(0, x.view());
  EXPECT_FALSE(run_profiled_nodes(session).empty());
}

TEST(Stages, WriteToBuffersThatFit) {
  const Model model = load(positives().bytes(), options_for(Backend::kAuto));
  Session session = model.session();
  const Tensor x = floats({1, -2, 3});
  session.bind_input(0, x.view());
  session.prepare();
  EXPECT_THAT(error_of([&] { session.output(0); }, ErrorCode::kInvalidArgument), HasSubstr("run the session first"));
  Tensor y = Tensor::of<float>({2});
  Tensor indices = Tensor::of<std::int64_t>({1, 2});
  session.bind_output(0, y.view());
  session.bind_output(2, indices.view());
  session.run();
  EXPECT_THAT(values_of(y), ElementsAre(2, 6));
  EXPECT_THAT(values_of<std::int64_t>(indices), ElementsAre(0, 2));
  EXPECT_EQ(session.output(0).data, y.data());
  EXPECT_EQ(*static_cast<const std::int64_t*>(session.output(1).data), 2);
  const Tensor other = floats({1, 2, 3});
  session.bind_input(0, other.view());
  EXPECT_THAT(error_of([&] { session.run(); }, ErrorCode::kInvalidArgument),
              HasSubstr("output \"y\" is float32 [3] for these inputs, the buffer bound is float32 [2]"));
  session.unbind_output(0);
  session.unbind_output(2);
  session.run();
  EXPECT_EQ(session.output(0).shape[0], 3);
}

TEST(Stages, KeepStates) {
  // The state is what has been positive so far.
  const std::string bytes = model()
                                .opset(13)
                                .input("seen", DataType::kFloat32, {"m"})
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<float>("zero", {}, {0})
                                .node("Greater", {"x", "zero"}, {"positive"})
                                .node("Compress", {"x", "positive"}, {"chosen"})
                                .node("Concat", {"seen", "chosen"}, {"all"}, {attribute("axis", 0)})
                                .output("all")
                                .bytes();
  Options options = options_for(Backend::kAuto);
  options.states = {{"seen", "all"}};
  const Model model = load(bytes, options);
  Session session = model.session();
  std::vector<float> seen;
  for (const std::vector<float>& x : {std::vector<float>{1, -1}, {2, 3}, {-4}, {5}}) {
    const Tensor input = floats(x);
    session.bind_input(0, input.view());
    session.run();
    for (const float value : x) {
      if (value > 0) seen.push_back(value);
    }
    const ConstTensorView all = session.output(0);
    ASSERT_EQ(all.shape[0], static_cast<std::int64_t>(seen.size()));
    EXPECT_TRUE(std::equal(seen.begin(), seen.end(), static_cast<const float*>(all.data)));
  }
  session.reset();
  const Tensor last = floats({6, -1});
  session.bind_input(0, last.view());
  session.run();
  EXPECT_EQ(session.output(0).shape[0], 1);
}

TEST(Stages, StayWithinTheBudget) {
  Options options = options_for(Backend::kAuto);
  options.memory_budget = 200000;
  const std::string bytes =
      model().input("x", DataType::kFloat32, {"n", "m"}).node("NonZero", {"x"}, {"y"}).output("y").bytes();
  const Model model = load(bytes, options);
  EXPECT_THAT(error_of(
                  [&] {
                    model.run({sample_tensor({100, 200})});
                  },
                  ErrorCode::kLimitExceeded),
              HasSubstr("a result of shape [2,20000] needs 320000 bytes, the memory budget is 200000"));
  EXPECT_EQ(model.run({sample_tensor({10, 20})})[0].shape(), (Shape{2, 200}));
}

TEST(Stages, WarmRunsOfOneSizeAllocateNothing) {
  const Model model = load(positives().bytes(), options_for(Backend::kAuto, 1));
  Session session = model.session();
  const Tensor x = floats({1, -2, 3, 4});
  session.bind_input(0, x.view());
  session.run();
  session.run();
  const std::uint64_t before = AllocationCounter::allocations();
  session.run();
  EXPECT_EQ(AllocationCounter::allocations() - before, 0U);
}

TEST(Stages, ShowTheirSteps) {
  const Model model = load(positives().bytes(), options_for(Backend::kAuto));
  const Tensor x = floats({1, -2, 3});
  const ProgramSummary summary = summarize_program(model, {x.view()});
  std::vector<std::string> operators;
  for (const StepSummary& step : summary.steps) operators.push_back(operator_text(step));
  EXPECT_THAT(operators, testing::Contains("NonZero"));
  EXPECT_THAT(operators.back(), HasSubstr("Add"));
  EXPECT_EQ(summary.outputs[0].shape[0].value, 2);
  Session session = model.session();
  session.bind_input(0, x.view());
  const std::vector<NodeTime> times = run_profiled_nodes(session);
  EXPECT_EQ(times.back().step + 1, summary.steps.size());
  const std::vector<TraceEvent> events = run_traced(session);
  EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                          [&](const TraceEvent& event) { return event.step + 1 == summary.steps.size(); }));
}

}  // namespace
}  // namespace linnet::test
