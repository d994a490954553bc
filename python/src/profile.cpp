#include "python/src/profile.hpp"

#include <nanobind/stl/string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "python/src/describe.hpp"

namespace linnet::python {
namespace {

std::int64_t nanoseconds(std::chrono::nanoseconds duration) { return duration.count(); }

nb::list nodes_of(const ProfiledRun& run) {
  nb::list nodes;
  for (const ProfiledNode& node : run.nodes) {
    const StepSummary& step = run.program->steps.at(node.step);
    nodes.append(nb::make_tuple(describe(step.chain.empty() ? step : step.chain.at(node.member)), node.start_ns,
                                node.duration_ns));
  }
  return nodes;
}

/// What the threads spent on each member of each chain; empty for other steps. Nanoseconds.
std::vector<std::vector<std::int64_t>> spent_on_members(const std::vector<TraceEvent>& events,
                                                        const ProgramSummary& program) {
  std::vector<std::vector<std::int64_t>> spent;
  spent.reserve(program.steps.size());
  for (const StepSummary& step : program.steps) spent.emplace_back(step.chain.size(), 0);
  for (const TraceEvent& event : events) {
    if (event.member != TraceEvent::kNoMember) spent.at(event.step).at(event.member) += event.duration_ns;
  }
  return spent;
}

std::vector<ProfiledNode> nodes_of(const std::vector<TraceEvent>& events, const ProgramSummary& program) {
  const std::vector<std::vector<std::int64_t>> spent = spent_on_members(events, program);
  std::vector<ProfiledNode> nodes;
  for (const TraceEvent& event : events) {
    if (event.task != TraceEvent::kWholeStep) continue;
    const std::vector<std::int64_t>& members = spent.at(event.step);
    const auto total = std::accumulate(members.begin(), members.end(), std::int64_t{0});
    if (total == 0) {
      nodes.push_back({event.step, 0, event.start_ns, event.duration_ns});
      continue;
    }
    std::int64_t until = 0;
    for (std::size_t member = 0; member < members.size(); ++member) {
      const auto at = [&](std::int64_t part) {
        const double share = static_cast<double>(part) / static_cast<double>(total);
        return static_cast<std::int64_t>(share * static_cast<double>(event.duration_ns));
      };
      const std::int64_t start = at(until);
      until += members[member];
      nodes.push_back({event.step, member, event.start_ns + start, at(until) - start});
    }
  }
  return nodes;
}

void check(const CancelToken* cancel) {
  if (cancel != nullptr && cancel->cancelled()) throw Error(ErrorCode::kCancelled, "the run was cancelled");
}

}  // namespace

void Profile::start() {
  on_ = true;
  begin_ = std::chrono::steady_clock::now();
  epoch_ns_ = nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  nodes_ = 0;
  dropped_ = 0;
  runs_.clear();
}

bool Profile::takes_run() {
  if (!on_) return false;
  if (nodes_ < kMostNodes) return true;
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
  const auto steps = std::count_if(events.begin(), events.end(),
                                   [](const TraceEvent& event) { return event.task == TraceEvent::kWholeStep; });
  run.program = summary(model, inputs, static_cast<std::size_t>(steps));
  run.nodes = nodes_of(events, *run.program);
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
  nodes_ += run.nodes.size() + 1;
  runs_.push_back(std::move(run));
}

nb::object Profile::stop() {
  on_ = false;
  nb::list runs;
  for (const ProfiledRun& run : runs_)
    runs.append(nb::make_tuple(run.start_ns, run.duration_ns, run.thread, nodes_of(run)));
  runs_.clear();
  return nb::make_tuple(runs, dropped_);
}

}  // namespace linnet::python
