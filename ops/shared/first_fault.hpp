// A fault of single elements, found by tasks that run in any order: the first one is reported.
#pragma once

#include <atomic>
#include <cstddef>

namespace linnet::internal {

/// Thread-safety: all threads may call note.
class FirstFault {
 public:
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  void note(std::size_t element) noexcept {
    std::size_t seen = element_.load(std::memory_order_relaxed);
    while (element < seen && !element_.compare_exchange_weak(seen, element, std::memory_order_relaxed)) {
    }
  }
  /// The least that was noted.
  std::size_t element() const noexcept { return element_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> element_{kNowhere};
};

/// Errors: kRuntimeFault when a division by zero was noted.
void fail_if_divided_by_zero(const FirstFault& fault);

}  // namespace linnet::internal
