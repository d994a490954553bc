#include <cmath>
#include <limits>

#include "runtime/float16.hpp"
#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kString = 8;

TextTest to_strings() { return TextTest("Cast", 21).with(attribute("to", kString)); }
TextTest from_strings(DataType type, std::int64_t opset = 21) {
  return TextTest("Cast", opset).with(attribute("to", static_cast<std::int64_t>(type)));
}

/// Both ways. The texts are those of Python's repr and NumPy's str, but for NaN and the infinities.
template <typename T>
void both_ways(const std::vector<T>& numbers, const Texts& texts) {
  const Shape shape{static_cast<std::int64_t>(numbers.size())};
  to_strings().input<T>(shape, numbers).expect_strings(shape, texts).run();
  from_strings(data_type_of<T>()).strings(shape, texts).template expect<T>(shape, numbers).run();
}

TEST(CastStrings, FloatsBothWays) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  both_ways<float>({0.1F, 1, -0.0F, 100, 123456.789F, 1e15F, 1e16F, 1e-4F, 9.9e-5F, 3.4028235e38F, 1e-45F, -2.5F},
                   {"0.1", "1.0", "-0.0", "100.0", "123456.79", "1000000000000000.0", "1e+16", "0.0001", "9.9e-05",
                    "3.4028235e+38", "1e-45", "-2.5"});
  both_ways<float>({nan, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()},
                   {"NaN", "INF", "-INF"});
  both_ways<double>({0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 1e16, 123456789012345680.0, 9007199254740992.0, 1e22,
                     0.0001, -1e-5},
                    {"0.1", "0.3333333333333333", "5e-324", "1.7976931348623157e+308", "1e+16",
                     "1.2345678901234568e+17", "9007199254740992.0", "1e+22", "0.0001", "-1e-05"});
  both_ways<double>({kNan, kInfinity, -kInfinity}, {"NaN", "INF", "-INF"});
}

TEST(CastStrings, IntegersBothWays) {
  both_ways<std::int8_t>({-128, 0, 127}, {"-128", "0", "127"});
  both_ways<std::int16_t>({-32768, 32767}, {"-32768", "32767"});
  both_ways<std::int32_t>({INT32_MIN, INT32_MAX}, {"-2147483648", "2147483647"});
  both_ways<std::int64_t>({INT64_MIN, INT64_MAX}, {"-9223372036854775808", "9223372036854775807"});
  both_ways<std::uint8_t>({0, 255}, {"0", "255"});
  both_ways<std::uint16_t>({65535}, {"65535"});
  both_ways<std::uint32_t>({UINT32_MAX}, {"4294967295"});
  both_ways<std::uint64_t>({0, UINT64_MAX}, {"0", "18446744073709551615"});
  both_ways<bool>({true, false}, {"True", "False"});
}

/// An array of elements given by their bytes.
Value raw(DataType type, std::int64_t count, const std::string& bytes) {
  return Value(ConstTensorView{type, &count, 1, bytes.data()});
}

TEST(CastStrings, SmallTypesBothWays) {
  struct Case {
    DataType type;
    std::int64_t count;
    std::string bytes;
    Texts texts;
  };
  const std::vector<Case> cases = {
      // NumPy: 0.1, 65504, 6e-8, 0.3333, 1e-4, 6.1e-5.
      {DataType::kFloat16,
       6,
       bytes_of<std::uint16_t>({0x2e66, 0x7bff, 0x0001, 0x3555, 0x068e, 0x0400}),
       {"0.1", "65500.0", "6e-08", "0.3333", "0.0001", "6.104e-05"}},
      {DataType::kFloat16, 3, bytes_of<std::uint16_t>({0x7c00, 0xfc00, 0x8000}), {"INF", "-INF", "-0.0"}},
      {DataType::kBfloat16,
       4,
       bytes_of<std::uint16_t>({0x3dcd, 0x3eab, 0x42c8, 0x7f7f}),
       {"0.1", "0.334", "100.0", "3.39e+38"}},
      {DataType::kFloat8e4m3fn, 3, {"\x1d\x7e\x01"}, {"0.1", "450.0", "0.002"}},
      {DataType::kFloat8e5m2, 2, {"\x3c\x7b"}, {"1.0", "60000.0"}},
      {DataType::kFloat4e2m1, 3, {"\x21\x07"}, {"0.5", "1.0", "6.0"}},
      {DataType::kInt4, 3, {"\x78\x0f"}, {"-8", "7", "-1"}},
      {DataType::kUint4, 2, {"\xf0"}, {"0", "15"}},
      {DataType::kInt2, 4, {"\xe4"}, {"0", "1", "-2", "-1"}},
      {DataType::kUint2, 4, {"\xe4"}, {"0", "1", "2", "3"}},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.texts[0]);
    const Value numbers = raw(item.type, item.count, item.bytes);
    to_strings().input(numbers).expect_strings({item.count}, item.texts).run();
    from_strings(item.type, 25).strings({item.count}, item.texts).expect(numbers).run();
  }
}

TEST(CastStrings, HowNumbersMayBeWritten) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"3.14", 3.14},
      {"1e-5", 1e-5},
      {"1E8", 1e8},
      {"+1.5", 1.5},
      {" 2\n", 2},
      {"1.", 1},
      {".5", 0.5},
      {"-.5e+1", -5},
      {"007", 7},
      {"inf", kInfinity},
      {"+INF", kInfinity},
      {"-Infinity", -kInfinity},
      {"1e400", kInfinity},
      {"-1e400", -kInfinity},
      {"1e-400", 0},
      {"-1e-400", -0.0},
      {"1" + std::string(400, '0'), kInfinity},
      {"0." + std::string(400, '0') + "1", 0},
      {"1" + std::string(400, '0') + "e-400", 1},
      {"0." + std::string(399, '0') + "1e400", 1},
      {"1e99999999999999999999", kInfinity},
      {"1e-99999999999999999999", 0},
      {"9007199254740993", 9007199254740992.0},
  };
  for (const auto& [text, number] : cases) {
    SCOPED_TRACE(text);
    from_strings(DataType::kFloat64).strings({1}, {text}).expect<double>({1}, {number}).run();
  }
  // Just above the middle of two float32, by less than a float64 tells: rounded once.
  from_strings(DataType::kFloat32).strings({1}, {"1.00000005960464477539063"}).expect<float>({1}, {1.0000001F}).run();
  from_strings(DataType::kFloat32)
      .strings({3}, {"1e40", "-1e40", "1e-50"})
      .expect<float>({3}, {INFINITY, -INFINITY, 0})
      .run();
  from_strings(DataType::kInt32)
      .strings({4}, {"100.5", "-1.9", "1e3", "+7"})
      .expect<std::int32_t>({4}, {100, -1, 1000, 7})
      .run();
  from_strings(DataType::kUint8)
      .strings({4}, {"-0", "+255", "1.5e2", "-0.5"})
      .expect<std::uint8_t>({4}, {0, 255, 150, 0})
      .run();
  from_strings(DataType::kBool)
      .strings({8}, {"True", "TRUE", "false", "1", "0", "-0.0", "0.5", "nan"})
      .expect<bool>({8}, {true, true, false, true, false, false, true, true})
      .run();
  // Saturated or not, as Cast does.
  from_strings(DataType::kFloat8e4m3fn).strings({1}, {"1e9"}).expect(raw(DataType::kFloat8e4m3fn, 1, "\x7e")).run();
  from_strings(DataType::kFloat8e4m3fn)
      .with(attribute("saturate", 0))
      .strings({1}, {"1e9"})
      .expect(raw(DataType::kFloat8e4m3fn, 1, "\x7f"))
      .run();
}

TEST(CastStrings, WhatIsNoNumber) {
  const std::string cut = "1" + std::string(1, '\0');
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("abc"), std::string("1,5"), std::string("1 2"),
        std::string("0x10"), std::string("+-1"), std::string("--1"), std::string("1e"), std::string("e5"),
        std::string("."), std::string("+"), cut, std::string("\xff")}) {
    SCOPED_TRACE(text);
    for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kInt64, DataType::kBool})
      from_strings(type).strings({2}, {"1", text}).refused(ErrorCode::kRuntimeFault, "element 1 is \"");
  }
  from_strings(DataType::kFloat32)
      .strings({1}, {"abc"})
      .refused(ErrorCode::kRuntimeFault, "element 0 is \"abc\", which is no number of float32");
  const std::vector<std::pair<DataType, Texts>> too_large = {
      {DataType::kUint8, {"256", "-1", "1e3", "nan", "inf", "256.0"}},
      {DataType::kInt8, {"128", "-129"}},
      {DataType::kInt64, {"9223372036854775808", "-9223372036854775809", "1e19"}},
      {DataType::kUint64, {"18446744073709551616", "-1"}},
      {DataType::kInt4, {"8", "-9"}},
  };
  for (const auto& [type, texts] : too_large) {
    for (const std::string& text : texts)
      from_strings(type).strings({1}, {text}).refused(ErrorCode::kRuntimeFault, "which is no number of ");
  }
}

TEST(CastStrings, CastLike) {
  TextTest("CastLike", 21).input<std::int64_t>({2}, {1, 2}).strings({0}, {}).expect_strings({2}, {"1", "2"}).run();
  TextTest("CastLike", 21).strings({2}, {"1", "2"}).input<float>({1}, {0}).expect<float>({2}, {1, 2}).run();
  TextTest("CastLike", 21).strings({1}, {"abc"}).strings({1}, {""}).expect_strings({1}, {"abc"}).run();
}

TEST(CastStrings, ShapesAndManyElements) {
  to_strings().strings({2, 1}, {"a", ""}).expect_strings({2, 1}, {"a", ""}).run();
  to_strings().input<float>({}, {1}).expect_strings({}, {"1.0"}).run();
  to_strings().input<float>({0, 2}, {}).expect_strings({0, 2}, {}).run();
  from_strings(DataType::kFloat32).strings({0}, {}).expect<float>({0}, {}).run();
  std::vector<std::int32_t> numbers;
  Texts texts;
  for (std::int32_t i = 0; i < 1000; ++i) {
    numbers.push_back(i * 7919 - 3000000);
    texts.push_back(std::to_string(numbers.back()));
  }
  to_strings().input<std::int32_t>({10, 100}, numbers).expect_strings({10, 100}, texts).run();
  from_strings(DataType::kInt32).strings({1000}, texts).expect<std::int32_t>({1000}, numbers).run();
}

}  // namespace
}  // namespace linnet::test
