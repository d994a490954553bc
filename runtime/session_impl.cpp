#include "runtime/session_impl.hpp"

#include <algorithm>
#include <chrono>
#include <new>

#include "runtime/data_type.hpp"
#include "runtime/float_mode.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

/// The least that memory grows to: what grows a little at every run, as a cache does, gets new memory in few of them.
std::size_t half_more(std::size_t bytes) { return bytes / 2 * 3; }

}  // namespace

SessionImpl::SessionImpl(ModelImpl& model, std::shared_ptr<Arena> arena)
    : model_(model),
      control_(model.pool(), model.threads(), model.caller_pool()),
      inputs_(model.inputs().size() + model.states().size()),
      outputs_(model.outputs().size()),
      arena_(std::move(arena)) {
  for (const ModelImpl::Part& part : model.parts())
    parts_.push_back(std::make_unique<SessionImpl>(*part.model, arena_));
  for (OutputBinding& output : outputs_) output.held = Held(model.memory_budget());
  buffers_.reserve(inputs_.size() + outputs_.size());
  for (const StateTie& tie : model.states()) add_state(tie);
  control_.set_flush_denormals(model.options().flush_denormals);
}

void SessionImpl::bind_value(std::size_t index, std::shared_ptr<const Held> value) {
  values_.resize(inputs_.size());  // first, as it may fail
  bind_input(index, value->view());
  values_[index] = std::move(value);
}

void SessionImpl::bind_input(std::size_t index, const ConstTensorView& view) {
  model_.check_input(index, view);
  InputBinding& input = inputs_[index];
  const bool same_shape =
      input.bound && std::equal(input.shape.begin(), input.shape.end(), view.shape, view.shape + view.rank);
  if (!same_shape) {
    shapes_changed_ = true;
    input.bound = false;
    input.shape.assign(view.shape, view.shape + view.rank);
  }
  input.type = view.type;
  input.data = view.data != nullptr ? view.data : kNothing;
  input.bound = true;
  buffers_changed_ = true;
  if (index < values_.size()) values_[index] = nullptr;
  for (SessionState& state : states_) state.given = state.given || state.tie.input == index;
}

void SessionImpl::bind_output(std::size_t index, const TensorView& view) {
  if (index >= outputs_.size()) invalid_argument("output ", index, " does not exist: the model has ", outputs_.size());
  if (view.rank > 0 && view.shape == nullptr)
    invalid_argument("output ", index, ": the view given has rank ", view.rank, " but no shape");
  if (is_held(model_.type_of_output(index))) {
    invalid_argument("output ", index, " is ", model_.type_of_output(index),
                     ", which has no buffer to be bound: take its value after the run");
  }
  if (view.data == nullptr &&
      !std::any_of(view.shape, view.shape + view.rank, [](std::int64_t size) { return size == 0; })) {
    invalid_argument("output ", index, ": no data (null)");
  }
  if (!is_aligned(view.data, view.type)) {
    invalid_argument("output ", index, ": the data is not aligned to its element size of ", size_of(view.type));
  }
  OutputBinding& output = outputs_[index];
  output.bound = false;
  output.shape.assign(view.shape, view.shape + view.rank);
  output.type = view.type;
  output.data = view.data != nullptr ? view.data : const_cast<std::byte*>(kNothing);  // no bytes, so never written
  output.bound = true;
  buffers_changed_ = true;
}

void SessionImpl::unbind_output(std::size_t index) {
  if (index >= outputs_.size()) invalid_argument("output ", index, " does not exist: the model has ", outputs_.size());
  outputs_[index].bound = false;
  buffers_changed_ = true;
}

void SessionImpl::unbind_all() noexcept {
  for (std::size_t i = 0; i < model_.inputs().size(); ++i) {
    if (!is_state(i)) inputs_[i].data = nullptr;
  }
  for (OutputBinding& output : outputs_) output.bound = false;
  values_.clear();
  buffers_changed_ = true;
}

void SessionImpl::require_inputs() const {
  for (std::size_t i = 0; i < model_.inputs().size(); ++i) {
    if ((!inputs_[i].bound || inputs_[i].data == nullptr) && !is_state(i))
      invalid_argument("input \"", printable(model_.inputs()[i].name), "\" is not given: the model wants ",
                       describe(model_.inputs()[i]));
  }
}

void SessionImpl::prepare(const Stop& stop) {
  ran_ = prepared_ = false;
  if (shapes_changed_ || buffers_changed_) require_inputs();
  if (!states_.empty()) begin_states();
  if (!parts_.empty()) {
    prepare_parts(stop);
    prepared_ = true;
    return;
  }
  if (shapes_changed_ || model_.has_shape_inputs()) find_program(stop);
  if (!model_.growing_caches().empty()) reserve_grown(stop);
  if (pointed_at_ != arena_->memory.get()) follow_arena();
  if (buffers_changed_) {
    prepare_outputs();
    point_at_buffers();
    buffers_changed_ = false;
  }
  prepared_ = true;
}

void SessionImpl::find_program(const Stop& stop) {
  model_.make_key(inputs_, key_);
  if (current_ != nullptr && current_->key == key_) {
    shapes_changed_ = false;
    return;
  }
  const auto same_key = [&](const std::unique_ptr<BoundProgram>& bound) { return bound->key == key_; };
  auto found = std::find_if(programs_.begin(), programs_.end(), same_key);
  if (found == programs_.end()) {
    std::unique_ptr<BoundProgram> bound = bind(key_, model_.program(key_, inputs_, stop));
    programs_.reserve(programs_.size() + 1);
    drop_old_programs(kept_bytes(bound->key, *bound->program));
    programs_.push_back(std::move(bound));
    found = std::prev(programs_.end());
  }
  current_ = found->get();
  current_->last_used = ++uses_;
  shapes_changed_ = false;
  buffers_changed_ = true;
}

/// Makes room for one more, of so many bytes.
void SessionImpl::drop_old_programs(std::size_t bytes) {
  for (const std::unique_ptr<BoundProgram>& bound : programs_) bytes += kept_bytes(bound->key, *bound->program);
  const Options& options = model_.options();
  while (!programs_.empty() && (programs_.size() >= options.program_cache || bytes > options.program_cache_bytes)) {
    const auto older = [](const auto& a, const auto& b) { return a->last_used < b->last_used; };
    const auto oldest = std::min_element(programs_.begin(), programs_.end(), older);
    bytes -= kept_bytes((*oldest)->key, *(*oldest)->program);
    if (oldest->get() == current_) current_ = nullptr;
    programs_.erase(oldest);
  }
}

std::unique_ptr<SessionImpl::BoundProgram> SessionImpl::bind(ProgramKey key, std::shared_ptr<const Program> program) {
  auto bound = std::make_unique<BoundProgram>();
  bound->key = std::move(key);
  bound->operands.assign(program->operands.size(), nullptr);
  bind_constants(*program, bound->operands.data());
  bound->calls.reserve(program->steps.size());
  for (const Step& step : program->steps) bound->calls.push_back(make_call(step, bound->operands.data(), control_));
  bound->program = std::move(program);
  reserve_arena(bound->program->arena_bytes);
  point_bound_into_arena(*bound);
  return bound;
}

void SessionImpl::reserve_arena(std::size_t bytes) {
  if (arena_->memory != nullptr && bytes <= arena_->bytes) return;
  bytes = std::max(bytes, std::min(half_more(arena_->bytes), model_.memory_budget()));
  arena_->memory.reset();  // never both at once: the budget is for one
  arena_->bytes = 0;
  try {
    arena_->memory = allocate_aligned(bytes);
    arena_->bytes = bytes;
  } catch (const std::bad_alloc&) {
    programs_.clear();  // their pointers are stale
    current_ = nullptr;
    shapes_changed_ = true;
    fail(ErrorCode::kOutOfMemory, "no memory for an arena of ", bytes, " bytes");
  }
  follow_arena();
}

/// Another part of the model may have replaced the arena.
void SessionImpl::follow_arena() {
  if (current_ != nullptr && arena_->bytes < current_->program->arena_bytes)
    return reserve_arena(current_->program->arena_bytes);
  for (const std::unique_ptr<BoundProgram>& bound : programs_) point_bound_into_arena(*bound);
  pointed_at_ = arena_->memory.get();
}

void SessionImpl::point_bound_into_arena(BoundProgram& bound) const {
  point_into_arena(*bound.program, arena_->memory.get(), bound.operands.data(), bound.calls.data());
}

void SessionImpl::prepare_outputs() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    OutputBinding& output = outputs_[i];
    const ProgramOutput& made = current_->program->outputs[i];
    if (made.revealed) continue;
    if (output.bound) {
      if (output.type == made.type && output.shape == made.shape) continue;
      invalid_argument("output \"", printable(model_.outputs()[i].name), "\" is ", made.type, " ", made.shape,
                       " for these inputs, the buffer bound is ", output.type, " ", output.shape);
    }
    if (output.grown == nullptr) reserve_own(output, made.bytes);
  }
}

/// What grew will grow again: a cache that a run makes a row longer is given new memory in few runs.
void SessionImpl::reserve_own(const OutputBinding& output, std::size_t bytes) {
  if (output.own != nullptr && output.own_bytes >= bytes) return;
  bytes = std::max(bytes, half_more(output.own_bytes));
  output.own.reset();
  output.own_bytes = 0;
  output.own = allocate_aligned(bytes);
  output.own_bytes = bytes;
}

void* SessionImpl::output_data(std::size_t position) const {
  const OutputBinding& output = outputs_[position];
  if (output.grown != nullptr) return output.grown;
  return output.bound ? output.data : output.own.get();
}

/// What a step is given as an output.
void* SessionImpl::output_operand(std::size_t position) {
  return current_->program->outputs[position].revealed ? &outputs_[position].held : output_data(position);
}

void SessionImpl::point_at_buffers() {
  check_overlap();
  for (const Patch& patch : current_->program->patches) {
    current_->operands[patch.operand] =
        patch.output ? output_operand(patch.position) : const_cast<void*>(inputs_[patch.position].data);
  }
}

void SessionImpl::refuse_overlap(const Buffer& output, const Buffer& other) const {
  const auto name = [&](std::size_t index) { return printable(model_.outputs()[index].name); };
  if (!other.output) {
    invalid_argument("the buffer of output \"", name(output.index), "\" overlaps input \"",
                     printable(model_.graph().input_names[other.index]), "\"");
  }
  const auto [first, second] = std::minmax(output.index, other.index);
  invalid_argument("the buffers of outputs \"", name(first), "\" and \"", name(second), "\" overlap");
}

/// Steps write outputs early and read inputs late, so the two may not share memory; nor may two outputs.
void SessionImpl::check_overlap() {
  std::vector<Buffer>& buffers = buffers_;
  buffers.clear();
  const auto add = [&](const void* data, std::size_t bytes, std::size_t index, bool output) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    if (bytes > 0) buffers.push_back({begin, begin + bytes, index, output});
  };
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].bound) add(outputs_[i].data, byte_count(outputs_[i].type, outputs_[i].shape), i, true);
  }
  if (buffers.empty()) return;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!is_held(inputs_[i].type)) add(inputs_[i].data, byte_count(inputs_[i].type, inputs_[i].shape), i, false);
  }
  std::sort(buffers.begin(), buffers.end(), [](const Buffer& a, const Buffer& b) { return a.begin < b.begin; });
  // Inputs may overlap each other: of those before a buffer the one that goes furthest counts, and of outputs likewise.
  const Buffer* last_output = nullptr;
  const Buffer* furthest_input = nullptr;
  for (const Buffer& buffer : buffers) {
    if (last_output != nullptr && last_output->end > buffer.begin) refuse_overlap(*last_output, buffer);
    if (buffer.output && furthest_input != nullptr && furthest_input->end > buffer.begin) {
      refuse_overlap(buffer, *furthest_input);
    }
    const Buffer*& kept = buffer.output ? last_output : furthest_input;
    if (kept == nullptr || buffer.end > kept->end) kept = &buffer;
  }
}

ConstTensorView SessionImpl::output(std::size_t index) const {
  if (index >= outputs_.size()) invalid_argument("output ", index, " does not exist: the model has ", outputs_.size());
  const OutputBinding& output = outputs_[index];
  const bool has_memory = output.bound || output.own != nullptr || output.last != nullptr || output.grown != nullptr;
  const bool is_there = model_.data_decides_shapes() ? ran_ : prepared_ && current_ != nullptr && has_memory;
  if (shapes_changed_ || !is_there) invalid_argument("output ", index, " is not there yet: run the session first");
  ConstTensorView view = made(index);
  if (output.bound) {
    view.data = output.data;
  } else if (output.grown != nullptr) {
    if (ran_) view.data = dense_output(index);
  } else if (output.last != nullptr && ran_) {
    view.data = output.last;
  }
  return view;
}

ConstTensorView SessionImpl::made(std::size_t index) const {
  if (!parts_.empty()) {
    const StageValue source = model_.output_sources()[index];
    return parts_[source.stage]->made(source.position);
  }
  const ProgramOutput& program = current_->program->outputs[index];
  if (!program.revealed) return {program.type, program.shape.data(), program.shape.size(), output_data(index)};
  return outputs_[program.source.index].held.view();  // two outputs may be the same value
}

/// Copies to the caller's buffers what could not be written there.
void SessionImpl::return_revealed() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const OutputBinding& output = outputs_[i];
    if (!output.bound || (parts_.empty() && !current_->program->outputs[i].revealed)) continue;
    const ConstTensorView view = made(i);
    const Shape shape(view.shape, view.shape + view.rank);
    if (output.type != view.type || output.shape != shape) {
      invalid_argument("output \"", printable(model_.outputs()[i].name), "\" is ", view.type, " ", shape,
                       " for these inputs, the buffer bound is ", output.type, " ", output.shape);
    }
    copy_bytes(control_, output.data, view.data, byte_count(view));
  }
}

void SessionImpl::run_steps(const Stop& stop, std::vector<StepTime>* step_times) {
  prepare(stop);
  parts_.empty() ? run_own_steps(stop, step_times) : run_parts(stop, step_times);
  if (model_.data_decides_shapes()) return_revealed();
  if (!states_.empty()) keep_states();
  ran_ = true;
}

void SessionImpl::run_own_steps(const Stop& stop, std::vector<StepTime>* step_times) {
  if (step_times != nullptr) step_times->resize(current_->calls.size());
  control_.begin_run();
  control_.set_stop(stop);
  control_.check();
  const FloatMode mode(model_.options().flush_denormals);
  const Call* const first = current_->calls.data();
  const Call* const end = first + current_->calls.size();
  const Call* call = first;
  try {
    for (; call != end; ++call) {
      control_.check();
      if (step_times == nullptr) {
        call->run(call->arguments);
        continue;
      }
      StepTime& time = (*step_times)[static_cast<std::size_t>(call - first)];
      time.start = std::chrono::steady_clock::now();
      call->run(call->arguments);
      time.end = std::chrono::steady_clock::now();
    }
  } catch (const Error& error) {
    if (is_stop(error)) throw;
    const NodeId node = current_->program->steps[static_cast<std::size_t>(call - first)].parts.back().node;
    throw with_node_and_inputs(model_.graph().nodes[node], current_->program->values, model_.graph().symbols, error);
  }
  control_.set_trace(nullptr);  // what is copied now belongs to no step
  const auto input = [&](std::size_t position) { return inputs_[position].data; };
  const auto output = [&](std::size_t position) { return output_data(position); };
  copy_outputs(*current_->program, arena_->memory.get(), control_, input, output);
}

}  // namespace linnet::internal
