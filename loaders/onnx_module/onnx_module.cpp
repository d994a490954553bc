#include "loaders/onnx_module/onnx_module.hpp"

#include <google/protobuf/arena.h>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>
#include <onnx/version_converter/convert.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void set_error(char* error, std::size_t error_size, const char* what) {
  if (error == nullptr || error_size == 0) return;
  const std::size_t length = std::min(std::strlen(what), error_size - 1);
  std::memcpy(error, what, length);
  error[length] = '\0';
}

constexpr std::size_t kMiB = std::size_t{1} << 20;
/// ONNX's table of operators takes 4 MB, and what the conversion of versions makes at its first use as much (x86-64).
constexpr std::size_t kTableBytes = 16 * kMiB;
constexpr std::size_t kQuestionBytes = kMiB;
/// A model as message, as graph, as message again and as bytes.
constexpr std::size_t kCopiesOfModel = 4;

/// Makes sure, as far as one can, that so much memory can be had by what must not go without: the loader and protobuf's
/// storage of this thread, which end the process, and ONNX's own tables, which stay incomplete. Errors: std::bad_alloc.
void require_memory(std::size_t bytes) {
  void* volatile probe = std::malloc(bytes);  // volatile: else a compiler may leave out the pair
  if (probe == nullptr) throw std::bad_alloc();
  std::free(probe);
  const google::protobuf::Arena touch_storage_of_this_thread;
}

/// Runs `body`, which may take so much memory, and turns what it throws into a status.
template <typename Body>
int guarded(std::size_t bytes, char* error, std::size_t error_size, Body&& body) noexcept {
  try {
    require_memory(bytes);
    return body();
  } catch (const std::bad_alloc&) {
    return kLinnetOnnxOutOfMemory;
  } catch (const std::exception& exception) {
    set_error(error, error_size, exception.what());
  } catch (...) {
    set_error(error, error_size, "an exception of unknown type");
  }
  return kLinnetOnnxFailed;
}

template <typename Proto>
bool parse(Proto& proto, const void* bytes, std::size_t size) {
  return size <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         proto.ParseFromArray(bytes, static_cast<int>(size));
}

template <typename Proto>
int emit_proto(const Proto& proto, LinnetOnnxEmit emit, void* context, char* error, std::size_t error_size) {
  std::string bytes;
  if (!proto.SerializeToString(&bytes)) {
    set_error(error, error_size, "the result cannot be serialized");
    return kLinnetOnnxFailed;
  }
  return emit(context, bytes.data(), bytes.size()) ? kLinnetOnnxDone : kLinnetOnnxOutOfMemory;
}

onnx::TypeProto type_proto(const LinnetOnnxType& type) {
  onnx::TypeProto proto;
  if (type.elem_type == 0) return proto;
  constexpr std::int32_t kWrapped = kLinnetOnnxSequence | kLinnetOnnxOptional;
  onnx::TypeProto* inside = &proto;
  if ((type.elem_type & kLinnetOnnxOptional) != 0) inside = inside->mutable_optional_type()->mutable_elem_type();
  if ((type.elem_type & kLinnetOnnxSequence) != 0) inside = inside->mutable_sequence_type()->mutable_elem_type();
  onnx::TypeProto::Tensor& tensor = *inside->mutable_tensor_type();
  tensor.set_elem_type(type.elem_type & ~kWrapped);
  if (!type.ranked || (type.elem_type & kWrapped) != 0) return proto;
  onnx::TensorShapeProto& shape = *tensor.mutable_shape();
  for (std::size_t i = 0; i < type.rank; ++i) {
    onnx::TensorShapeProto::Dimension& dim = *shape.add_dim();
    if (type.dims[i] >= 0) dim.set_dim_value(type.dims[i]);
  }
  return proto;
}

/// A parameter that the schema has a default for carries it in the function.
void add_defaults(onnx::FunctionProto& function, const onnx::OpSchema& schema) {
  std::vector<std::string> required;
  for (const std::string& name : function.attribute()) {
    const auto found = schema.attributes().find(name);
    if (found == schema.attributes().end() || found->second.default_value.name().empty()) {
      required.push_back(name);
    } else {
      *function.add_attribute_proto() = found->second.default_value;
    }
  }
  function.clear_attribute();
  for (const std::string& name : required) function.add_attribute(name);
}

/// Index of an input that is given but whose type is not known, or -1. Some of ONNX's builders need every type, and do
/// not look.
int input_without_type(const onnx::NodeProto& node, const std::vector<onnx::TypeProto>& types) {
  for (int i = 0; i < node.input_size(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    const bool typed = index < types.size() && types[index].value_case() != onnx::TypeProto::VALUE_NOT_SET;
    if (!node.input(i).empty() && !typed) return i;
  }
  return -1;
}

int function_body(const onnx::OpSchema& schema, const onnx::NodeProto& node, int opset,
                  const std::vector<onnx::TypeProto>& types, onnx::FunctionProto& function) {
  if (const onnx::FunctionProto* body = schema.GetFunction(opset)) {
    function = *body;
    return kLinnetOnnxDone;
  }
  if (!schema.HasContextDependentFunction()) return kLinnetOnnxNoFunction;
  if (const int input = input_without_type(node, types); input >= 0) {
    throw std::invalid_argument("the type of input " + std::to_string(input) + " is not known");
  }
  const onnx::FunctionBodyBuildContextImpl context(node, types);
  return schema.BuildContextDependentFunction(context, function, opset) ? kLinnetOnnxDone : kLinnetOnnxNoFunction;
}

bool is_prelu(const onnx::NodeProto& node) { return node.domain().empty() && node.op_type() == "PRelu"; }

/// Ranks of the values of a graph, as far as known.
std::map<std::string, int> ranks_of(const onnx::GraphProto& graph) {
  std::map<std::string, int> ranks;
  for (const auto* infos : {&graph.input(), &graph.value_info()}) {
    for (const onnx::ValueInfoProto& info : *infos) {
      if (info.type().tensor_type().has_shape()) ranks[info.name()] = info.type().tensor_type().shape().dim_size();
    }
  }
  for (const onnx::TensorProto& tensor : graph.initializer()) ranks[tensor.name()] = tensor.dims_size();
  return ranks;
}

/// Before opset 7 a slope of PRelu belongs to a channel, axis 1 of X; since then it is broadcast from the last axis.
/// The converter leaves it as it is: here it gets the axes behind the channels.
void align_slopes(onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  if (std::none_of(graph.node().begin(), graph.node().end(), is_prelu)) return;
  onnx::shape_inference::InferShapes(model);
  const std::map<std::string, int> ranks = ranks_of(graph);
  const auto rank_of = [&](const std::string& name) {
    const auto found = ranks.find(name);
    return found == ranks.end() ? 0 : found->second;
  };
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    constexpr int kChannels = 2;  // axes up to that of the channels
    if (is_prelu(node) && node.input_size() == 2 && rank_of(node.input(0)) > kChannels && rank_of(node.input(1)) == 1) {
      onnx::NodeProto& aligned = *nodes.Add();
      aligned.set_op_type("Unsqueeze");
      aligned.add_input(node.input(1));
      aligned.add_output(node.output(0) + "/aligned_slope");
      onnx::AttributeProto& axes = *aligned.add_attribute();
      axes.set_name("axes");
      axes.set_type(onnx::AttributeProto::INTS);
      for (int axis = 1; axis + 1 < rank_of(node.input(0)); ++axis) axes.add_ints(axis);
      node.set_input(1, aligned.output(0));
    }
    *nodes.Add() = std::move(node);
  }
  graph.mutable_node()->Swap(&nodes);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int linnet_onnx_interface() { return kLinnetOnnxInterface; }

__attribute__((visibility("default"))) int linnet_onnx_start() {
  return guarded(kTableBytes, nullptr, 0, [] {
    onnx::OpSchemaRegistry::Schema("Relu");
    return kLinnetOnnxDone;
  });
}

__attribute__((visibility("default"))) int linnet_onnx_function_body(const char* domain, const char* op_type, int opset,
                                                                     const void* node_bytes, std::size_t node_size,
                                                                     const LinnetOnnxType* input_types,
                                                                     std::size_t input_count, LinnetOnnxEmit emit,
                                                                     void* context, char* error,
                                                                     std::size_t error_size) {
  return guarded(kQuestionBytes, error, error_size, [&]() -> int {
    const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(op_type, opset, domain);
    if (schema == nullptr || schema->Deprecated()) return kLinnetOnnxUnknownOperator;
    onnx::NodeProto node;
    if (!parse(node, node_bytes, node_size)) {
      set_error(error, error_size, "the node cannot be read");
      return kLinnetOnnxFailed;
    }
    std::vector<onnx::TypeProto> types;
    types.reserve(input_count);
    for (std::size_t i = 0; i < input_count; ++i) types.push_back(type_proto(input_types[i]));
    onnx::FunctionProto function;
    const int status = function_body(*schema, node, opset, types, function);
    if (status != kLinnetOnnxDone) return status;
    add_defaults(function, *schema);
    return emit_proto(function, emit, context, error, error_size);
  });
}

__attribute__((visibility("default"))) int linnet_onnx_convert_version(const void* model_bytes, std::size_t size,
                                                                       int opset, LinnetOnnxEmit emit, void* context,
                                                                       char* error, std::size_t error_size) {
  return guarded(kTableBytes + kCopiesOfModel * size, error, error_size, [&]() -> int {
    onnx::ModelProto model;
    if (!parse(model, model_bytes, size)) {
      set_error(error, error_size, "the model cannot be read");
      return kLinnetOnnxFailed;
    }
    onnx::checker::check_model(model);
    align_slopes(model);
    const onnx::ModelProto converted = onnx::version_conversion::ConvertVersion(model, opset);
    return emit_proto(converted, emit, context, error, error_size);
  });
}

}  // extern "C"
