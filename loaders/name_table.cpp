#include "loaders/name_table.hpp"

#include <sys/auxv.h>

#include <array>
#include <cstring>

namespace linnet::internal {
namespace {

constexpr std::size_t kFirstCapacity = 16;

using Key = std::array<std::uint64_t, 2>;

/// The 16 random bytes that the kernel hands every process at its start.
Key process_key() {
  Key key{0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu};
  if (const unsigned long random = ::getauxval(AT_RANDOM); random != 0) {
    Key bytes{};
    std::memcpy(bytes.data(), reinterpret_cast<const void*>(random), sizeof bytes);
    key[0] ^= bytes[0];
    key[1] = (key[1] ^ bytes[1]) | 1;
  }
  return key;
}

/// Both halves of the 128-bit product, folded.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint32_t hash_of(std::string_view name) {
  static const Key kKey = process_key();
  std::uint64_t hash = kKey[0] ^ name.size();
  std::size_t at = 0;
  for (; at + sizeof hash <= name.size(); at += sizeof hash) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data() + at, sizeof word);
    hash = mix(hash ^ word, kKey[1]);
  }
  std::uint64_t rest = 0;
  if (at < name.size()) std::memcpy(&rest, name.data() + at, name.size() - at);  // no bytes may lie at null
  hash = mix(hash ^ rest, kKey[1]);
  return static_cast<std::uint32_t>(mix(hash, kKey[0] | 1));
}

}  // namespace

void NameTable::reserve(std::size_t count) {
  std::size_t capacity = kFirstCapacity;
  while (capacity - capacity / 4 < count) capacity *= 2;
  if (capacity > slots_.size()) grow(capacity);
}

bool NameTable::insert(std::string_view name, std::uint32_t number) {
  if (size_ + 1 > slots_.size() - slots_.size() / 4) grow(slots_.empty() ? kFirstCapacity : 2 * slots_.size());
  const std::uint32_t hash = hash_of(name);
  Slot& slot = slots_[slot_of(name, hash)];
  if (slot.name.data() != nullptr) return false;
  slot = {name, hash, number};
  ++size_;
  return true;
}

const std::uint32_t* NameTable::find(std::string_view name) const {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[slot_of(name, hash_of(name))];
  return slot.name.data() == nullptr ? nullptr : &slot.number;
}

/// The slot that holds the name, or the free one where it belongs. Requires: a free slot.
std::size_t NameTable::slot_of(std::string_view name, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t index = hash & mask;
  while (slots_[index].name.data() != nullptr && (slots_[index].hash != hash || slots_[index].name != name)) {
    index = (index + 1) & mask;
  }
  return index;
}

void NameTable::grow(std::size_t capacity) {
  std::vector<Slot> old(capacity);
  old.swap(slots_);
  const std::size_t mask = capacity - 1;
  for (const Slot& slot : old) {
    if (slot.name.data() == nullptr) continue;
    std::size_t index = slot.hash & mask;
    while (slots_[index].name.data() != nullptr) index = (index + 1) & mask;
    slots_[index] = slot;
  }
}

}  // namespace linnet::internal
