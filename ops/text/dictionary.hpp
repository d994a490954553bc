// Texts or numbers that are looked up.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace linnet::internal {

/// Gives different keys the numbers from 0 on, in the order in which they come. All are texts, or all are numbers. No
/// keys make it slow, as they could a hash table. Thread-safety: const members.
class Dictionary {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The number of the key, which it has from now on if it is new.
  std::uint32_t add(const std::string& key);
  std::uint32_t add(std::uint64_t key);
  /// kNone for one that is not there. Allocates nothing.
  std::uint32_t find(const std::string& key) const;
  std::uint32_t find(std::uint64_t key) const;

 private:
  std::map<std::string, std::uint32_t> keys_;  ///< numbers by their bytes
};

}  // namespace linnet::internal
