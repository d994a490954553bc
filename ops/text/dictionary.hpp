// Texts or numbers that are looked up.
#pragma once

#include <cstdint>
#include <string>
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
  std::uint32_t add(const std::string& key);
  std::uint32_t add(std::uint64_t key);
  /// kNone for one that is not there. Allocates nothing.
  std::uint32_t find(const std::string& key) const { return slots_.empty() ? kNone : slots_[slot_of(key)]; }
  std::uint32_t find(std::uint64_t key) const { return slots_.empty() ? kNone : slots_[slot_of(key)]; }

 private:
  /// That of the key, or the empty one where it belongs. Requires: an empty slot.
  std::size_t slot_of(const std::string& key) const;
  std::size_t slot_of(std::uint64_t key) const;
  template <typename K>
  std::uint32_t add_to(std::vector<K>& keys, const K& key);

  std::uint64_t seed_;
  std::vector<std::string> texts_;
  std::vector<std::uint64_t> numbers_;
  std::vector<std::uint32_t> slots_;  ///< a power of two, most of them empty: kNone
};

}  // namespace linnet::internal
