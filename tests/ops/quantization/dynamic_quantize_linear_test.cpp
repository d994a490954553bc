#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void expect(const char* name, const Shape& shape, const std::vector<float>& x, const std::vector<std::uint8_t>& y,
            float scale, std::uint8_t zero) {
  OpTest("DynamicQuantizeLinear", 11)
      .named(name)
      .input<float>(shape, x)
      .expect<std::uint8_t>(shape, y)
      .expect<float>({}, {scale})
      .expect<std::uint8_t>({}, {zero})
      .run();
}

// The first three are those of ONNX's own tests.
TEST(DynamicQuantizeLinear, FitsTheScaleToTheElements) {
  expect("both signs", {6}, {0, 2, -3, -2.5F, 1.34F, 0.5F}, {153, 255, 0, 26, 221, 179}, 5.0F / 255, 153);
  expect("negative", {6}, {-1.0F, -2.1F, -1.3F, -2.5F, -3.34F, -4.0F}, {191, 121, 172, 96, 42, 0}, 4.0F / 255, 255);
  expect("positive", {3, 4}, {1, 2.1F, 1.3F, 2.5F, 3.34F, 4, 1.5F, 2.6F, 3.9F, 4, 3, 2.345F},
         {64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149}, 4.0F / 255, 0);
  expect("zeros", {2}, {0, 0}, {0, 0}, 1.0F / 255, 0);
  expect("nothing", {0, 3}, {}, {}, 1.0F / 255, 0);
  expect("NaN", {3}, {kNan, 0, 1}, {0, 0, 255}, 1.0F / 255, 0);
  expect("a scalar", {}, {-2}, {0}, 2.0F / 255, 255);
}

TEST(DynamicQuantizeLinear, IsTheSameForManyElements) {
  OpTest("DynamicQuantizeLinear", 11)
      .random_input(DataType::kFloat32, {3, 50001}, -3, 5)
      .expect_reference()
      .expect_reference()
      .expect_reference()
      .run();
}

TEST(DynamicQuantizeLinear, RefusesOtherTypes) {
  OpTest("DynamicQuantizeLinear", 11)
      .symbolic_input(DataType::kFloat64, {2})
      .expect_error(ErrorCode::kInvalidModel, "input x is float64")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
