#include "runtime/held.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace linnet::internal {
namespace {

constexpr std::int64_t kBytes = 1000;

void make_bytes(Held& value, std::int64_t count, unsigned char filled_with) {
  std::memset(value.make(DataType::kUint8, {count}), filled_with, static_cast<std::size_t>(count));
}

TEST(Held, CopiesShareElementsUntilOneIsMadeAnew) {
  Held value;
  make_bytes(value, kBytes, 1);
  Held kept;
  kept.copy(value);
  EXPECT_EQ(kept.data(), value.data());
  make_bytes(value, kBytes, 2);
  EXPECT_NE(kept.data(), value.data());
  EXPECT_EQ(kept.data()[kBytes - 1], std::byte{1});
  EXPECT_EQ(value.data()[kBytes - 1], std::byte{2});
}

TEST(Held, HasRoomForMoreOnceItHasGrown) {
  Held value;
  make_bytes(value, kBytes, 1);
  value.make(DataType::kUint8, {kBytes + 1});
  EXPECT_EQ(value.data()[kBytes - 1], std::byte{1}) << "the first bytes stay";
  const std::byte* const before = value.data();
  value.make(DataType::kUint8, {kBytes + 500});
  EXPECT_EQ(value.data(), before);
}

/// As a session does whose results are kept from run to run.
TEST(Held, DoesNotGrowWhereCopiesAreKept) {
  Held value;
  std::vector<Held> kept(8);
  for (Held& copy : kept) {
    make_bytes(value, kBytes, 1);
    copy.copy(value);
  }
  make_bytes(value, kBytes, 2);  // shared with none
  const std::byte* const before = value.data();
  value.make(DataType::kUint8, {kBytes + 1});
  EXPECT_NE(value.data(), before) << "there was room for more";
}

}  // namespace
}  // namespace linnet::internal
