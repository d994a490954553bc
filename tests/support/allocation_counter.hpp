// Counts every allocation of the process, and can make one of them fail.
//
// Linked into every test executable. With the GNU C library the C functions themselves are replaced (malloc, calloc,
// realloc, aligned_alloc, posix_memalign, memalign, valloc, pvalloc, free), and operator new is seen through them.
// Under a sanitizer, which has its own malloc, or with another C library only operator new and delete are replaced.
#pragma once

#include <cstdint>

namespace linnet::test {

/// Thread-safety: all; counts cover all threads.
struct AllocationCounter {
  /// Allocations so far, failed ones included.
  static std::uint64_t allocations() noexcept;
  /// Blocks allocated and not yet freed.
  static std::int64_t live_blocks() noexcept;
  /// Whether malloc is counted, and not only operator new.
  static bool sees_malloc() noexcept;

  /// The n-th allocation from now on (n from 1) fails: null from a C function, std::bad_alloc from operator new.
  static void fail_nth(std::uint64_t n) noexcept;
  /// The n-th and all later ones fail.
  static void fail_from(std::uint64_t n) noexcept;
  static void fail_none() noexcept;
  /// Whether an allocation has failed since the last call of fail_nth or fail_from.
  static bool has_failed() noexcept;
};

}  // namespace linnet::test
