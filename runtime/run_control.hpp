// What a kernel sees of the run around it: threads to use, and whether to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <type_traits>

#include "runtime/stop.hpp"

namespace linnet::internal {

class CallerPool;
class TaskTrace;
class ThreadPool;

/// Thread-safety: parallel_for is called by the thread of the run only; the tasks it calls may call stop_requested.
class RunControl {
 public:
  using Task = void (*)(void* context, std::size_t index, std::size_t worker);

  /// `caller_pool`, where there is one, takes the place of `pool`.
  RunControl(ThreadPool* pool, int threads, const CallerPool* caller_pool = nullptr) noexcept
      : pool_(pool), caller_pool_(caller_pool), threads_(threads) {}

  /// The most threads a step may use; workers are numbered below it.
  int threads() const noexcept { return threads_; }

  /// Calls body(index) or body(index, worker) for every index below `count`, on up to threads() threads, and returns
  /// when all are done. A task should take 0.5 ms at most: cancellation is looked at between tasks. `work` estimates
  /// the whole loop in nanoseconds of one thread; short loops stay on this one. Bodies must not throw, and write to
  /// places of their own, so that the result does not depend on the number of threads. Errors: kCancelled,
  /// kDeadlineExceeded (some bodies were then not called).
  template <typename Body>
  void parallel_for(std::size_t count, double work, const Body& body) {
    run_tasks(
        count, work,
        [](void* context, std::size_t index, std::size_t worker) {
          (void)worker;
          if constexpr (std::is_invocable_v<const Body&, std::size_t, std::size_t>) {
            (*static_cast<const Body*>(context))(index, worker);
          } else {
            (*static_cast<const Body*>(context))(index);
          }
        },
        const_cast<Body*>(&body));
  }

  /// Errors: kCancelled, kDeadlineExceeded.
  void check() const { stop_.check(); }
  bool stop_requested() const noexcept { return stop_.requested(); }
  /// For the bodies of parallel_for, where a task takes long: true when the run is to stop; the body then returns as it
  /// is, and parallel_for reports the error. Thread-safety: all threads.
  bool abandon_if_stopped() noexcept {
    if (!stop_.possible() || !stop_.requested()) return false;
    abandoned_.store(true, std::memory_order_relaxed);
    return true;
  }

  const Stop& stop() const noexcept { return stop_; }
  void set_stop(const Stop& stop) noexcept { stop_ = stop; }
  void set_stop(const std::atomic<bool>* token) noexcept { stop_.set_token(token); }
  void set_deadline(std::chrono::steady_clock::time_point deadline) noexcept { stop_.set_deadline(deadline); }
  /// Before every run: no token, no deadline; what the last run shared out is kept, for it says whether this one's
  /// helpers are worth waking.
  void begin_run() noexcept {
    stop_ = {};
    last_shared_work_ = shared_work_;
    shared_work_ = 0.0;
    abandoned_.store(false, std::memory_order_relaxed);
  }
  bool flush_denormals() const noexcept { return flush_denormals_; }
  void set_flush_denormals(bool flush) noexcept { flush_denormals_ = flush; }
  /// Every task is timed into `trace` until it is set to null again. Requires: it has room for threads() workers.
  void set_trace(TaskTrace* trace) noexcept { trace_ = trace; }
  /// Null in ordinary runs. For steps that time what they are made of.
  TaskTrace* trace() const noexcept { return trace_; }

 private:
  void run_tasks(std::size_t count, double work, Task task, void* context);
  void share(std::size_t count, bool wake, Task task, void* context) noexcept;
  void fail_if_abandoned() const;

  ThreadPool* pool_;
  const CallerPool* caller_pool_;
  int threads_;
  Stop stop_;
  TaskTrace* trace_ = nullptr;
  std::atomic<bool> abandoned_{false};
  bool flush_denormals_ = false;
  double shared_work_ = 0.0;  ///< nanoseconds, of this run's loops so far that helpers may share
  double last_shared_work_ = 0.0;
};

}  // namespace linnet::internal
