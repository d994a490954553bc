// Loop and Scan whose bodies are compiled during the run, iteration by iteration: what data decides in one decides what
// the next is compiled for.
#include <algorithm>
#include <cstring>

#include "ops/control/iterated_types.hpp"
#include "ops/control/slice_plan.hpp"
#include "ops/control/staged_body.hpp"
#include "ops/shared/known_input.hpp"
#include "ops/shared/truth.hpp"
#include "ops/text/handles.hpp"
#include "runtime/data_type.hpp"
#include "runtime/infer_values.hpp"
#include "runtime/stages.hpp"

namespace linnet::internal {
namespace {

using Strides = std::vector<std::int64_t>;

struct Slice {
  SlicePlan plan;
  DataType type = DataType::kUndefined;
  Shape shape;
};

struct Piece {
  DataType type = DataType::kUndefined;
  Shape shape;  ///< as far as known without a run: else 0
  ScanAxis axis;
};

struct State {
  StagedBody body;
  bool counts = false;
  std::size_t first_state = 0;
  std::optional<std::size_t> most_input, first_input;
  std::int64_t most = INT64_MAX;
  Shape condition_shape;  ///< as the body wants it
  struct Carried {
    KnownInput given;             ///< by the node
    bool stays_optional = false;  ///< if it is one: the body returns it so
  };
  std::vector<Carried> states;
  std::vector<Slice> slices;
  std::vector<Piece> pieces;
};

Piece plan_piece(const Node& node, const Iterated& how, std::size_t index) {
  const TensorType& type = output_of(node.bodies[0], how.first_output() + how.states + index);
  Piece piece;
  piece.type = type.type;
  piece.axis = how.pieces[index];
  for (const Dim dim : type.dims) piece.shape.push_back(dim.known() ? dim.value() : 0);
  return piece;
}

/// One run of the node. Two sessions take turns: what one made, the other reads.
class StagedIterations {
 public:
  explicit StagedIterations(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        stacked_(state_.pieces.size(), Held(state_.body.model().memory_budget())) {
    if (state_.most_input) most_ = *static_cast<const std::int64_t*>(args.inputs[*state_.most_input]);
    most_ = std::min(most_, state_.most);
    if (state_.first_input) condition_ = is_true_at(args.inputs[*state_.first_input]);
    for (std::size_t i = 0; i < state_.states.size(); ++i)
      carried_.push_back(state_.states[i].given.view(args.inputs[state_.first_state + i]));
    sliced_.resize(state_.slices.size());
    wrapped_.resize(state_.states.size(), Held(state_.body.model().memory_budget()));
  }

  void run() {
    while (done_ < most_ && condition_) {
      args_.control.check();
      std::optional<BodySession>& session = sessions_[done_ % 2];
      if (!session) {
        session.emplace(state_.body);
        session->bind_captures(args_.inputs);
      }
      bind(*session);
      session->run(args_.control);
      take(*session);
      ++done_;
    }
    for (std::size_t i = 0; i < carried_.size(); ++i) {
      if (is_wanted(i)) return_state(i);
    }
    for (std::size_t i = 0; i < stacked_.size(); ++i) {
      if (is_wanted(carried_.size() + i)) return_pieces(i);
    }
  }

 private:
  bool is_wanted(std::size_t output) const {
    return output < state_.body.node_outputs() && args_.outputs[output] != nullptr;
  }

  /// What went in as an optional came out as what is in it.
  ConstTensorView as_given(std::size_t state) {
    const DataType given = state_.states[state].given.type;
    if (carried_[state].type == given) return carried_[state];
    copy_to(wrapped_[state].make_items(given, 1).front(), carried_[state]);
    return wrapped_[state].view();
  }

  /// The state after the last iteration.
  void return_state(std::size_t state) {
    Held& output = held(args_.outputs[state]);
    const bool unwraps = is_optional(carried_[state].type) && !state_.states[state].stays_optional;
    if (!unwraps) return copy_to(output, carried_[state]);
    const std::vector<Held>& items = held(carried_[state].data).items();
    if (items.empty()) fail(ErrorCode::kRuntimeFault, "state ", state, " is nothing, and no iteration made it");
    output.copy(items.front());
  }

  std::int64_t position(bool backwards) const { return backwards ? most_ - 1 - done_ : done_; }

  void bind(BodySession& session) {
    std::size_t input = 0;
    if (state_.counts) {
      number_ = done_;
      session.bind_input(input++, {DataType::kInt64, nullptr, 0, &number_});
      session.bind_input(input++,
                         {DataType::kBool, state_.condition_shape.data(), state_.condition_shape.size(), &condition_});
    }
    for (std::size_t i = 0; i < carried_.size(); ++i) session.bind_input(input++, as_given(i));
    for (std::size_t i = 0; i < state_.slices.size(); ++i) {
      const Slice& slice = state_.slices[i];
      std::byte* const memory = slice.plan.strided ? sliced_[i].make(slice.type, slice.shape) : nullptr;
      const void* const data =
          slice_at(args_.control, slice.plan, args_.inputs[slice.plan.operand], position(slice.plan.backwards), memory);
      session.bind_input(input++, {slice.type, slice.shape.data(), slice.shape.size(), data});
    }
  }

  void take(const BodySession& session) {
    std::size_t output = 0;
    if (state_.counts) take_condition(session.output(output++));
    for (ConstTensorView& carried : carried_) carried = session.output(output++);
    for (std::size_t i = 0; i < stacked_.size(); ++i) stack(i, session.output(output++));
  }

  void take_condition(const ConstTensorView& condition) {
    if (byte_count(condition) != 1) {
      fail(ErrorCode::kRuntimeFault, "output 0 of the body has the shape ",
           Shape(condition.shape, condition.shape + condition.rank), " in iteration ", done_,
           ", expected one element: whether to go on");
    }
    condition_ = is_true_at(condition.data);
  }

  /// Behind the pieces that are there.
  void stack(std::size_t index, const ConstTensorView& piece) {
    if (!is_wanted(carried_.size() + index)) return;
    Shape shape(piece.shape, piece.shape + piece.rank);
    if (done_ > 0 &&
        !std::equal(shape.begin(), shape.end(), stacked_[index].shape().begin() + 1, stacked_[index].shape().end())) {
      fail(ErrorCode::kRuntimeFault, "output ", carried_.size() + index, " stacks ", shape, " of iteration ", done_,
           ", but those before it had another shape: expected one");
    }
    shape.insert(shape.begin(), done_ + 1);
    if (piece.type == DataType::kString) return stack_strings(stacked_[index], held(piece.data).strings(), shape);
    const std::size_t bytes = byte_count(piece);
    std::byte* const memory = stacked_[index].make(piece.type, shape);
    if (bytes > 0) std::memcpy(memory + static_cast<std::size_t>(done_) * bytes, piece.data, bytes);
  }

  void stack_strings(Held& stacked, const std::vector<std::string>& piece, const Shape& shape) const {
    const auto end = stacked.make_strings(shape).end();
    std::copy(piece.begin(), piece.end(), end - static_cast<std::ptrdiff_t>(piece.size()));
    const bool twice_as_many = (done_ & (done_ + 1)) == 0;
    if (twice_as_many) stacked.check_budget();  // which looks at all of them
  }

  /// To where they belong, when all are there.
  void return_pieces(std::size_t index) {
    const Piece& plan = state_.pieces[index];
    Held& stacked = stacked_[index];
    if (done_ == 0) {
      Shape none = plan.shape;
      none.insert(none.begin(), 0);
      plan.type == DataType::kString ? static_cast<void>(stacked.make_strings(none))
                                     : static_cast<void>(stacked.make(plan.type, none));
    }
    Shape shape = stacked.shape();
    Strides strides = row_major_strides(shape);
    std::int64_t first = 0;
    if (plan.axis.backwards && done_ > 0) {
      first = (done_ - 1) * strides[0];
      strides[0] = -strides[0];
    }
    const auto along = static_cast<std::ptrdiff_t>(normalized_axis(plan.axis.axis, shape.size()));
    std::rotate(shape.begin(), shape.begin() + 1, shape.begin() + along + 1);
    std::rotate(strides.begin(), strides.begin() + 1, strides.begin() + along + 1);
    Held& output = held(args_.outputs[carried_.size() + index]);
    if (stacked.type() == DataType::kString)
      return return_strings(stacked, make_strided_copy(sizeof(std::int64_t), shape, strides, first), shape, output);
    std::byte* const memory = output.make(stacked.type(), shape);
    if (stacked.bytes() == 0) return;
    run_strided_copy(args_.control, make_strided_copy(size_of(stacked.type()), shape, strides, first), stacked.data(),
                     memory);
  }

  /// By their handles.
  void return_strings(const Held& stacked, const StridedCopy& copy, const Shape& shape, Held& output) const {
    std::vector<std::int64_t> handles;
    for (const std::string& string : stacked.strings()) handles.push_back(handle_of(string));
    std::vector<std::int64_t> moved(handles.size());
    if (!handles.empty()) run_strided_copy(args_.control, copy, handles.data(), moved.data());
    std::vector<std::string>& strings = output.make_strings(shape);
    for (std::size_t i = 0; i < moved.size(); ++i) strings[i] = string_of(moved[i]);
    output.check_budget();
  }

  const RunArguments& args_;
  const State& state_;
  std::optional<BodySession> sessions_[2];
  std::vector<ConstTensorView> carried_;
  std::vector<Held> wrapped_;
  std::vector<Held> sliced_;
  std::vector<Held> stacked_;
  std::int64_t number_ = 0;
  std::int64_t most_ = INT64_MAX;
  std::int64_t done_ = 0;
  bool condition_ = true;
};

/// As much of a dimension as does not change from one iteration to the next.
TensorType with_numbers_only(TensorType type) {
  for (Dim& dim : type.dims) {
    if (!dim.known()) dim = Dim::unknown();
  }
  return type;
}

}  // namespace

bool iterations_need_stages(const Node& node, const Iterated& how) {
  const Graph& body = *node.bodies[0].graph;
  if (body.outputs.size() != how.first_output() + how.states + how.pieces.size()) return false;  // infer says so
  const std::vector<bool> decides = find_shape_values(body);
  const std::vector<bool> computable = find_computable(body);
  bool any_decides = how.counts && decides[body.inputs[0]];
  for (std::size_t i = 0; i < how.states; ++i) {
    if (!decides[body.inputs[how.given_inputs() + i]]) continue;
    any_decides = true;
    if (!computable[body.outputs[how.first_output() + i]]) return true;
  }
  for (std::size_t i = 0; i < how.slices.size(); ++i) {
    if (decides[body.inputs[how.given_inputs() + how.states + i]]) return true;
  }
  const bool data_ends = how.counts && !known_condition(body.values[body.outputs[0]]);
  return data_ends && (any_decides || !how.pieces.empty() || states_may_change_shape(node, how));
}

void infer_staged_iterations(InferContext& context, const Iterated& how) {
  const Body& body = context.node().bodies[0];
  if (how.counts) check_condition(output_of(body, 0));
  for (std::size_t i = 0; i < std::min(how.states, context.output_count()); ++i) {
    const TensorType& before = context.input(how.first_state + i);
    const TensorType& after = output_of(body, how.first_output() + i);
    check_state_type(i, before.type, after.type);
    TensorType type = common_type(before, with_numbers_only(after));
    if (certainly_same(body.graph->values[body.graph->inputs[how.given_inputs() + i]].type, after)) type = before;
    if (is_optional(before.type)) type = {after.type, after.ranked, Dims(after.dims.size())};
    set_output_as_known(context, i, type);
  }
  for (std::size_t i = 0; i < how.pieces.size() && how.states + i < context.output_count(); ++i) {
    const TensorType piece = with_numbers_only(output_of(body, how.first_output() + how.states + i));
    check_piece_type(how.states + i, piece.type);
    set_output_as_known(context, how.states + i, stacked_type(piece, how.pieces[i], Dim::unknown()));
  }
}

Prepared prepare_staged_iterations(const PrepareContext& context, const Iterated& how, const Trips& trips,
                                   std::optional<std::size_t> most_input, std::optional<std::size_t> first_input) {
  auto state = new_shared<State>();
  state->body = StagedBody(context, 0);
  state->counts = how.counts;
  state->first_state = how.first_state;
  state->most_input = most_input;
  state->first_input = first_input;
  if (!most_input && trips.most) state->most = *trips.most;
  const Graph& body = *context.node().bodies[0].graph;
  if (how.counts) state->condition_shape = Shape(body.values[body.inputs[1]].type.dims.size(), 1);
  for (std::size_t i = 0; i < how.states; ++i) {
    state->states.push_back({KnownInput(context, how.first_state + i),
                             is_optional(output_of(context.node().bodies[0], how.first_output() + i).type)});
  }
  for (std::size_t i = 0; i < how.slices.size(); ++i) {
    const std::size_t input = how.first_state + how.states + i;
    const TensorType type = slice_type(context.input(input), how.slices[i].axis);
    state->slices.push_back({plan_slice(context, how.slices[i], input), type.type, to_shape(type.dims)});
  }
  for (std::size_t i = 0; i < how.pieces.size(); ++i) state->pieces.push_back(plan_piece(context.node(), how, i));
  return {std::move(state)};
}

void run_staged_iterations(const RunArguments& args) { StagedIterations(args).run(); }

}  // namespace linnet::internal
