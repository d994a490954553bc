// Counts what the process does with the locks of the C library: mutexes, read-write locks, spin locks, condition
// variables and semaphores, whoever calls (std::mutex and its kind use them too).
//
// With the GNU C library the functions themselves are replaced by ones that count and pass the call on. Not under a
// sanitizer, which replaces them itself.
#pragma once

#include <cstdint>

namespace linnet::test {

/// Thread-safety: all; the count covers all threads.
struct LockCounter {
  static std::uint64_t operations() noexcept;
  /// False where nothing is counted.
  static bool works() noexcept;
};

}  // namespace linnet::test
