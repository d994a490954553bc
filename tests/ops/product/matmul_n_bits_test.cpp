// MatMulNBits against sums of the definition in double.
#include <gtest/gtest.h>

#include <limits>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kU8 = DataType::kUint8, kF32 = DataType::kFloat32;

enum class Zeros { kNone, kPacked, kFloat };

struct Case {
  std::int64_t rows, k, n, bits, block;
  Zeros zeros = Zeros::kNone;
  bool groups = false;
  bool bias = false;
  std::int64_t accuracy_level = 0;

  std::int64_t blocks() const { return (k + block - 1) / block; }
};

std::uint32_t draw(std::uint32_t& state) {
  state = state * 1664525U + 1013904223U;
  return state >> 12;
}

std::vector<double> packed(const std::vector<double>& rows, std::size_t row, std::int64_t bits) {
  const auto per_byte = static_cast<std::size_t>(8 / bits);
  std::vector<double> bytes;
  for (std::size_t first = 0; first < rows.size(); first += row) {
    for (std::size_t i = 0; i < row; i += per_byte) {
      unsigned byte = 0;
      for (std::size_t j = 0; j < per_byte && i + j < row; ++j) {
        byte |= static_cast<unsigned>(rows[first + i + j]) << (static_cast<unsigned>(bits) * static_cast<unsigned>(j));
      }
      bytes.push_back(byte);
    }
  }
  return bytes;
}

/// Sums are far from cancelling, so that errors are relative to them.
void check(const Case& item, DataType type) {
  std::uint32_t state = 7;
  const std::int64_t blocks = item.blocks();
  const auto depth = static_cast<std::size_t>(blocks * item.block);
  const std::uint32_t values = 1U << item.bits;
  std::vector<double> a, q, scales, zeros, bias, groups;
  for (std::int64_t i = 0; i < item.rows * item.k; ++i) a.push_back(draw(state) % 64 * 0.125 + 0.25);
  for (std::size_t i = 0; i < static_cast<std::size_t>(item.n) * depth; ++i) q.push_back(draw(state) % values);
  for (std::int64_t i = 0; i < item.n * blocks; ++i) {
    scales.push_back(std::ldexp(1.0, static_cast<int>(draw(state) % 3) - 6));
    zeros.push_back(item.zeros == Zeros::kNone ? values / 2 : draw(state) % (values / 4));
  }
  for (std::int64_t i = 0; i < item.n; ++i) bias.push_back(draw(state) % 9);
  for (std::int64_t i = 0; i < item.k; ++i)
    groups.push_back(static_cast<double>(draw(state) % static_cast<std::uint32_t>(blocks)));
  std::vector<double> y;
  double largest = 0;
  for (std::int64_t m = 0; m < item.rows; ++m) {
    for (std::int64_t n = 0; n < item.n; ++n) {
      double sum = item.bias ? bias[static_cast<std::size_t>(n)] : 0;
      for (std::int64_t k = 0; k < item.k; ++k) {
        const auto group =
            item.groups ? static_cast<std::int64_t>(groups[static_cast<std::size_t>(k)]) : k / item.block;
        const auto at = static_cast<std::size_t>(n * blocks + group);
        sum += a[static_cast<std::size_t>(m * item.k + k)] *
               (q[static_cast<std::size_t>(n) * depth + static_cast<std::size_t>(k)] - zeros[at]) * scales[at];
      }
      y.push_back(sum);
      largest = std::max(largest, std::abs(sum));
    }
  }
  OpTest test("MatMulNBits", 1, "com.microsoft");
  test.named(text(item.rows, " x ", item.k, " x ", item.n, ", ", item.bits, " bits in ", item.block));
  test.attribute("K", item.k).attribute("N", item.n).attribute("bits", item.bits);
  test.attribute("block_size", item.block).attribute("accuracy_level", item.accuracy_level);
  test.input(tensor_of(type, {1, item.rows, item.k}, a));
  test.constant_input(tensor_of(kU8, {item.n, blocks, item.block * item.bits / 8}, packed(q, depth, item.bits)));
  test.constant_input(tensor_of(type, {item.n * blocks}, scales));
  if (item.zeros == Zeros::kPacked) {
    const std::vector<double> bytes = packed(zeros, static_cast<std::size_t>(blocks), item.bits);
    test.constant_input(tensor_of(kU8, {static_cast<std::int64_t>(bytes.size())}, bytes));
  } else if (item.zeros == Zeros::kFloat) {
    test.constant_input(tensor_of(type, {item.n, blocks}, zeros));
  } else if (item.groups || item.bias) {
    test.no_input();
  }
  if (item.groups) {
    test.input(tensor_of(DataType::kInt32, {item.k}, groups));
  } else if (item.bias) {
    test.no_input();
  }
  if (item.bias) test.input(tensor_of(type, {item.n}, bias));
  if (type != kF32) {
    // A sum of float32 is rounded once to the type.
    const double digits = type == DataType::kFloat16 ? 0x1p-11 : 0x1p-8;
    test.expect_reference().tolerance(close(1.01 * digits, largest * 1e-6));
    test.tolerance_of("simd int8", close(0.01, 8.0 / 254 * static_cast<double>(item.k) * values / 16)).run();
    return;
  }
  test.expect(tensor_of(kF32, {1, item.rows, item.n}, y));
  test.tolerance(close(1e-6, largest * 1e-6));
  // A rounded to 8 bits: half of 1/127 of its largest element, at most, times the sum of the weights' magnitudes.
  test.tolerance_of("simd int8", close(0, 8.0 / 254 * static_cast<double>(item.k) * values / 16)).run();
}

TEST(MatMulNBits, MultipliesEveryWidth) {
  for (const std::int64_t bits : {2, 4, 8}) {
    for (const Zeros zeros : {Zeros::kNone, Zeros::kPacked, Zeros::kFloat}) {
      check({3, 64, 5, bits, 16, zeros}, kF32);
      check({1, 100, 70, bits, 32, zeros, false, true}, kF32);
      check({2, 80, 3, bits, 16, zeros, true, true}, kF32);
    }
    check({2, 40, 3, bits, 32, Zeros::kPacked, false, true}, DataType::kFloat16);
    check({2, 40, 3, bits, 32, Zeros::kFloat}, DataType::kBfloat16);
    check({0, 40, 3, bits, 32, Zeros::kFloat}, DataType::kBfloat16);
    for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
      check({12, 96, 70, bits, 32, Zeros::kNone, false, true}, type);
      check({1, 96, 70, bits, 32, Zeros::kFloat, true, false}, type);
      check({3, 96, 33, bits, 32, Zeros::kPacked, false, true, 4}, type);
    }
  }
}

TEST(MatMulNBits, RoundsAWhereAccuracyAllowsIt) {
  for (const std::int64_t rows : {0, 1, 2, 3, 4, 5, 9}) {
    for (const Zeros zeros : {Zeros::kNone, Zeros::kPacked, Zeros::kFloat}) {
      check({rows, 128, 33, 4, 32, zeros, false, true, 4}, kF32);
      check({rows, 90, 70, 4, 16, zeros, false, false, 4}, kF32);
    }
    check({rows, 300, 31, 4, 256, Zeros::kPacked, false, false, 4}, kF32);
  }
}

TEST(MatMulNBits, IsExactForIntegersOf8Bits) {
  OpTest test("MatMulNBits", 1, "com.microsoft");
  test.attribute("K", std::int64_t{16}).attribute("N", std::int64_t{1}).attribute("block_size", std::int64_t{16});
  test.attribute("accuracy_level", std::int64_t{4});
  test.input<float>({1, 16}, {127, -127, 1, 2, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, -1});
  test.constant_input(tensor_of(kU8, {1, 1, 8}, {0x0F, 0x98, 0x8A, 0x88, 0x87, 0x88, 0x88, 0xF8}));
  test.constant_input<float>({1, 1}, {0.5F});
  // 127 * 7 + 127 * 8 + 2 + 3 * 2 - 5 - 7, and half of it
  test.expect<float>({1, 1}, {950.5F}).run();
}

TEST(MatMulNBits, NanStaysInItsRow) {
  OpTest test("MatMulNBits", 1, "com.microsoft");
  test.attribute("K", std::int64_t{16}).attribute("N", std::int64_t{1}).attribute("block_size", std::int64_t{16});
  test.attribute("accuracy_level", std::int64_t{4});
  std::vector<float> a(48, 0.0F);
  a[17] = std::numeric_limits<float>::quiet_NaN();
  test.input<float>({3, 16}, a);
  test.constant_input(tensor_of(kU8, {1, 1, 8}, {1, 2, 3, 4, 5, 6, 7, 8})).constant_input<float>({1, 1}, {1});
  test.expect<float>({3, 1}, {0, std::nanf(""), 0}).tolerance(close(0, 0)).run();
}

TEST(MatMulNBits, RefusesWhatDoesNotFit) {
  const auto test = [](std::int64_t k, std::int64_t bits, std::int64_t block, const Shape& b, const Shape& scales) {
    OpTest of("MatMulNBits", 1, "com.microsoft");
    of.attribute("K", k).attribute("N", std::int64_t{2}).attribute("bits", bits).attribute("block_size", block);
    of.symbolic_input(kF32, {"m", 32}).symbolic_input(kU8, NamedDims(b.begin(), b.end()));
    return of.symbolic_input(kF32, NamedDims(scales.begin(), scales.end()));
  };
  const ErrorCode invalid = ErrorCode::kInvalidModel;
  test(32, 3, 16, {2, 2, 8}, {2, 2})
      .expect_error(ErrorCode::kUnsupported, "bits is 3, supported are 2, 4 and 8")
      .infer_only();
  test(32, 4, 24, {2, 2, 8}, {2, 2}).expect_error(invalid, "block_size is 24, expected a power of 2").infer_only();
  test(0, 4, 16, {2, 2, 8}, {2, 2}).expect_error(invalid, "K is 0, expected 1 to 2147483647").infer_only();
  test(32, 4, 16, {2, 2, 7}, {2, 2}).expect_error(invalid, "input B is [2,2,7], expected 32 elements").infer_only();
  test(32, 4, 16, {2, 2, 8}, {3}).expect_error(invalid, "input scales is [3], expected 4 elements").infer_only();
  test(31, 4, 16, {2, 2, 8}, {4})
      .expect_error(invalid, "input A is [?,32], expected a last dimension of K, 31")
      .infer_only();
  test(32, 4, 16, {2, 2, 8}, {4}).expect_dims(kF32, {"m", 2}).infer_only();
  OpTest groups("MatMulNBits", 1, "com.microsoft");
  groups.attribute("K", std::int64_t{16}).attribute("N", std::int64_t{1}).attribute("block_size", std::int64_t{16});
  groups.random_input(kF32, {1, 16}, 0, 1).random_input(kU8, {1, 1, 8}, 0, 255).input<float>({1}, {1}).no_input();
  groups.input(tensor_of(DataType::kInt32, {16}, {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  groups.expect_error(ErrorCode::kRuntimeFault, "g_idx[3] is 1, expected 0 to 0").run();
}

}  // namespace
}  // namespace linnet::internal
