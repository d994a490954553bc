#include "loaders/name_table.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace linnet::test {
namespace {

using internal::NameTable;

TEST(NameTable, FindsWhatWasInserted) {
  NameTable table;
  EXPECT_EQ(table.find("a"), nullptr);
  EXPECT_TRUE(table.insert("a", 1));
  EXPECT_FALSE(table.insert("a", 2));
  EXPECT_TRUE(table.insert(std::string_view("a\0b", 3), 3));
  ASSERT_NE(table.find("a"), nullptr);
  EXPECT_EQ(*table.find("a"), 1u);
  EXPECT_EQ(*table.find(std::string_view("a\0b", 3)), 3u);
  EXPECT_EQ(table.find("b"), nullptr);
  EXPECT_EQ(table.find(std::string_view()), nullptr);  // what points nowhere is not read
  EXPECT_EQ(table.size(), 2u);
}

TEST(NameTable, GrowsAndReserves) {
  std::vector<std::string> names;
  names.reserve(20000);
  for (int i = 0; i < 20000; ++i)
    names.push_back(std::string(static_cast<std::size_t>(i % 40 + 1), 'n') + std::to_string(i));
  for (const bool reserved : {false, true}) {
    NameTable table;
    if (reserved) table.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_TRUE(table.insert(names[i], static_cast<std::uint32_t>(i)));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::uint32_t* found = table.find(std::string(names[i]));
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(*found, i);
    }
    EXPECT_EQ(table.size(), names.size());
    EXPECT_EQ(table.find("absent"), nullptr);
  }
}

}  // namespace
}  // namespace linnet::test
