// What the importer lists as not supported, and what it leaves out because no output needs it.
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using testing::HasSubstr;

TEST(Importer, ListsEverythingUnsupportedInOneError) {
  const Error error = error_of([] {
    load_toy(model()
                 .opset(8)
                 .opset(1, "custom")
                 .input("x", DataType::kFloat64, {2})
                 .node("Fussy", {"x"}, {"a"}, {}, "f")
                 .node("Foo", {"a"}, {"b"}, {}, "g", "custom")
                 .node("Relu", {"b"}, {"c"}, {}, "fine")
                 .node("Scale", {"c"}, {"d"})
                 .node("Relu", {"d"}, {"y"})
                 .output("y", DataType::kFloat64, {2})
                 .bytes());
  });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_STREQ(
      error.what(),
      "3 nodes are not supported:\n"
      "  Fussy node \"f\" (opset 8): float64 is too much [inputs float64 [2]]\n"
      "  Foo node \"g\" (custom opset 1): there is no such operator, and the model defines no function of this name\n"
      "  Scale node \"d\" (opset 8): the operator exists from opset 9");
}

TEST(Importer, ListsUnsupportedTypesToo) {
  Message sequence = Message().bytes(1, "q").message(2, Message().message(4, Message()));
  ModelWriter writer =
      model().initializer("w", raw_tensor(static_cast<DataType>(27), {1}, "x")).node("Relu", {"w"}, {"y"}).output("y");
  writer.node("Add", {"y", "s"}, {"z"}).output("z");
  writer.graph().message(11, sequence).message(15, Message().message(1, tensor<float>({1}, {2}, "s")));
  const Error error = error_of([&] { load_toy(writer.bytes()); });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_STREQ(error.what(),
               "3 parts of the model are not supported:\n"
               "  graph input \"q\": sequences of kind none are not supported\n"
               "  initializer \"w\": element type float6e2m3 is not supported\n"
               "  sparse initializer \"s\": sparse tensors are not supported");
}

TEST(Importer, StringsNeedOperatorsThatALibraryMayLack) {
  const Error returned = error_of(
      [] { load_toy(model().input("x", DataType::kString, {2}).output("x", DataType::kString, {2}).bytes()); });
  EXPECT_EQ(returned.code(), ErrorCode::kUnsupported);
  EXPECT_STREQ(returned.what(), "this library was built without the operator linnet.Keep");
  for (const auto& [op, missing] : {std::pair("Move", "StringsToHandles"), std::pair("Turn", "TurnStrings")}) {
    const Error error = error_of([&, op = op] {
      load_toy(model()
                   .opset(13)
                   .input("x", DataType::kString, {2})
                   .node(op, {"x"}, {"y"}, {}, "n")
                   .output("y", DataType::kString, {2})
                   .bytes());
    });
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr(std::string(op) +
                                        " node \"n\" (opset 13): this library was built without the "
                                        "operator linnet." +
                                        missing));
  }
}

/// GraphProto with these nodes, which returns `output`.
Message body(const std::vector<NodeSpec>& nodes, const std::string& output, const std::vector<Message>& inputs = {}) {
  Message graph;
  for (const NodeSpec& node : nodes) graph.message(1, node.message());
  for (const Message& input : inputs) graph.message(11, input);
  return graph.message(12, value_info(output, DataType::kFloat32));
}

TEST(Importer, WhatKernelsRefuseIsNotWhatALibraryLacks) {
  const auto refused = [](const ModelWriter& writer, const char* words) {
    const Error error = error_of([&] { load_toy(writer.bytes()); });
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr(words));
  };
  ModelWriter normal = model().opset(15).input("x", DataType::kFloat32, {2, 3});
  for (const char* name : {"s", "b", "m", "v"}) normal.initializer<float>(name, {3}, {1, 1, 1});
  normal.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}, {}, "n").output("y");
  refused(normal, "BatchNormalization node \"n\" (opset 15): this library was built without the operator");
  const Message nothing = body({{"Relu", {"a"}, {"r"}, {}, "", {}, {}}}, "r", {value_info("a", DataType::kFloat32)});
  refused(model()
              .opset(11)
              .input("x", DataType::kFloat32, {2, 3})
              .node("Scan", {"x"}, {"y"}, {graph_attribute("body", nothing), attribute("num_scan_inputs", 1)}, "n")
              .output("y"),
          "Scan node \"n\" (opset 11): this library was built without the operator");
}

TEST(Importer, ALongListEndsInANumber) {
  ModelWriter writer = model().opset(1, "custom").input("x", DataType::kFloat32, {2});
  for (int i = 0; i < 1500; ++i) {
    const std::string name = "v" + std::to_string(i);
    writer.node("Foo", {"x"}, {name}, {}, "", "custom").output(name);
  }
  const Error error = error_of([&] { load_toy(writer.bytes()); });
  EXPECT_THAT(error.what(), HasSubstr("1500 nodes are not supported"));
  EXPECT_THAT(error.what(), HasSubstr("\n  and 500 more"));
}

TEST(Importer, WhatNoOutputNeedsMayBeUnsupported) {
  ModelWriter writer = model()
                           .opset(17)
                           .opset(1, "custom")
                           .input("x", DataType::kFloat32, {2})
                           .initializer("w", raw_tensor(static_cast<DataType>(27), {1}, "x"))
                           .node("Relu", {"x"}, {"h"})
                           .node("Foo", {"h"}, {"a"}, {}, "", "custom")
                           .node("Add", {"a", "w"}, {"b"})
                           .node("Relu", {"h"}, {"y"})
                           .output("y");
  writer.graph().message(15, Message().message(1, tensor<float>({1}, {2}, "s")));
  const auto [loaded, warnings] = load_with_log(writer.bytes());
  ASSERT_EQ(loaded.graph.nodes.size(), 2u);
  EXPECT_EQ(loaded.graph.nodes[1].op->name, "Relu");
  EXPECT_EQ(warnings, "left out: 3 nodes or initializers that are not supported, but that no output needs\n");
  const Error error = error_of([&] { load_toy(writer.output("b").bytes()); });
  EXPECT_THAT(error.what(), HasSubstr("2 parts of the model are not supported"));
}

TEST(Importer, ListsWhatBodiesNeedToo) {
  const Message inner = body({{"Bar", {"t"}, {"u"}, {}, "deep", "custom", {}}}, "u");
  const Message then_branch = body({{"Relu", {"h"}, {"t"}, {}, "r", {}, {}},
                                    {"Scale", {"t"}, {"s"}, {}, "", {}, {}},
                                    {"Loop", {"s"}, {"v"}, {graph_attribute("body", inner)}, "l", {}, {}}},
                                   "v");
  const Message else_branch = body({{"Add", {"h", "wrong"}, {"v"}, {}, "never", {}, {}}}, "v");
  const Error error = error_of([&] {
    load_toy(model()
                 .opset(8)
                 .opset(1, "custom")
                 .input("x", DataType::kFloat32, {2})
                 .initializer<double>("wrong", {3}, {1, 2, 3})
                 .node("Relu", {"x"}, {"h"})
                 .node("If", {"x"}, {"a"},
                       {graph_attribute("then_branch", then_branch), graph_attribute("else_branch", else_branch)}, "c")
                 .node("Foo", {"a"}, {"y"}, {}, "last", "custom")
                 .output("y")
                 .bytes());
  });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  const std::string message = error.what();
  EXPECT_THAT(message, HasSubstr("5 nodes are not supported:\n"));
  std::size_t at = 0;
  for (const char* line :
       {"If node \"c\" (opset 8): ", "Scale node \"c/then_branch/s\" (opset 8): ",
        "Loop node \"c/then_branch/l\" (opset 8): ", "Bar node \"c/then_branch/l/body/deep\" (custom opset 1): ",
        "Foo node \"last\" (custom opset 1): "}) {
    const std::size_t found = message.find(line, at);
    EXPECT_NE(found, std::string::npos) << line << " is not in its place in\n" << message;
    at = found == std::string::npos ? at : found;
  }
}

}  // namespace
}  // namespace linnet::test
