// Functions that call themselves, explode, or do not fit their calls (section G).
#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

FunctionWriter function(const std::string& name) {
  return FunctionWriter("d", name, {"a"}, {"r"}).opset(17).opset(1, "d");
}
NodeSpec call(const std::string& name, const std::string& input, const std::string& output) {
  return {name, {input}, {output}, {}, "call", "d", {}};
}

ModelWriter with_call(const NodeSpec& node) {
  return model().opset(17).opset(1, "d").input("x", DataType::kFloat32, {2}).node(node).output("y");
}

std::string with_functions(const std::vector<FunctionWriter>& functions, const NodeSpec& node) {
  ModelWriter writer = with_call(node);
  for (const FunctionWriter& entry : functions) writer.function(entry);
  return writer.bytes();
}

TEST(HostileFunctions, ThatCallThemselves) {
  std::vector<FunctionWriter> ring;
  ring.reserve(20);
  for (int i = 0; i < 20; ++i)
    ring.push_back(function("f" + std::to_string(i)).node(call("f" + std::to_string((i + 1) % 20), "a", "r")));
  expect_all_refused({
      {"direct",
       with_functions({function("f").node(call("f", "a", "r"))}, call("f", "x", "y")),
       {"function \"f\" (domain d) calls itself: \"f\" -> \"f\""}},
      {"mutual",
       with_functions({function("f").node(call("g", "a", "r")), function("g").node(call("f", "a", "r"))},
                      call("f", "x", "y")),
       {"function \"f\" (domain d) calls itself: \"f\" -> \"g\" -> \"f\""}},
      {"ring", with_functions(ring, call("f0", "x", "y")), {"\"f0\" -> \"f1\" -> ", "\"f7\" -> (12 more) -> \"f0\""}},
      {"never called",
       with_functions({function("f").node(call("f", "a", "r"))}, {"Relu", {"x"}, {"y"}, {}, {}, {}, {}}),
       {"calls itself"}},
  });
}

/// f0 does nothing; f(i) calls f(i-1) twice: 2^33 calls from one node.
TEST(HostileFunctions, ThatExplode) {
  std::vector<FunctionWriter> functions{function("f0").node("Relu", {"a"}, {"r"})};
  for (int i = 1; i <= 33; ++i) {
    const std::string callee = "f" + std::to_string(i - 1);
    functions.push_back(function("f" + std::to_string(i)).node(call(callee, "a", "t")).node(call(callee, "t", "r")));
  }
  expect_refused("2^33", with_functions(functions, call("f33", "x", "y")), ErrorCode::kLimitExceeded,
                 {"nodes with its functions written out; the limit (Options::limits.nodes) is 1000000"});

  // 40 callees each: the count itself overflows.
  std::vector<FunctionWriter> wide{function("f0").node("Relu", {"a"}, {"r"})};
  for (int i = 1; i <= 30; ++i) {
    FunctionWriter next = function("f" + std::to_string(i));
    for (int k = 0; k < 40; ++k)
      next.node(call("f" + std::to_string(i - 1), "a", k == 0 ? "r" : "r" + std::to_string(k)));
    wide.push_back(next);
  }
  expect_refused("2^150", with_functions(wide, call("f30", "x", "y")), ErrorCode::kLimitExceeded,
                 {"the model has more than 2^64 nodes"});

  // Nothing but calls of a function without nodes.
  std::vector<FunctionWriter> empty{FunctionWriter("d", "f0", {"a"}, {"a"})};
  for (int i = 1; i <= 33; ++i) {
    const std::string callee = "f" + std::to_string(i - 1);
    empty.push_back(function("f" + std::to_string(i)).node(call(callee, "a", "t")).node(call(callee, "t", "r")));
  }
  expect_refused("2^33 empty calls", with_functions(empty, call("f33", "x", "y")), ErrorCode::kLimitExceeded,
                 {"nodes with its functions written out"});
}

/// An If both of whose branches call the function.
NodeSpec branches_that_call(const std::string& callee) {
  const Message body =
      Message().bytes(2, "body").message(1, call(callee, "a", "t").message()).message(12, Message().bytes(1, "t"));
  return {"If", {"a"}, {"r"}, {graph_attribute("then_branch", body), graph_attribute("else_branch", body)}, {}, {}, {}};
}

TEST(HostileFunctions, WithinBodies) {
  expect_refused("calls itself", with_functions({function("f").node(branches_that_call("f"))}, call("f", "x", "y")),
                 ErrorCode::kInvalidModel, {"function \"f\" (domain d) calls itself: \"f\" -> \"f\""});
  std::vector<FunctionWriter> functions{function("f0").node("Relu", {"a"}, {"r"})};
  for (int i = 1; i <= 33; ++i) {
    functions.push_back(function("f" + std::to_string(i)).node(branches_that_call("f" + std::to_string(i - 1))));
  }
  expect_refused("2^33", with_functions(functions, call("f33", "x", "y")), ErrorCode::kLimitExceeded,
                 {"nodes with its functions written out; the limit (Options::limits.nodes) is 1000000"});
  functions.erase(functions.begin() + 20, functions.end());
  ModelWriter writer = model().opset(17).opset(1, "d").input("x", DataType::kFloat32, {2});
  const Message body =
      Message().bytes(2, "body").message(1, call("f19", "x", "t").message()).message(12, Message().bytes(1, "t"));
  writer.node("If", {"x"}, {"y"}, {graph_attribute("then_branch", body), graph_attribute("else_branch", body)})
      .output("y");
  for (const FunctionWriter& entry : functions) writer.function(entry);
  expect_refused("2^20 from bodies of the model", writer.bytes(), ErrorCode::kLimitExceeded,
                 {"nodes with its functions written out"});
}

TEST(HostileFunctions, TheLimitOnNodesIsExact) {
  // Two calls of a function with three nodes: 2 + 2 * 3 nodes are looked at.
  const FunctionWriter three =
      function("f").node("Relu", {"a"}, {"s"}).node("Relu", {"s"}, {"t"}).node("Relu", {"t"}, {"r"});
  const std::string bytes = with_call(call("f", "x", "h")).node(call("f", "h", "y")).function(three).bytes();
  Options options;
  options.limits.nodes = 8;
  EXPECT_EQ(accept(bytes, options).outputs().size(), 1u);
  options.limits.nodes = 7;
  expect_refused("7", bytes, ErrorCode::kLimitExceeded,
                 {"the model has 8 nodes with its functions written out; the limit (Options::limits.nodes) is 7"},
                 options);
  options.limits.nodes = 0;
  EXPECT_EQ(accept(bytes, options).outputs().size(), 1u);
}

std::string chain(int depth) {
  std::vector<FunctionWriter> functions{function("f1").node("Relu", {"a"}, {"r"})};
  for (int i = 2; i <= depth; ++i)
    functions.push_back(function("f" + std::to_string(i)).node(call("f" + std::to_string(i - 1), "a", "r")));
  return with_functions(functions, call("f" + std::to_string(depth), "x", "y"));
}

TEST(HostileFunctions, DeepChains) {
  EXPECT_EQ(accept(chain(64)).outputs().size(), 1u);
  for (const int depth : {65, 20000}) {
    expect_refused("deep", chain(depth), ErrorCode::kLimitExceeded,
                   {"calls functions nested ", "deep; the limit (Options::limits.nesting) is 64"});
  }
  Options options;
  options.limits.nesting = 0;
  EXPECT_EQ(accept(chain(20000), options).outputs().size(), 1u) << "without a limit, and without recursion";
}

TEST(HostileFunctions, ThatDoNotFitTheirCalls) {
  const FunctionWriter good =
      function("f").parameter("p").node("LeakyRelu", {"a"}, {"r"}, {attribute_reference("alpha", "p", 1)});
  const auto with = [&](const FunctionWriter& function, const NodeSpec& node) {
    return with_functions({function}, node);
  };
  const FunctionWriter nothing = function("f");
  const FunctionWriter twice_in("d", "f", {"a", "a"}, {"a"});
  const FunctionWriter bad_opset = FunctionWriter("d", "f", {"a"}, {"r"}).opset(9999).node("Relu", {"a"}, {"r"});
  const FunctionWriter no_opset = FunctionWriter("d", "f", {"a"}, {"r"}).node("Relu", {"a"}, {"r"});
  expect_all_refused({
      {"output not produced",
       with(nothing, call("f", "x", "y")),
       {"function \"f\" (domain d) never produces its output \"r\""}},
      {"too many inputs",
       with(good, {"f", {"x", "x"}, {"y"}, {}, "c", "d", {}}),
       {"f node \"c\" (d opset 1): 2 inputs, but function \"f\" (domain d) has 1"}},
      {"too many outputs",
       with(good, {"f", {"x"}, {"y", "z"}, {}, "c", "d", {}}),
       {"2 outputs, but function \"f\" (domain d) has 1"}},
      {"attribute twice",
       with(good, {"f", {"x"}, {"y"}, {attribute("p", 1.0f), attribute("p", 1.0f)}, "c", "d", {}}),
       {"attribute \"p\" is given twice"}},
      {"parameter of another type",
       with(good, {"f", {"x"}, {"y"}, {attribute("p", 1)}, "c", "d", {}}),
       {"LeakyRelu node \"c/r\" (opset 17): attribute \"alpha\" wants a parameter of type float, but \"p\" is int"}},
      {"wrong tensor in an attribute",
       with(good, {"f", {"x"}, {"y"}, {attribute("p", raw_tensor(DataType::kFloat32, {2}, "x"))}, "c", "d", {}}),
       {"\"p\" is tensor"}},
      {"input twice",
       with(twice_in, {"f", {"x"}, {"y"}, {}, "c", "d", {}}),
       {"has input \"a\", which is empty or a repetition"}},
      {"value twice",
       with(function("f").node("Relu", {"a"}, {"r"}).node("Relu", {"a"}, {"r"}), call("f", "x", "y")),
       {"two values of function \"f\" (domain d) are named \"r\""}},
      {"undefined inside",
       with(function("f").node("Relu", {"x"}, {"r"}), call("f", "x", "y")),
       {"Relu node \"call/r\" (opset 17) reads \"x\", which nothing produces"}},
      {"cycle inside",
       with(function("f").node("Add", {"a", "t"}, {"r"}).node("Relu", {"r"}, {"t"}), call("f", "x", "y")),
       {"the graph has a cycle"}},
      {"opset 9999", with(bad_opset, call("f", "x", "y")), {"function \"f\" (domain d) imports opset 9999"}},
      {"no opset",
       with(no_opset, call("f", "x", "y")),
       {"function \"f\" (domain d) does not import the operator set of domain \"\""}},
      {"defined twice",
       with_functions({good, good}, call("f", "x", "y")),
       {"function \"f\" (domain d) is defined twice"}},
      {"nameless", with_functions({function("")}, call("f", "x", "y")), {"a function at byte", "has no name"}},
  });
}

TEST(HostileFunctions, OverloadsAreDifferentFunctions) {
  const std::string bytes =
      with_functions({function("f").node("Relu", {"a"}, {"r"}), function("f").overload("o").node("Tanh", {"a"}, {"r"})},
                     NodeSpec{"f", {"x"}, {"y"}, {}, {}, "d", "o"});
  EXPECT_EQ(accept(bytes).outputs().size(), 1u);
  expect_refused(
      "no such overload",
      with_functions({function("f").node("Relu", {"a"}, {"r"})}, NodeSpec{"f", {"x"}, {"y"}, {}, "c", "d", "o"}),
      ErrorCode::kUnsupported,
      {"f node \"c\" (d opset 1): there is no such operator, and the model defines no function of this name"});
}

TEST(HostileFunctions, OldOpsetsWithinAreRefused) {
  const FunctionWriter old = FunctionWriter("d", "f", {"a"}, {"r"}).opset(6).node("Relu", {"a"}, {"r"});
  expect_refused("opset 6", with_functions({old}, call("f", "x", "y")), ErrorCode::kUnsupported,
                 {"Relu node \"call/r\" (opset 6): opset 6 of ONNX's own domain is older than 7"});
}

}  // namespace
}  // namespace linnet::test
