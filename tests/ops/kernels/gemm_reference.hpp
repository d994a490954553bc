// A matrix product to test against: its operands, the sums of gemm.hpp in plain C++, and the product in double.
#ifndef LINNET_TESTS_OPS_KERNELS_GEMM_REFERENCE_HPP_
#define LINNET_TESTS_OPS_KERNELS_GEMM_REFERENCE_HPP_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/targets.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels::test {

// Whether a kernel's chain rounds the product and the sum at once.
inline bool chains_are_fused() {
  const std::string_view isa = best_target_name();
  return isa == "avx512" || isa == "avx2" || isa == "neon";
}

inline float multiply_add(float a, float b, float c, bool fused) {
  if (fused) return std::fma(a, b, c);
  const float product = a * b;
  return product + c;
}

struct TestProduct {
  std::size_t m;
  std::size_t n;
  std::size_t k;
  std::size_t a_row_stride;
  std::size_t c_row_stride;
  std::vector<float> a;  // the last row ends with the vector
  std::vector<float> b;  // [k, n]
  std::vector<float> packed_b;
  std::vector<float> bias;  // n values or empty
  std::vector<float> addend;
  std::size_t addend_row_stride = 0;
  std::size_t addend_column_stride = 0;
  float addend_scale = 1.0f;
  Activation activation = {};

  TestProduct(std::size_t rows, std::size_t columns, std::size_t depth, unsigned seed = 1)
      : m(rows), n(columns), k(depth), a_row_stride(depth + 3), c_row_stride(columns + 5) {
    a = random_floats(m == 0 ? 0 : (m - 1) * a_row_stride + k, 0.0f, 1.0f, seed);
    b = random_floats(k * n, 0.0f, 1.0f, seed + 1);
    bias = random_floats(n, 0.0f, 2.0f, seed + 2);
    pack();
  }

  void pack() {
    packed_b.assign(packed_b_bytes(k, n) / sizeof(float), kNan);
    pack_b(b.data(), n, 1, k, n, 1.0f, packed_b.data());
  }

  GemmEpilogue epilogue() const {
    GemmEpilogue result;
    result.bias = bias.empty() ? nullptr : bias.data();
    result.addend = addend.empty() ? nullptr : addend.data();
    result.addend_row_stride = addend_row_stride;
    result.addend_column_stride = addend_column_stride;
    result.addend_scale = addend_scale;
    result.activation = activation;
    return result;
  }

  std::size_t c_size() const { return m == 0 ? 0 : (m - 1) * c_row_stride + n; }

  // Multiplies one slice into C, which begins at `c`.
  void multiply(const GemmSlice& slice, float* c) const {
    gemm(slice.row_end - slice.row_begin, n, k, a.data() + slice.row_begin * a_row_stride, a_row_stride,
         packed_b.data(), epilogue().from_row(slice.row_begin), c + slice.row_begin * c_row_stride, c_row_stride,
         slice.panel_begin, slice.panel_end);
  }

  // C without the gaps between its rows. Fails the test if anything else was written.
  std::vector<float> multiplied(const std::vector<GemmSlice>& slices) const {
    Guarded c(c_size());
    const float canary = c_size() == 0 ? 0.0f : *c.data();
    for (const GemmSlice& slice : slices) multiply(slice, c.data());
    EXPECT_TRUE(c.intact()) << "written before or behind C";
    const std::vector<float> values = c.values();
    std::vector<float> result;
    for (std::size_t row = 0; row < m; ++row) {
      for (std::size_t column = 0; column < c_row_stride && row * c_row_stride + column < values.size(); ++column) {
        const float value = values[row * c_row_stride + column];
        if (column < n) {
          result.push_back(value);
        } else {
          EXPECT_EQ(value, canary) << "written behind row " << row;
        }
      }
    }
    return result;
  }

  std::vector<float> multiplied() const { return multiplied({{0, m, 0, panel_count(n)}}); }

  float start(std::size_t row, std::size_t column, bool fused) const {
    const float from_bias = bias.empty() ? 0.0f : bias[column];
    if (addend.empty()) return from_bias;
    return multiply_add(addend_scale, addend[row * addend_row_stride + column * addend_column_stride], from_bias,
                        fused);
  }

  bool starts_empty() const { return bias.empty() && addend.empty(); }

  // What every element has to be, bit for bit, before the activation.
  std::vector<float> chains(bool fused) const {
    std::vector<float> c(m * n);
    for (std::size_t row = 0; row < m; ++row) {
      for (std::size_t column = 0; column < n; ++column) {
        float total = start(row, column, fused);
        std::size_t i = 0;
        do {
          const std::size_t group_end = std::min(k, i + kGroupLength);
          float group = 0.0f;
          for (bool first = true; first || i < group_end; first = false) {
            const std::size_t chain_end = std::min(group_end, i + kChainLength);
            float chain = 0.0f;
            for (; i < chain_end; ++i) chain = multiply_add(a[row * a_row_stride + i], b[i * n + column], chain, fused);
            group = first ? chain : group + chain;
          }
          total = starts_empty() && i <= kGroupLength ? group : total + group;
        } while (i < k);
        c[row * n + column] = total;
      }
    }
    return c;
  }
};

// The first element where the bits differ, in words; empty if there is none. NaNs are equal.
inline std::string difference(const std::vector<float>& actual, const std::vector<float>& expected,
                              std::size_t columns) {
  if (actual.size() != expected.size()) return "the sizes differ";
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const ::testing::AssertionResult result = same(actual[i], expected[i]);
    if (!result) {
      return "row " + std::to_string(i / columns) + ", column " + std::to_string(i % columns) + ": " + result.message();
    }
  }
  return "";
}

}  // namespace linnet::kernels::test

#endif  // LINNET_TESTS_OPS_KERNELS_GEMM_REFERENCE_HPP_
