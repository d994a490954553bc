// GatheredMatMul and GatheredMatMulNBits against their definitions in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kU8 = DataType::kUint8, kF32 = DataType::kFloat32, kI64 = DataType::kInt64;

std::vector<double> numbers(std::size_t count, std::uint32_t& state, std::uint32_t values, double step, double least) {
  std::vector<double> result;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    result.push_back((state >> 12) % values * step + least);
  }
  return result;
}

struct Case {
  std::int64_t matrices;
  std::vector<double> indices;
  std::int64_t n, k;
  std::int64_t repeats = 1;
  bool bias = false;

  std::int64_t rows() const { return static_cast<std::int64_t>(indices.size()); }
  std::int64_t a_rows() const { return rows() / repeats; }
  std::int64_t matrix_of(std::int64_t row) const {
    const auto index = static_cast<std::int64_t>(indices[static_cast<std::size_t>(row)]);
    return index < 0 ? index + matrices : index;
  }
};

/// So many rows of so many matrices, in no order; some have none.
Case many(std::int64_t rows, std::int64_t matrices, std::int64_t n, std::int64_t k, std::int64_t repeats, bool bias) {
  Case item{matrices, {}, n, k, repeats, bias};
  std::uint32_t state = 9;
  item.indices = numbers(static_cast<std::size_t>(rows), state, static_cast<std::uint32_t>(matrices), 1, 0);
  for (double& index : item.indices) index = index == 2 ? -1 : index;
  return item;
}

/// weight(matrix, n, k); sums are far from cancelling.
template <typename Weight>
std::vector<double> product(const Case& item, const std::vector<double>& a, const std::vector<double>& bias,
                            const Weight& weight) {
  std::vector<double> y;
  for (std::int64_t row = 0; row < item.rows(); ++row) {
    const std::int64_t matrix = item.matrix_of(row);
    for (std::int64_t n = 0; n < item.n; ++n) {
      double sum = item.bias ? bias[static_cast<std::size_t>(matrix * item.n + n)] : 0;
      for (std::int64_t k = 0; k < item.k; ++k)
        sum += a[static_cast<std::size_t>(row / item.repeats * item.k + k)] * weight(matrix, n, k);
      y.push_back(sum);
    }
  }
  return y;
}

std::size_t count(std::int64_t a, std::int64_t b, std::int64_t c = 1) { return static_cast<std::size_t>(a * b * c); }

void check(const Case& item, DataType weights, bool transposed = true) {
  std::uint32_t state = 5;
  const std::vector<double> a = numbers(count(item.a_rows(), item.k), state, 64, 0.125, 0.25);
  const std::vector<double> w = numbers(count(item.matrices, item.n, item.k), state, 64, 0.0625, 0.125);
  const std::vector<double> bias = numbers(count(item.matrices, item.n), state, 9, 1, 0);
  const std::vector<double> y = product(item, a, bias, [&](std::int64_t matrix, std::int64_t n, std::int64_t k) {
    const std::int64_t at = transposed ? n * item.k + k : k * item.n + n;
    return w[static_cast<std::size_t>(matrix * item.n * item.k + at)];
  });
  OpTest test("GatheredMatMul", 1, kOwnDomain);
  test.named(text(item.matrices, " matrices, ", item.rows(), " x ", item.k, " x ", item.n, " ", weights));
  test.attribute("repeats", item.repeats).attribute("transpose_w", std::int64_t{transposed});
  test.input(tensor_of(kF32, {item.a_rows(), item.k}, a));
  test.input(tensor_of(transposed ? kI64 : DataType::kInt32, {item.a_rows(), item.repeats}, item.indices));
  test.input(
      tensor_of(weights, transposed ? Shape{item.matrices, item.n, item.k} : Shape{item.matrices, item.k, item.n}, w));
  if (item.bias) test.input(tensor_of(kF32, {item.matrices, item.n}, bias));
  test.expect(tensor_of(kF32, {item.a_rows(), item.repeats, item.n}, y)).tolerance(close(1e-6, 0)).run();
}

std::vector<Case> cases() {
  return {{1, {0}, 1, 16},           {4, {3, 1, -3, 1}, 70, 112, 2, true}, {2, {0, 0}, 64, 32, 1, true},
          {3, {0, 1, 1, 2}, 33, 64}, many(60, 5, 130, 48, 3, true),        {2, {}, 5, 16, 1, true}};
}

TEST(GatheredMatMul, MultipliesEachRowWithItsMatrix) {
  for (const Case& item : cases()) {
    for (const DataType weights : {kF32, DataType::kFloat16, DataType::kBfloat16}) check(item, weights);
    check(item, kF32, false);
  }
  check(many(700, 3, 70, 5, 1, true), kF32);
  // So many matrices that rows are sorted, not counted.
  check(many(20, 3000, 9, 3, 2, true), kF32);
  check({2, {1, 0, 1}, 6, 0, 1, true}, kF32);
  check({2, {1, 0, 1}, 0, 6}, kF32);
  check({0, {}, 3, 6}, kF32);
}

/// As MatMul with gathered matrices has them: one row or one index serves all of the other.
TEST(GatheredMatMul, TakesMatricesOfOneRowOrColumn) {
  struct Form {
    std::int64_t form;
    Shape a, indices, y;
    std::vector<float> values;
  };
  // Of each matrix the first column is that number, the second ten times as much.
  for (const Form& item : {Form{1, {3, 1, 2}, {3, 1}, {3, 1, 2}, {7, 70, 3, 30, 11, 110}},
                           Form{2, {3, 2, 1}, {3}, {3, 2, 1}, {7, 70, 3, 30, 11, 110}}}) {
    OpTest test("GatheredMatMul", 1, kOwnDomain);
    test.attribute("form", item.form).attribute("transpose_w", std::int64_t{1});
    test.input<float>(item.a, {3, 4, 1, 2, 5, 6}).input<std::int64_t>(item.indices, {0, 0, -2});
    test.input<float>({2, 2, 2}, {1, 1, 10, 10, 2, 2, 20, 20}).expect<float>(item.y, item.values).run();
  }
  OpTest("GatheredMatMul", 1, kOwnDomain)
      .attribute("form", std::int64_t{1})
      .input<float>({1, 1, 2}, {3, 4})
      .input<std::int64_t>({3}, {1, 0, 1})
      .input<float>({2, 1, 2}, {1, 1, 2, 2})
      .expect<float>({3, 1, 1}, {14, 7, 14})
      .run();
  OpTest("GatheredMatMul", 1, kOwnDomain)
      .attribute("form", std::int64_t{2})
      .input<float>({2, 2, 1}, {3, 4, 5, 6})
      .input<std::int64_t>({1, 1}, {1})
      .input<float>({2, 1, 2}, {1, 1, 2, 2})
      .expect<float>({2, 1, 1}, {14, 22})
      .run();
  OpTest("GatheredMatMul", 1, kOwnDomain)
      .attribute("form", std::int64_t{1})
      .symbolic_input(kF32, {"rows", 1, 2})
      .symbolic_input(kI64, {"chosen", 1})
      .symbolic_input(kF32, {4, 3, 2})
      .expect_dims(kF32, {"?", 1, 3})
      .infer_only();
  OpTest("GatheredMatMul", 1, kOwnDomain)
      .attribute("form", std::int64_t{1})
      .symbolic_input(kF32, {"rows", 1, 2})
      .symbolic_input(kI64, {"rows"})
      .symbolic_input(kF32, {4, 3, 2})
      .expect_dims(kF32, {"rows", 1, 3})
      .infer_only();
}

TEST(GatheredMatMul, ReadsNoMatrixWithoutRows) {
  OpTest test("GatheredMatMul", 1, kOwnDomain);
  test.input<float>({2, 1}, {2, 3}).input<std::int64_t>({2}, {2, 0});
  test.input<float>({3, 1, 1}, {5, std::numeric_limits<float>::quiet_NaN(), 7});
  test.expect<float>({2, 1}, {14, 15}).run();
}

TEST(GatheredMatMul, RefusesWhatDoesNotFit) {
  const auto product = [](const Shape& a, const Shape& indices, const Shape& w, std::int64_t form = 0) {
    OpTest test("GatheredMatMul", 1, kOwnDomain);
    test.attribute("form", form).random_input(kF32, a, 0, 1).random_input(kI64, indices, 0, 1);
    test.random_input(kF32, w, 0, 1);
    return test;
  };
  for (const std::int64_t odd : {std::int64_t{-3}, std::int64_t{2}, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()}) {
    OpTest("GatheredMatMul", 1, kOwnDomain)
        .random_input(kF32, {3, 2}, 0, 1)
        .input<std::int64_t>({3}, {0, odd, 1})
        .random_input(kF32, {2, 4, 2}, 0, 1)
        .expect_error(ErrorCode::kRuntimeFault, text(odd))
        .run();
  }
  const auto invalid = [&](const Shape& a, const Shape& indices, const Shape& w, const char* words,
                           std::int64_t form = 0) {
    product(a, indices, w, form).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  invalid({3, 5}, {3}, {2, 4, 2}, "input A is [3,5], expected a last dimension of 2");
  invalid({3, 2}, {4}, {2, 4, 2}, "there are 4 indices for 3 rows");
  invalid({3, 2}, {3}, {4, 2}, "input W is [4,2], expected rank 3");
  invalid({}, {3}, {2, 4, 2}, "input A is []");
  invalid({3, 2}, {3}, {2, 4, 2}, "expected [R,1,2]", 1);
  invalid({3, 1, 2}, {3}, {2, 4, 2}, "expected [R,2,1]", 2);
  invalid({3, 1, 2}, {4}, {2, 4, 2}, "input A is [3,1,2] but there are 4 indices", 1);
  invalid({3, 2}, {3}, {2, 4, 2}, "form is 3", 3);
  product({3, 2}, {3}, {2, 4, 2})
      .random_input(kF32, {2, 3}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "input 3 is [2,3], expected [2,4]")
      .run();
  product({3, 2}, {3}, {2, 4, 2})
      .attribute("repeats", std::int64_t{0})
      .expect_error(ErrorCode::kInvalidModel, "repeats is 0")
      .run();
}

std::vector<double> packed(const std::vector<double>& codes, std::int64_t bits) {
  const auto per_byte = static_cast<std::size_t>(8 / bits);
  std::vector<double> bytes;
  for (std::size_t i = 0; i < codes.size(); i += per_byte) {
    unsigned byte = 0;
    for (std::size_t j = 0; j < per_byte; ++j)
      byte |= static_cast<unsigned>(codes[i + j]) << (static_cast<unsigned>(bits) * static_cast<unsigned>(j));
    bytes.push_back(byte);
  }
  return bytes;
}

struct FewBits {
  std::int64_t bits, block;  ///< block 0: one for a row
  bool zeros = false;
  bool constant = true;
  std::int64_t accuracy_level = 0;
  bool packed_zeros = false;  ///< and scales of float16
};

void check(const Case& item, const FewBits& form) {
  std::uint32_t state = 5;
  const std::int64_t size = form.block == 0 ? item.k : form.block;
  const std::int64_t blocks = (item.k + size - 1) / size;
  const auto values = static_cast<std::uint32_t>(1U << form.bits);
  const auto matrices = static_cast<std::size_t>(item.matrices * item.n);
  const std::vector<double> a = numbers(count(item.a_rows(), item.k), state, 64, 0.125, 0.25);
  const std::vector<double> codes = numbers(matrices * static_cast<std::size_t>(item.k), state, values, 1, 0);
  const std::vector<double> scales = numbers(matrices * static_cast<std::size_t>(blocks), state, 4, 0.25, 0.25);
  std::vector<double> zeros(scales.size(), 0.5 * values);
  if (form.zeros) zeros = numbers(scales.size(), state, values / 4, 1, 0);
  const std::vector<double> bias = numbers(matrices, state, 9, 1, 0);
  const std::vector<double> y = product(item, a, bias, [&](std::int64_t matrix, std::int64_t n, std::int64_t k) {
    const std::int64_t row = matrix * item.n + n;
    const auto block = static_cast<std::size_t>(row * blocks + k / size);
    return (codes[static_cast<std::size_t>(row * item.k + k)] - zeros[block]) * scales[block];
  });
  OpTest test("GatheredMatMulNBits", 1, kOwnDomain);
  test.named(text(item.matrices, " matrices, ", item.rows(), " x ", item.k, " x ", item.n, ", ", form.bits, " bits in ",
                  form.block, " each"));
  test.attribute("bits", form.bits)
      .attribute("accuracy_level", form.accuracy_level)
      .attribute("block_size", form.block);
  test.attribute("repeats", item.repeats).input(tensor_of(kF32, {item.a_rows(), item.k}, a));
  test.input(tensor_of(kI64, {item.rows()}, item.indices));
  const auto weights = [&](ConstantPtr tensor) {
    if (form.constant) {
      test.constant_input(std::move(tensor));
    } else {
      test.input(std::move(tensor));
    }
  };
  weights(tensor_of(kU8, {item.matrices, item.n, item.k * form.bits / 8}, packed(codes, form.bits)));
  weights(tensor_of(form.packed_zeros ? DataType::kFloat16 : kF32, {item.matrices, item.n, blocks}, scales));
  if (form.packed_zeros) {
    const std::int64_t bytes = (blocks * form.bits + 7) / 8;
    std::vector<double> padded;
    for (std::size_t i = 0; i < zeros.size(); ++i) {
      padded.push_back(zeros[i]);
      const bool ends = (i + 1) % static_cast<std::size_t>(blocks) == 0;
      while (ends && padded.size() % static_cast<std::size_t>(8 / form.bits) != 0) padded.push_back(1);
    }
    weights(tensor_of(kU8, {item.matrices, item.n, bytes}, packed(padded, form.bits)));
  } else if (form.zeros) {
    weights(tensor_of(kF32, {item.matrices, item.n, blocks}, zeros));
  } else if (item.bias) {
    test.no_input();
  }
  if (item.bias) test.input(tensor_of(kF32, {item.matrices, item.n}, bias));
  double largest = 0;
  for (const double value : y) largest = std::max(largest, std::abs(value));
  test.expect(tensor_of(kF32, {item.rows(), item.n}, y)).tolerance(close(1e-6, largest * 1e-6));
  // As for MatMulNBits, with scales of 1 at most.
  test.tolerance_of("simd int8", close(0, 8.0 / 254 * static_cast<double>(item.k) * values)).run();
}

TEST(GatheredMatMulNBits, MultipliesEachRowWithItsMatrix) {
  for (const Case& item : cases()) {
    for (const std::int64_t bits : {2, 4, 8}) {
      for (const bool zeros : {false, true}) {
        check(item, {bits, 0, zeros});
        if (item.k % 16 == 0) check(item, {bits, 16, zeros, true, 4});
      }
    }
  }
  check(many(9, 2, 5, 64, 1, true), {4, 16, true, false});
  check({2, {0, 1, 1}, 0, 64}, {4, 0});
  check({0, {}, 5, 64}, {4, 16});
  // Blocks of more than the kernels have are taken apart; what cannot be is multiplied as float32.
  check({2, {1, 0, 1, 1}, 33, 1024, 1, true}, {4, 512, true, true, 4});
  check({2, {1, 0, 1}, 33, 1040}, {4, 520, true});
  check({2, {1, 0, 1}, 3, 24}, {4, 12, true});
  for (const std::int64_t bits : {2, 4, 8}) check({2, {1, 0, 1}, 5, 112, 1, true}, {bits, 16, true, true, 4, true});
  // The last block may be shorter.
  check({2, {1, 0, 1}, 5, 96, 1, true}, {4, 64, true, true, 4});
  check({2, {1, 0, 1}, 5, 100, 1, true}, {8, 48, true});
  check({2, {1, 0, 1}, 5, 40}, {4, std::int64_t{1} << 62, true});
}

TEST(GatheredMatMulNBits, RefusesWhatDoesNotFit) {
  const auto refused = [](std::int64_t k, const Shape& codes, const Shape& scales, const char* words) {
    OpTest("GatheredMatMulNBits", 1, kOwnDomain)
        .random_input(kF32, {3, k}, 0, 1)
        .input<std::int64_t>({3}, {1, 0, 1})
        .random_input(kU8, codes, 0, 255)
        .random_input(kF32, scales, 0, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused(33, {2, 4, 16}, {2, 4, 1}, "K is 33, expected whole bytes of codes");
  refused(32, {2, 4, 16}, {2, 4, 3}, "input 3 is [2,4,3], expected [2,4,1]");
  refused(32, {2, 4, 17}, {2, 4, 1}, "input 2 is [2,4,17], expected [2,4,16]");
  refused(32, {2, 3, 16}, {2, 4, 1}, "input 2 is [2,3,16], expected [2,4,16]");
  refused(32, {2, 4, 16}, {2, 4}, "input scales is [2,4], expected rank 3");
  OpTest("GatheredMatMulNBits", 1, kOwnDomain)
      .random_input(kF32, {3, 0}, 0, 1)
      .input<std::int64_t>({3}, {1, 0, 1})
      .random_input(kU8, {2, 4, 0}, 0, 255)
      .random_input(kF32, {2, 4, 1}, 0, 1)
      .expect_error(ErrorCode::kUnsupported, "K is 0")
      .run();
}

}  // namespace
}  // namespace linnet::internal
