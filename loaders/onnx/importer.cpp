#include "loaders/onnx/importer.hpp"

#include <algorithm>
#include <utility>

#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/graph_ends.hpp"
#include "loaders/onnx/importer_impl.hpp"
#include "loaders/onnx/layer_name.hpp"
#include "loaders/onnx/node_order.hpp"
#include "loaders/onnx/own_functions.hpp"
#include "runtime/infer.hpp"
#include "runtime/log.hpp"
#include "runtime/passes/pass.hpp"

namespace linnet::internal::onnx {
namespace {

/// Names of nodes and values within functions are kept to this length.
constexpr std::size_t kMaxPath = 200;

/// What check_arity does not see: an input or output that is needed but left out before others.
void check_required(const Node& node) {
  check_arity(node);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const bool needed = node.op->inputs.of(i) != nullptr && !node.op->inputs.has(i, kMayBeLeftOut);
    if (needed && node.inputs[i] == kNoValue)
      invalid_model(describe(node), ": input ", node.op->inputs.name(i), " is left out, but is not optional");
  }
  const OutputTable& outputs = node.op->outputs;
  if (outputs.least() > 0 && node.outputs[0] == kNoValue)
    invalid_model(describe(node), ": output ", outputs.name(0), " is left out, but is not optional");
}

}  // namespace

ImportedGraph Importer::run() {
  check_size();
  SymbolTable symbols(graph_.symbols, options_);
  const GraphEnds ends{graph_, frames_.front().names, symbols, unsupported_, options_};
  const GraphProto& graph = model_.graph;
  const std::size_t values = graph.inputs.size() + graph.initializers.size() + graph.nodes.size();
  graph_.values.reserve(values);
  graph_.value_names.reserve(values);
  graph_.nodes.reserve(graph.nodes.size());
  frames_.front().names.reserve(values);

  add_inputs(ends, graph);
  add_initializers(ends, graph, source_);
  import_all();
  add_outputs(ends, graph);
  for (ValueId& output : graph_.outputs) output = returned(frames_.front(), output, 0);
  symbols.log_unused();
  if (unsupported_.empty()) std::swap(unsupported_, unjudged_);
  if (!unsupported_.empty()) keep_needed();
  log_accepted();
  return {std::move(graph_), std::move(unsupported_), std::move(unknown_operators_)};
}

/// The nodes of the graph, of the functions that they call, and of bodies.
void Importer::import_all() {
  for (;;) {
    const CallFrame& frame = frames_.back();
    if (!frame.bodies.empty()) {
      begin_body();
    } else if (frame.pending) {
      finish_node_with_bodies();
    } else if (frame.next_node < frame.nodes->size()) {
      import_next_node();
    } else if (frames_.size() == 1) {
      return;
    } else if (frame.is_body()) {
      finish_body();
    } else {
      finish_call();
    }
  }
}

/// Counts the nodes as they will be with all calls of local functions written out, before any is; those of bodies too
/// where there are functions.
void Importer::check_size() const {
  const std::size_t limit = options_.limits.nodes;
  std::size_t nodes = model_.graph.nodes.size();
  if (!functions_.empty()) {
    nodes = 0;
    for_each_node(model_.graph.nodes, [&](const NodeProto& node) {
      const LocalFunction* function = functions_.find(node);
      nodes = saturating_sum(nodes, function != nullptr ? function->nodes : 1);
    });
  }
  if (limit != 0 && nodes > limit) {
    fail(ErrorCode::kLimitExceeded, "the model has ", nodes == SIZE_MAX ? std::string("more than 2^64") : text(nodes),
         " nodes with its functions written out; the limit (Options::limits.nodes) is ", limit);
  }
}

void Importer::import_next_node() {
  source_.stop.check();
  CallFrame& frame = frames_.back();
  const Span bytes = (*frame.nodes)[frame.next_index()];
  ++frame.next_node;
  ++nodes_seen_;
  if (options_.limits.nodes != 0 && nodes_seen_ > options_.limits.nodes) {
    fail(ErrorCode::kLimitExceeded, "the model has more than ", options_.limits.nodes,
         " nodes with its functions written out (Options::limits.nodes)");
  }
  proto_.clear();
  read(proto_, bytes);
  if (proto_.op_type.empty()) invalid_model("a node at byte ", bytes.offset(), " has no op_type");
  const int opset = frame.opsets.find(proto_.domain);
  if (opset == 0) {
    invalid_model(describe_node(frame, opset), ": ", title(frame), " does not import the operator set of domain \"",
                  printable(proto_.domain), "\"");
  }
  if (!resolve_inputs(frame)) return;

  const LocalFunction* function = frame.sees_local_functions ? functions_.find(proto_) : nullptr;
  // Its operators are for passes and own definitions, which know what they are given.
  const bool own = proto_.domain == kOwnDomain && frame.sees_local_functions;
  const OpDef* op = function != nullptr || own ? nullptr : registry_.find(proto_.domain, proto_.op_type);
  if (op != nullptr && opset < op->since_opset && has_own_function(proto_.domain, proto_.op_type)) op = nullptr;
  const bool too_old = canonical_domain(proto_.domain).empty() && opset < kOldestOpset;
  try {
    const bool written_out = function == nullptr && op == nullptr && has_own_function(proto_.domain, proto_.op_type);
    read_attributes(frame, bytes, (op != nullptr && !too_old) || written_out);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    bodies_.clear();
    refuse(frame, opset, error.what());
    return;
  }
  if (!bodies_.empty() && !captures_known(frame, bytes)) return;
  if (function != nullptr) {
    begin_call(frame, function->proto, source_.file, nullptr);
    return;
  }
  if (too_old) {
    refuse(frame, opset,
           text("opset ", opset, " of ONNX's own domain is older than ", kOldestOpset,
                ", the oldest that runs within a function"));
    return;
  }
  if (op == nullptr) {
    expand_or_refuse(frame, bytes, opset);
  } else if (!op->bodies.empty()) {
    begin_node_with_bodies(frame, *op, opset);
  } else {
    add_node(frame, *op, opset);
  }
}

/// Fills attribute_names_, bodies_ and, `with_values`, attributes_. Errors name the node, but for kUnsupported.
void Importer::read_attributes(const CallFrame& frame, Span bytes, bool with_values) {
  attributes_.clear();
  attribute_names_.clear();
  bodies_.clear();
  try {
    for (const Span attribute_bytes : proto_.attributes) {
      auto attribute = read<AttributeProto>(attribute_bytes);
      if (attribute.name.empty()) invalid_model("an attribute at byte ", attribute_bytes.offset(), " has no name");
      attribute_names_.push_back(attribute.name);
      const auto value = resolve(frame, attribute, attribute_bytes);
      if (!value) continue;
      if (!attribute.ref_attr_name.empty()) attribute = read<AttributeProto>(value->bytes);
      for (std::size_t i = 0; i < attribute.graphs.size(); ++i) {
        BodyAttribute body;
        body.name = std::string(value->name.substr(0, kMaxPath));
        if (attribute.graphs.size() > 1) body.name += text("[", i, "]");
        body.graph = attribute.graphs[i];
        body.file = value->file;
        body.origin = value->origin;
        bodies_.push_back(std::move(body));
      }
      if (!with_values) continue;
      TensorSource source = source_;
      source.file = value->file;
      attributes_.push_back(read_attribute(attribute, value->name, source));
    }
    check_unique(attribute_names_);
    if (!bodies_.empty()) walk_subgraphs(bytes, options_.limits.nesting, nullptr);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnsupported) throw;
    throw Error(error.code(), text(describe_node(frame, frame.opsets.find(proto_.domain)), ": ", error.what()));
  }
}

/// What the name means in the frame, or in those around a body. Null when it is not there (yet).
const std::uint32_t* Importer::find_value(const CallFrame& frame, std::string_view name) const {
  for (const CallFrame* scope = &frame;; scope = &frames_[scope->body.origin]) {
    const std::uint32_t* id = scope->names.find(name);
    if (id != nullptr || !scope->is_body()) return id;
  }
}

/// Sorts the frame's nodes; the current one comes again, after those that it needs. False when they are sorted already.
bool Importer::put_in_order(CallFrame& frame) {
  if (!frame.order.empty()) return false;
  frame.order = sorted_order(*frame.nodes);
  --frame.next_node;  // what stands before it needed nothing from behind, so it stays there
  --nodes_seen_;
  ++sorted_graphs_;
  return true;
}

/// Whether all that the bodies of the node read from around it is there. If not, but it will be, the node comes again.
bool Importer::captures_known(CallFrame& frame, Span bytes) {
  for (const std::string_view name : captured_names(bytes)) {
    if (find_value(frame, name) == nullptr && put_in_order(frame)) return false;
  }
  return true;
}

/// Fills inputs_, without the left-out ones at the end. False when the node comes again.
bool Importer::resolve_inputs(CallFrame& frame) {
  inputs_.clear();
  for (const std::string_view name : proto_.inputs) {
    if (name.empty()) {
      inputs_.push_back(kNoValue);
      continue;
    }
    const std::uint32_t* id = find_value(frame, name);
    if (id == nullptr) {
      if (put_in_order(frame)) return false;
      invalid_model(describe_node(frame, frame.opsets.find(proto_.domain)), " reads \"", printable(name),
                    "\", which nothing produces");
    }
    inputs_.push_back(*id);
  }
  while (!inputs_.empty() && inputs_.back() == kNoValue) inputs_.pop_back();
  return true;
}

NodeId Importer::push_node(const CallFrame& frame, Node node) {
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  graph_.nodes.push_back(std::move(node));
  if (frame.body_of != kNoNode) {
    body_of_.resize(id + std::size_t{1}, kNoNode);
    body_of_[id] = frame.body_of;
  }
  return id;
}

/// The current node, without its outputs' values. Nothing when it was refused, or begun as a call.
std::optional<Node> Importer::make_node(CallFrame& frame, const OpDef& op, int opset) {
  while (!proto_.outputs.empty() && proto_.outputs.back().empty()) proto_.outputs.pop_back();
  Node node;
  node.op = &op;
  node.name = node_name(frame);
  node.opset = opset;
  node.layer = layer(frame);
  node.inputs.assign(inputs_.begin(), inputs_.end());
  for (const std::string_view name : proto_.outputs) node.outputs.push_back(name.empty() ? kNoValue : 0);
  check_required(node);
  try {
    node_passed_over_.clear();
    node.attributes = parse_node(op, opset, attributes_, node.inputs.size(), node.outputs.size(), &node_passed_over_);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw with_node(node, error);
    // What the kernels lack may be written with others.
    if (has_own_function(op.domain, op.name)) {
      call_own_function(frame, opset);
    } else {
      refuse(frame, opset, error.what());
    }
    return std::nullopt;
  }
  for (const std::string& name : node_passed_over_) ++passed_over_[text(op.name, ".", printable(name))];
  return node;
}

/// Gives the current node, which will be `id`, the values of those outputs that it has.
void Importer::add_output_values(const CallFrame& frame, Node& node, NodeId id) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    Value value;
    value.producer = id;
    node.outputs[i] = graph_.add_value(value_name(frame, proto_.outputs[i]), std::move(value));
  }
}

void Importer::bind_outputs(CallFrame& frame, const std::vector<std::string_view>& names, const Node& node) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != kNoValue) bind_output(frame, names[i], node.outputs[i]);
  }
}

void Importer::add_node(CallFrame& frame, const OpDef& op, int opset) {
  std::optional<Node> made = make_node(frame, op, opset);
  if (!made) return;
  Node& node = *made;
  if (ConstantPtr constant = node.attributes->constant_value();
      constant != nullptr && node.inputs.empty() && node.outputs.size() == 1) {
    bind_output(frame, proto_.outputs[0],
                graph_.add_constant(value_name(frame, proto_.outputs[0]), std::move(constant)));
    return;
  }

  if (add_held_node(frame, node)) return;
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  add_output_values(frame, node, id);
  bind_outputs(frame, proto_.outputs, node);
  infer(frame, node, id);
  push_node(frame, std::move(node));
}

void Importer::infer(const CallFrame& frame, const Node& node, NodeId id) {
  try {
    infer_node(node, graph_.values, options_, graph_.symbols);
  } catch (const Error& error) {
    // What stands in a body need not be right for what is known around it: it may never run.
    const bool may_be_wrong = frame.body_of != kNoNode && error.code() == ErrorCode::kInvalidModel;
    if (error.code() != ErrorCode::kUnsupported && !may_be_wrong) throw;
    const std::string what = describe(node);
    if (!may_be_wrong) {
      const std::string reason = std::string(error.what()).substr(what.size() + 2);
      unsupported_.add_node({what, reason, node.layer, source_line(proto_.metadata_props)}, id);
    }
    for (const ValueId output : node.outputs) {
      if (output != kNoValue) graph_.values[output].type = {};
    }
  }
}

/// Lists the node; its outputs stay unknown, so that what follows can be looked at too, as are its bodies.
void Importer::refuse(CallFrame& frame, int opset, const std::string& reason, UnsupportedList& list) {
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  Node node;
  node.op = &unknown_operator(proto_.domain, proto_.op_type);
  node.name = node_name(frame);
  node.opset = opset;
  node.layer = layer(frame);
  node.inputs.assign(inputs_.begin(), inputs_.end());
  for (const std::string_view name : proto_.outputs) {
    Value value;
    value.producer = id;
    node.outputs.push_back(name.empty() ? kNoValue : graph_.add_value(value_name(frame, name), std::move(value)));
    if (!name.empty()) bind_output(frame, name, node.outputs.back());
  }
  list.add_node({describe(node), reason, node.layer, source_line(proto_.metadata_props)}, id);
  push_bodies(frame, id, node);
  push_node(frame, std::move(node));
}

/// What stands for an operator that there is not.
const OpDef& Importer::unknown_operator(std::string_view domain, std::string_view name) {
  const auto found = unknown_by_name_.find({canonical_domain(domain), name});
  if (found != unknown_by_name_.end()) return *found->second;
  OpDef& op = unknown_operators_->emplace_back();
  op.name = std::string(name);
  op.domain = std::string(canonical_domain(domain));
  unknown_by_name_.emplace(std::pair<std::string_view, std::string_view>(op.domain, op.name), &op);
  return op;
}

/// Unsupported is what the outputs need. The rest of what cannot run is left out if all that they need can.
void Importer::keep_needed() {
  std::vector<bool> needed_values(graph_.values.size(), false);
  std::vector<bool> needed_nodes(graph_.nodes.size(), false);
  for (const ValueId output : graph_.outputs) needed_values[output] = true;
  for (const ValueId input : graph_.inputs) needed_values[input] = true;  // a run must be given it
  std::sort(body_results_.begin(), body_results_.end());
  const auto is_needed = [&](NodeId id) {
    const std::vector<ValueId>& outputs = graph_.nodes[id].outputs;
    return std::any_of(outputs.begin(), outputs.end(),
                       [&](ValueId output) { return output != kNoValue && needed_values[output]; });
  };
  for (auto id = static_cast<NodeId>(graph_.nodes.size()); id-- > 0;) {
    // What reads from a node with bodies stands behind them, so that it is known whether the node is needed.
    const NodeId outside = id < body_of_.size() && body_of_[id] != kNoNode ? body_of_[id] : id;
    if (!is_needed(outside)) continue;
    needed_nodes[id] = true;
    for (const ValueId input : graph_.nodes[id].inputs) {
      if (input != kNoValue) needed_values[input] = true;
    }
    auto result = std::lower_bound(body_results_.begin(), body_results_.end(), std::pair(id, ValueId{0}));
    for (; result != body_results_.end() && result->first == id; ++result) needed_values[result->second] = true;
  }
  const std::size_t dropped = unsupported_.keep_needed(needed_nodes, needed_values);
  if (dropped == 0) return;
  unjudged_.keep_needed(needed_nodes, needed_values);
  if (unsupported_.empty()) std::swap(unsupported_, unjudged_);
  for (const NodeId id : listed_nodes_) {
    if (!unsupported_.empty() || !needed_nodes[id]) continue;
    const Node& node = graph_.nodes[id];
    unsupported_.add_node({describe(node), "there are nodes in its bodies that are not supported", node.layer, {}}, id);
  }
  log(options_, LogLevel::kWarning, "left out: ", dropped,
      " nodes or initializers that are not supported, but that no output needs");
  if (!unsupported_.empty()) return;
  PassContext context{graph_, registry_, options_};
  remove_dead(context);
}

/// What was put right, or passed over.
void Importer::log_accepted() const {
  constexpr std::size_t kShown = 20;
  if (sorted_graphs_ > 0) {
    log(options_, LogLevel::kWarning, "the nodes of ", sorted_graphs_, sorted_graphs_ == 1 ? " graph" : " graphs",
        " are not in topological order, as ONNX has it: they were sorted");
  }
  std::size_t shown = 0;
  for (const auto& [attribute, nodes] : passed_over_) {
    if (++shown > kShown) break;
    log(options_, LogLevel::kWarning, "passed over: attribute ", attribute, " of ", nodes,
        nodes == 1 ? " node" : " nodes", ", which cannot change the result");
  }
}

void Importer::bind_output(CallFrame& frame, std::string_view name, ValueId value) {
  if (!frame.names.insert(name, value)) {
    invalid_model("two values of ", title(frame), " are named \"", printable(name), "\"");
  }
}

/// Where the node stands in the writer's program.
std::string Importer::layer(const CallFrame& frame) const {
  std::string noted = layer_name(proto_.metadata_props);
  return noted.empty() ? frame.layer : noted;
}

/// The node's own name, or else that of its first output, below the frame's path.
std::string Importer::node_name(const CallFrame& frame) const {
  std::string_view name = proto_.name;
  for (std::size_t i = 0; name.empty() && i < proto_.outputs.size(); ++i) name = proto_.outputs[i];
  return value_name(frame, name);
}

std::string Importer::value_name(const CallFrame& frame, std::string_view name) const {
  if (frame.path.empty()) return std::string(name);
  return text(frame.path.size() > kMaxPath ? std::string(".../") : frame.path, name.substr(0, kMaxPath));
}

/// As describe(const Node&) has it, for a node that may have no OpDef.
std::string Importer::describe_node(const CallFrame& frame, int opset) const {
  const std::string name = node_name(frame);
  std::string out = text(printable(proto_.op_type), " node");
  if (!name.empty()) out += text(" \"", printable(name), "\"");
  const std::string_view domain = canonical_domain(proto_.domain);
  if (opset == 0) return out;
  out += text(" (", domain.empty() ? std::string() : printable(domain) + " ", "opset ", opset, ")");
  const std::string noted = layer(frame);
  return noted.empty() ? out : text(out, " of layer \"", printable(noted), "\"");
}

ImportedGraph import_graph(const ModelProto& model, const OpsetImports& opsets, const TensorSource& source,
                           const Registry& registry) {
  return Importer(model, opsets, source, registry).run();
}

}  // namespace linnet::internal::onnx
