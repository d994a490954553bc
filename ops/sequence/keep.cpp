// Keep (of Linnet's own domain): a copy of a value that is no array of numbers, where the output of a graph would be an
// input or a constant of it. The loader puts it there.
#include "ops/sequence/sequences.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) { context.set_output(0, context.input_dims(0)); }

void run(const RunArguments& args) { held(args.outputs[0]).copy(held(args.inputs[0])); }

constexpr InputDef kInputs[] = {{"input", kStoredTypes, kJudgesTypes}};

}  // namespace

void register_keep(Registry& registry) {
  OpDef op;
  op.name = "Keep";
  op.domain = kOwnDomain;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, nullptr, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
