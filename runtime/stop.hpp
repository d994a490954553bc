// What may end a load or a run early.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include <linnet/linnet.hpp>

namespace linnet::internal {

/// A token, a deadline, both or neither; cheap to copy. Requires: the token outlives it. Thread-safety: `requested` and
/// `check` may be called by any threads at once.
class Stop {
 public:
  using Clock = std::chrono::steady_clock;

  Stop() = default;
  /// The time of `options` begins now. `work` is what ends, for messages: "the run"; it must live as long as this.
  Stop(const RunOptions& options, const char* work) noexcept;

  void set_token(const std::atomic<bool>* token) noexcept { token_ = token; }
  void set_deadline(Clock::time_point deadline) noexcept {
    deadline_ = deadline;
    has_deadline_ = true;
  }
  /// Whether it may ever come to an end: without token and deadline nothing needs to be looked at.
  bool possible() const noexcept { return token_ != nullptr || has_deadline_; }
  bool requested() const noexcept;
  /// Errors: kCancelled, kDeadlineExceeded.
  void check() const {
    if (possible()) check_slow();
  }
  /// For work that was left out because `requested` said so. Errors: always those of check.
  [[noreturn]] void fail() const;

 private:
  void check_slow() const;

  const std::atomic<bool>* token_ = nullptr;
  bool has_deadline_ = false;
  Clock::time_point deadline_{};
  const char* work_ = "the run";
};

/// Whether the error says that somebody wanted an end, and so is no fault of a node.
inline bool is_stop(const Error& error) noexcept {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded;
}

/// Takes the mutex. While another thread holds it, `stop` is looked at every 0.2 ms. Errors: those of Stop::check.
std::unique_lock<std::mutex> lock_unless_stopped(std::mutex& mutex, const Stop& stop);

}  // namespace linnet::internal
