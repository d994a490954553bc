// StringsToHandles, HandlesToStrings (of Linnet's own domain): what the loader puts before and behind a node that moves
// strings. A handle is good for one run of the graph: nothing keeps it, and no model can name these operators.
#include "ops/text/handles.hpp"

#include "ops/shared/known_input.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

void infer_handles(InferContext& context) { context.set_output(0, context.input_dims(0)); }

void run_handles(const RunArguments& args) {
  auto* handles = static_cast<std::int64_t*>(args.outputs[0]);
  for (const std::string& string : held(args.inputs[0]).strings()) *handles++ = handle_of(string);
}

void infer_strings(InferContext& context) { context.set_output(0, context.input_dims(0)); }

Prepared prepare_strings(const PrepareContext& context) { return {new_shared<KnownInput>(context, 0)}; }

void run_strings(const RunArguments& args) {
  const auto* handles = static_cast<const std::int64_t*>(args.inputs[0]);
  Held& output = held(args.outputs[0]);
  std::size_t bytes = 0;
  for (std::string& string : output.make_strings(static_cast<const KnownInput*>(args.state)->shape)) {
    args.control.check();
    const std::string& from = string_of(*handles++);
    bytes += from.size();
    output.check_budget(bytes);
    string = from;
  }
}

constexpr InputDef kStrings[] = {{"input", kStringType}};

constexpr InputDef kHandles[] = {{"input", kStoredTypes}};
constexpr OutputDef kMadeHandles[] = {{"output", kInt64Type}};
constexpr OutputDef kMadeStrings[] = {{"output", kStringType}};

}  // namespace

void register_strings_to_handles(Registry& registry) {
  OpDef op;
  op.name = "StringsToHandles";
  op.domain = kOwnDomain;
  op.inputs = kStrings;
  op.outputs = kMadeHandles;
  op.parse = parse_nothing;
  op.infer = infer_handles;
  op.implementations = {{"reference", Backend::kReference, nullptr, nullptr, run_handles}};
  op.facts.deterministic = false;  // addresses are not to be folded
  registry.add(std::move(op));
}

void register_handles_to_strings(Registry& registry) {
  OpDef op;
  op.name = "HandlesToStrings";
  op.domain = kOwnDomain;
  op.inputs = kHandles;
  op.outputs = kMadeStrings;
  op.parse = parse_nothing;
  op.infer = infer_strings;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_strings, run_strings}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
