#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
void check_classes() {
  SCOPED_TRACE(text(data_type_of<T>()));
  const ConstantPtr x = tensor_of<T>({2, 5}, {0, -0.0F, kInf, -kInf, kNan, -kNan, 65504, -65504, 6e-8F, 1});
  const auto check = [&](const OpTest& node, const Literals<bool>& expected) {
    OpTest(node).input(x).expect<bool>({2, 5}, expected).run();
  };
  const auto is_inf = [](std::int64_t negative, std::int64_t positive) {
    return OpTest("IsInf", 20).attribute("detect_negative", negative).attribute("detect_positive", positive);
  };
  for (const int opset : {9, 13, 20}) {
    check(OpTest("IsNaN", opset), {false, false, false, false, true, true, false, false, false, false});
  }
  for (const int opset : {10, 20}) {
    check(OpTest("IsInf", opset), {false, false, true, true, false, false, false, false, false, false});
  }
  check(is_inf(1, 1), {false, false, true, true, false, false, false, false, false, false});
  check(is_inf(0, 1), {false, false, true, false, false, false, false, false, false, false});
  check(is_inf(1, 0), {false, false, false, true, false, false, false, false, false, false});
  check(is_inf(0, 0), Literals<bool>(10, false));
}

TEST(IsNaN, TellsClassesOfEveryType) {
  check_classes<float>();
  check_classes<double>();
  check_classes<Float16>();
  check_classes<Bfloat16>();
}

/// NaNs may have any bits behind the exponent.
TEST(IsNaN, SeesEveryNan) {
  std::byte* data = nullptr;
  const ConstantPtr x = make_constant(DataType::kFloat16, {65536}, &data);
  Literals<bool> nan, infinite;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    reinterpret_cast<std::uint16_t*>(data)[bits] = static_cast<std::uint16_t>(bits);
    const std::uint32_t magnitude = bits % 32768;
    nan.push_back(magnitude > 0x7C00);
    infinite.push_back(magnitude == 0x7C00);
  }
  OpTest("IsNaN", 20).input(x).expect<bool>({65536}, nan).run();
  OpTest("IsInf", 20).input(x).expect<bool>({65536}, infinite).run();
  const double signalling = std::numeric_limits<double>::signaling_NaN();
  OpTest("IsNaN", 9).input<double>({2}, {signalling, 1e308}).expect<bool>({2}, {true, false}).run();
}

TEST(IsNaN, TakesAnyShape) {
  for (const char* op : {"IsNaN", "IsInf"}) {
    OpTest(op, 20).input<float>({}, {1}).expect<bool>({}, {false}).run();
    OpTest(op, 20).input<float>({0, 2}, {}).expect<bool>({0, 2}, {}).run();
    OpTest(op, 20).symbolic_input(DataType::kFloat32, {"n", 3}).expect_dims(DataType::kBool, {"n", 3}).infer_only();
  }
}

TEST(IsNaN, SaysWhatIsWrong) {
  OpTest("IsNaN", 20).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is int32").run();
  OpTest("IsInf", 20).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input X is bool").run();
  OpTest("IsNaN", 8)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 9")
      .run();
  OpTest("IsInf", 9)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 10")
      .run();
}

}  // namespace
}  // namespace linnet::internal
