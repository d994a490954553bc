// What the options say of open dimensions and of initializers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::Graph;
using internal::LoadedModel;
using testing::ElementsAre;
using testing::HasSubstr;

std::string shape_text(const Graph& graph, internal::ValueId id) {
  return internal::describe(graph.values[id].type.dims, graph.symbols);
}

/// y = x + w. x is [batch, ?, 3], its second dimension denoted as DATA_CHANNEL and its first as DATA_BATCH.
ModelWriter sum_model() {
  const Message batch = Message().bytes(2, "batch").bytes(3, "DATA_BATCH");
  const Message channel = Message().bytes(3, "DATA_CHANNEL");
  const Message shape = Message().message(1, batch).message(1, channel).message(1, Message().integer(1, 3));
  const Message type = Message().varint(1, static_cast<std::uint64_t>(DataType::kFloat32)).message(2, shape);
  ModelWriter writer = model();
  writer.graph().message(11, Message().bytes(1, "x").message(2, Message().message(1, type)));
  return writer.initializer<float>("w", {3}, {1, 2, 3})
      .node("Add", {"x", "w"}, {"y"})
      .output("y", DataType::kFloat32, {"batch", "", 3});
}

struct Given {
  Options options;
  std::vector<std::string> warnings;
  Given() {
    options.log = [this](LogLevel level, std::string_view line) {
      if (level == LogLevel::kWarning) warnings.emplace_back(line);
    };
  }
  Given(const Given&) = delete;
};

TEST(GivenDimensions, HaveTheirSizeWhereverTheModelHasTheName) {
  Given given;
  given.options.dimensions = {{"batch", 5}};
  const Graph graph = load_toy(sum_model().bytes(), given.options).graph;
  EXPECT_EQ(shape_text(graph, graph.inputs[0]), "[5,?,3]");
  EXPECT_EQ(shape_text(graph, graph.outputs[0]), "[5,?,3]");
  EXPECT_THAT(given.warnings, ElementsAre());
}

TEST(GivenDimensions, ByDenotationAndTheNameGoesBefore) {
  Given given;
  given.options.dimensions = {{"batch", 5}};
  given.options.denoted_dimensions = {{"DATA_CHANNEL", 0}, {"DATA_BATCH", 6}};
  const Graph graph = load_toy(sum_model().bytes(), given.options).graph;
  EXPECT_EQ(shape_text(graph, graph.inputs[0]), "[5,0,3]");
  EXPECT_THAT(given.warnings, ElementsAre(HasSubstr("of the denotation \"DATA_BATCH\", but no open dimension")));
}

TEST(GivenDimensions, OfNoDimensionAreLoggedAndNegativeOnesRefused) {
  Given given;
  given.options.dimensions = {{"bach", 5}};
  const Graph graph = load_toy(sum_model().bytes(), given.options).graph;
  EXPECT_EQ(shape_text(graph, graph.inputs[0]), "[batch,?,3]");
  EXPECT_THAT(given.warnings,
              ElementsAre(HasSubstr("of the name \"bach\", but no open dimension of the model has it")));
  given.options.dimensions = {{"batch", -1}};
  const Error error = error_of([&] { load_toy(sum_model().bytes(), given.options); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.what(), HasSubstr("dimension \"batch\" is to be -1"));
}

TEST(DeclaredDimensions, NamedByAQuestionMarkAreOpenEachForItself) {
  Given given;
  ModelWriter writer = model();
  writer.input("x", DataType::kFloat32, {"?", "?", 3})
      .initializer<float>("w", {3}, {1, 2, 3})
      .node("Add", {"x", "w"}, {"y"})
      .output("y", DataType::kFloat32, {"?", "?", 3});
  const Graph graph = load_toy(writer.bytes(), given.options).graph;
  EXPECT_THAT(graph.symbols, ElementsAre());
  EXPECT_FALSE(graph.values[graph.inputs[0]].type.dims[0].is_symbol());
  EXPECT_EQ(shape_text(graph, graph.inputs[0]), "[?,?,3]");
  EXPECT_THAT(given.warnings, ElementsAre());
}

TEST(GivenInitializers, TakeThePlaceOfTheModels) {
  Tensor value = Tensor::of<float>({3});
  value.data<float>()[2] = 7;
  Options options;
  options.initializers = {{"w", value.view()}};
  const LoadedModel loaded = load_toy(sum_model().bytes(), options);
  value.data<float>()[2] = 0;  // the model has its own copy
  const internal::Value& weights = loaded.graph.values[1];
  ASSERT_NE(weights.constant, nullptr);
  EXPECT_EQ(weights.constant->as<float>()[2], 7);
}

TEST(GivenInitializers, StandForFilesThatAreNotThere) {
  const Tensor value = Tensor::of<float>({3});
  ModelWriter writer = model().input("x", DataType::kFloat32, {3});
  writer.initializer("w", external_tensor(DataType::kFloat32, {3}, {{"location", "missing"}}, "w"))
      .node("Add", {"x", "w"}, {"y"})
      .output("y");
  Options options;
  options.initializers = {{"w", value.view()}};
  EXPECT_NE(load_toy(writer.bytes(), options).graph.values[1].constant, nullptr);
}

TEST(GivenInitializers, ThatDoNotFitAreRefused) {
  const Tensor narrow = Tensor::of<float>({2});
  const Tensor wide = Tensor::of<double>({3});
  const Tensor right = Tensor::of<float>({3});
  const Shape shape = {3};
  const ConstTensorView null_data = {DataType::kFloat32, shape.data(), 1, nullptr};
  using Given = std::vector<std::pair<std::string, ConstTensorView>>;
  const std::vector<std::pair<Given, std::string>> cases = {
      {{{"w", narrow.view()}},
       "initializer \"w\": the model has float32 [3], the value given in its place is float32 [2]"},
      {{{"w", wide.view()}}, "is float64 [3]"},
      {{{"w", null_data}}, "the value given in its place is null"},
      {{{"v", right.view()}}, "the initializer \"v\", which the model does not have"},
      {{{"x", right.view()}}, "the initializer \"x\", which the model does not have"},
      {{{"w", right.view()}, {"w", right.view()}}, "two values are given for the initializer \"w\""},
      {{{"", right.view()}}, "an initializer without a name"},
  };
  for (const auto& [given, message] : cases) {
    Options options;
    options.initializers = given;
    const Error error = error_of([&, &options = options] { load_toy(sum_model().bytes(), options); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace linnet::test
