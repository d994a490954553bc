#include "runtime/run_control.hpp"

#include "runtime/error.hpp"
#include "runtime/float_mode.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

/// Below this much work (ns) a second thread costs more than it brings: waking a sleeping helper takes some
/// microseconds.
constexpr double kLeastParallelWork = 20000.0;

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

}  // namespace

bool RunControl::stop_requested() const noexcept {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return true;
  return has_deadline_ && std::chrono::steady_clock::now() >= deadline_;
}

void RunControl::check_slow() const {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) fail(ErrorCode::kCancelled, "the run was cancelled");
  if (has_deadline_ && std::chrono::steady_clock::now() >= deadline_)
    fail(ErrorCode::kDeadlineExceeded, "the run passed its deadline");
}

void RunControl::run_tasks(std::size_t count, double work, Task task, void* context) {
  const bool parallel = pool_ != nullptr && threads_ > 1 && count > 1 && work >= kLeastParallelWork;
  const bool stoppable = stop_ != nullptr || has_deadline_;
  if (!parallel) {
    for (std::size_t index = 0; index < count; ++index) {
      if (stoppable && index > 0) check_slow();
      task(context, index, 0);
    }
    return;
  }
  if (!stoppable && !flush_denormals_) {
    pool_->run(count, threads_, task, context);
    return;
  }
  Guarded guarded{this, task, context, {false}};
  pool_->run(count, threads_, guarded_task, &guarded);
  if (guarded.stopped.load(std::memory_order_relaxed)) {
    check_slow();
    fail(ErrorCode::kCancelled, "the run was cancelled");
  }
}

}  // namespace linnet::internal
