// Calls an operator's parse and infer, and adds to their errors what they do not know: the node and its input shapes.
#pragma once

#include <string>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// An attribute that the operator does not have at this opset is passed over where that cannot change a result: when
/// its name begins with "_", which marks what a writer notes for itself, or when the operator's oldest or newest form
/// has it and its value is the default there. `passed_over`, unless null, gets their names. Errors: those of the
/// operator's parse, and kInvalidModel for any other such attribute. Without the node's name: see with_node.
AttributesPtr parse_node(const OpDef& op, int opset, const std::vector<NamedAttribute>& attributes, std::size_t inputs,
                         std::size_t outputs, std::vector<std::string>* passed_over = nullptr);

/// Checks the number of inputs and outputs. Errors: kInvalidModel, kUnsupported, prefixed with the node.
void check_arity(const Node& node);

/// For what depends on attributes; the rest is declared (OpDef::inputs). Errors: kUnsupported for a type that Linnet
/// cannot hold, or outside `allowed` where ONNX allows any; kInvalidModel, naming what is allowed, for another one.
void require_type(const NodeView& node, std::size_t input, const char* name, TypeSet allowed);

/// Checks the inputs of a node, their element types as far as they are known, against those that the operator declares.
/// Errors: those of require_type; kInvalidModel for one that is missing, or has not the type of input 0 where it must.
void check_inputs(const NodeView& node);

/// Whether type and rank of every input are known, without which infer and the facts' functions are not called.
bool inputs_known(const NodeView& node);

/// Sets the types of the node's outputs in `values` (indexed by ValueId), as far as its inputs are known. When type or
/// rank of an input is not known, the ranks of the outputs become unknown too, and their element types are those of
/// OpDef::output_type. Errors: those of the operator's infer, prefixed with the node and its input shapes.
void infer_node(const Node& node, std::vector<Value>& values, const Options& options,
                const std::vector<std::string>& symbols);

/// `Gemm node "fc1" (opset 13): message`, for an error about a node.
Error with_node(const Node& node, const Error& error);
/// The same with ` [inputs float32 [4,100], float32 [64,128]]` behind it.
Error with_node_and_inputs(const Node& node, const std::vector<Value>& values, const std::vector<std::string>& symbols,
                           const Error& error);

}  // namespace linnet::internal
