// From ModelProto to Graph: what a good model becomes. What is not supported: importer_unsupported_test.cpp; what is
// refused: tests/hostile.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"
#include "tests/support/graph_writer.hpp"

namespace linnet::test {
namespace {

using internal::describe;
using internal::Graph;
using internal::kNoValue;
using internal::LoadedModel;
using testing::ElementsAre;
using testing::HasSubstr;

std::string type_text(const Graph& graph, internal::ValueId id) {
  const internal::TensorType& type = graph.values[id].type;
  if (type.type == DataType::kUndefined) return "unknown";
  return name_of(type.type) + " " + (type.ranked ? describe(type.dims, graph.symbols) : "?");
}

TEST(Importer, BuildsValuesNodesAndTypes) {
  const LoadedModel loaded = load_toy(model()
                                          .opset(13)
                                          .producer("writer")
                                          .input("x", DataType::kFloat32, {"batch", 4, ""})
                                          .initializer<float>("b", {4, 1}, {1, 2, 3, 4})
                                          .node("Add", {"x", "b"}, {"h"}, {}, "sum")
                                          .node("Relu", {"h"}, {"y"})
                                          .output("y", DataType::kFloat32, {"batch", 4, "other"})
                                          .bytes());
  const Graph& graph = loaded.graph;
  EXPECT_EQ(loaded.ir_version, 8);
  EXPECT_EQ(loaded.metadata.producer_name, "writer");
  EXPECT_THAT(loaded.opsets, ElementsAre(std::pair<const std::string, std::int64_t>("", 13)));
  EXPECT_THAT(graph.input_names, ElementsAre("x"));
  EXPECT_THAT(graph.output_names, ElementsAre("y"));
  EXPECT_THAT(graph.value_names, ElementsAre("x", "b", "h", "y"));
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(describe(graph.nodes[0]), "Add node \"sum\" (opset 13)");
  EXPECT_EQ(describe(graph.nodes[1]), "Relu node \"y\" (opset 13)") << "a node without a name goes by its first output";
  EXPECT_THAT(graph.nodes[0].inputs, ElementsAre(0u, 1u));
  EXPECT_EQ(graph.values[2].producer, 0u);
  EXPECT_EQ(graph.values[0].producer, internal::kNoNode);
  EXPECT_EQ(type_text(graph, 3), "float32 [batch,4,?]");
  ASSERT_NE(graph.values[1].constant, nullptr);
  EXPECT_EQ(graph.values[1].constant->as<float>()[3], 4.0f);
}

TEST(Importer, InputsThatAreInitializersAreConstants) {
  for (const int ir_version : {3, 4, 8}) {
    const LoadedModel loaded = load_toy(model()
                                            .ir_version(ir_version)
                                            .input("b", DataType::kFloat32, {2})
                                            .input("x", DataType::kFloat32, {2})
                                            .initializer<float>("b", {2}, {1, 2})
                                            .node("Add", {"x", "b"}, {"y"})
                                            .output("y")
                                            .bytes());
    EXPECT_THAT(loaded.graph.input_names, ElementsAre("x"));
    EXPECT_THAT(loaded.graph.inputs, ElementsAre(1u));
  }
}

TEST(Importer, ValueNodesBecomeConstants) {
  const LoadedModel loaded =
      load_toy(model()
                   .node("Constant", {}, {"c"}, {attribute("value", tensor<std::int64_t>({2}, {5, 6}))})
                   .output("c", DataType::kInt64, {2})
                   .bytes());
  EXPECT_TRUE(loaded.graph.nodes.empty());
  ASSERT_NE(loaded.graph.values[0].constant, nullptr);
  EXPECT_EQ(loaded.graph.values[0].constant->as<std::int64_t>()[1], 6);
  EXPECT_THAT(loaded.graph.outputs, ElementsAre(0u));
}

TEST(Importer, LeftOutInputsAndOutputs) {
  const LoadedModel loaded = load_toy(model()
                                          .input("x", DataType::kFloat32, {2})
                                          .node("Pair", {"x", ""}, {"a", ""})
                                          .node("Pair", {"a", "x"}, {"b", "c"})
                                          .output("b")
                                          .bytes());
  EXPECT_THAT(loaded.graph.nodes[0].inputs, ElementsAre(0u));
  EXPECT_THAT(loaded.graph.nodes[0].outputs, ElementsAre(1u));
  EXPECT_EQ(loaded.graph.nodes[1].outputs.size(), 2u);
}

TEST(Importer, TypesAreKnownWhereRanksAreNot) {
  const LoadedModel loaded = load_toy(model()
                                          .input("x", DataType::kFloat32)
                                          .initializer<float>("w", {3}, {1, 2, 3})
                                          .node("Relu", {"x"}, {"h"})
                                          .node("Add", {"h", "w"}, {"y"})
                                          .output("y", DataType::kFloat32, {3})
                                          .bytes());
  EXPECT_EQ(type_text(loaded.graph, 0), "float32 ?");
  EXPECT_EQ(type_text(loaded.graph, 2), "float32 ?");
  EXPECT_EQ(type_text(loaded.graph, 3), "float32 ?") << "what is declared of an output is not believed";
}

TEST(Importer, OutputsMayBeInputsAndConstants) {
  const LoadedModel loaded = load_toy(
      model().input("x", DataType::kFloat32, {2}).initializer<float>("w", {1}, {1}).output("x").output("w").bytes());
  EXPECT_THAT(loaded.graph.outputs, ElementsAre(0u, 1u));
}

TEST(Importer, BothSpellingsOfOnnxsDomain) {
  const LoadedModel loaded = load_toy(model()
                                          .opset(13, "ai.onnx")
                                          .input("x", DataType::kFloat32, {2})
                                          .node("Relu", {"x"}, {"h"}, {}, "", "ai.onnx")
                                          .node("Relu", {"h"}, {"y"})
                                          .output("y")
                                          .bytes());
  EXPECT_EQ(loaded.graph.nodes.size(), 2u);
  EXPECT_EQ(loaded.graph.nodes[0].opset, 13);
}

TEST(Importer, OneGraphInTwoPiecesIsMerged) {
  Message rest = Message().message(12, value_info("h", DataType::kFloat32));
  rest.message(1, NodeSpec{"Relu", {"y"}, {"h"}, {}, {}, {}, {}}.message());
  const LoadedModel loaded =
      load_toy(model().input("x", DataType::kFloat32, {1}).node("Relu", {"x"}, {"y"}).output("y").bytes() +
               Message().message(7, rest).str());
  EXPECT_THAT(loaded.graph.output_names, ElementsAre("y", "h"));
}

// --- Functions ---

ModelWriter function_model() {
  return model()
      .opset(13)
      .opset(1, "d")
      .function(FunctionWriter("d", "Twice", {"a", "b"}, {"r", "s"})
                    .opset(13)
                    .parameter("factor")
                    .default_parameter(attribute("mode", 7))
                    .node("Pair", {"a", "b"}, {"t"})
                    .node("Scale", {"t"}, {"r"},
                          {attribute_reference("factor", "factor", 1), attribute_reference("mode", "mode", 2)})
                    .node("Relu", {"r"}, {"s"}))
      .input("x", DataType::kFloat32, {2});
}

const ToyScaleAttributes& scale_attributes(const internal::Node& node) {
  return dynamic_cast<const ToyScaleAttributes&>(*node.attributes);
}

TEST(Importer, WritesFunctionsOut) {
  const LoadedModel loaded = load_toy(function_model()
                                          .node("Twice", {"x"}, {"y", "z"}, {attribute("factor", 0.5f)}, "first", "d")
                                          .node("Twice", {"y", "z"}, {"u"}, {attribute("mode", 3)}, "second", "d")
                                          .output("u")
                                          .bytes());
  const Graph& graph = loaded.graph;
  ASSERT_EQ(graph.nodes.size(), 6u);
  EXPECT_EQ(describe(graph.nodes[0]), "Pair node \"first/t\" (opset 13)");
  EXPECT_THAT(graph.nodes[0].inputs, ElementsAre(0u)) << "the input that the call leaves out";
  EXPECT_FLOAT_EQ(scale_attributes(graph.nodes[1]).factor, 0.5f);
  EXPECT_EQ(scale_attributes(graph.nodes[1]).mode, 7) << "the default";
  EXPECT_FLOAT_EQ(scale_attributes(graph.nodes[4]).factor, 1.0f)
      << "a parameter without a value is no attribute at all";
  EXPECT_EQ(scale_attributes(graph.nodes[4]).mode, 3);
  EXPECT_THAT(graph.value_names, ElementsAre("x", "first/t", "y", "z", "second/t", "u", "second/s"));
  EXPECT_EQ(graph.nodes[3].inputs, (std::vector<internal::ValueId>{2, 3}));
}

TEST(Importer, FunctionsUseTheirOwnOpsetsAndCallOthers) {
  const LoadedModel loaded = load_toy(
      model()
          .opset(13)
          .opset(1, "d")
          .function(
              FunctionWriter("d", "Outer", {"a"}, {"r"})
                  .opset(1, "d")
                  .opset(11)
                  .node(NodeSpec{"Inner", {"a"}, {"t"}, {attribute_reference("k", "missing", 2)}, "call", "d", "v2"})
                  .node("Relu", {"t"}, {"r"}))
          .function(FunctionWriter("d", "Inner", {"a"}, {"r"})
                        .overload("v2")
                        .parameter("k")
                        .opset(9)
                        .node("Relu", {"a"}, {"r"}))
          .input("x", DataType::kFloat32, {2})
          .node("Outer", {"x"}, {"y"}, {}, "outer", "d")
          .output("y")
          .bytes());
  ASSERT_EQ(loaded.graph.nodes.size(), 2u);
  EXPECT_EQ(loaded.graph.nodes[0].opset, 9);
  EXPECT_EQ(loaded.graph.nodes[0].name, "outer/call/r");
  EXPECT_EQ(loaded.graph.nodes[1].opset, 11);
}

TEST(Importer, AFunctionMayReturnItsInput) {
  const LoadedModel loaded = load_toy(model()
                                          .opset(13)
                                          .opset(1, "d")
                                          .function(FunctionWriter("d", "Same", {"a"}, {"a"}))
                                          .input("x", DataType::kFloat32, {2})
                                          .node("Same", {"x"}, {"y"}, {}, "", "d")
                                          .output("y")
                                          .bytes());
  EXPECT_THAT(loaded.graph.outputs, ElementsAre(0u));
  EXPECT_EQ(loaded.graph.value_names[0], "x");
}

TEST(Importer, TensorsReachFunctionsThroughParameters) {
  const LoadedModel loaded =
      load_toy(model()
                   .opset(13)
                   .opset(1, "d")
                   .function(FunctionWriter("d", "Value", {}, {"r"})
                                 .opset(13)
                                 .parameter("t")
                                 .node("Constant", {}, {"r"}, {attribute_reference("value", "t", 4)}))
                   .node("Value", {}, {"y"}, {attribute("t", tensor<float>({1}, {2.5f}))}, "", "d")
                   .output("y")
                   .bytes());
  ASSERT_NE(loaded.graph.values[0].constant, nullptr);
  EXPECT_FLOAT_EQ(loaded.graph.values[0].constant->as<float>()[0], 2.5f);
  EXPECT_EQ(loaded.graph.value_names[0], "y");
}

// --- What is put right ---

TEST(Importer, SortsNodes) {
  const auto [loaded, warnings] = load_with_log(model()
                                                    .input("x", DataType::kFloat32, {2})
                                                    .node("Relu", {"x"}, {"first"})
                                                    .node("Add", {"c", "b"}, {"y"})
                                                    .node("Relu", {"b"}, {"c"})
                                                    .node("Relu", {"first"}, {"b"})
                                                    .node("Relu", {"y"}, {"last"})
                                                    .output("last")
                                                    .bytes());
  std::vector<std::string> names;
  for (const internal::Node& node : loaded.graph.nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("first", "b", "c", "y", "last"));
  EXPECT_EQ(type_text(loaded.graph, loaded.graph.outputs[0]), "float32 [2]");
  EXPECT_EQ(warnings, "the nodes of 1 graph are not in topological order, as ONNX has it: they were sorted\n");
}

TEST(Importer, SortsByWhatBodiesReadToo) {
  const GraphWriter branch = GraphWriter().node("Relu", {"late"}, {"v"}).output("v");
  const Error error = error_of([&] {
    load_toy(model()
                 .input("x", DataType::kFloat32, {2})
                 .node("If", {"x"}, {"a"}, {branch.as("then_branch")}, "c")
                 .node("Relu", {"x"}, {"late"})
                 .output("a")
                 .bytes());
  });
  EXPECT_THAT(error.what(), HasSubstr("1 node is not supported:\n  If node \"c\""));
}

TEST(Importer, StaleDeclarationsAreWarnings) {
  const auto [loaded, warnings] = load_with_log(model()
                                                    .input("x", DataType::kFloat32, {-1, 2})
                                                    .input("w", DataType::kFloat32, {3})
                                                    .initializer<float>("w", {2}, {1, 2})
                                                    .node("Add", {"x", "w"}, {"y"})
                                                    .node("Relu", {"w"}, {"z"})
                                                    .output("y", DataType::kFloat32, {"n", 5})
                                                    .output("z", DataType::kFloat32, {4, 1})
                                                    .bytes());
  EXPECT_EQ(type_text(loaded.graph, loaded.graph.inputs[0]), "float32 [?,2]");
  EXPECT_EQ(type_text(loaded.graph, loaded.graph.outputs[0]), "float32 [?,2]");
  EXPECT_EQ(type_text(loaded.graph, loaded.graph.outputs[1]), "float32 [2]");
  EXPECT_EQ(warnings,
            "graph input \"x\" is declared with dimension -1, which is taken as open\n"
            "initializer \"w\" is declared with shape [3] but has shape [2], which is used\n"
            "graph output \"y\" is declared with shape [n,5] but has shape [?,2], which is used\n"
            "graph output \"z\" is declared with shape [4,1] but has shape [2], which is used\n");
}

TEST(Importer, NotesOfWritersArePassedOver) {
  const auto [loaded, warnings] =
      load_with_log(model()
                        .opset(17)
                        .opset(1, "d")
                        .input("x", DataType::kFloat32, {2})
                        .function(FunctionWriter("d", "f", {"a"}, {"r"}).opset(17).node("Relu", {"a"}, {"r"}))
                        .node("Relu", {"x"}, {"h"}, {attribute("_note", 1)})
                        .node("Relu", {"h"}, {"g"}, {attribute("_note", 2)})
                        .node("f", {"g"}, {"y"}, {attribute("unheard_of", 1)}, "", "d")
                        .output("y")
                        .bytes());
  EXPECT_EQ(loaded.graph.nodes.size(), 3u);
  EXPECT_EQ(warnings,
            "passed over: attribute Relu._note of 2 nodes, which cannot change the result\n"
            "passed over: attribute f.unheard_of of 1 node, which cannot change the result\n");
}

}  // namespace
}  // namespace linnet::test
