// When each task of a traced run ran, and on which worker; and each member of a chain or group within it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace linnet::internal {

struct TaskTime {
  /// `member` of a task as a whole.
  static constexpr std::size_t kWholeTask = SIZE_MAX;

  std::size_t worker;  ///< 0: the thread of the run
  std::size_t index;   ///< of the task in its loop
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point end;
  std::size_t member = kWholeTask;  ///< of a chain or group of steps
};

/// Thread-safety: each worker adds to a list of its own; the lists may be read when no loop runs.
class TaskTrace {
 public:
  enum class Takes : std::uint8_t { kMembers, kTasksAndMembers };

  explicit TaskTrace(int threads, Takes takes = Takes::kTasksAndMembers)
      : takes_(takes), lists_(static_cast<std::size_t>(threads < 1 ? 1 : threads)) {}

  bool takes_tasks() const noexcept { return takes_ == Takes::kTasksAndMembers; }

  /// Requires: time.worker is below the number of threads. Where there is no memory, the task goes missing.
  void add(const TaskTime& time) noexcept {
    try {
      lists_[time.worker].push_back(time);
    } catch (const std::bad_alloc&) {
      return;
    }
  }

  /// One list per worker, by the time they ended.
  const std::vector<std::vector<TaskTime>>& workers() const { return lists_; }

 private:
  Takes takes_;
  std::vector<std::vector<TaskTime>> lists_;
};

}  // namespace linnet::internal
