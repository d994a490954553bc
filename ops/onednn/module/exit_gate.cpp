#include "ops/onednn/module/exit_gate.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <new>
#include <set>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "ops/onednn/module/handles.hpp"

namespace linnet::internal::onednn {
namespace {

/// A thread that holds the gate may be stuck.
constexpr auto kPatience = std::chrono::seconds(2);

std::atomic<bool> exiting{false};

// Neither is ever destroyed: they are for what happens after that.

std::shared_timed_mutex& gate() {
  static auto& mutex = *new std::shared_timed_mutex;
  return mutex;
}

/// Who enters passes it first: a fork that waits for the gate keeps others from entering meanwhile.
std::timed_mutex& entrance() {
  static auto& mutex = *new std::timed_mutex;
  return mutex;
}

/// A fork may wait for a lock of the application's that the caller holds: patience ends here, too.
std::shared_lock<std::shared_timed_mutex> enter() {
  const std::unique_lock<std::timed_mutex> pass(entrance(), kPatience);
  return std::shared_lock<std::shared_timed_mutex>(gate(), kPatience);
}

std::thread::id exiting_thread;  // once `exiting` is set

void close_gate() {
  if (exiting.load()) return;
  exiting_thread = std::this_thread::get_id();
  exiting.store(true);
  if (gate().try_lock_for(kPatience)) gate().unlock();
}

void register_close() {
  if (std::atexit(close_gate) != 0) throw std::bad_alloc();
}

/// A fork waits until nobody makes or runs primitives, so that oneDNN's own locks are free in the child, and the gate
/// too.
bool held_by_fork = false;

void before_fork() {
  entrance().lock();
  held_by_fork = gate().try_lock_for(kPatience);
}

void after_fork_in_parent() {
  if (held_by_fork) gate().unlock();
  entrance().unlock();
}

/// Made anew and not unlocked: they are held by the thread that forked, which has another number here, or by one that
/// is gone.
void after_fork_in_child() {
  new (&gate()) std::shared_timed_mutex;
  new (&entrance()) std::timed_mutex;
}

}  // namespace

ExitGate::ExitGate() : lock_(enter()) {
  if (exiting.load()) throw Failure{OnednnStatus::kFailed};
}

ExecutionGate::ExecutionGate() : lock_(enter()) {
  if (!exiting.load()) return;
  if (exiting_thread == std::this_thread::get_id()) throw Failure{OnednnStatus::kFailed};
  if (lock_.owns_lock()) lock_.unlock();
  for (;;) ::pause();
}

void close_gate_at_exit() {
  int capacity = 0;
  check(dnnl_get_primitive_cache_capacity(&capacity));  // makes the cache, which is then destroyed behind close_gate
  static const bool kRegistered = [] {
    register_close();
    if (::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0) throw std::bad_alloc();
    return true;
  }();
  static_cast<void>(kRegistered);
}

void close_gate_before(const std::string& implementation) {
  static auto& mutex = *new std::mutex;
  static auto& known = *new std::set<std::string>;
  const std::lock_guard<std::mutex> lock(mutex);
  if (known.insert(implementation).second) register_close();
}

}  // namespace linnet::internal::onednn
