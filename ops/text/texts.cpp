#include "ops/text/texts.hpp"

namespace linnet::internal {

OpDef text_op(const char* name, int since_opset, InputTable inputs, OutputTable outputs,
              AttributesPtr (*parse)(ParseContext&), void (*infer)(InferContext&),
              Prepared (*prepare)(const PrepareContext&), void (*run)(const RunArguments&)) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = inputs;
  op.outputs = outputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  return op;
}

Prepared prepare_attributes(const PrepareContext& context) { return {context.node().attributes}; }

std::vector<std::string> list_of_strings(ParseContext& context, std::string_view attribute) {
  return context.get_strings(attribute).value_or(std::vector<std::string>());
}

std::vector<std::int64_t> list_of_integers(ParseContext& context, std::string_view attribute) {
  return context.get_ints(attribute).value_or(std::vector<std::int64_t>());
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  const bool whole = text.size() <= kShown;
  return internal::text("\"", printable(text.substr(0, kShown)), whole ? "\"" : "\"...");
}

}  // namespace linnet::internal
