// oneDNN destroys its caches and kernels when the process exits, while other threads may still load models and run
// them. And in the child of a fork its locks must be free.
#pragma once

#include <shared_mutex>
#include <string>

namespace linnet::internal::onednn {

/// Held while oneDNN makes primitives: exit waits for it, though not for ever.
class ExitGate {
 public:
  /// Errors: Failure (kFailed) once the process exits.
  ExitGate();

 private:
  std::shared_lock<std::shared_timed_mutex> lock_;
};

/// Held while a primitive is executed: exit waits for it, and who comes later waits for the end of the process.
class ExecutionGate {
 public:
  /// Errors: Failure (kFailed) in the thread that exits.
  ExecutionGate();

 private:
  std::shared_lock<std::shared_timed_mutex> lock_;
};

/// To be called once, before anything is made: exit closes the gate before oneDNN destroys its cache; forks wait
/// for what holds it. Errors: Failure, std::bad_alloc.
void close_gate_at_exit();

/// To be called behind the first execution of a kind of primitive: oneDNN makes some kernels only then, and what is
/// made later is destroyed earlier. Exit closes the gate before that. Errors: std::bad_alloc.
void close_gate_before(const std::string& implementation);

}  // namespace linnet::internal::onednn
