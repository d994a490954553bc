// If, Loop and Scan: graphs that do not fit their nodes, and loops without end (sections G and B).
#include <limits>

#include "tests/hostile/refusal.hpp"
#include "tests/support/graph_writer.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;
constexpr DataType kI = DataType::kInt64;
constexpr DataType kB = DataType::kBool;
constexpr ErrorCode kLimit = ErrorCode::kLimitExceeded;

template <typename T>
Tensor scalar(T value) {
  Tensor tensor = Tensor::of<T>({});
  tensor.data<T>()[0] = value;
  return tensor;
}

ModelWriter with_input() { return model().input("x", kF, {2, 4}).input("c", kB, {}).input("M", kI, {}); }

std::string branches(const GraphWriter& then_branch, const GraphWriter& else_branch, const char* condition = "c") {
  return with_input()
      .node("If", {condition}, {"y"}, {then_branch.as("then_branch"), else_branch.as("else_branch")}, "if")
      .output("y")
      .bytes();
}

std::string loop(const GraphWriter& body, const Names& inputs = {"M", "c", "x"}, const Names& outputs = {"y"}) {
  ModelWriter writer = with_input();
  writer.node("Loop", inputs, outputs, {body.as("body")}, "loop");
  for (const std::string& output : outputs) writer.output(output);
  return writer.bytes();
}

std::string scan(const GraphWriter& body, std::vector<Message> attributes = {attribute("num_scan_inputs", 1)},
                 const Names& inputs = {"x", "x"}, const Names& outputs = {"y"}) {
  ModelWriter writer = with_input();
  attributes.push_back(body.as("body"));
  writer.node("Scan", inputs, outputs, std::move(attributes), "scan");
  for (const std::string& output : outputs) writer.output(output);
  return writer.bytes();
}

/// i, c, s -> c, s
GraphWriter loop_body() { return GraphWriter().input("i").input("go").input("s"); }

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
  using Ints = std::vector<std::int64_t>;
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
       scan(good, {attribute("num_scan_inputs", INT64_MIN)}),
       {"num_scan_inputs is -9223372036854775808"}},
      {"too few inputs", scan(GraphWriter().input("s").output("s")), {"1 inputs, expected 2"}},
      {"too many inputs", scan(three), {"3 inputs, expected 2"}},
      {"no outputs", scan(GraphWriter().input("s").input("row")), {"the body has 0 outputs, expected 1"}},
      {"outputs that nothing makes",
       scan(good, {attribute("num_scan_inputs", 1)}, {"x", "x"}, {"y", "z"}),
       {"there are 2 outputs, but 1 states and 0 stacked outputs"}},
      {"axis 9", with(attribute("scan_input_axes", Ints{9})), {"axis 9 is outside [-2,1] for rank 2"}},
      {"axis -2^63", with(attribute("scan_input_axes", Ints{INT64_MIN})), {"axis -9223372036854775808 is outside"}},
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

// --- How often ---

RunOptions soon() {
  RunOptions until;
  until.timeout = std::chrono::milliseconds(20);
  return until;
}

/// Runs as often as M says: s += s.
std::string counted(bool constant, std::int64_t most = 0) {
  const GraphWriter body = loop_body().node("Add", {"s", "s"}, {"t"}).output("go").output("t");
  ModelWriter writer = model().input("x", kF, {2});
  if (constant) {
    writer.initializer<std::int64_t>("M", {}, {most});
  } else {
    writer.input("M", kI, {});
  }
  return writer.node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")}, "loop").output("y").bytes();
}

TEST(HostileControlFlow, TripCounts) {
  Tensor x = Tensor::of<float>({2});
  x.data<float>()[0] = 3;
  const Model model = accept(counted(false));
  for (const std::int64_t none : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    EXPECT_EQ(model.run({x, scalar(none)})[0].data<float>()[0], 3.0F);
    EXPECT_EQ(accept(counted(true, none)).run({x})[0].data<float>()[0], 3.0F);
  }
  expect_refusal("2^63-1", ErrorCode::kDeadlineExceeded, {"deadline"}, [&] {
    model.run({x, scalar(INT64_MAX)}, soon());
  });
  expect_refusal("constant 2^63-1", ErrorCode::kDeadlineExceeded, {"deadline"},
                 [&] { accept(counted(true, INT64_MAX)).run({x}, soon()); });
  CancelToken cancelled;
  cancelled.cancel();
  RunOptions until;
  until.cancel = &cancelled;
  expect_refusal("cancelled", ErrorCode::kCancelled, {"cancelled"}, [&] { model.run({x, scalar(INT64_MAX)}, until); });
  EXPECT_EQ(model.run({x, scalar(std::int64_t{2})})[0].data<float>()[0], 12.0F) << "the process is as good as before";
}

/// Not every byte is a valid bool of C++; each but 0 is true.
TEST(HostileControlFlow, BytesThatAreNoBools) {
  Tensor x = Tensor::of<float>({2, 4});
  x.data<float>()[0] = 3;
  const Model branch = accept(branches(GraphWriter().node("Neg", {"x"}, {"n"}).output("n"),
                                       GraphWriter().node("Abs", {"x"}, {"n"}).output("n")));
  const Model shapes = accept(branches(
      GraphWriter().node("Neg", {"x"}, {"n"}).output("n"),
      GraphWriter().node("NonZero", {"x"}, {"z"}).node("Cast", {"z"}, {"n"}, {attribute("to", 1)}).output("n")));
  const Model counted = accept(loop(loop_body().node("Neg", {"s"}, {"t"}).output("go").output("t")));
  const Model compress = accept(model()
                                    .input("x", kF, {2, 4})
                                    .input("c", kB, {2})
                                    .node("Compress", {"x", "c"}, {"y"}, {attribute("axis", 0)})
                                    .output("y")
                                    .bytes());
  for (const unsigned char byte : {std::uint8_t{2}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
    Tensor condition = Tensor::of<bool>({});
    std::memcpy(condition.data(), &byte, 1);
    const Tensor one = scalar(std::int64_t{1});
    EXPECT_EQ(branch.run({x, condition, one})[0].data<float>()[0], -3.0F);
    EXPECT_EQ(shapes.run({x, condition, one})[0].data<float>()[0], -3.0F);
    EXPECT_EQ(counted.run({x, condition, one})[0].data<float>()[0], -3.0F);
    Tensor two = Tensor::of<bool>({2});
    std::memcpy(two.data(), &byte, 1);
    EXPECT_EQ(compress.run({x, two})[0].shape(), (Shape{1, 4}));
  }
}

// --- Growth ---

/// What goes round is twice as long after every iteration. `go`: how the body says whether to go on.
std::string doubling(const char* how, bool stacked = false) {
  GraphWriter body = loop_body();
  body.node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)});
  ModelWriter writer = model().input("x", kF, {"n"}).input("M", kI, {}).input("limit", kF, {});
  std::string go = "go";
  if (how == std::string("data")) {
    body.node("ReduceSum", {"s"}, {"sum"}, {attribute("keepdims", 0)}).node("Less", {"sum", "limit"}, {"on"});
    go = "on";
  }
  body.output(go).output("t");
  if (stacked) body.output("i");
  writer.node("Loop", {how == std::string("endless") ? "" : "M", "", "x"}, stacked ? Names{"y", "z"} : Names{"y"},
              {body.as("body")}, "loop");
  return writer.output("y").bytes();
}

TEST(HostileControlFlow, StatesThatDouble) {
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{4} << 20;
  const Tensor x = Tensor::of<float>({4});
  const Tensor limit = scalar(1.0F);
  for (const char* how : {"count", "data"}) {
    SCOPED_TRACE(how);
    const Model model = accept(doubling(how), options);
    for (const std::int64_t most : {std::int64_t{60}, std::int64_t{1000}, INT64_MAX}) {
      const PeakMemory memory;
      try {
        model.run({x, scalar(most), limit});
        ADD_FAILURE() << most << " was not ended";
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kInvalidModel) << error.what();
        EXPECT_THAT(error.what(), testing::HasSubstr("Loop node \"loop\""));
      }
      if (const auto growth = memory.growth_bytes()) {
        EXPECT_LE(*growth, kRefusalBytes);
      }
    }
    EXPECT_EQ(model.run({x, scalar(std::int64_t{3}), limit})[0].count(), 32U);
  }
  // Nothing ends it.
  expect_refusal("endless", ErrorCode::kUnsupported, {"Loop node \"loop\"", "shape of output 0"}, [&] {
    accept(doubling("endless"), options).run({x, scalar(std::int64_t{1}), limit});
  });
}

TEST(HostileControlFlow, StatesThatDoubleInConstantLoops) {
  // All of it is known at load, where it may be followed, but not folded without bound.
  for (const std::int64_t most : {std::int64_t{24}, std::int64_t{60}, std::int64_t{1000}, INT64_MAX}) {
    const GraphWriter body =
        loop_body().node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)}).output("go").output("t");
    const std::string bytes = model()
                                  .initializer<float>("w", {1024}, std::vector<float>(1024, 1.0F))
                                  .initializer<std::int64_t>("M", {}, {most})
                                  .node("Loop", {"M", "", "w"}, {"y"}, {body.as("body")}, "loop")
                                  .output("y")
                                  .bytes();
    Options options;
    options.memory_budget = std::size_t{4} << 20;
    const PeakMemory memory;
    try {
      accept(bytes, options).run(std::vector<Tensor>{});
      ADD_FAILURE() << most << " was not ended";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kInvalidModel) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("Loop node \"loop\""));
    }
    if (const auto growth = memory.growth_bytes()) {
      EXPECT_LE(*growth, kRefusalBytes);
    }
  }
}

/// Pieces pile up for as long as data says, which is always.
TEST(HostileControlFlow, PiecesThatPileUp) {
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{4} << 20;
  const GraphWriter body =
      loop_body().node("ReduceSum", {"s"}, {"sum"}, {attribute("keepdims", 0)}).node("Less", {"sum", "one"}, {"on"});
  GraphWriter stacked = body;
  stacked.output("on").output("s").output("s");
  const std::string endless = model()
                                  .input("x", kF, {1000})
                                  .initializer<float>("one", {}, {1})
                                  .node("Loop", {"", "", "x"}, {"y", "z"}, {stacked.as("body")}, "loop")
                                  .output("z")
                                  .bytes();
  const Model model_of_data = accept(endless, options);
  expect_refusal("data", kLimit, {"Loop node \"loop\"", "needs ", " bytes, the memory budget is 4194304"},
                 [&] { model_of_data.run({Tensor::of<float>({1000})}); });
  // As many as M says.
  const Model model_of_count =
      accept(loop(loop_body().output("go").output("s").output("s"), {"M", "c", "x"}, {"y", "z"}), options);
  for (const std::int64_t most : {std::int64_t{1} << 40, std::int64_t{1} << 60, INT64_MAX}) {
    try {
      model_of_count.run({Tensor::of<float>({2, 4}), scalar(true), scalar(most)});
      ADD_FAILURE() << most << " was not refused";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kInvalidModel) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("Loop node \"loop\""));
    }
  }
  // As many as a tensor without elements has rows.
  const Model rows = accept(model()
                                .input("x", kF, {"n", 0})
                                .node("Scan", {"x"}, {"y"},
                                      {GraphWriter()
                                           .input("row")
                                           .initializer<float>("one", {}, {1})
                                           .node("Identity", {"one"}, {"piece"})
                                           .output("piece")
                                           .as("body"),
                                       attribute("num_scan_inputs", 1)},
                                      "scan")
                                .output("y")
                                .bytes(),
                            options);
  expect_refusal("2^40 rows", kLimit, {"Scan node \"scan\"", "the memory budget is 4194304"}, [&] {
    rows.run({Tensor::of<float>({std::int64_t{1} << 40, 0})});
  });
  EXPECT_EQ(rows.run({Tensor::of<float>({3, 0})})[0].count(), 3U);
}

/// Loops that data ends, within each other: the innermost never does.
TEST(HostileControlFlow, EndlessLoopsWithinLoops) {
  GraphWriter body = loop_body();
  body.node("NonZero", {"s"}, {"z"}).node("Size", {"z"}, {"n"}).node("Cast", {"n"}, {"none"}, {attribute("to", 9)});
  body.node("Not", {"none"}, {"on"}).output("on").output("s").output("z");
  for (int depth = 1; depth < 20; ++depth) {
    GraphWriter around = loop_body();
    around.node("Loop", {"", "", "s"}, {"t"}, {body.as("body")}, "inner").output("go").output("t");
    body = around;
  }
  const std::string bytes =
      model().input("x", kF, {2}).node("Loop", {"", "", "x"}, {"y"}, {body.as("body")}, "loop").output("y").bytes();
  const Model model = accept(bytes);
  expect_refusal("endless", ErrorCode::kDeadlineExceeded, {"deadline"},
                 [&] { model.run({Tensor::of<float>({2})}, soon()); });
}

}  // namespace
}  // namespace linnet::test
