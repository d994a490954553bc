// Where a node comes from, as PyTorch's exporter notes it.
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::describe;
using internal::LoadedModel;

Message note(std::string_view key, std::string_view value) { return Message().bytes(1, key).bytes(2, value); }

TEST(LayerName, KnowsTheLayersThatPyTorchNotes) {
  struct Case {
    const char* scopes;
    const char* classes;
    const char* layer;
  };
  const Case cases[] = {
      {"['', 'encoder', 'encoder.fc1', 'linear']", "['__main__.Net', 'm.Encoder', 'torch.nn.Linear', 'aten.linear']",
       "encoder.fc1 (Linear)"},
      {"['', 'relu']", "['__main__.Net', 'aten.relu.default']", "Net"},
      {"[\"it's\", 'relu']", "", "it's"},
      {"['', 'a', 'b']", "['short']", "a"},
      {"['alone']", "['alone']", ""},
      {"['never closed", "", ""},
      {"", "", ""},
  };
  for (const Case& item : cases) {
    Message node = NodeSpec{"Relu", {"x"}, {"y"}, {}, "r", {}, {}}.message();
    node.message(9, note("pkg.torch.onnx.name_scopes", item.scopes));
    node.message(9, note("pkg.torch.onnx.class_hierarchy", item.classes));
    ModelWriter writer = model().input("x", DataType::kFloat32, {2}).output("y");
    writer.graph().message(1, node);
    const LoadedModel loaded = load_toy(writer.bytes());
    EXPECT_EQ(loaded.graph.nodes[0].layer, item.layer) << item.scopes;
    const std::string of = *item.layer == '\0' ? "" : std::string(" of layer \"") + item.layer + "\"";
    EXPECT_EQ(describe(loaded.graph.nodes[0]), "Relu node \"r\" (opset 17)" + of);
  }
}

TEST(LayerName, TheSourceOfWhatCannotRun) {
  Message node = NodeSpec{"Foo", {"x"}, {"y"}, {}, "r", "custom", {}}.message();
  node.message(9, note("pkg.torch.onnx.name_scopes", "['', 'fc', 'foo']"));
  node.message(9, note("pkg.torch.onnx.stack_trace",
                       "File \"/home/me/model.py\", line 9, in forward\n    x = self.fc(x)\n"
                       "File \"/lib/torch/nn/modules/linear.py\", line 134, in forward\n    return F.linear(x)"));
  ModelWriter writer = model().opset(17).opset(1, "custom").input("x", DataType::kFloat32, {2}).output("y");
  writer.graph().message(1, node);
  const TemporaryFolder folder;
  const std::string path = folder.write("m.onnx", writer.bytes());
  const LoadedModel loaded = internal::examine_model_file(path, toy_operators(), {});
  ASSERT_EQ(loaded.unsupported.size(), 1u);
  const UnsupportedPart& part = loaded.unsupported.parts()[0];
  EXPECT_EQ(part.what, "Foo node \"r\" (custom opset 1) of layer \"fc\"");
  EXPECT_EQ(part.layer, "fc");
  EXPECT_EQ(part.source, "model.py, line 9, in forward");
  EXPECT_EQ(loaded.unsupported.node(0), 0u);
  const Error error = error_of([&] { internal::load_model_file(path, toy_operators(), {}); });
  EXPECT_THAT(error.what(), testing::StartsWith("\"" + path + "\": 1 node is not supported:\n  Foo node"));
}

}  // namespace
}  // namespace linnet::test
