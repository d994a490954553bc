// The caller's own threads (Options::thread_pool) behind the same call as ThreadPool::run.
#pragma once

#include <cstddef>

#include "runtime/run_control.hpp"

#include <linnet/linnet.hpp>

namespace linnet::internal {

/// Thread-safety: as the caller's two functions, which Options::thread_pool wants to be callable from any thread.
class CallerPool {
 public:
  /// Asks the pool how many threads it has. Errors: kInvalidArgument when a function is missing or it has none.
  explicit CallerPool(const ThreadPoolFunctions& functions);

  /// At least 1.
  int threads() const noexcept { return threads_; }

  /// Calls task(context, index, worker) for every index below `count` and returns when all have returned. Workers are
  /// numbered below `threads`, whatever threads the pool has and however it calls. Tasks must not throw. Allocates
  /// nothing itself.
  void run(std::size_t count, int threads, RunControl::Task task, void* context) const noexcept;

 private:
  ThreadPoolFunctions functions_;
  int threads_;
};

}  // namespace linnet::internal
