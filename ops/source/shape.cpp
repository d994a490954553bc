// Shape: the dimensions of data as a 1-D int64 tensor; from opset 15 those from `start` (default 0) up to, not
// including, `end` (default r). Negative start and end count from the back, and both are clamped to [0,r]. The elements
// of data are never read. Opsets 1 to newest.
#include <algorithm>

#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct ShapeAttributes : Attributes {
  std::int64_t start = 0;
  std::int64_t end = INT64_MAX;
};

AttributesPtr parse_shape(ParseContext& context) {
  auto attributes = new_shared<ShapeAttributes>();
  if (context.opset() >= 15) {
    attributes->start = context.get_int("start", 0);
    attributes->end = context.get_int("end", INT64_MAX);
  }
  return attributes;
}

std::int64_t clamped(std::int64_t position, std::int64_t rank) {
  return std::clamp<std::int64_t>(position < 0 ? position + rank : position, 0, rank);
}

Dims listed_dims(const NodeView& node) {
  const auto& attributes = node.attributes<ShapeAttributes>();
  const Dims& dims = node.input_dims(0);
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::int64_t start = clamped(attributes.start, rank);
  const std::int64_t end = std::max(start, clamped(attributes.end, rank));
  return Dims(dims.begin() + start, dims.begin() + end);
}

void infer_shape(InferContext& context) {
  Dims listed = listed_dims(context);
  context.set_output(0, {static_cast<std::int64_t>(listed.size())});
  context.set_output_elements(0, std::move(listed));
}

Prepared prepare_shape(const PrepareContext& context) {
  return {new_shared<const Shape>(to_shape(listed_dims(context))), 0, 0};
}

void run_shape(const RunArguments& args) {
  const auto& dims = *static_cast<const Shape*>(args.state);
  std::copy(dims.begin(), dims.end(), static_cast<std::int64_t*>(args.outputs[0]));
}

constexpr InputDef kInputs[] = {{"data", kStoredTypes | kStringType, kShapeOnly}};
constexpr OutputDef kOutputs[] = {{"shape", kInt64Type}};

}  // namespace

void register_shape(Registry& registry) {
  OpDef op;
  op.name = "Shape";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_shape;
  op.infer = infer_shape;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_shape, run_shape}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
