// What a session keeps from one run to the next: outputs that are inputs.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/session_impl.hpp"

namespace linnet::internal {

namespace {

/// "present.0.key" and "past_key_values.0.key" are both the cache "past.0.key".
std::string cache_name(std::string name) {
  for (const std::string_view word : {"past_key_values", "present_key_values", "present"}) {
    if (const std::size_t at = name.find(word); at != std::string::npos) return name.replace(at, word.size(), "past");
  }
  return name;
}

}  // namespace

const SessionImpl::SessionState* SessionImpl::state_of(std::size_t input) const noexcept {
  const auto has_input = [&](const SessionState& state) { return state.tie.input == input; };
  const auto found = std::find_if(states_.begin(), states_.end(), has_input);
  return found == states_.end() ? nullptr : &*found;
}

std::vector<StateTie> SessionImpl::ties() const {
  std::vector<StateTie> ties;
  for (const SessionState& state : states_) ties.push_back(state.tie);
  return ties;
}

void SessionImpl::add_state(const StateTie& tie) {
  states_.emplace_back();
  states_.back().tie = tie;
  InputBinding& input = inputs_[tie.input];
  input.is_state = true;
  states_.back().given = input.bound && input.data != nullptr;
  for (const GrowingCache& cache : model_.growing_caches()) {
    if (cache.input == tie.input && cache.output == tie.output) states_.back().cache = &cache;
  }
  buffers_changed_ = true;
}

void SessionImpl::carry(const State& state) { add_state(model_.tie(state, ties())); }

std::vector<State> SessionImpl::carry_caches() {
  const Graph& graph = model_.graph();
  std::vector<State> pairs;
  std::vector<StateTie> all = ties();
  for (const std::string& output : graph.output_names) {
    for (const std::string& input : graph.input_names) {
      if (output.find("present") == std::string::npos || cache_name(input) != cache_name(output)) continue;
      pairs.push_back({input, output});
      all.push_back(model_.tie(pairs.back(), all));
    }
  }
  if (pairs.empty()) {
    invalid_argument(
        "no output is named as an input is, with \"present\" in place of \"past\": carry each by its name");
  }
  for (auto tie = all.end() - static_cast<std::ptrdiff_t>(pairs.size()); tie != all.end(); ++tie) add_state(*tie);
  return pairs;
}

void SessionImpl::reset() noexcept {
  for (SessionState& state : states_) {
    state.zeros = true;
    state.given = false;
  }
}

/// Of a state that no run has made yet: open dimensions are those of inputs that share their names, else what the model
/// makes of them, where that is known, else 0: what grows from nothing.
void SessionImpl::set_first_shape(SessionState& state) const {
  const Graph& graph = model_.graph();
  const TensorType& type = graph.values[graph.inputs[state.tie.input]].type;
  const std::string& name = graph.input_names[state.tie.input];
  if (!type.ranked)
    invalid_argument("the state \"", printable(name), "\" has no rank in the model: what are its zeros?");
  const TensorType& made = graph.values[graph.outputs[state.tie.output]].type;
  const bool alike = made.ranked && made.dims.size() == type.dims.size();
  Shape& shape = state.shape;
  shape.clear();
  for (const Dim dim : type.dims) {
    if (dim.known()) {
      shape.push_back(dim.value());
      continue;
    }
    const std::size_t before = shape.size();
    for (std::size_t i = 0; dim.is_symbol() && i < model_.inputs().size() && shape.size() == before; ++i) {
      if (const SessionState* other = state_of(i); other != nullptr && !other->given) continue;
      const Dims& dims = graph.values[graph.inputs[i]].type.dims;
      const auto same = std::find_if(dims.begin(), dims.end(), [&](Dim other) { return other.same(dim); });
      if (same != dims.end()) shape.push_back(inputs_[i].shape[static_cast<std::size_t>(same - dims.begin())]);
    }
    if (shape.size() == before) shape.push_back(alike && made.dims[before].known() ? made.dims[before].value() : 0);
  }
}

/// What the run before made of a state may be what the model cannot take.
void SessionImpl::check_shape(const SessionState& state) const {
  const Graph& graph = model_.graph();
  const TensorType& type = graph.values[graph.inputs[state.tie.input]].type;
  if (!type.ranked) return;
  const bool fits = std::equal(type.dims.begin(), type.dims.end(), state.shape.begin(), state.shape.end(),
                               [](Dim dim, std::int64_t size) { return !dim.differs(size); });
  if (fits) return;
  invalid_argument("the state \"", printable(graph.input_names[state.tie.input]), "\" is ", state.shape,
                   " after the run before, but the model wants ", type.dims);
}

/// Points the inputs that are states at them.
void SessionImpl::begin_states() {
  const Graph& graph = model_.graph();
  for (SessionState& state : states_) {
    InputBinding& input = inputs_[state.tie.input];
    if (state.zeros && !state.given) {
      input.type = graph.values[graph.inputs[state.tie.input]].type.type;
      set_first_shape(state);
    }
    begin_growing(state);
    if (state.given) continue;
    if (state.zeros && outputs_[state.tie.output].grown == nullptr) {
      const std::size_t bytes = byte_count(input.type, state.shape);
      if (bytes > model_.memory_budget()) {
        fail(ErrorCode::kLimitExceeded, "the state \"", printable(graph.input_names[state.tie.input]), "\" needs ",
             bytes, " bytes, the memory budget is ", model_.memory_budget());
      }
      if (state.memory == nullptr || state.bytes < bytes) {
        outputs_[state.tie.output].last = nullptr;
        state.memory = allocate_aligned(bytes);
        state.bytes = bytes;
      }
      std::memset(state.memory.get(), 0, bytes);
      state.room = 0;
    }
    const bool reshaped = !input.bound || input.shape != state.shape;
    if (reshaped) check_shape(state);
    const void* data = state.memory != nullptr ? static_cast<const void*>(state.memory.get()) : kNothing;
    shapes_changed_ = shapes_changed_ || reshaped;
    buffers_changed_ = buffers_changed_ || input.data != data;
    input.shape = state.shape;
    input.data = data;
    input.bound = true;
  }
}

/// After a run: what it made is what the next one reads. All states are kept, or none.
void SessionImpl::keep_states() {
  // What lies in the caller's memory, or where a step found out its size, is copied.
  const auto copied = [&](const SessionState& state) {
    return outputs_[state.tie.output].bound || model_.data_decides_shapes();
  };
  for (SessionState& state : states_) {
    if (outputs_[state.tie.output].grown != nullptr) continue;
    const std::size_t bytes = byte_count(made(state.tie.output));
    if (copied(state) && state.bytes < bytes) state.larger = allocate_aligned(bytes);
  }
  for (SessionState& state : states_) {
    OutputBinding& output = outputs_[state.tie.output];
    if (output.grown != nullptr) {
      keep_grown(state);
      continue;
    }
    const ConstTensorView view = made(state.tie.output);
    if (copied(state)) {
      const std::size_t bytes = byte_count(view);
      if (state.larger != nullptr) {
        state.memory = std::move(state.larger);
        state.bytes = bytes;
      }
      if (bytes > 0) std::memcpy(state.memory.get(), view.data, bytes);
      output.last = nullptr;
    } else {
      std::swap(state.memory, output.own);
      std::swap(state.bytes, output.own_bytes);
      output.last = state.memory.get();
    }
    state.shape.assign(view.shape, view.shape + view.rank);
    state.room = 0;
    state.zeros = false;
    state.given = false;
  }
}

}  // namespace linnet::internal
