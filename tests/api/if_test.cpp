// If, from a model's bytes to its outputs. Expected values are what the same statements give in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linnet/inspect.hpp>

#include "tests/api/control_flow.hpp"

namespace linnet::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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

TEST(If, ShapesMayFollowFromAnInputsElements) {
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
  EXPECT_EQ(run_model(bytes, {tensor_with<float>({4}, {1, 1, 1, 1})})[0].shape(), (Shape{4}));
  EXPECT_EQ(run_model(bytes, {tensor_with<float>({4}, {1, -1, 1, -1})})[0].shape(), (Shape{8}));
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
  EXPECT_THAT(values_of(run_model(bytes, {yes, truth(true), x})[0]), ElementsAre(-11, -22));
  EXPECT_THAT(values_of(run_model(bytes, {yes, truth(false), x})[0]), ElementsAre(-10, -20));
  EXPECT_THAT(values_of(run_model(bytes, {tensor_with<bool>({1}, {false}), truth(true), x})[0]), ElementsAre(1, 2));
}

/// y = -relu(x * w) for the constant condition, whose branch holds a second If of a condition that follows from x's
/// shape.
std::string decided(bool condition, const DimSpec& columns) {
  const GraphWriter inner = GraphWriter().node("Neg", {"p"}, {"n"}).output("n");
  const GraphWriter same = GraphWriter().output("p");
  const GraphWriter outer = GraphWriter()
                                .initializer<float>("w", {2}, {10, -20})
                                .node("Mul", {"x", "w"}, {"m"})
                                .node("Relu", {"m"}, {"p"})
                                .node("If", {"is_two"}, {"d"}, {inner.as("then_branch"), same.as("else_branch")})
                                .output("d")
                                .output("x");
  const GraphWriter other = GraphWriter().initializer<float>("other", {1, 2}, {5, 6}).output("other").output("x");
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {1, columns})
      .initializer<bool>("c", {}, {condition})
      .initializer<std::int64_t>("one", {}, {1})
      .initializer<std::int64_t>("two", {}, {2})
      .node("Shape", {"x"}, {"shape"})
      .node("Gather", {"shape", "one"}, {"size"})
      .node("Equal", {"size", "two"}, {"is_two"})
      .node("If", {"c"}, {"y", "same"}, {outer.as("then_branch"), other.as("else_branch")})
      .node("Abs", {"y"}, {"z"})
      .output("y")
      .output("same")
      .output("z")
      .bytes();
}

TEST(If, OfAKnownConditionIsItsBranch) {
  const Tensor x = tensor_with<float>({1, 2}, {3, 4});
  const auto ops = [&](const Model& model) {
    std::vector<std::string> list;
    for (const StepSummary& step : summarize_program(model, {x.view()}).steps) list.push_back(step.node.op);
    return list;
  };
  for (const bool passes : {true, false}) {
    Options options = options_for(Backend::kAuto);
    options.disabled_passes = passes ? std::vector<std::string>{} : std::vector<std::string>{"all"};
    const Model taken = load(decided(true, 2), options);
    auto outputs = taken.run({x});
    EXPECT_THAT(values_of(outputs[0]), ElementsAre(-30, 0));
    EXPECT_THAT(values_of(outputs[1]), ElementsAre(3, 4));
    EXPECT_THAT(values_of(outputs[2]), ElementsAre(30, 0));
    const Model other = load(decided(false, 2), options);
    outputs = other.run({x});
    EXPECT_THAT(values_of(outputs[0]), ElementsAre(5, 6));
    EXPECT_THAT(values_of(outputs[2]), ElementsAre(5, 6));
    if (!passes) continue;
    EXPECT_THAT(ops(taken), Not(Contains("If")));
    EXPECT_THAT(ops(other), ElementsAre());
    EXPECT_THAT(ops(load(decided(true, "n"), options)), Contains("If"));
  }
  EXPECT_THAT(values_of(load(decided(true, "n"), options_for(Backend::kAuto)).run({x})[0]), ElementsAre(-30, 0));
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

TEST(If, OfAKnownConditionWithinWhatIsNotTakenMayBeWrong) {
  const GraphWriter wrong = GraphWriter()
                                .initializer<float>("w", {3, 2}, {1, 2, 3, 4, 5, 6})
                                .node("Neg", {"x"}, {"n"})
                                .node("MatMul", {"n", "w"}, {"a"}, {}, "product")
                                .output("a");
  const GraphWriter other = GraphWriter().node("Abs", {"x"}, {"b"}).output("b");
  const std::string bytes =
      model()
          .opset(13)
          .input("condition", DataType::kBool, {})
          .input("x", DataType::kFloat32, {1, 2})
          .initializer<bool>("always", {}, {true})
          .node("If", {"condition"}, {"y"},
                {GraphWriter()
                     .node("If", {"always"}, {"i"}, {wrong.as("then_branch"), other.as("else_branch")}, "inner")
                     .node("Relu", {"i"}, {"r"})
                     .output("r")
                     .as("then_branch"),
                 other.as("else_branch")},
                "outer")
          .output("y")
          .bytes();
  const Tensor x = tensor_with<float>({1, 2}, {-1, 2});
  for (const bool passes : {true, false}) {
    Options options = options_for(Backend::kAuto);
    options.disabled_passes = passes ? std::vector<std::string>{} : std::vector<std::string>{"all"};
    const Model model = load(bytes, options);
    EXPECT_THAT(values_of(model.run({truth(false), x})[0]), ElementsAre(1, 2));
    EXPECT_THAT(error_of([&] { model.run({truth(true), x}); }, ErrorCode::kInvalidModel), HasSubstr("MatMul node"));
  }
}

/// y = condition ? t + t : -t for t = relu(x): by a function that has the branches as attributes, of which the first is
/// left to its default.
TEST(If, BranchesOfAFunctionReadWhereTheyAreWritten) {
  const GraphWriter by_default = GraphWriter().node("Add", {"t", "t"}, {"d"}).output("d");
  const GraphWriter given = GraphWriter().node("Neg", {"t"}, {"n"}).output("n");
  const std::string bytes = model()
                                .opset(13)
                                .opset(1, "d")
                                .function(FunctionWriter("d", "Choose", {"c", "x"}, {"y"})
                                              .opset(13)
                                              .default_parameter(by_default.as("yes"))
                                              .parameter("no")
                                              .node("Relu", {"x"}, {"t"})
                                              .node("If", {"c"}, {"y"},
                                                    {attribute_reference("then_branch", "yes", 5),
                                                     attribute_reference("else_branch", "no", 5)}))
                                .input("condition", DataType::kBool, {})
                                .input("x", DataType::kFloat32, {2})
                                .node("Abs", {"x"}, {"t"})
                                .node("Choose", {"condition", "x"}, {"y"}, {given.as("no")}, "", "d")
                                .output("y")
                                .bytes();
  const Tensor x = tensor_with<float>({2}, {-3, 4});
  EXPECT_THAT(values_of(run_model(bytes, {truth(true), x})[0]), ElementsAre(0, 8)) << "t of the function";
  EXPECT_THAT(values_of(run_model(bytes, {truth(false), x})[0]), ElementsAre(-3, -4)) << "t of the model";
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

}  // namespace
}  // namespace linnet::test
