// If, Loop and Scan with graphs that do not fit their nodes, or that lie too deep in each other (section G).
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/bodies.hpp"

namespace linnet::test {
namespace {

std::string scan(const GraphWriter& body, std::vector<Message> attributes = {attribute("num_scan_inputs", 1)},
                 const Names& inputs = {"x", "x"}, const Names& outputs = {"y"}) {
  ModelWriter writer = with_input();
  attributes.push_back(body.as("body"));
  writer.node("Scan", inputs, outputs, std::move(attributes), "scan");
  for (const std::string& output : outputs) writer.output(output);
  return writer.bytes();
}

TEST(HostileControlFlow, Branches) {
  const GraphWriter good = GraphWriter().node("Neg", {"x"}, {"n"}).output("n");
  const GraphWriter given = GraphWriter().input("a").node("Neg", {"a"}, {"n"}).output("n");
  expect_all_refused({
      {"no branches",
       with_input().node("If", {"c"}, {"y"}, {}, "if").output("y").bytes(),
       {"If node \"if\"", "then_branch"}},
      {"one branch",
       with_input().node("If", {"c"}, {"y"}, {good.as("then_branch")}, "if").output("y").bytes(),
       {"If node \"if\"", "else_branch"}},
      {"a number for a branch",
       with_input()
           .node("If", {"c"}, {"y"}, {good.as("then_branch"), attribute("else_branch", 1)}, "if")
           .output("y")
           .bytes(),
       {"If node \"if\"", "else_branch"}},
      {"no outputs", branches(good, GraphWriter()), {"else_branch has 0 outputs, expected 1"}},
      {"an input", branches(good, given), {"If node \"if\"", "else_branch"}},
      {"a name that is not there", branches(GraphWriter().output("nowhere"), good), {"If node \"if\"", "\"nowhere\""}},
      {"reads what it makes",
       branches(GraphWriter().node("Neg", {"y"}, {"n"}).output("n"), good),
       {"If node \"if\"", "\"y\"", "cycle"}},
      {"cycle within",
       branches(GraphWriter().node("Add", {"x", "b"}, {"a"}).node("Neg", {"a"}, {"b"}).output("a"), good),
       {"the graph has a cycle"}},
      {"condition is a number", branches(good, good, "x"), {"input cond is float32, expected bool"}},
      {"types differ",
       branches(good, GraphWriter().node("Cast", {"x"}, {"n"}, {attribute("to", 7)}).output("n")),
       {"output 0 is float32 in then_branch but int64 in else_branch, expected one element type"}},
      {"two conditions",
       model()
           .input("x", kF, {1})
           .input("c", kB, {2})
           .node("If", {"c"}, {"y"}, {good.as("then_branch"), good.as("else_branch")}, "if")
           .output("y")
           .bytes(),
       {"input cond has 2 elements, expected 1"}},
      {"too many inputs",
       with_input()
           .node("If", {"c", "x"}, {"y"}, {good.as("then_branch"), good.as("else_branch")}, "if")
           .output("y")
           .bytes(),
       {"If node \"if\" (opset 17): 2 inputs, expected 1"}},
  });
}

// What is wrong in a branch is an error of a run that takes it. Until then no pass may believe the node.
TEST(HostileControlFlow, ANodeThatLacksAnInputInABranch) {
  const GraphWriter good = GraphWriter().node("Neg", {"x"}, {"n"}).output("n");
  const Tensor x = Tensor::of<float>({2, 4});
  const Tensor trips = Tensor::of<std::int64_t>({});
  for (const Names& inputs : {Names{"x"}, Names{"x", "", "x"}}) {
    const std::string bytes = branches(GraphWriter().node("Pad", inputs, {"n"}).output("n"), good);
    const Model model = Model::load(bytes.data(), bytes.size());
    Tensor condition = Tensor::of<bool>({});
    *condition.data<bool>() = false;
    EXPECT_EQ(model.run({x, condition, trips}).size(), 1U);
    *condition.data<bool>() = true;
    try {
      model.run({x, condition, trips});
      ADD_FAILURE() << "a Pad without pads has run";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
      EXPECT_THAT(error.what(), testing::HasSubstr("pads"));
    }
  }
}

TEST(HostileControlFlow, LoopBodies) {
  const GraphWriter good = loop_body().output("go").output("s");
  const GraphWriter four =
      GraphWriter().input("i").input("go").input("s").input("t").output("go").output("s").output("t");
  expect_all_refused({
      {"no body",
       with_input().node("Loop", {"M", "c"}, {"y"}, {}, "loop").output("y").bytes(),
       {"Loop node \"loop\"", "body"}},
      {"no inputs", loop(GraphWriter().output("x").output("x")), {"Loop node \"loop\"", "0 inputs, expected 3"}},
      {"too few inputs", loop(GraphWriter().input("i").input("go").output("go").output("x")), {"2 inputs, expected 3"}},
      {"too many inputs", loop(four), {"4 inputs, expected 3"}},
      {"no outputs", loop(loop_body()), {"the body has 0 outputs, expected "}},
      {"too few outputs", loop(loop_body().output("go")), {"the body has 1 outputs, expected 2"}},
      {"outputs that nothing makes",
       loop(good, {"M", "c", "x"}, {"y", "z"}),
       {"there are 2 outputs, but 1 states and 0 stacked"}},
      {"state left out", loop(four, {"M", "c", "", "x"}), {"state 0 (input 2) is left out"}},
      {"condition is a number",
       loop(loop_body().output("s").output("s")),
       {"output 0 of the body is float32, expected bool"}},
      {"state changes its type",
       loop(loop_body().output("go").output("i")),
       {"state 0 is float32 before an iteration and int64 after it"}},
      {"M is a number", loop(good, {"x", "c", "x"}), {"input M is float32, expected int64"}},
      {"cond is a number", loop(good, {"M", "M", "x"}), {"input cond is int64, expected bool"}},
      {"a name that is not there", loop(loop_body().output("go").output("nowhere")), {"\"nowhere\""}},
      {"reads what it makes",
       loop(loop_body().node("Add", {"s", "y"}, {"t"}).output("go").output("t")),
       {"Loop node \"loop\"", "\"y\"", "cycle"}},
      {"cycle within",
       loop(loop_body().node("Add", {"s", "b"}, {"a"}).node("Neg", {"a"}, {"b"}).output("go").output("a")),
       {"the graph has a cycle"}},
      {"one name for two inputs",
       loop(GraphWriter().input("i").input("go").input("go").node("Not", {"go"}, {"no"}).output("no").output("go")),
       {"two inputs of a subgraph are named \"go\""}},
      {"pieces of packed elements",
       model()
           .opset(21)
           .input("M", kI, {})
           .input("w", DataType::kInt4, {3})
           .node("Loop", {"M", ""}, {"y"}, {GraphWriter().input("i").input("go").output("go").output("w").as("body")},
                 "loop")
           .output("y")
           .bytes(),
       {"stacks int4, of which several elements share a byte"},
       ErrorCode::kUnsupported},
  });
}

TEST(HostileControlFlow, ScanBodies) {
  const GraphWriter good = GraphWriter().input("s").input("row").output("s");
  const auto with = [&](Message attribute) {
    return scan(good, {test::attribute("num_scan_inputs", 1), std::move(attribute)});
  };
  const GraphWriter three = GraphWriter().input("s").input("row").input("t").output("s");
  expect_all_refused({
      {"num_scan_inputs missing", scan(good, {}), {"Scan node \"scan\" (opset 17): ", "num_scan_inputs"}},
      {"num_scan_inputs 99",
       scan(good, {attribute("num_scan_inputs", 99)}),
       {"num_scan_inputs is 99, expected 1 to 2, the number of inputs"}},
      {"num_scan_inputs -1",
       scan(good, {attribute("num_scan_inputs", -1)}),
       {"num_scan_inputs is -1, expected 1 to 2"}},
      {"num_scan_inputs -2^63",
       scan(good, {attribute("num_scan_inputs", kMin)}),
       {"num_scan_inputs is -9223372036854775808"}},
      {"too few inputs", scan(GraphWriter().input("s").output("s")), {"1 inputs, expected 2"}},
      {"too many inputs", scan(three), {"3 inputs, expected 2"}},
      {"no outputs", scan(GraphWriter().input("s").input("row")), {"the body has 0 outputs, expected 1"}},
      {"outputs that nothing makes",
       scan(good, {attribute("num_scan_inputs", 1)}, {"x", "x"}, {"y", "z"}),
       {"there are 2 outputs, but 1 states and 0 stacked outputs"}},
      {"axis 9", with(attribute("scan_input_axes", Ints{9})), {"axis 9 is outside [-2,1] for rank 2"}},
      {"axis -2^63", with(attribute("scan_input_axes", Ints{kMin})), {"axis -9223372036854775808 is outside"}},
      {"9 axes", with(attribute("scan_input_axes", Ints(9, 0))), {"scan_input_axes has 9 elements, expected 1"}},
      {"direction 7", with(attribute("scan_input_directions", Ints{7})), {"scan_input_directions holds 7, expected 0"}},
      {"9 output axes",
       with(attribute("scan_output_axes", Ints(9, 0))),
       {"scan_output_axes has 9 elements, expected 0"}},
      {"output axis 9",
       scan(GraphWriter().input("s").input("row").output("s").output("row"),
            {attribute("num_scan_inputs", 1), attribute("scan_output_axes", Ints{9})}, {"x", "x"}, {"y", "z"}),
       {"axis 9 is outside [-2,1] for rank 2"}},
      {"a scalar is scanned", scan(good, {attribute("num_scan_inputs", 1)}, {"x", "c"}), {"scalar"}},
      {"sizes differ",
       scan(GraphWriter().input("row").input("s").output("s"),
            {attribute("num_scan_inputs", 2), attribute("scan_input_axes", Ints{0, 1})}),
       {"input 1 has 4 slices, one before it 2: expected the same number"}},
      {"state changes its type",
       scan(GraphWriter().input("s").input("row").node("Cast", {"s"}, {"t"}, {attribute("to", 7)}).output("t")),
       {"state 0 is float32 before an iteration and int64 after it"}},
      {"reads what it makes",
       scan(GraphWriter().input("s").input("row").node("Add", {"s", "y"}, {"t"}).output("t")),
       {"\"y\"", "cycle"}},
  });
}

/// Bodies of bodies: `depth` of them. Written without a copy more than it takes.
std::string nested(const std::string& op, int depth) {
  const Names names = op == "Loop" ? Names{"i", "go", "s"} : Names{"s", "row"};
  const auto node = [&](const Names& inputs, const Message& body) {
    Message message;
    for (const std::string& input : inputs) message.bytes(1, input);
    message.bytes(2, "t").bytes(3, "n").bytes(4, op).message(5, graph_attribute("body", body));
    return op == "Scan" ? message.message(5, attribute("num_scan_inputs", 1)) : message;
  };
  Message graph;
  for (int i = 0; i < depth; ++i) {
    Message body;
    for (const std::string& name : names) body.message(11, Message().bytes(1, name));
    if (i > 0) body.message(1, node(op == "Loop" ? Names{"M", "", "s"} : Names{"s", "x"}, graph));
    if (op == "Loop") body.message(12, Message().bytes(1, "go"));
    graph = body.message(12, Message().bytes(1, i > 0 ? "t" : "s"));
  }
  ModelWriter writer = with_input().output("t");
  writer.graph().message(1, node(op == "Loop" ? Names{"M", "c", "x"} : Names{"x", "x"}, graph));
  return writer.bytes();
}

TEST(HostileControlFlow, DeepBodies) {
  for (const char* op : {"Loop", "Scan"}) {
    EXPECT_EQ(accept(nested(op, 64)).outputs().size(), 1U);
    const std::string words = std::string(op) + " node \"n\" (opset 17): subgraphs are nested more than 64 deep";
    expect_refused(op, nested(op, 65), kLimit, {words});
    const std::string deep = nested(op, 5000);
    expect_refused(op, deep, kLimit, {words});
    Options options;
    options.limits.nesting = 0;
    expect_refused("without a limit", deep, kLimit, {"graphs are nested more than 256 deep"}, options);
  }
}

}  // namespace
}  // namespace linnet::test
