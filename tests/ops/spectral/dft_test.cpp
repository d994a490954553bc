#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using Numbers = std::vector<std::complex<double>>;

/// By the formula, with exact angles.
Numbers transformed(const Numbers& x, std::size_t n, bool inverse) {
  Numbers y(n), roots;
  for (std::size_t k = 0; k < n; ++k) {
    const double angle = 2 * std::acos(-1.0) * static_cast<double>(k) / static_cast<double>(n);
    roots.push_back(std::polar(1.0, inverse ? angle : -angle));
  }
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < std::min(n, x.size()); ++k) y[j] += x[k] * roots[j * k % n];
    if (inverse) y[j] /= static_cast<double>(n);
  }
  return y;
}

struct Case {
  Shape x;  // with the parts
  std::int64_t axis;
  std::int64_t length = 0;  // 0: not given
  bool inverse = false, onesided = false;
};

template <typename T>
void check(const Case& c, int opset, const Tolerance& tolerance) {
  const auto axis = static_cast<std::size_t>(c.axis);
  const std::int64_t parts = c.x.back(), size = c.x[axis];
  const bool real_output = c.inverse && c.onesided;
  const std::int64_t n = c.length > 0 ? c.length : real_output ? 2 * (size - 1) : size;
  const ConstantPtr x = random_tensor(data_type_of<T>(), c.x, -1, 1, 7);
  Shape shape = c.x;
  shape[axis] = c.onesided && !c.inverse ? n / 2 + 1 : n;
  shape.back() = real_output ? 1 : 2;
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), shape, &data);
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= c.x[i];
  for (std::size_t i = axis + 1; i + 1 < c.x.size(); ++i) inner *= c.x[i];
  for (std::int64_t signal = 0; signal < outer * inner; ++signal) {
    Numbers numbers;
    for (std::int64_t k = 0; k < size; ++k) {
      const T* at = x->as<T>() + ((signal / inner * size + k) * inner + signal % inner) * parts;
      numbers.emplace_back(static_cast<double>(at[0]), parts == 2 ? static_cast<double>(at[1]) : 0.0);
    }
    if (real_output) {  // the conjugates of the rest
      numbers.resize(static_cast<std::size_t>(n / 2 + 1));
      for (std::int64_t k = n / 2 + 1; k < n; ++k)
        numbers.push_back(std::conj(numbers[static_cast<std::size_t>(n - k)]));
      numbers[0] = numbers[0].real();
      if (n % 2 == 0) numbers[static_cast<std::size_t>(n / 2)] = numbers[static_cast<std::size_t>(n / 2)].real();
    }
    const Numbers y = transformed(numbers, static_cast<std::size_t>(n), c.inverse);
    for (std::int64_t k = 0; k < shape[axis]; ++k) {
      T* to = reinterpret_cast<T*>(data) + ((signal / inner * shape[axis] + k) * inner + signal % inner) * shape.back();
      to[0] = static_cast<T>(y[static_cast<std::size_t>(k)].real());
      if (!real_output) to[1] = static_cast<T>(y[static_cast<std::size_t>(k)].imag());
    }
  }
  OpTest test("DFT", opset);
  test.named(text(data_type_of<T>(), " ", c.x, " axis ", c.axis, " n ", n, " inverse ", c.inverse, " onesided ",
                  c.onesided, " opset ", opset))
      .attribute("inverse", std::int64_t{c.inverse})
      .attribute("onesided", std::int64_t{c.onesided})
      .input(x);
  c.length > 0 ? test.template input<std::int64_t>({}, {c.length}) : test.no_input();
  opset < 20 ? test.attribute("axis", c.axis) : test.template input<std::int64_t>({}, {c.axis});
  test.expect(expected).tolerance(tolerance).run();
}

TEST(DFT, IsAsTheFormulaForEveryLength) {
  // Passes of 2, 3, 4, 5, of other small primes, and convolutions; with and without a half as long transform.
  for (const std::int64_t n : {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 15, 16, 20,
                               24, 25, 27, 29, 31, 32, 37, 40, 41, 49, 60, 64, 74, 96, 100}) {
    for (const bool inverse : {false, true}) {
      for (const bool onesided : {false, true}) {
        check<float>({{3, n, 1}, 1, n, inverse, onesided}, 20, close(1e-6, 1e-6));
        check<float>({{2, n, 2}, 1, n, inverse, onesided}, 20, close(1e-6, 1e-6));
      }
    }
  }
  check<double>({{2, 360, 2}, 1}, 20, close(0, 1e-12));
  check<double>({{2, 222, 1}, 1}, 20, close(0, 1e-12));
}

TEST(DFT, TakesLongSignals) {
  // Signals of their own, and roots from two tables.
  check<double>({{1, 4100, 1}, 1}, 20, close(0, 2e-11));
  check<double>({{1, 4500, 2}, 1, 0, true}, 20, close(0, 1e-13));
  check<double>({{1, 2100, 2}, 1, 4198, true, true}, 20, close(0, 1e-13));
}

TEST(DFT, TakesAnyAxisAndShape) {
  for (const int opset : {17, 20}) {
    for (const std::int64_t axis : {0, 1, 2}) {
      for (const std::int64_t parts : {1, 2}) {
        check<float>({{5, 6, 11, parts}, axis}, opset, close(1e-6, 1e-6));
        check<float>({{5, 6, 11, parts}, axis, 8, false, true}, opset, close(1e-6, 1e-6));
        check<float>({{5, 6, 11, parts}, axis, 4, true, true}, opset, close(1e-6, 1e-6));
        check<float>({{5, 6, 11, parts}, axis, 0, true}, opset, close(1e-6, 1e-6));
      }
    }
  }
  check<float>({{4, 2}, 0}, 20, close(1e-6, 1e-6));
  check<float>({{0, 4, 2}, 1}, 20, exact());
  check<float>({{30, 16, 1}, 1, 0, false, true}, 20, close(1e-6, 1e-6));
  check<double>({{3, 9, 2}, 1}, 20, close(0, 1e-14));
  check<Float16>({{3, 8, 1}, 1}, 20, close(1e-3, 1e-3));
  check<Bfloat16>({{3, 8, 2}, 1}, 20, close(1e-2, 1e-2));
}

TEST(DFT, KeepsSignalsApart) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OpTest("DFT", 20)
      .input<float>({2, 2, 1}, {nan, 1, 1e-30F, 0})
      .expect<float>({2, 2, 2}, {nan, nan, nan, nan, 1e-30F, 0, 1e-30F, 0})
      .run();
}

TEST(DFT, Infers) {
  OpTest("DFT", 17)
      .attribute("onesided", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {"b", "n", 1})
      .expect_dims(DataType::kFloat32, {"b", "?", 2})
      .infer_only();
  OpTest("DFT", 20)
      .symbolic_input(DataType::kFloat32, {"b", "n", 1})
      .symbolic_input(DataType::kInt32, {})
      .elements({16})
      .expect_dims(DataType::kFloat32, {"b", 16, 2})
      .infer_only();
  OpTest("DFT", 20)
      .symbolic_input(DataType::kFloat32, {"b", "n", 1})
      .no_input()
      .symbolic_input(DataType::kInt64, {})
      .expect_dims(DataType::kFloat32, {"?", "?", 2})
      .infer_only();
}

TEST(DFT, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, std::int64_t n, std::int64_t axis, ErrorCode code, const char* words) {
    OpTest("DFT", 20)
        .random_input(DataType::kFloat32, x, 0, 1)
        .input<std::int64_t>({}, {n})
        .input<std::int64_t>({}, {axis})
        .expect_error(code, words)
        .run();
  };
  refused({1, 4, 3}, 4, 1, ErrorCode::kInvalidModel, "input input is [1,4,3], expected [...,1] (real) or [...,2]");
  refused({1}, 1, 0, ErrorCode::kInvalidModel, "input input is [1]");
  refused({1, 4, 2}, 0, 1, ErrorCode::kInvalidModel, "the length of the transform is 0, expected 1 or more");
  refused({1, 4, 2}, -3, 1, ErrorCode::kInvalidModel, "the length of the transform is -3, expected 1 or more");
  refused({1, 4, 2}, 4, 2, ErrorCode::kInvalidModel, "axis 2 is the last one, of real and imaginary parts");
  refused({1, 4, 2}, 4, 3, ErrorCode::kInvalidModel, "axis 3 is outside [-3,2]");
  OpTest("DFT", 17)
      .random_input(DataType::kFloat32, {1, 0, 2}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "the length of the transform is 0")
      .run();
  OpTest("DFT", 20)
      .random_input(DataType::kFloat32, {1, 4, 2}, 0, 1)
      .input<std::int64_t>({2}, {4, 4})
      .expect_error(ErrorCode::kInvalidModel, "input dft_length is [2], expected one element")
      .run();
}

}  // namespace
}  // namespace linnet::internal
