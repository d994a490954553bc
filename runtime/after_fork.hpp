// Tells objects that this process is now the child of a fork, where only the thread that forked goes on.
#pragma once

#include <mutex>

namespace linnet::internal {

/// While it lives, calls in_child(context) in the child of every fork, before fork returns there. `in_child` must not
/// make or destroy an AfterFork. Thread-safety: all members.
class AfterFork {
 public:
  /// Errors: std::bad_alloc.
  AfterFork(void (*in_child)(void* context), void* context);
  ~AfterFork();
  AfterFork(const AfterFork&) = delete;
  AfterFork& operator=(const AfterFork&) = delete;

 private:
  static void call_all_in_child();
  void (*in_child_)(void* context);
  void* context_;
  AfterFork* next_;
  AfterFork* previous_ = nullptr;
};

/// For in_child: frees a mutex that another thread held at the fork, and says so. What it guards may then be half
/// changed, so that it must be made anew in its place, without a destructor. Requires: the thread that forked does not
/// hold it.
bool free_after_fork(std::mutex& mutex) noexcept;

}  // namespace linnet::internal
