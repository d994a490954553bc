#include "python/src/profile.hpp"

#include <nanobind/stl/string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "python/src/describe.hpp"

namespace linnet::python {
namespace {

std::int64_t nanoseconds(std::chrono::nanoseconds duration) { return duration.count(); }

nb::list steps_of(const ProfiledRun& run) {
  nb::list steps;
  for (const TraceEvent& event : run.steps)
    steps.append(nb::make_tuple(describe(run.program->steps.at(event.step)), event.start_ns, event.duration_ns));
  return steps;
}

void check(const CancelToken* cancel) {
  if (cancel != nullptr && cancel->cancelled()) throw Error(ErrorCode::kCancelled, "the run was cancelled");
}

}  // namespace

void Profile::start() {
  on_ = true;
  begin_ = std::chrono::steady_clock::now();
  epoch_ns_ = nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  steps_ = 0;
  dropped_ = 0;
  runs_.clear();
}

bool Profile::takes_run() {
  if (!on_) return false;
  if (steps_ < kMostSteps) return true;
  ++dropped_;
  return false;
}

ProfiledRun Profile::measure(Session& session, const Model& model, const std::vector<ConstTensorView>& inputs,
                             const RunOptions& options) {
  check(options.cancel);
  ProfiledRun run;
  run.thread = static_cast<std::uint64_t>(::syscall(SYS_gettid));
  session.prepare(options);  // so that it is not part of the times
  const auto start = std::chrono::steady_clock::now();
  const std::vector<TraceEvent> events = run_traced(session);
  const auto took = std::chrono::steady_clock::now() - start;
  run.start_ns = nanoseconds(start - begin_);
  run.duration_ns = nanoseconds(took);
  check(options.cancel);
  if (options.timeout.count() > 0 && took >= options.timeout)
    throw Error(ErrorCode::kDeadlineExceeded, "the run passed its deadline");
  std::copy_if(events.begin(), events.end(), std::back_inserter(run.steps),
               [](const TraceEvent& event) { return event.task == TraceEvent::kWholeStep; });
  run.program = summary(model, inputs, run.steps.size());
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
  steps_ += run.steps.size() + 1;
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
