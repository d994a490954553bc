// Texts or numbers that are looked up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::internal {

/// Gives different keys the numbers from 0 on, in the order in which they come. All are texts, or all are numbers. A
/// hash table; where keys lie in it depends on its own address, so that no model can choose keys that make it slow.
/// Thread-safety: const members.
class Dictionary {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Dictionary() : seed_(reinterpret_cast<std::uintptr_t>(this)) {}

  /// The number of the key, which it has from now on if it is new.
  std::uint32_t add(std::string_view key);
  std::uint32_t add(std::uint64_t key) { return add(bytes_of(key)); }
  /// kNone for one that is not there. Allocates nothing.
  std::uint32_t find(std::string_view key) const;
  std::uint32_t find(std::uint64_t key) const { return find(bytes_of(key)); }

 private:
  static std::string_view bytes_of(const std::uint64_t& key) {
    return {reinterpret_cast<const char*>(&key), sizeof key};
  }
  /// That of the key, or the empty one where it belongs. Requires: an empty slot.
  std::size_t slot_of(std::string_view key) const;
  void grow();

  std::uint64_t seed_;
  std::vector<std::string> keys_;
  std::vector<std::uint32_t> slots_;  ///< a power of two, half of them empty: kNone
};

}  // namespace linnet::internal
