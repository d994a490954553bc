// Operators that move elements move strings: as handles, of which a run leaves nothing behind.
#include <gtest/gtest.h>

#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

using Strings = std::vector<std::string>;
constexpr DataType kS = DataType::kString;

struct Moved {
  const char* name;
  NodeSpec node;  ///< reads "x" [2,2]: a, b, c, d
  Shape shape;
  Strings strings;
  std::size_t output = 0;
};

std::vector<Moved> moved() {
  const auto node = [](const char* op, Names inputs, std::vector<Message> attributes = {}, Names outputs = {"y"}) {
    return NodeSpec{op, std::move(inputs), std::move(outputs), std::move(attributes), {}, {}, {}};
  };
  return {
      {"Concat", node("Concat", {"x", "w"}, {attribute("axis", 0)}), {3, 2}, {"a", "b", "c", "d", "e", ""}},
      {"Transpose", node("Transpose", {"x"}), {2, 2}, {"a", "c", "b", "d"}},
      {"Reshape", node("Reshape", {"x", "four"}), {4}, {"a", "b", "c", "d"}},
      {"Flatten", node("Flatten", {"x"}, {attribute("axis", 0)}), {1, 4}, {"a", "b", "c", "d"}},
      {"Unsqueeze", node("Unsqueeze", {"x", "zero"}), {1, 2, 2}, {"a", "b", "c", "d"}},
      {"Gather", node("Gather", {"x", "zero"}, {attribute("axis", 1)}), {2, 1}, {"a", "c"}},
      {"Slice", node("Slice", {"x", "zero", "one"}), {1, 2}, {"a", "b"}},
      {"Split", node("Split", {"x"}, {attribute("axis", 1)}, {"z", "y"}), {2, 1}, {"b", "d"}},
      {"Tile", node("Tile", {"x", "two_one"}), {4, 2}, {"a", "b", "c", "d", "a", "b", "c", "d"}},
      {"Expand", node("Expand", {"w", "two_two"}), {2, 2}, {"e", "", "e", ""}},
      {"Where", node("Where", {"mask", "x", "w"}), {2, 2}, {"a", "", "e", "d"}},
      {"Pad", node("Pad", {"x", "pads", "fill"}), {2, 3}, {"a", "b", "-", "c", "d", "-"}},
      {"Pad without a value", node("Pad", {"x", "pads"}), {2, 3}, {"a", "b", "", "c", "d", ""}},
      {"GatherND", node("GatherND", {"x", "tuple"}), {1}, {"d"}},
      {"Compress", node("Compress", {"x", "flags"}), {2}, {"a", "d"}},
      {"ScatterND", node("ScatterND", {"x", "tuple", "row"}), {2, 2}, {"a", "b", "c", "-"}},
      {"OneHot", node("OneHot", {"zero", "depth", "pair"}), {1, 2}, {"on", "off"}},
      {"Identity", node("Identity", {"x"}), {2, 2}, {"a", "b", "c", "d"}},
  };
}

ModelWriter around(const NodeSpec& node) {
  ModelWriter writer = model();
  writer.input("x", kS, {"rows", "columns"});
  writer.initializer("w", string_tensor({1, 2}, {"e", ""})).initializer("fill", string_tensor({}, {"-"}));
  writer.initializer("row", string_tensor({1}, {"-"})).initializer("pair", string_tensor({2}, {"off", "on"}));
  writer.initializer<std::int64_t>("four", {1}, {4}).initializer<std::int64_t>("zero", {1}, {0});
  writer.initializer<std::int64_t>("one", {1}, {1}).initializer<std::int64_t>("two_one", {2}, {2, 1});
  writer.initializer<std::int64_t>("two_two", {2}, {2, 2}).initializer<std::int64_t>("pads", {4}, {0, 0, 0, 1});
  writer.initializer<std::int64_t>("tuple", {1, 2}, {1, 1}).initializer<std::int64_t>("depth", {}, {2});
  writer.initializer<bool>("mask", {2, 2}, {true, false, false, true});
  writer.initializer<bool>("flags", {4}, {true, false, false, true});
  return writer.node(node).output("y");
}

TEST(MovedStrings, ByEveryOperatorThatMoves) {
  for (const Moved& row : moved()) {
    SCOPED_TRACE(row.name);
    const Value y = run_model(around(row.node), {Value::strings({2, 2}, {"a", "b", "c", "d"})})[0];
    EXPECT_EQ(y.shape(), row.shape);
    EXPECT_EQ(y.strings(), row.strings);
  }
}

TEST(MovedStrings, ShapesAreThoseOfTheStrings) {
  const NodeSpec shape{"Shape", {"x"}, {"y"}, {}, {}, {}, {}};
  EXPECT_EQ(integers_of(run_model(around(shape), {Value::strings({1, 3}, {"a", "b", "c"})})[0]),
            (std::vector<std::int64_t>{1, 3}));
}

TEST(MovedStrings, ThroughBranchesAndBytesOfAnyKind) {
  const std::string odd(
      "\0\xff"
      "end",
      5);
  Message then_branch, else_branch;
  then_branch.bytes(2, "t").message(
      1, NodeSpec{"Concat", {"x", "x"}, {"xx"}, {attribute("axis", 0)}, {}, {}, {}}.message());
  then_branch.message(12, Message().bytes(1, "xx"));
  else_branch.bytes(2, "e").message(1, NodeSpec{"Identity", {"x"}, {"same"}, {}, {}, {}, {}}.message());
  else_branch.message(12, Message().bytes(1, "same"));
  ModelWriter writer = model();
  writer.input("c", DataType::kBool, {}).input("x", kS, {"n"});
  writer.node("If", {"c"}, {"y"},
              {graph_attribute("then_branch", then_branch), graph_attribute("else_branch", else_branch)});
  writer.output("y");
  for (bool condition : {true, false}) {
    const Value c(ConstTensorView{DataType::kBool, nullptr, 0, &condition});
    const Strings once = {odd, "", "z"};
    Strings expected = once;
    if (condition) expected.insert(expected.end(), once.begin(), once.end());
    EXPECT_EQ(run_model(writer, {c, Value::strings({3}, once)})[0].strings(), expected);
  }
}

TEST(MovedStrings, ArithmeticOnThemIsRefused) {
  const auto refused = [](const NodeSpec& node, const char* words) {
    try {
      run_model(around(node), {Value::strings({2, 2}, {"a", "b", "c", "d"})});
      ADD_FAILURE() << node.op_type << " was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  refused({"Add", {"x", "x"}, {"y"}, {}, "n", {}, {}}, "input A is string, which is not supported");
  refused({"Neg", {"x"}, {"y"}, {}, "n", {}, {}}, "is string, which is not supported");
  ModelWriter writer = model();
  const NodeSpec scatter{"ScatterND", {"x", "tuple", "row"}, {"y"}, {attribute("reduction", "add")}, "n", {}, {}};
  refused(scatter, "strings cannot be reduced");
}

TEST(MovedStrings, EqualComparesTheirBytes) {
  const NodeSpec equal{"Equal", {"x", "w"}, {"y"}, {}, {}, {}, {}};
  const Value y = run_model(around(equal), {Value::strings({2, 2}, {"e", "", "E", " "})})[0];
  const auto* const bytes = static_cast<const std::uint8_t*>(y.view().data);
  EXPECT_EQ(std::vector<int>(bytes, bytes + 4), (std::vector<int>{1, 1, 0, 0}));
}

/// Whoever could name these operators in a model could read any address.
TEST(MovedStrings, NoModelNamesTheOperatorsThatKnowHandles) {
  for (const char* const name : {"HandlesToStrings", "StringsToHandles", "Keep", "StringEqual"}) {
    ModelWriter writer = model();
    writer.opset(17).opset(1, "linnet").input("x", DataType::kInt64, {1});
    writer.node(name, {"x"}, {"y"}, {}, "n", "linnet").output("y");
    const std::string bytes = writer.bytes();
    try {
      Model::load(bytes.data(), bytes.size());
      ADD_FAILURE() << name << " was not refused";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("there is no such operator"), std::string::npos) << error.what();
    }
  }
}

/// A view says where its elements are: a caller's could say that strings are anywhere.
TEST(MovedStrings, NoViewStandsForStrings) {
  const std::string bytes = around({"Transpose", {"x"}, {"y"}, {}, {}, {}, {}}).bytes();
  Session session = Model::load(bytes.data(), bytes.size()).session();
  const std::int64_t shape[] = {1, 1};
  const std::int64_t address = 1;
  EXPECT_THROW(session.bind_input(0, {kS, shape, 2, &address}), Error);
  EXPECT_THROW(session.run_views({{kS, shape, 2, &address}}), Error);
  EXPECT_THROW(session.run({{kS, shape, 2, &address}}, {}), Error);
}

}  // namespace
}  // namespace linnet::test
