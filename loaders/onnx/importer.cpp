#include "loaders/onnx/importer.hpp"

#include <deque>
#include <utility>

#include "loaders/onnx/call_frame.hpp"
#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/graph_ends.hpp"
#include "loaders/onnx/onnx_library.hpp"
#include "loaders/onnx/order_diagnosis.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal::onnx {
namespace {

/// Names of nodes and values within functions are kept to this length.
constexpr std::size_t kMaxPath = 200;
/// Domains whose operators ONNX itself may define through others.
constexpr std::string_view kOnnxDomains = "ai.onnx.";

/// What check_arity does not see: an input or output that is needed but left out before others.
void check_required(const Node& node) {
  check_arity(node);
  for (std::size_t i = 0; i < node.op->min_inputs; ++i) {
    if (node.inputs[i] == kNoValue) invalid_model(describe(node), ": input ", i, " is left out, but is not optional");
  }
  for (std::size_t i = 0; i < node.op->min_outputs; ++i) {
    if (node.outputs[i] == kNoValue) invalid_model(describe(node), ": output ", i, " is left out, but is not optional");
  }
}

class Importer {
 public:
  Importer(const ModelProto& model, const OpsetImports& opsets, const TensorSource& source, const Registry& registry)
      : model_(model),
        source_(source),
        options_(*source.options),
        registry_(registry),
        functions_(model.functions, options_) {
    CallFrame& frame = frames_.emplace_back();
    frame.nodes = &model.graph.nodes;
    frame.opsets = opsets;
    frame.file = source.file;
  }

  Graph run();

 private:
  void check_size() const;
  void import_next_node();
  void read_attributes(const CallFrame& frame, Span bytes, bool with_values);
  void resolve_inputs(const CallFrame& frame);
  void add_node(CallFrame& frame, const OpDef& op, int opset);
  void expand_or_refuse(CallFrame& frame, Span bytes, int opset);
  void refuse(CallFrame& frame, int opset, const std::string& reason);
  void begin_call(const CallFrame& caller, const FunctionProto& function, const std::shared_ptr<const MappedFile>& file,
                  std::shared_ptr<const FunctionProto> owned);
  void finish_call();
  void bind_output(CallFrame& frame, std::string_view name, ValueId value);

  std::string node_name(const CallFrame& frame) const;
  std::string value_name(const CallFrame& frame, std::string_view name) const;
  std::string describe_node(const CallFrame& frame, int opset) const;

  const ModelProto& model_;
  TensorSource source_;
  const Options& options_;
  const Registry& registry_;
  Graph graph_;
  FunctionTable functions_;
  UnsupportedList unsupported_;
  std::deque<CallFrame> frames_;
  std::size_t nodes_seen_ = 0;

  // The node being imported; kept for their memory.
  NodeProto proto_;
  std::vector<ValueId> inputs_;
  std::vector<NamedAttribute> attributes_;
  std::vector<std::string_view> attribute_names_;
};

Graph Importer::run() {
  check_size();
  SymbolTable symbols(graph_.symbols);
  const GraphEnds ends{graph_, frames_.front().names, symbols, unsupported_, options_};
  const GraphProto& graph = model_.graph;
  const std::size_t values = graph.inputs.size() + graph.initializers.size() + graph.nodes.size();
  graph_.values.reserve(values);
  graph_.value_names.reserve(values);
  graph_.nodes.reserve(graph.nodes.size());
  frames_.front().names.reserve(values);

  add_inputs(ends, graph);
  add_initializers(ends, graph, source_);
  while (frames_.size() > 1 || frames_.back().next_node < frames_.back().nodes->size()) {
    if (frames_.back().next_node < frames_.back().nodes->size()) {
      import_next_node();
    } else {
      finish_call();
    }
  }
  add_outputs(ends, graph);
  unsupported_.throw_if_any();
  return std::move(graph_);
}

/// Counts the nodes as they will be with all calls of local functions written out, before any is.
void Importer::check_size() const {
  const std::size_t limit = options_.limits.nodes;
  std::size_t nodes = model_.graph.nodes.size();
  if (!functions_.empty()) {
    NodeProto node;
    for (const Span bytes : model_.graph.nodes) {
      node.clear();
      read(node, bytes);
      if (const LocalFunction* function = functions_.find(node)) nodes = saturating_sum(nodes, function->nodes - 1);
    }
  }
  if (limit != 0 && nodes > limit) {
    fail(ErrorCode::kLimitExceeded, "the model has ", nodes == SIZE_MAX ? std::string("more than 2^64") : text(nodes),
         " nodes with its functions written out; the limit (Options::limits.nodes) is ", limit);
  }
}

void Importer::import_next_node() {
  CallFrame& frame = frames_.back();
  const Span bytes = (*frame.nodes)[frame.next_node++];
  if (options_.limits.nodes != 0 && ++nodes_seen_ > options_.limits.nodes) {
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
  resolve_inputs(frame);

  const LocalFunction* function = frame.sees_local_functions ? functions_.find(proto_) : nullptr;
  if (function != nullptr) {
    read_attributes(frame, bytes, false);
    begin_call(frame, function->proto, source_.file, nullptr);
    return;
  }
  if (canonical_domain(proto_.domain).empty() && opset < kOldestOpset) {
    refuse(frame, opset,
           text("opset ", opset, " of ONNX's own domain is older than ", kOldestOpset,
                ", the oldest that runs within a function"));
    return;
  }
  const OpDef* op = registry_.find(proto_.domain, proto_.op_type);
  if (op == nullptr) {
    read_attributes(frame, bytes, false);
    expand_or_refuse(frame, bytes, opset);
    return;
  }
  try {
    read_attributes(frame, bytes, true);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    refuse(frame, opset, error.what());
    return;
  }
  add_node(frame, *op, opset);
}

/// Fills attribute_names_ and, `with_values`, attributes_. Errors name the node, but for kUnsupported.
void Importer::read_attributes(const CallFrame& frame, Span bytes, bool with_values) {
  attributes_.clear();
  attribute_names_.clear();
  bool has_subgraph = false;
  try {
    for (const Span attribute_bytes : proto_.attributes) {
      const auto attribute = read<AttributeProto>(attribute_bytes);
      if (attribute.name.empty()) invalid_model("an attribute at byte ", attribute_bytes.offset(), " has no name");
      attribute_names_.push_back(attribute.name);
      has_subgraph = has_subgraph || attribute.has(AttributeType::kGraph) || attribute.has(AttributeType::kGraphs);
      const auto value = resolve(frame, attribute, attribute_bytes);
      if (!with_values || !value) continue;
      TensorSource source = source_;
      source.file = value->file;
      if (attribute.ref_attr_name.empty()) {
        attributes_.push_back(read_attribute(attribute, value->name, source));
      } else {
        attributes_.push_back(read_attribute(read<AttributeProto>(value->bytes), value->name, source));
      }
    }
    check_unique(attribute_names_);
    if (has_subgraph) check_subgraphs(bytes, options_.limits.nesting);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnsupported) throw;
    throw Error(error.code(), text(describe_node(frame, frame.opsets.find(proto_.domain)), ": ", error.what()));
  }
}

/// Fills inputs_, without the left-out ones at the end.
void Importer::resolve_inputs(const CallFrame& frame) {
  inputs_.clear();
  for (const std::string_view name : proto_.inputs) {
    if (name.empty()) {
      inputs_.push_back(kNoValue);
      continue;
    }
    const std::uint32_t* id = frame.names.find(name);
    if (id == nullptr) {
      invalid_model(describe_node(frame, frame.opsets.find(proto_.domain)), " ",
                    diagnose_missing(*frame.nodes, frame.next_node - 1, name));
    }
    inputs_.push_back(*id);
  }
  while (!inputs_.empty() && inputs_.back() == kNoValue) inputs_.pop_back();
}

void Importer::add_node(CallFrame& frame, const OpDef& op, int opset) {
  while (!proto_.outputs.empty() && proto_.outputs.back().empty()) proto_.outputs.pop_back();
  Node node;
  node.op = &op;
  node.name = node_name(frame);
  node.opset = opset;
  node.inputs.assign(inputs_.begin(), inputs_.end());
  for (const std::string_view name : proto_.outputs) node.outputs.push_back(name.empty() ? kNoValue : 0);
  check_required(node);
  try {
    node.attributes = parse_node(op, opset, attributes_, node.inputs.size(), node.outputs.size());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw with_node(node, error);
    refuse(frame, opset, error.what());
    return;
  }
  if (ConstantPtr constant = node.attributes->constant_value();
      constant != nullptr && node.inputs.empty() && node.outputs.size() == 1) {
    bind_output(frame, proto_.outputs[0],
                graph_.add_constant(value_name(frame, proto_.outputs[0]), std::move(constant)));
    return;
  }

  const auto id = static_cast<NodeId>(graph_.nodes.size());
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    Value value;
    value.producer = id;
    node.outputs[i] = graph_.add_value(value_name(frame, proto_.outputs[i]), std::move(value));
    bind_output(frame, proto_.outputs[i], node.outputs[i]);
  }
  try {
    infer_node(node, graph_.values, options_, graph_.symbols);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    unsupported_.add_node(error.what());
    for (const ValueId output : node.outputs) {
      if (output != kNoValue) graph_.values[output].type = {};
    }
  }
  graph_.nodes.push_back(std::move(node));
}

/// For an operator without a kernel: goes on with ONNX's own definition of it, if there is one.
void Importer::expand_or_refuse(CallFrame& frame, Span bytes, int opset) {
  const std::string_view domain = canonical_domain(proto_.domain);
  if (!domain.empty() && domain.substr(0, kOnnxDomains.size()) != kOnnxDomains) {
    refuse(frame, opset, "there is no such operator, and the model defines no function of this name");
    return;
  }
  std::vector<TensorType> types;
  for (const ValueId input : inputs_) types.push_back(input == kNoValue ? TensorType{} : graph_.values[input].type);
  const std::string resolved = frame.function == nullptr ? std::string() : resolved_node(frame, proto_);
  const std::string_view node = frame.function == nullptr ? std::string_view(bytes.data, bytes.size) : resolved;
  const FunctionBody body = find_function_body(std::string(domain), std::string(proto_.op_type), opset, node, types);
  if (body.bytes == nullptr) {
    refuse(frame, opset, body.reason);
    return;
  }
  const char* data = reinterpret_cast<const char*>(body.bytes->data());
  const auto function = std::make_shared<FunctionProto>();
  read(*function, Span{data, body.bytes->size(), data});
  begin_call(frame, *function, body.bytes, function);
}

/// Lists the node as unsupported; its outputs stay unknown, so that what follows can be looked at too.
void Importer::refuse(CallFrame& frame, int opset, const std::string& reason) {
  unsupported_.add_node(describe_node(frame, opset), reason);
  for (const std::string_view name : proto_.outputs) {
    if (!name.empty()) bind_output(frame, name, graph_.add_value(value_name(frame, name), {}));
  }
}

void Importer::begin_call(const CallFrame& caller, const FunctionProto& function,
                          const std::shared_ptr<const MappedFile>& file, std::shared_ptr<const FunctionProto> owned) {
  const std::size_t limit = options_.limits.nesting;
  if (limit != 0 && frames_.size() > limit) {
    fail(ErrorCode::kLimitExceeded, describe(function), " is called more than ", limit,
         " functions deep (Options::limits.nesting)");
  }
  const std::string call = describe_node(caller, caller.opsets.find(proto_.domain));
  if (inputs_.size() > function.inputs.size()) {
    invalid_model(call, ": ", inputs_.size(), " inputs, but ", describe(function), " has ", function.inputs.size());
  }
  if (proto_.outputs.size() > function.outputs.size()) {
    invalid_model(call, ": ", proto_.outputs.size(), " outputs, but ", describe(function), " has ",
                  function.outputs.size());
  }
  CallFrame frame;
  frame.path = node_name(caller) + "/";
  frame.function = &function;
  frame.sees_local_functions = owned == nullptr;
  frame.owned_function = std::move(owned);
  frame.nodes = &function.nodes;
  frame.opsets = OpsetImports(function.opset_imports, describe(function));
  frame.file = file;
  try {
    frame.attributes = bind_parameters(caller, proto_, function, file);
  } catch (const Error& error) {
    throw Error(error.code(), text(call, ": ", error.what()));
  }
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    const bool inserted = !function.inputs[i].empty() &&
                          frame.names.insert(function.inputs[i], i < inputs_.size() ? inputs_[i] : kNoValue);
    if (!inserted)
      invalid_model(describe(function), " has input \"", printable(function.inputs[i]),
                    "\", which is empty or a repetition");
  }
  frame.results = proto_.outputs;
  frame.first_value = graph_.values.size();
  frames_.push_back(std::move(frame));
}

void Importer::finish_call() {
  const CallFrame done = std::move(frames_.back());
  frames_.pop_back();
  CallFrame& caller = frames_.back();
  for (std::size_t i = 0; i < done.results.size(); ++i) {
    if (done.results[i].empty()) continue;
    const std::string_view name = done.function->outputs[i];
    const std::uint32_t* id = name.empty() ? nullptr : done.names.find(name);
    if (id == nullptr || *id == kNoValue) {
      invalid_model(describe(*done.function), " never produces its output \"", printable(name), "\"");
    }
    if (*id >= done.first_value) graph_.value_names[*id] = value_name(caller, done.results[i]);
    bind_output(caller, done.results[i], *id);
  }
}

void Importer::bind_output(CallFrame& frame, std::string_view name, ValueId value) {
  if (!frame.names.insert(name, value)) {
    invalid_model("two values of ", title(frame), " are named \"", printable(name), "\"");
  }
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
  return out + text(" (", domain.empty() ? std::string() : printable(domain) + " ", "opset ", opset, ")");
}

}  // namespace

Graph import_graph(const ModelProto& model, const OpsetImports& opsets, const TensorSource& source,
                   const Registry& registry) {
  return Importer(model, opsets, source, registry).run();
}

}  // namespace linnet::internal::onnx
