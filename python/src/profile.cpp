#include "python/src/profile.hpp"

#include <nanobind/stl/string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace linnet::python {
namespace {

std::int64_t nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

nb::tuple shapes_of(const std::vector<Shape>& shapes) {
  nb::list all;
  for (const Shape& shape : shapes) {
    nb::list sizes;
    for (const std::int64_t size : shape) sizes.append(size);
    all.append(sizes);
  }
  return nb::tuple(all);
}

nb::list steps_of(const ProfiledRun& run) {
  nb::list steps;
  for (std::size_t i = 0; i < run.step_ns.size(); ++i) {
    const StepSummary& step = run.program->steps.at(i);
    steps.append(nb::make_tuple(step.node.name, step.node.op, step.implementation, shapes_of(step.input_shapes),
                                run.step_ns[i]));
  }
  return steps;
}

void check(const CancelToken* cancel) {
  if (cancel != nullptr && cancel->cancelled()) throw Error(ErrorCode::kCancelled, "the run was cancelled");
}

}  // namespace

void Profile::start() {
  on_ = true;
  begin_ = std::chrono::steady_clock::now();
  epoch_ns_ =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  steps_ = 0;
  dropped_ = 0;
  runs_.clear();
}

ProfiledRun Profile::measure(Session& session, const Model& model, const std::vector<ConstTensorView>& inputs,
                             const CancelToken* cancel, std::chrono::nanoseconds timeout) {
  check(cancel);
  ProfiledRun run;
  run.thread = static_cast<std::uint64_t>(::syscall(SYS_gettid));
  const auto start = std::chrono::steady_clock::now();
  run.step_ns = run_profiled(session);
  const auto took = std::chrono::steady_clock::now() - start;
  run.start_ns = nanoseconds(start - begin_);
  run.duration_ns = nanoseconds(took);
  check(cancel);
  if (timeout.count() > 0 && took >= timeout) throw Error(ErrorCode::kDeadlineExceeded, "the run passed its deadline");
  run.program = summary(model, inputs, run.step_ns.size());
  return run;
}

std::shared_ptr<const ProgramSummary> Profile::summary(const Model& model, const std::vector<ConstTensorView>& inputs,
                                                       std::size_t steps) {
  std::vector<Shape> key;
  key.reserve(inputs.size());
  for (const ConstTensorView& input : inputs) key.emplace_back(input.shape, input.shape + input.rank);
  const std::lock_guard<std::mutex> lock(summaries_mutex_);
  std::shared_ptr<const ProgramSummary>& known = summaries_[key];
  // Inputs whose values decide shapes may make another program for the same shapes.
  if (known == nullptr || known->steps.size() != steps)
    known = std::make_shared<ProgramSummary>(summarize_program(model, inputs));
  return known;
}

void Profile::add(ProfiledRun run) {
  if (!on_) return;
  if (steps_ + run.step_ns.size() > kMostSteps) {
    ++dropped_;
    return;
  }
  steps_ += run.step_ns.size();
  runs_.push_back(std::move(run));
}

nb::object Profile::stop() {
  on_ = false;
  nb::list runs;
  for (const ProfiledRun& run : runs_)
    runs.append(nb::make_tuple(run.start_ns, run.duration_ns, run.thread, steps_of(run)));
  runs_.clear();
  return nb::make_tuple(runs, dropped_);
}

}  // namespace linnet::python
