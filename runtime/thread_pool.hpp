// Threads that help a run: they spin for a few microseconds after work, then sleep.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/after_fork.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Thread-safety: run may be called from any thread; while the helpers serve one caller, another caller does its tasks
/// alone. In the child of a fork, which has none of the helpers, the pool starts anew.
class ThreadPool {
 public:
  /// `most_threads` counts the calling thread. Helpers start at the first run that wants them. Errors: std::bad_alloc.
  explicit ThreadPool(int most_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Calls task(context, index, worker) for every index below `count` and returns when all have returned. The caller is
  /// worker 0; at most `threads` workers take part, maybe fewer. With `wake` helpers that sleep are woken, else only
  /// those that still spin take part. Tasks must not throw. Never fails: where no helper can be started, the caller
  /// does it all.
  void run(std::size_t count, int threads, bool wake, RunControl::Task task, void* context) noexcept;

  /// Whether a helper spins, so that it can take part at once. A guess: it may fall asleep at any time.
  bool awake() const noexcept;

  /// The pool of this process, alive as long as somebody holds it. Grows to the largest number asked for.
  static std::shared_ptr<ThreadPool> shared(int threads);

 private:
  struct State;
  static void start_anew(void* pool);
  std::unique_ptr<State> state_;
  AfterFork after_fork_;
};

/// CPUs that this process may use: affinity mask and the quota of its control groups (rounded up) respected; at
/// least 1.
int available_cpus();

}  // namespace linnet::internal
