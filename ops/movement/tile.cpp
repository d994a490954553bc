// Tile: output = input repeated repeats[i] times along axis i: output[o...] = input[o[i] % dims[i] ...]. `repeats`
// (int64) has one element, 0 or more, for each axis. Opsets 6 to newest; all types are accepted at every opset.
#include "ops/movement/repeated_elements.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

/// Of a list, the elements again and again.
void tile_elements(InferContext& context) {
  const std::optional<Dims> from = context.input_rank(0) == 1 ? context.input_elements(0) : std::nullopt;
  if (!from) return;
  const Dim count = element_count(context.output(0).dims);
  if (!count.known() || count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  Dims elements;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count.value()); ++i) {
    elements.push_back((*from)[i % from->size()]);
  }
  context.set_output_elements(0, std::move(elements));
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  const auto rank = static_cast<std::int64_t>(dims.size());
  const Dim length = list_length(context, 1, "repeats");
  if (length.differs(rank)) {
    invalid_model("input repeats has ", length, " elements, expected ", rank, ", one for each axis of the input");
  }
  const std::optional<Dims> repeats = context.input_elements(1);
  Dims result;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Dim times = repeats ? (*repeats)[i] : Dim::unknown();
    if (times.known() && times.value() < 0) invalid_model("input repeats is ", *repeats, ", with a negative number");
    result.push_back(product_of({dims[i], times}, 0, 2));
  }
  context.set_output(0, std::move(result));
  if (has_known_elements(context.input_type(0))) tile_elements(context);
}

Prepared prepare(const PrepareContext& context) {
  // Each axis of the output is two: the repetitions, and the input's axis.
  const Shape output = context.output_shape(0);
  const Shape input = context.input_shape(0);
  Shape repeated, once;
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (output[i] != input[i]) {
      repeated.push_back(input[i] == 0 ? 0 : output[i] / input[i]);
      once.push_back(1);
    }
    repeated.push_back(input[i]);
    once.push_back(input[i]);
  }
  return prepare_repeated(context.input_type(0), repeated, once);
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_sizes(1, "how often each axis is repeated");
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}, {"repeats", kInt64Type, kDecidesShapes}};

}  // namespace

void register_tile(Registry& registry) {
  OpDef op;
  op.name = "Tile";
  op.since_opset = 6;
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
