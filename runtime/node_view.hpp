// A node as operators see it: its attributes, and what is known of its inputs and outputs.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/data_type.hpp"
#include "runtime/graph.hpp"

namespace linnet::internal {

/// A node with what is known of its inputs and outputs. Borrows; as cheap as three pointers.
class NodeView {
 public:
  NodeView(const Node& node, const std::vector<Value>& values, const Options& options)
      : node_(&node), values_(&values), options_(&options) {}

  const Node& node() const { return *node_; }
  const Options& options() const { return *options_; }
  template <typename A>
  const A& attributes() const {
    return static_cast<const A&>(*node_->attributes);
  }

  std::size_t input_count() const { return node_->inputs.size(); }
  bool has_input(std::size_t index) const { return index < node_->inputs.size() && node_->inputs[index] != kNoValue; }
  /// Requires: has_input(index), as do the getters below but for input_type.
  const Value& input_value(std::size_t index) const { return (*values_)[node_->inputs[index]]; }
  const TensorType& input(std::size_t index) const { return input_value(index).type; }
  /// kUndefined for one that is not known or left out.
  DataType input_type(std::size_t index) const { return has_input(index) ? input(index).type : DataType::kUndefined; }
  const Dims& input_dims(std::size_t index) const { return input(index).dims; }
  std::size_t input_rank(std::size_t index) const { return input_dims(index).size(); }
  /// Requires: all dimensions known (always so in accepts and prepare).
  Shape input_shape(std::size_t index) const { return to_shape(input_dims(index)); }
  /// That of the memory that the elements lie in, from its beginning on: the input's own, but for what has room for
  /// more. Only inputs declared kSpaced do.
  Shape input_extent(std::size_t index) const { return extent(input_value(index)); }
  /// Null when the value is not constant.
  const ConstantPtr& input_constant(std::size_t index) const { return input_value(index).constant; }
  /// The elements of a small integer (or bool) tensor as far as known, also from constants; nothing when not even their
  /// number is.
  std::optional<Dims> input_elements(std::size_t index) const;
  /// input_elements, if every one is a number.
  std::optional<std::vector<std::int64_t>> input_integers(std::size_t index) const;

  std::size_t output_count() const { return node_->outputs.size(); }
  bool has_output(std::size_t index) const {
    return index < node_->outputs.size() && node_->outputs[index] != kNoValue;
  }
  const TensorType& output(std::size_t index) const { return (*values_)[node_->outputs[index]].type; }
  Shape output_shape(std::size_t index) const { return to_shape(output(index).dims); }
  /// As input_extent. Only outputs of operators with OpFacts::appends_along have room for more; input 0 lies in them
  /// already then.
  Shape output_extent(std::size_t index) const { return extent((*values_)[node_->outputs[index]]); }
  bool output_has_room(std::size_t index) const { return (*values_)[node_->outputs[index]].room.size > 0; }

 protected:
  const Node* node_;
  const std::vector<Value>* values_;
  const Options* options_;

 private:
  static Shape extent(const Value& value);
};

/// What `infer` sees and sets. Called only when type and rank of every input are known; dimensions may be symbolic.
class InferContext : public NodeView {
 public:
  InferContext(const Node& node, std::vector<Value>& values, const Options& options)
      : NodeView(node, values, options), mutable_values_(&values) {}

  /// Does nothing for an output that the node leaves out. Errors: kUnsupported past the rank limit, kInvalidModel for a
  /// negative dimension.
  void set_output(std::size_t index, DataType type, Dims dims);
  /// Of the type that its declaration says. Requires: it says one (OutputDef::type).
  void set_output(std::size_t index, Dims dims);
  /// The output has this type, but even its rank depends on values that are not known yet.
  void set_output_unranked(std::size_t index, DataType type);
  /// What is known of the elements of a small integer output. Requires: set_output was called with as many elements; at
  /// most kMaxElements.
  void set_output_elements(std::size_t index, Dims elements);

  static constexpr std::size_t kMaxElements = 1024;

 private:
  std::vector<Value>* mutable_values_;
};

}  // namespace linnet::internal
