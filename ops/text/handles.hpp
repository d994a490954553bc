// Tensors of strings are moved as handles: int64 numbers, each the address of a string, or 0 for the empty one. So
// every operator that moves elements moves strings, too.
#pragma once

#include <cstdint>
#include <string>

namespace linnet::internal {

inline std::int64_t handle_of(const std::string& string) { return reinterpret_cast<std::intptr_t>(&string); }

/// Requires: the string that the handle was made of is still there.
inline const std::string& string_of(std::int64_t handle) {
  static const std::string empty;
  return handle == 0 ? empty : *reinterpret_cast<const std::string*>(static_cast<std::intptr_t>(handle));
}

}  // namespace linnet::internal
