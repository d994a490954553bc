// A session of a graph that was cut into stages: one session for each, and what they hand on.
#include "runtime/session_impl.hpp"

namespace linnet::internal {

void SessionImpl::bind_part(std::size_t part) {
  const std::vector<StageValue>& sources = model_.parts()[part].inputs;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const StageValue source = sources[i];
    if (source.stage != StageValue::kModel) {
      parts_[part]->bind_input(i, parts_[source.stage]->made(source.position));
      continue;
    }
    const InputBinding& input = inputs_[source.position];
    parts_[part]->bind_input(i, {input.type, input.shape.data(), input.shape.size(), input.data});
  }
}

void SessionImpl::prepare_parts(const Stop& stop) {
  if (shapes_changed_) model_.check_shared_dimensions(inputs_);
  shapes_changed_ = false;
  buffers_changed_ = false;
  bind_part(0);
  parts_[0]->prepare(stop);
}

void SessionImpl::run_parts(const Stop& stop, std::vector<StepTime>* step_times) {
  control_.begin_run();
  control_.set_stop(stop);
  std::size_t held = 0;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    if (part > 0) bind_part(part);
    std::vector<StepTime> times;
    parts_[part]->run_steps(stop, step_times != nullptr ? &times : nullptr);
    held += parts_[part]->held_bytes();
    if (held > model_.memory_budget()) {
      fail(ErrorCode::kLimitExceeded, "the values that the run holds take ", held, " bytes, the memory budget is ",
           model_.memory_budget());
    }
    if (step_times != nullptr) step_times->insert(step_times->end(), times.begin(), times.end());
  }
}

std::size_t SessionImpl::held_bytes() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (current_ != nullptr && current_->program->outputs[i].revealed) bytes += outputs_[i].held.total_bytes();
  }
  for (const auto& part : parts_) bytes += part->held_bytes();
  return bytes;
}

std::vector<SessionImpl::PartProgram> SessionImpl::programs() const {
  if (parts_.empty()) return {{&model_, current_->program.get()}};
  std::vector<PartProgram> all;
  for (const auto& part : parts_) {
    for (const PartProgram& program : part->programs()) all.push_back(program);  // a part may have been cut again
  }
  return all;
}

void SessionImpl::set_trace(TaskTrace* trace) noexcept {
  control_.set_trace(trace);
  for (const auto& part : parts_) part->set_trace(trace);
}

}  // namespace linnet::internal
