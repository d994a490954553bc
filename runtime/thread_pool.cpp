#include "runtime/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "runtime/float_mode.hpp"
#include "runtime/new_shared.hpp"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <condition_variable>
#endif

namespace linnet::internal {
namespace {

constexpr auto kSpin = std::chrono::microseconds(20);

void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// A 32-bit number that threads can sleep on until it changes.
class Signal {
 public:
  std::uint32_t load() const noexcept { return value_.load(std::memory_order_acquire); }

  /// Those that spin see it at once; those that sleep are woken if `wake`, a system call of some microseconds.
  void raise(bool wake = true) noexcept {
    value_.fetch_add(1, std::memory_order_seq_cst);
    if (!wake || sleepers_.load(std::memory_order_seq_cst) == 0) return;
#if defined(__linux__)
    syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, 0x7fffffff, nullptr, nullptr, 0);
#else
    { const std::lock_guard<std::mutex> lock(mutex_); }
    changed_.notify_all();
#endif
  }

  int sleepers() const noexcept { return sleepers_.load(std::memory_order_relaxed); }

  /// Returns when the value is no longer `seen`: spins a little, then sleeps.
  void wait_past(std::uint32_t seen) noexcept {
    const auto end = std::chrono::steady_clock::now() + kSpin;
    do {
      for (int i = 0; i < 64; ++i) {
        if (load() != seen) return;
        relax();
      }
    } while (std::chrono::steady_clock::now() < end);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
#if defined(__linux__)
    while (load() == seen) syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
#else
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return load() != seen; });
#endif
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

 private:
  std::atomic<std::uint32_t> value_{0};
  std::atomic<int> sleepers_{0};
#if !defined(__linux__)
  std::mutex mutex_;
  std::condition_variable changed_;
#endif
};

}  // namespace

/// One job at a time. `gate` holds kOpen while helpers may join and counts those inside; the job's fields only change
/// while it is 0.
struct ThreadPool::State {
  static constexpr std::uint32_t kOpen = 1U << 31;

  /// The tasks of one worker: neighbours, as many as the others have. So a worker does the same tasks in every run,
  /// whose weights its cache may still hold, and of the next step the same part, whose values it has just made: what
  /// another core has written takes long to come. It takes them from the front and others take them from the back: a
  /// worker that comes late still begins with its first, and only where the two meet differs from run to run.
  class alignas(64) Share {
   public:
    void fill(std::uint32_t begin, std::uint32_t end) noexcept {
      left_.store(std::uint64_t{end} << 32 | begin, std::memory_order_relaxed);
    }
    /// False when none is left.
    bool take_first(std::uint32_t& position) noexcept { return take<false>(position); }
    bool take_last(std::uint32_t& position) noexcept { return take<true>(position); }

   private:
    template <bool kLast>
    bool take(std::uint32_t& position) noexcept {
      constexpr std::uint64_t kOneOfEnd = std::uint64_t{1} << 32;
      std::uint64_t seen = left_.load(std::memory_order_relaxed);
      for (;;) {
        const auto begin = static_cast<std::uint32_t>(seen);
        const auto end = static_cast<std::uint32_t>(seen >> 32);
        if (begin >= end) return false;
        position = kLast ? end - 1 : begin;
        if (left_.compare_exchange_weak(seen, kLast ? seen - kOneOfEnd : seen + 1, std::memory_order_relaxed))
          return true;
      }
    }
    std::atomic<std::uint64_t> left_{0};  ///< [low half, high half)
  };

  std::atomic<bool> taken{false};
  alignas(64) std::atomic<std::uint32_t> gate{0};
  RunControl::Task task = nullptr;
  void* context = nullptr;
  std::size_t threads = 0;
  std::unique_ptr<Share[]> shares;
  std::size_t share_count = 0;

  Signal work;  ///< raised for a new job, and to stop
  Signal done;  ///< raised when the last helper leaves a closed job
  std::atomic<bool> stop{false};
  std::atomic<int> most_threads{1};
  std::mutex growing;
  std::vector<std::thread> helpers;

  /// First the worker's own share, then what the others have not begun.
  void take_part(std::size_t worker) noexcept {
    std::uint32_t position = 0;
    while (shares[worker].take_first(position)) task(context, position, worker);
    for (std::size_t i = 1; i < threads; ++i) {
      const std::size_t owner = worker + i < threads ? worker + i : worker + i - threads;
      while (shares[owner].take_last(position)) task(context, position, worker);
    }
  }

  bool join() noexcept {
    std::uint32_t seen = gate.load(std::memory_order_acquire);
    while ((seen & kOpen) != 0) {
      if (gate.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  void leave() noexcept {
    if (gate.fetch_sub(1, std::memory_order_acq_rel) == 1) done.raise();
  }

  void help(std::size_t worker) noexcept {
    const FloatMode ieee(false);  // a new thread inherits the mode of the one that started it
    std::uint32_t seen = work.load();
    while (!stop.load(std::memory_order_acquire)) {
      if (join()) {
        if (worker < threads) take_part(worker);
        leave();
      }
      work.wait_past(seen);
      seen = work.load();
    }
  }

  void start_helpers(int wanted) noexcept {
    const std::lock_guard<std::mutex> lock(growing);
    try {
      if (share_count < static_cast<std::size_t>(wanted)) {
        shares = std::make_unique<Share[]>(static_cast<std::size_t>(wanted));
        share_count = static_cast<std::size_t>(wanted);
      }
      while (static_cast<int>(helpers.size()) + 1 < wanted) {
        const std::size_t worker = helpers.size() + 1;
        helpers.emplace_back([this, worker] { help(worker); });
      }
    } catch (...) {  // no memory or no thread to be had: those that run will do
    }
    started.store(static_cast<int>(helpers.size()) + 1, std::memory_order_relaxed);
  }
  std::atomic<int> started{1};
};

ThreadPool::ThreadPool(int most_threads) : state_(std::make_unique<State>()), after_fork_(start_anew, this) {
  state_->most_threads = most_threads;
}

/// The helpers are gone with the process that had them; what is left of them is neither joined nor freed.
void ThreadPool::start_anew(void* pool) {
  State* const state = static_cast<ThreadPool*>(pool)->state_.get();
  const int most_threads = state->most_threads.load();
  new (state) State;
  state->most_threads = most_threads;
}

ThreadPool::~ThreadPool() {
  state_->stop.store(true, std::memory_order_release);
  state_->work.raise();
  for (std::thread& helper : state_->helpers) helper.join();
}

bool ThreadPool::awake() const noexcept {
  const int helpers = state_->started.load(std::memory_order_relaxed) - 1;
  return state_->work.sleepers() < helpers;
}

void ThreadPool::run(std::size_t count, int threads, bool wake, RunControl::Task task, void* context) noexcept {
  State& state = *state_;
  int wanted = std::min({threads, state.most_threads.load(std::memory_order_relaxed),
                         static_cast<int>(std::min<std::size_t>(count, 4096))});
  const bool alone = wanted <= 1 || count > UINT32_MAX || state.taken.exchange(true, std::memory_order_acquire);
  if (!alone) {
    if (state.started.load(std::memory_order_relaxed) < wanted) state.start_helpers(wanted);
    wanted = std::min(wanted, static_cast<int>(state.share_count));
  }
  if (alone || wanted <= 1) {
    for (std::size_t index = 0; index < count; ++index) task(context, index, 0);
    if (!alone) state.taken.store(false, std::memory_order_release);
    return;
  }
  state.task = task;
  state.context = context;
  state.threads = static_cast<std::size_t>(wanted);
  for (std::size_t worker = 0; worker < state.threads; ++worker) {
    state.shares[worker].fill(static_cast<std::uint32_t>(count * worker / state.threads),
                              static_cast<std::uint32_t>(count * (worker + 1) / state.threads));
  }
  state.gate.store(State::kOpen, std::memory_order_release);
  state.work.raise(wake);
  state.take_part(0);
  // Closed: nobody joins any more; those inside finish the task they are in.
  std::uint32_t seen = state.done.load();
  std::uint32_t inside = state.gate.fetch_and(~State::kOpen, std::memory_order_acq_rel) & ~State::kOpen;
  while (inside != 0) {
    state.done.wait_past(seen);
    seen = state.done.load();
    inside = state.gate.load(std::memory_order_acquire);
  }
  state.taken.store(false, std::memory_order_release);
}

namespace {

/// The pool that models loaded now take, while somebody holds it.
struct SharedPool {
  std::mutex mutex;
  std::weak_ptr<ThreadPool> pool;
  AfterFork after_fork{start_anew, this};

  static void start_anew(void* self) {
    auto& shared = *static_cast<SharedPool*>(self);
    if (free_after_fork(shared.mutex)) new (&shared.pool) std::weak_ptr<ThreadPool>;
  }
};

}  // namespace

std::shared_ptr<ThreadPool> ThreadPool::shared(int threads) {
  // Never destroyed: other threads may load while the process exits.
  static auto& current = *new SharedPool;
  const std::lock_guard<std::mutex> lock(current.mutex);
  std::shared_ptr<ThreadPool> pool = current.pool.lock();
  if (pool == nullptr) {
    pool = new_shared<ThreadPool>(threads);
    current.pool = pool;
  }
  int most = pool->state_->most_threads.load();
  while (most < threads && !pool->state_->most_threads.compare_exchange_weak(most, threads)) {
  }
  return pool;
}

}  // namespace linnet::internal
