// The meaning of a model: SSA values and nodes, free of opset differences.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/constant.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal {

struct OpDef;

/// What `parse` made of a node's attributes. Each operator derives its own; a pass may ask for it with dynamic_cast.
struct Attributes {
  virtual ~Attributes() = default;
  /// For an operator that is nothing but its value: that value, otherwise null. The loader then makes no node.
  virtual ConstantPtr constant_value() const { return nullptr; }
};
using AttributesPtr = std::shared_ptr<const Attributes>;

using ValueId = std::uint32_t;
inline constexpr ValueId kNoValue = ~ValueId{0};
using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};

/// Element type and dimensions, each as far as it is known: the type often is where not even the rank is.
struct TensorType {
  DataType type = DataType::kUndefined;  ///< kUndefined: not known
  bool ranked = false;                   ///< whether the number of dimensions is known
  Dims dims;                             ///< empty unless ranked

  bool known() const { return type != DataType::kUndefined && ranked; }
};

/// How far apart a value's elements lie: along `axis` there is memory for `size` of them. 0: for those that there are.
struct Room {
  std::size_t axis = 0;
  std::int64_t size = 0;
};

struct Value {
  TensorType type;
  ConstantPtr constant;  ///< set for initializers and folded values
  /// The elements, as far as known, of a small integer tensor that may describe a shape (row-major). Null when nothing
  /// is known.
  std::shared_ptr<const Dims> elements;
  NodeId producer = kNoNode;  ///< kNoNode for graph inputs and constants
  Room room;                  ///< in a program: see growing_caches.hpp
};

struct Graph;

/// A graph that a node runs: a branch, or what a loop repeats.
struct Body {
  std::shared_ptr<const Graph> graph;  ///< its inputs: those that the operator gives it, then what it captures
  std::uint32_t own_inputs = 0;        ///< how many of the graph's inputs the operator gives it
  std::uint32_t first_capture = 0;     ///< the node's input that the first captured value is; the others follow it
};

/// A node as the model has it.
struct OriginalNode {
  std::string op;
  std::string name;
};

struct Node {
  const OpDef* op = nullptr;
  AttributesPtr attributes;
  std::string name;
  int opset = 0;
  std::string layer;             ///< part of the writer's program that it came from; empty where the model does not say
  std::vector<ValueId> inputs;   ///< kNoValue for an input left out; last what the bodies capture
  std::vector<ValueId> outputs;  ///< kNoValue for an output left out
  std::vector<OriginalNode> fused;  ///< the nodes that passes joined to make this one, in order; empty: none
  std::vector<Body> bodies;         ///< in the order of OpDef::bodies
  /// What the bodies are to be compiled for, or how often they run, follows from data: each runs as a model of its own,
  /// and the run finds out the shapes of the outputs. See stages.hpp.
  bool staged_bodies = false;

  /// How many inputs the model gives the node itself.
  std::size_t own_inputs() const { return bodies.empty() ? inputs.size() : bodies.front().first_capture; }
};

/// Nodes stand in topological order. Every value has one producer at most; names are for people, they need not be
/// unique.
struct Graph {
  std::vector<Value> values;
  std::vector<std::string> value_names;  ///< beside `values`
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;           ///< values without producer and constant that a run must be given
  std::vector<ValueId> outputs;          ///< may repeat, may be inputs or constants
  std::vector<std::string> input_names;  ///< by position, as the model has them
  std::vector<std::string>
      output_names;                  ///< by position; a pass may join the values behind two outputs, never their names
  std::vector<std::string> symbols;  ///< names of symbolic dimensions

  ValueId add_value(std::string name, Value value);
  ValueId add_constant(std::string name, ConstantPtr constant);
};

/// The type of a constant, with all dimensions known.
TensorType type_of(const Constant& constant);

/// How a node is named in messages: `Gemm node "fc1" (opset 13)`, and where its layer is known
/// `Gemm node "node_linear" (opset 13) of layer "fc1 (Linear)"`.
std::string describe(const Node& node);
/// Dimensions with the names of symbols: [batch,100].
std::string describe(const Dims& dims, const std::vector<std::string>& symbols);

}  // namespace linnet::internal
