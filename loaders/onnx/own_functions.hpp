// Operators that ONNX neither has nor defines through others, or not in every form, written with operators of ONNX:
// what optimisers of models put in their place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loaders/onnx/proto.hpp"
#include "runtime/op.hpp"

namespace linnet::internal::onnx {

/// No definition has more inputs.
inline constexpr std::size_t kMostOwnInputs = 21;

/// A node that a definition is looked for. Borrows.
struct OwnCall {
  const NodeProto& node;
  ParseContext& attributes;
  const std::vector<NamedAttribute>& values;  ///< what `attributes` reads
  const std::vector<TensorType>& inputs;      ///< kUndefined for one left out or not known

  bool has_input(std::size_t index) const { return index < node.inputs.size() && !node.inputs[index].empty(); }
  bool has_output(std::size_t index) const { return index < node.outputs.size() && !node.outputs[index].empty(); }
};

/// Whether there is one in some form.
bool has_own_function(std::string_view domain, std::string_view op_type);

/// A serialized FunctionProto that does what the node does; it has the node's attributes as parameters, and means none.
/// Requires: has_own_function. Errors: kUnsupported, kInvalidModel.
std::string own_function(const OwnCall& call);

}  // namespace linnet::internal::onnx
