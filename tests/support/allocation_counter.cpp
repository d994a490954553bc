#include "tests/support/allocation_counter.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define LINNET_HAS_FEATURE(name) __has_feature(name)
#else
#define LINNET_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || LINNET_HAS_FEATURE(address_sanitizer) || \
    LINNET_HAS_FEATURE(thread_sanitizer) || LINNET_HAS_FEATURE(memory_sanitizer) || !defined(__GLIBC__)
#define LINNET_COUNT_MALLOC 0
#else
#define LINNET_COUNT_MALLOC 1
#endif

namespace linnet::test {
namespace {

// Constant-initialised: the first allocations come before any constructor.
std::atomic<std::uint64_t> allocation_count{0};
std::atomic<std::int64_t> live_count{0};
std::atomic<std::uint64_t> first_failing{0};  ///< value of allocation_count; 0: none
std::atomic<std::uint64_t> last_failing{0};
std::atomic<bool> failed{false};

/// Counts one allocation; false when it has to fail.
bool may_allocate() noexcept {
  const std::uint64_t number = allocation_count.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t first = first_failing.load(std::memory_order_relaxed);
  if (first == 0 || number < first || number > last_failing.load(std::memory_order_relaxed)) return true;
  failed.store(true, std::memory_order_relaxed);
  return false;
}

template <typename Memory>
Memory* counted(Memory* memory) noexcept {
  if (memory != nullptr) live_count.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void count_free(const void* memory) noexcept {
  if (memory != nullptr) live_count.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace

std::uint64_t AllocationCounter::allocations() noexcept { return allocation_count.load(std::memory_order_relaxed); }
std::int64_t AllocationCounter::live_blocks() noexcept { return live_count.load(std::memory_order_relaxed); }
bool AllocationCounter::sees_malloc() noexcept { return LINNET_COUNT_MALLOC != 0; }

void AllocationCounter::fail_nth(std::uint64_t n) noexcept {
  const std::uint64_t number = allocations() + n;
  failed.store(false, std::memory_order_relaxed);
  last_failing.store(number, std::memory_order_relaxed);
  first_failing.store(number, std::memory_order_relaxed);
}

void AllocationCounter::fail_from(std::uint64_t n) noexcept {
  failed.store(false, std::memory_order_relaxed);
  last_failing.store(UINT64_MAX, std::memory_order_relaxed);
  first_failing.store(allocations() + n, std::memory_order_relaxed);
}

void AllocationCounter::fail_none() noexcept { first_failing.store(0, std::memory_order_relaxed); }
bool AllocationCounter::has_failed() noexcept { return failed.load(std::memory_order_relaxed); }

}  // namespace linnet::test

using linnet::test::count_free;
using linnet::test::counted;
using linnet::test::may_allocate;

#if LINNET_COUNT_MALLOC

// The C library names its parameters with underscores.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* __libc_valloc(std::size_t size);
void* __libc_pvalloc(std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) {
  if (may_allocate()) return counted(__libc_malloc(size));
  errno = ENOMEM;
  return nullptr;
}

void* calloc(std::size_t count, std::size_t size) {
  if (may_allocate()) return counted(__libc_calloc(count, size));
  errno = ENOMEM;
  return nullptr;
}

void* realloc(void* memory, std::size_t size) {
  if (!may_allocate()) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const grown = __libc_realloc(memory, size);
  if (memory == nullptr) return counted(grown);
  if (grown == nullptr && size == 0) count_free(memory);
  return grown;
}

void* memalign(std::size_t alignment, std::size_t size) {
  if (may_allocate()) return counted(__libc_memalign(alignment, size));
  errno = ENOMEM;
  return nullptr;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* const made = memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *memory = made;
  return 0;
}

void* valloc(std::size_t size) {
  if (may_allocate()) return counted(__libc_valloc(size));
  errno = ENOMEM;
  return nullptr;
}

void* pvalloc(std::size_t size) {
  if (may_allocate()) return counted(__libc_pvalloc(size));
  errno = ENOMEM;
  return nullptr;
}

void free(void* memory) {
  count_free(memory);
  __libc_free(memory);
}
}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

#else

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (!may_allocate()) return nullptr;
  if (alignment <= alignof(std::max_align_t)) return counted(std::malloc(size == 0 ? 1 : size));
  return counted(std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) noexcept {
  count_free(memory);
  std::free(memory);
}

constexpr std::size_t kPlain = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size, kPlain); }
void* operator new[](std::size_t size) { return allocate_or_throw(size, kPlain); }
void* operator new(std::size_t size, std::align_val_t align) {
  return allocate_or_throw(size, static_cast<std::size_t>(align));
}
void* operator new[](std::size_t size, std::align_val_t align) {
  return allocate_or_throw(size, static_cast<std::size_t>(align));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, kPlain); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, kPlain); }
void* operator new(std::size_t size, std::align_val_t align, const std::nothrow_t&) noexcept {
  return allocate(size, static_cast<std::size_t>(align));
}
void* operator new[](std::size_t size, std::align_val_t align, const std::nothrow_t&) noexcept {
  return allocate(size, static_cast<std::size_t>(align));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }

#endif
