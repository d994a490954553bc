#include "runtime/passes/pass.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/float_mode.hpp"
#include "tests/runtime/toy_graph.hpp"

namespace linnet::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> list;
  for (const Node& node : graph.nodes) list.push_back(node.name);
  return list;
}

std::size_t run_pass(std::size_t (*pass)(PassContext&), Graph& graph, const Options& options = {}) {
  PassContext context{graph, toy_operators(), options};
  return pass(context);
}

TEST(FoldConstants, ComputesWhatDependsOnConstantsOnly) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId folded =
      toy.node("Inc", {toy.node("Sum", {toy.constant("a", {1, 2}), toy.constant("b", {3, 4})}, "s")}, "i");
  toy.output(toy.node("Sum", {x, folded}, "y"));
  Graph graph = toy.take();
  EXPECT_EQ(run_pass(fold_constants, graph), 2U);
  EXPECT_THAT(names(graph), ElementsAre("y"));
  EXPECT_EQ(run_toy(std::move(graph), {{10, 20}}), (std::vector<std::vector<float>>{{15, 27}}));
}

TEST(FoldConstants, TreatsDenormalsAsARunDoes) {
  for (const bool flush : {false, true}) {
    ToyGraph toy(1);
    toy.output(toy.node("Sum", {toy.constant("a", {0x1p-149F}), toy.constant("b", {0x1p-149F})}, "y"));
    Graph graph = toy.take();
    Options options;
    options.flush_denormals = flush;
    {
      const FloatMode mode_of_the_caller(!flush);
      EXPECT_EQ(run_pass(fold_constants, graph, options), 1U);
    }
    EXPECT_EQ(*graph.values[graph.outputs[0]].constant->as<float>(), flush ? 0.0F : 0x1p-148F);
  }
}

TEST(FoldConstants, StopsAtTheByteLimit) {
  ToyGraph toy(2);
  toy.output(toy.node("Inc", {toy.node("Inc", {toy.constant("a", {1, 2})}, "first")}, "second"));
  Graph graph = toy.take();
  Options options;
  options.limits.folded_bytes = 8;
  EXPECT_EQ(run_pass(fold_constants, graph, options), 1U);
  EXPECT_THAT(names(graph), ElementsAre("second"));
}

TEST(FoldConstants, StopsAtTheTimeLimit) {
  const auto folded = [](std::size_t limit) {
    ToyGraph toy(2);
    toy.output(toy.node("Inc", {toy.node("Inc", {toy.constant("a", {1, 2})}, "first")}, "second"));
    Graph graph = toy.take();
    Options options;
    options.limits.folding_ns = limit;
    return run_pass(fold_constants, graph, options);
  };
  EXPECT_EQ(folded(1), 0U);
  EXPECT_EQ(folded(3000), 1U) << "a node takes about 2 us";
  EXPECT_EQ(folded(0), 2U) << "no limit";
}

TEST(FoldConstants, StopsWhenCancelled) {
  ToyGraph toy(2);
  toy.output(toy.node("Inc", {toy.constant("a", {1, 2})}, "first"));
  Graph graph = toy.take();
  CancelToken token;
  token.cancel();
  const Options options;
  PassContext context{graph, toy_operators(), options, Stop({&token, {}}, "loading")};
  try {
    fold_constants(context);
    FAIL() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    EXPECT_STREQ(error.what(), "loading was cancelled");
  }
}

TEST(FoldConstants, AViewOfAConstantCopiesNothing) {
  ToyGraph toy(2);
  const ValueId constant = toy.constant("a", {1, 2});
  toy.output(toy.node("View", {constant}, "v"));
  Graph graph = toy.take();
  Options options;
  options.limits.folded_bytes = 1;
  EXPECT_EQ(run_pass(fold_constants, graph, options), 1U);
  EXPECT_EQ(graph.values[graph.outputs[0]].constant->data, graph.values[constant].constant->data);
}

TEST(RemoveIdentity, JoinsInputAndOutput) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId same = toy.node("Same", {toy.node("Same", {x}, "s1")}, "s2");
  toy.output(toy.node("Inc", {same}, "y"));
  toy.output(same);
  Graph graph = toy.take();
  EXPECT_EQ(run_pass(remove_identity, graph), 2U);
  EXPECT_THAT(names(graph), ElementsAre("y"));
  EXPECT_EQ(graph.outputs[1], x);
  EXPECT_THAT(graph.output_names, ElementsAre("out0", "out1"));
  EXPECT_EQ(run_toy(std::move(graph), {{1, 2}}), (std::vector<std::vector<float>>{{2, 3}, {1, 2}}));
}

/// Operators are asked only about nodes that infer has seen.
TEST(RemoveIdentity, LeavesNodesOfUnknownInputs) {
  Registry registry;
  OpDef op = *toy_operators().find("", "Sum");
  op.name = "SameOfTwo";
  op.facts.is_identity = [](const NodeView& node) -> bool {
    if (!node.input(1).known()) ADD_FAILURE() << "asked without the type of input 1";
    return true;
  };
  registry.add(op);
  for (const bool known : {false, true}) {
    ToyGraph toy(2);
    const ValueId x = toy.input("x");
    const ValueId b = toy.input("b");
    toy.output(toy.node("Sum", {x, b}, "y"));
    Graph graph = toy.take();
    graph.nodes[0].op = registry.find("", "SameOfTwo");
    if (!known) graph.values[b].type.ranked = false;
    EXPECT_EQ(run_pass(remove_identity, graph), known ? 1U : 0U);
  }
}

TEST(RemoveDead, KeepsWhatOutputsNeed) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  toy.node("Inc", {toy.node("Inc", {x}, "dead1")}, "dead2");
  const auto [first, second] = toy.pair(x, "p");
  (void)second;
  toy.output(toy.node("Inc", {first}, "y"));
  toy.constant("unused", {1});
  Graph graph = toy.take();
  EXPECT_EQ(run_pass(remove_dead, graph), 2U);
  EXPECT_THAT(names(graph), ElementsAre("p.0", "y"));
  EXPECT_EQ(graph.nodes[0].outputs[1], kNoValue);
  EXPECT_EQ(graph.values.size(), 3U);
  EXPECT_EQ(graph.value_names.size(), 3U);
  EXPECT_EQ(run_toy(std::move(graph), {{1, 2}}), (std::vector<std::vector<float>>{{2, 3}}));
}

TEST(RunPasses, DisabledOnesDoNotRun) {
  Graph graph = ToyGraph(1).take();
  Options options;
  options.disabled_passes = {"fold_constants", "remove_dead"};
  PassContext context{graph, toy_operators(), options};
  std::vector<std::string> ran;
  for (const auto& [name, changes] : run_passes(context)) ran.push_back(name);
  EXPECT_THAT(ran, ElementsAre("fuse_quantized", "take_branches", "remove_identity", "fuse_activation_parts",
                               "fuse_layer_parts", "fuse_addend", "fuse_affine", "fuse_activation", "choose_layouts",
                               "fuse_transpose"));
  options.disabled_passes = {"all"};
  EXPECT_TRUE(run_passes(context).empty());
}

TEST(RunPasses, UnknownNameIsAnErrorThatListsThePasses) {
  Graph graph = ToyGraph(1).take();
  Options options;
  options.disabled_passes = {"fold"};
  PassContext context{graph, toy_operators(), options};
  try {
    run_passes(context);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("no pass \"fold\""));
    EXPECT_THAT(error.what(), HasSubstr("fold_constants"));
  }
}

}  // namespace
}  // namespace linnet::internal
