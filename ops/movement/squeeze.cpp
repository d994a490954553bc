// Squeeze: removes dimensions of size 1: those that `axes` names, or all of them. A view.
// axes in [-r,r), an attribute before opset 13 and input 1 (int64, 1-D) since. Opsets 1 to newest.
// Deviation: negative axes, new in opset 11, are taken at every opset; an axis named twice is an error.
#include <algorithm>
#include <iterator>

#include "ops/movement/copy.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

struct SqueezeAttributes : Attributes {
  std::optional<std::vector<std::int64_t>> axes;
};

AttributesPtr parse_squeeze(ParseContext& context) {
  auto attributes = new_shared<SqueezeAttributes>();
  if (context.opset() < 13) {
    if (context.input_count() > 1) invalid_model("input axes exists from opset 13, before it is an attribute");
    attributes->axes = context.get_ints("axes");
    if (attributes->axes && attributes->axes->empty()) attributes->axes.reset();
  }
  return attributes;
}

void set_squeezed(InferContext& context, const std::vector<std::int64_t>& axes) {
  const Dims& dims = context.input_dims(0);
  std::vector<bool> removed(dims.size(), false);
  for (const std::size_t axis : distinct_axes(axes, dims.size())) {
    if (dims[axis].differs(1))
      invalid_model("axis ", axis, " of shape ", dims, " has size ", dims[axis], ", expected 1");
    removed[axis] = true;
  }
  Dims kept;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (!removed[axis]) kept.push_back(dims[axis]);
  }
  context.set_output(0, std::move(kept));
  pass_elements(context);
}

void squeeze_all(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (!all_known(dims)) {
    set_output_of_rank(context, 0, Dim::unknown());
    return;
  }
  Dims kept;
  std::copy_if(dims.begin(), dims.end(), std::back_inserter(kept), [](Dim dim) { return !dim.is(1); });
  context.set_output(0, std::move(kept));
  pass_elements(context);
}

void infer_squeeze(InferContext& context) {
  const auto& attributes = context.attributes<SqueezeAttributes>();
  if (attributes.axes) {
    set_squeezed(context, *attributes.axes);
  } else if (!context.has_input(1)) {
    squeeze_all(context);
  } else {
    const Dim length = list_length(context, 1, "axes");
    const auto rank = static_cast<std::int64_t>(context.input_rank(0));
    if (length.known() && length.value() > rank)
      invalid_model(length.value(), " axes are named, but the rank is ", rank);
    if (const auto axes = context.input_integers(1)) {
      set_squeezed(context, *axes);
    } else {
      set_output_of_rank(context, 0, length.known() ? Dim(rank - length.value()) : Dim());
    }
  }
}

/// The first axes of size 1.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  WantedElements wanted = wanted_axes(node, 1);
  const Dims& dims = node.input_dims(0);
  std::size_t found = 0;
  for (std::size_t axis = 0; axis < dims.size() && found < wanted.elements.size(); ++axis) {
    if (dims[axis].is(1)) wanted.elements[found++] = static_cast<std::int64_t>(axis);
  }
  return wanted;
}

constexpr InputDef kInputs[] = {{"data", kStoredTypes}, {"axes", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"squeezed", TypeOf{0}}};

}  // namespace

void register_squeeze(Registry& registry) {
  OpDef op;
  op.name = "Squeeze";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_squeeze;
  op.infer = infer_squeeze;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_rank;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
