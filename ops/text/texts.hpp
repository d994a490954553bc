// What the operators on strings share.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// What all of them have: a name, an opset, inputs, outputs, and a reference implementation.
OpDef text_op(const char* name, int since_opset, InputTable inputs, OutputTable outputs,
              AttributesPtr (*parse)(ParseContext&), void (*infer)(InferContext&),
              Prepared (*prepare)(const PrepareContext&), void (*run)(const RunArguments&));

/// For `prepare`: all that `run` needs are the attributes.
Prepared prepare_attributes(const PrepareContext& context);

/// The attribute; nothing in it where it is left out.
std::vector<std::string> list_of_strings(ParseContext& context, std::string_view attribute);
std::vector<std::int64_t> list_of_integers(ParseContext& context, std::string_view attribute);

/// A text in quotes for messages, cut short where a model made it long.
std::string quoted(std::string_view text);

}  // namespace linnet::internal
