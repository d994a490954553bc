#include "runtime/stop.hpp"

#include <thread>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr auto kBetweenLooks = std::chrono::microseconds(200);

/// The end of time when the clock cannot say more.
Stop::Clock::time_point deadline_after(std::chrono::nanoseconds timeout) {
  const Stop::Clock::time_point now = Stop::Clock::now();
  return timeout > Stop::Clock::time_point::max() - now ? Stop::Clock::time_point::max() : now + timeout;
}

}  // namespace

Stop::Stop(const RunOptions& options, const char* work) noexcept : work_(work) {
  if (options.cancel != nullptr) set_token(&options.cancel->cancelled_);
  if (options.timeout.count() > 0) set_deadline(deadline_after(options.timeout));
}

bool Stop::requested() const noexcept {
  if (token_ != nullptr && token_->load(std::memory_order_relaxed)) return true;
  return has_deadline_ && Clock::now() >= deadline_;
}

void Stop::check_slow() const {
  if (requested()) fail();
}

void Stop::fail() const {
  // A token may have been reset since somebody saw it.
  const bool cancelled = token_ != nullptr && token_->load(std::memory_order_relaxed);
  if (!cancelled && has_deadline_ && Clock::now() >= deadline_)
    internal::fail(ErrorCode::kDeadlineExceeded, work_, " passed its deadline");
  internal::fail(ErrorCode::kCancelled, work_, " was cancelled");
}

std::unique_lock<std::mutex> lock_unless_stopped(std::mutex& mutex, const Stop& stop) {
  if (!stop.possible()) return std::unique_lock<std::mutex>(mutex);
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  while (!lock.owns_lock()) {
    stop.check();
    std::this_thread::sleep_for(kBetweenLooks);
    (void)lock.try_lock();
  }
  return lock;
}

}  // namespace linnet::internal
