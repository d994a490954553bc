// Unsqueeze: inserts dimensions of size 1, so that they stand at `axes` of the output, whose rank is r + number of
// axes. A view. axes in [-r_out,r_out), in any order, an attribute before opset 13 and input 1 (int64, 1-D) since.
// Opsets 1 to newest. Deviation: negative axes, new in opset 11, are taken at every opset; a 0-D axes input counts as
// one axis.
#include "ops/movement/copy.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

struct UnsqueezeAttributes : Attributes {
  std::optional<std::vector<std::int64_t>> axes;  ///< before opset 13
};

AttributesPtr parse_unsqueeze(ParseContext& context) {
  auto attributes = new_shared<UnsqueezeAttributes>();
  if (context.opset() < 13) {
    if (context.input_count() > 1) invalid_model("input axes exists from opset 13, before it is an attribute");
    attributes->axes = context.get_ints("axes");
    if (!attributes->axes) invalid_model("attribute \"axes\" is missing");
  } else if (context.input_count() < 2) {
    invalid_model("input axes is missing");
  }
  return attributes;
}

void set_unsqueezed(InferContext& context, const std::vector<std::int64_t>& axes) {
  const Dims& dims = context.input_dims(0);
  const std::size_t rank = dims.size() + axes.size();
  check_rank(context, 0, static_cast<std::int64_t>(rank));
  std::vector<bool> inserted(rank, false);
  for (const std::size_t axis : distinct_axes(axes, rank)) inserted[axis] = true;
  Dims result;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < rank; ++axis) result.push_back(inserted[axis] ? Dim(1) : dims[next++]);
  context.set_output(0, std::move(result));
  pass_elements(context);
}

void infer_unsqueeze(InferContext& context) {
  const auto& attributes = context.attributes<UnsqueezeAttributes>();
  if (attributes.axes) {
    set_unsqueezed(context, *attributes.axes);
    return;
  }
  if (!context.has_input(1)) invalid_model("input axes is missing");
  const Dim length = list_length(context, 1, "axes");
  if (const auto axes = context.input_integers(1)) {
    set_unsqueezed(context, *axes);
  } else if (length.known()) {
    std::int64_t rank = 0;
    if (__builtin_add_overflow(length.value(), context.input_rank(0), &rank)) rank = length.value();
    set_output_of_rank(context, 0, rank);
  } else {
    set_output_of_rank(context, 0, Dim::unknown());
  }
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_axes(node, input);
}

constexpr InputDef kInputs[] = {{"data", kStoredTypes}, {"axes", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"expanded", TypeOf{0}}};

}  // namespace

void register_unsqueeze(Registry& registry) {
  OpDef op;
  op.name = "Unsqueeze";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_unsqueeze;
  op.infer = infer_unsqueeze;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_rank;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
