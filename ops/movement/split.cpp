// Split: cuts input along `axis` into its outputs, one after the other. Their sizes are `split`: an attribute before
// opset 13, from then on input 1 (int64, 1-D); without it the parts are equal. From opset 18 num_outputs says how many
// there are if `split` does not, and the last part may be smaller. axis in [-r,r), 0 by default. Opsets 2 to newest.
// Deviations: a negative axis, new in opset 11, is taken at every opset; num_outputs may be left out; strings are not
// supported.
#include <algorithm>

#include "ops/movement/strided_copy.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

struct SplitAttributes : Attributes {
  std::int64_t axis = 0;
  std::optional<std::vector<std::int64_t>> sizes;  ///< before opset 13
  bool last_may_be_smaller = false;                ///< from opset 18
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<SplitAttributes>();
  attributes->axis = context.get_int("axis", 0);
  const int opset = context.opset();
  const auto outputs = static_cast<std::int64_t>(context.output_count());
  if (opset < 13) {
    if (context.input_count() > 1) invalid_model("input split exists from opset 13, before it is an attribute");
    attributes->sizes = context.get_ints("split");
  }
  if (opset < 18) return attributes;
  attributes->last_may_be_smaller = true;
  const bool counted = context.has("num_outputs");
  const bool given = context.input_count() > 1;
  if (counted && given) invalid_model("both input split and attribute \"num_outputs\" are given");
  const std::int64_t count = context.get_int("num_outputs", outputs);
  if (count != outputs) invalid_model("num_outputs is ", count, ", but there are ", outputs, " outputs");
  return attributes;
}

/// Errors: kInvalidModel when the sizes are not those of the parts of a dimension.
void check_sizes(const Dims& sizes, Dim dim, std::size_t outputs) {
  if (sizes.size() != outputs)
    invalid_model("split has ", sizes.size(), " elements, but there are ", outputs, " outputs");
  std::int64_t sum = 0;
  for (const Dim size : sizes) {
    if (!size.known()) return;
    if (size.value() < 0) invalid_model("split is ", sizes, ", with a negative size");
    if (__builtin_add_overflow(sum, size.value(), &sum)) invalid_model("split is ", sizes, ", which is too large");
  }
  if (dim.differs(sum)) invalid_model("split ", sizes, " adds up to ", sum, ", but the dimension is ", dim);
}

Dims equal_sizes(Dim dim, std::size_t outputs, bool last_may_be_smaller) {
  if (outputs == 1) return {dim};
  if (!dim.known()) return Dims(outputs);
  const auto count = static_cast<std::int64_t>(outputs);
  if (dim.value() % count != 0 && !last_may_be_smaller) {
    invalid_model("dimension ", dim, " cannot be split into ", outputs, " equal parts");
  }
  const std::int64_t size = dim.value() / count + (dim.value() % count != 0 ? 1 : 0);
  Dims sizes(outputs, Dim(size));
  const std::int64_t last = dim.value() - size * (count - 1);
  if (last < 0) invalid_model("dimension ", dim, " cannot be split into ", outputs, " parts of ", size);
  sizes.back() = last;
  return sizes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<SplitAttributes>().axis, node.input_rank(0)));
}

/// Of each output, as far as known.
Dims sizes_of(const NodeView& node) {
  const auto& attributes = node.attributes<SplitAttributes>();
  const Dim dim = node.input_dims(0)[axis_of(node)];
  const std::size_t outputs = node.output_count();
  if (!attributes.sizes && !node.has_input(1)) return equal_sizes(dim, outputs, attributes.last_may_be_smaller);
  Dims sizes(outputs);
  if (attributes.sizes) {
    sizes = to_dims(*attributes.sizes);
  } else if (const std::optional<Dims> elements = node.input_elements(1)) {
    sizes = *elements;
  }
  check_sizes(sizes, dim, outputs);
  return sizes;
}

/// Of an input that is one row.
void split_elements(InferContext& context, const Dims& sizes) {
  const std::optional<Dims> elements = context.input_elements(0);
  if (!elements || context.input_rank(0) != 1 || !all_known(sizes)) return;
  // Of a dimension that is not known, nobody has checked what the sizes add up to.
  check_sizes(sizes, static_cast<std::int64_t>(elements->size()), sizes.size());
  auto first = elements->begin();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto last = first + sizes[i].value();
    context.set_output_elements(i, Dims(first, last));
    first = last;
  }
}

void infer(InferContext& context) {
  if (context.has_input(1)) {
    const Dim length = list_length(context, 1, "split");
    if (length.differs(static_cast<std::int64_t>(context.output_count()))) {
      invalid_model("split has ", length, " elements, but there are ", context.output_count(), " outputs");
    }
  }
  const std::size_t axis = axis_of(context);
  const Dims sizes = sizes_of(context);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Dims dims = context.input_dims(0);
    dims[axis] = sizes[i];
    context.set_output(i, std::move(dims));
  }
  split_elements(context, sizes);
}

/// One for each output that the node has.
struct Part {
  std::size_t output;
  StridedCopy copy;
};

Prepared prepare(const PrepareContext& context) {
  auto parts = new_shared<std::vector<Part>>();
  const std::size_t axis = axis_of(context);
  const Dims sizes = sizes_of(context);
  const Shape input = context.input_shape(0);
  const std::vector<std::int64_t> strides =
      element_count(input) == 0 ? std::vector<std::int64_t>(input.size(), 0) : row_major_strides(input);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Shape shape = input;
    shape[axis] = sizes[i].value();
    if (context.has_output(i)) {
      parts->push_back({i, make_strided_copy(size_of(context.input_type(0)), shape, strides, offset)});
    }
    offset += sizes[i].value() * strides[axis];
  }
  return {std::move(parts), 0, 0};
}

void run(const RunArguments& args) {
  for (const Part& part : *static_cast<const std::vector<Part>*>(args.state)) {
    run_strided_copy(args.control, part.copy, args.inputs[0], args.outputs[part.output]);
  }
}

/// Parts as equal as can be.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  std::vector<std::int64_t> sizes(node.output_count(), 0);
  const Dim dim = node.input_dims(0)[axis_of(node)];
  if (!dim.known() || sizes.empty()) return wanted_sizes(0, "the sizes of the parts");
  const auto count = static_cast<std::int64_t>(sizes.size());
  for (std::int64_t i = 0; i < count; ++i)
    sizes[static_cast<std::size_t>(i)] = dim.value() / count + (i < dim.value() % count ? 1 : 0);
  return wanted_list(std::move(sizes), "the sizes of the parts");
}

std::optional<ChannelsLast> channels_last(const NodeView& node) {
  return turned<SplitAttributes>(node, [&](SplitAttributes& attributes) {
    attributes.axis = channels_last_axis(attributes.axis, node.input_rank(0));
  });
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}, {"split", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"", TypeOf{0}, kRepeated}};

}  // namespace

void register_split(Registry& registry) {
  OpDef op;
  op.name = "Split";
  op.since_opset = 2;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  op.facts.channels_last = channels_last;
  op.facts.is_identity = [](const NodeView& node) { return node.output_count() == 1 && keeps_shape(node); };
  registry.add(std::move(op));
}

}  // namespace linnet::internal
