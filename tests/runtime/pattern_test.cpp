#include "runtime/pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/float16.hpp"
#include "runtime/passes/fuse_patterns.hpp"
#include "tests/runtime/toy_graph.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::number;
using patterns::one_of;
using patterns::op;
using testing::ElementsAre;

Pattern inc(Pattern of, const char* as = nullptr) { return op("Inc", {std::move(of)}, as); }
Pattern sum(Pattern a, Pattern b, const char* as = nullptr) { return op("Sum", {std::move(a), std::move(b)}, as); }

/// Whether the last node of the graph matches.
bool matches(const Graph& graph, const Pattern& pattern) {
  const std::vector<Use> uses = find_uses(graph);
  const Options options;
  return Match(graph, uses, toy_operators(), options).find(pattern, static_cast<NodeId>(graph.nodes.size() - 1));
}

TEST(Pattern, KnowsNodesAndValuesByName) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId k = toy.constant("k", {1, 2});
  toy.node("Inc", {x}, "other");
  const ValueId inner = toy.node("Inc", {x}, "inner");
  toy.output(toy.node("Sum", {inner, k}, "y"));
  const Graph graph = toy.take();
  const std::vector<Use> uses = find_uses(graph);
  const Options options;
  Match match(graph, uses, toy_operators(), options);
  ASSERT_TRUE(match.find(sum(inc(any("x"), "plus"), constant("k")), 2));
  EXPECT_THAT(match.nodes(), ElementsAre(1U, 2U));
  EXPECT_EQ(match.last().node().name, "y");
  EXPECT_EQ(match.node("plus").node().name, "inner");
  EXPECT_EQ(match.value("x"), x);
  EXPECT_EQ(match.type("x").type, DataType::kFloat32);
  EXPECT_EQ(match.constant("k").as<float>()[1], 2.0F);
  EXPECT_TRUE(match.has("plus"));
  EXPECT_FALSE(match.has("plu"));
  EXPECT_FALSE(match.find(sum(inc(any("x")), constant("k")), 1)) << "another operator";
}

TEST(Pattern, OperandsOfACommutativeOperatorStandInEitherOrder) {
  const auto found = [](bool swapped, bool commutative) {
    Registry registry;
    OpDef op = *toy_operators().find("", "Sum");
    op.facts.commutative = commutative;
    registry.add(op);
    ToyGraph toy(2);
    const ValueId x = toy.input("x");
    const ValueId inner = toy.node("Inc", {x}, "i");
    toy.output(toy.node("Sum", swapped ? std::vector<ValueId>{x, inner} : std::vector<ValueId>{inner, x}, "y"));
    Graph graph = toy.take();
    graph.nodes[1].op = registry.find("", "Sum");
    return matches(graph, sum(inc(any("x")), any("x")));
  };
  EXPECT_TRUE(found(false, true));
  EXPECT_TRUE(found(true, true));
  EXPECT_TRUE(found(false, false));
  EXPECT_FALSE(found(true, false));
}

TEST(Pattern, ANameStandsForOneValue) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId z = toy.input("z");
  toy.output(toy.node("Sum", {toy.node("Inc", {x}, "i"), z}, "y"));
  const Graph graph = toy.take();
  EXPECT_FALSE(matches(graph, sum(inc(any("x")), any("x"))));
  EXPECT_TRUE(matches(graph, sum(inc(any("x")), any("z"))));
}

/// The first way to match the inner sum leaves the wrong value for the rest.
TEST(Pattern, TriesEveryWay) {
  ToyGraph toy(2);
  const ValueId p = toy.input("p");
  const ValueId q = toy.input("q");
  const ValueId inner = toy.node("Sum", {p, q}, "s");
  toy.output(toy.node("Sum", {inner, toy.node("Inc", {p}, "i")}, "y"));
  const Graph graph = toy.take();
  EXPECT_TRUE(matches(graph, sum(sum(any("a"), any("b")), inc(any("b")))));
  EXPECT_TRUE(matches(graph, sum(sum(any("a"), any("b")), inc(any("a")))));
  EXPECT_TRUE(matches(graph, sum(sum(one_of({any("a"), any("b")}), any("c")), inc(any("b")))));
  EXPECT_FALSE(matches(graph, sum(sum(any("a"), any("a")), inc(any("b")))));
}

TEST(Pattern, InnerValuesHaveNoOtherReader) {
  const auto found = [](bool read_elsewhere, bool graph_output) {
    ToyGraph toy(2);
    const ValueId x = toy.input("x");
    const ValueId inner = toy.node("Inc", {x}, "i");
    if (graph_output) toy.output(inner);
    if (read_elsewhere) toy.output(toy.node("Inc", {inner}, "other"));
    const ValueId y = toy.node("Sum", {inner, x}, "y");
    toy.output(y);
    toy.output(y);
    return matches(toy.take(), sum(inc(any("x")), any("x")));
  };
  EXPECT_TRUE(found(false, false));
  EXPECT_FALSE(found(true, false));
  EXPECT_FALSE(found(false, true));
}

/// Toy operators, and Look, which looks at the shape of its input alone.
Registry with_look() {
  static constexpr InputDef kLooksAt[] = {{"X", {DataType::kFloat32}, kShapeOnly}};
  Registry registry;
  for (const OpDef* op : toy_operators().all()) registry.add(*op);
  OpDef look = *toy_operators().find("", "Same");
  look.name = "Look";
  look.inputs = kLooksAt;
  registry.add(look);
  return registry;
}

/// y = Inc(View(x)), or Inc twice, or Inc(View(Inc(x))); Look(inner) is the second node, or the third.
Graph looked_at(const std::vector<const char*>& inner, const Registry& registry) {
  ToyGraph toy(2);
  ValueId value = toy.input("x");
  for (const char* op : inner) value = toy.node(op, {value}, op);
  toy.output(toy.node("Same", {value}, "look"));
  toy.output(toy.node("Inc", {value}, "y"));
  Graph graph = toy.take();
  graph.nodes[inner.size()].op = registry.find("", "Look");
  return graph;
}

TEST(Pattern, OthersMayReadTheShapeOfWhatMovesElements) {
  const Registry registry = with_look();
  const Graph graph = looked_at({"View"}, registry);
  const std::vector<Use> uses = find_uses(graph);
  EXPECT_EQ(uses[graph.nodes[0].outputs[0]].readers, 2U);
  EXPECT_EQ(uses[graph.nodes[0].outputs[0]].shape_readers, 1U);
  const Options options;
  Match match(graph, uses, registry, options);
  ASSERT_TRUE(match.find(inc(op("View", {any("x")})), 2));
  EXPECT_THAT(match.nodes(), ElementsAre(0U, 2U));
  EXPECT_THAT(match.kept(), ElementsAre(0U));
  ASSERT_TRUE(match.find(inc(any("x")), 2));
  EXPECT_TRUE(match.kept().empty());
  EXPECT_TRUE(matches(looked_at({"View", "View"}, registry), inc(op("View", {op("View", {any("x")})}))));
  EXPECT_FALSE(matches(looked_at({"Inc"}, registry), inc(inc(any("x"))))) << "it would be computed twice";
  EXPECT_FALSE(matches(looked_at({"Inc", "View"}, registry), inc(op("View", {inc(any("x"))})))) << "likewise";
}

TEST(Pattern, AnInnerValueMayHaveSeveralReadersThatMatch) {
  const auto found = [](const Pattern& pattern, bool read_elsewhere) {
    ToyGraph toy(2);
    const ValueId inner = toy.node("Inc", {toy.input("x")}, "i");
    if (read_elsewhere) toy.output(toy.node("Inc", {inner}, "other"));
    toy.output(toy.node("Sum", {toy.node("Inc", {inner}, "j"), inner}, "y"));
    return matches(toy.take(), pattern);
  };
  for (const Pattern& pattern : {sum(inc(inc(any("x"))), inc(any("x"))), sum(inc(inc(any("x"), "i")), any("i")),
                                 sum(inc(any("i")), inc(any("x"), "i"))}) {
    EXPECT_TRUE(found(pattern, false));
    EXPECT_FALSE(found(pattern, true));
  }
}

TEST(Pattern, ANodeHasJustTheseInputsAndOneOutput) {
  ToyGraph toy(2);
  const auto [first, second] = toy.pair(toy.input("x"), "p");
  (void)second;
  toy.output(first);
  Graph graph = toy.take();
  const Pattern pair = op("Pair", {any("x")});
  EXPECT_FALSE(matches(graph, pair));
  graph.nodes[0].outputs[1] = kNoValue;
  EXPECT_TRUE(matches(graph, pair));
  EXPECT_FALSE(matches(graph, op("Pair", {})));
  EXPECT_FALSE(matches(graph, op("Pair", {any("x"), any("y")})));
  graph.nodes[0].inputs.push_back(kNoValue);
  EXPECT_FALSE(matches(graph, op("Pair", {any("x"), any("y")}))) << "left out";
}

TEST(Pattern, UnknownTypesAndRanksDoNotMatch) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  toy.output(toy.node("Inc", {x}, "y"));
  Graph graph = toy.take();
  graph.values[x].type.ranked = false;
  EXPECT_FALSE(matches(graph, inc(any("x"))));
}

template <typename T>
bool is_number(T element, double wanted, const Shape& shape = {}, std::size_t count = 1) {
  Graph graph;
  std::byte* elements = nullptr;
  const ValueId constant = graph.add_constant("k", make_constant(data_type_of<T>(), shape, &elements));
  std::fill_n(reinterpret_cast<T*>(elements), count, element);
  Node node;
  node.op = toy_operators().find("", "Inc");
  node.inputs = {constant};
  Value output;
  output.type = graph.values[constant].type;
  output.producer = 0;
  node.outputs = {graph.add_value("y", output)};
  graph.nodes.push_back(node);
  return matches(graph, inc(number(wanted)));
}

TEST(Pattern, NumbersAreExactOrWithinTwoUlp) {
  constexpr double kSqrt2 = 1.41421356237309504880;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float below = static_cast<float>(kSqrt2);
  float above = below;
  for (int ulp = 0; ulp < 3; ++ulp) {
    EXPECT_TRUE(is_number(below, kSqrt2)) << ulp;
    EXPECT_TRUE(is_number(above, kSqrt2)) << ulp;
    below = std::nextafter(below, -kInfinity);
    above = std::nextafter(above, kInfinity);
  }
  EXPECT_FALSE(is_number(below, kSqrt2));
  EXPECT_FALSE(is_number(above, kSqrt2));
  EXPECT_FALSE(is_number(-1.41421356F, kSqrt2));
  EXPECT_TRUE(is_number(kSqrt2, kSqrt2));
  EXPECT_FALSE(is_number(double{1.41421356F}, kSqrt2)) << "a double that was a float";
  EXPECT_TRUE(is_number(0.5F, 0.5));
  EXPECT_FALSE(is_number(std::nextafter(0.5F, 1.0F), 0.5)) << "a half has no digits to lose";
  EXPECT_TRUE(is_number(0.0F, 0.0));
  EXPECT_FALSE(is_number(-0.0F, 0.0));
  EXPECT_FALSE(is_number(std::nanf(""), 0.5));
  EXPECT_TRUE(is_number(std::int64_t{3}, 3.0));
  EXPECT_FALSE(is_number(std::int64_t{4}, 3.0));
  EXPECT_FALSE(is_number(true, 1.0));
  EXPECT_TRUE(is_number(static_cast<Float16>(1.41421356F), kSqrt2));
  EXPECT_FALSE(is_number(static_cast<Float16>(1.413F), kSqrt2)) << "in 16 bits, 1 ULP is much";
}

TEST(Pattern, ANumberHasOneElement) {
  EXPECT_TRUE(is_number(3.0F, 3.0, {1}));
  EXPECT_TRUE(is_number(3.0F, 3.0, {1, 1, 1}));
  EXPECT_FALSE(is_number(3.0F, 3.0, {2}, 2));
  EXPECT_FALSE(is_number(3.0F, 3.0, {0}, 0));
  ToyGraph toy(1);
  toy.output(toy.node("Inc", {toy.input("x")}, "y"));
  EXPECT_FALSE(matches(toy.take(), inc(number(3.0)))) << "no constant";
}

// The pass.

constexpr const char* kPass = "toy pass";

/// The toy operators with a fusion; the nodes of `graph` become theirs.
Registry with_fusion(Graph& graph, const Pattern& last, std::optional<Replacement> (*make)(const Match&)) {
  Registry registry;
  for (const OpDef* op : toy_operators().all()) registry.add(*op);
  registry.add(Fusion{kPass, last, make});
  for (Node& node : graph.nodes) node.op = registry.find("", node.op->name);
  return registry;
}

Replacement node_of(const Match& match, const char* op, std::vector<std::variant<ValueId, ConstantPtr>> inputs) {
  return {match.registry().find("", op), std::make_shared<NoAttributes>(), std::move(inputs)};
}

std::optional<Replacement> twice(const Match& match) {
  return node_of(match, "Sum", {match.value("x"), match.value("x")});
}

std::size_t fuse(Graph& graph, const Registry& registry, const char* pass = kPass) {
  const Options options;
  PassContext context{graph, registry, options};
  return fuse_patterns(context, pass);
}

TEST(FusePatterns, PutsOneNodeInThePlaceOfSeveral) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId first = toy.node("Inc", {x}, "a");
  const ValueId other = toy.node("Inc", {x}, "other");
  toy.output(toy.node("Inc", {first}, "b"));
  toy.output(other);
  Graph graph = toy.take();
  const Registry registry = with_fusion(graph, inc(inc(any("x"))), twice);
  EXPECT_EQ(fuse(graph, registry, "another pass"), 0U);
  EXPECT_EQ(fuse(graph, registry), 1U);
  ASSERT_EQ(graph.nodes.size(), 2U);
  const Node& node = graph.nodes[1];
  EXPECT_EQ(node.op->name, "Sum");
  EXPECT_EQ(node.name, "a") << "of the first";
  ASSERT_EQ(node.fused.size(), 2U);
  EXPECT_EQ(node.fused[0].op, "Inc");
  EXPECT_EQ(node.fused[1].name, "b");
  EXPECT_EQ(run_toy(std::move(graph), {{1, 2}}), (std::vector<std::vector<float>>{{2, 4}, {2, 3}}));
}

TEST(FusePatterns, KeepsWhatOthersReadTheShapeOf) {
  const Registry base = with_look();
  Graph graph = looked_at({"View", "View"}, base);
  Registry registry;
  for (const OpDef* op : base.all()) registry.add(*op);
  registry.add(Fusion{kPass, inc(op("View", {op("View", {any("x")})})), twice});
  for (Node& node : graph.nodes) node.op = registry.find("", node.op->name);
  EXPECT_EQ(fuse(graph, registry), 1U);
  ASSERT_EQ(graph.nodes.size(), 4U);
  EXPECT_EQ(graph.nodes[1].name, "View");
  EXPECT_EQ(graph.nodes[3].op->name, "Sum");
  EXPECT_EQ(graph.nodes[3].name, "y") << "of the first that it takes the place of";
  EXPECT_EQ(graph.nodes[3].fused.size(), 1U);
  const std::vector<Use> uses = find_uses(graph);
  EXPECT_EQ(uses[graph.nodes[1].outputs[0]].readers, 1U);
}

/// 4 increments are 2 sums; that they read a value twice is known when the next pattern asks.
TEST(FusePatterns, KeepsCountOfReaders) {
  ToyGraph toy(2);
  ValueId value = toy.input("x");
  for (const char* name : {"a", "b", "c", "d"}) value = toy.node("Inc", {value}, name);
  toy.output(value);
  Graph graph = toy.take();
  const Registry registry = with_fusion(graph, inc(inc(any("x"))), twice);
  EXPECT_EQ(fuse(graph, registry), 2U);
  EXPECT_EQ(graph.nodes.size(), 2U);
  const Registry again = with_fusion(
      graph, sum(sum(any("x"), any("x"), "s"), any("s")),
      [](const Match& match) -> std::optional<Replacement> { return node_of(match, "Inc", {match.value("x")}); });
  EXPECT_EQ(fuse(graph, again), 1U);
  EXPECT_EQ(graph.nodes[0].fused.size(), 4U);
}

TEST(FusePatterns, WhatOneMakesMayMatchAgain) {
  ToyGraph toy(2);
  ValueId value = toy.input("x");
  for (const char* name : {"a", "b", "c"}) value = toy.node("Inc", {value}, name);
  toy.output(value);
  Graph graph = toy.take();
  const Registry registry = with_fusion(
      graph, inc(inc(any("x"))),
      [](const Match& match) -> std::optional<Replacement> { return node_of(match, "Inc", {match.value("x")}); });
  EXPECT_EQ(fuse(graph, registry), 2U);
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].fused.size(), 3U);
}

TEST(FusePatterns, AFusionMayAddConstants) {
  ToyGraph toy(1);
  toy.output(toy.node("Inc", {toy.node("Inc", {toy.input("x")}, "a")}, "b"));
  Graph graph = toy.take();
  const Registry registry =
      with_fusion(graph, inc(inc(any("x"))), [](const Match& match) -> std::optional<Replacement> {
        const float two = 2.0F;
        return node_of(match, "Sum", {match.value("x"), copy_constant(DataType::kFloat32, {1}, &two)});
      });
  EXPECT_EQ(fuse(graph, registry), 1U);
  EXPECT_EQ(run_toy(std::move(graph), {{5}}), (std::vector<std::vector<float>>{{7}}));
}

TEST(FusePatterns, AFusionMayDecline) {
  ToyGraph toy(2);
  toy.output(toy.node("Inc", {toy.input("x")}, "a"));
  Graph graph = toy.take();
  const Registry registry =
      with_fusion(graph, inc(any("x")), [](const Match&) -> std::optional<Replacement> { return std::nullopt; });
  EXPECT_EQ(fuse(graph, registry), 0U);
  EXPECT_TRUE(graph.nodes[0].fused.empty());
}

/// `any` stands for the inner value here, which goes with its node.
TEST(FusePatterns, AReplacementReadsNothingThatItReplaces) {
  ToyGraph toy(2);
  const ValueId inner = toy.node("Inc", {toy.input("x")}, "i");
  toy.output(toy.node("Sum", {inner, inner}, "y"));
  Graph graph = toy.take();
  const Registry registry = with_fusion(
      graph, sum(inc(any("x")), any("z")),
      [](const Match& match) -> std::optional<Replacement> { return node_of(match, "Inc", {match.value("z")}); });
  EXPECT_EQ(fuse(graph, registry), 0U);
  EXPECT_EQ(run_toy(std::move(graph), {{1, 2}}), (std::vector<std::vector<float>>{{4, 6}}));
}

}  // namespace
}  // namespace linnet::internal
