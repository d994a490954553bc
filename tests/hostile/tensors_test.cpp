// Tensors whose sizes, types or values are wrong (section T).
#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kTwo32 = std::int64_t{1} << 32;

TEST(HostileTensors, AreRefused) {
  const auto raw = [](const Shape& shape, std::size_t bytes) {
    return with_initializer(raw_tensor(DataType::kFloat32, shape, std::string(bytes, '\1')));
  };
  const auto typed = [](DataType type, const Shape& shape, int field, const std::vector<std::int64_t>& values) {
    return with_initializer(tensor_header(type, shape).packed(field, values));
  };
  const Shape deep(100000, 1);
  const auto number = [](int data_type) {
    return with_initializer(Message().integer(1, 1).integer(2, data_type).bytes(9, "x"));
  };
  expect_all_refused({
      {"too short", raw({2}, 7), {"initializer \"w\": raw_data has 7 bytes, but shape [2] of float32 needs 8"}},
      {"too long", raw({2}, 12), {"raw_data has 12 bytes", "needs 8"}},
      {"no data", with_initializer(tensor_header(DataType::kFloat32, {2})), {"raw_data has 0 bytes", "needs 8"}},
      {"negative dimension", raw({-1}, 4), {"initializer \"w\": shape [-1] has a negative dimension"}},
      {"two negative dimensions", raw({-2, -3}, 24), {"shape [-2,-3] has a negative dimension"}},
      {"negative beside zero", raw({0, -3}, 0), {"has a negative dimension"}},
      {"product wraps to 0", raw({kTwo32, kTwo32}, 0), {"more elements than 64 bits can count"}},
      {"product wraps to a small number", raw({kTwo32 + 1, kTwo32 + 1}, 4), {"more elements than 64 bits can count"}},
      {"largest number", raw({INT64_MAX}, 4), {"needs more bytes than 64 bits can count"}},
      {"bytes wrap", raw({std::int64_t{1} << 62}, 0), {"needs more bytes than 64 bits can count"}},
      {"huge but not given", raw({std::int64_t{1} << 40}, 64), {"raw_data has 64 bytes", "needs 4398046511104"}},
      {"list too short", typed(DataType::kInt64, {3}, 7, {1, 2}), {"int64_data has 2 elements, but shape [3] needs 3"}},
      {"list too long", typed(DataType::kInt64, {1}, 7, {1, 2}), {"int64_data has 2 elements, but shape [1] needs 1"}},
      {"wrong list",
       typed(DataType::kInt64, {2}, 5, {1, 2}),
       {"elements of type int64 are given in int32_data; they belong in int64_data or raw_data"}},
      {"float16 in float_data",
       with_initializer(tensor_header(DataType::kFloat16, {1}).float32(4, 1e30f)),
       {"float16 are given in float_data"}},
      {"float16 bits out of range",
       typed(DataType::kFloat16, {1}, 5, {65536}),
       {"int32_data[0] is 65536, which is no float16"}},
      {"int8 out of range", typed(DataType::kInt8, {2}, 5, {1, 128}), {"int32_data[1] is 128, which is no int8"}},
      {"uint8 out of range", typed(DataType::kUint8, {1}, 5, {-1}), {"int32_data[0] is -1, which is no uint8"}},
      {"uint32 out of range",
       typed(DataType::kUint32, {1}, 11, {kTwo32}),
       {"uint64_data[0] is 4294967296, which is no uint32"}},
      {"raw and list",
       with_initializer(tensor<float>({1}, {1}).float32(4, 1)),
       {"the value is given twice, in raw_data and in float_data"}},
      {"two lists",
       with_initializer(tensor_header(DataType::kInt64, {1}).packed(7, {1}).packed(5, {1})),
       {"given twice, in int32_data and in int64_data"}},
      {"float8 out of range",
       typed(DataType::kFloat8e5m2, {2}, 5, {0, 256}),
       {"int32_data[1] is 256, expected the bits of float8e5m2 in a byte: 0 to 255"}},
      {"float8 below 0", typed(DataType::kFloat8e8m0, {1}, 5, {-1}), {"int32_data[0] is -1", "0 to 255"}},
      {"int4 out of range",
       typed(DataType::kInt4, {2}, 5, {256}),
       {"int32_data[0] is 256, expected the bits of int4 in a byte: 0 to 255"}},
      {"int4 one to an element", typed(DataType::kInt4, {4}, 5, {1, 2, 3, 4}), {"has 4 elements", "needs 2"}},
      {"uint2 of odd count too short", typed(DataType::kUint2, {9}, 5, {1, 2}), {"has 2 elements", "needs 3"}},
      {"int4 in the wrong list", typed(DataType::kInt4, {1}, 7, {1}), {"belong in int32_data or raw_data"}},
      {"int4 of odd count too short",
       with_initializer(raw_tensor(DataType::kInt4, {5}, "ab")),
       {"raw_data has 2 bytes, but shape [5] of int4 needs 3"}},
      {"int4 a byte each",
       with_initializer(raw_tensor(DataType::kInt4, {4}, "abcd")),
       {"raw_data has 4 bytes, but shape [4] of int4 needs 2"}},
      {"float4 huge but not given",
       with_initializer(raw_tensor(DataType::kFloat4e2m1, {std::int64_t{1} << 40}, "ab")),
       {"raw_data has 2 bytes", "needs 549755813888"}},
      {"uint2 product wraps",
       with_initializer(raw_tensor(DataType::kUint2, {kTwo32, kTwo32}, "")),
       {"more elements than 64 bits can count"}},
      {"type missing", number(0), {"initializer \"w\": the element type is missing"}},
      {"type 999", number(999), {"element type 999 does not exist"}},
      {"type -1", number(-1), {"element type -1 does not exist"}},
      {"data_location 7",
       with_initializer(tensor<float>({1}, {1}).integer(14, 7)),
       {"data_location is 7, which does not exist"}},
      {"rank 100,000",
       with_initializer(tensor<float>(deep, {1})),
       {"rank 100000 exceeds the limit of 64 (Options::limits.rank)"},
       ErrorCode::kLimitExceeded},
      {"nameless",
       model().initializer("", tensor<float>({1}, {1})).output("y").bytes(),
       {"an initializer at byte", "has no name"}},
  });
}

TEST(HostileTensors, UnsupportedTypesAreNamed) {
  const std::pair<int, const char*> types[] = {
      {14, "complex64"}, {15, "complex128"}, {27, "float6e2m3"}, {28, "float6e3m2"}};
  for (const auto& [number, name] : types) {
    const std::string bytes = with_initializer(Message().integer(1, 1).integer(2, number).bytes(9, "x"));
    expect_refused(name, bytes, ErrorCode::kUnsupported,
                   {"1 part of the model is not supported", "initializer \"w\": element type " + std::string(name)});
  }
  const std::string segment = with_initializer(tensor<float>({1}, {1}).message(3, Message().integer(1, 0)));
  expect_refused("segment", segment, ErrorCode::kUnsupported, {"tensors stored in segments are not supported"});
}

TEST(HostileTensors, TheRankLimitIsExact) {
  EXPECT_EQ(accept(with_initializer(tensor<float>(Shape(64, 1), {1}))).outputs()[0].shape.size(), 64u);
  expect_refused("65", with_initializer(tensor<float>(Shape(65, 1), {1})), ErrorCode::kLimitExceeded, {"rank 65"});
}

TEST(HostileTensors, AttributesAreCheckedToo) {
  const auto constant = [](const Message& value) {
    return model().node("Constant", {}, {"y"}, {attribute("value", value)}, "c").output("y").bytes();
  };
  const std::string where = "Constant node \"c\" (opset 17): attribute \"value\": ";
  expect_refused("short", constant(raw_tensor(DataType::kFloat32, {2}, "1234")), ErrorCode::kInvalidModel,
                 {where + "raw_data has 4 bytes"});
  expect_refused("twice", constant(tensor<float>({1}, {1}).float32(4, 1)), ErrorCode::kInvalidModel,
                 {where + "the value is given twice"});
  expect_refused("float6", constant(Message().integer(1, 1).integer(2, 27).bytes(9, "x")), ErrorCode::kUnsupported,
                 {"1 node is not supported:\n  " + where + "element type float6e2m3 is not supported"});
  expect_refused("int4", constant(raw_tensor(DataType::kInt4, {3}, "x")), ErrorCode::kInvalidModel,
                 {where + "raw_data has 1 bytes, but shape [3] of int4 needs 2"});
}

TEST(HostileTensors, AZeroDimensionMakesTheOthersHarmless) {
  const Model loaded = accept(with_initializer(tensor_header(DataType::kFloat32, {INT64_MAX, 0, INT64_MAX})));
  EXPECT_EQ(loaded.outputs()[0].shape[0].value, INT64_MAX);
}

}  // namespace
}  // namespace linnet::test
