#include "ops/text/dictionary.hpp"

#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace linnet::internal {
namespace {

/// As a std::map numbers them.
template <typename K>
void check(const std::vector<K>& keys, const std::vector<K>& others) {
  Dictionary dictionary;
  std::map<K, std::uint32_t> expected;
  for (const K& key : others) EXPECT_EQ(dictionary.find(key), Dictionary::kNone);
  for (const K& key : keys) {
    const auto number = static_cast<std::uint32_t>(expected.size());
    EXPECT_EQ(dictionary.add(key), expected.emplace(key, number).first->second);
  }
  for (const auto& [key, number] : expected) EXPECT_EQ(dictionary.find(key), number);
  for (const K& key : others) EXPECT_EQ(dictionary.find(key), Dictionary::kNone);
}

TEST(Dictionary, Texts) {
  using Texts = std::vector<std::string>;
  check<std::string>({"", "a", "b", "a", "ab", std::string("a\0", 2), "12345678", "123456789"},
                     {"c", "\xff", "1234567"});
  Texts many;
  for (int i = 0; i < 5000; ++i)
    many.push_back(std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i % 3000));
  check<std::string>(many, {"x", "3000", std::string(1000, 'x')});
}

TEST(Dictionary, Numbers) {
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto real = static_cast<double>(i);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &real, sizeof bits);
    for (const std::uint64_t number : {i, i << 52U, std::uint64_t{0} - i, bits, random() % 4000})
      numbers.push_back(number);
  }
  check<std::uint64_t>(numbers, {5000, 1ULL << 40U, 12345678901234567ULL});
}

}  // namespace
}  // namespace linnet::internal
