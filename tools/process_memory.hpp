// What this process has allocated and how much memory it has needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::tools {

/// Most resident memory so far, in bytes; 0 where the system does not tell.
std::size_t peak_resident_bytes();
/// Heap allocations of this process so far; counted only in the program itself, 0 where the C library cannot be
/// intercepted.
std::uint64_t allocation_count();

}  // namespace linnet::tools
