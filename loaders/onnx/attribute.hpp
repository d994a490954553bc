// AttributeProto -> NamedAttribute.
#pragma once

#include "loaders/onnx/tensor.hpp"
#include "runtime/op.hpp"

namespace linnet::internal::onnx {

/// What the attribute holds: its declared type, or that of its only field when it declares none.
/// Errors: kInvalidModel when the fields contradict the type, or are several.
AttributeType type_of(const AttributeProto& attribute);

/// The attribute under `name`. Subgraphs and other kinds that no operator reads become OpaqueAttribute.
/// Errors: those of type_of and of read_tensor, prefixed with the attribute's name.
NamedAttribute read_attribute(const AttributeProto& attribute, std::string_view name, const TensorSource& source);

}  // namespace linnet::internal::onnx
