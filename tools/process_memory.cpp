#include "tools/process_memory.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LINNET_COUNTS_ALLOCATIONS
#endif

namespace linnet::tools {
namespace {

// Set before main and only ever counted up: the one piece of state that the whole program shares.
std::atomic<std::uint64_t> g_allocations{0};

}  // namespace

std::size_t peak_resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return 0;
  char line[256];
  std::size_t kibibytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "VmHWM: %zu kB", &kibibytes) == 1) break;
  }
  std::fclose(file);
  return kibibytes * 1024;
}

std::uint64_t allocation_count() { return g_allocations.load(std::memory_order_relaxed); }

/// For the replacements below.
void count_allocation() noexcept { g_allocations.fetch_add(1, std::memory_order_relaxed); }

}  // namespace linnet::tools

#if defined(LINNET_COUNTS_ALLOCATIONS)
// glibc lets a program replace its allocator; these count and pass on. operator new comes through malloc.
// The C library names its parameters with underscores.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  linnet::tools::count_allocation();
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  linnet::tools::count_allocation();
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  linnet::tools::count_allocation();
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  linnet::tools::count_allocation();
  return __libc_memalign(alignment, bytes);
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
#endif
