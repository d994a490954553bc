// What the caches of this machine hold.
#pragma once

#include <cstddef>

namespace linnet::internal {

/// Bytes of the largest cache that the first CPU reads through, asked of the system once; 32 MiB where it does not say.
/// Thread-safety: all.
std::size_t last_level_cache_bytes() noexcept;

}  // namespace linnet::internal
