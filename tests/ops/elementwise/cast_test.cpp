#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr DataType kAllTypes[] = {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16,
                                  DataType::kInt8,    DataType::kInt16,   DataType::kInt32,   DataType::kInt64,
                                  DataType::kUint8,   DataType::kUint16,  DataType::kUint32,  DataType::kUint64,
                                  DataType::kBool};

std::int64_t number_of(DataType type) { return static_cast<std::int64_t>(type); }

template <typename From, typename To>
void check(const Literals<From>& from, const Literals<To>& to) {
  const Shape shape = {static_cast<std::int64_t>(from.size())};
  OpTest test("Cast", 13);
  test.attribute("to", number_of(data_type_of<To>()));
  test.input<From>(shape, from);
  test.expect<To>(shape, to);
  test.run();
}

/// 0 and 1, which every type holds.
ConstantPtr small_numbers(DataType type) {
  return visit_type(type, [](auto tag) {
    using T = typename decltype(tag)::type;
    return tensor_of<T>({2, 3}, {0, 1, 0, 1, 1, 0});
  });
}

TEST(Cast, GoesFromEveryTypeToEveryType) {
  for (const DataType from : kAllTypes) {
    for (const DataType to : kAllTypes) {
      for (const int opset : {7, 13, 28}) {
        OpTest("Cast", opset).attribute("to", number_of(to)).input(small_numbers(from)).expect(small_numbers(to)).run();
      }
    }
  }
}

TEST(Cast, TakesScalarsAndEmptyTensors) {
  OpTest("Cast", 13).attribute("to", 7).input<float>({}, {2.5F}).expect<std::int64_t>({}, {2}).run();
  OpTest("Cast", 13).attribute("to", 7).input<float>({0, 3}, {}).expect<std::int64_t>({0, 3}, {}).run();
}

TEST(Cast, CutsFractionsOff) {
  check<float, std::int32_t>({2.9F, -2.9F, 0.5F, -0.5F, -0.0F, 16777216}, {2, -2, 0, 0, 0, 16777216});
  check<double, std::int64_t>({2.9, -2.9, 9007199254740993.0}, {2, -2, 9007199254740992});
  check<Float16, std::int8_t>({2.5F, -2.5F, 127}, {2, -2, 127});
  check<Bfloat16, std::uint8_t>({2.5F, 0.5F, 254}, {2, 0, 254});
  check<float, std::uint8_t>({-0.9F, 255.9F}, {0, 255});
}

TEST(Cast, SaturatesWhatDoesNotFitAnInteger) {
  const std::vector<float> hostile = {kNan, kInf, -kInf, 3e38F, -3e38F, -1};
  check<float, std::int8_t>(hostile, {0, 127, -128, 127, -128, -1});
  check<float, std::int16_t>(hostile, {0, INT16_MAX, INT16_MIN, INT16_MAX, INT16_MIN, -1});
  check<float, std::int32_t>(hostile, {0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, -1});
  check<float, std::int64_t>(hostile, {0, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, -1});
  check<float, std::uint8_t>(hostile, {0, 255, 0, 255, 0, 0});
  check<float, std::uint16_t>(hostile, {0, UINT16_MAX, 0, UINT16_MAX, 0, 0});
  check<float, std::uint32_t>(hostile, {0, UINT32_MAX, 0, UINT32_MAX, 0, 0});
  check<float, std::uint64_t>(hostile, {0, UINT64_MAX, 0, UINT64_MAX, 0, 0});
  check<double, std::int32_t>({kNan, 2147483647.5, 2147483648.0, -2147483648.9, -2147483649.0, 1e300},
                              {0, INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MAX});
  check<double, std::int64_t>({0x1p63, 0x1.fffffffffffffp62, -0x1p63, -0x1.0000000000001p63},
                              {INT64_MAX, 9223372036854774784, INT64_MIN, INT64_MIN});
  check<double, std::uint64_t>({0x1p64, 0x1.fffffffffffffp63, -1e300}, {UINT64_MAX, 18446744073709549568U, 0});
  check<Float16, std::uint8_t>({kNan, kInf, -kInf, 65504}, {0, 255, 0, 255});
  check<Bfloat16, std::int64_t>({kNan, kInf, -kInf, 3e38F}, {0, INT64_MAX, INT64_MIN, INT64_MAX});
}

TEST(Cast, KeepsTheLowBitsOfIntegers) {
  check<std::int32_t, std::int8_t>({127, 128, 255, 256, -129}, {127, -128, -1, 0, 127});
  check<std::int64_t, std::uint8_t>({-1, 256, INT64_MIN}, {255, 0, 0});
  check<std::int8_t, std::uint64_t>({-1, 5}, {UINT64_MAX, 5});
  check<std::uint64_t, std::int64_t>({UINT64_MAX, 5}, {-1, 5});
  check<std::uint32_t, std::int32_t>({UINT32_MAX}, {-1});
  check<std::int32_t, std::int64_t>({INT32_MIN}, {INT32_MIN});
}

TEST(Cast, TakesAnythingButZeroForTrue) {
  check<float, bool>({0, -0.0F, 1e-45F, -2, kNan, kInf}, {false, false, true, true, true, true});
  check<double, bool>({0, 5e-324}, {false, true});
  check<Float16, bool>({0, 6e-8F, kNan}, {false, true, true});
  check<std::int64_t, bool>({0, std::int64_t{1} << 40, -1}, {false, true, true});
  check<bool, float>({false, true}, {0, 1});
  check<bool, Bfloat16>({false, true}, {0, 1});
  check<bool, std::int64_t>({false, true}, {0, 1});
}

TEST(Cast, ReadsAnyByteButZeroAsTrue) {
  std::byte* data = nullptr;
  const ConstantPtr odd = make_constant(DataType::kBool, {3}, &data);
  data[0] = std::byte{0};
  data[1] = std::byte{2};
  data[2] = std::byte{255};
  OpTest("Cast", 13).attribute("to", 1).constant_input(odd).expect<float>({3}, {0, 1, 1}).run();
}

TEST(Cast, RoundsOnceToNearestEven) {
  check<double, float>({1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 1e300, -1e300, 1e-300, kNan},
                       {1, 1 + 0x1p-23F, kInf, -kInf, 0, kNan});
  // Half of a unit, and a little more that rounding to float first would lose.
  check<double, Float16>({1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, 65519.999999, 65520, 0x1p-25, 0x1p-25 + 0x1p-60},
                         {1, 1 + 0x1p-10F, 65504, kInf, 0, 0x1p-24F});
  check<double, Bfloat16>({1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40, 1e39}, {1, 1 + 0x1p-7F, kInf});
  check<float, Float16>({1 + 0x1p-11F, 1 + 0x1p-11F + 0x1p-23F, kInf, kNan, -0.0F},
                        {1, 1 + 0x1p-10F, kInf, kNan, -0.0F});
  check<float, Bfloat16>({1 + 0x1p-8F, 1 + 3 * 0x1p-8F, 3.4e38F}, {1, 1 + 0x1p-6F, kInf});
  check<std::int64_t, float>({(std::int64_t{1} << 24) + 1, (std::int64_t{1} << 24) + 3,
                              (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1, INT64_MIN},
                             {0x1p24F, 0x1p24F + 4, 0x1p60F + 0x1p37F, -0x1p63F});
  check<std::uint64_t, double>({UINT64_MAX, (std::uint64_t{1} << 53) + 1}, {0x1p64, 0x1p53});
  check<std::int32_t, Float16>({2049, 2051, 65519, 65520, -100000}, {2048, 2052, 65504, kInf, -kInf});
  // As a double, the first would be the tie that goes down.
  const std::int64_t tie = (std::int64_t{1} << 62) + (std::int64_t{1} << 54);
  check<std::int64_t, Bfloat16>({tie + 1, tie, tie - 1, -tie - 1},
                                {0x1p62F + 0x1p55F, 0x1p62F, 0x1p62F, -0x1p62F - 0x1p55F});
  check<std::uint64_t, Bfloat16>({UINT64_MAX, (std::uint64_t{1} << 63) + (std::uint64_t{1} << 55) + 1},
                                 {0x1p64F, 0x1p63F + 0x1p56F});
}

TEST(Cast, GoesThroughLargeTensorsInParts) {
  const ConstantPtr input = random_tensor(DataType::kFloat32, {100003}, -1000, 1000, 1);
  std::vector<std::int32_t> whole;
  for (std::int64_t i = 0; i < input->count(); ++i) whole.push_back(static_cast<std::int32_t>(input->as<float>()[i]));
  OpTest("Cast", 13).attribute("to", 6).input(input).expect<std::int32_t>({100003}, whole).run();
}

TEST(Cast, KeepsElementsOfShapes) {
  const auto cast = [](DataType to) {
    return OpTest("Cast", 13)
        .attribute("to", number_of(to))
        .symbolic_input(DataType::kInt64, {4})
        .elements({"batch", 300, -1, 0});
  };
  cast(DataType::kInt64).expect_dims(DataType::kInt64, {4}).expect_elements({"batch", 300, -1, 0}).infer_only();
  cast(DataType::kInt32).expect_dims(DataType::kInt32, {4}).expect_elements({"?", 300, -1, 0}).infer_only();
  cast(DataType::kInt8).expect_dims(DataType::kInt8, {4}).expect_elements({"?", 44, -1, 0}).infer_only();
  cast(DataType::kUint64).expect_dims(DataType::kUint64, {4}).expect_elements({"?", 300, "?", 0}).infer_only();
  cast(DataType::kBool).expect_dims(DataType::kBool, {4}).expect_elements({"?", 1, 1, 0}).infer_only();
  cast(DataType::kFloat32).expect_dims(DataType::kFloat32, {4}).expect_no_elements().infer_only();
  OpTest("Cast", 13)
      .attribute("to", 6)
      .symbolic_input(DataType::kFloat32, {"batch", "?"})
      .expect_dims(DataType::kInt32, {"batch", "?"})
      .infer_only();
}

TEST(Cast, IsAnIdentityToTheSameType) {
  const auto cast = [](DataType to, bool identity) {
    OpTest("Cast", 13)
        .attribute("to", number_of(to))
        .symbolic_input(DataType::kFloat32, {"?"})
        .expect_dims(to, {"?"})
        .expect_identity(identity)
        .infer_only();
  };
  cast(DataType::kFloat32, true);
  cast(DataType::kFloat64, false);
  cast(DataType::kInt32, false);
}

constexpr DataType kSmallTypes[] = {DataType::kFloat8e4m3fn,   DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                                    DataType::kFloat8e5m2fnuz, DataType::kFloat4e2m1,     DataType::kInt4,
                                    DataType::kUint4,          DataType::kInt2,           DataType::kUint2,
                                    DataType::kFloat8e8m0};

void check_small(DataType from, const std::vector<double>& values, DataType to, const std::vector<double>& results) {
  const Shape shape = {static_cast<std::int64_t>(values.size())};
  OpTest("Cast", 25)
      .named(text(from, " to ", to))
      .attribute("to", number_of(to))
      .input(tensor_of(from, shape, values))
      .expect(tensor_of(to, shape, results))
      .run();
}

TEST(Cast, GoesFromAndToEverySmallType) {
  for (const DataType small : kSmallTypes) {
    // Powers of two have neither 0 nor, here, odd counts in common with all others; 1 has everyone.
    const std::vector<double> numbers =
        small == DataType::kFloat8e8m0 ? std::vector<double>{1, 1, 1} : std::vector<double>{0, 1, 1, 0, 1};
    for (const DataType other : kAllTypes) {
      check_small(small, numbers, other, numbers);
      check_small(other, numbers, small, numbers);
    }
    for (const DataType other : kSmallTypes) {
      if (other == DataType::kFloat8e8m0 && small != other) continue;
      check_small(small, numbers, other, numbers);
    }
  }
}

TEST(Cast, RoundsToFloat8AsAsked) {
  const std::vector<float> values = {1.0625F, 1000, -1000, kInf, kNan};
  const auto cast = [&](std::int64_t saturate) {
    return OpTest("Cast", 19)
        .attribute("to", number_of(DataType::kFloat8e4m3fn))
        .attribute("saturate", saturate)
        .input<float>({5}, values);
  };
  cast(1).expect(tensor_of(DataType::kFloat8e4m3fn, {5}, {1, 448, -448, 448, kNan})).run();
  cast(0).expect(tensor_of(DataType::kFloat8e4m3fn, {5}, {1, kNan, kNan, kNan, kNan})).run();
  OpTest("Cast", 19)
      .attribute("to", number_of(DataType::kFloat8e5m2))
      .attribute("saturate", 0)
      .input<float>({5}, values)
      .expect(tensor_of(DataType::kFloat8e5m2, {5}, {1, 1024, -1024, kInf, kNan}))
      .run();
  // Rounding to float first would make a tie of it.
  check_small(DataType::kFloat64, {1.0625 + 0x1p-40}, DataType::kFloat8e4m3fn, {1.125});
  check_small(DataType::kInt64, {-100000, 17, 19}, DataType::kFloat8e4m3fn, {-448, 16, 20});
  check_small(DataType::kUint64, {0x1p63}, DataType::kFloat8e5m2fnuz, {57344});
  check_small(DataType::kFloat16, {0.3125, 5, 100, -0.1875}, DataType::kFloat4e2m1, {0.5, 4, 6, -0.0});
  check_small(DataType::kFloat8e5m2, {-57344, 3, 0.5}, DataType::kInt16, {-32768, 3, 0});
  check_small(DataType::kFloat8e4m3fnuz, {0, 0.5, -2}, DataType::kBool, {0, 1, 1});
}

TEST(Cast, RoundsToPowersOfTwoAsAsked) {
  const auto cast = [](const char* mode, const std::vector<double>& results) {
    OpTest("Cast", 24)
        .named(mode)
        .attribute("to", number_of(DataType::kFloat8e8m0))
        .attribute("round_mode", std::string(mode))
        .input<float>({4}, {1, 1.25F, 1.5F, 0})
        .expect(tensor_of(DataType::kFloat8e8m0, {4}, results))
        .run();
  };
  cast("up", {1, 2, 2, 0x1p-127});
  cast("down", {1, 1, 1, 0x1p-127});
  cast("nearest", {1, 1, 2, 0x1p-127});
  // As a double it would be a power of two already.
  OpTest("Cast", 24)
      .attribute("to", number_of(DataType::kFloat8e8m0))
      .input<std::int64_t>({1}, {(std::int64_t{1} << 60) + 1})
      .expect(tensor_of(DataType::kFloat8e8m0, {1}, {0x1p61}))
      .run();
}

TEST(Cast, TakesTheLowBitsForSmallIntegers) {
  const std::vector<double> values = {-9, -8.5, -1.6, 7.9, 8, 17, 300, 1e6, 0x1p70, kNan, kInf, -kInf};
  check_small(DataType::kFloat64, values, DataType::kInt4, {7, -8, -1, 7, -8, 1, -4, 0, 0, 0, 0, 0});
  check_small(DataType::kFloat64, values, DataType::kUint4, {7, 8, 15, 7, 8, 1, 12, 0, 0, 0, 0, 0});
  check_small(DataType::kFloat64, values, DataType::kInt2, {-1, 0, -1, -1, 0, 1, 0, 0, 0, 0, 0, 0});
  check_small(DataType::kFloat64, values, DataType::kUint2, {3, 0, 3, 3, 0, 1, 0, 0, 0, 0, 0, 0});
  check_small(DataType::kInt32, {2049, 300, -300, 7}, DataType::kInt4, {1, -4, 4, 7});
  check_small(DataType::kInt4, {-8, -1, 7}, DataType::kUint4, {8, 15, 7});
  check_small(DataType::kInt4, {-8, -1, 7}, DataType::kUint8, {248, 255, 7});
  check_small(DataType::kInt2, {-2, -1, 1}, DataType::kInt64, {-2, -1, 1});
}

TEST(Cast, GoesThroughLargeSmallTensorsInParts) {
  const std::int64_t count = 100003;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7 % 16) - 8;
  OpTest("Cast", 21)
      .attribute("to", number_of(DataType::kInt4))
      .input(tensor_of(DataType::kFloat32, {count}, values))
      .expect(tensor_of(DataType::kInt4, {count}, values))
      .run();
}

TEST(Cast, IgnoresAttributesOfFloat8ForOthers) {
  OpTest("Cast", 19)
      .attribute("to", 6)
      .attribute("saturate", 0)
      .input<float>({1}, {2})
      .expect<std::int32_t>({1}, {2})
      .run();
  OpTest("Cast", 24)
      .attribute("to", 6)
      .attribute("round_mode", std::string("down"))
      .input<float>({1}, {2})
      .expect<std::int32_t>({1}, {2})
      .run();
}

TEST(Cast, SaysWhatIsWrong) {
  const auto cast = [](int opset) { return OpTest("Cast", opset).input<float>({1}, {1}); };
  cast(13).expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is missing").run();
  cast(13)
      .attribute("to", 0)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is 0, which is no element type")
      .run();
  cast(13)
      .attribute("to", 256 + 1)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is 257, which is no element type")
      .run();
  cast(13)
      .attribute("to", INT64_MIN)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is -9223372036854775808, which is no element type")
      .run();
  cast(13).attribute("to", 8).expect_error(ErrorCode::kUnsupported, "casting to string is not supported").run();
  cast(28).attribute("to", 27).expect_error(ErrorCode::kUnsupported, "casting to type 27 is not supported").run();
  cast(24)
      .attribute("to", 24)
      .attribute("round_mode", std::string("even"))
      .expect_error(ErrorCode::kInvalidModel, "round_mode is \"even\", expected up, down or nearest")
      .run();
  OpTest("Cast", 13)
      .attribute("to", 1)
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input input is string, which is not supported")
      .infer_only();
}

TEST(CastLike, TakesTheTypeOfItsTarget) {
  for (const DataType from : kAllTypes) {
    for (const DataType to : kAllTypes) {
      OpTest("CastLike", 15)
          .named(text(from, " to ", to))
          .input(small_numbers(from))
          .input(random_tensor(to, {2}, 0, 1, 1))
          .expect(small_numbers(to))
          .expect_identity(from == to)
          .run();
    }
  }
  for (const int opset : {19, 24}) {
    OpTest test("CastLike", opset);
    test.attribute("saturate", std::int64_t{0});
    if (opset >= 24) test.attribute("round_mode", std::string("up"));
    test.input<float>({2}, {1.7F, -1.7F}).input<std::int8_t>({0}, {}).expect<std::int8_t>({2}, {1, -1}).run();
  }
}

TEST(CastLike, RoundsAsAsked) {
  OpTest("CastLike", 19)
      .attribute("saturate", 0)
      .input<float>({2}, {1e6F, 3})
      .input(tensor_of(DataType::kFloat8e4m3fnuz, {}, {1}))
      .expect(tensor_of(DataType::kFloat8e4m3fnuz, {2}, {kNan, 3}))
      .run();
}

TEST(CastLike, KeepsElementsOfShapes) {
  OpTest("CastLike", 19)
      .symbolic_input(DataType::kInt32, {2})
      .elements({"n", 3})
      .symbolic_input(DataType::kInt64, {"m"})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"n", 3})
      .infer_only();
}

TEST(CastLike, SaysWhatIsWrong) {
  OpTest("CastLike", 19)
      .input<float>({1}, {1})
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input target_type is string")
      .infer_only();
  OpTest("CastLike", 13)
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 15")
      .run();
}

}  // namespace
}  // namespace linnet::internal
