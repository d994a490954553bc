// Expand: output = input repeated to the shape that its own and `shape` (int64, 1-D) broadcast to, as NumPy has it: a 1
// in `shape` keeps the input's dimension. Opsets 8 to newest; bfloat16 (from 13) is accepted at every opset.
#include "ops/movement/repeated_elements.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

/// Where the output has the input's elements in the same order, or one element again and again. Other outputs hardly
/// describe shapes.
void expand_elements(InferContext& context) {
  const std::optional<Dims> from = context.input_elements(0);
  const Dim count = element_count(context.output(0).dims);
  if (!from || !count.known() || count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  const auto size = static_cast<std::size_t>(count.value());
  if (from->size() == size) return pass_elements(context);
  if (from->size() == 1) context.set_output_elements(0, Dims(size, from->front()));
}

void infer(InferContext& context) {
  const Dim length = list_length(context, 1, "shape");
  const DataType type = context.input_type(0);
  const Dims& dims = context.input_dims(0);
  const std::optional<Dims> shape = context.input_elements(1);
  if (!shape) {
    const auto rank = static_cast<std::int64_t>(dims.size());
    set_output_of_rank(context, 0, length.known() ? Dim(std::max(rank, length.value())) : Dim::unknown());
    return;
  }
  check_rank(context, 0, static_cast<std::int64_t>(shape->size()));
  for (const Dim dim : *shape) {
    if (dim.known() && dim.value() < 0) invalid_model("input shape is ", *shape, ", with a negative dimension");
  }
  context.set_output(0, broadcast(dims, *shape));
  if (has_known_elements(type)) expand_elements(context);
}

Prepared prepare(const PrepareContext& context) {
  return prepare_repeated(context.input_type(0), context.output_shape(0), context.input_shape(0));
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_sizes(1, "the shape to expand to; 1 keeps a dimension");
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}, {"shape", kInt64Type, kDecidesShapes}};

}  // namespace

void register_expand(Registry& registry) {
  OpDef op;
  op.name = "Expand";
  op.since_opset = 8;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run_repeated}};
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_shape;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
