#include "runtime/text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "runtime/error.hpp"
#include "runtime/shape.hpp"

namespace linnet::internal {
namespace {

TEST(Text, JoinsPieces) {
  EXPECT_EQ(text("input ", 2, " has rank ", std::size_t{3}, std::string(", "), std::string_view("expected "), 4U),
            "input 2 has rank 3, expected 4");
  EXPECT_EQ(text(), "");
}

TEST(Text, PrintsNumbersShortAndExactly) {
  EXPECT_EQ(text(INT64_MIN, "/", UINT64_MAX), "-9223372036854775808/18446744073709551615");
  EXPECT_EQ(text(std::int8_t{-1}, "/", std::uint8_t{255}), "-1/255");
  EXPECT_EQ(text(0.1F, " ", 0.1, " ", 1e30, " ", -0.0), "0.1 0.1 1e+30 -0");
  EXPECT_EQ(text(std::numeric_limits<float>::infinity(), " ", std::numeric_limits<double>::denorm_min()), "inf 5e-324");
  EXPECT_EQ(text(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(text(true, " ", false), "true false");
}

TEST(Text, PrintsListsAndTypes) {
  EXPECT_EQ(text(std::vector<std::int64_t>{4, 100}), "[4,100]");
  EXPECT_EQ(text(std::vector<std::int64_t>{}), "[]");
  EXPECT_EQ(text(std::vector<std::string>{"a", "b"}), "[a,b]");
  EXPECT_EQ(text(Dims{4, Dim::unknown(), Dim::symbol(0)}, " ", Dim(7)), "[4,?,?] 7");
  EXPECT_EQ(text(DataType::kFloat32, " ", DataType::kBfloat16, " ", DataType::kInt4, " ", static_cast<DataType>(28)),
            "float32 bfloat16 int4 type 28");
}

TEST(Printable, ShowsControlBytesAsHexadecimal) {
  EXPECT_EQ(printable("plain name/with:signs"), "plain name/with:signs");
  EXPECT_EQ(printable(std::string_view("a\0b\n\x1b[31m\x7f", 10)), "a\\x00b\\x0a\\x1b[31m\\x7f");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, CutsLongNames) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable(std::string(1 << 20, 'x')), std::string(80, 'x') + "...");
}

TEST(Errors, CarryCodeAndMessage) {
  const auto thrown = [](auto body) {
    try {
      body();
    } catch (const Error& error) {
      return text(static_cast<int>(error.code()), " ", error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(thrown([] { invalid_model("rank ", 3); }), "2 rank 3");
  EXPECT_EQ(thrown([] { unsupported("type ", DataType::kString); }), "3 type string");
  EXPECT_EQ(thrown([] { invalid_argument("threads is ", -1); }), "1 threads is -1");
  EXPECT_EQ(thrown([] { fail(ErrorCode::kRuntimeFault, "index ", 7); }), "9 index 7");
}

TEST(Errors, ShareTheirMessageWhenCopied) {
  const Error error(ErrorCode::kIo, "no such file");
  const std::vector<Error> copies(2, error);
  for (const Error& copy : copies) {
    EXPECT_EQ(copy.what(), error.what()) << "the same bytes";
    EXPECT_STREQ(copy.what(), "no such file");
  }
}

}  // namespace
}  // namespace linnet::internal
