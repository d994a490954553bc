#include "ops/movement/copy.hpp"

namespace linnet::internal {
namespace {

struct CopyState {
  std::size_t bytes = 0;
};

Prepared prepare_copy(const PrepareContext& context) {
  auto state = new_shared<CopyState>();
  state->bytes = byte_count(context.output(0).type, context.output_shape(0));
  return {state, 0, 0};
}

void run_copy(const RunArguments& args) {
  copy_bytes(args.control, args.outputs[0], args.inputs[0], static_cast<const CopyState*>(args.state)->bytes);
}

}  // namespace

Implementation copy_implementation() { return {"reference", Backend::kReference, nullptr, prepare_copy, run_copy}; }

}  // namespace linnet::internal
