// Elements of bools, as anybody may give them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::internal {

/// Whether element `index` is true: every byte but 0, since not every byte is a valid bool of C++.
inline bool is_true_at(const void* bools, std::size_t index = 0) {
  return static_cast<const std::uint8_t*>(bools)[index] != 0;
}

}  // namespace linnet::internal
