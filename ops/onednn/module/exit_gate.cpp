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

std::shared_timed_mutex& gate() {
  static auto& mutex = *new std::shared_timed_mutex;  // never destroyed: it is for what happens after that
  return mutex;
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

/// In the child of a fork, threads that held the gate are gone.
void open_gate_in_child() { new (&gate()) std::shared_timed_mutex; }

}  // namespace

ExitGate::ExitGate() : lock_(gate()) {
  if (exiting.load()) throw Failure{OnednnStatus::kFailed};
}

ExecutionGate::ExecutionGate() : lock_(gate()) {
  if (!exiting.load()) return;
  if (exiting_thread == std::this_thread::get_id()) throw Failure{OnednnStatus::kFailed};
  lock_.unlock();
  for (;;) ::pause();
}

void close_gate_at_exit() {
  int capacity = 0;
  check(dnnl_get_primitive_cache_capacity(&capacity));  // makes the cache, which is then destroyed behind close_gate
  static const bool kRegistered = [] {
    register_close();
    if (::pthread_atfork(nullptr, nullptr, open_gate_in_child) != 0) throw std::bad_alloc();
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
