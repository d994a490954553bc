// The graphs in attributes of nodes: branches, and what loops repeat.
#include "loaders/onnx/importer_impl.hpp"

#include <algorithm>
#include <utility>

#include "loaders/onnx/declared_types.hpp"
#include "loaders/onnx/outline_body.hpp"
#include "runtime/stages.hpp"

namespace linnet::internal::onnx {
namespace {

/// Graphs that run within each other, even where Limits::nesting sets no limit: they are compiled by recursion.
constexpr std::ptrdiff_t kMostNested = 256;

/// kUndefined for what has no type, or one that Linnet cannot hold.
DataType body_input_type(const TypeProto& type) {
  if (type.kind == TypeProto::Kind::kTensor && type.elem_type == 0) return DataType::kUndefined;
  try {
    return value_type(type);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    return DataType::kUndefined;
  }
}

[[noreturn]] void refuse_second_input(std::string_view name) {
  invalid_model("two inputs of a subgraph are named \"", printable(name), "\"");
}

}  // namespace

/// The bodies of the current node come next, in order.
void Importer::push_bodies(CallFrame& frame, NodeId id, const Node& node) {
  for (auto body = bodies_.rbegin(); body != bodies_.rend(); ++body) {
    body->node = id;
    body->path = text(node.name, "/", body->name, "/");
    body->layer = node.layer;
    frame.bodies.push_back(std::move(*body));
  }
  bodies_.clear();
}

/// Whether a body around the current node may have to be imported once more. Within it nothing is assumed: else loops
/// within each other would double the work at every level.
bool Importer::within_assumption() const {
  return std::any_of(frames_.begin(), frames_.end(), [&](const CallFrame& frame) {
    if (!frame.is_body() || !frames_[frame.enclosing].pending) return false;
    const Node& node = graph_.nodes[frames_[frame.enclosing].pending->node];
    return frame.body.assume && node.op->bodies[frame.body.number].holds != nullptr;
  });
}

/// Adds a node that runs graphs. Its outputs have names and types when those are imported.
void Importer::begin_node_with_bodies(CallFrame& frame, const OpDef& op, int opset) {
  std::optional<Node> made = make_node(frame, op, opset);
  if (!made) return;
  Node& node = *made;
  const auto nested =
      std::count_if(frames_.begin(), frames_.end(), [](const CallFrame& around) { return around.pending.has_value(); });
  if (nested >= kMostNested)
    fail(ErrorCode::kLimitExceeded, describe(node), ": graphs are nested more than ", kMostNested, " deep");
  std::vector<BodyAttribute> bodies;
  for (std::size_t number = 0; number < op.bodies.size(); ++number) {
    const auto body = std::find_if(bodies_.begin(), bodies_.end(), [&](const BodyAttribute& candidate) {
      return candidate.name == op.bodies[number].attribute;
    });
    if (body == bodies_.end())
      invalid_model(describe(node), ": attribute \"", op.bodies[number].attribute, "\", a graph, is missing");
    bodies.push_back(std::move(*body));
    bodies.back().number = number;
    bodies.back().assume = !within_assumption();
  }
  bodies_ = std::move(bodies);  // parse_node refused what the operator does not have
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  add_output_values(frame, node, id);
  PendingNode pending;
  pending.node = id;
  pending.outputs = proto_.outputs;
  pending.unsupported = unsupported_.size() + unjudged_.size();
  frame.pending = std::move(pending);
  push_bodies(frame, id, node);
  push_node(frame, std::move(node));
}

void Importer::finish_node_with_bodies() {
  CallFrame& frame = frames_.back();
  const PendingNode pending = std::move(*frame.pending);
  frame.pending.reset();
  Node& node = graph_.nodes[pending.node];
  bind_outputs(frame, pending.outputs, node);
  if (!pending.listed) {
    update_staged_bodies(node);
    return infer(frame, node, pending.node);
  }
  node.inputs.resize(node.own_inputs());
  node.bodies.clear();
  listed_nodes_.push_back(pending.node);
}

/// Goes into a body: of a node that runs it, or of one that cannot run, to find what else it needs.
void Importer::begin_body() {
  const std::size_t enclosing = frames_.size() - 1;
  BodyAttribute body = std::move(frames_.back().bodies.back());
  frames_.back().bodies.pop_back();
  const CallFrame& around = frames_.back();
  const CallFrame& origin = frames_[body.origin];
  const auto graph = new_shared<GraphProto>();
  read(*graph, body.graph);
  CallFrame frame;
  frame.number = frames_.size();
  frame.path = body.path;
  frame.layer = body.layer;
  frame.function = origin.function;
  frame.owned_function = origin.owned_function;
  frame.owned_graph = graph;
  frame.nodes = &graph->nodes;
  frame.enclosing = enclosing;
  frame.body_of = around.body_of != kNoNode ? around.body_of : body.node;
  frame.opsets = origin.opsets;
  frame.file = body.file;
  frame.attributes = origin.attributes;
  frame.sees_local_functions = origin.sees_local_functions;
  frame.first_value = graph_.values.size();
  frame.first_node = graph_.nodes.size();
  frame.body = std::move(body);
  add_body_inputs(frame, around.pending ? &*around.pending : nullptr);
  add_body_initializers(frame);
  frames_.push_back(std::move(frame));
}

/// Of the inputs of a body that cannot run, the shapes may change from one iteration to the next: only what is declared
/// of their element types is taken. One that runs is told by its operator.
void Importer::add_body_inputs(CallFrame& frame, const PendingNode* pending) {
  std::vector<Value> given(frame.owned_graph->inputs.size());
  if (pending != nullptr) {
    const Node& node = graph_.nodes[pending->node];
    std::vector<Value> inputs;
    node.op->bodies[frame.body.number].inputs({node, graph_.values, options_}, frame.body.assume, inputs);
    if (inputs.size() != given.size()) {
      invalid_model(describe(node), ": the graph in attribute \"", frame.body.name, "\" has ", given.size(),
                    " inputs, expected ", inputs.size());
    }
    given = std::move(inputs);
  }
  struct Known {
    ValueId input;
    ConstantPtr constant;
    std::string_view name;
  };
  std::vector<Known> known;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Span bytes = frame.owned_graph->inputs[i];
    const auto info = read<ValueInfoProto>(bytes);
    if (info.name.empty()) invalid_model("an input of a subgraph at byte ", bytes.offset(), " has no name");
    if (given[i].type.type == DataType::kUndefined) given[i].type = type_without_shape(body_input_type(info.type));
    ConstantPtr constant = std::move(given[i].constant);
    const ValueId id = graph_.add_value(value_name(frame, info.name), std::move(given[i]));
    if (constant != nullptr) {
      known.push_back({id, std::move(constant), info.name});
    } else if (!frame.names.insert(info.name, id) && pending != nullptr) {
      refuse_second_input(info.name);
    }
  }
  // The inputs are the body's first values; what reads one that is always the same reads a constant.
  for (Known& input : known) {
    const ValueId id = graph_.add_constant(graph_.value_names[input.input], std::move(input.constant));
    if (!frame.names.insert(input.name, id) && pending != nullptr) refuse_second_input(input.name);
  }
}

void Importer::add_body_initializers(CallFrame& frame) {
  TensorSource source = source_;
  source.file = frame.file;
  for (const Span bytes : frame.owned_graph->initializers) {
    const auto tensor = read<TensorProto>(bytes);
    if (tensor.name.empty()) invalid_model("an initializer at byte ", bytes.offset(), " has no name");
    const std::string name = value_name(frame, tensor.name);
    ValueId id = kNoValue;
    try {
      id = graph_.add_constant(name, read_tensor(tensor, source));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw;
      id = graph_.add_value(name, {});
      unsupported_.add_value({text("initializer \"", printable(tensor.name), "\""), error.what(), {}, {}}, id);
    }
    frame.names.insert(tensor.name, id);
  }
}

void Importer::finish_body() {
  const CallFrame frame = std::move(frames_.back());
  frames_.pop_back();
  CallFrame& around = frames_.back();
  std::vector<ValueId> outputs;
  for (const Span bytes : frame.owned_graph->outputs) {
    const auto info = read<ValueInfoProto>(bytes);
    const std::uint32_t* id = frame.names.find(info.name);
    if (id == nullptr) id = find_value(frames_[frame.body.origin], info.name);
    if (id != nullptr && *id != kNoValue) {
      outputs.push_back(returned(frame, *id, frame.first_value));
      body_results_.emplace_back(frame.body_of, outputs.back());
    } else if (around.pending) {
      invalid_model(describe(graph_.nodes[around.pending->node]), ": output \"", printable(info.name),
                    "\" of the graph in attribute \"", frame.body.name, "\" is never produced");
    }
  }
  if (!around.pending) return;
  PendingNode& pending = *around.pending;
  pending.listed = pending.listed || unsupported_.size() + unjudged_.size() != pending.unsupported;
  if (!pending.listed) outline(frame, outputs);
}

/// Takes the body's nodes and values, the graph's last, out of the graph: they become one of their own.
void Importer::outline(const CallFrame& frame, const std::vector<ValueId>& outputs) {
  CallFrame& around = frames_.back();
  const std::size_t own_inputs = frame.owned_graph->inputs.size();
  OutlinedBody outlined = outline_body(graph_, frame.first_node, frame.first_value, own_inputs, outputs);
  body_of_.resize(std::min(body_of_.size(), frame.first_node));
  while (!body_results_.empty() && body_results_.back().second >= frame.first_value) body_results_.pop_back();
  Node& node = graph_.nodes[around.pending->node];
  const BodyUse& use = node.op->bodies[frame.body.number];
  if (frame.body.assume && use.holds != nullptr && !use.holds(node, *outlined.graph)) {
    around.bodies.push_back(frame.body);  // once more, with nothing assumed
    around.bodies.back().assume = false;
    return;
  }
  Body body;
  body.graph = std::move(outlined.graph);
  body.own_inputs = static_cast<std::uint32_t>(own_inputs);
  body.first_capture = static_cast<std::uint32_t>(node.inputs.size());
  node.inputs.insert(node.inputs.end(), outlined.captures.begin(), outlined.captures.end());
  node.bodies.push_back(std::move(body));
}

}  // namespace linnet::internal::onnx
