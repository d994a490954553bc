#include "ops/text/dictionary.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace linnet::internal {
namespace {

constexpr std::size_t kFewestSlots = 16;

/// Every bit depends on every other. The multipliers are odd numbers without a pattern.
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ bits >> 32) * 0x9e3779b97f4a7c15U;
  bits = (bits ^ bits >> 29) * 0xd6e8feb86659fd93U;
  return bits ^ bits >> 32;
}

std::uint64_t hash_of(std::uint64_t seed, std::string_view key) {
  std::uint64_t hash = seed ^ key.size();
  while (!key.empty()) {
    std::uint64_t bytes = 0;
    const std::size_t size = std::min(key.size(), sizeof bytes);
    std::memcpy(&bytes, key.data(), size);
    hash = mixed(hash ^ bytes);
    key.remove_prefix(size);
  }
  return hash;
}

}  // namespace

std::size_t Dictionary::slot_of(const std::string& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(seed_, key) & mask;
  while (slots_[slot] != kNone && texts_[slots_[slot]] != key) slot = (slot + 1) & mask;
  return slot;
}

std::size_t Dictionary::slot_of(std::uint64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = mixed(seed_ ^ key) & mask;
  while (slots_[slot] != kNone && numbers_[slots_[slot]] != key) slot = (slot + 1) & mask;
  return slot;
}

template <typename K>
std::uint32_t Dictionary::add_to(std::vector<K>& keys, const K& key) {
  if (4 * keys.size() >= slots_.size()) {
    slots_.assign(std::max(2 * slots_.size(), kFewestSlots), kNone);
    for (std::size_t i = 0; i < keys.size(); ++i) slots_[slot_of(keys[i])] = static_cast<std::uint32_t>(i);
  }
  std::uint32_t& number = slots_[slot_of(key)];
  if (number == kNone) {
    number = static_cast<std::uint32_t>(keys.size());
    keys.push_back(key);
  }
  return number;
}

std::uint32_t Dictionary::add(const std::string& key) { return add_to(texts_, key); }
std::uint32_t Dictionary::add(std::uint64_t key) { return add_to(numbers_, key); }

}  // namespace linnet::internal
