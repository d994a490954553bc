// What only ONNX's own library knows: definitions of operators through others, and conversion from old operator sets.
// It lives in a module that is opened at the first question.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/mapped_file.hpp"
#include "runtime/graph.hpp"

namespace linnet::internal::onnx {

struct FunctionBody {
  std::shared_ptr<const MappedFile> bytes;  ///< a serialized FunctionProto; null when there is none
  std::string reason;                       ///< then: why not
  bool needs_types = false;                 ///< then: more may be known once the types of all inputs are
};

/// How ONNX defines the operator through others, for this node (a serialized NodeProto without attribute references).
/// Thread-safe. Errors: std::bad_alloc.
FunctionBody find_function_body(const std::string& domain, const std::string& op_type, int opset, std::string_view node,
                                const std::vector<TensorType>& input_types);

/// The model (a serialized ModelProto) with ONNX's own operator set at `opset`. Thread-safe.
/// Errors: kUnsupported without the module, or when ONNX cannot convert the model; std::bad_alloc.
std::shared_ptr<const MappedFile> convert_to_opset(const MappedFile& model, int opset);

}  // namespace linnet::internal::onnx
