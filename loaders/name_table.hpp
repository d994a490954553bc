// Names to numbers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace linnet::internal {

/// A hash table from names, whose bytes must outlive it, to 32-bit numbers. One block of memory, linear probing, and a
/// hash that is keyed per process: a model cannot be made so that its names collide. Requires of every name: not empty.
class NameTable {
 public:
  /// Makes room for `count` names in all.
  void reserve(std::size_t count);
  /// False, and nothing changes, when the name is there already.
  bool insert(std::string_view name, std::uint32_t number);
  /// Null when the name is not there. Valid until the next insert.
  const std::uint32_t* find(std::string_view name) const;
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::string_view name;  ///< data() == nullptr: free
    std::uint32_t hash = 0;
    std::uint32_t number = 0;
  };
  std::size_t slot_of(std::string_view name, std::uint32_t hash) const;
  void grow(std::size_t capacity);

  std::vector<Slot> slots_;  ///< a power of two of them, or none
  std::size_t size_ = 0;
};

}  // namespace linnet::internal
