// Functions as text: a line of nodes, each with a semicolon behind it.
//
//   s = Add(A, B); C = Gelu<approximate="tanh">(s);
//
// An operator of another domain than ONNX's has that before it: linnet:ScaledDotProductAttention. A name that is left
// out is an input or output left out. An attribute is an integer, a float (with a point, or inf), a string
// in quotes, a list of integers in brackets, an integer or float attribute of the call with its default, @alpha:1.0, or
// its list of floats, @@scale, which must be there.
#pragma once

#include <string>
#include <string_view>

#include "runtime/op.hpp"

namespace linnet::internal::onnx {

/// The NodeProtos as fields of a FunctionProto. `attributes`: of the call. Requires: text as above.
std::string nodes_of_text(std::string_view nodes, ParseContext& attributes);

}  // namespace linnet::internal::onnx
