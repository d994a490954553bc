// Unique: each different element of X once, or with `axis` (in [-r,r)) each different slice. Y holds them in ascending
// order, of slices the lexicographic one (sorted = 1, the default), or in the order of their first appearance (sorted =
// 0); indices (int64): where each stands first; inverse_indices: which of Y every element or slice of X is; counts: how
// often each appears. NaNs are one element, larger than every number; 0 and -0 are equal, and Y has the first. Opsets
// 11 to newest; all numeric types and bool. Deviation: strings are not supported.
#include <algorithm>
#include <cstring>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/ordered_keys.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kComparisonsBetweenLooks = 1 << 16;

struct UniqueAttributes : Attributes {
  std::optional<std::int64_t> axis;
  bool sorted = true;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<UniqueAttributes>();
  if (context.has("axis")) attributes->axis = context.require_int("axis");
  attributes->sorted = context.get_int("sorted", 1) != 0;
  return attributes;
}

std::optional<std::size_t> axis_of(const NodeView& node) {
  const std::optional<std::int64_t> axis = node.attributes<UniqueAttributes>().axis;
  if (!axis) return std::nullopt;
  return static_cast<std::size_t>(normalized_axis(*axis, node.input_rank(0)));
}

void infer(InferContext& context) {
  require_type(context, 0, "X", kNumericTypes | TypeSet{DataType::kBool});
  const std::optional<std::size_t> axis = axis_of(context);
  Dims dims = axis ? context.input_dims(0) : Dims{Dim::unknown()};
  const Dim count = axis ? dims[*axis] : element_count(context.input_dims(0));
  if (axis) dims[*axis] = Dim::unknown();
  context.set_output(0, context.input_type(0), std::move(dims));
  context.set_output(1, DataType::kInt64, {Dim::unknown()});
  context.set_output(2, DataType::kInt64, {count});
  context.set_output(3, DataType::kInt64, {Dim::unknown()});
}

struct State {
  std::size_t outputs = 0;  ///< of the node
  DataType type = DataType::kUndefined;
  std::size_t element_bytes = 0;
  Shape shape;  ///< of Y, but for the axis
  std::size_t axis = 0;
  std::size_t outer = 1, size = 0, inner = 1;
  bool sorted = true;
  // Workspace offsets:
  std::size_t keys = 0;    ///< of all elements
  std::size_t order = 0;   ///< of the slices
  std::size_t groups = 0;  ///< by slice: the place of its group among those in order
  std::size_t firsts = 0;  ///< by group in order: the first slice of it, then the place of the group in Y
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape x = context.input_shape(0);
  const std::optional<std::size_t> axis = axis_of(context);
  state->outputs = context.output_count();
  state->type = context.input_type(0);
  state->element_bytes = size_of(state->type);
  state->shape = axis ? x : Shape{element_count(x)};
  state->axis = axis.value_or(0);
  state->sorted = context.attributes<UniqueAttributes>().sorted;
  state->size = static_cast<std::size_t>(state->shape[state->axis]);
  const auto at_axis = state->shape.begin() + static_cast<std::ptrdiff_t>(state->axis);
  state->outer = static_cast<std::size_t>(element_count(Shape(state->shape.begin(), at_axis)));
  state->inner = static_cast<std::size_t>(element_count(Shape(at_axis + 1, state->shape.end())));
  if (element_count(x) == 0) state->outer = 0;  // of as many as anybody likes: there is nothing to tell slices apart
  WorkspaceLayout layout;
  state->keys = layout.add(static_cast<std::size_t>(element_count(x)) * sizeof(std::int64_t));
  state->order = layout.add(state->size * sizeof(std::size_t));
  state->groups = layout.add(state->size * sizeof(std::size_t));
  state->firsts = layout.add(state->size * sizeof(std::size_t));
  return {state, layout.bytes()};
}

/// One run of the node.
class Grouping {
 public:
  explicit Grouping(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        keys_(at<std::int64_t>(state_.keys)),
        order_(at<std::size_t>(state_.order)),
        groups_(at<std::size_t>(state_.groups)),
        firsts_(at<std::size_t>(state_.firsts)) {}

  void run() {
    make_keys();
    sort_slices();
    const std::size_t count = group();
    if (!state_.sorted) by_appearance(count);
    write_values(count);
    if (is_wanted(1)) {
      std::int64_t* indices = make_list(1, count);
      for (std::size_t i = 0; i < count; ++i) indices[i] = static_cast<std::int64_t>(firsts_[i]);
    }
    if (is_wanted(2)) {
      std::int64_t* inverse = make_list(2, state_.size);
      for (std::size_t i = 0; i < state_.size; ++i) inverse[i] = static_cast<std::int64_t>(groups_[i]);
    }
    if (is_wanted(3)) {
      std::int64_t* counts = make_list(3, count);
      std::fill_n(counts, count, 0);
      for (std::size_t i = 0; i < state_.size; ++i) ++counts[groups_[i]];
    }
  }

 private:
  bool is_wanted(std::size_t output) const { return output < state_.outputs && args_.outputs[output] != nullptr; }

  template <typename T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(args_.workspace) + offset);
  }

  std::int64_t* make_list(std::size_t output, std::size_t count) const {
    return reinterpret_cast<std::int64_t*>(
        held(args_.outputs[output]).make(DataType::kInt64, {static_cast<std::int64_t>(count)}));
  }

  void make_keys() {
    visit_line_type(state_.type, [&](auto tag) {
      using W = typename decltype(tag)::type;
      W line[kLinedUp];
      for_lined_up(0, state_.outer * state_.size * state_.inner, [&](std::size_t first, std::size_t count) {
        load_line(state_.type, args_.inputs[0], first, count, line);
        for (std::size_t i = 0; i < count; ++i) keys_[first + i] = ordered_key(line[i]);
        args_.control.check();
      });
    });
  }

  /// Negative, 0 or positive, as slice a comes before b, is the same, or comes after it.
  int compare(std::size_t a, std::size_t b) {
    if (++comparisons_ % kComparisonsBetweenLooks == 0) args_.control.check();
    for (std::size_t outer = 0; outer < state_.outer; ++outer) {
      const std::int64_t* first = keys_ + (outer * state_.size + a) * state_.inner;
      const std::int64_t* second = keys_ + (outer * state_.size + b) * state_.inner;
      for (std::size_t i = 0; i < state_.inner; ++i) {
        if (first[i] != second[i]) return first[i] < second[i] ? -1 : 1;
      }
    }
    return 0;
  }

  void sort_slices() {
    for (std::size_t i = 0; i < state_.size; ++i) order_[i] = i;
    std::sort(order_, order_ + state_.size, [&](std::size_t a, std::size_t b) {
      const int order = compare(a, b);
      return order != 0 ? order < 0 : a < b;
    });
  }

  /// Numbers what is equal: how many groups there are.
  std::size_t group() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < state_.size; ++i) {
      if (i == 0 || compare(order_[i - 1], order_[i]) != 0) firsts_[count++] = order_[i];
      groups_[order_[i]] = count - 1;
    }
    return count;
  }

  /// Numbers the groups anew, in the order of their first slices.
  void by_appearance(std::size_t count) {
    std::size_t* places = order_;  // no longer needed
    std::size_t seen = 0;
    for (std::size_t slice = 0; slice < state_.size; ++slice) {
      const std::size_t group = groups_[slice];
      if (firsts_[group] == slice) places[group] = seen++;
      groups_[slice] = places[group];
    }
    std::sort(firsts_, firsts_ + count);
  }

  void write_values(std::size_t count) const {
    if (!is_wanted(0)) return;
    Shape shape = state_.shape;
    shape[state_.axis] = static_cast<std::int64_t>(count);
    std::byte* y = held(args_.outputs[0]).make(state_.type, shape);
    const auto* x = static_cast<const std::byte*>(args_.inputs[0]);
    const std::size_t bytes = state_.inner * state_.element_bytes;
    if (bytes == 0) return;
    for (std::size_t outer = 0; outer < state_.outer; ++outer) {
      args_.control.check();
      for (std::size_t i = 0; i < count; ++i, y += bytes)
        std::memcpy(y, x + (outer * state_.size + firsts_[i]) * bytes, bytes);
    }
  }

  const RunArguments& args_;
  const State& state_;
  std::int64_t* keys_;
  std::size_t* order_;
  std::size_t* groups_;
  std::size_t* firsts_;
  std::size_t comparisons_ = 0;
};

void run(const RunArguments& args) { Grouping(args).run(); }

DataType output_type(const NodeView& node, std::size_t output) {
  return output == 0 ? node.input_type(0) : DataType::kInt64;
}

}  // namespace

void register_unique(Registry& registry) {
  OpDef op;
  op.name = "Unique";
  op.since_opset = 11;
  op.max_outputs = 4;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  op.facts.element_inputs = 1U << 0;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
