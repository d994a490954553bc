// Loop, from a model's bytes to its outputs. Expected values are what the same statements give in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>

#include "tests/api/control_flow.hpp"
#include "tests/support/allocation_counter.hpp"
namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

/// for (i = 0; i < M && goes_on; ++i) { s = s * w + x; goes_on = sum(s) < limit; pieces += s + i; }
ModelWriter recurrence(bool stacked) {
  GraphWriter body;
  body.input("i").input("goes_on").input("s").node("Mul", {"s", "w"}, {"p"}).node("Add", {"p", "x"}, {"s2"});
  if (stacked) {
    body.node("Identity", {"goes_on"}, {"next"});
  } else {
    body.node("ReduceSum", {"s2"}, {"sum"}, {attribute("keepdims", 0)}).node("Less", {"sum", "limit"}, {"next"});
  }
  body.node("Cast", {"i"}, {"f"}, {attribute("to", 1)}).node("Add", {"s2", "f"}, {"piece"});
  body.output("next").output("s2");
  if (stacked) body.output("piece");
  ModelWriter writer = model();
  writer.opset(13)
      .input("M", DataType::kInt64, {})
      .input("x", DataType::kFloat32, {2})
      .input("limit", DataType::kFloat32, {})
      .initializer<float>("w", {2}, {2, 0.5F})
      .initializer<float>("start", {2}, {1, 1})
      .node("Neg", {"limit"}, {"unused"})
      .node("Loop", {"M", "", "start"}, stacked ? Names{"y", "pieces"} : Names{"y"}, {body.as("body")}, "loop")
      .output("y");
  if (stacked) writer.output("pieces");
  return writer;
}

std::vector<float> recurrence_in_cpp(std::int64_t most, const std::vector<float>& x, float limit,
                                     std::vector<float>* pieces = nullptr) {
  std::vector<float> s = {1, 1};
  bool goes_on = true;
  for (std::int64_t i = 0; i < most && goes_on; ++i) {
    s = {s[0] * 2 + x[0], s[1] * 0.5F + x[1]};
    goes_on = pieces != nullptr || s[0] + s[1] < limit;
    if (pieces == nullptr) continue;
    for (const float value : s) pieces->push_back(value + static_cast<float>(i));
  }
  return s;
}

TEST(Loop, RunsUntilEitherLimit) {
  const Model model = load(recurrence(false).bytes(), options_for(Backend::kAuto));
  const std::vector<float> x = {0.25F, -3};
  for (const std::int64_t most : {0, 1, 2, 3, 9, -5}) {
    for (const float limit : {-1e9F, 5.0F, 1e9F}) {
      const Tensor y = model.run({number(most), tensor_with<float>({2}, x), tensor_with<float>({}, {limit})})[0];
      EXPECT_THAT(values_of(y), ElementsAreArray(recurrence_in_cpp(most, x, limit))) << most << " " << limit;
    }
  }
}

TEST(Loop, StacksPieces) {
  const Model model = load(recurrence(true).bytes(), options_for(Backend::kAuto));
  const std::vector<float> x = {0.25F, -3};
  for (const std::int64_t most : {0, 1, 2, 7}) {
    std::vector<float> pieces;
    const std::vector<float> last = recurrence_in_cpp(most, x, 0, &pieces);
    const auto outputs = model.run({number(most), tensor_with<float>({2}, x), tensor_with<float>({}, {0})});
    EXPECT_THAT(values_of(outputs[0]), ElementsAreArray(last)) << most;
    EXPECT_EQ(outputs[1].shape(), (Shape{most, 2}));
    EXPECT_THAT(values_of(outputs[1]), ElementsAreArray(pieces)) << most;
  }
}

TEST(Loop, WarmRunsAllocateNothing) {
  for (const bool stacked : {false, true}) {
    const Model model = load(recurrence(stacked).bytes(), options_for(Backend::kAuto, 1));
    Session session = model.session();
    const Tensor most = number(50);
    const Tensor x = tensor_with<float>({2}, {0, 0});
    const Tensor limit = tensor_with<float>({}, {1e30F});
    session.bind_input(0, most.view());
    session.bind_input(1, x.view());
    session.bind_input(2, limit.view());
    session.run();
    const std::uint64_t before = AllocationCounter::allocations();
    session.run();
    EXPECT_EQ(AllocationCounter::allocations() - before, 0U) << stacked;
  }
}

/// What goes round grows: [x], [x, x+0], [x, x+0, x+1], ...
TEST(Loop, StatesMayGrow) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("list")
                               .node("Cast", {"i"}, {"f"}, {attribute("to", 1)})
                               .node("Add", {"x", "f"}, {"one_more"})
                               .node("Concat", {"list", "one_more"}, {"longer"}, {attribute("axis", 0)})
                               .output("goes_on")
                               .output("longer");
  const std::string bytes = model()
                                .input("M", DataType::kInt64, {1})
                                .input("x", DataType::kFloat32, {1})
                                .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")})
                                .output("y")
                                .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  const auto grown = [&](std::int64_t most) {
    return values_of(model.run({tensor_with<std::int64_t>({1}, {most}), tensor_with<float>({1}, {10})})[0]);
  };
  EXPECT_THAT(grown(0), ElementsAre(10));
  EXPECT_THAT(grown(1), ElementsAre(10, 10));
  EXPECT_THAT(grown(4), ElementsAre(10, 10, 11, 12, 13));
  EXPECT_THAT(error_of([&] { grown(5000); }, ErrorCode::kLimitExceeded),
              HasSubstr("the shapes of what goes round change in more than 1024 iterations"));
}

/// y += sum of x[0:i]: shapes in the body depend on the number of the iteration.
TEST(Loop, TheNumberMayDecideShapes) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("s")
                               .node("Unsqueeze", {"i", "zero"}, {"end"})
                               .node("Slice", {"x", "zero", "end"}, {"part"})
                               .node("ReduceSum", {"part"}, {"sum"}, {attribute("keepdims", 0)})
                               .node("Add", {"s", "sum"}, {"s2"})
                               .output("goes_on")
                               .output("s2");
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<std::int64_t>("M", {}, {4})
                                .initializer<std::int64_t>("zero", {1}, {0})
                                .initializer<float>("start", {}, {0})
                                .node("Loop", {"M", "", "start"}, {"y"}, {body.as("body")})
                                .output("y")
                                .bytes();
  EXPECT_THAT(values_of(run_model(bytes, {tensor_with<float>({3}, {1, 10, 100})})[0]), ElementsAre(0 + 1 + 11 + 111));
}

/// A counter that a slice begins at: its elements decide shapes, iteration by iteration.
TEST(Loop, StatesMayDecideShapes) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("begin")
                               .input("s")
                               .node("Slice", {"x", "begin", "far"}, {"part"})
                               .node("ReduceSum", {"part"}, {"sum"}, {attribute("keepdims", 0)})
                               .node("Add", {"s", "sum"}, {"s2"})
                               .node("Add", {"begin", "two"}, {"later"})
                               .output("goes_on")
                               .output("later")
                               .output("s2");
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<std::int64_t>("M", {}, {3})
                                .initializer<std::int64_t>("zero", {1}, {0})
                                .initializer<std::int64_t>("two", {1}, {2})
                                .initializer<std::int64_t>("far", {1}, {1000})
                                .initializer<float>("start", {}, {0})
                                .node("Loop", {"M", "", "zero", "start"}, {"last", "y"}, {body.as("body")})
                                .output("y")
                                .output("last")
                                .bytes();
  const auto outputs = run_model(bytes, {tensor_with<float>({5}, {1, 10, 100, 1000, 10000})});
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(11111 + 11100 + 10000));
  EXPECT_THAT(values_of<std::int64_t>(outputs[1]), ElementsAre(6));
}

TEST(Loop, LeavesOutOutputsAndPassesStatesThrough) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("a")
                               .input("b")
                               .node("Add", {"a", "b"}, {"sum"})
                               .node("Neg", {"i"}, {"piece"})
                               .output("goes_on")
                               .output("b")
                               .output("sum")
                               .output("piece")
                               .output("a");
  const std::string bytes = model()
                                .input("a", DataType::kFloat32, {"n"})
                                .input("b", DataType::kFloat32, {"n"})
                                .initializer<std::int64_t>("M", {}, {6})
                                .node("Loop", {"M", "", "a", "b"}, {"", "fibonacci", "", "stacked"}, {body.as("body")})
                                .output("fibonacci")
                                .output("stacked")
                                .bytes();
  const auto outputs = run_model(bytes, {tensor_with<float>({1}, {0}), tensor_with<float>({1}, {1})});
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(13));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(0, 1, 1, 2, 3, 5));
}

TEST(Loop, GivesTheSameBitsForAnyNumberOfThreads) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("s")
                               .node("MatMul", {"s", "w"}, {"p"})
                               .node("Tanh", {"p"}, {"s2"})
                               .output("goes_on")
                               .output("s2");
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {"n", 96})
                                .initializer<float>("w", {96, 96}, sample_values(96 * 96))
                                .initializer<std::int64_t>("M", {}, {5})
                                .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")})
                                .output("y")
                                .bytes();
  const Tensor x = sample_tensor({64, 96});
  const Tensor one = run_model(bytes, {x}, 1)[0];
  const Tensor two = run_model(bytes, {x}, 2)[0];
  EXPECT_EQ(std::memcmp(one.data<float>(), two.data<float>(), one.count() * sizeof(float)), 0);
  // As if it were written out.
  ModelWriter written = model();
  written.input("x", DataType::kFloat32, {"n", 96}).initializer<float>("w", {96, 96}, sample_values(96 * 96));
  std::string before = "x";
  for (int i = 0; i < 5; ++i) {
    const std::string after = "s" + std::to_string(i);
    written.node("MatMul", {before, "w"}, {"p" + after}).node("Tanh", {"p" + after}, {after});
    before = after;
  }
  const Tensor expected = run_model(written.output(before).bytes(), {x}, 1)[0];
  EXPECT_EQ(std::memcmp(one.data<float>(), expected.data<float>(), one.count() * sizeof(float)), 0);
}

TEST(Loop, WithoutLimitIsStoppedByADeadline) {
  const GraphWriter body = GraphWriter().input("i").input("c").input("s").output("c").output("s");
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {1})
                                .node("Loop", {"", "", "x"}, {"y"}, {body.as("body")})
                                .output("y")
                                .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  Session session = model.session();
  const Tensor x = tensor_with<float>({1}, {1});
  session.bind_input(0, x.view());
  RunOptions options;
  options.timeout = std::chrono::milliseconds(20);
  error_of([&] { session.run(options); }, ErrorCode::kDeadlineExceeded);
}

TEST(Loop, KeepsToTheBudget) {
  const GraphWriter body =
      GraphWriter().input("i").input("c").input("s").node("Exp", {"s"}, {"e"}).output("c").output("s").output("e");
  const std::string bytes = model()
                                .input("M", DataType::kInt64, {})
                                .input("x", DataType::kFloat32, {1000})
                                .node("Loop", {"M", "", "x"}, {"y", "all"}, {body.as("body")})
                                .output("all")
                                .bytes();
  Options options = options_for(Backend::kAuto);
  options.memory_budget = 1 << 20;
  const Model model = load(bytes, options);
  const Tensor x = sample_tensor({1000});
  EXPECT_EQ(model.run({number(100), x})[0].shape(), (Shape{100, 1000}));
  EXPECT_THAT(error_of([&] { model.run({number(1000), x}); }, ErrorCode::kLimitExceeded), HasSubstr("budget"));
  EXPECT_THAT(error_of([&] { model.run({number(INT64_MAX), x}); }, ErrorCode::kInvalidModel), HasSubstr("Loop node"));
}

/// Three loops within each other, each of which makes what goes round longer: 1000 * 1000 * 1000 shapes.
TEST(Loop, WithinLoopsFollowsShapesOnlySoFar) {
  const auto around = [](const GraphWriter& inner) {
    return GraphWriter()
        .input("i")
        .input("c")
        .input("s")
        .node("Loop", {"M", "", "s"}, {"t"}, {inner.as("body")})
        .output("c")
        .output("t");
  };
  const GraphWriter innermost = GraphWriter()
                                    .input("i")
                                    .input("c")
                                    .input("s")
                                    .node("Concat", {"s", "one"}, {"t"}, {attribute("axis", 0)})
                                    .output("c")
                                    .output("t");
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {1})
                                .initializer<float>("one", {1}, {1})
                                .initializer<std::int64_t>("M", {}, {1000})
                                .node("Loop", {"M", "", "x"}, {"y"}, {around(around(innermost)).as("body")})
                                .output("y")
                                .bytes();
  EXPECT_THAT(error_of([&] { load(bytes); }, ErrorCode::kLimitExceeded),
              HasSubstr("the shapes within loops take more than 16384 iterations to follow"));
}

TEST(Loop, SaysWhatIsWrong) {
  const auto refused = [](const GraphWriter& body, const char* words) {
    const std::string bytes = model()
                                  .input("x", DataType::kFloat32, {2})
                                  .initializer<std::int64_t>("M", {}, {3})
                                  .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")}, "l")
                                  .output("y")
                                  .bytes();
    EXPECT_THAT(error_of([&] { load(bytes); }, ErrorCode::kInvalidModel), HasSubstr(words));
  };
  refused(GraphWriter().input("i").input("c").output("c").output("x"),
          "Loop node \"l\" (opset 17): the graph in attribute \"body\" has 2 inputs, expected 3");
  refused(GraphWriter().input("i").input("c").input("s").output("c"), "the body has 1 outputs, expected 2");
  refused(GraphWriter().input("i").input("c").input("s").output("s").output("s"),
          "output 0 of the body is float32, expected bool: whether to go on");
  refused(GraphWriter().input("i").input("c").input("s").output("c").output("i"),
          "state 0 is float32 before an iteration and int64 after it");
  refused(GraphWriter()
              .input("i")
              .input("c")
              .input("s")
              .node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)})
              .output("c")
              .output("s")
              .output("t")
              .output("u"),
          "output \"u\" of the graph in attribute \"body\" is never produced");
}

}  // namespace
}  // namespace linnet::test
