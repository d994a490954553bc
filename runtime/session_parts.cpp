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
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    if (part > 0) bind_part(part);
    std::vector<StepTime> times;
    parts_[part]->run_steps(stop, step_times != nullptr ? &times : nullptr);
    if (step_times != nullptr) step_times->insert(step_times->end(), times.begin(), times.end());
  }
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
