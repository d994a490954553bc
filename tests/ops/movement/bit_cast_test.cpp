#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest bit_cast(DataType to) { return OpTest("BitCast", 26).attribute("to", static_cast<std::int64_t>(to)); }

TEST(BitCast, KeepsBits) {
  bit_cast(DataType::kInt32)
      .input<float>({2, 2}, {1.0F, -0.0F, 0.0F, std::numeric_limits<float>::infinity()})
      .expect<std::int32_t>({2, 2}, {0x3f800000, INT32_MIN, 0, 0x7f800000})
      .run();
  bit_cast(DataType::kFloat64).input<std::int64_t>({}, {0x4000000000000000}).expect<double>({}, {2.0}).run();
  bit_cast(DataType::kUint8).input<std::int8_t>({3}, {-1, 0, -128}).expect<std::uint8_t>({3}, {255, 0, 128}).run();
  bit_cast(DataType::kUint8).input<bool>({2}, {true, false}).expect<std::uint8_t>({2}, {1, 0}).run();
  bit_cast(DataType::kFloat16).input<std::uint16_t>({2}, {0x3c00, 0xc000}).expect<Float16>({2}, {1, -2}).run();
  bit_cast(DataType::kFloat32).input<std::uint32_t>({0, 3}, {}).expect<float>({0, 3}, {}).run();
  bit_cast(DataType::kUint4)
      .input(tensor_of(DataType::kInt4, {3}, {-1, 7, -8}))
      .expect(tensor_of(DataType::kUint4, {3}, {15, 7, 8}))
      .run();
}

TEST(BitCast, Infers) {
  bit_cast(DataType::kUint16)
      .symbolic_input(DataType::kBfloat16, {"n", "?", 3})
      .expect_dims(DataType::kUint16, {"n", "?", 3})
      .infer_only();
}

TEST(BitCast, SaysWhatIsWrong) {
  bit_cast(DataType::kInt64)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input is float32 of 32 bits, but `to` is int64 of 64")
      .run();
  OpTest("BitCast", 26).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "\"to\"").run();
  OpTest("BitCast", 26)
      .attribute("to", std::int64_t{0})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is 0, which is no element type")
      .run();
  OpTest("BitCast", 26)
      .attribute("to", std::int64_t{8})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"to\" is 8, which is no element type that is allowed there")
      .run();
}

}  // namespace
}  // namespace linnet::internal
