#include "tests/ops/elementwise/binary_tester.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/elementwise/activation_tester.hpp"

namespace linnet::internal {
namespace {

Shape broadcast_shapes(const Shape& a, const Shape& b) { return to_shape(broadcast(to_dims(a), to_dims(b))); }

/// The element of `operand` that belongs to element `index` of an output of this shape: one division per dimension,
/// from the last.
std::int64_t operand_index(std::int64_t index, const Shape& output, const Shape& operand) {
  std::int64_t result = 0;
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < operand.size(); ++i) {
    const std::int64_t size = operand[operand.size() - 1 - i];
    const std::int64_t output_size = output[output.size() - 1 - i];
    if (size != 1) result += index % output_size * stride;
    index /= output_size;
    stride *= size;
  }
  return result;
}

ConstantPtr expected_of(const BinaryTest& test, const Constant& a, const Constant& b) {
  std::byte* data = nullptr;
  ConstantPtr c = make_constant(a.type, broadcast_shapes(a.shape, b.shape), &data);
  visit_type(a.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < c->count(); ++i) {
      const auto x = static_cast<double>(a.as<T>()[operand_index(i, c->shape, a.shape)]);
      const auto y = static_cast<double>(b.as<T>()[operand_index(i, c->shape, b.shape)]);
      reinterpret_cast<T*>(data)[i] = static_cast<T>(test.formula(x, y));
    }
  });
  return c;
}

void check(const BinaryTest& test, int opset, const ConstantPtr& a, const ConstantPtr& b) {
  OpTest(test.op, opset)
      .named(text(a->type, " ", a->shape, " and ", b->shape))
      .input(a)
      .input(b)
      .expect(expected_of(test, *a, *b))
      .run();
}

/// Ranges in which every result fits the type and no divisor is 0.
void check_shapes(const BinaryTest& test, DataType type, const Shape& a, const Shape& b) {
  const bool is_unsigned = kUnsignedTypes.has(type);
  const ConstantPtr x = is_unsigned ? random_tensor(type, a, 30, 60, 1) : random_tensor(type, a, -20, 20, 1);
  const ConstantPtr y = kSignedTypes.has(type) ? random_tensor(type, b, -4, 0, 2) : random_tensor(type, b, 1, 4, 2);
  check(test, 14, x, y);
}

template <typename T>
void check_special_values(const BinaryTest& test) {
  const std::vector<float> numbers = special_floats();
  const auto size = static_cast<std::int64_t>(numbers.size());
  std::vector<typename LiteralOf<T>::type> values(numbers.begin(), numbers.end());
  check(test, 14, tensor_of<T>({size, 1}, values), tensor_of<T>({size}, values));
}

}  // namespace

void check_binary(const BinaryTest& test) {
  const std::pair<Shape, Shape> shapes[] = {
      {{}, {}},
      {{1}, {}},
      {{7}, {7}},
      {{2, 3}, {2, 3}},
      {{37}, {}},
      {{}, {37}},
      {{5, 67}, {67}},
      {{5, 67}, {5, 1}},
      {{67}, {5, 67}},
      {{5, 1}, {5, 67}},
      {{4, 1}, {1, 5}},
      {{1, 5}, {4, 1}},
      {{700, 3}, {3}},
      {{700, 3}, {700, 1}},
      {{2, 1, 4, 1, 3}, {5, 1, 6, 1}},
      {{3, 1, 50}, {2, 1}},
      {{1, 1, 1}, {2}},
      {{0}, {}},
      {{0}, {1}},
      {{2, 0, 3}, {1, 3}},
      {{1, 3}, {0, 1}},
      {{7, 6007}, {6007}},
      {{33000, 2}, {33000, 1}},
  };
  for (const auto& [a, b] : shapes) check_shapes(test, DataType::kFloat32, a, b);
  for (int type = 1; type <= static_cast<int>(DataType::kBfloat16); ++type) {
    if (!kNumericTypes.has(static_cast<DataType>(type))) continue;
    check_shapes(test, static_cast<DataType>(type), {2, 3, 4}, {3, 1});
    check_shapes(test, static_cast<DataType>(type), {6}, {6});
    check_shapes(test, static_cast<DataType>(type), {}, {2, 9});
  }
  check_special_values<float>(test);
  check_special_values<double>(test);
  check_special_values<Float16>(test);
  check_special_values<Bfloat16>(test);
  for (const int opset : {7, 13, 14}) check(test, opset, tensor_of<float>({2}, {6, 1.5F}), tensor_of<float>({1}, {2}));
  OpTest(test.op, 14)
      .symbolic_input(DataType::kFloat32, {"batch", 1, "n"})
      .symbolic_input(DataType::kFloat32, {4, "n"})
      .expect_dims(DataType::kFloat32, {"batch", 4, "n"})
      .infer_only();
}

void check_binary_errors(const char* op) {
  const auto node = [&] { return OpTest(op, 14); };
  node()
      .input<float>({2}, {1, 2})
      .input<double>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input B is float64, but A is float32")
      .run();
  node()
      .input<bool>({1}, {true})
      .input<bool>({1}, {true})
      .expect_error(ErrorCode::kInvalidModel, "input A is bool, expected one of float32, uint8")
      .run();
  node()
      .symbolic_input(DataType::kString, {1})
      .symbolic_input(DataType::kString, {1})
      .expect_error(ErrorCode::kUnsupported, "input A is string")
      .infer_only();
  node()
      .input<float>({2, 3}, {1, 2, 3, 4, 5, 6})
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "shapes [2,3] and [2] do not broadcast")
      .run();
  node().input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "1 inputs, expected 2").run();
  node()
      .attribute("axis", std::int64_t{1})
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axis\"")
      .run();
}

}  // namespace linnet::internal
