// Where a node stands in the program that the model was exported from, as far as its writer says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// The module that PyTorch's exporter notes with a node: `encoder.layers.0.fc1 (Linear)`, `Net` for the model itself.
/// Empty where nothing is noted, or not in this form. Source: torch/onnx/_internal/exporter/_core.py, the properties
/// pkg.torch.onnx.name_scopes and pkg.torch.onnx.class_hierarchy, lists as Python prints them, outermost first and with
/// the operator itself as last. Errors: kInvalidModel for damaged properties.
std::string layer_name(const std::vector<Span>& metadata_props);

/// The line of the program that PyTorch's exporter notes with a node (pkg.torch.onnx.stack_trace): the innermost frame
/// outside of PyTorch, as `model.py, line 12, in forward`. Empty where nothing is noted. Errors: kInvalidModel for
/// damaged properties.
std::string source_line(const std::vector<Span>& metadata_props);

}  // namespace linnet::internal::onnx
