// Slice: along each axis named, the elements start, start+step, ... before end, as Python's data[start:end:step] has
// it.
//   Negative start and end count from the back, and both are clamped to what the step can reach: [0,size], for a
//   negative step [-1,size-1]. opset 1: starts, ends, axes (default 0,1,...) are attributes; opset 10: they and steps
//   (default 1, not 0) are inputs 1 to 4 (int32 or int64, 1-D).
// Opsets 1 to newest. Deviation: negative axes, new in opset 11, are taken at every opset; an axis named twice is an
// error.
#include <algorithm>

#include "ops/movement/strided_copy.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

struct SliceAttributes : Attributes {
  bool from_inputs = true;
  std::vector<std::int64_t> starts, ends;
  std::optional<std::vector<std::int64_t>> axes;
};

AttributesPtr parse_slice(ParseContext& context) {
  auto attributes = new_shared<SliceAttributes>();
  if (context.opset() >= 10) {
    if (context.input_count() < 3) invalid_model("inputs starts and ends are missing");
    return attributes;
  }
  if (context.input_count() > 1)
    invalid_model("starts, ends and axes are inputs from opset 10, before they are attributes");
  const auto starts = context.get_ints("starts");
  const auto ends = context.get_ints("ends");
  if (!starts) invalid_model("attribute \"starts\" is missing");
  if (!ends) invalid_model("attribute \"ends\" is missing");
  attributes->from_inputs = false;
  attributes->starts = *starts;
  attributes->ends = *ends;
  attributes->axes = context.get_ints("axes");
  return attributes;
}

/// What happens along one axis; unknown where the model does not say before the run.
struct Range {
  Dim start = 0;
  Dim end = INT64_MAX;
  Dim step = 1;
};

/// The elements of a list input, unknown ones where they are not known. Nothing when not even their number is.
std::optional<Dims> list_input(const NodeView& node, std::size_t input, const char* name) {
  const Dim length = list_length(node, input, name);
  if (std::optional<Dims> elements = node.input_elements(input)) return elements;
  if (!length.known()) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(node.input_rank(0));
  if (length.value() > rank) invalid_model("input ", name, " has ", length, " elements, but the rank is ", rank);
  return Dims(static_cast<std::size_t>(length.value()));
}

/// The four lists, all of one length.
struct Lists {
  Dims starts, ends, axes, steps;
};

/// Nothing when their length is not known. Errors: kInvalidModel when lengths differ.
std::optional<Lists> lists_of(const NodeView& node) {
  const auto& attributes = node.attributes<SliceAttributes>();
  if (attributes.starts.size() > node.input_rank(0)) {
    invalid_model("starts has ", attributes.starts.size(), " elements, but the rank is ", node.input_rank(0));
  }
  std::optional<Dims> starts = to_dims(attributes.starts);
  std::optional<Dims> ends = to_dims(attributes.ends);
  std::optional<Dims> axes;
  std::optional<Dims> steps;
  bool axes_given = attributes.axes.has_value();
  bool steps_given = false;
  if (attributes.axes) axes = to_dims(*attributes.axes);
  if (attributes.from_inputs) {
    if (!node.has_input(1)) invalid_model("input starts is missing");
    if (!node.has_input(2)) invalid_model("input ends is missing");
    axes_given = node.has_input(3);
    steps_given = node.has_input(4);
    starts = list_input(node, 1, "starts");
    ends = list_input(node, 2, "ends");
    if (axes_given) axes = list_input(node, 3, "axes");
    if (steps_given) steps = list_input(node, 4, "steps");
  }
  if (!starts || !ends || (axes_given && !axes) || (steps_given && !steps)) return std::nullopt;
  if (!axes) {
    axes.emplace();
    for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  if (!steps) steps = Dims(starts->size(), Dim(1));
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size()) {
    invalid_model("starts, ends, axes and steps have ", starts->size(), ", ", ends->size(), ", ", axes->size(), " and ",
                  steps->size(), " elements, expected as many of each");
  }
  return Lists{*starts, *ends, *axes, *steps};
}

/// One range per axis of data; nothing when it is not known which axes are cut.
std::optional<std::vector<Range>> ranges_of(const NodeView& node) {
  const std::optional<Lists> lists = lists_of(node);
  if (!lists || !all_known(lists->axes)) return std::nullopt;
  const std::size_t rank = node.input_rank(0);
  const std::vector<std::size_t> axes = distinct_axes(to_shape(lists->axes), rank);
  std::vector<Range> ranges(rank);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (lists->steps[i].is(0)) invalid_model("the step along axis ", axes[i], " is 0");
    ranges[axes[i]] = {lists->starts[i], lists->ends[i], lists->steps[i]};
  }
  return ranges;
}

/// Where a range begins in a dimension of known size, and how many elements it takes.
struct Extent {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

Extent extent_of(std::int64_t size, std::int64_t start, std::int64_t end, std::int64_t step) {
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? size : size - 1;
  const std::int64_t first = std::clamp(start < 0 ? start + size : start, lowest, highest);
  const std::int64_t last = std::clamp(end < 0 ? end + size : end, lowest, highest);
  const std::int64_t distance = step > 0 ? last - first : first - last;
  if (distance <= 0) return {0, 0};
  const std::uint64_t pace =
      step > 0 ? static_cast<std::uint64_t>(step) : std::uint64_t{0} - static_cast<std::uint64_t>(step);
  return {first, static_cast<std::int64_t>((static_cast<std::uint64_t>(distance) - 1) / pace) + 1};
}

bool takes_all(Dim size, const Range& range) {
  if (range.step.is(1))
    return range.start.is(0) && (range.end.is(INT64_MAX) || (range.end.is_symbol() && range.end.same(size)));
  return range.step.is(-1) && range.start.is(-1) && range.end.is(INT64_MIN);
}

Dim sliced(Dim size, const Range& range) {
  const bool numbers = range.start.known() && range.end.known() && range.step.known();
  if (size.known() && numbers)
    return extent_of(size.value(), range.start.value(), range.end.value(), range.step.value()).count;
  if (size.is(0)) return 0;
  if (takes_all(size, range)) return size;
  const bool first_of_some = size.known() && range.start.is(0) && range.step.is(1) && range.end.is_symbol();
  return first_of_some ? at_most(range.end, size.value()) : Dim::unknown();
}

/// Elements of a 1-D list of dimensions.
void cut_elements(InferContext& context, const Range& range) {
  const std::optional<Dims> from = context.input_elements(0);
  if (!from || !range.start.known() || !range.end.known() || !range.step.known()) return;
  const Extent extent =
      extent_of(static_cast<std::int64_t>(from->size()), range.start.value(), range.end.value(), range.step.value());
  Dims cut;
  for (std::int64_t i = 0; i < extent.count; ++i)
    cut.push_back((*from)[static_cast<std::size_t>(extent.first + i * range.step.value())]);
  context.set_output_elements(0, std::move(cut));
}

void infer_slice(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.empty()) invalid_model("input data is a scalar, expected rank 1 or more");
  const std::optional<std::vector<Range>> ranges = ranges_of(context);
  if (!ranges) {
    context.set_output(0, Dims(dims.size()));
    return;
  }
  Dims result;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) result.push_back(sliced(dims[axis], (*ranges)[axis]));
  context.set_output(0, std::move(result));
  if (dims.size() == 1) cut_elements(context, (*ranges)[0]);
}

bool keeps_all(const NodeView& node) {
  const std::optional<std::vector<Range>> ranges = ranges_of(node);
  return ranges && keeps_shape(node) && std::all_of(ranges->begin(), ranges->end(), [](const Range& range) {
           return range.step.known() && range.step.value() > 0;
         });
}

Prepared prepare_slice(const PrepareContext& context) {
  if (element_count(context.output_shape(0)) == 0) return {new_shared<const StridedCopy>(), 0, 0};
  const Shape shape = context.input_shape(0);
  const std::vector<std::int64_t> strides = row_major_strides(shape);
  const std::vector<Range> ranges = *ranges_of(context);
  std::vector<std::int64_t> steps(shape.size(), 0);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const Range& range = ranges[axis];
    const Extent extent = extent_of(shape[axis], range.start.value(), range.end.value(), range.step.value());
    offset += extent.first * strides[axis];
    if (extent.count > 1) steps[axis] = range.step.value() * strides[axis];
  }
  const StridedCopy copy = make_strided_copy(size_of(context.input_type(0)), context.output_shape(0), steps, offset);
  return {new_shared<const StridedCopy>(copy), 0, 0};
}

void run_slice(const RunArguments& args) {
  run_strided_copy(args.control, *static_cast<const StridedCopy*>(args.state), args.inputs[0], args.outputs[0]);
}

/// Those that keep everything.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input == 0) return std::nullopt;
  if (input == 3) return wanted_axes(node, input);
  const std::int64_t end = node.input_type(input) == DataType::kInt32 ? INT32_MAX : INT64_MAX;
  const std::int64_t element = input == 1 ? 0 : input == 2 ? end : 1;
  return wanted_list(std::vector<std::int64_t>(length_of(node, input), element), input == 1   ? "where a slice starts"
                                                                                 : input == 2 ? "where a slice ends"
                                                                                              : "the steps of a slice");
}

constexpr InputDef kInputs[] = {
    {"data", kByteTypes, kMoved},
    {"starts", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
    {"ends", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
    {"axes", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
    {"steps", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
};

}  // namespace

void register_slice(Registry& registry) {
  OpDef op;
  op.name = "Slice";
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_slice;
  op.infer = infer_slice;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_slice, run_slice}};
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_all;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
