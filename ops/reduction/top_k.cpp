// TopK: Values holds the K largest (largest = 0: smallest, from opset 11) elements of X along `axis` (in [-r,r),
// default -1), in order, and Indices (int64) where they stood. Of equal elements the one with the lower index comes
// first; NaN is larger than every number, and 0 and -0 are equal. K is an input (int64, one element) from opset 10 on,
// an attribute before; 0 to the size of the axis. The results are in order whatever `sorted` says. Opsets 1 to newest;
// all numeric types are accepted at every opset.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/ordered_keys.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTask = 16384;  // elements of X
constexpr double kCost = 4.0;         // ns per element

struct TopKAttributes : Attributes {
  std::int64_t axis = -1;
  bool largest = true;
  std::optional<std::int64_t> k;  ///< before opset 10
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<TopKAttributes>();
  attributes->axis = context.get_int("axis", -1);
  if (context.opset() < 10) {
    attributes->k = context.require_int("k");
  } else if (context.input_count() != 2) {
    invalid_model("there are ", context.input_count(), " inputs, expected 2");
  }
  if (context.opset() >= 11) {
    attributes->largest = context.get_int("largest", 1) != 0;
    context.ignore("sorted");
  }
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<TopKAttributes>().axis, node.input_rank(0)));
}

/// As far as known. Errors: kInvalidModel for an input K that is no integer of one element.
Dim k_of(const NodeView& node) {
  if (const std::optional<std::int64_t> k = node.attributes<TopKAttributes>().k) return *k;
  if (!node.has_input(1)) invalid_model("input K is left out");
  const Dim length = list_length(node, 1, "K");
  if (length.differs(1)) invalid_model("input K has ", length, " elements, expected 1");
  const std::optional<Dims> elements = node.input_elements(1);
  return elements ? elements->front() : Dim::unknown();
}

void infer(InferContext& context) {
  Dims dims = context.input_dims(0);
  if (dims.empty()) invalid_model("input X is a scalar, expected rank 1 or more");
  const std::size_t axis = axis_of(context);
  const Dim k = k_of(context);
  if (k.known() && k.value() < 0) invalid_model("K is ", k, ", expected 0 or more");
  if (k.known() && dims[axis].known() && k.value() > dims[axis].value()) {
    invalid_model("K is ", k, ", but axis ", axis, " has only ", dims[axis], " elements");
  }
  dims[axis] = k;
  context.set_output(0, dims);
  context.set_output(1, std::move(dims));
}

/// An element: the larger its key, the earlier it comes.
struct Entry {
  std::int64_t key;
  std::size_t index;
};
bool comes_before(const Entry& a, const Entry& b) { return a.key != b.key ? a.key > b.key : a.index < b.index; }

struct State {
  DataType type = DataType::kUndefined;
  std::size_t element_bytes = 0;
  std::size_t outer = 1, size = 0, inner = 1;  ///< of X, around the axis
  std::size_t k = 0;
  bool has_values = true, has_indices = true;
  std::int64_t flip = 0;  ///< xor to the keys: all bits where the smallest come first
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape x = context.input_shape(0);
  const std::size_t axis = axis_of(context);
  const auto at_axis = x.begin() + static_cast<std::ptrdiff_t>(axis);
  state->type = context.input_type(0);
  state->element_bytes = size_of(state->type);
  state->size = static_cast<std::size_t>(x[axis]);
  if (element_count(x) > 0) {
    state->outer = static_cast<std::size_t>(element_count(Shape(x.begin(), at_axis)));
    state->inner = static_cast<std::size_t>(element_count(Shape(at_axis + 1, x.end())));
    state->k = static_cast<std::size_t>(k_of(context).value());
  }
  state->has_values = context.has_output(0);
  state->has_indices = context.has_output(1);
  state->flip = context.attributes<TopKAttributes>().largest ? 0 : -1;
  return {state, static_cast<std::size_t>(context.threads()) * state->size * sizeof(Entry), 0};
}

/// The entries of the elements begin, begin + inner, begin + 2 inner, ...
template <typename W>
void make_entries(const State& state, const void* x, std::size_t begin, Entry* entries) {
  W line[kLinedUp];
  for (std::size_t first = 0; first < state.size; first += kLinedUp) {
    const std::size_t count = std::min(kLinedUp, state.size - first);
    if (state.inner == 1) {
      load_line(state.type, x, begin + first, count, line);
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        load_line(state.type, x, begin + (first + i) * state.inner, 1, line + i);
      }
    }
    for (std::size_t i = 0; i < count; ++i) entries[first + i] = {ordered_key(line[i]) ^ state.flip, first + i};
  }
}

/// Brings the first k of the entries to their beginning, in order. Candidates gather there, and only those that come
/// before the k-th best so far: whenever there are twice k of them, the worse half is given up.
void select(Entry* entries, std::size_t size, std::size_t k) {
  const std::size_t room = 2 * k;
  std::size_t candidates = std::min(room, size);
  const auto give_up_half = [&] {
    std::nth_element(entries, entries + (k - 1), entries + candidates, comes_before);
    candidates = k;
  };
  if (candidates > k) give_up_half();
  for (std::size_t i = room; i < size; ++i) {
    if (!comes_before(entries[i], entries[k - 1])) continue;
    entries[candidates++] = entries[i];
    if (candidates == room) give_up_half();
  }
  if (candidates > k) give_up_half();
  std::sort(entries, entries + k, comes_before);
}

void write_values(const State& state, const RunArguments& args, const Entry* entries, std::size_t from,
                  std::size_t to) {
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(args.inputs[0]) + from;
    auto* values = static_cast<T*>(args.outputs[0]) + to;
    for (std::size_t i = 0; i < state.k; ++i) values[i * state.inner] = x[entries[i].index * state.inner];
  });
}

void write_indices(const State& state, const RunArguments& args, const Entry* entries, std::size_t to) {
  auto* indices = static_cast<std::int64_t*>(args.outputs[1]) + to;
  for (std::size_t i = 0; i < state.k; ++i) indices[i * state.inner] = static_cast<std::int64_t>(entries[i].index);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.k == 0) return;
  auto* make = visit_line_type(state.type, [](auto tag) { return &make_entries<typename decltype(tag)::type>; });
  const std::size_t slices = state.outer * state.inner;
  const std::size_t per_task = std::max<std::size_t>(1, kTask / state.size);
  const double work = static_cast<double>(slices * state.size) * kCost;
  args.control.parallel_for((slices + per_task - 1) / per_task, work, [&](std::size_t task, std::size_t worker) {
    Entry* entries = static_cast<Entry*>(args.workspace) + worker * state.size;
    const std::size_t end = std::min(slices, (task + 1) * per_task);
    for (std::size_t slice = task * per_task; slice < end; ++slice) {
      const std::size_t row = slice / state.inner;
      const std::size_t column = slice % state.inner;
      const std::size_t from = row * state.size * state.inner + column;
      const std::size_t to = row * state.k * state.inner + column;
      make(state, args.inputs[0], from, entries);
      select(entries, state.size, state.k);
      if (state.has_values) write_values(state, args, entries, from, to);
      if (state.has_indices) write_indices(state, args, entries, to);
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_list({1}, "how many elements are wanted");
}

constexpr InputDef kInputs[] = {{"X", kNumericTypes}, {"K", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"Values", TypeOf{0}}, {"Indices", kInt64Type}};

}  // namespace

void register_top_k(Registry& registry) {
  OpDef op;
  op.name = "TopK";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
