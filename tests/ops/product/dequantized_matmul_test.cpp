// DequantizedMatMul against sums of the definition in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kF32 = DataType::kFloat32;

struct Case {
  std::int64_t rows, k, n, block = 0;  ///< block 0: none
  DataType codes = DataType::kInt8;
  bool transposed = false, zeros = false, bias = false, one_scale = false;
};

/// Whole numbers from `least` on.
std::vector<double> numbers(std::int64_t count, std::uint32_t& state, std::uint32_t values, double least = 0) {
  std::vector<double> result;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    result.push_back((state >> 12) % values + least);
  }
  return result;
}

void check(const Case& item) {
  std::uint32_t state = 11;
  const auto values = static_cast<std::uint32_t>(1U << bits_of(item.codes));
  const bool is_signed = kSignedTypes.has(item.codes) || item.codes == DataType::kInt4 || item.codes == DataType::kInt2;
  const double least = is_signed ? -0.5 * values : 0;
  const std::int64_t blocks = item.block == 0 ? 1 : (item.k + item.block - 1) / item.block;
  const std::int64_t scale_count = item.one_scale ? 1 : blocks * item.n;
  std::vector<double> a = numbers(item.rows * item.k, state, 64, 1);
  for (double& value : a) value *= 0.125;
  const std::vector<double> codes = numbers(item.k * item.n, state, values, least);
  std::vector<double> scales = numbers(scale_count, state, 4, 1);
  for (double& value : scales) value *= 0.25;
  const std::vector<double> zeros = numbers(scale_count, state, values, least);
  const std::vector<double> bias = numbers(item.n, state, 9);
  const auto at = [&](std::int64_t k, std::int64_t n, std::int64_t depth) {
    return static_cast<std::size_t>(item.transposed ? n * depth + k : k * item.n + n);
  };
  std::vector<double> y;
  double largest = 0;
  for (std::int64_t m = 0; m < item.rows; ++m) {
    for (std::int64_t n = 0; n < item.n; ++n) {
      double sum = item.bias ? bias[static_cast<std::size_t>(n)] : 0;
      double magnitude = 0;
      for (std::int64_t k = 0; k < item.k; ++k) {
        const std::size_t of_block = item.one_scale    ? 0
                                     : item.block == 0 ? static_cast<std::size_t>(n)
                                                       : at(k / item.block, n, blocks);
        const double weight = (codes[at(k, n, item.k)] - (item.zeros ? zeros[of_block] : 0)) * scales[of_block];
        sum += a[static_cast<std::size_t>(m * item.k + k)] * weight;
        magnitude += std::abs(a[static_cast<std::size_t>(m * item.k + k)] * weight);
      }
      y.push_back(sum);
      largest = std::max(largest, magnitude);
    }
  }
  const auto shape = [&](std::int64_t depth) { return item.transposed ? Shape{item.n, depth} : Shape{depth, item.n}; };
  const Shape of_scales = item.one_scale ? Shape{} : item.block == 0 ? Shape{item.n} : shape(blocks);
  OpTest test("DequantizedMatMul", 1, kOwnDomain);
  test.named(text(item.rows, " x ", item.k, " x ", item.n, " ", item.codes, item.transposed ? " transposed" : "",
                  " in ", item.block));
  test.attribute("block_size", item.block).attribute("transpose_b", std::int64_t{item.transposed});
  test.input(tensor_of(kF32, {1, item.rows, item.k}, a));
  test.input(tensor_of(item.codes, shape(item.k), codes));
  test.input(tensor_of(kF32, of_scales, scales));
  if (item.zeros) {
    test.input(tensor_of(item.codes, of_scales, zeros));
  } else if (item.bias) {
    test.no_input();
  }
  if (item.bias) test.input(tensor_of(kF32, {item.n}, bias));
  test.expect(tensor_of(kF32, {1, item.rows, item.n}, y)).tolerance(close(0, largest * 1e-6)).run();
}

TEST(DequantizedMatMul, MultipliesCodesOfEveryWidth) {
  for (const DataType codes :
       {DataType::kInt8, DataType::kUint8, DataType::kInt4, DataType::kUint4, DataType::kInt2, DataType::kUint2}) {
    for (const bool transposed : {false, true}) {
      for (const bool zeros : {false, true}) {
        check({3, 64, 5, 16, codes, transposed, zeros});
        check({1, 99, 67, 32, codes, transposed, zeros, true});
        check({2, 43, 33, 0, codes, transposed, zeros, true});
        check({9, 300, 35, 0, codes, transposed, zeros, false, true});
        check({2, 30, 3, 7, codes, transposed, zeros});
      }
    }
  }
  check({0, 64, 5, 16});
  check({2, 64, 0, 16});
  check({2, 1, 1, 0});
}

TEST(DequantizedMatMul, TakesBlocksThatArePartsOfThoseOfTheKernels) {
  const auto implementations = [](std::int64_t k, std::int64_t block, bool accepts) {
    OpTest test("DequantizedMatMul", 1, kOwnDomain);
    test.attribute("block_size", block).random_input(kF32, {2, k}, 0, 1);
    test.constant_input(random_tensor(DataType::kInt8, {k, 3}, -9, 9, 1));
    const std::int64_t blocks = block == 0 ? 1 : (k + block - 1) / block;
    test.constant_input(random_tensor(kF32, block == 0 ? Shape{} : Shape{blocks, 3}, 0.5, 1, 2));
    std::vector<std::string> names = {"simd panels", "reference"};
    if (accepts) names.insert(names.begin(), "simd");
    test.expect_implementations(std::move(names)).expect_reference().tolerance(close(1e-5, 1e-3)).run();
  };
  implementations(1000, 0, true);
  implementations(1024, 512, true);
  implementations(1024, 16, true);
  implementations(600, 24, false);
}

TEST(DequantizedMatMul, RefusesWhatDoesNotFit) {
  const auto refused = [](const Shape& a, const Shape& b, std::int64_t block, const Shape& scales, const Shape& zeros,
                          const char* words) {
    OpTest("DequantizedMatMul", 1, kOwnDomain)
        .attribute("block_size", block)
        .random_input(kF32, a, 0, 1)
        .random_input(DataType::kUint8, b, 0, 255)
        .random_input(kF32, scales, 0, 1)
        .random_input(DataType::kUint8, zeros, 0, 255)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({3, 5}, {4, 2}, 0, {2}, {2}, "input A is [3,5], expected a last dimension of 4");
  refused({3, 4}, {4, 2, 1}, 0, {2}, {2}, "input B is [4,2,1], expected rank 2");
  refused({3, 4}, {4, 2}, 0, {3}, {3}, "input 2 is [3], expected 1 or 2 elements");
  refused({3, 4}, {4, 2}, 3, {2}, {2}, "input 2 is [2], expected [2,2]");
  refused({3, 4}, {4, 2}, 0, {2}, {1}, "there are 1 zero_points but 2 scales");
  refused({3, 4}, {4, 2}, -1, {2}, {2}, "block_size is -1");
}

}  // namespace
}  // namespace linnet::internal
