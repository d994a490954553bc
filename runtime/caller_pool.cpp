#include "runtime/caller_pool.hpp"

#include <algorithm>
#include <atomic>

#include "runtime/error.hpp"
#include "runtime/float_mode.hpp"

namespace linnet::internal {
namespace {

/// One loop, shared by those who take part in it.
struct Loop {
  RunControl::Task task;
  void* context;
  std::size_t count;
  std::size_t workers;
  std::atomic<std::size_t> joined{0};
  std::atomic<std::size_t> next{0};

  void take_part(std::size_t worker) noexcept {
    const FloatMode ieee(false);  // the caller's threads are in whatever mode they are in
    for (std::size_t index = next.fetch_add(1, std::memory_order_relaxed); index < count;
         index = next.fetch_add(1, std::memory_order_relaxed)) {
      task(context, index, worker);
    }
  }
};

/// What the caller's pool calls. Worker numbers go by arrival and not by index, so that a pool that calls an index
/// twice does no harm.
void join(void* context, std::size_t) {
  Loop& loop = *static_cast<Loop*>(context);
  const std::size_t worker = loop.joined.fetch_add(1, std::memory_order_relaxed);
  if (worker < loop.workers) loop.take_part(worker);
}

}  // namespace

CallerPool::CallerPool(const ThreadPoolFunctions& functions) : functions_(functions), threads_(0) {
  if (functions.concurrency == nullptr || functions.parallel_for == nullptr) {
    invalid_argument("option thread_pool has no function ",
                     functions.concurrency == nullptr ? "concurrency" : "parallel_for");
  }
  threads_ = functions.concurrency(functions.context);
  if (threads_ < 1) invalid_argument("option thread_pool: concurrency is ", threads_, ", expected 1 at least");
}

void CallerPool::run(std::size_t count, int threads, RunControl::Task task, void* context) const noexcept {
  Loop loop{task, context, count, std::min(count, static_cast<std::size_t>(threads))};
  functions_.parallel_for(functions_.context, loop.workers, join, &loop);
  loop.take_part(0);  // what is left when the pool called nothing; everybody else has returned
}

}  // namespace linnet::internal
