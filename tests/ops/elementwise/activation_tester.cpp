#include "tests/ops/elementwise/activation_tester.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/onednn_tolerance.hpp"

namespace linnet::internal {
namespace {

/// The formula of every element of x.
ConstantPtr expected_of(const ActivationTest& test, const Constant& x) {
  std::byte* data = nullptr;
  ConstantPtr y = make_constant(x.type, x.shape, &data);
  visit_float_type(x.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < x.count(); ++i) {
      reinterpret_cast<T*>(data)[i] = static_cast<T>(test.formula(static_cast<double>(x.as<T>()[i])));
    }
  });
  return y;
}

template <typename T>
void check_special_values(const ActivationTest& test, const Tolerance& tolerance) {
  const std::vector<float> numbers = special_floats();
  std::vector<typename LiteralOf<T>::type> values(numbers.begin(), numbers.end());
  const ConstantPtr x = tensor_of<T>({static_cast<std::int64_t>(values.size())}, values);
  test.node()
      .named("special values")
      .input(x)
      .expect(expected_of(test, *x))
      .tolerance(tolerance)
      .implementation("simd")
      .run();
}

}  // namespace

std::vector<float> special_floats() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> magnitudes = {0.0F,   1e-45F, 1.1e-38F, 1.2e-38F, 1e-20F,  5.9e-8F,  1e-5F,  0.1F,
                                         0.5F,   1.0F,   1.5F,     2.5F,     3.0F,    5.5F,     8.0F,   9.02F,
                                         12.5F,  17.4F,  20.0F,    50.0F,    87.34F,  88.72F,   88.73F, 90.0F,
                                         103.9F, 104.0F, 1e10F,    1.8e38F,  3.4e38F, kInfinity};
  std::vector<float> values = {std::numeric_limits<float>::quiet_NaN()};
  for (const float magnitude : magnitudes) {
    values.push_back(magnitude);
    values.push_back(-magnitude);
  }
  return values;
}

void check_activation(const ActivationTest& test) {
  check_special_values<float>(test, ulp(test.simd_ulps));
  check_special_values<double>(test, close(1e-13, 0));
  check_special_values<Float16>(test, ulp(1));
  check_special_values<Bfloat16>(test, ulp(1));
  // The last is longer than two tasks; the others end within vectors of any width, and one has no elements.
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{0}, Shape{3, 0, 2}, Shape{2, 3, 7}, Shape{63}, Shape{5, 8009}}) {
    const ConstantPtr x = random_tensor(DataType::kFloat32, shape, -8, 8, 1);
    test.node()
        .named(text("shape ", shape))
        .input(x)
        .expect(expected_of(test, *x))
        .tolerance(ulp(test.simd_ulps))
        .tolerance_of("onednn", onednn_tolerance())
        .run();
  }
  test.node()
      .symbolic_input(DataType::kFloat16, {"batch", 3, "?"})
      .expect_dims(DataType::kFloat16, {"batch", 3, "?"})
      .infer_only();
}

void check_activation_type_errors(const std::function<OpTest()>& node) {
  node()
      .input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, " is int32, expected one of float32")
      .run();
  node().input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, " is bool").run();
  node().symbolic_input(DataType::kString, {1}).expect_error(ErrorCode::kUnsupported, " is string").infer_only();
  node()
      .symbolic_input(DataType::kFloat8e4m3fn, {1})
      .expect_error(ErrorCode::kInvalidModel, " is float8e4m3fn, expected one of float32")
      .infer_only();
}

}  // namespace linnet::internal
