// One level of the import: the graph itself, or a function that is being written out in the place of the node that
// calls it.
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
};

struct CallFrame {
  std::string path;                         ///< put before the names of nodes and values; empty for the graph itself
  const FunctionProto* function = nullptr;  ///< null for the graph itself
  std::shared_ptr<const FunctionProto> owned_function;  ///< set for one that came from ONNX's library
  const std::vector<Span>* nodes = nullptr;
  std::size_t next_node = 0;
  OpsetImports opsets;
  NameTable names;                         ///< names to ValueIds
  std::shared_ptr<const MappedFile> file;  ///< holds the nodes
  std::vector<BoundAttribute> attributes;  ///< values of the function's parameters
  std::vector<std::string_view> results;   ///< names in the frame below for the function's outputs; "" for one left out
  std::size_t first_value = 0;             ///< values from here on were made within the call
  bool sees_local_functions = true;        ///< ONNX's own definitions do not mean the model's functions
};

/// What stands for the attribute within the frame: itself, or the value of the parameter it refers to. Nothing when
/// that parameter was not given, which means that the attribute is not there. Errors: kInvalidModel for a reference
/// outside a function, or to a parameter of another type.
std::optional<BoundAttribute> resolve(const CallFrame& frame, const AttributeProto& attribute, Span bytes);

/// Binds the parameters of `function` to the attributes of a call in `caller`: given ones, then defaults.
/// Errors: kInvalidModel for an attribute that the function does not have.
std::vector<BoundAttribute> bind_parameters(const CallFrame& caller, const NodeProto& call,
                                            const FunctionProto& function,
                                            const std::shared_ptr<const MappedFile>& function_file);

/// The serialized NodeProto with its attribute references replaced.
std::string resolved_node(const CallFrame& frame, const NodeProto& node);

/// An OpsetImports's owner in messages, and so on: `function "f"`; "the model" for the graph itself.
std::string title(const CallFrame& frame);

/// Refuses an attribute that is given twice. Errors: kInvalidModel.
void check_unique(std::vector<std::string_view>& names);

}  // namespace linnet::internal::onnx
