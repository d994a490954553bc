#include "loaders/onnx/wire.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::onnx::Span;
using internal::onnx::WireReader;
using testing::ElementsAre;
using testing::HasSubstr;

Span span_of(const std::string& bytes) { return {bytes.data(), bytes.size(), bytes.data()}; }

/// Skips through all fields and returns their numbers.
std::vector<std::uint32_t> fields_of(const std::string& bytes) {
  WireReader reader(span_of(bytes), "Test");
  std::vector<std::uint32_t> fields;
  while (reader.next()) {
    fields.push_back(reader.field());
    reader.skip();
  }
  return fields;
}

TEST(WireReader, ReadsEveryType) {
  const std::string bytes = Message()
                                .integer(1, -5)
                                .varint(2, std::numeric_limits<std::uint64_t>::max())
                                .float32(3, 1.5f)
                                .float64(4, -2.5)
                                .bytes(5, "text")
                                .integer(536870911, 7)
                                .str();
  WireReader reader(span_of(bytes), "Test");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.int64("a"), -5);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.int32("b"), -1);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.float32("c"), 1.5f);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.float64("d"), -2.5);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.string("e"), "text");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 536870911u);
  EXPECT_EQ(reader.int64("f"), 7);
  EXPECT_FALSE(reader.next());
}

TEST(WireReader, TakesListsPackedAndNot) {
  const std::string bytes =
      Message().integer(1, 300).packed(1, {1, -1}).packed(1, {}).float32(2, 1).bytes(2, bytes_of<float>({2, 3})).str();
  std::vector<std::int64_t> numbers;
  std::vector<float> floats;
  std::size_t count = 0;
  for (const bool counting : {false, true}) {
    WireReader reader(span_of(bytes), "Test");
    while (reader.next()) {
      if (counting) {
        count += reader.field() == 1 ? reader.count_varints("n") : reader.count_fixed("f", 4);
      } else if (reader.field() == 1) {
        reader.varints("n", [&](std::uint64_t value) { numbers.push_back(static_cast<std::int64_t>(value)); });
      } else {
        reader.fixed_elements<float>("f", [&](float value) { floats.push_back(value); });
      }
    }
  }
  EXPECT_THAT(numbers, ElementsAre(300, 1, -1));
  EXPECT_THAT(floats, ElementsAre(1, 2, 3));
  EXPECT_EQ(count, 6u);
}

TEST(WireReader, PassesOverUnknownFieldsAndGroups) {
  Message inner = Message().tag(9, 3).integer(1, 1).tag(10, 3).tag(10, 4).bytes(2, "x").tag(9, 4);
  EXPECT_THAT(fields_of(inner.str() + Message().float64(7, 1).str()), ElementsAre(9u, 7u));
}

struct Damage {
  const char* name;
  std::string bytes;
  const char* message;
};

TEST(WireReader, RefusesDamage) {
  std::string groups;
  for (int i = 0; i < 100000; ++i) groups += Message().tag(1, 3).str();
  const std::string longest = std::string(9, '\x80') + "\x01";
  const Damage cases[] = {
      {"number ends", Message().tag(1, 0).raw("\x80").str(),
       "Test.field 1 at byte 0: the file ends in the middle of a number"},
      {"number missing", Message().tag(1, 0).str(), "the file ends in the middle of a number"},
      {"11 bytes", Message().tag(1, 0).raw(std::string(10, '\x80') + "\x01").str(), "a number is longer than 10 bytes"},
      {"tag too long", longest + "x", "is no field tag"},
      {"field 0", Message().raw_varint(2).raw_varint(0).str(), "2 is no field tag"},
      {"past the end", Message().integer(5, 1).tag(2, 2).raw_varint(4).raw("abc").str(),
       "Test.field 2 at byte 2: 4 bytes should follow, but 3 are left"},
      {"2^63", Message().tag(2, 2).raw_varint(std::uint64_t{1} << 63).str(), "9223372036854775808 bytes should follow"},
      {"fixed32", Message().tag(2, 5).raw("abc").str(), "4 bytes should follow, but 3 are left"},
      {"fixed64", Message().tag(2, 1).raw("abcdefg").str(), "8 bytes should follow, but 7 are left"},
      {"wire type 6", Message().tag(3, 6).str(), "wire type 6 does not exist"},
      {"wire type 7", Message().tag(3, 7).str(), "wire type 7 does not exist"},
      {"group open", Message().tag(3, 3).integer(1, 1).str(), "a group never ends"},
      {"group not begun", Message().tag(3, 4).str(), "a group ends that never began"},
      {"groups crossed", Message().tag(3, 3).tag(4, 3).tag(3, 4).tag(4, 4).str(), "a group ends that never began"},
      {"100,000 groups", groups, "groups are nested more than 64 deep"},
  };
  for (const Damage& damage : cases) {
    const Error error = error_of([&] { fields_of(damage.bytes); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidModel) << damage.name;
    EXPECT_THAT(error.what(), HasSubstr(damage.message)) << damage.name;
  }
  EXPECT_THAT(fields_of(Message().tag(1, 0).raw(longest).str()), ElementsAre(1u)) << "10 bytes are allowed";
}

TEST(WireReader, NamesAFieldOfTheWrongType) {
  const std::string bytes = Message().integer(1, 1).bytes(2, "x").str();
  WireReader reader(span_of(bytes), "NodeProto");
  ASSERT_TRUE(reader.next());
  EXPECT_THAT(error_of([&] { reader.string("input"); }).what(),
              HasSubstr("NodeProto.input at byte 0: the field has wire type 0, which it cannot have"));
  reader.skip();
  ASSERT_TRUE(reader.next());
  EXPECT_THAT(error_of([&] { reader.int64("i"); }).what(),
              HasSubstr("NodeProto.i at byte 2: the field has wire type 2"));
  EXPECT_THAT(error_of([&] { reader.count_fixed("f", 4); }).what(), HasSubstr("1 packed bytes are no multiple of 4"));
}

}  // namespace
}  // namespace linnet::test
