// States of a session that grow where they lie: see growing_caches.hpp.
#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/session_impl.hpp"

namespace linnet::internal {

/// How the memory of a growing cache is cut: `pieces` of as many elements along the axis as there is room for.
struct SessionImpl::CacheLayout {
  CacheLayout(const SessionState& state, DataType type)
      : pieces(pieces_before(state.shape, state.cache->axis)), unit(size_of(type)) {
    for (std::size_t i = state.cache->axis + 1; i < state.shape.size(); ++i)
      unit *= static_cast<std::size_t>(state.shape[i]);
  }

  /// Of the whole. It can be counted for half more than a result has had.
  std::size_t bytes(std::int64_t room) const { return pieces * unit * static_cast<std::size_t>(room); }
  /// For how many elements along the axis there is room.
  std::int64_t room(std::size_t bytes) const { return static_cast<std::int64_t>(bytes / (pieces * unit)); }
  /// `length` elements along the axis from where there is room for `from_room` to where there is for `to_room`.
  void copy(const std::byte* from, std::int64_t from_room, std::byte* to, std::int64_t to_room,
            std::int64_t length) const {
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      std::memcpy(to + piece * unit * static_cast<std::size_t>(to_room),
                  from + piece * unit * static_cast<std::size_t>(from_room), unit * static_cast<std::size_t>(length));
    }
  }

  std::size_t pieces;
  std::size_t unit;  ///< bytes of one element along the axis, in one piece
};

SessionImpl::CacheLayout SessionImpl::layout_of(const SessionState& state) const {
  return {state, inputs_[state.tie.input].type};
}

/// Whether the next run appends to what there is: a run on what the caller bound makes a new result, and so does one on
/// zeros, unless these are none, of a cache that has room from before it was reset.
bool SessionImpl::grows_in_place(const SessionState& state) const {
  if (state.cache == nullptr || state.given) return false;
  const std::int64_t length = state.shape[state.cache->axis];
  if (state.zeros ? length > 0 || state.room == 0 : length == 0) return false;
  const CacheLayout layout = layout_of(state);
  const std::size_t least = layout.bytes(1);
  return least > 0 && least <= state.bytes && (state.cache->spaced || layout.pieces == 1);
}

/// For half more than there is now where that fits the budget and is to be had, else for `least`, which fits it.
std::shared_ptr<std::byte> SessionImpl::memory_for_room(const SessionState& state, std::int64_t least,
                                                        std::size_t* bytes) const {
  const CacheLayout layout = layout_of(state);
  const std::int64_t length = state.shape[state.cache->axis];
  *bytes = layout.bytes(std::max(least, length + length / 2));
  if (*bytes <= model_.memory_budget()) {
    try {
      return allocate_aligned(*bytes);
    } catch (const std::bad_alloc&) {  // it was more than is needed
    }
  }
  *bytes = layout.bytes(least);
  return allocate_aligned(*bytes);
}

/// Makes room along the axis of a growing cache. The output's own memory serves where it is large enough, and what was
/// dense becomes that, where it is small beside it. Nothing has changed if it throws.
void SessionImpl::reserve_room(SessionState& state, std::int64_t least) {
  constexpr std::size_t kMostKept = 4;  // a fourth
  const CacheLayout layout = layout_of(state);
  const std::int64_t length = state.shape[state.cache->axis];
  OutputBinding& output = outputs_[state.tie.output];
  const bool takes_own = output.own_bytes >= layout.bytes(least);
  std::size_t bytes = output.own_bytes;
  std::shared_ptr<std::byte> memory = takes_own ? output.own : memory_for_room(state, least, &bytes);
  const std::int64_t room = layout.room(bytes);
  layout.copy(state.memory.get(), state.room > 0 ? state.room : length, memory.get(), room, length);
  if (takes_own || state.room == 0) {
    const bool keeps = state.bytes <= bytes / kMostKept;
    output.own = keeps ? std::move(state.memory) : nullptr;
    output.own_bytes = keeps ? state.bytes : 0;
  }
  state.memory = std::move(memory);
  state.bytes = bytes;
  state.room = room;
  output.last = nullptr;
}

/// Before a run: where it appends to, if it does. Whether the budget allows for more is seen when it is known how much.
void SessionImpl::begin_growing(SessionState& state) {
  const bool grows = grows_in_place(state);
  if (grows) {
    const CacheLayout layout = layout_of(state);
    const std::int64_t length = state.shape[state.cache->axis];
    if (state.zeros) state.room = layout.room(state.bytes);  // of another batch, perhaps
    if (state.room <= length)
      reserve_room(state, layout.bytes(length + 1) <= model_.memory_budget() ? length + 1 : length);
  }
  InputBinding& input = inputs_[state.tie.input];
  OutputBinding& output = outputs_[state.tie.output];
  const std::int64_t room = grows ? state.room : 0;
  std::byte* const grown = grows ? state.memory.get() : nullptr;
  shapes_changed_ = shapes_changed_ || input.room != room;
  buffers_changed_ = buffers_changed_ || output.grown != grown;
  input.room = room;
  output.grown = grown;
  output.own_is_dense_copy = false;
}

/// The program says how much longer caches become: it is compiled once more where there is no room for that.
void SessionImpl::reserve_grown(const Stop& stop) {
  for (SessionState& state : states_) {
    OutputBinding& output = outputs_[state.tie.output];
    if (output.grown == nullptr) continue;
    const std::int64_t length = current_->program->outputs[state.tie.output].shape[state.cache->axis];
    if (length <= state.room) continue;
    reserve_room(state, length);
    inputs_[state.tie.input].room = state.room;
    inputs_[state.tie.input].data = output.grown = state.memory.get();
    shapes_changed_ = true;
  }
  if (shapes_changed_) find_program(stop);
}

/// What a run made of a growing cache, with nothing between.
void SessionImpl::copy_dense(const SessionState& state, const ConstTensorView& made, std::byte* to) const {
  const std::int64_t length = made.shape[state.cache->axis];
  layout_of(state).copy(state.memory.get(), state.room, to, length, length);
}

const void* SessionImpl::dense_output(std::size_t index) const {
  const OutputBinding& output = outputs_[index];
  const auto is_of_output = [&](const SessionState& state) { return state.tie.output == index; };
  const SessionState& state = *std::find_if(states_.begin(), states_.end(), is_of_output);
  if (layout_of(state).pieces == 1) return output.grown;
  if (output.own_is_dense_copy) return output.own.get();
  const ConstTensorView view = made(index);
  reserve_own(output, byte_count(view));
  copy_dense(state, view, output.own.get());
  output.own_is_dense_copy = true;
  return output.own.get();
}

void SessionImpl::keep_grown(SessionState& state) {
  const OutputBinding& output = outputs_[state.tie.output];
  const ConstTensorView view = made(state.tie.output);
  if (output.bound) copy_dense(state, view, static_cast<std::byte*>(output.data));
  state.shape.assign(view.shape, view.shape + view.rank);
  state.zeros = false;
}

}  // namespace linnet::internal
