// Size: the number of elements of data, an int64 scalar. The elements themselves are never read. Opsets 1 to newest.
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  context.set_output(0, {});
  context.set_output_elements(0, {product_of(dims, 0, dims.size())});
}

Prepared prepare(const PrepareContext& context) {
  return {new_shared<const std::int64_t>(element_count(context.input_shape(0))), 0, 0};
}

void run(const RunArguments& args) {
  *static_cast<std::int64_t*>(args.outputs[0]) = *static_cast<const std::int64_t*>(args.state);
}

constexpr InputDef kInputs[] = {{"data", kStoredTypes | kStringType, kShapeOnly}};
constexpr OutputDef kOutputs[] = {{"size", kInt64Type}};

}  // namespace

void register_size(Registry& registry) {
  OpDef op;
  op.name = "Size";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
