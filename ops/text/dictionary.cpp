#include "ops/text/dictionary.hpp"

namespace linnet::internal {
namespace {

/// So short that a string holds them itself.
std::string bytes_of(std::uint64_t key) { return {reinterpret_cast<const char*>(&key), sizeof key}; }

}  // namespace

std::uint32_t Dictionary::add(const std::string& key) {
  return keys_.emplace(key, static_cast<std::uint32_t>(keys_.size())).first->second;
}

std::uint32_t Dictionary::find(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? kNone : found->second;
}

std::uint32_t Dictionary::add(std::uint64_t key) { return add(bytes_of(key)); }
std::uint32_t Dictionary::find(std::uint64_t key) const { return find(bytes_of(key)); }

}  // namespace linnet::internal
