// Keeps two threads from being in one object at the same time, by refusing the second.
#pragma once

#include <atomic>

#include "runtime/error.hpp"

namespace linnet::internal {

/// Costs one atomic exchange per claim; never waits.
class InUse {
 public:
  /// Holds the object for the length of a call.
  class Claim {
   public:
    /// Errors: kInvalidArgument when another call holds it.
    explicit Claim(InUse& in_use) : in_use_(in_use) { in_use.take(); }
    ~Claim() { in_use_.taken_.store(false, std::memory_order_release); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    InUse& in_use_;
  };

  /// A claim that is never given back. Errors: kInvalidArgument when another call holds it.
  void take() {
    if (taken_.exchange(true, std::memory_order_acquire)) {
      invalid_argument("the session is in use by another thread: a session serves one call at a time");
    }
  }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace linnet::internal
