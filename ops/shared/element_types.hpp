// Checks of element types in `infer`.
#pragma once

#include <string>

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Errors: kUnsupported for a type that Linnet cannot hold; kInvalidModel, naming what is allowed, for another one
/// outside `allowed`.
void require_type(const NodeView& node, std::size_t input, const char* name, TypeSet allowed);

/// The element type that an attribute names by its number; kUndefined where it is left out, or 0. Errors: kInvalidModel
/// for a number that is no element type, or an element type outside `allowed`.
DataType parse_element_type(ParseContext& context, const char* attribute, TypeSet allowed);

/// Errors: kInvalidModel when the input's type is not that of input 0.
void require_type_of_first(const NodeView& node, std::size_t input, const char* name, const char* first_name);

/// Implementation::accepts of those that take a float32 input 0 only.
std::string accepts_float32(const NodeView& node);

/// The same for float16 and bfloat16.
std::string accepts_half(const NodeView& node);

/// Output 0 has the type and shape of input 0, X. Errors: those of require_type.
void infer_same_as_first(InferContext& context, TypeSet allowed);

}  // namespace linnet::internal
