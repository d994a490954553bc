// Graphs that break ONNX's rules (section G, without functions).
#include <chrono>

#include "tests/hostile/refusal.hpp"
#include "tests/support/graph_writer.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;

ModelWriter with_input() { return model().input("x", kF, {2, 4}); }

/// GraphProto: y = Relu(`name`).
Message relu_of(const std::string& name) {
  return Message()
      .message(1, NodeSpec{"Relu", {name}, {"y"}, {}, {}, {}, {}}.message())
      .message(12, value_info("y", kF));
}

TEST(HostileGraph, Names) {
  expect_all_refused({
      {"undefined input",
       with_input().node("Relu", {"nowhere"}, {"y"}, {}, "r").output("y").bytes(),
       {"Relu node \"r\" (opset 17) reads \"nowhere\", which nothing produces"}},
      {"self loop",
       with_input().node("Add", {"x", "y"}, {"y"}, {}, "a").output("y").bytes(),
       {"Add node \"a\" reads \"y\", which is its own output: the graph has a cycle"}},
      {"cycle",
       with_input().node("Add", {"x", "b"}, {"a"}, {}, "p").node("Relu", {"a"}, {"b"}, {}, "q").output("b").bytes(),
       {"Relu node \"q\" reads \"a\", which Add node \"p\" produces from what this node makes: the graph has a cycle"}},
      {"cycle through a body",
       with_input()
           .node("If", {"x"}, {"a"}, {graph_attribute("then_branch", relu_of("b"))}, "p")
           .node("Relu", {"a"}, {"b"}, {}, "q")
           .output("b")
           .bytes(),
       {"Relu node \"q\" reads \"a\", which If node \"p\" produces from what this node makes: the graph has a cycle"}},
      {"unsorted, and not there at all",
       with_input()
           .node("Add", {"a", "nowhere"}, {"y"}, {}, "q")
           .node("Relu", {"x"}, {"a"}, {}, "p")
           .output("y")
           .bytes(),
       {"Add node \"q\" (opset 17) reads \"nowhere\", which nothing produces"}},
      {"two nodes, one value",
       with_input().node("Relu", {"x"}, {"y"}).node("Relu", {"x"}, {"y"}).output("y").bytes(),
       {"two values of the model are named \"y\""}},
      {"one node, one value twice",
       with_input().node("Dropout", {"x"}, {"y", "y"}).output("y").bytes(),
       {"two values of the model are named \"y\""}},
      {"output is an input",
       with_input().node("Relu", {"x"}, {"x"}).output("x").bytes(),
       {"two values of the model are named \"x\""}},
      {"output is an initializer",
       with_input().initializer<float>("w", {1}, {1}).node("Relu", {"x"}, {"w"}).output("w").bytes(),
       {"two values of the model are named \"w\""}},
      {"two initializers",
       model().initializer<float>("w", {1}, {1}).initializer<float>("w", {1}, {1}).output("w").bytes(),
       {"two initializers are named \"w\""}},
      {"two initializers of an input",
       model()
           .input("w", kF, {1})
           .initializer<float>("w", {1}, {1})
           .initializer<float>("w", {1}, {1})
           .output("w")
           .bytes(),
       {"two initializers are named \"w\""}},
      {"two inputs", with_input().input("x", kF, {1}).output("x").bytes(), {"two graph inputs are named \"x\""}},
      {"two outputs", with_input().output("x").output("x").bytes(), {"two graph outputs are named \"x\""}},
      {"output not produced",
       with_input().node("Relu", {"x"}, {"y"}).output("z").bytes(),
       {"graph output \"z\" is never produced"}},
      {"nameless output", with_input().output("").bytes(), {"a graph output at byte", "has no name"}},
      {"nameless input", model().input("", kF, {1}).output("y").bytes(), {"a graph input at byte", "has no name"}},
      {"no outputs", with_input().node("Relu", {"x"}, {"y"}).bytes(), {"the graph has no outputs"}},
      {"empty graph", model().bytes(), {"the graph has no outputs"}},
      {"empty op_type", with_input().node("", {"x"}, {"y"}).output("y").bytes(), {"a node at byte", "has no op_type"}},
  });
}

TEST(HostileGraph, Versions) {
  const auto opset = [](std::int64_t version) { return relu_model().opset(version).bytes(); };
  expect_all_refused({
      {"IR 0", relu_model().ir_version(0).bytes(), {"the model has IR version 0; versions 3 to 14 can be read"}},
      {"IR 2", relu_model().ir_version(2).bytes(), {"IR version 2"}},
      {"IR 15", relu_model().ir_version(15).bytes(), {"IR version 15"}},
      {"IR 9999", relu_model().ir_version(9999).bytes(), {"IR version 9999"}},
      {"IR -1", relu_model().ir_version(-1).bytes(), {"IR version -1"}},
      {"no opset", relu_model().no_opset().bytes(), {"the model imports no operator set"}},
      {"opset 0", opset(0), {"the model imports opset 0 of domain \"\"; known are 1 to 28"}},
      {"opset -1", opset(-1), {"imports opset -1"}},
      {"opset 29", opset(29), {"imports opset 29 of domain \"\"; known are 1 to 28"}},
      {"opset 9999", opset(9999), {"imports opset 9999"}},
      {"opset 2^33", opset(std::int64_t{1} << 33), {"imports opset 8589934592"}},
      {"domain twice",
       relu_model().opset(13).opset(17).bytes(),
       {"imports the operator set of domain \"\" twice, at opset 13 and 17"}},
      {"both spellings",
       relu_model().opset(13).opset(14, "ai.onnx").bytes(),
       {"imports the operator set of domain \"\" twice"}},
      {"domain not imported",
       with_input().opset(17).node("Foo", {"x"}, {"y"}, {}, "f", "custom").output("y").bytes(),
       {"Foo node \"f\": the model does not import the operator set of domain \"custom\""}},
      {"own domain not imported",
       with_input().opset(1, "custom").node("Relu", {"x"}, {"y"}, {}, "r").output("y").bytes(),
       {"Relu node \"r\": the model does not import the operator set of domain \"\""}},
  });
}

TEST(HostileGraph, Types) {
  const auto input = [](const std::vector<DimSpec>& dims) {
    return model().input("x", kF, dims).node("Relu", {"x"}, {"y"}).output("y").bytes();
  };
  ModelWriter untyped = relu_model();
  untyped.graph().message(11, Message().bytes(1, "u"));
  expect_all_refused({
      {"negative dimension",
       input({2, -2}),
       {"graph input \"x\": dimension 1 is declared as -2; one that is not fixed needs a name (dim_param) or nothing"}},
      {"smallest number", input({INT64_MIN}), {"dimension 0 is declared as -9223372036854775808"}},
      {"declared size overflows",
       input({std::int64_t{1} << 32, std::int64_t{1} << 32}),
       {"graph input \"x\": shape [4294967296,4294967296] has more elements"}},
      {"no type", untyped.bytes(), {"graph input \"u\": no element type is declared"}},
      {"no element type",
       model().input("x", DataType::kUndefined, {1}).output("x").bytes(),
       {"graph input \"x\": the element type is missing"}},
      {"element type 999",
       model().input("x", static_cast<DataType>(99), {1}).output("x").bytes(),
       {"graph input \"x\": element type 99 does not exist"}},
      {"output of another type",
       with_input().node("Relu", {"x"}, {"y"}).output("y", DataType::kInt64, {2, 4}).bytes(),
       {"graph output \"y\" is declared as int64 but is float32"}},
      {"initializer against its input",
       model().input("w", DataType::kInt64, {2}).initializer<float>("w", {2}, {1, 2}).output("w").bytes(),
       {"initializer \"w\" is declared as int64 but is float32"}},
      {"type mismatch",
       with_input().initializer<double>("d", {1}, {1}).node("Add", {"x", "d"}, {"y"}, {}, "a").output("y").bytes(),
       {"Add node \"a\" (opset 17)", "float32", "float64"}},
      {"shapes do not broadcast",
       with_input().initializer<float>("d", {3}, {1, 2, 3}).node("Add", {"x", "d"}, {"y"}, {}, "a").output("y").bytes(),
       {"Add node \"a\" (opset 17)", "[2,4]", "[3]"}},
      {"rank 65",
       model().input("x", kF, std::vector<DimSpec>(65, 1)).output("x").bytes(),
       {"graph input \"x\": rank 65 exceeds the limit of 64"},
       ErrorCode::kLimitExceeded},
  });
}

TEST(HostileGraph, TypesThatAreNoTensors) {
  const std::pair<int, const char*> kinds[] = {{4, "sequences of kind none"},
                                               {5, "maps to values of kind none"},
                                               {7, "values of kind opaque"},
                                               {8, "values of kind sparse tensor"},
                                               {9, "optionals of kind none"}};
  for (const auto& [field, name] : kinds) {
    ModelWriter writer = relu_model();
    writer.graph().message(11, Message().bytes(1, "s").message(2, Message().message(field, Message())));
    expect_refused(name, writer.bytes(), ErrorCode::kUnsupported,
                   {"graph input \"s\": " + std::string(name) + " are not supported"});
  }
}

TEST(HostileGraph, Attributes) {
  const auto leaky = [](std::vector<Message> attributes) {
    return with_input().node("LeakyRelu", {"x"}, {"y"}, std::move(attributes), "l").output("y").bytes();
  };
  const std::string where = "LeakyRelu node \"l\" (opset 17): ";
  expect_all_refused({
      {"unknown", leaky({attribute("beta", 1.0f)}), {where, "beta"}},
      {"wrong type", leaky({attribute("alpha", 1)}), {where, "alpha"}},
      {"type and field",
       leaky({attribute_header("alpha", 1).integer(3, 1)}),
       {where + "attribute \"alpha\": is declared as float but holds int"}},
      {"two fields",
       leaky({attribute("alpha", 1.0f).integer(3, 1)}),
       {where + "attribute \"alpha\": holds both float and int"}},
      {"twice",
       leaky({attribute("alpha", 1.0f), attribute("alpha", 2.0f)}),
       {where + "attribute \"alpha\" is given twice"}},
      {"nameless", leaky({attribute("", 1.0f)}), {where + "an attribute at byte", "has no name"}},
      {"reference outside a function",
       leaky({attribute_reference("alpha", "a", 1)}),
       {where + "attribute \"alpha\" refers to parameter \"a\", but stands outside a function"}},
      {"missing",
       with_input().node("Cast", {"x"}, {"y"}, {}, "c").output("y").bytes(),
       {"Cast node \"c\" (opset 17)", "to"}},
      {"subgraph where a number belongs", leaky({graph_attribute("alpha", Message())}), {where, "alpha"}},
  });
}

TEST(HostileGraph, TooManyAndTooFew) {
  const Names many(1000000, "x");
  expect_all_refused({
      {"too few inputs",
       with_input().node("Add", {"x"}, {"y"}, {}, "a").output("y").bytes(),
       {"Add node \"a\" (opset 17): 1 inputs, expected 2"}},
      {"left out",
       with_input().node("Add", {"", "x"}, {"y"}, {}, "a").output("y").bytes(),
       {"Add node \"a\" (opset 17): input A is left out, but is not optional"}},
      {"no inputs",
       with_input().node("Relu", {}, {"y"}, {}, "r").output("y").bytes(),
       {"Relu node \"r\" (opset 17): 0 inputs, expected 1"}},
      {"too many inputs",
       with_input().node("Relu", {"x", "x"}, {"y"}, {}, "r").output("y").bytes(),
       {"Relu node \"r\" (opset 17): 2 inputs, expected 1"}},
      {"10^6 inputs",
       with_input().node("Relu", many, {"y"}, {}, "r").output("y").bytes(),
       {"1000000 inputs, expected 1"}},
      {"too many outputs",
       with_input().node("Relu", {"x"}, {"y", "z"}, {}, "r").output("y").bytes(),
       {"Relu node \"r\" (opset 17): 2 outputs, expected 1"}},
      {"no outputs",
       with_input().node("Relu", {"x"}, {}, {}, "r").output("x").bytes(),
       {"Relu node \"r\" (opset 17): 0 outputs, expected 1"}},
      {"first output left out",
       with_input().node("Dropout", {"x"}, {"", "m"}, {}, "d").output("m").bytes(),
       {"output output is left out, but is not optional"}},
  });
}

TEST(HostileGraph, UnknownOperators) {
  expect_refused("unknown domain",
                 with_input()
                     .opset(17)
                     .opset(1, "com.example")
                     .node("Foo", {"x"}, {"y"}, {}, "f", "com.example")
                     .output("y")
                     .bytes(),
                 ErrorCode::kUnsupported,
                 {"1 node is not supported:\n  Foo node \"f\" (com.example opset 1): there is no such operator"});
  expect_refused("unknown name", with_input().node("Foo", {"x"}, {"y"}, {}, "f").output("y").bytes(),
                 ErrorCode::kUnsupported, {"1 node is not supported:\n  Foo node \"f\" (opset 17): "});
  expect_refused("NUL behind a known name",
                 with_input().node(std::string("Celu\0x", 6), {"x"}, {"y"}, {}, "f").output("y").bytes(),
                 ErrorCode::kUnsupported, {"Celu\\x00x node \"f\" (opset 17): ONNX has no such operator"});
}

TEST(HostileGraph, DeepSubgraphs) {
  const Message flat = Message()
                           .message(1, NodeSpec{"Neg", {"x"}, {"f"}, {}, {}, {}, {}}.message())
                           .message(12, Message().bytes(1, "f"));
  const auto nested = [&](int depth) {
    Message graph = flat;
    for (int i = 0; i < depth; ++i) {
      const NodeSpec node{
          "If", {"c"}, {"y"}, {graph_attribute("then_branch", graph), graph_attribute("else_branch", flat)},
          "if", {},    {}};
      graph = Message().message(1, node.message()).message(12, Message().bytes(1, "y"));
    }
    ModelWriter writer = with_input().input("c", DataType::kBool, {}).output("y");
    const NodeSpec node{
        "If", {"c"}, {"y"}, {graph_attribute("then_branch", graph), graph_attribute("else_branch", flat)},
        "if", {},    {}};
    writer.node(node);
    return writer.bytes();
  };
  EXPECT_EQ(accept(nested(63)).outputs().size(), 1U) << "64 deep";
  for (const int depth : {64, 5000}) {
    expect_refused("deeper", nested(depth), ErrorCode::kLimitExceeded,
                   {"If node \"if\" (opset 17): subgraphs are nested more than 64 deep"});
  }
  Options options;
  options.limits.nesting = 0;
  EXPECT_EQ(accept(nested(200), options).outputs().size(), 1U);
  expect_refused("without a limit", nested(5000), ErrorCode::kLimitExceeded, {"graphs are nested more than 256 deep"},
                 options);
}

/// Each of the loops makes what goes round longer, which nobody can assume, and nobody knows how often.
TEST(HostileGraph, LoopsWithinLoops) {
  GraphWriter body;
  body.input("i")
      .input("c")
      .input("s")
      .node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)})
      .output("c")
      .output("t");
  for (int depth = 1; depth < 60; ++depth) {
    GraphWriter around;
    around.input("i")
        .input("c")
        .input("s")
        .node("Loop", {"M", "", "s"}, {"t"}, {body.as("body")})
        .output("c")
        .output("t");
    body = around;
  }
  const std::string bytes = with_input()
                                .input("M", DataType::kInt64, {})
                                .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")})
                                .output("y")
                                .bytes();
  const auto begin = std::chrono::steady_clock::now();
  const Model model = accept(bytes);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  testing::Test::RecordProperty("ms", std::to_string(time.count()));
  EXPECT_EQ(model.outputs().size(), 1U);
}

TEST(HostileGraph, LegalButOdd) {
  EXPECT_EQ(accept(relu_model().opset(13).opset(13).opset(13, "ai.onnx").bytes()).outputs().size(), 1u)
      << "one version, imported three times";
  EXPECT_EQ(accept(with_input().output("x").bytes()).outputs()[0].name, "x") << "no nodes";
  EXPECT_EQ(accept(with_input().node("Dropout", {"x", "", ""}, {"y", ""}).output("y").bytes()).outputs().size(), 1u)
      << "left out at the end";
  EXPECT_TRUE(
      accept(model().input("w", kF, {1}).initializer<float>("w", {1}, {1}).output("w").bytes()).inputs().empty());
  EXPECT_EQ(accept(model().input("x", kF, {std::int64_t{1} << 60}).node("Relu", {"x"}, {"y"}).output("y").bytes())
                .inputs()[0]
                .shape[0]
                .value,
            std::int64_t{1} << 60);
}

}  // namespace
}  // namespace linnet::test
