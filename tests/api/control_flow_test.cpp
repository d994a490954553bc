// If, Loop and Scan: graphs that nodes run, from a model's bytes to its outputs. Expected values are what the same
// statements give in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>

#include "tests/api/sample_models.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/graph_writer.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

template <typename T>
Tensor tensor_with(const Shape& shape, const std::vector<T>& values) {
  Tensor result = Tensor::of<T>(shape);
  for (std::size_t i = 0; i < values.size(); ++i) result.data<T>()[i] = values[i];
  return result;
}
Tensor truth(bool value) { return tensor_with<bool>({}, {value}); }
Tensor number(std::int64_t value) { return tensor_with<std::int64_t>({}, {value}); }

template <typename T = float>
std::vector<T> values_of(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.data<T>() + tensor.count()};
}

std::vector<Tensor> run(const std::string& bytes, const std::vector<Tensor>& inputs, int threads = 1) {
  return load(bytes, options_for(Backend::kAuto, threads)).run(inputs);
}

std::string error_of(const std::function<void()>& body, ErrorCode code) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

// --- If

/// y = condition ? relu(x) * scale : x - 1, with `scale` made outside and an initializer inside.
ModelWriter choice() {
  return model()
      .opset(16)
      .input("condition", DataType::kBool, {})
      .input("x", DataType::kFloat32, {"n"})
      .node("Add", {"x", "x"}, {"scale"})
      .node("If", {"condition"}, {"y"},
            {GraphWriter().node("Relu", {"x"}, {"r"}).node("Mul", {"r", "scale"}, {"t"}).output("t").as("then_branch"),
             GraphWriter()
                 .initializer<float>("one", {}, {1})
                 .node("Sub", {"x", "one"}, {"e"})
                 .output("e")
                 .as("else_branch")},
            "choice")
      .output("y");
}

TEST(If, TakesOneBranch) {
  const Model model = load(choice().bytes(), options_for(Backend::kAuto));
  const Tensor x = tensor_with<float>({3}, {-1, 2, 3});
  EXPECT_THAT(values_of(model.run({truth(true), x})[0]), ElementsAre(0, 8, 18));
  EXPECT_THAT(values_of(model.run({truth(false), x})[0]), ElementsAre(-2, 1, 2));
  EXPECT_THAT(values_of(model.run({truth(true), tensor_with<float>({1}, {5})})[0]), ElementsAre(50));
}

/// The form in which exporters squeeze an axis whose size they do not know.
std::string squeezed() {
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"n", "m"})
      .initializer<std::int64_t>("one", {1}, {1})
      .node("Shape", {"x"}, {"shape"})
      .node("Gather", {"shape", "one"}, {"m"})
      .node("Equal", {"m", "one"}, {"is_one"})
      .node("If", {"is_one"}, {"y"},
            {GraphWriter().node("Squeeze", {"x", "one"}, {"s"}).output("s").as("then_branch"),
             GraphWriter().node("Identity", {"x"}, {"i"}).output("i").as("else_branch")})
      .node("Neg", {"y"}, {"z"})
      .output("z")
      .bytes();
}

TEST(If, MayGiveShapesThatItsConditionFollowsFrom) {
  const Model model = load(squeezed(), options_for(Backend::kAuto));
  const Tensor wide = model.run({sample_tensor({2, 3})})[0];
  EXPECT_EQ(wide.shape(), (Shape{2, 3}));
  const Tensor narrow = model.run({tensor_with<float>({2, 1}, {4, 5})})[0];
  EXPECT_EQ(narrow.shape(), (Shape{2}));
  EXPECT_THAT(values_of(narrow), ElementsAre(-4, -5));
}

TEST(If, WantsOneShapeWhereDataDecide) {
  const std::string bytes =
      model()
          .input("x", DataType::kFloat32, {4})
          .node("ReduceSum", {"x"}, {"sum"}, {attribute("keepdims", 0)})
          .node("Cast", {"sum"}, {"condition"}, {attribute("to", 9)})
          .node("If", {"condition"}, {"y"},
                {GraphWriter().node("Identity", {"x"}, {"a"}).output("a").as("then_branch"),
                 GraphWriter().node("Concat", {"x", "x"}, {"b"}, {attribute("axis", 0)}).output("b").as("else_branch")})
          .output("y")
          .bytes();
  // The condition's own input becomes part of what the program is made for.
  EXPECT_EQ(run(bytes, {tensor_with<float>({4}, {1, 1, 1, 1})})[0].shape(), (Shape{4}));
  EXPECT_EQ(run(bytes, {tensor_with<float>({4}, {1, -1, 1, -1})})[0].shape(), (Shape{8}));
}

TEST(If, NestsAndReadsEveryGraphAround) {
  const GraphWriter inner = GraphWriter().node("Add", {"h", "x"}, {"a"}).node("Mul", {"a", "w"}, {"b"}).output("b");
  const GraphWriter other = GraphWriter().node("Identity", {"x"}, {"c"}).output("c");
  const GraphWriter outer = GraphWriter()
                                .node("Neg", {"x"}, {"h"})
                                .node("Sub", {"h", "w"}, {"h2"})
                                .node("If", {"second"}, {"d"}, {inner.as("then_branch"), other.as("else_branch")})
                                .node("Add", {"d", "h2"}, {"f"})
                                .output("f");
  const std::string bytes = model()
                                .input("first", DataType::kBool, {1})
                                .input("second", DataType::kBool, {})
                                .input("x", DataType::kFloat32, {2})
                                .initializer<float>("w", {2}, {10, 20})
                                .node("If", {"first"}, {"y"}, {outer.as("then_branch"), other.as("else_branch")})
                                .output("y")
                                .bytes();
  const Tensor x = tensor_with<float>({2}, {1, 2});
  const Tensor yes = tensor_with<bool>({1}, {true});
  EXPECT_THAT(values_of(run(bytes, {yes, truth(true), x})[0]), ElementsAre(-11, -22));
  EXPECT_THAT(values_of(run(bytes, {yes, truth(false), x})[0]), ElementsAre(-10, -20));
  EXPECT_THAT(values_of(run(bytes, {tensor_with<bool>({1}, {false}), truth(true), x})[0]), ElementsAre(1, 2));
}

TEST(If, ABranchThatIsNotTakenMayBeWrong) {
  const std::string bytes =
      model()
          .opset(13)
          .input("condition", DataType::kBool, {})
          .input("x", DataType::kFloat32, {"n", "m"})
          .initializer<float>("w", {3, 2}, {1, 2, 3, 4, 5, 6})
          .initializer<float>("v", {1, 2}, {10, 20})
          .initializer<std::int64_t>("axis", {1}, {1})
          .node("If", {"condition"}, {"y"},
                {GraphWriter().node("MatMul", {"x", "w"}, {"a"}, {}, "product").output("a").as("then_branch"),
                 GraphWriter()
                     .node("ReduceSum", {"x", "axis"}, {"s"})
                     .node("MatMul", {"s", "v"}, {"b"})
                     .output("b")
                     .as("else_branch")},
                "c")
          .output("y")
          .bytes();
  const Model model = load(bytes, options_for(Backend::kAuto));
  EXPECT_THAT(values_of(model.run({truth(true), tensor_with<float>({1, 3}, {1, 1, 1})})[0]), ElementsAre(9, 12));
  const Tensor x = tensor_with<float>({1, 2}, {1, 2});
  EXPECT_THAT(values_of(model.run({truth(false), x})[0]), ElementsAre(30, 60));
  const std::string what = error_of([&] { model.run({truth(true), x}); }, ErrorCode::kRuntimeFault);
  EXPECT_THAT(what, HasSubstr("If node \"c\""));
  EXPECT_THAT(what, HasSubstr("then_branch is taken, which cannot run with these shapes: MatMul node"));
}

TEST(If, SaysWhatIsWrong) {
  const auto refused = [](const GraphWriter& then_branch, const GraphWriter& else_branch, DataType condition,
                          const char* words) {
    const std::string bytes =
        model()
            .input("condition", condition, {1})
            .input("x", DataType::kFloat32, {2})
            .node("If", {"condition"}, {"y"}, {then_branch.as("then_branch"), else_branch.as("else_branch")})
            .output("y")
            .bytes();
    EXPECT_THAT(error_of([&] { load(bytes); }, ErrorCode::kInvalidModel), HasSubstr(words));
  };
  const GraphWriter good = GraphWriter().node("Neg", {"x"}, {"n"}).output("n");
  refused(good, good, DataType::kFloat32, "input cond is float32, expected bool");
  refused(GraphWriter(), good, DataType::kBool, "then_branch has 0 outputs, expected 1");
  refused(GraphWriter().output("nothing"), good, DataType::kBool,
          "output \"nothing\" of the graph in attribute \"then_branch\" is never produced");
  refused(GraphWriter().input("a").node("Neg", {"a"}, {"n"}).output("n"), good, DataType::kBool,
          "the graph in attribute \"then_branch\" has 1 inputs, expected 0");
  refused(GraphWriter().node("Cast", {"x"}, {"n"}, {attribute("to", 7)}).output("n"), good, DataType::kBool,
          "output 0 is int64 in then_branch but float32 in else_branch");
  refused(GraphWriter().node("Neg", {"y"}, {"n"}).output("n"), good, DataType::kBool,
          "reads \"y\", which is its own output: the graph has a cycle");
  const std::string missing = model()
                                  .input("condition", DataType::kBool, {})
                                  .node("If", {"condition"}, {"y"}, {good.as("then_branch")})
                                  .input("x", DataType::kFloat32, {2})
                                  .output("y")
                                  .bytes();
  EXPECT_THAT(error_of([&] { load(missing); }, ErrorCode::kInvalidModel),
              HasSubstr("attribute \"else_branch\", a graph, is missing"));
}

// --- Loop

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
  EXPECT_THAT(values_of(run(bytes, {tensor_with<float>({3}, {1, 10, 100})})[0]), ElementsAre(0 + 1 + 11 + 111));
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
  const auto outputs = run(bytes, {tensor_with<float>({5}, {1, 10, 100, 1000, 10000})});
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
  const auto outputs = run(bytes, {tensor_with<float>({1}, {0}), tensor_with<float>({1}, {1})});
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
  const Tensor one = run(bytes, {x}, 1)[0];
  const Tensor two = run(bytes, {x}, 2)[0];
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
  const Tensor expected = run(written.output(before).bytes(), {x}, 1)[0];
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
              HasSubstr("the shapes within loops take more than 65536 iterations to follow"));
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

// --- Scan

TEST(Scan, SumsSlices) {
  // s += a[k] * b[:, last - k]; pieces stacked along axis 1, the first one last.
  const GraphWriter body = GraphWriter()
                               .input("s")
                               .input("a")
                               .input("b")
                               .node("Mul", {"a", "b"}, {"p"})
                               .node("Add", {"s", "p"}, {"s2"})
                               .node("Mul", {"s2", "scale"}, {"piece"})
                               .output("s2")
                               .output("piece");
  const std::string bytes = model()
                                .opset(16)
                                .input("s", DataType::kFloat32, {2})
                                .input("a", DataType::kFloat32, {"k", 2})
                                .input("b", DataType::kFloat32, {2, "k"})
                                .initializer<float>("scale", {}, {10})
                                .node("Scan", {"s", "a", "b"}, {"y", "pieces"},
                                      {body.as("body"), attribute("num_scan_inputs", 2),
                                       attribute("scan_input_axes", std::vector<std::int64_t>{0, -1}),
                                       attribute("scan_input_directions", std::vector<std::int64_t>{0, 1}),
                                       attribute("scan_output_axes", std::vector<std::int64_t>{1}),
                                       attribute("scan_output_directions", std::vector<std::int64_t>{1})})
                                .output("y")
                                .output("pieces")
                                .bytes();
  const auto outputs = run(bytes, {tensor_with<float>({2}, {1, 2}), tensor_with<float>({3, 2}, {1, 2, 3, 4, 5, 6}),
                                   tensor_with<float>({2, 3}, {1, 2, 3, 4, 5, 6})});
  // k = 0: p = [1,2] * [3,6]; k = 1: [3,4] * [2,5]; k = 2: [5,6] * [1,4].
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(1 + 3 + 6 + 5, 2 + 12 + 20 + 24));
  EXPECT_EQ(outputs[1].shape(), (Shape{2, 3}));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(150, 100, 40, 580, 340, 140));
  const auto nothing =
      run(bytes, {tensor_with<float>({2}, {1, 2}), tensor_with<float>({0, 2}, {}), tensor_with<float>({2, 0}, {})});
  EXPECT_THAT(values_of(nothing[0]), ElementsAre(1, 2));
  EXPECT_EQ(nothing[1].shape(), (Shape{2, 0}));
}

TEST(Scan, SaysWhatIsWrong) {
  const auto refused = [](const GraphWriter& body, const std::vector<Message>& attributes, const char* words,
                          ErrorCode code = ErrorCode::kInvalidModel, int opset = 16) {
    std::vector<Message> all = attributes;
    all.push_back(body.as("body"));
    const std::string bytes = model()
                                  .opset(opset)
                                  .input("s", DataType::kFloat32, {2})
                                  .input("a", DataType::kFloat32, {3, 2})
                                  .input("b", DataType::kFloat32, {2, 4})
                                  .node("Scan", {"s", "a", "b"}, {"y"}, all)
                                  .output("y")
                                  .bytes();
    EXPECT_THAT(error_of([&] { load(bytes); }, code), HasSubstr(words));
  };
  const GraphWriter good = GraphWriter().input("s").input("a").input("b").output("s");
  using Ints = std::vector<std::int64_t>;
  refused(good, {}, "num_scan_inputs");
  refused(good, {attribute("num_scan_inputs", 4)}, "num_scan_inputs is 4, expected 1 to 3");
  refused(good, {attribute("num_scan_inputs", 2)}, "input 2 has 2 slices, one before it 3: expected the same number");
  refused(good, {attribute("num_scan_inputs", 2), attribute("scan_input_axes", Ints{0, 2})}, "axis 2");
  refused(good, {attribute("num_scan_inputs", 2), attribute("scan_input_axes", Ints{0})},
          "scan_input_axes has 1 elements, expected 2");
  refused(good, {attribute("num_scan_inputs", 1), attribute("scan_input_directions", Ints{2})},
          "scan_input_directions holds 2, expected 0 (forward) or 1 (from the end)");
  refused(good, {attribute("num_scan_inputs", 1)}, "Scan of opset 8, with a batch axis, is not supported",
          ErrorCode::kUnsupported, 8);
}

/// A slice need not begin with a byte.
TEST(Scan, RefusesSlicesOfPackedTypes) {
  const auto load_scan = [](DataType input, std::int64_t to) {
    const GraphWriter body = GraphWriter().input("a").node("Cast", {"a"}, {"b"}, {attribute("to", to)}).output("b");
    load(model()
             .opset(21)
             .input("x", input, {3, 5})
             .node("Scan", {"x"}, {"y"}, {body.as("body"), attribute("num_scan_inputs", 1)})
             .output("y")
             .bytes());
  };
  EXPECT_THAT(error_of([&] { load_scan(DataType::kInt4, 1); }, ErrorCode::kUnsupported),
              HasSubstr("a tensor of int4 is cut into slices, but several elements share a byte"));
  EXPECT_THAT(error_of([&] { load_scan(DataType::kFloat32, 22); }, ErrorCode::kUnsupported),
              HasSubstr("output 0 stacks int4, of which several elements share a byte"));
  load_scan(DataType::kFloat8e5m2, 17);
}

}  // namespace
}  // namespace linnet::test
