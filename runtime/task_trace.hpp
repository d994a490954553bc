// When each task of a traced run ran, and on which worker.
#pragma once

#include <chrono>
#include <cstddef>
#include <new>
#include <vector>

namespace linnet::internal {

struct TaskTime {
  std::size_t worker;  ///< 0: the thread of the run
  std::size_t index;   ///< of the task in its loop
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point end;
};

/// Thread-safety: each worker adds to a list of its own; the lists may be read when no loop runs.
class TaskTrace {
 public:
  explicit TaskTrace(int threads) : lists_(static_cast<std::size_t>(threads < 1 ? 1 : threads)) {}

  /// Requires: time.worker is below the number of threads. Where there is no memory, the task goes missing.
  void add(const TaskTime& time) noexcept {
    try {
      lists_[time.worker].push_back(time);
    } catch (const std::bad_alloc&) {
      return;
    }
  }

  /// One list per worker, in the order the worker ran its tasks.
  const std::vector<std::vector<TaskTime>>& workers() const { return lists_; }

 private:
  std::vector<std::vector<TaskTime>> lists_;
};

}  // namespace linnet::internal
