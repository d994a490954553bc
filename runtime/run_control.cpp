#include "runtime/run_control.hpp"

#include <algorithm>

#include "runtime/caller_pool.hpp"
#include "runtime/float_mode.hpp"
#include "runtime/task_trace.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

/// Least work (ns) for which a helper that spins pays: it takes some cache lines from core to core, 0.5 us in all.
constexpr double kLeastSharedWork = 3000.0;
/// Least work of a run for which waking helpers that sleep pays: a system call and tens of microseconds until they run.
constexpr double kLeastWakingWork = 20000.0;

struct Guarded {
  const RunControl* control;
  RunControl::Task task;
  void* context;
  std::atomic<bool> stopped;
};

void guarded_task(void* context, std::size_t index, std::size_t worker) {
  auto* guarded = static_cast<Guarded*>(context);
  if (guarded->stopped.load(std::memory_order_relaxed)) return;
  if (guarded->control->stop_requested()) {
    guarded->stopped.store(true, std::memory_order_relaxed);
    return;
  }
  const FloatMode mode(guarded->control->flush_denormals());
  guarded->task(guarded->context, index, worker);
}

struct Traced {
  TaskTrace* trace;
  RunControl::Task task;
  void* context;
};

void traced_task(void* context, std::size_t index, std::size_t worker) {
  auto* traced = static_cast<Traced*>(context);
  const auto start = std::chrono::steady_clock::now();
  traced->task(traced->context, index, worker);
  traced->trace->add({worker, index, start, std::chrono::steady_clock::now()});
}

}  // namespace

void RunControl::fail_if_abandoned() const {
  if (abandoned_.load(std::memory_order_relaxed)) stop_.fail();
}

void RunControl::share(std::size_t count, bool wake, Task task, void* context) noexcept {
  if (caller_pool_ != nullptr) {
    caller_pool_->run(count, threads_, task, context);
  } else {
    pool_->run(count, threads_, wake, task, context);
  }
}

void RunControl::run_tasks(std::size_t count, double work, Task task, void* context) {
  Traced traced{trace_, task, context};
  if (trace_ != nullptr && trace_->takes_tasks()) {
    task = traced_task;
    context = &traced;
  }
  bool parallel = pool_ != nullptr && threads_ > 1 && count > 1 && work >= kLeastSharedWork;
  bool wake = false;
  if (caller_pool_ != nullptr) {
    parallel = threads_ > 1 && count > 1 && work >= kLeastWakingWork;  // its threads may sleep: nobody can tell
  } else if (parallel) {
    shared_work_ += work;
    wake = std::max(shared_work_, last_shared_work_) >= kLeastWakingWork;
    parallel = wake || pool_->awake();
  }
  const bool stoppable = stop_.possible();
  if (!parallel) {
    for (std::size_t index = 0; index < count; ++index) {
      if (stoppable && index > 0) stop_.check();
      task(context, index, 0);
    }
    if (stoppable) fail_if_abandoned();
    return;
  }
  if (!stoppable && !flush_denormals_) {
    share(count, wake, task, context);
    return;
  }
  Guarded guarded{this, task, context, {false}};
  share(count, wake, guarded_task, &guarded);
  if (guarded.stopped.load(std::memory_order_relaxed)) abandoned_.store(true, std::memory_order_relaxed);
  fail_if_abandoned();
}

}  // namespace linnet::internal
