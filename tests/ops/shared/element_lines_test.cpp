#include "ops/shared/element_lines.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace linnet::internal {
namespace {

/// More elements than are converted at once.
constexpr std::size_t kCount = 700;

template <typename W, typename T>
std::vector<W> loaded(const std::vector<T>& elements, std::size_t first = 0) {
  std::vector<W> line(elements.size() - first);
  load_line(data_type_of<T>(), elements.data(), first, line.size(), line.data());
  return line;
}

template <typename T, typename W>
std::vector<T> stored(const std::vector<W>& line) {
  std::vector<T> elements(line.size() + 1);
  store_line(data_type_of<T>(), line.data(), 1, line.size(), elements.data());
  EXPECT_EQ(0.0, static_cast<double>(elements.front())) << "was written before the first element";
  elements.erase(elements.begin());
  return elements;
}

template <typename T>
void expect_every_value_back() {
  std::vector<T> elements(kCount);
  for (std::size_t i = 0; i < kCount; ++i) elements[i] = static_cast<T>(static_cast<float>(i) - 100.0F);
  const std::vector<double> line = loaded<double>(elements, 3);
  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_EQ(line[i], static_cast<double>(elements[i + 3]));
  const std::vector<T> back = stored<T>(line);
  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_EQ(static_cast<double>(back[i]), line[i]);
}

TEST(ElementLines, HoldFloats) {
  expect_every_value_back<float>();
  expect_every_value_back<double>();
  expect_every_value_back<Float16>();
  expect_every_value_back<Bfloat16>();
}

TEST(ElementLines, HoldHalvesAsFloat) {
  const std::vector<Float16> elements = {Float16(1.5F), Float16(-0.0F), Float16(65504.0F)};
  EXPECT_EQ(loaded<float>(elements), (std::vector<float>{1.5F, -0.0F, 65504.0F}));
  EXPECT_TRUE(std::signbit(loaded<float>(elements)[1]));
  EXPECT_EQ(static_cast<float>(stored<Bfloat16, float>({1.00390625F})[0]), 1.0F);  // ties to even
  EXPECT_EQ((stored<float, float>({1.00390625F})), std::vector<float>{1.00390625F});
}

TEST(ElementLines, RoundDoublesOnce) {
  // Through float, the first one would be a tie.
  const double above_half = 1.0 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ((static_cast<float>(stored<Float16, double>({above_half})[0])), 1.0F + 0x1p-10F);
  EXPECT_EQ((static_cast<float>(stored<Bfloat16, double>({1.0 + 0x1p-8 + 0x1p-40})[0])), 1.0F + 0x1p-7F);
  EXPECT_EQ((stored<float, double>({1.0 + 0x1p-24})), std::vector<float>{1.0F});
  EXPECT_TRUE(std::isnan((stored<float, double>({std::nan("")})[0])));
}

/// Around every boundary between two neighbours, and as far out as doubles go.
TEST(ElementLines, RoundDoublesAsTheirElementsDo) {
  std::vector<double> line = {0.0, -0.0, INFINITY, -INFINITY, 1e300, -1e300, 1e-300, 3.4e38, 65519.99, 65520.0, 5e-324};
  for (std::uint32_t bits = 0; bits < 0x7F80; bits += 3) {
    const std::uint32_t wide[] = {bits << 16 | 0x8000, bits << 16 | 0x1000, bits << 16 | 0x8001, bits << 16};
    for (const std::uint32_t middle : wide) {
      float value = 0;
      std::memcpy(&value, &middle, sizeof value);
      const auto exact = static_cast<double>(value);
      for (const double near : {exact, exact * (1 + 0x1p-50), exact * (1 - 0x1p-50), exact * (1 + 0x1p-24)})
        line.insert(line.end(), {near, -near});
    }
  }
  const std::vector<Float16> halves = stored<Float16, double>(line);
  const std::vector<Bfloat16> brains = stored<Bfloat16, double>(line);
  for (std::size_t i = 0; i < line.size(); ++i) {
    ASSERT_EQ(halves[i].bits, float16_bits(line[i])) << line[i];
    ASSERT_EQ(brains[i].bits, bfloat16_bits(line[i])) << line[i];
  }
}

TEST(ElementLines, HoldIntegersExactly) {
  EXPECT_EQ(loaded<std::int64_t>(std::vector<std::int64_t>{INT64_MIN, -1, (std::int64_t{1} << 53) + 1}),
            (std::vector<std::int64_t>{INT64_MIN, -1, (std::int64_t{1} << 53) + 1}));
  EXPECT_EQ(loaded<std::uint64_t>(std::vector<std::uint64_t>{UINT64_MAX, 5}),
            (std::vector<std::uint64_t>{UINT64_MAX, 5}));
  EXPECT_EQ(loaded<std::int64_t>(std::vector<std::int8_t>{-128, 127}), (std::vector<std::int64_t>{-128, 127}));
  EXPECT_EQ(loaded<std::int64_t>(std::vector<std::int16_t>{-3}), std::vector<std::int64_t>{-3});
  EXPECT_EQ(loaded<std::int64_t>(std::vector<std::int32_t>{-3}), std::vector<std::int64_t>{-3});
  EXPECT_EQ(loaded<std::uint64_t>(std::vector<std::uint8_t>{255}), std::vector<std::uint64_t>{255});
  EXPECT_EQ(loaded<std::uint64_t>(std::vector<std::uint16_t>{65535}), std::vector<std::uint64_t>{65535});
  EXPECT_EQ(loaded<std::uint64_t>(std::vector<std::uint32_t>{UINT32_MAX}), std::vector<std::uint64_t>{UINT32_MAX});
}

TEST(ElementLines, RoundIntegersToDouble) {
  EXPECT_EQ(loaded<double>(std::vector<std::int64_t>{-7, (std::int64_t{1} << 53) + 1}),
            (std::vector<double>{-7, 0x1p53}));
  EXPECT_EQ(loaded<double>(std::vector<std::uint64_t>{UINT64_MAX}), std::vector<double>{0x1p64});
  EXPECT_EQ(loaded<double>(std::vector<std::int8_t>{-128}), std::vector<double>{-128});
  EXPECT_EQ(loaded<double>(std::vector<std::uint8_t>{200}), std::vector<double>{200});
  EXPECT_EQ(loaded<double>(std::vector<std::int16_t>{-300}), std::vector<double>{-300});
  EXPECT_EQ(loaded<double>(std::vector<std::uint16_t>{65535}), std::vector<double>{65535});
  EXPECT_EQ(loaded<double>(std::vector<std::int32_t>{INT32_MIN}), std::vector<double>{-0x1p31});
  EXPECT_EQ(loaded<double>(std::vector<std::uint32_t>{UINT32_MAX}), std::vector<double>{0x1p32 - 1});
}

TEST(ElementLines, KeepTheLowBits) {
  EXPECT_EQ((stored<std::int8_t, std::int64_t>({128, -129, 5})), (std::vector<std::int8_t>{-128, 127, 5}));
  EXPECT_EQ((stored<std::uint16_t, std::uint64_t>({65536 + 7})), std::vector<std::uint16_t>{7});
  EXPECT_EQ((stored<std::int32_t, std::int64_t>({(std::int64_t{1} << 32) - 1})), std::vector<std::int32_t>{-1});
  EXPECT_EQ((stored<std::uint64_t, std::uint64_t>({UINT64_MAX})), std::vector<std::uint64_t>{UINT64_MAX});
}

TEST(ElementLines, TakeEveryByteForABool) {
  const std::uint8_t bytes[] = {0, 1, 2, 255};
  std::uint64_t line[4];
  load_line(DataType::kBool, bytes, 0, 4, line);
  EXPECT_EQ(std::vector<std::uint64_t>(line, line + 4), (std::vector<std::uint64_t>{0, 1, 1, 1}));
}

TEST(ElementLines, KnowTheRangeOfIntegers) {
  EXPECT_EQ(integer_range<std::int64_t>(DataType::kInt8).lowest, -128);
  EXPECT_EQ(integer_range<std::int64_t>(DataType::kInt32).highest, INT32_MAX);
  EXPECT_EQ(integer_range<std::int64_t>(DataType::kInt64).lowest, INT64_MIN);
  EXPECT_EQ(integer_range<std::uint64_t>(DataType::kUint16).highest, 65535U);
  EXPECT_EQ(integer_range<std::uint64_t>(DataType::kUint64).highest, UINT64_MAX);
  EXPECT_EQ(integer_range<std::uint64_t>(DataType::kBool).highest, 1U);
}

TEST(ElementLines, CutToTheRange) {
  const auto bytes = integer_range<std::int64_t>(DataType::kInt8);
  EXPECT_EQ(cut(bytes, 126.9), 126);
  EXPECT_EQ(cut(bytes, -127.9), -127);
  EXPECT_EQ(cut(bytes, 1e300), 127);
  EXPECT_EQ(cut(bytes, -1e300), -128);
  EXPECT_EQ(cut(bytes, std::nan("")), 0);
  EXPECT_EQ(cut(integer_range<std::uint64_t>(DataType::kUint64), 0x1p64L), UINT64_MAX);
  EXPECT_EQ(cut(integer_range<std::uint64_t>(DataType::kUint64), -1.0), 0U);
  EXPECT_EQ(cut(integer_range<std::int64_t>(DataType::kInt64), 0x1p63), INT64_MAX);
}

TEST(ElementLines, HaveATypeThatHoldsEveryValue) {
  const auto is = [](DataType type, auto expected) {
    return visit_line_type(type,
                           [&](auto tag) { return std::is_same_v<typename decltype(tag)::type, decltype(expected)>; });
  };
  EXPECT_TRUE(is(DataType::kFloat16, double{}));
  EXPECT_TRUE(is(DataType::kInt8, std::int64_t{}));
  EXPECT_TRUE(is(DataType::kUint8, std::uint64_t{}));
  EXPECT_TRUE(is(DataType::kBool, std::uint64_t{}));
}

}  // namespace
}  // namespace linnet::internal
