// Models that cannot run: what is told of them without loading them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <linnet/inspect.hpp>

#include "tests/api/c/c_handles.hpp"
#include "tests/loaders/temporary_folder.hpp"

namespace linnet::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// x -> Relu "r" -> Foo "f" (unknown) -> If "c" with Bar "b" (unknown) in a branch -> y.
std::string unsupported() {
  const Message branch = Message()
                             .message(1, NodeSpec{"Bar", {"f"}, {"v"}, {}, "b", "custom", {}}.message())
                             .message(12, value_info("v", DataType::kFloat32));
  const Message other = Message().message(12, Message().bytes(1, "r"));
  return model()
      .opset(17)
      .opset(1, "custom")
      .input("x", DataType::kFloat32, {"n", 4})
      .node("Relu", {"x"}, {"r"}, {}, "r")
      .node("Foo", {"r"}, {"f"}, {}, "f", "custom")
      .node("If", {"f"}, {"y"}, {graph_attribute("then_branch", branch), graph_attribute("else_branch", other)}, "c")
      .output("y", DataType::kFloat32, {"n", 4})
      .bytes();
}

TEST(UnsupportedModel, IsSummarizedWithItsNodesMarked) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.onnx", unsupported());
  const ModelSummary summary = summarize_file(path);
  ASSERT_EQ(summary.nodes.size(), 4U);
  EXPECT_EQ(summary.nodes[0].unsupported, "");
  EXPECT_THAT(summary.nodes[1].unsupported, HasSubstr("there is no such operator"));
  EXPECT_EQ(summary.nodes[1].op, "Foo");
  EXPECT_EQ(summary.nodes[1].domain, "custom");
  EXPECT_EQ(summary.nodes[2].op, "If");
  EXPECT_EQ(summary.nodes[2].unsupported, "") << "it could run, were it not for what is in it";
  EXPECT_EQ(summary.nodes[3].name, "c/then_branch/b");
  EXPECT_THAT(summary.nodes[3].inputs, testing::ElementsAre("f"));
  ASSERT_EQ(summary.unsupported.size(), 2U);
  EXPECT_EQ(summary.unsupported[1].what, "Bar node \"c/then_branch/b\" (custom opset 1)");
  EXPECT_EQ(summary.inputs[0].type, DataType::kFloat32);
  EXPECT_EQ(summary.outputs[0].type, DataType::kUndefined);

  const json parsed = json::parse(to_json(summary));
  EXPECT_EQ(parsed["unsupported"].size(), 2U);
  EXPECT_FALSE(parsed["nodes"][0].contains("unsupported"));
  EXPECT_EQ(parsed["nodes"][1]["unsupported"], summary.nodes[1].unsupported);

  char* text = nullptr;
  EXPECT_OK(linnet_file_summary_json(path.c_str(), nullptr, &text));
  EXPECT_EQ(json::parse(CString(text).get()), parsed);
  EXPECT_FAILS(linnet_file_summary_json(nullptr, nullptr, &text), LINNET_INVALID_ARGUMENT, "path is NULL");
}

TEST(UnsupportedModel, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.onnx", unsupported());
  try {
    Model::load(path);
    ADD_FAILURE() << "it loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), testing::StartsWith("\"" + path + "\": 2 nodes are not supported:\n"));
  }
}

TEST(UnsupportedModel, OneThatRunsHasNone) {
  const TemporaryFolder folder;
  const ModelSummary summary = summarize_file(folder.write("m.onnx", small_network()));
  EXPECT_TRUE(summary.unsupported.empty());
  EXPECT_EQ(summary.nodes.size(), 6U);
  EXPECT_EQ(summary.outputs[0].type, DataType::kFloat32);
}

}  // namespace
}  // namespace linnet::test
