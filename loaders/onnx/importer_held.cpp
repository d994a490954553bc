// Nodes on values that are no arrays of numbers (runtime/value_type.hpp). An operator that moves elements moves strings
// as handles, which nodes of Linnet's own domain make of them and turn back; an output of a graph is never one of its
// own inputs or constants.
#include "loaders/onnx/importer_impl.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "runtime/data_type.hpp"
#include "runtime/infer.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal::onnx {
namespace {

constexpr const char* kFromHandles = "HandlesToStrings";

/// Whether outputs of the operator hold elements of this input.
bool gives_elements(const OpDef& op, std::size_t input) {
  return op.inputs.has(input, kMoved) || op.facts.view_of == static_cast<int>(input);
}

}  // namespace

/// Errors: kUnsupported in a library that was built without it (LINNET_OPERATORS).
const OpDef& Importer::own_operator(const char* name) const {
  const OpDef* const op = registry_.find(kOwnDomain, name);
  if (op == nullptr) unsupported("this library was built without the operator ", kOwnDomain, ".", name);
  return *op;
}

/// What a node of Linnet's own domain makes of one value.
ValueId Importer::add_own_node(const CallFrame& frame, const char* name, ValueId input, const std::string& value_name) {
  Node node;
  node.op = &own_operator(name);
  node.attributes = new_shared<NoAttributes>();
  node.name = value_name;
  node.opset = 1;
  node.layer = frame.layer;
  node.inputs = {input};
  Value value;
  value.producer = static_cast<NodeId>(graph_.nodes.size());
  node.outputs = {graph_.add_value(value_name, std::move(value))};
  infer_node(node, graph_.values, options_, graph_.symbols);
  const ValueId output = node.outputs[0];
  push_node(frame, std::move(node));
  return output;
}

/// The handles of a tensor of strings; those that it was made of, where it was made of some.
ValueId Importer::handles_of(const CallFrame& frame, ValueId strings) {
  const NodeId producer = graph_.values[strings].producer;
  const OpDef* const back = registry_.find(kOwnDomain, kFromHandles);
  if (producer != kNoNode && graph_.nodes[producer].op == back) return graph_.nodes[producer].inputs[0];
  return add_own_node(frame, "StringsToHandles", strings, graph_.value_names[strings] + "/handles");
}

bool Importer::moves_strings(const Node& node) const {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || graph_.values[node.inputs[i]].type.type != DataType::kString) continue;
    if (gives_elements(*node.op, i)) return true;
  }
  return false;
}

/// A number beside handles would be taken for one. Errors: kInvalidModel, kUnsupported where a type is not known.
void Importer::require_strings_only(const Node& node) const {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || !gives_elements(*node.op, i)) continue;
    const DataType type = graph_.values[node.inputs[i]].type.type;
    if (type == DataType::kString) continue;
    const std::string name = node.op->inputs.name(i);
    if (type == DataType::kUndefined) unsupported("the type of input ", name, " beside strings is not known");
    invalid_model("input ", name, " is ", type, " beside strings, expected string");
  }
}

/// Puts handles in the place of strings where the operator moves elements, or looks at shapes alone.
void Importer::take_handles(const CallFrame& frame, Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId input = node.inputs[i];
    if (input == kNoValue || graph_.values[input].type.type != DataType::kString) continue;
    if (gives_elements(*node.op, i) || node.op->inputs.has(i, kShapeOnly)) node.inputs[i] = handles_of(frame, input);
  }
}

/// Adds or refuses the current node, whose inputs hold strings or whose outputs will. False: it is like any other.
bool Importer::add_held_node(CallFrame& frame, Node& node) {
  if (node.op->name == "Identity" && node.op->domain.empty() && is_held(graph_.values[node.inputs[0]].type.type)) {
    bind_output(frame, proto_.outputs[0], node.inputs[0]);
    return true;
  }
  try {
    const char* const form =
        node.op->string_form != nullptr ? node.op->string_form({node, graph_.values, options_}) : nullptr;
    if (form != nullptr) {
      node.op = &own_operator(form);
      return false;
    }
    const bool moves = moves_strings(node);
    if (moves) require_strings_only(node);
    take_handles(frame, node);
    if (!moves) return false;
    own_operator(kFromHandles);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw with_node(node, error);
    refuse(frame, node.opset, error.what());
    return true;
  }
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  add_output_values(frame, node, id);
  infer(frame, node, id);
  const std::vector<ValueId> handles = node.outputs;
  push_node(frame, std::move(node));
  for (std::size_t i = 0; i < handles.size(); ++i) {
    if (handles[i] == kNoValue) continue;
    const std::string name = value_name(frame, proto_.outputs[i]);
    graph_.value_names[handles[i]] = name + "/handles";
    bind_output(frame, proto_.outputs[i], add_own_node(frame, kFromHandles, handles[i], name));
  }
  return true;
}

/// What is returned by a graph whose values begin at `first_value`.
ValueId Importer::returned(const CallFrame& frame, ValueId value, std::size_t first_value) {
  if (!is_held(graph_.values[value].type.type)) return value;
  if (value >= first_value && graph_.values[value].producer != kNoNode) return value;
  return add_own_node(frame, "Keep", value, graph_.value_names[value] + "/kept");
}

}  // namespace linnet::internal::onnx
