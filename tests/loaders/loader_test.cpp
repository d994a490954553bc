#include "loaders/loader.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loaders/mapped_file.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::Constant;
using internal::load_model_file;
using internal::LoadedModel;
using internal::read_tensor_proto_file;
using testing::HasSubstr;

const Constant& constant_named(const internal::Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.value_names[i] == name && graph.values[i].constant != nullptr) return *graph.values[i].constant;
  }
  throw std::runtime_error("no constant " + name);
}

TEST(Loader, LoadsAFileWithExternalDataBesideIt) {
  const TemporaryFolder folder;
  const std::vector<float> weights(50000, 2.5f);
  folder.write("sub/w.data", std::string(64, '\0') + bytes_of(weights));
  const std::string path = folder.write(
      "sub/model.onnx",
      model()
          .initializer("w", external_tensor(DataType::kFloat32, {50000},
                                            {{"location", "w.data"}, {"offset", "64"}, {"length", "200000"}}))
          .node("Relu", {"w"}, {"y"})
          .output("y")
          .bytes());
  const LoadedModel loaded = load_model_file(path, toy_operators(), {});
  EXPECT_EQ(constant_named(loaded.graph, "w").as<float>()[49999], 2.5f);

  // The folder of a path without one is the working directory.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path("sub"));
  EXPECT_EQ(load_model_file("model.onnx", toy_operators(), {}).graph.nodes.size(), 1u);
  std::filesystem::current_path(before);
}

TEST(Loader, TheBytesMayGoAfterLoading) {
  const std::vector<float> weights(5000, 1.5f);
  auto bytes = std::make_unique<std::string>(
      model().initializer<float>("w", {5000}, weights).node("Relu", {"w"}, {"y"}).output("y").bytes());
  const LoadedModel loaded = load_toy(*bytes);
  std::fill(bytes->begin(), bytes->end(), '\0');
  bytes.reset();
  EXPECT_EQ(constant_named(loaded.graph, "w").as<float>()[4999], 1.5f);
}

TEST(Loader, AMappedFileMayBeRemovedAfterLoading) {
  const TemporaryFolder folder;
  const std::vector<float> weights(100000, 1.5f);
  const std::string path = folder.write(
      "m.onnx", model().initializer<float>("w", {100000}, weights).node("Relu", {"w"}, {"y"}).output("y").bytes());
  const LoadedModel loaded = load_model_file(path, toy_operators(), {});
  std::filesystem::remove(path);
  EXPECT_EQ(constant_named(loaded.graph, "w").as<float>()[99999], 1.5f);
}

TEST(Loader, CopiedWeightsOutliveACutFile) {
  const TemporaryFolder folder;
  const std::vector<float> weights(100000, 1.5f);
  const std::string path = folder.write(
      "m.onnx", model().initializer<float>("w", {100000}, weights).node("Relu", {"w"}, {"y"}).output("y").bytes());
  Options options;
  options.copy_weights = true;
  const LoadedModel loaded = load_model_file(path, toy_operators(), options);
  std::filesystem::resize_file(path, 0);  // reading a mapped page would now be a SIGBUS
  EXPECT_EQ(constant_named(loaded.graph, "w").as<float>()[99999], 1.5f);
}

TEST(Loader, ReportsMetadataAndOpsets) {
  ModelWriter writer = relu_model().ir_version(14).opset(28).opset(3, "ai.onnx.ml").producer("pytorch");
  writer.model().bytes(3, "2.13").bytes(4, "org.example").integer(5, 7).bytes(6, "a model");
  writer.model().message(14, Message().bytes(1, "author").bytes(2, "first"));
  writer.model().message(14, Message().bytes(1, "author").bytes(2, "second"));
  const LoadedModel loaded = load_toy(writer.bytes());
  EXPECT_EQ(loaded.metadata.producer_name, "pytorch");
  EXPECT_EQ(loaded.metadata.producer_version, "2.13");
  EXPECT_EQ(loaded.metadata.domain, "org.example");
  EXPECT_EQ(loaded.metadata.version, 7);
  EXPECT_EQ(loaded.metadata.description, "a model");
  EXPECT_EQ(loaded.metadata.custom, (std::map<std::string, std::string>{{"author", "first"}}));
  EXPECT_EQ(loaded.ir_version, 14);
  EXPECT_EQ(loaded.opsets.at(""), 28);
  EXPECT_EQ(loaded.opsets.at("ai.onnx.ml"), 3);
}

TEST(Loader, ReadsTensorFiles) {
  const TemporaryFolder folder;
  const auto constant = read_tensor_proto_file(folder.write("input_0.pb", tensor<float>({2}, {1, 2}, "x").str()));
  EXPECT_EQ(constant->as<float>()[1], 2.0f);
  const Error missing = error_of([&] { read_tensor_proto_file(folder.path("none.pb")); });
  EXPECT_EQ(missing.code(), ErrorCode::kIo);
  const Error empty = error_of([&] { read_tensor_proto_file(folder.write("empty.pb", "")); });
  EXPECT_EQ(empty.code(), ErrorCode::kInvalidModel);
  EXPECT_THAT(empty.what(), HasSubstr("empty.pb\": the element type is missing"));
}

TEST(Loader, NullBytesAreTheCallersFault) {
  const Error error = error_of([] { internal::load_model_bytes(nullptr, 5, toy_operators(), {}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace linnet::test
