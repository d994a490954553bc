#include "ops/kernels/gemm_double.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "tests/ops/kernels/gemm_reference.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

std::vector<double> random_doubles(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

struct Product {
  std::size_t m, n, k;
  bool transposed_b = false;
  std::vector<double> a = random_doubles(m * (k + 2), 1);  // rows lie k + 2 apart
  std::vector<double> b = random_doubles(k * n, 2);
  std::vector<double> addend = {};
  DoubleEpilogue epilogue = {};

  std::size_t b_row_stride() const { return transposed_b ? 1 : n; }
  std::size_t b_column_stride() const { return transposed_b ? k : 1; }

  // The sums that gemm_double.hpp promises, bit for bit.
  std::vector<double> expected(bool fused) const {
    std::vector<double> c(m * n);
    for (std::size_t i = 0; i < c.size(); ++i) {
      const std::size_t row = i / n;
      const std::size_t column = i % n;
      double sum = 0;
      for (std::size_t begin = 0; begin < k; begin += 512) {
        double block = 0;
        for (std::size_t j = begin; j < std::min(k, begin + 512); ++j) {
          const double x = a[row * (k + 2) + j];
          const double y = b[j * b_row_stride() + column * b_column_stride()];
          const double product = x * y;
          block = fused ? std::fma(x, y, block) : block + product;
        }
        sum = begin == 0 ? block : sum + block;
      }
      c[i] = epilogue.alpha * sum;
      if (addend.empty()) continue;
      const double scaled =
          epilogue.beta * addend[row * epilogue.addend_row_stride + column * epilogue.addend_column_stride];
      c[i] += scaled;
    }
    return c;
  }

  std::vector<double> multiplied(std::size_t row_begin, std::size_t row_end) {
    // B at an odd address.
    std::vector<unsigned char> bytes(b.size() * sizeof(double) + 1);
    if (!b.empty()) std::memcpy(bytes.data() + 1, b.data(), b.size() * sizeof(double));
    std::vector<double> packed(double_panel_count(n) * k * kDoublePanelColumns, test::kNan);
    for (std::size_t panel = 0; panel < double_panel_count(n); ++panel) {
      pack_b_double(bytes.data() + 1, b_row_stride(), b_column_stride(), k, n, panel, 0, k / 2, packed.data());
      pack_b_double(bytes.data() + 1, b_row_stride(), b_column_stride(), k, n, panel, k / 2, k, packed.data());
    }
    DoubleEpilogue part = epilogue;
    if (!addend.empty()) part.addend = addend.data() + row_begin * epilogue.addend_row_stride;
    std::vector<double> c((row_end - row_begin) * (n + 1), -7.0);  // a canary behind each row
    const std::size_t middle = double_panel_count(n) / 2;
    for (const auto& [begin, end] : {std::pair{middle, double_panel_count(n)}, {std::size_t{0}, middle}}) {
      gemm_double(row_end - row_begin, n, k, a.data() + row_begin * (k + 2), k + 2, packed.data(), part, c.data(),
                  n + 1, begin, end);
    }
    std::vector<double> result;
    for (std::size_t i = 0; i < c.size(); ++i) {
      if (i % (n + 1) < n) {
        result.push_back(c[i]);
      } else {
        EXPECT_EQ(c[i], -7.0) << "written behind a row";
      }
    }
    return result;
  }
};

void expect_promised(Product product) {
  SCOPED_TRACE(std::to_string(product.m) + " x " + std::to_string(product.k) + " x " + std::to_string(product.n));
  on_every_isa([&] {
    const std::vector<double> expected = product.expected(test::chains_are_fused());
    EXPECT_EQ(product.multiplied(0, product.m), expected);
    if (product.m < 2) return;
    // A row's bits do not depend on its neighbours.
    const std::vector<double> last = product.multiplied(product.m - 1, product.m);
    EXPECT_TRUE(std::equal(last.begin(), last.end(), expected.end() - static_cast<std::ptrdiff_t>(product.n)));
  });
}

TEST(GemmDouble, EveryElementIsTheSumOfItsBlocks) {
  for (const std::size_t n : {1u, 3u, 8u, 15u, 16u, 17u, 40u}) {
    for (const std::size_t m : {1u, 2u, 3u, 4u, 7u, 12u, 13u, 25u, 49u}) {
      for (const std::size_t k : {0u, 1u, 5u, 40u}) expect_promised({m, n, k, m % 2 == 0});
    }
  }
  for (const std::size_t k : {511u, 512u, 513u, 1030u}) expect_promised({5, 18, k});
}

TEST(GemmDouble, AddsTheAddendInEveryForm) {
  for (const auto& [row_stride, column_stride] : {std::pair<std::size_t, std::size_t>{21, 1}, {0, 1}, {1, 0}, {0, 0}}) {
    Product product{7, 20, 9};
    product.addend = random_doubles(7 * 21, 3);
    product.epilogue.alpha = 0.5;
    product.epilogue.beta = -3.0;
    product.epilogue.addend_row_stride = row_stride;
    product.epilogue.addend_column_stride = column_stride;
    expect_promised(product);
  }
}

}  // namespace
}  // namespace linnet::kernels
