// Unique: each different element of X once, or with `axis` (in [-r,r)) each different slice. Y holds them in ascending
// order, of slices the lexicographic one (sorted = 1, the default), or in the order of their first appearance (sorted =
// 0); indices (int64): where each stands first; inverse_indices: which of Y every element or slice of X is; counts: how
// often each appears. NaNs are one element, larger than every number; 0 and -0 are equal, and Y has the first. Texts
// are ordered by their bytes; of those the loader puts UniqueStrings (of Linnet's own domain) in the node's place.
// Opsets 11 to newest; all numeric types, bool, strings.
#include <algorithm>
#include <cstring>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/selection/slices.hpp"
#include "ops/shared/ordered_keys.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "ops/text/texts.hpp"
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
  attributes->axis = parse_axis(context);
  attributes->sorted = context.get_int("sorted", 1) != 0;
  return attributes;
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  const std::optional<std::int64_t> axis = context.attributes<UniqueAttributes>().axis;
  context.set_output(0, dims_of_some(dims, axis));
  const Dim count = axis ? dims[static_cast<std::size_t>(normalized_axis(*axis, dims.size()))] : element_count(dims);
  context.set_output(1, {Dim::unknown()});
  context.set_output(2, {count});
  context.set_output(3, {Dim::unknown()});
}

struct State {
  std::size_t outputs = 0;  ///< of the node
  DataType type = DataType::kUndefined;
  std::size_t element_bytes = 0;
  Slices slices;
  bool sorted = true;
  // Workspace offsets:
  std::size_t keys = 0;    ///< of all elements, but for strings
  std::size_t order = 0;   ///< of the slices
  std::size_t groups = 0;  ///< by slice: the place of its group among those in order
  std::size_t firsts = 0;  ///< by group in order: the first slice of it, then the place of the group in Y
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape x = context.input_shape(0);
  state->outputs = context.output_count();
  state->type = context.input_type(0);
  state->element_bytes = size_of(state->type);
  state->slices = Slices(x, context.attributes<UniqueAttributes>().axis);
  state->sorted = context.attributes<UniqueAttributes>().sorted;
  const std::size_t size = state->slices.size;
  WorkspaceLayout layout;
  if (state->type != DataType::kString)
    state->keys = layout.add(static_cast<std::size_t>(element_count(x)) * sizeof(std::int64_t));
  state->order = layout.add(size * sizeof(std::size_t));
  state->groups = layout.add(size * sizeof(std::size_t));
  state->firsts = layout.add(size * sizeof(std::size_t));
  return {state, layout.bytes()};
}

/// One run of the node.
class Grouping {
 public:
  explicit Grouping(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        slices_(state_.slices),
        strings_(state_.type == DataType::kString ? held(args.inputs[0]).strings().data() : nullptr),
        keys_(at<std::int64_t>(state_.keys)),
        order_(at<std::size_t>(state_.order)),
        groups_(at<std::size_t>(state_.groups)),
        firsts_(at<std::size_t>(state_.firsts)) {}

  void run() {
    if (state_.type != DataType::kString) make_keys();
    sort_slices();
    const std::size_t count = group();
    if (!state_.sorted) by_appearance(count);
    write_values(count);
    if (is_wanted(1)) {
      std::int64_t* indices = make_list(1, count);
      for (std::size_t i = 0; i < count; ++i) indices[i] = static_cast<std::int64_t>(firsts_[i]);
    }
    if (is_wanted(2)) {
      std::int64_t* inverse = make_list(2, slices_.size);
      for (std::size_t i = 0; i < slices_.size; ++i) inverse[i] = static_cast<std::int64_t>(groups_[i]);
    }
    if (is_wanted(3)) {
      std::int64_t* counts = make_list(3, count);
      std::fill_n(counts, count, 0);
      for (std::size_t i = 0; i < slices_.size; ++i) ++counts[groups_[i]];
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
      for_lined_up(0, slices_.outer * slices_.size * slices_.inner, [&](std::size_t first, std::size_t count) {
        load_line(state_.type, args_.inputs[0], first, count, line);
        for (std::size_t i = 0; i < count; ++i) keys_[first + i] = ordered_key(line[i]);
        args_.control.check();
      });
    });
  }

  /// Negative, 0 or positive, as slice a comes before b, is the same, or comes after it.
  int compare(std::size_t a, std::size_t b) {
    if (++comparisons_ % kComparisonsBetweenLooks == 0) args_.control.check();
    for (std::size_t outer = 0; outer < slices_.outer; ++outer) {
      const std::size_t first = (outer * slices_.size + a) * slices_.inner;
      const std::size_t second = (outer * slices_.size + b) * slices_.inner;
      for (std::size_t i = 0; i < slices_.inner; ++i) {
        const int order = compare_elements(first + i, second + i);
        if (order != 0) return order;
      }
    }
    return 0;
  }

  int compare_elements(std::size_t a, std::size_t b) const {
    if (strings_ != nullptr) return strings_[a].compare(strings_[b]);
    return keys_[a] == keys_[b] ? 0 : keys_[a] < keys_[b] ? -1 : 1;
  }

  void sort_slices() {
    for (std::size_t i = 0; i < slices_.size; ++i) order_[i] = i;
    std::sort(order_, order_ + slices_.size, [&](std::size_t a, std::size_t b) {
      const int order = compare(a, b);
      return order != 0 ? order < 0 : a < b;
    });
  }

  /// Numbers what is equal: how many groups there are.
  std::size_t group() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slices_.size; ++i) {
      if (i == 0 || compare(order_[i - 1], order_[i]) != 0) firsts_[count++] = order_[i];
      groups_[order_[i]] = count - 1;
    }
    return count;
  }

  /// Numbers the groups anew, in the order of their first slices.
  void by_appearance(std::size_t count) {
    std::size_t* places = order_;  // no longer needed
    std::size_t seen = 0;
    for (std::size_t slice = 0; slice < slices_.size; ++slice) {
      const std::size_t group = groups_[slice];
      if (firsts_[group] == slice) places[group] = seen++;
      groups_[slice] = places[group];
    }
    std::sort(firsts_, firsts_ + count);
  }

  void write_values(std::size_t count) const {
    if (!is_wanted(0)) return;
    if (state_.type == DataType::kString) return write_strings(count);
    std::byte* y = held(args_.outputs[0]).make(state_.type, slices_.shape_of(count));
    const auto* x = static_cast<const std::byte*>(args_.inputs[0]);
    const std::size_t bytes = slices_.inner * state_.element_bytes;
    if (bytes == 0) return;
    for (std::size_t outer = 0; outer < slices_.outer; ++outer) {
      args_.control.check();
      for (std::size_t i = 0; i < count; ++i, y += bytes)
        std::memcpy(y, x + (outer * slices_.size + firsts_[i]) * bytes, bytes);
    }
  }

  void write_strings(std::size_t count) const {
    Held& output = held(args_.outputs[0]);
    auto y = output.make_strings(slices_.shape_of(count)).begin();
    for (std::size_t outer = 0; outer < slices_.outer; ++outer) {
      args_.control.check();
      for (std::size_t i = 0; i < count; ++i) {
        y = std::copy_n(strings_ + (outer * slices_.size + firsts_[i]) * slices_.inner, slices_.inner, y);
      }
    }
    output.check_budget();
  }

  const RunArguments& args_;
  const State& state_;
  const Slices& slices_;
  const std::string* strings_;  ///< of X; null for numbers
  std::int64_t* keys_;
  std::size_t* order_;
  std::size_t* groups_;
  std::size_t* firsts_;
  std::size_t comparisons_ = 0;
};

void run(const RunArguments& args) { Grouping(args).run(); }

constexpr InputDef kInputs[] = {{"X", kTensorTypes, kMoved}};
constexpr InputDef kStrings[] = {{"X", kStringType, kMoved}};
constexpr OutputDef kOutputs[] = {{"Y", TypeOf{0}},
                                  {"indices", kInt64Type, kMayBeLeftOut},
                                  {"inverse_indices", kInt64Type, kMayBeLeftOut},
                                  {"counts", kInt64Type, kMayBeLeftOut}};

}  // namespace

void register_unique(Registry& registry) {
  OpDef op;
  op.name = "Unique";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  op.string_form = [](const NodeView& node) {
    return node.input_type(0) == DataType::kString ? "UniqueStrings" : nullptr;
  };
  registry.add(op);
  op.name = "UniqueStrings";
  op.inputs = kStrings;
  op.domain = kOwnDomain;
  op.string_form = nullptr;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
