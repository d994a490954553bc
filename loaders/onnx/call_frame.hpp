// One level of the import: the graph itself, a function that is being written out in the place of the node that calls
// it, or a graph in an attribute of a node: of one that runs it, or of one that cannot run, looked through for what it
// would need.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/name_table.hpp"
#include "loaders/onnx/attribute.hpp"
#include "loaders/onnx/opset_imports.hpp"

namespace linnet::internal::onnx {

/// An AttributeProto under the name that a function's parameter gives it.
struct BoundAttribute {
  std::string_view name;
  Span bytes;
  std::shared_ptr<const MappedFile> file;  ///< holds the bytes
  std::size_t origin = 0;                  ///< number of the frame that it is written in
};

/// A graph in an attribute of a node.
struct BodyAttribute {
  std::string name;  ///< of the attribute, with its position where there are several: then_branch, branches[1]
  Span graph;
  std::shared_ptr<const MappedFile> file;  ///< holds the bytes
  std::size_t origin = 0;  ///< number of the frame that it is written in: its names mean what they do there
  NodeId node = kNoNode;   ///< that the attribute belongs to
  std::string path;        ///< of the names in it
  std::string layer;       ///< the node's
  std::size_t number = 0;  ///< in OpDef::bodies, where the operator runs it
  bool assume = true;      ///< that what goes round a loop keeps its shape
};

/// A node in the graph whose bodies are being imported.
struct PendingNode {
  NodeId node = kNoNode;
  std::vector<std::string_view> outputs;  ///< its names for them
  std::size_t unsupported = 0;            ///< how much was when it began
  bool listed = false;                    ///< a body cannot run: its nodes stay in the graph for people to look at
};

struct CallFrame {
  std::size_t number = 0;                   ///< among the frames
  std::string path;                         ///< put before the names of nodes and values; empty for the graph itself
  std::string layer;                        ///< of nodes for which nothing is noted: that of the node that calls
  const FunctionProto* function = nullptr;  ///< null for the graph itself
  std::shared_ptr<const FunctionProto> owned_function;  ///< set for one that came from ONNX's library
  std::shared_ptr<const GraphProto> owned_graph;        ///< set for a body
  const std::vector<Span>* nodes = nullptr;
  std::vector<std::uint32_t> order;  ///< in which `nodes` are imported; empty: as they stand
  std::size_t next_node = 0;
  std::vector<BodyAttribute> bodies;   ///< to be gone through before the next node, the last one first
  std::optional<PendingNode> pending;  ///< that runs them
  BodyAttribute body;                  ///< the one that the frame goes through
  std::size_t enclosing = kNone;       ///< number of the frame with the node that runs the body; kNone: no body
  NodeId body_of = kNoNode;            ///< the node outside all bodies that the frame's nodes belong to
  OpsetImports opsets;
  NameTable names;                         ///< names to ValueIds
  std::shared_ptr<const MappedFile> file;  ///< holds the nodes
  std::vector<BoundAttribute> attributes;  ///< values of the function's parameters
  std::vector<std::string_view> results;   ///< names in the frame below for the function's outputs; "" for one left out
  std::size_t first_value = 0;             ///< values from here on were made within the call or the body
  std::size_t first_node = 0;              ///< likewise, within a body
  bool sees_local_functions = true;        ///< ONNX's own definitions do not mean the model's functions

  static constexpr std::size_t kNone = ~std::size_t{0};
  bool is_body() const { return enclosing != kNone; }
  /// Index into `nodes` of the next one. Requires: there is one.
  std::size_t next_index() const { return order.empty() ? next_node : order[next_node]; }
};

/// What stands for the attribute within the frame: itself, or the value of the parameter it refers to. Nothing when
/// that parameter was not given, which means that the attribute is not there. Errors: kInvalidModel for a reference
/// outside a function, or to a parameter of another type.
std::optional<BoundAttribute> resolve(const CallFrame& frame, const AttributeProto& attribute, Span bytes);

/// Binds the parameters of `function` to the attributes of a call in `caller`: given ones, then defaults. An attribute
/// that is no parameter of the model's own function cannot mean anything to it: its name goes to `passed_over`. Of
/// ONNX's own (`is_onnx`) that holds for names that begin with "_" only.
/// Errors: kInvalidModel for other attributes that the function does not have.
std::vector<BoundAttribute> bind_parameters(const CallFrame& caller, const NodeProto& call,
                                            const FunctionProto& function,
                                            const std::shared_ptr<const MappedFile>& function_file, bool is_onnx,
                                            std::vector<std::string>& passed_over);

/// The serialized NodeProto with its attribute references replaced, and without inputs that the call leaves out.
std::string resolved_node(const CallFrame& frame, const NodeProto& node);

/// An OpsetImports's owner in messages, and so on: `function "f"`; "the model" for the graph itself.
std::string title(const CallFrame& frame);

/// Refuses an attribute that is given twice. Errors: kInvalidModel.
void check_unique(std::vector<std::string_view>& names);

}  // namespace linnet::internal::onnx
