#include "ops/onednn/module/exit_gate.hpp"

#include <atomic>
#include <chrono>

#include "ops/onednn/module/handles.hpp"

namespace linnet::internal::onednn {
namespace {

/// A thread that holds the gate may be stuck, or gone with a fork.
constexpr auto kPatience = std::chrono::seconds(2);

std::atomic<bool> exiting{false};

std::shared_timed_mutex& gate() {
  static auto& mutex = *new std::shared_timed_mutex;  // never destroyed: it is for what happens after that
  return mutex;
}

struct CloseAtExit {
  ~CloseAtExit() {
    exiting.store(true);
    if (gate().try_lock_for(kPatience)) gate().unlock();
  }
};

}  // namespace

ExitGate::ExitGate() : lock_(gate()) {
  if (exiting.load()) throw Failure{OnednnStatus::kFailed};
}

void close_gate_at_exit() {
  int capacity = 0;
  check(dnnl_get_primitive_cache_capacity(&capacity));  // makes the cache, which then outlives the next line's object
  static const CloseAtExit kCloseAtExit;
}

}  // namespace linnet::internal::onednn
