// Where values come from without a node, and where they leave: inputs, initializers, outputs.
#pragma once

#include "loaders/onnx/declared_types.hpp"
#include "loaders/onnx/tensor.hpp"
#include "loaders/unsupported_list.hpp"

namespace linnet::internal::onnx {

/// What the functions below work on. Borrows.
struct GraphEnds {
  Graph& graph;
  NameTable& names;  ///< of the graph's values
  SymbolTable& symbols;
  UnsupportedList& unsupported;
  const Options& options;
};

// Errors of all three: kInvalidModel, kLimitExceeded, naming the value; what is not supported goes to the list.

/// Adds the graph's inputs, also those that are initializers. Errors: two of one name.
void add_inputs(const GraphEnds& ends, const GraphProto& proto);

/// Adds the initializers as constants. One that is also an input is that input's value: the input is then no input of
/// the model, whatever the IR version. Before IR version 4 every initializer should be declared as input too; that is
/// not asked for. Errors: two of one name, one of another element type than it has as input.
void add_initializers(const GraphEnds& ends, const GraphProto& proto, const TensorSource& source);

/// Adds the graph's outputs; all nodes must have been added. Errors: none at all, two of one name, one that nothing
/// produces, one whose element type is known and not the declared one.
void add_outputs(const GraphEnds& ends, const GraphProto& proto);

}  // namespace linnet::internal::onnx
