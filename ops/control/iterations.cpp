#include "ops/control/iterations.hpp"

#include <algorithm>

#include "ops/control/iterated_types.hpp"
#include "ops/control/slice_plan.hpp"
#include "ops/shared/truth.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

/// Between iterations a state lives in one of two places, one read and one written. The node's output is the first of
/// them where it can be.
struct StatePlan {
  std::size_t input_bytes = 0;           ///< as the node gives it
  std::size_t output_bytes = 0;          ///< as the node returns it, where that is known before the run
  bool in_output = false;                ///< the node's output is the first place
  std::size_t places[2] = {};            ///< workspace offsets
  std::vector<std::size_t> bytes_after;  ///< by program
};

struct State {
  bool counts = false;
  std::size_t first_state = 0;
  std::size_t output_count = 0;  ///< of the node
  std::optional<std::size_t> most_input, first_input;
  std::optional<std::int64_t> trips;
  std::shared_ptr<const Graph> body;
  std::vector<std::shared_ptr<const Program>> programs;  ///< by iteration; the last one for all further ones
  std::vector<StatePlan> states;
  std::vector<SlicePlan> slices;
  std::vector<SlicePlan> pieces;
  std::size_t first_capture = 0;
  std::size_t captures = 0;
  // Workspace offsets:
  std::size_t number = 0;
  std::size_t condition = 0;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t frame = 0;
};

std::size_t bytes_of(const TensorType& type) { return byte_count(type.type, to_shape(type.dims)); }

StatePlan plan_state(const PrepareContext& context, const State& state, const Iterated& how, std::size_t index,
                     WorkspaceLayout& layout) {
  StatePlan plan;
  plan.input_bytes = bytes_of(context.input(how.first_state + index));
  std::size_t most = 0;
  for (const auto& program : state.programs) {
    plan.bytes_after.push_back(program->outputs[how.first_output() + index].bytes);
    most = std::max(most, plan.bytes_after.back());
  }
  const bool wanted = context.has_output(index);
  plan.output_bytes = wanted ? bytes_of(context.output(index)) : 0;
  plan.in_output = wanted && most <= plan.output_bytes;
  if (!plan.in_output) plan.places[0] = layout.add(most);
  plan.places[1] = layout.add(most);
  return plan;
}

SlicePlan plan_piece(const PrepareContext& context, const State& state, const Iterated& how, std::size_t index,
                     WorkspaceLayout& layout) {
  SlicePlan plan;
  plan.operand = how.states + index;
  plan.backwards = how.pieces[index].backwards;
  if (state.programs.empty()) return plan;  // there are no pieces
  const ProgramOutput& piece = state.programs.front()->outputs[how.first_output() + how.states + index];
  plan.bytes = piece.bytes;
  if (!context.has_output(plan.operand)) {
    plan.place = layout.add(plan.bytes);
    return plan;
  }
  const Shape whole = context.output_shape(plan.operand);
  const auto along = static_cast<std::size_t>(normalized_axis(how.pieces[index].axis, whole.size()));
  plan.strided = along != 0;
  if (!plan.strided) return plan;
  // Stacked along the first axis, and moved to where they belong when all are there.
  std::vector<std::int64_t> strides = row_major_strides(piece.shape);
  strides.insert(strides.begin() + static_cast<std::ptrdiff_t>(along), element_count(piece.shape));
  plan.copy = make_strided_copy(size_of(piece.type), whole, strides, 0);
  plan.place = layout.add(byte_count(piece.type, whole));
  return plan;
}

/// One run of the node.
class Iterations {
 public:
  explicit Iterations(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        workspace_(static_cast<std::byte*>(args.workspace)),
        inputs_(reinterpret_cast<const void**>(workspace_ + state_.inputs)),
        outputs_(reinterpret_cast<void**>(workspace_ + state_.outputs)),
        number_(reinterpret_cast<std::int64_t*>(workspace_ + state_.number)),
        condition_(workspace_ + state_.condition),
        first_(state_.counts ? 2 : 0) {
    most_ = INT64_MAX;
    if (state_.most_input) most_ = *static_cast<const std::int64_t*>(args.inputs[*state_.most_input]);
    if (state_.trips) most_ = *state_.trips;
    const bool begins = !state_.first_input || is_true_at(args.inputs[*state_.first_input]);
    *condition_ = std::byte{begins};
  }

  void run() {
    bind_what_stays();
    std::optional<Frame> frame;
    while (done_ < most_ && is_true_at(condition_)) {
      args_.control.check();
      const std::size_t program = program_of(done_);
      if (!frame || program != program_of(done_ - 1))
        frame.emplace(*state_.programs[program], *state_.body, workspace_ + state_.frame, args_.control);
      bind_iteration();
      frame->run(inputs_, outputs_);
      ++done_;
    }
    return_states();
    return_pieces();
  }

 private:
  std::size_t program_of(std::int64_t iteration) const {
    return std::min(static_cast<std::size_t>(iteration), state_.programs.size() - 1);
  }

  void bind_what_stays() {
    if (state_.counts) {
      inputs_[0] = number_;
      inputs_[1] = condition_;
      outputs_[0] = condition_;
    }
    for (std::size_t i = 0; i < state_.states.size(); ++i) inputs_[first_ + i] = args_.inputs[state_.first_state + i];
    const std::size_t captures = first_ + state_.states.size() + state_.slices.size();
    for (std::size_t i = 0; i < state_.captures; ++i) inputs_[captures + i] = args_.inputs[state_.first_capture + i];
  }

  /// The place that a state is written to: if the number of iterations is known, the last one writes the node's output.
  std::byte* place_of(std::size_t state, std::int64_t iteration) const {
    const StatePlan& plan = state_.states[state];
    const bool first = state_.trips ? (*state_.trips - 1 - iteration) % 2 == 0 : iteration % 2 == 0;
    if (!first) return workspace_ + plan.places[1];
    return plan.in_output ? static_cast<std::byte*>(args_.outputs[state]) : workspace_ + plan.places[0];
  }

  void bind_iteration() {
    *number_ = done_;
    const std::size_t first_output = state_.counts ? 1 : 0;
    for (std::size_t i = 0; i < state_.states.size(); ++i) {
      if (done_ > 0) inputs_[first_ + i] = place_of(i, done_ - 1);
      outputs_[first_output + i] = place_of(i, done_);
    }
    for (std::size_t i = 0; i < state_.slices.size(); ++i)
      inputs_[first_ + state_.states.size() + i] = slice(state_.slices[i]);
    for (std::size_t i = 0; i < state_.pieces.size(); ++i)
      outputs_[first_output + state_.states.size() + i] = piece(state_.pieces[i]);
  }

  std::int64_t position(const SlicePlan& plan) const { return plan.backwards ? most_ - 1 - done_ : done_; }

  const void* slice(const SlicePlan& plan) const {
    return slice_at(args_.control, plan, args_.inputs[plan.operand], position(plan), workspace_ + plan.place);
  }

  bool is_wanted(std::size_t output) const { return output < state_.output_count && args_.outputs[output] != nullptr; }

  void* piece(const SlicePlan& plan) const {
    if (!is_wanted(plan.operand)) return workspace_ + plan.place;
    std::byte* whole = plan.strided ? workspace_ + plan.place : static_cast<std::byte*>(args_.outputs[plan.operand]);
    return whole + static_cast<std::size_t>(position(plan)) * plan.bytes;
  }

  void return_states() const {
    for (std::size_t i = 0; i < state_.states.size(); ++i) {
      if (!is_wanted(i)) continue;
      const StatePlan& plan = state_.states[i];
      const void* last = done_ == 0 ? args_.inputs[state_.first_state + i] : place_of(i, done_ - 1);
      const std::size_t bytes = done_ == 0 ? plan.input_bytes : plan.bytes_after[program_of(done_ - 1)];
      if (bytes != plan.output_bytes) fail(ErrorCode::kInternal, "a state has another size than was planned");
      copy_bytes(args_.control, args_.outputs[i], last, bytes);
    }
  }

  void return_pieces() const {
    for (const SlicePlan& plan : state_.pieces) {
      if (!plan.strided || !is_wanted(plan.operand)) continue;
      run_strided_copy(args_.control, plan.copy, workspace_ + plan.place, args_.outputs[plan.operand]);
    }
  }

  const RunArguments& args_;
  const State& state_;
  std::byte* workspace_;
  const void** inputs_;
  void** outputs_;
  std::int64_t* number_;
  std::byte* condition_;  ///< a bool, as the body made it
  std::size_t first_;     ///< input of the body behind those of a loop
  std::int64_t most_ = 0;
  std::int64_t done_ = 0;
};

}  // namespace

Prepared prepare_iterations(const PrepareContext& context, const Iterated& how, const Trips& trips,
                            std::optional<std::size_t> most_input, std::optional<std::size_t> first_input) {
  auto state = new_shared<State>();
  const Body& body = context.node().bodies[0];
  const IteratedTypes types = iterated_types(context, how, trips);
  state->counts = how.counts;
  state->first_state = how.first_state;
  state->output_count = context.output_count();
  state->most_input = most_input;
  state->first_input = first_input;
  state->trips = types.trips;
  state->body = body.graph;
  state->first_capture = body.first_capture;
  state->captures = body.graph->inputs.size() - body.own_inputs;
  std::size_t frame_bytes = 0;
  for (const std::vector<Value>& inputs : types.inputs) {
    if (types.trips == std::int64_t{0}) break;
    state->programs.push_back(context.bodies().compile_body(*body.graph, program_inputs(inputs)));
    frame_bytes = std::max(frame_bytes, Frame::bytes(*state->programs.back()));
  }
  WorkspaceLayout layout;
  for (std::size_t i = 0; i < how.states; ++i) state->states.push_back(plan_state(context, *state, how, i, layout));
  for (std::size_t i = 0; i < how.slices.size(); ++i) {
    state->slices.push_back(plan_slice(context, how.slices[i], how.first_state + how.states + i));
    SlicePlan& slice = state->slices.back();
    if (slice.strided) slice.place = layout.add(slice.bytes);
  }
  for (std::size_t i = 0; i < how.pieces.size(); ++i)
    state->pieces.push_back(plan_piece(context, *state, how, i, layout));
  state->number = layout.add(sizeof(std::int64_t));
  state->condition = layout.add(sizeof(bool));
  state->inputs = layout.add(body.graph->inputs.size() * sizeof(void*));
  state->outputs = layout.add(body.graph->outputs.size() * sizeof(void*));
  state->frame = layout.add(frame_bytes);
  return {std::move(state), layout.bytes()};
}

void run_iterations(const RunArguments& args) { Iterations(args).run(); }

}  // namespace linnet::internal
