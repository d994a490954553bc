// What is kept between uses because making it is dear: as many as uses of late had need of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace linnet::internal {

/// Every kWindow returns, what lay idle throughout is surplus; each later return gives up one of it, until none is
/// left. So a burst of uses at once leaves its memory behind for some hundred uses only, without a clock or a thread.
/// Thread-safety: as a std::vector.
template <typename T>
class IdlePool {
 public:
  static constexpr std::size_t kWindow = 256;

  /// The one that was used last, or null when none is idle.
  std::unique_ptr<T> take() noexcept {
    if (idle_.empty()) return nullptr;
    std::unique_ptr<T> taken = std::move(idle_.back());
    idle_.pop_back();
    least_idle_ = std::min(least_idle_, idle_.size());
    return taken;
  }

  /// Keeps it. Returns one that is no longer needed, or null: the caller destroys it outside of its lock.
  /// Errors: std::bad_alloc, and then `used` is as it was.
  std::unique_ptr<T> give_back(std::unique_ptr<T>& used) {
    idle_.push_back(std::move(used));
    if (++returns_ == kWindow) {
      surplus_ = least_idle_;
      least_idle_ = idle_.size();
      returns_ = 0;
    }
    if (surplus_ == 0 || idle_.size() <= 1) return nullptr;
    --surplus_;
    std::unique_ptr<T> longest_idle = std::move(idle_.front());
    idle_.erase(idle_.begin());
    least_idle_ = std::min(least_idle_, idle_.size());
    return longest_idle;
  }

  /// All that are idle; the pool is empty then.
  std::vector<std::unique_ptr<T>> take_all() noexcept {
    least_idle_ = 0;
    surplus_ = 0;
    return std::exchange(idle_, {});
  }

 private:
  std::vector<std::unique_ptr<T>> idle_;  ///< used last at the end
  std::size_t returns_ = 0;               ///< in this window
  std::size_t least_idle_ = 0;            ///< in this window, so far
  std::size_t surplus_ = 0;               ///< still to be given up
};

}  // namespace linnet::internal
