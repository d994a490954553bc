// The types that go round a loop: what each iteration is compiled for.
#include "ops/control/iterated_types.hpp"

#include <algorithm>

#include "ops/shared/truth.hpp"
#include "runtime/data_type.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal {
namespace {

/// Programs for different shapes that one loop may have.
constexpr std::size_t kMostShapes = 1024;

/// Iterations that are looked at for the shapes of one node, those of loops within its body included.
constexpr std::size_t kMostLookedAt = 1 << 14;

/// Counts them. Loops within each other would else multiply what each may look at.
class LookedAt {
 public:
  LookedAt() { ++depth_; }
  ~LookedAt() {
    if (--depth_ == 0) count_ = 0;
  }
  LookedAt(const LookedAt&) = delete;
  LookedAt& operator=(const LookedAt&) = delete;

  void add() {
    if (++count_ <= kMostLookedAt) return;
    fail(ErrorCode::kLimitExceeded, "the shapes within loops take more than ", kMostLookedAt, " iterations to follow");
  }

 private:
  static thread_local std::size_t depth_;
  static thread_local std::size_t count_;
};
thread_local std::size_t LookedAt::depth_ = 0;
thread_local std::size_t LookedAt::count_ = 0;

class TypeWalk {
 public:
  TypeWalk(const NodeView& node, const Iterated& how, const Trips& trips)
      : node_(node), how_(how), trips_(trips), body_(*node.node().bodies[0].graph) {
    const std::vector<bool> decides = find_shape_values(body_);
    for (const ValueId input : body_.inputs) decides_.push_back(decides[input]);
    certain_ = trips.first.value_or(false) && trips.most.has_value();
    if (trips.first.has_value() && !*trips.first) end_at(0);
    if (trips.most.has_value() && *trips.most <= 0) end_at(0);
  }

  IteratedTypes run() {
    result_.states.reserve(how_.states);
    for (std::size_t i = 0; i < how_.states; ++i)
      result_.states.push_back(carried(node_.input_value(how_.first_state + i), i));
    while (!done()) iterate();
    return std::move(result_);
  }

 private:
  void end_at(std::int64_t trips) {
    result_.trips = trips;
    certain_ = true;
  }

  std::int64_t count() const { return static_cast<std::int64_t>(result_.inputs.size()); }

  /// The body is looked at once even if it never runs: it says what is stacked.
  bool done() const {
    if (stable_) return true;
    if (result_.inputs.empty()) return false;
    return !certain_ || count() >= result_.trips.value_or(trips_.most.value_or(0));
  }

  /// A state as the body sees it: elements count only where shapes depend on them.
  Value carried(const Value& from, std::size_t state) const {
    Value value;
    value.type = from.type;
    if (!decides_[how_.given_inputs() + state]) return value;
    value.constant = from.constant;
    value.elements = from.elements;
    if (value.constant == nullptr) value.constant = constant_from_elements(value);
    return value;
  }

  std::vector<Value> body_inputs() const {
    std::vector<Value> inputs;
    if (how_.counts) {
      Value number;
      number.type = {DataType::kInt64, true, {}};
      if (decides_[0]) number.constant = make_int64_constant({count()}, true);
      Value condition;
      condition.type = {DataType::kBool, true, {}};
      inputs = {std::move(number), std::move(condition)};
    }
    inputs.insert(inputs.end(), result_.states.begin(), result_.states.end());
    for (std::size_t i = 0; i < how_.slices.size(); ++i) {
      Value slice;
      slice.type = slice_type(node_.input(how_.first_state + how_.states + i), how_.slices[i].axis);
      inputs.push_back(std::move(slice));
    }
    append_captures(node_, 0, inputs);
    return inputs;
  }

  void iterate() {
    if (result_.inputs.size() >= kMostShapes) {
      fail(ErrorCode::kLimitExceeded, "the shapes of what goes round change in more than ", kMostShapes, " iterations");
    }
    looked_at_.add();
    result_.inputs.push_back(body_inputs());
    const std::vector<Value> outputs = infer_body(body_, result_.inputs.back(), node_.options());
    take_pieces(outputs);
    if (how_.counts) take_condition(outputs[0]);
    if (result_.trips == std::int64_t{0}) return;
    std::vector<Value> states;
    for (std::size_t i = 0; i < how_.states; ++i) states.push_back(carried(outputs[how_.first_output() + i], i));
    take_states(std::move(states));
  }

  void take_condition(const Value& condition) {
    check_condition(condition.type);
    const std::optional<bool> goes_on = known_condition(condition);
    if (!goes_on) {
      certain_ = false;
    } else if (!*goes_on && trips_.first.value_or(false)) {
      end_at(count());
    }
  }

  void take_pieces(const std::vector<Value>& outputs) {
    const std::size_t first = how_.first_output() + how_.states;
    for (std::size_t i = 0; i < how_.pieces.size(); ++i) {
      const TensorType& piece = outputs[first + i].type;
      check_piece_type(how_.states + i, piece.type);
      if (result_.inputs.size() == 1) {
        result_.pieces.push_back(piece);
        continue;
      }
      TensorType& before = result_.pieces[i];
      for (std::size_t axis = 0; before.ranked && piece.ranked && axis < before.dims.size(); ++axis) {
        if (before.dims.size() == piece.dims.size() && !before.dims[axis].differs(piece.dims[axis])) continue;
        invalid_model("output ", how_.states + i, " stacks ", before.dims, " of one iteration and ", piece.dims,
                      " of another, expected one shape");
      }
      before = common_type(before, piece);
    }
  }

  void take_states(std::vector<Value> states) {
    bool same = !how_.counts || !decides_[0];
    for (std::size_t i = 0; i < states.size(); ++i) {
      const Value& before = result_.states[i];
      const Value& now = states[i];
      check_state_type(i, before.type.type, now.type.type);
      same = same && certainly_same(before.type, now.type) && same_elements(before, now);
    }
    if (same) {
      stable_ = true;
      if (certain_ && !result_.trips) result_.trips = trips_.most;
      return;
    }
    if (certain_ && all_numbers(states)) {
      result_.states = std::move(states);
      if (!result_.trips && count() == *trips_.most) result_.trips = count();
      return;
    }
    // Another iteration may follow or not, and more of them.
    certain_ = false;
    stable_ = true;
    result_.changing = true;
    for (std::size_t i = 0; i < states.size(); ++i) {
      Value& state = result_.states[i];
      if (certainly_same(state.type, states[i].type)) continue;
      state = {};
      state.type.type = states[i].type.type;
    }
  }

  static bool same_elements(const Value& a, const Value& b) {
    if (a.constant == nullptr && b.constant == nullptr) return a.elements == nullptr && b.elements == nullptr;
    return a.constant != nullptr && b.constant != nullptr && a.constant->bytes == b.constant->bytes &&
           std::equal(a.constant->data, a.constant->data + a.constant->bytes, b.constant->data);
  }

  static bool all_numbers(const std::vector<Value>& values) {
    return std::all_of(values.begin(), values.end(),
                       [](const Value& value) { return value.type.known() && all_known(value.type.dims); });
  }

  const NodeView& node_;
  const Iterated& how_;
  const Trips& trips_;
  const Graph& body_;
  std::vector<bool> decides_;  ///< by input of the body
  IteratedTypes result_;
  LookedAt looked_at_;
  bool certain_ = false;  ///< how often the body runs follows from what is known so far
  bool stable_ = false;
};

}  // namespace

IteratedTypes iterated_types(const NodeView& node, const Iterated& how, const Trips& trips) {
  return TypeWalk(node, how, trips).run();
}

void check_condition(const TensorType& condition) {
  if (condition.type != DataType::kBool)
    invalid_model("output 0 of the body is ", condition.type, ", expected bool: whether to go on");
  if (condition.ranked && element_count(condition.dims).differs(1)) {
    invalid_model("output 0 of the body has the shape ", condition.dims, ", expected one element: whether to go on");
  }
}

std::optional<bool> known_condition(const Value& condition) {
  if (condition.constant != nullptr) return is_true_at(condition.constant->data);
  if (condition.elements == nullptr || condition.elements->size() != 1 || !condition.elements->front().known())
    return std::nullopt;
  return condition.elements->front().value() != 0;
}

void check_state_type(std::size_t state, DataType before, DataType after) {
  if (before == after || after == DataType::kUndefined || before == optional_of(after)) return;
  invalid_model("state ", state, " is ", before, " before an iteration and ", after,
                " after it, expected one element type");
}

void check_piece_type(std::size_t output, DataType type) {
  if (kPackedTypes.has(type))
    unsupported("output ", output, " stacks ", type, ", of which several elements share a byte");
}

TensorType stacked_type(TensorType piece, const ScanAxis& axis, Dim count) {
  if (!piece.ranked) return piece;
  const std::int64_t along = normalized_axis(axis.axis, piece.dims.size() + 1);
  piece.dims.insert(piece.dims.begin() + static_cast<std::ptrdiff_t>(along), count);
  return piece;
}

bool states_may_change_shape(const Node& node, const Iterated& how) {
  const Graph& body = *node.bodies[0].graph;
  for (std::size_t i = 0; i < how.states && how.first_output() + i < body.outputs.size(); ++i) {
    const TensorType& before = body.values[body.inputs[how.given_inputs() + i]].type;
    if (!certainly_same(before, output_of(node.bodies[0], how.first_output() + i))) return true;
  }
  return false;
}

TensorType slice_type(const TensorType& whole, std::int64_t axis) {
  if (kPackedTypes.has(whole.type))
    unsupported("a tensor of ", whole.type, " is cut into slices, but several elements share a byte");
  TensorType slice = whole;
  if (!whole.ranked) return slice;
  if (whole.dims.empty()) invalid_model("a scanned input is a scalar, expected rank 1 or more");
  const std::int64_t along = normalized_axis(axis, whole.dims.size());
  slice.dims.erase(slice.dims.begin() + static_cast<std::ptrdiff_t>(along));
  return slice;
}

bool states_keep_shapes(const Graph& body, std::size_t given_inputs, std::size_t first_output, std::size_t states) {
  for (std::size_t i = 0; i < states && first_output + i < body.outputs.size(); ++i) {
    const TensorType& before = body.values[body.inputs[given_inputs + i]].type;
    const TensorType& after = body.values[body.outputs[first_output + i]].type;
    if (before.ranked && !certainly_same(before, after)) return false;
  }
  return true;
}

DataType iterated_output_type(const NodeView& node, const Iterated& how, std::size_t output) {
  const std::size_t position = how.first_output() + output;
  const Body& body = node.node().bodies[0];
  const bool is_state = output < how.states;
  if (is_state && !is_optional(node.input_type(how.first_state + output)))
    return node.input_type(how.first_state + output);
  return position < body.graph->outputs.size() ? output_of(body, position).type : DataType::kUndefined;
}

void infer_iterations(InferContext& context, const Iterated& how, const Trips& trips) {
  const std::size_t expected = how.first_output() + how.states + how.pieces.size();
  const std::size_t outputs = context.node().bodies[0].graph->outputs.size();
  if (outputs != expected) invalid_model("the body has ", outputs, " outputs, expected ", expected);
  if (context.output_count() > how.states + how.pieces.size()) {
    invalid_model("there are ", context.output_count(), " outputs, but ", how.states, " states and ", how.pieces.size(),
                  " stacked outputs");
  }
  if (context.node().staged_bodies) return infer_staged_iterations(context, how);
  const IteratedTypes types = iterated_types(context, how, trips);
  for (std::size_t i = 0; i < std::min(how.states, context.output_count()); ++i) {
    const Value& state = types.states[i];
    set_output_as_known(context, i, state.type);
    if (types.changing || !types.trips || state.constant == nullptr || !state.type.known()) continue;
    if (state.constant->count() > static_cast<std::int64_t>(InferContext::kMaxElements)) continue;
    if (!(kIntegerTypes | TypeSet{DataType::kBool}).has(state.type.type)) continue;
    context.set_output_elements(i, to_dims(integers_of(*state.constant)));
  }
  for (std::size_t i = 0; i < how.pieces.size() && how.states + i < context.output_count(); ++i) {
    const Dim count = types.trips ? Dim(*types.trips) : Dim::unknown();
    set_output_as_known(context, how.states + i, stacked_type(types.pieces[i], how.pieces[i], count));
  }
}

}  // namespace linnet::internal
