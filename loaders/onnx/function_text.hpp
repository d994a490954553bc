// Functions as text: a line of nodes, each with a semicolon behind it.
//
//   s = Add(A, B); C = Gelu<approximate="tanh">(s); D = Reshape(C, [0,-1]); E = D;
//
// A number or a list of numbers among the inputs is a Constant, a name alone an Identity. An operator of another
// domain than ONNX's has that before it: linnet:ScaledDotProductAttention. A name that is left out is an input or
// output left out. An attribute is one of
//
//   3, 0.5, inf, -1.e-5    an integer; a float, which has a point
//   "tanh", [1,2], [0.5]   a string; a list of integers; one of floats, each of which has a point
//   @alpha:1.0, @axis:-1   a float or integer attribute of the call, with its default
//   @@scale                a list of floats of the call, which must be there
//   &dims                  what dims is in the call, whatever its type, and left out where that is left out;
//                          &pads alone is short for pads=&pads
//   ^a,b:c:c=Add(a,b);^    a graph: inputs, outputs, nodes
//
// What depends on the call is chosen before:
//
//   {3?s=Add(x,bias);|s=Identity(x);}   the first where input 3 is given, else the second; they may hold others
//   {count<2?...|...}                   where the integer attribute, 0 if it is left out, or the number is less
//   {mode=fast?...|...}                 where the string attribute, empty if it is left out, is that
//   !3;                                 input 3 must be given
//   !normalized=0;                      the integer attribute must be that, or left out
//   !mode=fast,slow;                    the string attribute must be one of them; left out, it counts as the first
//   $< $>                               orders of axes, for input 0: that make the last axis the second, and back
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "loaders/onnx/own_functions.hpp"

namespace linnet::internal::onnx {

/// The pattern, in which %a, %b, ... stand for the numbers.
std::string numbered(std::string_view pattern, std::initializer_list<std::int64_t> numbers);

/// The NodeProtos as fields of a FunctionProto. Requires: text as above. Errors: kUnsupported.
std::string nodes_of_text(std::string_view nodes, const OwnCall& call);

}  // namespace linnet::internal::onnx
