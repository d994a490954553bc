// ConcatFromSequence: joins the tensors of a sequence along `axis`; with new_axis = 1 along one that they get first, so
// that all have one shape. axis in [-r,r), with new_axis in [-r-1,r]. An empty sequence, and tensors that do not fit,
// are errors of the run. Opsets 11 to newest; types whose elements can be moved one by one, strings.
#include <algorithm>
#include <cstring>

#include "ops/selection/slices.hpp"
#include "ops/sequence/sequences.hpp"
#include "ops/text/texts.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

struct ConcatAttributes : Attributes {
  std::int64_t axis = 0;
  bool new_axis = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ConcatAttributes>();
  attributes->axis = context.require_int("axis");
  const std::int64_t new_axis = context.get_int("new_axis", 0);
  if (new_axis != 0 && new_axis != 1) invalid_model("attribute \"new_axis\" is ", new_axis, ", expected 0 or 1");
  attributes->new_axis = new_axis == 1;
  return attributes;
}

DataType element_type(const NodeView& node, std::size_t) { return type_inside(node.input_type(0)); }

void infer(InferContext& context) {
  require_sequence(context, 0, "input_sequence");
  const DataType type = element_type(context, 0);
  if (!kByteTypes.has(type) && type != DataType::kString)
    unsupported("tensors of ", type, " are joined, of which several elements share a byte");
  context.set_output_unranked(0, type);
}

/// The shape of the whole. Errors: kRuntimeFault.
Shape joined_shape(const std::vector<Held>& items, std::size_t axis, bool new_axis) {
  Shape joined = items.front().shape();
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Shape& shape = items[i].shape();
    bool fits = shape.size() == joined.size();
    for (std::size_t d = 0; fits && d < shape.size(); ++d) fits = shape[d] == joined[d] || (d == axis && !new_axis);
    if (!fits) {
      fail(ErrorCode::kRuntimeFault, "tensor ", i, " of the sequence has the shape ", shape, ", the first one ",
           items.front().shape(), ": they cannot be joined along axis ", axis);
    }
    if (!new_axis && __builtin_add_overflow(joined[axis], shape[axis], &joined[axis]))
      fail(ErrorCode::kRuntimeFault, "the sizes along axis ", axis, " add up to more than 64 bits can count");
  }
  if (new_axis) {
    joined.insert(joined.begin() + static_cast<std::ptrdiff_t>(axis), static_cast<std::int64_t>(items.size()));
  }
  return joined;
}

void run(const RunArguments& args) {
  const auto& attributes = *static_cast<const ConcatAttributes*>(args.state);
  const std::vector<Held>& items = held(args.inputs[0]).items();
  if (items.empty()) fail(ErrorCode::kRuntimeFault, "the sequence is empty: there is nothing to join");
  const auto rank = static_cast<std::int64_t>(items.front().shape().size()) + (attributes.new_axis ? 1 : 0);
  if (attributes.axis < -rank || attributes.axis >= rank) {
    fail(ErrorCode::kRuntimeFault, "axis ", attributes.axis, " is outside [", -rank, ",", rank - 1, "] for tensors of ",
         items.front().shape());
  }
  const auto axis = static_cast<std::size_t>(attributes.axis < 0 ? attributes.axis + rank : attributes.axis);
  const Shape shape = joined_shape(items, axis, attributes.new_axis);
  const DataType type = items.front().type();
  const bool strings = type == DataType::kString;
  Held& output = held(args.outputs[0]);
  std::byte* bytes = nullptr;
  if (strings) {
    output.make_strings(shape);
  } else {
    bytes = output.make(type, shape);
  }
  const std::size_t size = strings ? 1 : size_of(type);
  const Slices whole(shape, static_cast<std::int64_t>(axis));
  if (whole.outer == 0) return;
  std::size_t place = 0;  // in elements
  const std::size_t whole_row = whole.size * whole.inner;
  for (const Held& item : items) {
    args.control.check();
    const std::size_t row = static_cast<std::size_t>(element_count(item.shape())) / whole.outer;
    for (std::size_t i = 0; i < whole.outer && row > 0; ++i) {
      const std::size_t to = i * whole_row + place;
      if (strings) {
        const auto from = item.strings().begin() + static_cast<std::ptrdiff_t>(i * row);
        std::copy(from, from + static_cast<std::ptrdiff_t>(row),
                  output.strings().begin() + static_cast<std::ptrdiff_t>(to));
      } else {
        std::memcpy(bytes + to * size, item.data() + i * row * size, row * size);
      }
    }
    place += row;
  }
  output.check_budget();
}

constexpr InputDef kInputs[] = {{"input_sequence", kStoredTypes, kJudgesTypes}};
constexpr OutputDef kOutputs[] = {{"concat_result", kStoredTypes, kJudgesTypes}};

}  // namespace

void register_concat_from_sequence(Registry& registry) {
  OpDef op;
  op.name = "ConcatFromSequence";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = element_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_attributes, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
