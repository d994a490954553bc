#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "ops/kernels/gemm.hpp"
#include "tests/ops/kernels/gemm_reference.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::chains_are_fused;
using test::difference;
using test::Guarded;
using test::on_every_isa;
using test::random_floats;
using test::TestProduct;

// C without the gaps between its rows, of columns computed in parts that end at `cuts`, from a B with `gap` more
// elements in a row than it has columns. Fails the test if anything else was written.
std::vector<float> in_place(const TestProduct& product, std::size_t gap, const std::vector<std::size_t>& cuts) {
  const std::size_t stride = product.n + gap;
  // Exactly as long as what may be read, so that a sanitizer sees every element beyond.
  std::vector<float> b(product.k == 0 ? 0 : (product.k - 1) * stride + product.n, test::kNan);
  for (std::size_t row = 0; row < product.k; ++row) {
    for (std::size_t column = 0; column < product.n; ++column)
      b[row * stride + column] = product.b[row * product.n + column];
  }
  Guarded c(product.c_size());
  const float canary = product.c_size() == 0 ? 0.0f : *c.data();
  std::size_t begin = 0;
  for (const std::size_t end : cuts) {
    gemm_in_place(product.m, product.k, product.a.data(), product.a_row_stride, b.data(), stride, product.epilogue(),
                  c.data(), product.c_row_stride, begin, end);
    begin = end;
  }
  EXPECT_TRUE(c.intact()) << "written before or behind C";
  const std::vector<float> values = c.values();
  std::vector<float> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % product.c_row_stride < product.n) {
      result.push_back(values[i]);
    } else {
      EXPECT_EQ(values[i], canary) << "written behind row " << i / product.c_row_stride;
    }
  }
  return result;
}

// On every instruction set: the bits of gemm(), and of the chains that gemm.hpp promises.
void expect_bits_of_gemm(const TestProduct& product) {
  SCOPED_TRACE(std::to_string(product.m) + " x " + std::to_string(product.k) + " x " + std::to_string(product.n));
  on_every_isa([&] {
    const std::vector<float> packed = product.multiplied();
    EXPECT_EQ(difference(in_place(product, 0, {product.n}), packed, product.n), "");
    EXPECT_EQ(difference(in_place(product, 3, {product.n / 3, product.n / 2, product.n}), packed, product.n), "");
    if (product.activation.kind != ActivationKind::kNone) return;
    EXPECT_EQ(difference(packed, product.chains(chains_are_fused()), product.n), "");
  });
}

TEST(GemmInPlace, HasTheBitsOfPackedProducts) {
  for (std::size_t m = 1; m <= kMostRowsInPlace; ++m) {
    for (const std::size_t n : {1u, 2u, 5u, 8u, 15u, 16u, 17u, 31u, 33u, 63u, 64u, 65u, 130u}) {
      for (const std::size_t k : {1u, 2u, 7u, 8u, 9u, 19u}) expect_bits_of_gemm(TestProduct(m, n, k));
    }
    for (const std::size_t n : {511u, 512u, 513u, 1031u}) expect_bits_of_gemm(TestProduct(m, n, 21));
  }
}

TEST(GemmInPlace, HasTheBitsOfPackedProductsAcrossChainsAndGroups) {
  for (std::size_t m = 1; m <= kMostRowsInPlace; ++m) {
    for (const std::size_t k : {127u, 128u, 129u, 255u, 256u, 257u, 511u, 512u, 513u, 640u, 1025u, 1700u}) {
      TestProduct product(m, 37, k);
      expect_bits_of_gemm(product);
      product.bias.clear();
      expect_bits_of_gemm(product);
    }
  }
}

TEST(GemmInPlace, StartsFromTheAddendInEveryForm) {
  struct Form {
    const char* name;
    std::size_t row_stride;
    std::size_t column_stride;
  };
  for (const Form& form : {Form{"matrix", 131, 1}, {"row", 0, 1}, {"column", 1, 0}, {"scalar", 0, 0}}) {
    SCOPED_TRACE(form.name);
    for (const std::size_t m : {1u, 4u, 6u}) {
      for (const std::size_t k : {9u, 600u}) {
        TestProduct product(m, 130, k);
        product.addend_row_stride = form.row_stride;
        product.addend_column_stride = form.column_stride;
        product.addend = random_floats((m - 1) * form.row_stride + 129 * form.column_stride + 1, 0.0f, 3.0f, 7);
        product.addend_scale = 0.3f;
        expect_bits_of_gemm(product);
        product.bias.clear();
        expect_bits_of_gemm(product);
      }
    }
  }
}

TEST(GemmInPlace, AppliesEveryActivation) {
  for (const ActivationKind kind :
       {ActivationKind::kRelu, ActivationKind::kSigmoid, ActivationKind::kTanh, ActivationKind::kLeakyRelu}) {
    for (const std::size_t m : {1u, 3u, 5u}) {
      TestProduct product(m, 75, 530);
      product.activation = {kind, 0.2f};
      expect_bits_of_gemm(product);
    }
  }
}

TEST(GemmInPlace, WithoutDepthGivesTheStartValue) {
  for (const std::size_t m : {1u, 6u}) {
    for (const std::size_t n : {1u, 37u, 600u}) {
      TestProduct product(m, n, 0);
      expect_bits_of_gemm(product);
      product.bias.clear();
      expect_bits_of_gemm(product);
    }
  }
}

TEST(GemmInPlace, EmptyProductsWriteNothing) {
  on_every_isa([] {
    EXPECT_TRUE(in_place(TestProduct(0, 5, 3), 0, {5}).empty());
    EXPECT_TRUE(in_place(TestProduct(4, 0, 3), 0, {0}).empty());
  });
}

}  // namespace
}  // namespace linnet::kernels
