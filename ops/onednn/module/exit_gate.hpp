// oneDNN destroys its caches when the process exits, while other threads may still be loading models.
#pragma once

#include <shared_mutex>

namespace linnet::internal::onednn {

/// Held while oneDNN makes primitives: exit waits for it, though not for ever.
class ExitGate {
 public:
  /// Errors: Failure (kFailed) once the process exits.
  ExitGate();

 private:
  std::shared_lock<std::shared_timed_mutex> lock_;
};

/// To be called once, before anything is made: exit closes the gate before oneDNN destroys its cache. Errors: Failure.
void close_gate_at_exit();

}  // namespace linnet::internal::onednn
