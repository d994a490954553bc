// StringSplit: Y (one axis more than X) holds the parts of each text of X, and behind them empty texts up to the
// largest number of parts; Z (int64, the shape of X) how many parts each has. Texts are cut at every `delimiter`, and
// what lies between two of them may be empty. Without one, or with an empty one, they are cut at runs of whitespace
// (ASCII's), and whitespace at both ends is dropped. At most `maxsplit` cuts are made, from the left, and the rest is
// the last part; a negative number sets no limit, as where it is left out. Opsets 20 to newest.
#include <algorithm>

#include "ops/shared/input_tables.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::string_view kWhitespace = " \t\n\v\f\r";

struct SplitAttributes : Attributes {
  std::string delimiter;
  std::int64_t maxsplit = -1;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<SplitAttributes>();
  attributes->delimiter = context.get_string("delimiter", "");
  attributes->maxsplit = context.get_int("maxsplit", -1);
  return attributes;
}

void infer(InferContext& context) {
  Dims dims = context.input_dims(0);
  context.set_output(1, dims);
  dims.push_back(Dim::unknown());
  context.set_output(0, std::move(dims));
}

struct State {
  std::shared_ptr<const SplitAttributes> attributes;
  std::size_t outputs = 0;  ///< of the node
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = std::static_pointer_cast<const SplitAttributes>(context.node().attributes);
  state->outputs = context.output_count();
  return {state};
}

using Parts = std::vector<std::string_view>;

/// At most `cuts` cuts.
void cut_at_whitespace(std::string_view text, std::size_t cuts, Parts& parts) {
  const std::size_t last = text.find_last_not_of(kWhitespace);
  if (last == text.npos) return;
  text = text.substr(0, last + 1);
  for (;; --cuts) {
    text = text.substr(text.find_first_not_of(kWhitespace));
    const std::size_t end = cuts == 0 ? text.npos : text.find_first_of(kWhitespace);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return;
    text = text.substr(end);
  }
}

void cut_at(std::string_view delimiter, std::string_view text, std::size_t cuts, Parts& parts) {
  for (;; --cuts) {
    const std::size_t end = cuts == 0 ? text.npos : text.find(delimiter);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return;
    text = text.substr(end + delimiter.size());
  }
}

void split(const SplitAttributes& attributes, std::string_view text, Parts& parts) {
  const std::size_t cuts = attributes.maxsplit < 0 ? SIZE_MAX : static_cast<std::size_t>(attributes.maxsplit);
  parts.clear();
  if (attributes.delimiter.empty()) {
    cut_at_whitespace(text, cuts, parts);
  } else {
    cut_at(attributes.delimiter, text, cuts, parts);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Held& x = held(args.inputs[0]);
  std::int64_t* counts = nullptr;
  if (state.outputs > 1 && args.outputs[1] != nullptr)
    counts = reinterpret_cast<std::int64_t*>(held(args.outputs[1]).make(DataType::kInt64, x.shape()));
  std::size_t most = 0;
  Parts parts;
  for (const std::string& text : x.strings()) {
    args.control.check();
    split(*state.attributes, text, parts);
    most = std::max(most, parts.size());
    if (counts != nullptr) *counts++ = static_cast<std::int64_t>(parts.size());
  }
  if (args.outputs[0] == nullptr) return;
  Shape shape = x.shape();
  shape.push_back(static_cast<std::int64_t>(most));
  Held& output = held(args.outputs[0]);
  std::string* y = output.make_strings(shape).data();
  for (const std::string& text : x.strings()) {
    args.control.check();
    split(*state.attributes, text, parts);
    parts.resize(most);
    for (const std::string_view part : parts) *y++ = part;
  }
  output.check_budget();
}

constexpr OutputDef kOutputs[] = {{"Y", kStringType}, {"Z", kInt64Type}};

}  // namespace

void register_string_split(Registry& registry) {
  OpDef op = text_op("StringSplit", 20, kOneOfStrings, kOutputs, parse, infer, prepare, run);
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
