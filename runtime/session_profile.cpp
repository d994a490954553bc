// Runs of a session that are timed: by step, by node, or every task of them.
#include <algorithm>
#include <chrono>
#include <numeric>

#include "runtime/session_impl.hpp"
#include "runtime/task_trace.hpp"

namespace linnet::internal {
namespace {

std::int64_t nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

/// The time of a chain or group divided among its members as the threads spent theirs on them. Sums up to it.
void add_members(std::vector<NodeTime>& times, std::size_t step, std::int64_t step_ns,
                 const std::vector<std::int64_t>& spent) {
  std::int64_t left = step_ns;
  std::int64_t left_spent = std::accumulate(spent.begin(), spent.end(), std::int64_t{0});
  for (std::size_t member = 0; member < spent.size(); ++member) {
    const bool last = member + 1 == spent.size();
    const double share = left_spent > 0 ? static_cast<double>(spent[member]) / static_cast<double>(left_spent) : 0.0;
    const std::int64_t part = last ? left : static_cast<std::int64_t>(share * static_cast<double>(left));
    times.push_back({step, member, part});
    left -= part;
    left_spent -= spent[member];
  }
}

}  // namespace

/// Lets a run time its tasks, and ends that however the run ends.
class SessionImpl::TracedTasks {
 public:
  TracedTasks(SessionImpl& session, TaskTrace& trace) : session_(session) { session_.set_trace(&trace); }
  ~TracedTasks() { session_.set_trace(nullptr); }
  TracedTasks(const TracedTasks&) = delete;
  TracedTasks& operator=(const TracedTasks&) = delete;

 private:
  SessionImpl& session_;
};

std::vector<std::int64_t> SessionImpl::run_profiled() {
  std::vector<StepTime> times;
  run_steps({}, &times);
  std::vector<std::int64_t> durations;
  durations.reserve(times.size());
  for (const StepTime& time : times) durations.push_back(nanoseconds(time.end - time.start));
  return durations;
}

std::size_t SessionImpl::step_of(const std::vector<StepTime>& steps, std::size_t first, const TaskTime& task) {
  while (first + 1 < steps.size() && steps[first].end < task.end) ++first;
  return first;
}

std::vector<NodeTime> SessionImpl::run_profiled_nodes() {
  std::vector<StepTime> steps;
  TaskTrace members(control_.threads(), TaskTrace::Takes::kMembers);
  {
    const TracedTasks traced(*this, members);
    run_steps({}, &steps);
  }
  std::vector<std::vector<std::int64_t>> spent;  // by step and member
  spent.reserve(steps.size());
  for (const PartProgram& part : programs()) {
    for (const Step& step : part.program->steps) spent.emplace_back(step.parts.size(), 0);
  }
  for (const std::vector<TaskTime>& worker : members.workers()) {
    std::size_t step = 0;
    for (const TaskTime& member : worker) {
      step = step_of(steps, step, member);
      spent[step][member.member] += nanoseconds(member.end - member.start);
    }
  }
  std::vector<NodeTime> times;
  for (std::size_t step = 0; step < steps.size(); ++step)
    add_members(times, step, nanoseconds(steps[step].end - steps[step].start), spent[step]);
  return times;
}

std::vector<TraceEvent> SessionImpl::run_traced() {
  prepare();  // so that it is not part of the times
  std::vector<StepTime> steps;
  TaskTrace tasks(control_.threads());
  const auto begin = std::chrono::steady_clock::now();
  {
    const TracedTasks traced(*this, tasks);
    run_steps({}, &steps);
  }
  std::vector<TraceEvent> events;
  const auto add = [&](std::size_t step, std::size_t task, std::size_t worker, std::size_t member, const auto& time) {
    events.push_back({step, task, worker, nanoseconds(time.start - begin), nanoseconds(time.end - time.start), member});
  };
  for (std::size_t step = 0; step < steps.size(); ++step)
    add(step, TraceEvent::kWholeStep, 0, TraceEvent::kNoMember, steps[step]);
  for (const std::vector<TaskTime>& worker : tasks.workers()) {
    std::size_t step = 0;
    for (const TaskTime& task : worker) {
      step = step_of(steps, step, task);
      add(step, task.index, task.worker, task.member, task);
    }
  }
  // Of events that start together, the one that holds the others comes first.
  const auto rank = [](const TraceEvent& event) {
    return event.task == TraceEvent::kWholeStep ? 0 : event.member == TraceEvent::kNoMember ? 1 : 2;
  };
  std::stable_sort(events.begin(), events.end(), [&](const TraceEvent& a, const TraceEvent& b) {
    return std::pair(a.start_ns, rank(a)) < std::pair(b.start_ns, rank(b));
  });
  return events;
}

}  // namespace linnet::internal
