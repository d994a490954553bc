// ModelProto -> Graph, in one pass over the nodes, without recursion.
#pragma once

#include "loaders/onnx/opset_imports.hpp"
#include "loaders/onnx/tensor.hpp"
#include "runtime/op.hpp"

namespace linnet::internal::onnx {

/// Builds the graph: initializers become constants, functions are written out in place of their calls, nodes that are
/// nothing but a value (OpDef's attributes say so) become constants, and the type of every value is inferred on the
/// way. `opsets` are the model's; ONNX's own is at least kOldestOpset. `source` holds the bytes that `model` looks
/// into. Errors: kInvalidModel for the first breach of a rule; kLimitExceeded; kUnsupported, in one error that lists
/// everything unsupported with its reason.
Graph import_graph(const ModelProto& model, const OpsetImports& opsets, const TensorSource& source,
                   const Registry& registry);

}  // namespace linnet::internal::onnx
