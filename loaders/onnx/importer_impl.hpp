// The walk over a model's nodes that import_graph is.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loaders/onnx/call_frame.hpp"
#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/importer.hpp"

namespace linnet::internal::onnx {

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

  ImportedGraph run();

 private:
  void check_size() const;
  void import_all();
  void import_next_node();
  void read_attributes(const CallFrame& frame, Span bytes, bool with_values);
  const std::uint32_t* find_value(const CallFrame& frame, std::string_view name) const;
  bool resolve_inputs(CallFrame& frame);
  bool captures_known(CallFrame& frame, Span bytes);
  bool put_in_order(CallFrame& frame);
  NodeId push_node(const CallFrame& frame, Node node);
  void push_bodies(CallFrame& frame, NodeId id, const Node& node);
  std::optional<Node> make_node(CallFrame& frame, const OpDef& op, int opset);
  void add_output_values(const CallFrame& frame, Node& node, NodeId id);
  void bind_outputs(CallFrame& frame, const std::vector<std::string_view>& names, const Node& node);
  void add_node(CallFrame& frame, const OpDef& op, int opset);
  const OpDef& own_operator(const char* name) const;
  ValueId add_own_node(const CallFrame& frame, const char* name, ValueId input, const std::string& value_name);
  ValueId handles_of(const CallFrame& frame, ValueId strings);
  bool moves_strings(const Node& node) const;
  void require_strings_only(const Node& node) const;
  void take_handles(const CallFrame& frame, Node& node);
  bool add_held_node(CallFrame& frame, Node& node);
  ValueId returned(const CallFrame& frame, ValueId value, std::size_t first_value);
  void begin_node_with_bodies(CallFrame& frame, const OpDef& op, int opset);
  void finish_node_with_bodies();
  void infer(const CallFrame& frame, const Node& node, NodeId id);
  std::vector<TensorType> input_types() const;
  void expand_or_refuse(CallFrame& frame, Span bytes, int opset);
  void call_own_function(CallFrame& frame, int opset);
  void refuse(CallFrame& frame, int opset, const std::string& reason) { refuse(frame, opset, reason, unsupported_); }
  void refuse(CallFrame& frame, int opset, const std::string& reason, UnsupportedList& list);
  void begin_call(const CallFrame& caller, const FunctionProto& function, const std::shared_ptr<const MappedFile>& file,
                  std::shared_ptr<const FunctionProto> owned);
  void finish_call();
  bool within_assumption() const;
  void begin_body();
  void add_body_inputs(CallFrame& frame, const PendingNode* pending);
  void add_body_initializers(CallFrame& frame);
  void finish_body();
  void outline(const CallFrame& frame, const std::vector<ValueId>& outputs);
  void bind_output(CallFrame& frame, std::string_view name, ValueId value);
  void keep_needed();
  void log_accepted() const;

  const OpDef& unknown_operator(std::string_view domain, std::string_view name);
  std::string layer(const CallFrame& frame) const;
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
  UnsupportedList unjudged_;  ///< nodes that could not be judged without what nodes in unsupported_ make
  std::deque<CallFrame> frames_;
  std::size_t nodes_seen_ = 0;
  std::size_t sorted_graphs_ = 0;                   ///< whose nodes were not in order
  std::map<std::string, std::size_t> passed_over_;  ///< attributes that mean nothing here, and of how many nodes
  std::shared_ptr<std::deque<OpDef>> unknown_operators_ = new_shared<std::deque<OpDef>>();
  std::map<std::pair<std::string_view, std::string_view>, const OpDef*> unknown_by_name_;  ///< names of the deque's own
  std::vector<NodeId> body_of_;                           ///< beside Graph::nodes as far as it goes: CallFrame::body_of
  std::vector<std::pair<NodeId, ValueId>> body_results_;  ///< what bodies return, and the node outside all bodies
  std::vector<NodeId> listed_nodes_;                      ///< whose bodies are not theirs: PendingNode::listed

  // The node being imported; kept for their memory.
  NodeProto proto_;
  std::vector<ValueId> inputs_;
  std::vector<NamedAttribute> attributes_;
  std::vector<std::string_view> attribute_names_;
  std::vector<BodyAttribute> bodies_;
  std::vector<std::string> node_passed_over_;
};

}  // namespace linnet::internal::onnx
