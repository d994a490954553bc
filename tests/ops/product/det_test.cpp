#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Along the first row.
double determinant(const std::vector<double>& m, std::size_t size) {
  if (size == 0) return 1;
  double sum = 0;
  for (std::size_t column = 0; column < size; ++column) {
    std::vector<double> minor;
    for (std::size_t i = size; i < size * size; ++i) {
      if (i % size != column) minor.push_back(m[i]);
    }
    sum += (column % 2 == 0 ? 1 : -1) * m[column] * determinant(minor, size - 1);
  }
  return sum;
}

template <typename T>
void check(const Shape& batch, std::int64_t size, const Tolerance& tolerance) {
  Shape shape = batch;
  shape.insert(shape.end(), {size, size});
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -2, 2, 3);
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), batch, &data);
  const std::int64_t elements = size * size;
  for (std::int64_t i = 0; i < expected->count(); ++i) {
    std::vector<double> matrix;
    for (std::int64_t k = 0; k < elements; ++k) matrix.push_back(static_cast<double>(x->as<T>()[i * elements + k]));
    reinterpret_cast<T*>(data)[i] = static_cast<T>(determinant(matrix, static_cast<std::size_t>(size)));
  }
  OpTest("Det", 22).named(text(data_type_of<T>(), " ", shape)).input(x).expect(expected).tolerance(tolerance).run();
}

TEST(Det, IsAsByMinors) {
  for (const std::int64_t size : {0, 1, 2, 3, 4, 6}) check<float>({3}, size, close(1e-6, 1e-12));
  check<float>({}, 5, close(1e-6, 1e-12));
  check<float>({2, 0, 3}, 3, exact());
  check<double>({2, 3}, 5, close(1e-13, 1e-14));
  check<Float16>({4}, 3, close(1e-3, 1e-6));
  check<Bfloat16>({4}, 3, close(1e-2, 1e-6));
  check<float>({700}, 3, close(1e-6, 1e-12));
}

TEST(Det, OfSpecialMatrices) {
  OpTest("Det", 11).input<float>({2, 2}, {0, 1, 1, 0}).expect<float>({}, {-1}).run();
  OpTest("Det", 11).input<float>({3, 3}, {1, 2, 3, 2, 4, 6, 0, 1, 5}).expect<float>({}, {0}).tolerance(ulp(0)).run();
  OpTest("Det", 11).input<float>({2, 2}, {1e30F, 0, 0, 1e-30F}).expect<float>({}, {1}).tolerance(ulp(1)).run();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OpTest("Det", 11).input<float>({2, 2}, {nan, 1, 1, 1}).expect<float>({}, {nan}).run();
  OpTest("Det", 22)
      .symbolic_input(DataType::kFloat32, {"n", "?", 3})
      .expect_dims(DataType::kFloat32, {"n"})
      .infer_only();
}

/// Cofactors, divided by the determinant.
template <typename T>
void check_inverse(const Shape& batch, std::int64_t size, const Tolerance& tolerance) {
  Shape shape = batch;
  shape.insert(shape.end(), {size, size});
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -2, 2, 5);
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), shape, &data);
  const std::int64_t elements = size * size;
  for (std::int64_t i = 0; i < expected->count(); ++i) {
    const T* const matrix = x->as<T>() + i / elements * elements;
    const std::int64_t row = i % elements / size, column = i % size;
    std::vector<double> whole, minor;
    for (std::int64_t k = 0; k < elements; ++k) {
      whole.push_back(static_cast<double>(matrix[k]));
      if (k / size != column && k % size != row) minor.push_back(whole.back());
    }
    const double cofactor = ((row + column) % 2 == 0 ? 1 : -1) * determinant(minor, static_cast<std::size_t>(size - 1));
    reinterpret_cast<T*>(data)[i] = static_cast<T>(cofactor / determinant(whole, static_cast<std::size_t>(size)));
  }
  OpTest("Inverse", 1, "com.microsoft")
      .named(text(data_type_of<T>(), " ", shape))
      .input(x)
      .expect(expected)
      .tolerance(tolerance)
      .run();
}

TEST(Inverse, IsAsByCofactors) {
  for (const std::int64_t size : {1, 2, 3, 4, 6}) check_inverse<float>({3}, size, close(1e-6, 1e-9));
  check_inverse<float>({}, 5, close(1e-6, 1e-9));
  check_inverse<float>({2, 0, 3}, 3, exact());
  check_inverse<double>({2, 3}, 5, close(1e-11, 1e-13));
  check_inverse<Float16>({4}, 3, close(1e-3, 1e-6));
  check_inverse<Bfloat16>({4}, 3, close(1e-2, 1e-6));
  check_inverse<float>({300}, 3, close(1e-6, 1e-9));
}

TEST(Inverse, OfSpecialMatrices) {
  const auto inverse = [] { return OpTest("Inverse", 1, "com.microsoft"); };
  inverse().input<float>({2, 2}, {0, 2, 4, 0}).expect<float>({2, 2}, {0, 0.25F, 0.5F, 0}).run();
  inverse().input<float>({2, 2}, {1e30F, 0, 0, 1e-30F}).expect<float>({2, 2}, {1e-30F, 0, 0, 1e30F}).run();
  inverse().random_input(DataType::kFloat32, {3, 0, 0}, 0, 1).expect<float>({3, 0, 0}, {}).run();
  const float infinity = std::numeric_limits<float>::infinity();
  inverse().input<float>({1, 1}, {0}).expect<float>({1, 1}, {infinity}).run();
  inverse()
      .symbolic_input(DataType::kFloat32, {"n", "?", 3})
      .expect_dims(DataType::kFloat32, {"n", "?", 3})
      .infer_only();
  inverse()
      .random_input(DataType::kFloat32, {2, 3}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "input X is [2,3], expected square matrices")
      .run();
}

TEST(Det, SaysWhatIsWrong) {
  OpTest("Det", 11)
      .random_input(DataType::kFloat32, {2, 3}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "input X is [2,3], expected square matrices")
      .run();
  OpTest("Det", 11).random_input(DataType::kFloat32, {3}, 0, 1).expect_error(ErrorCode::kInvalidModel, "[3]").run();
  OpTest("Det", 11).random_input(DataType::kInt32, {2, 2}, 0, 9).expect_error(ErrorCode::kInvalidModel, "int32").run();
}

}  // namespace
}  // namespace linnet::internal
