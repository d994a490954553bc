// GroupRows, GroupedMatMul and GroupedMatMulNBits against their definitions in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kU8 = DataType::kUint8, kF32 = DataType::kFloat32, kI64 = DataType::kInt64;

TEST(GroupRows, BringsTheRowsOfAGroupTogetherInTheirOrder) {
  OpTest("GroupRows", 1, kOwnDomain)
      .input<std::int64_t>({3, 2}, {2, 0, 0, 3, 2, 0})
      .input<float>({5, 1}, {9, 9, 9, 9, 9})
      .expect<std::int64_t>({6}, {1, 2, 5, 0, 4, 3})
      .expect<std::int64_t>({3, 2}, {3, 0, 1, 5, 4, 2})
      .expect<std::int64_t>({5}, {3, 3, 5, 6, 6})
      .run();
  OpTest("GroupRows", 1, kOwnDomain)
      .input<std::int64_t>({0, 2}, {})
      .input<float>({2}, {9, 9})
      .expect<std::int64_t>({0}, {})
      .expect<std::int64_t>({0, 2}, {})
      .expect<std::int64_t>({2}, {0, 0})
      .run();
  OpTest("GroupRows", 1, kOwnDomain)
      .symbolic_input(kI64, {"rows", 4})
      .symbolic_input(kF32, {"experts", "?", 7})
      .expect_dims(kI64, {"?"})
      .expect_dims(kI64, {"rows", 4})
      .expect_dims(kI64, {"experts"})
      .infer_only();
}

TEST(GroupRows, RefusesWhatIsNoGroup) {
  for (const std::int64_t odd : {std::int64_t{-1}, std::int64_t{3}, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()}) {
    OpTest("GroupRows", 1, kOwnDomain)
        .input<std::int64_t>({3}, {0, odd, 2})
        .input<float>({3}, {0, 0, 0})
        .expect_error(ErrorCode::kRuntimeFault, text("element 1 is group ", odd, ", expected 0 to 2"))
        .run();
  }
  OpTest("GroupRows", 1, kOwnDomain)
      .input<std::int64_t>({3}, {0, 1, 2})
      .input<float>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input of is a scalar")
      .run();
}

std::vector<double> numbers(std::size_t count, std::uint32_t& state, std::uint32_t values, double step, double least) {
  std::vector<double> result;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    result.push_back((state >> 12) % values * step + least);
  }
  return result;
}

struct Case {
  std::vector<std::int64_t> ends;
  std::int64_t n, k;
  bool bias = false;

  std::int64_t rows() const { return ends.empty() ? 0 : ends.back(); }
  std::int64_t groups() const { return static_cast<std::int64_t>(ends.size()); }
};

/// weight(group, n, k); sums are far from cancelling.
template <typename Weight>
std::vector<double> product(const Case& item, const std::vector<double>& a, const std::vector<double>& bias,
                            const Weight& weight) {
  std::vector<double> y;
  for (std::int64_t row = 0; row < item.rows(); ++row) {
    const std::int64_t group = std::upper_bound(item.ends.begin(), item.ends.end(), row) - item.ends.begin();
    for (std::int64_t n = 0; n < item.n; ++n) {
      double sum = item.bias ? bias[static_cast<std::size_t>(group * item.n + n)] : 0;
      for (std::int64_t k = 0; k < item.k; ++k)
        sum += a[static_cast<std::size_t>(row * item.k + k)] * weight(group, n, k);
      y.push_back(sum);
    }
  }
  return y;
}

void add_ends(OpTest& test, const Case& item) {
  test.input(tensor_of(kI64, {item.groups()}, std::vector<double>(item.ends.begin(), item.ends.end())));
}

void check(const Case& item, DataType weights) {
  std::uint32_t state = 5;
  const auto count = [](std::int64_t a, std::int64_t b, std::int64_t c = 1) {
    return static_cast<std::size_t>(a * b * c);
  };
  const std::vector<double> a = numbers(count(item.rows(), item.k), state, 64, 0.125, 0.25);
  const std::vector<double> w = numbers(count(item.groups(), item.n, item.k), state, 64, 0.0625, 0.125);
  const std::vector<double> bias = numbers(count(item.groups(), item.n), state, 9, 1, 0);
  const std::vector<double> y = product(item, a, bias, [&](std::int64_t group, std::int64_t n, std::int64_t k) {
    return w[static_cast<std::size_t>((group * item.n + n) * item.k + k)];
  });
  OpTest test("GroupedMatMul", 1, kOwnDomain);
  test.named(text(item.groups(), " groups, ", item.rows(), " x ", item.k, " x ", item.n, " ", weights));
  test.input(tensor_of(kF32, {item.rows(), item.k}, a));
  add_ends(test, item);
  test.input(tensor_of(weights, {item.groups(), item.n, item.k}, w));
  if (item.bias) test.input(tensor_of(kF32, {item.groups(), item.n}, bias));
  test.expect(tensor_of(kF32, {item.rows(), item.n}, y)).tolerance(close(1e-6, 0)).run();
}

const Case kCases[] = {{{1}, 1, 16},         {{0, 3, 3, 4}, 70, 100, true}, {{2, 2}, 64, 32, true},
                       {{0, 0, 14}, 33, 64}, {{5, 60}, 130, 48, true},      {{0, 0}, 5, 16, true}};

TEST(GroupedMatMul, MultipliesTheRowsOfEachGroup) {
  for (const Case& item : kCases) {
    for (const DataType weights : {kF32, DataType::kFloat16, DataType::kBfloat16}) check(item, weights);
  }
  check({{1, 300, 700}, 70, 5, true}, kF32);
  check({{2, 3}, 6, 0, true}, kF32);
  check({{2, 3}, 0, 6}, kF32);
  check({{}, 3, 6}, kF32);
}

TEST(GroupedMatMul, ReadsNoMatrixWithoutRows) {
  OpTest test("GroupedMatMul", 1, kOwnDomain);
  test.input<float>({2, 1}, {2, 3}).input<std::int64_t>({3}, {1, 1, 2});
  test.input<float>({3, 1, 1}, {5, std::numeric_limits<float>::quiet_NaN(), 7});
  test.expect<float>({2, 1}, {10, 21}).run();
}

TEST(GroupedMatMul, RefusesWhatDoesNotFit) {
  const auto product = [](const Shape& a, std::vector<double> ends, const Shape& w) {
    OpTest test("GroupedMatMul", 1, kOwnDomain);
    test.random_input(kF32, a, 0, 1);
    test.input(tensor_of(kI64, {static_cast<std::int64_t>(ends.size())}, ends));
    test.random_input(kF32, w, 0, 1);
    return test;
  };
  const auto fault = [&](std::vector<double> ends, const char* words) {
    product({3, 2}, std::move(ends), {2, 4, 2}).expect_error(ErrorCode::kRuntimeFault, words).run();
  };
  fault({2, 4}, "ends[1] is 4, expected 3");
  fault({2, 2}, "ends[1] is 2, expected 3");
  fault({-1, 3}, "ends[0] is -1, expected at least 0");
  fault({4, 3}, "ends[1] is 3, expected 3");
  const auto invalid = [&](const Shape& a, std::vector<double> ends, const Shape& w, const char* words) {
    product(a, std::move(ends), w).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  invalid({3, 5}, {1, 3}, {2, 4, 2}, "inner dimensions differ");
  invalid({3, 2}, {3}, {2, 4, 2}, "input 1 is [1], expected [2]");
  invalid({3}, {1, 3}, {2, 4, 2}, "input A is [3], expected rank 2");
  invalid({3, 2}, {1, 3}, {4, 2}, "the weights are [4,2], expected rank 3");
  product({3, 2}, {1, 3}, {2, 4, 2})
      .random_input(kF32, {2, 3}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "input 3 is [2,3], expected [2,4]")
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
  std::int64_t bits, blocks;
  bool zeros = false;
  bool constant = true;
  std::int64_t accuracy_level = 0;
};

void check(const Case& item, const FewBits& form) {
  std::uint32_t state = 5;
  const auto values = static_cast<std::uint32_t>(1U << form.bits);
  const auto matrices = static_cast<std::size_t>(item.groups() * item.n);
  const std::vector<double> a = numbers(static_cast<std::size_t>(item.rows() * item.k), state, 64, 0.125, 0.25);
  const std::vector<double> codes = numbers(matrices * static_cast<std::size_t>(item.k), state, values, 1, 0);
  const std::vector<double> scales = numbers(matrices * static_cast<std::size_t>(form.blocks), state, 4, 0.25, 0.25);
  std::vector<double> zeros(scales.size(), values / 2);
  if (form.zeros) zeros = numbers(scales.size(), state, values / 4, 1, 0);
  const std::vector<double> bias = numbers(matrices, state, 9, 1, 0);
  const std::vector<double> y = product(item, a, bias, [&](std::int64_t group, std::int64_t n, std::int64_t k) {
    const std::int64_t row = group * item.n + n;
    const auto block = static_cast<std::size_t>(row * form.blocks + k / (item.k / form.blocks));
    return (codes[static_cast<std::size_t>(row * item.k + k)] - zeros[block]) * scales[block];
  });
  OpTest test("GroupedMatMulNBits", 1, kOwnDomain);
  test.named(text(item.groups(), " groups, ", item.rows(), " x ", item.k, " x ", item.n, ", ", form.bits, " bits in ",
                  form.blocks, " blocks"));
  test.attribute("bits", form.bits).attribute("accuracy_level", form.accuracy_level);
  test.input(tensor_of(kF32, {item.rows(), item.k}, a));
  add_ends(test, item);
  const auto weights = [&](ConstantPtr tensor) {
    if (form.constant) {
      test.constant_input(std::move(tensor));
    } else {
      test.input(std::move(tensor));
    }
  };
  weights(tensor_of(kU8, {item.groups(), item.n, item.k * form.bits / 8}, packed(codes, form.bits)));
  weights(tensor_of(kF32, {item.groups(), item.n, form.blocks}, scales));
  if (form.zeros) {
    weights(tensor_of(kF32, {item.groups(), item.n, form.blocks}, zeros));
  } else if (item.bias) {
    test.no_input();
  }
  if (item.bias) test.input(tensor_of(kF32, {item.groups(), item.n}, bias));
  double largest = 0;
  for (const double value : y) largest = std::max(largest, std::abs(value));
  test.expect(tensor_of(kF32, {item.rows(), item.n}, y)).tolerance(close(1e-6, largest * 1e-6));
  // As for MatMulNBits, with scales of 1 at most.
  test.tolerance_of("simd int8", close(0, 8.0 / 254 * static_cast<double>(item.k) * values)).run();
}

TEST(GroupedMatMulNBits, MultipliesTheRowsOfEachGroup) {
  for (const Case& item : kCases) {
    for (const std::int64_t bits : {2, 4, 8}) {
      for (const bool zeros : {false, true}) {
        check(item, {bits, 1, zeros});
        if (item.k % 32 == 0) check(item, {bits, 2, zeros, true, 4});
      }
    }
  }
  check({{1, 4}, 5, 64, true}, {4, 4, true, false});
  check({{1, 4}, 0, 64}, {4, 4});
  check({{}, 5, 64}, {4, 4});
  // Blocks of more than the kernels have are taken apart; what cannot be is multiplied as float32.
  check({{1, 4}, 33, 1024, true}, {4, 2, true, true, 4});
  check({{1, 3}, 33, 1040}, {4, 2, true});
  check({{1, 3}, 3, 24}, {4, 2, true});
}

TEST(GroupedMatMulNBits, RefusesWhatDoesNotFit) {
  const auto refused = [](std::int64_t k, const Shape& codes, const Shape& scales, const char* words) {
    OpTest("GroupedMatMulNBits", 1, kOwnDomain)
        .random_input(kF32, {3, k}, 0, 1)
        .input<std::int64_t>({2}, {1, 3})
        .random_input(kU8, codes, 0, 255)
        .random_input(kF32, scales, 0, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused(33, {2, 4, 16}, {2, 4, 1}, "K is 33, expected whole bytes of codes");
  refused(32, {2, 4, 16}, {2, 4, 3}, "K is 32, expected a multiple of the 3 blocks");
  refused(32, {2, 4, 17}, {2, 4, 1}, "input 2 is [2,4,17], expected [2,4,16]");
  refused(32, {2, 3, 16}, {2, 4, 1}, "input 2 is [2,3,16], expected [2,4,16]");
  refused(32, {2, 4, 16}, {2, 4}, "the weights are [2,4], expected rank 3");
  OpTest("GroupedMatMulNBits", 1, kOwnDomain)
      .random_input(kF32, {3, 32}, 0, 1)
      .input<std::int64_t>({2}, {1, 3})
      .random_input(kU8, {2, 4, 16}, 0, 255)
      .random_input(kF32, {2, 4, 0}, 0, 1)
      .expect_error(ErrorCode::kUnsupported, "in 0 blocks")
      .run();
}

}  // namespace
}  // namespace linnet::internal
