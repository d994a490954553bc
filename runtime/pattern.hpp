// Patterns of nodes, and what a fusion makes of the nodes that match one:
//
//   op("Mul", {any("x"), op("Tanh", {op("Softplus", {any("x")})})})
//
// matches the nodes of x * tanh(softplus(x)), with the operands of Mul in either order.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/op.hpp"
#include "runtime/uses.hpp"

namespace linnet::internal {

/// What is asked of a value and of the nodes that make it. Made by the functions of `patterns`.
struct Pattern {
  enum class Kind : std::uint8_t { kOp, kAny, kConstant, kNumber, kOneOf };
  Kind kind = Kind::kAny;
  const char* op = nullptr;  ///< kOp: as ONNX spells it, of ONNX's own domain
  const char* as = nullptr;  ///< the name that Match knows the value by; null: none
  /// kOp: of its inputs; kOneOf: the alternatives; else null. Shared by all that are made of them: alternatives within
  /// alternatives would be many copies.
  std::shared_ptr<const std::vector<Pattern>> parts;
  double number = 0.0;  ///< kNumber
  bool open = false;    ///< kOp: further inputs may be anything
};

namespace patterns {

/// The only output of a node with just these inputs; those of a commutative operator (OpFacts) match in either order.
/// But for the last node of a match, nothing outside the match reads its elements, and it is no output of the graph.
/// Where others read its shape, it moves elements and no more, and so do the nodes of the match that it reads.
Pattern op(const char* op, std::initializer_list<Pattern> inputs, const char* as = nullptr);
/// The same of a node with whatever further inputs.
Pattern op_on(const char* op, const Pattern& first, const char* as = nullptr);
/// Any value that is not left out; with null, of no name.
Pattern any(const char* as);
/// A constant.
Pattern constant(const char* as);
/// A constant with one element, of any rank, that stands for this number. What float32 holds exactly (0.5, 3) is
/// wanted exactly, with its sign. Any other number (the square root of 2) is wanted as the nearest one of the
/// constant's type; in float32 and float64 as one at most 2 ULP from that. For writers compute constants in steps that
/// each round (1 / sqrt(2), sqrt(2 / pi)), and 2 ULP of a factor are less than what the roundings of the written nodes
/// may change.
Pattern number(double value);
/// Whichever of them matches, tried in this order.
Pattern one_of(std::initializer_list<Pattern> alternatives);

}  // namespace patterns

/// Finds the nodes that match a pattern, and knows them by the pattern's names. Every value that a name stands for is
/// the same wherever the pattern has the name. Types and ranks of all inputs and outputs of matched nodes are known.
class Match {
 public:
  /// Borrows all. `uses` may change between searches: its readers and graph outputs are read, not its last_reader.
  Match(const Graph& graph, const std::vector<Use>& uses, const Registry& registry, const Options& options)
      : graph_(&graph), uses_(&uses), registry_(&registry), options_(&options) {}

  /// Whether the node's output 0 matches, an op or one_of some. The rest of the class tells of the last one that did.
  /// The time depends on the pattern alone.
  bool find(const Pattern& last, NodeId node);

  const Registry& registry() const { return *registry_; }
  /// The nodes that make the last one's output from what `any` and constants stand for, in the graph's order.
  const std::vector<NodeId>& nodes() const { return nodes_; }
  /// Of them those that stay in the graph, since others read the shape of what they make.
  const std::vector<NodeId>& kept() const { return kept_; }
  NodeView last() const { return view(nodes_.back()); }
  /// Whether the alternatives that matched have this name.
  bool has(std::string_view name) const { return find_name(name) != kNoValue; }
  /// Requires: has(name), as do the getters below.
  ValueId value(std::string_view name) const { return find_name(name); }
  const TensorType& type(std::string_view name) const { return graph_->values[find_name(name)].type; }
  /// Requires also: it is a constant.
  const Constant& constant(std::string_view name) const { return *constant_or_null(name); }
  const ConstantPtr& constant_or_null(std::string_view name) const { return graph_->values[find_name(name)].constant; }
  /// The node that makes it. Requires also: the name is that of an `op`.
  NodeView node(std::string_view name) const { return view(graph_->values[find_name(name)].producer); }
  /// The node that makes any value of the graph; nothing for constants and graph inputs.
  std::optional<NodeView> maker(ValueId value) const;

 private:
  struct Goal {
    const Pattern* pattern;
    ValueId value;
    const Goal* next;  ///< to be met as well; null: none
  };
  struct Name {
    std::string_view name;
    ValueId value;
  };

  bool meet(const Goal* goal);
  bool meet_one(const Goal& goal);
  bool meet_op(const Goal& goal);
  bool bind(const char* name, ValueId value);
  enum class Reads : std::uint8_t { kNothing, kShape, kElements };
  Reads read_elsewhere(ValueId value) const;
  bool find_kept();
  NodeView view(NodeId node) const { return NodeView(graph_->nodes[node], graph_->values, *options_); }
  ValueId find_name(std::string_view name) const;

  const Graph* graph_;
  const std::vector<Use>* uses_;
  const Registry* registry_;
  const Options* options_;
  std::vector<Name> names_;
  std::vector<NodeId> nodes_, kept_;
};

/// What a pass makes of a pattern.
struct Fusion {
  const char* pass = nullptr;  ///< the name of one of all_passes(), or of a step of it: "name: step"
  Pattern last;                ///< an op, or one_of some
  /// Nothing where the nodes do not mean what the fusion makes of them: whatever the pattern does not say of
  /// attributes, types and shapes is checked here.
  std::optional<Replacement> (*make)(const Match&) = nullptr;
};

}  // namespace linnet::internal
