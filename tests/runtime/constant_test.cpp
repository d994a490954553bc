#include "runtime/constant.hpp"

#include <gtest/gtest.h>

#include <vector>

#include <cstring>
#include <new>

#include "runtime/float16.hpp"

namespace linnet::internal {
namespace {

TEST(AllocateAligned, GivesBlocksOfCacheLines) {
  for (const std::size_t bytes : std::vector<std::size_t>{0, 1, 63, 64, 65, 100000}) {
    const std::shared_ptr<std::byte> block = allocate_aligned(bytes);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.get()) % 64, 0U);
    std::memset(block.get(), 1, bytes);
  }
}

TEST(AllocateAligned, PutsLargeBlocksOnBoundariesOfHugePages) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  for (const std::size_t bytes : {2 * kHugePage, 3 * kHugePage + 1}) {
    const std::shared_ptr<std::byte> block = allocate_aligned(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.get()) % kHugePage, 0U);
    std::memset(block.get(), 1, bytes);
  }
}

TEST(AllocateAligned, ThrowsWhenThereIsNotEnough) {
  EXPECT_THROW(allocate_aligned(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(allocate_aligned(SIZE_MAX - 63), std::bad_alloc);
}

TEST(MakeConstant, HasRoomForItsElements) {
  std::byte* data = nullptr;
  const ConstantPtr constant = make_constant(DataType::kFloat32, {2, 3}, &data);
  EXPECT_EQ(constant->type, DataType::kFloat32);
  EXPECT_EQ(constant->shape, (Shape{2, 3}));
  EXPECT_EQ(constant->bytes, 24U);
  EXPECT_EQ(constant->count(), 6);
  EXPECT_EQ(constant->data, data);
  reinterpret_cast<float*>(data)[5] = 7;
  EXPECT_EQ(constant->as<float>()[5], 7);
}

TEST(MakeConstant, TakesScalarsAndEmptyShapes) {
  std::byte* data = nullptr;
  EXPECT_EQ(make_constant(DataType::kBool, {}, &data)->count(), 1);
  const ConstantPtr empty = make_constant(DataType::kInt64, {0, INT64_MAX}, &data);
  EXPECT_EQ(empty->count(), 0);
  EXPECT_EQ(empty->bytes, 0U);
  EXPECT_NE(empty->data, nullptr);
}

TEST(MakeConstant, RefusesSizesThatOverflow) {
  std::byte* data = nullptr;
  EXPECT_THROW(make_constant(DataType::kFloat32, {INT64_MAX, 2}, &data), Error);
  EXPECT_THROW(make_constant(DataType::kFloat32, {-1}, &data), Error);
  EXPECT_THROW(make_constant(DataType::kString, {1}, &data), Error);
}

TEST(CopyConstant, CopiesBytes) {
  float values[] = {1, 2};
  const ConstantPtr constant = copy_constant(DataType::kFloat32, {2}, values);
  values[0] = 9;
  EXPECT_EQ(constant->as<float>()[0], 1);
  EXPECT_EQ(constant->as<float>()[1], 2);
  EXPECT_EQ(copy_constant(DataType::kFloat32, {0}, nullptr)->count(), 0);
}

TEST(CopyConstant, LivesAsLongAsItsOwner) {
  Constant copy;
  {
    const float value = 3;
    copy = *copy_constant(DataType::kFloat32, {}, &value);
  }
  EXPECT_EQ(copy.as<float>()[0], 3);
}

TEST(MakeInt64Constant, IsAListOrAScalar) {
  const ConstantPtr list = make_int64_constant({4, -1});
  EXPECT_EQ(list->type, DataType::kInt64);
  EXPECT_EQ(list->shape, (Shape{2}));
  EXPECT_EQ(list->as<std::int64_t>()[1], -1);
  EXPECT_EQ(make_int64_constant({})->shape, (Shape{0}));
  EXPECT_EQ(make_int64_constant({7}, true)->shape, (Shape{}));
}

TEST(IntegersOf, ReadsEveryIntegerType) {
  const auto integers = [](DataType type, const void* bytes) { return integers_of(*copy_constant(type, {2}, bytes)); };
  using Ints = std::vector<std::int64_t>;
  const std::int8_t i8[] = {-1, 127};
  const std::int16_t i16[] = {-1, 32767};
  const std::int32_t i32[] = {-1, INT32_MAX};
  const std::int64_t i64[] = {INT64_MIN, INT64_MAX};
  const std::uint8_t u8[] = {0, 255};
  const std::uint16_t u16[] = {0, 65535};
  const std::uint32_t u32[] = {0, UINT32_MAX};
  const std::uint64_t u64[] = {0, 1};
  const bool flags[] = {false, true};
  EXPECT_EQ(integers(DataType::kInt8, i8), (Ints{-1, 127}));
  EXPECT_EQ(integers(DataType::kInt16, i16), (Ints{-1, 32767}));
  EXPECT_EQ(integers(DataType::kInt32, i32), (Ints{-1, INT32_MAX}));
  EXPECT_EQ(integers(DataType::kInt64, i64), (Ints{INT64_MIN, INT64_MAX}));
  EXPECT_EQ(integers(DataType::kUint8, u8), (Ints{0, 255}));
  EXPECT_EQ(integers(DataType::kUint16, u16), (Ints{0, 65535}));
  EXPECT_EQ(integers(DataType::kUint32, u32), (Ints{0, UINT32_MAX}));
  EXPECT_EQ(integers(DataType::kUint64, u64), (Ints{0, 1}));
  EXPECT_EQ(integers(DataType::kBool, flags), (Ints{0, 1}));
}

TEST(IntegersOf, RefusesOtherTypes) {
  const float value = 1;
  try {
    integers_of(*copy_constant(DataType::kFloat32, {}, &value));
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
    EXPECT_STREQ(error.what(), "a tensor of float32 stands where integers are needed");
  }
}

}  // namespace
}  // namespace linnet::internal
