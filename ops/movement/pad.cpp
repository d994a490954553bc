// Pad: adds elements before and after data along its axes, as many as `pads` [first axis begin, ..., first axis end,
// ...] says; a negative number of them takes elements away, before anything is added. What is added, by `mode`:
//   constant (default): constant_value (default 0); edge: the outermost element; reflect: the elements mirrored at the
//   outermost one, to and fro where the pad is longer; wrap (from 19): the elements again from the other end.
// pads and value are attributes before opset 11 and inputs 1 and 2 (one element) from then on; input 3 (from 18) names
// the axes that pads is for, default all. Opsets 2 to newest; all types are accepted at every opset that has the
// inputs.
#include <algorithm>
#include <cstring>

#include "ops/shared/chunks.hpp"
#include "ops/shared/float_scalar.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 1.0;  // ns per element

enum class PadMode { kConstant, kEdge, kReflect, kWrap };

struct PadAttributes : ZeroPadAttributes {
  PadMode mode = PadMode::kConstant;
  bool from_inputs = true;
  std::vector<std::int64_t> pads;  ///< before opset 11
  float value = 0;
  bool channels_last = false;  ///< of data, an image; pads and axes are those with channels first

  std::optional<std::vector<std::int64_t>> zero_pads(const NodeView& node) const override;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<PadAttributes>();
  const std::string mode = context.get_string("mode", "constant");
  if (mode == "edge") {
    attributes->mode = PadMode::kEdge;
  } else if (mode == "reflect") {
    attributes->mode = PadMode::kReflect;
  } else if (mode == "wrap" && context.opset() >= 19) {
    attributes->mode = PadMode::kWrap;
  } else if (mode != "constant") {
    invalid_model("mode is \"", printable(mode), "\", which opset ", context.opset(), " does not have");
  }
  if (context.opset() < 11) {
    if (context.input_count() > 1) invalid_model("pads are an input from opset 11, before they are an attribute");
    const auto pads = context.get_ints("pads");
    if (!pads) invalid_model("attribute \"pads\" is missing");
    attributes->from_inputs = false;
    attributes->pads = *pads;
    attributes->value = context.get_float("value", 0);
  }
  return attributes;
}

/// How many elements are added along an axis.
struct Pads {
  Dim before = 0;
  Dim after = 0;
};

/// By axis of data; nothing when it is not known which axes are padded. Errors: kInvalidModel for wrong axes and for
/// another number of pads.
std::optional<std::vector<Pads>> pads_of(const NodeView& node) {
  const auto& attributes = node.attributes<PadAttributes>();
  const std::size_t rank = node.input_rank(0);
  std::vector<std::size_t> axes(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) axes[axis] = axis;
  if (node.has_input(3)) {
    const std::optional<std::vector<std::int64_t>> given = node.input_integers(3);
    if (!given) return std::nullopt;
    axes = distinct_axes(*given, rank);
  }
  Dims numbers(2 * axes.size());
  if (!attributes.from_inputs) {
    numbers = to_dims(attributes.pads);
  } else {
    const Dim length = list_length(node, 1, "pads");
    if (length.differs(static_cast<std::int64_t>(numbers.size()))) {
      invalid_model("pads has ", length, " elements, expected ", numbers.size(), " for ", axes.size(), " axes");
    }
    if (const std::optional<Dims> elements = node.input_elements(1)) numbers = *elements;
  }
  if (numbers.size() != 2 * axes.size()) {
    invalid_model("pads has ", numbers.size(), " elements, expected ", 2 * axes.size(), " for ", axes.size(), " axes");
  }
  std::vector<Pads> pads(rank);
  for (std::size_t i = 0; i < axes.size(); ++i) pads[axes[i]] = {numbers[i], numbers[axes.size() + i]};
  if (attributes.channels_last) pads = to_channels_last(std::move(pads));
  return pads;
}

/// Neighbours along an axis of the output that are made alike: they lie `step` apart in data, from `source` on.
struct Run {
  std::int64_t source = -1;  ///< -1: the constant
  std::int64_t step = 0;     ///< -1, 0 or 1
  std::int64_t count = 0;
};

/// One axis of the output, of which the elements [before, before + kept) are those of data from `first` on.
struct Axis {
  std::int64_t size = 1;
  std::int64_t before = 0, kept = 1, first = 0;
  std::int64_t stride = 1;  ///< of data, in elements

  /// From `index` on, which is below `size`; it may go on behind the end.
  Run run(PadMode mode, std::int64_t index) const {
    std::int64_t place = index - before;
    if (place >= 0 && place < kept) return {first + place, 1, kept - place};
    const std::int64_t left = place < 0 ? -place : size - index;
    if (mode == PadMode::kConstant) return {-1, 0, left};
    if (mode == PadMode::kEdge || kept == 1) return {first + (place < 0 ? 0 : kept - 1), 0, left};
    const std::int64_t period = mode == PadMode::kWrap ? kept : 2 * (kept - 1);
    if (place < -period || place >= period) place %= period;
    if (place < 0) place += period;
    if (place < kept) return {first + place, 1, std::min(left, kept - place)};
    return {first + (period - place), -1, std::min(left, period - place)};
  }
};

/// Errors: kInvalidModel when more is taken away than there is, or nothing is there to repeat.
Axis axis_of(std::int64_t size, std::int64_t before, std::int64_t after, PadMode mode) {
  Axis axis;
  const bool one_takes_too_much = before < -size || after < -size;
  axis.kept = one_takes_too_much ? -1 : size + std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0);
  if (axis.kept < 0) invalid_model("pads ", before, " and ", after, " take away more than the dimension ", size);
  axis.before = std::max<std::int64_t>(before, 0);
  axis.first = std::max<std::int64_t>(-before, 0);
  if (__builtin_add_overflow(axis.kept, axis.before, &axis.size) ||
      __builtin_add_overflow(axis.size, std::max<std::int64_t>(after, 0), &axis.size)) {
    invalid_model("dimension ", size, " with pads ", before, " and ", after, " is larger than 64 bits can count");
  }
  if (mode != PadMode::kConstant && axis.kept == 0 && axis.size > 0) {
    invalid_model("pads ", before, " and ", after, " repeat elements of a dimension that has none left");
  }
  return axis;
}

Dim padded(Dim size, const Pads& pads, PadMode mode) {
  if (pads.before.is(0) && pads.after.is(0)) return size;
  if (!size.known() || !pads.before.known() || !pads.after.known()) return Dim::unknown();
  return axis_of(size.value(), pads.before.value(), pads.after.value(), mode).size;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<PadAttributes>();
  if (!attributes.from_inputs) require_type(context, 0, "data", kFloatTypes);
  if (attributes.from_inputs && !context.has_input(1)) invalid_model("input pads is missing");
  if (context.has_input(2)) require_one_element(context, 2);
  if (context.has_input(3)) list_length(context, 3, "axes");
  const Dims& dims = context.input_dims(0);
  const std::optional<std::vector<Pads>> pads = pads_of(context);
  Dims result(dims.size());
  for (std::size_t axis = 0; pads && axis < dims.size(); ++axis) {
    result[axis] = padded(dims[axis], (*pads)[axis], attributes.mode);
  }
  context.set_output(0, std::move(result));
}

std::optional<std::vector<std::int64_t>> PadAttributes::zero_pads(const NodeView& node) const {
  if (mode != PadMode::kConstant || value != 0 || channels_last) return std::nullopt;
  if (node.has_input(2)) {
    const ConstantPtr& constant = node.input_constant(2);
    if (constant == nullptr || float_scalar(*constant) != 0.0F) return std::nullopt;
  }
  const std::optional<std::vector<Pads>> pads = pads_of(node);
  if (!pads) return std::nullopt;
  std::vector<std::int64_t> result(2 * pads->size());
  for (std::size_t axis = 0; axis < pads->size(); ++axis) {
    const auto& [before, after] = (*pads)[axis];
    if (!before.known() || !after.known() || before.value() < 0 || after.value() < 0) return std::nullopt;
    result[axis] = before.value();
    result[pads->size() + axis] = after.value();
  }
  return result;
}

bool pads_nothing(const NodeView& node) {
  const std::optional<std::vector<Pads>> pads = pads_of(node);
  return pads && std::all_of(pads->begin(), pads->end(),
                             [](const Pads& axis) { return axis.before.is(0) && axis.after.is(0); });
}

struct State {
  PadMode mode = PadMode::kConstant;
  std::size_t element_bytes = 0;
  std::size_t count = 0;
  std::vector<Axis> outer;  ///< outermost first; all but `rows` and `columns`
  Axis rows;
  Axis columns;
  bool reads_value = false;
  std::uint64_t value_bits = 0;  ///< the constant, where it is no input: its first bytes
};

/// Puts an axis outside the others. Where all of the next one lies densely in it, the two become one: what is added to
/// it is a number of whole ones then, of the constant.
void add_axis(PadMode mode, Axis axis, std::vector<Axis>& axes) {
  const bool adds = axis.kept != axis.size;
  const bool joins = !axes.empty() && axes.front().kept == axes.front().size &&
                     axes.front().stride * axes.front().size == axis.stride && (!adds || mode == PadMode::kConstant);
  if (!joins) {
    axes.insert(axes.begin(), axis);
    return;
  }
  Axis& inner = axes.front();
  const std::int64_t size = inner.size;
  inner = {axis.size * size, axis.before * size, axis.kept * size, axis.first * size, inner.stride};
}

Axis taken_innermost(std::vector<Axis>& axes) {
  if (axes.empty()) return {};
  const Axis axis = axes.back();
  axes.pop_back();
  return axis;
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<PadAttributes>();
  const DataType type = context.input_type(0);
  auto state = new_shared<State>();
  state->mode = attributes.mode;
  state->element_bytes = size_of(type);
  state->count = static_cast<std::size_t>(element_count(context.output_shape(0)));
  state->reads_value = context.has_input(2);
  if (!attributes.from_inputs) {
    visit_float_type(type, [&](auto tag) {
      const auto value = static_cast<typename decltype(tag)::type>(attributes.value);
      std::memcpy(&state->value_bits, &value, sizeof value);
    });
  }
  const Shape shape = context.input_shape(0);
  const std::vector<Pads> pads = *pads_of(context);
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0 && state->count > 0;) {
    Axis axis = axis_of(shape[i], pads[i].before.value(), pads[i].after.value(), attributes.mode);
    axis.stride = stride;
    stride *= shape[i];
    add_axis(state->mode, axis, state->outer);
  }
  state->columns = taken_innermost(state->outer);
  state->rows = taken_innermost(state->outer);
  return {std::move(state), 0, 0};
}

/// Where in data rows of the output begin, one after the other.
class RowWalk {
 public:
  RowWalk(const State& state, std::int64_t row)
      : state_(state), plane_(row / state.rows.size), index_(row % state.rows.size) {
    start_plane();
  }
  /// Of the first element; -1 for a row of the constant.
  std::int64_t source() const {
    const std::int64_t source = state_.rows.run(state_.mode, index_).source;
    return base_ < 0 || source < 0 ? -1 : base_ + source * state_.rows.stride;
  }
  void next() {
    if (++index_ < state_.rows.size) return;
    index_ = 0;
    ++plane_;
    start_plane();
  }

 private:
  void start_plane() {
    base_ = 0;
    std::int64_t left = plane_;
    for (std::size_t i = state_.outer.size(); i-- > 0;) {
      const Axis& axis = state_.outer[i];
      const std::int64_t source = axis.run(state_.mode, left % axis.size).source;
      left /= axis.size;
      if (source < 0) {
        base_ = -1;
        return;
      }
      base_ += source * axis.stride;
    }
  }

  const State& state_;
  std::int64_t plane_;
  std::int64_t index_;
  std::int64_t base_ = 0;  ///< of the plane; -1 for one of the constant
};

/// Calls of memcpy pay from so many elements on.
constexpr std::int64_t kLongRun = 16;

template <typename T>
void copy_run(const T* from, std::int64_t step, std::int64_t count, T* y) {
  if (step == 0) {
    std::fill_n(y, count, *from);
    return;
  }
  if (step == 1 && count >= kLongRun) {
    std::memcpy(y, from, static_cast<std::size_t>(count) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) y[i] = from[i * step];
}

/// Columns [first, last) of a row of the output, at y; `row` is that of data.
template <typename T>
void pad_row(const State& state, const T* row, const T& constant, T* y, std::int64_t first, std::int64_t last) {
  while (first < last) {
    const Run run = state.columns.run(state.mode, first);
    const std::int64_t count = std::min(run.count, last - first);
    copy_run(run.source < 0 ? &constant : row + run.source, run.step, count, y);
    first += count;
    y += count;
  }
}

template <typename T>
void pad(const State& state, const RunArguments& args) {
  const auto* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<T*>(args.outputs[0]);
  T constant{};
  std::memcpy(&constant, state.reads_value ? args.inputs[2] : &state.value_bits, sizeof constant);
  const std::int64_t row_size = state.columns.size;
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    auto first = static_cast<std::int64_t>(chunk);
    const std::int64_t end = first + static_cast<std::int64_t>(size);
    std::int64_t column = first % row_size;
    for (RowWalk walk(state, first / row_size); first < end; walk.next()) {
      const std::int64_t last = std::min(row_size, column + (end - first));
      const std::int64_t source = walk.source();
      if (source < 0) {
        std::fill_n(y + first, last - column, constant);
      } else {
        pad_row(state, x + source, constant, y + first, column, last);
      }
      first += last - column;
      column = 0;
    }
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_size(state.element_bytes, [&](auto tag) { pad<typename decltype(tag)::type>(state, args); });
}

/// No padding.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input == 1) return wanted_list(std::vector<std::int64_t>(length_of(node, 1), 0), "how much to pad");
  if (input == 3) return wanted_axes(node, input);
  return std::nullopt;
}

constexpr InputDef kInputs[] = {
    {"data", kTensorTypes, kMoved},
    {"pads", kInt64Type, kMayBeLeftOut | kDecidesShapes},
    {"constant_value", kTensorTypes, kMayBeLeftOut | kTypeOfFirst | kMoved},
    {"axes", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
};

}  // namespace

void register_pad(Registry& registry) {
  OpDef op;
  op.name = "Pad";
  op.since_opset = 2;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  op.facts.channels_last = turned<PadAttributes>;
  op.facts.is_identity = pads_nothing;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
