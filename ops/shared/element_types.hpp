// Checks of element types in `infer`.
#pragma once

#include <string>

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The element type that an attribute names by its number; kUndefined where it is left out, or 0. Errors: kInvalidModel
/// for a number that is no element type, or an element type outside `allowed`.
DataType parse_element_type(ParseContext& context, const char* attribute, TypeSet allowed);

/// Implementation::accepts of those that take a float32 input 0 only.
std::string accepts_float32(const NodeView& node);

/// The same for float16 and bfloat16.
std::string accepts_half(const NodeView& node);

/// Output 0 has the type and shape of input 0.
void infer_like_first(InferContext& context);

}  // namespace linnet::internal
