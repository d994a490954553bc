// ModelProto -> Graph, in one pass over the nodes, without recursion.
#pragma once

#include <deque>
#include <memory>

#include "loaders/onnx/opset_imports.hpp"
#include "loaders/onnx/tensor.hpp"
#include "loaders/unsupported_list.hpp"
#include "runtime/op.hpp"

namespace linnet::internal::onnx {

struct ImportedGraph {
  Graph graph;
  UnsupportedList unsupported;                                 ///< of what the outputs need
  std::shared_ptr<const std::deque<OpDef>> unknown_operators;  ///< what nodes in `unsupported` may refer to
};

/// Builds the graph: initializers become constants, functions are written out in place of their calls, nodes that are
/// nothing but a value (OpDef's attributes say so) become constants, and the type of every value is inferred on the
/// way. Where something is unsupported the graph is for people to look at; the nodes of subgraphs are in it then too,
/// behind the node that they belong to. `opsets` are the model's; ONNX's own is at least kOldestOpset. `source` holds
/// the bytes that `model` looks into. Errors: kInvalidModel for the first breach of a rule; kLimitExceeded.
ImportedGraph import_graph(const ModelProto& model, const OpsetImports& opsets, const TensorSource& source,
                           const Registry& registry);

}  // namespace linnet::internal::onnx
