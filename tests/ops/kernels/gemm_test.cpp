#include "ops/kernels/gemm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "tests/ops/kernels/gemm_reference.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::chains_are_fused;
using test::difference;
using test::kInfinity;
using test::kNan;
using test::multiply_add;
using test::on_every_isa;
using test::random_floats;
using test::same;
using test::TestProduct;

std::string shape_of(const TestProduct& product) {
  return std::to_string(product.m) + " x " + std::to_string(product.k) + " x " + std::to_string(product.n);
}

// Runs the product on every instruction set and compares with the sums that gemm.hpp promises.
void expect_chains(const TestProduct& product) {
  SCOPED_TRACE(shape_of(product));
  const std::vector<float> fused = product.chains(true);
  const std::vector<float> rounded_twice = product.chains(false);
  on_every_isa(
      [&] { EXPECT_EQ(difference(product.multiplied(), chains_are_fused() ? fused : rounded_twice, product.n), ""); });
}

TEST(Gemm, EveryElementIsTheSumOfItsChainsInEveryTile) {
  for (const std::size_t n : {1u, 2u, 5u, 8u, 15u, 16u, 17u, 31u, 32u, 33u, 48u, 63u, 64u, 65u, 70u}) {
    for (std::size_t m = 1; m <= 33; m += (m < 14 ? 1 : 6)) {
      for (const std::size_t k : {1u, 2u, 7u, 19u}) expect_chains(TestProduct(m, n, k));
    }
  }
}

TEST(Gemm, EveryElementIsTheSumOfItsChainsOverManyPanels) {
  for (const std::size_t n : {113u, 127u, 128u, 129u, 130u, 192u, 200u, 255u}) {
    for (const std::size_t m : {1u, 2u, 3u, 6u, 7u, 13u}) expect_chains(TestProduct(m, n, 11));
  }
}

TEST(Gemm, EveryElementIsTheSumOfItsChainsAcrossBlocks) {
  for (const std::size_t k : {70u, 127u, 128u, 129u, 256u, 257u, 511u, 512u, 513u, 1025u, 1700u}) {
    for (const std::size_t m : {1u, 6u, 7u, 13u}) expect_chains(TestProduct(m, 21, k));
  }
  for (const std::size_t k : {768u, 769u, 1536u, 1537u}) {
    for (const std::size_t n : {5u, 24u, 40u}) expect_chains(TestProduct(9, n, k));
  }
  expect_chains(TestProduct(239, 17, 5));
  expect_chains(TestProduct(240, 64, 5));
  expect_chains(TestProduct(241, 70, 3));
  expect_chains(TestProduct(487, 5, 514));
}

TEST(Gemm, RowsOfBThatLieApartGiveTheSameBits) {
  for (const auto& [m, n, k] : {std::tuple{1, 16, 3}, {2, 144, 30}, {7, 64, 513}, {13, 80, 70}, {130, 208, 1100}}) {
    TestProduct product(static_cast<std::size_t>(m), static_cast<std::size_t>(n), static_cast<std::size_t>(k));
    product.activation = {ActivationKind::kTanh};
    SCOPED_TRACE(shape_of(product));
    const std::size_t stride = product.n + 24;
    std::vector<float> b((product.k - 1) * stride + product.n, kNan);  // its end is the last row's
    for (std::size_t i = 0; i < product.k; ++i) {
      for (std::size_t j = 0; j < product.n; ++j) b[i * stride + j] = product.b[i * product.n + j];
    }
    on_every_isa([&, p = &product] {
      std::vector<float> c(p->m * p->n, kNan);
      gemm_of_rows(p->m, p->n, p->k, p->a.data(), p->a_row_stride, b.data(), stride, p->epilogue(), c.data(), p->n);
      EXPECT_EQ(difference(c, p->multiplied(), p->n), "");
    });
  }
}

TEST(Gemm, WindowsWhereTheyLieGiveTheSameBits) {
  // Runs of a length, which begins with step `first` of one, so far apart and one place further for each row.
  struct Windows {
    std::size_t m, n, k, run, first, apart;
  };
  for (const Windows& w :
       {Windows{6, 16, 3, 2, 0, 9}, Windows{6, 48, 21, 21, 4, 30}, Windows{7, 64, 40, 1, 0, 3},
        Windows{13, 48, 700, 130, 257, 140}, Windows{29, 96, 1024, 48, 1, 5}, Windows{13, 20, 9, 3, 0, 5},
        Windows{9, 16, 33, 5, 2, 7}, Windows{9, 24, 33, 5, 2, 7}, Windows{11, 16, 200, 9, 3, 9},
        Windows{20, 130, 60, 7, 0, 11}, Windows{1081, 96, 18, 6, 0, 9}, Windows{1085, 24, 18, 6, 0, 9},
        Windows{1201, 40, 18, 6, 0, 9}, Windows{1205, 8, 18, 6, 3, 9}}) {
    TestProduct product(w.m, w.n, w.k);
    SCOPED_TRACE(shape_of(product));
    std::vector<std::ptrdiff_t> offsets;
    for (std::size_t i = 0; i <= (w.first + w.k) / w.run + 1; ++i) {
      offsets.push_back(static_cast<std::ptrdiff_t>(i * w.apart));
    }
    const std::vector<float> x = random_floats(w.apart * offsets.size() + w.run + w.m, 0.0F, 1.0F, 7);
    for (std::size_t row = 0; row < w.m; ++row) {
      for (std::size_t i = 0; i < w.k; ++i) {
        const std::size_t step = w.first + i;
        product.a[row * product.a_row_stride + i] = x[row + step / w.run * w.apart + step % w.run];
      }
    }
    on_every_isa([&, p = &product] {
      std::vector<float> c(p->m * p->n, kNan);
      gemm_of_windows(p->m, p->n, p->k, x.data(), 1, {offsets.data(), w.run, w.first}, p->packed_b.data(),
                      p->epilogue(), c.data(), p->n);
      EXPECT_EQ(difference(c, p->multiplied(), p->n), "");
    });
  }
}

// N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., (3.5): a sum of j roundings differs from the
// exact one by at most gamma_j times the sum of the magnitudes, gamma_j = j u / (1 - j u), u = 2^-24. A chain over k
// has k roundings when fused and k + 1 otherwise.
TEST(Gemm, StaysWithinTheErrorBoundOfTheExactProduct) {
  for (const auto& [m, n, k] : {std::tuple{3, 5, 1}, {4, 33, 100}, {7, 64, 1000}, {13, 130, 777}, {2, 10, 20000}}) {
    const TestProduct product(static_cast<std::size_t>(m), static_cast<std::size_t>(n), static_cast<std::size_t>(k));
    SCOPED_TRACE(shape_of(product));
    const double roundings = (k + 1) * std::ldexp(1.0, -24);
    const double gamma = roundings / (1 - roundings);
    on_every_isa([&, p = &product] {
      const std::vector<float> c = p->multiplied();
      for (std::size_t i = 0; i < c.size(); ++i) {
        double exact = p->bias[i % p->n];
        double magnitude = std::abs(exact);
        for (std::size_t j = 0; j < p->k; ++j) {
          const double term = static_cast<double>(p->a[i / p->n * p->a_row_stride + j]) * p->b[j * p->n + i % p->n];
          exact += term;
          magnitude += std::abs(term);
        }
        ASSERT_LE(std::abs(c[i] - exact), gamma * magnitude) << "element " << i;
      }
    });
  }
}

// Errors by |A||B|u, u = 2^-24. A single chain over positive operands has rms errors of 8, 16 and 34 here.
TEST(Gemm, RoundingErrorsDoNotGrowWithTheDepth) {
  struct Case {
    std::size_t k;
    bool positive;
    double rms;      // at most
    double largest;  // at most
  };
  for (const Case& c : {Case{128, true, 3.2, 10.0},
                        {1024, true, 1.6, 5.5},
                        {4096, true, 1.2, 4.0},
                        {16384, true, 1.9, 6.0},
                        {1024, false, 0.2, 1.0},
                        {16384, false, 0.1, 0.3}}) {
    SCOPED_TRACE(std::to_string(c.k) + (c.positive ? " positive" : " signed"));
    TestProduct product(7, 64, c.k);
    product.bias.clear();
    if (c.positive) {
      for (float& value : product.a) value = std::abs(value);
      for (float& value : product.b) value = std::abs(value);
      product.pack();
    }
    on_every_isa([&] {
      const std::vector<float> y = product.multiplied();
      double squares = 0;
      double largest = 0;
      for (std::size_t i = 0; i < y.size(); ++i) {
        double exact = 0;
        double magnitude = 0;
        for (std::size_t j = 0; j < c.k; ++j) {
          const double term = static_cast<double>(product.a[i / product.n * product.a_row_stride + j]) *
                              product.b[j * product.n + i % product.n];
          exact += term;
          magnitude += std::abs(term);
        }
        const double error = std::abs(y[i] - exact) / (magnitude * std::ldexp(1.0, -24));
        squares += error * error;
        largest = std::max(largest, error);
      }
      EXPECT_LE(std::sqrt(squares / static_cast<double>(y.size())), c.rms);
      EXPECT_LE(largest, c.largest);
    });
  }
}

TEST(Gemm, WithoutDepthGivesTheStartValue) {
  for (const std::size_t m : {1u, 5u, 14u}) {
    for (const std::size_t n : {1u, 16u, 37u, 130u}) {
      TestProduct product(m, n, 0);
      expect_chains(product);
      product.bias.clear();
      on_every_isa([&] { EXPECT_EQ(product.multiplied(), std::vector<float>(m * n, 0.0f)); });
      product.activation = {ActivationKind::kSigmoid};
      on_every_isa([&] { EXPECT_EQ(product.multiplied(), std::vector<float>(m * n, 0.5f)); });
    }
  }
}

TEST(Gemm, EmptyProductsWriteNothing) {
  on_every_isa([] {
    EXPECT_TRUE(TestProduct(0, 5, 3).multiplied().empty());
    EXPECT_TRUE(TestProduct(4, 0, 3).multiplied().empty());
    EXPECT_TRUE(TestProduct(0, 0, 0).multiplied().empty());
    const TestProduct product(3, 100, 2);
    test::Guarded c(product.c_size());
    const std::vector<float> before = c.values();
    product.multiply({0, 3, 1, 1}, c.data());
    EXPECT_EQ(c.values(), before);
  });
}

struct AddendForm {
  const char* name;
  std::size_t row_stride;
  std::size_t column_stride;
};

TEST(Gemm, AddsTheAddendInEveryForm) {
  const AddendForm forms[] = {
      {"matrix", 131, 1}, {"row", 0, 1}, {"column", 1, 0}, {"scalar", 0, 0}, {"transposed", 1, 250}};
  for (const AddendForm& form : forms) {
    SCOPED_TRACE(form.name);
    for (const std::size_t m : {1u, 5u, 19u, 243u}) {
      for (const std::size_t n : {1u, 30u, 128u}) {
        for (const float scale : {1.0f, 0.3f}) {
          TestProduct product(m, n, 9);
          product.addend_row_stride = form.row_stride;
          product.addend_column_stride = form.column_stride;
          product.addend = random_floats((m - 1) * form.row_stride + (n - 1) * form.column_stride + 1, 0.0f, 3.0f, 7);
          product.addend_scale = scale;
          expect_chains(product);
          product.bias.clear();
          expect_chains(product);
        }
      }
    }
  }
}

TEST(Gemm, TheAddendMayBeC) {
  for (const std::size_t m : {1u, 4u, 17u}) {
    for (const std::size_t k : {5u, 700u}) {
      TestProduct product(m, 75, k);
      product.addend = random_floats(product.c_size(), 0.0f, 1.0f, 3);
      product.addend_row_stride = product.c_row_stride;
      product.addend_column_stride = 1;
      on_every_isa([&] {
        const std::vector<float> expected = product.multiplied();
        std::vector<float> c = product.addend;
        GemmEpilogue epilogue = product.epilogue();
        epilogue.addend = c.data();
        gemm(m, product.n, k, product.a.data(), product.a_row_stride, product.packed_b.data(), epilogue, c.data(),
             product.c_row_stride, 0, panel_count(product.n));
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_TRUE(same(c[i / product.n * product.c_row_stride + i % product.n], expected[i])) << "element " << i;
        }
      });
    }
  }
}

TEST(Gemm, ActivatesEveryElementOnce) {
  const Activation activations[] = {{ActivationKind::kRelu},
                                    {ActivationKind::kLeakyRelu, 0.1f},
                                    {ActivationKind::kSigmoid},
                                    {ActivationKind::kTanh},
                                    {ActivationKind::kElu, 0.7f},
                                    {ActivationKind::kHardSigmoid, 0.2f, 0.5f},
                                    {ActivationKind::kClip, -1.f, 2.f},
                                    {ActivationKind::kGelu},
                                    {ActivationKind::kGeluTanh},
                                    {ActivationKind::kExp},
                                    {ActivationKind::kMish},
                                    {ActivationKind::kSelu, 1.7f, 1.05f}};
  for (const Activation& activation : activations) {
    SCOPED_TRACE(static_cast<int>(activation.kind));
    for (const std::size_t m : {1u, 3u, 8u, 25u}) {
      for (const std::size_t n : {1u, 5u, 16u, 47u, 64u, 133u}) {
        for (const std::size_t k : {3u, 1600u}) {
          TestProduct product(m, n, k);
          on_every_isa([&] {
            product.activation = {};
            std::vector<float> expected = product.multiplied();
            apply_activation(activation, expected.data(), expected.data(), expected.size());
            product.activation = activation;
            EXPECT_EQ(difference(product.multiplied(), expected, n), "") << shape_of(product);
          });
        }
      }
    }
  }
}

TEST(Gemm, ReluTurnsNegativeZeroIntoZeroAndKeepsNan) {
  TestProduct product(2, 20, 0);
  product.bias.assign(20, -0.0f);
  product.bias[3] = product.bias[19] = kNan;
  product.activation = {ActivationKind::kRelu};
  on_every_isa([&] {
    const std::vector<float> c = product.multiplied();
    for (std::size_t i = 0; i < c.size(); ++i) EXPECT_TRUE(same(c[i], i % 20 == 3 || i % 20 == 19 ? kNan : 0.0f)) << i;
  });
}

// Room for columns up to a whole unit may be filled; nothing behind it, and the columns themselves are as ever.
TEST(Gemm, FillsPaddingUpToAWholeUnit) {
  for (const Activation& activation : {Activation{}, {ActivationKind::kRelu}, {ActivationKind::kTanh}}) {
    for (const std::size_t m : {1u, 4u, 8u, 25u}) {
      for (const std::size_t n : {1u, 5u, 16u, 40u, 133u}) {
        for (const std::size_t k : {3u, 1100u}) {
          TestProduct product(m, n, k);
          product.activation = activation;
          const std::size_t filled = (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
          on_every_isa([&] {
            const std::vector<float> expected = product.multiplied();
            const std::size_t stride = filled + 3;
            test::Guarded c((m - 1) * stride + filled);
            const float canary = *c.data();
            GemmEpilogue epilogue = product.epilogue();
            epilogue.fills_padding = true;
            gemm(m, n, k, product.a.data(), product.a_row_stride, product.packed_b.data(), epilogue, c.data(), stride,
                 0, panel_count(n));
            EXPECT_TRUE(c.intact()) << shape_of(product);
            const std::vector<float> values = c.values();
            std::vector<float> columns;
            for (std::size_t i = 0; i < values.size(); ++i) {
              if (i % stride < n) {
                columns.push_back(values[i]);
              } else if (i % stride >= filled) {
                ASSERT_EQ(values[i], canary) << shape_of(product);
              }
            }
            EXPECT_EQ(difference(columns, expected, n), "") << shape_of(product);
          });
        }
      }
    }
  }
}

// A slice's bits are those of the whole, whether the slice begins at a tile, ends at one, or not.
TEST(Gemm, SlicesGiveTheBitsOfTheWhole) {
  for (const std::size_t k : {30u, 530u}) {
    TestProduct product(29, 300, k);
    product.activation = {ActivationKind::kTanh};
    product.addend = random_floats(29, 0.0f, 1.0f, 4);
    product.addend_row_stride = 1;
    on_every_isa([&] {
      const std::vector<float> whole = product.multiplied();
      for (const std::size_t rows : {1u, 5u, 6u, 12u, 28u}) {
        for (const std::size_t panels : {1u, 2u, 3u, 5u}) {
          const GemmSlices slices = {product.m, panel_count(product.n), rows, panels};
          std::vector<GemmSlice> all;
          for (std::size_t i = slices.count(); i-- > 0;) all.push_back(slices.slice(i));
          EXPECT_EQ(difference(product.multiplied(all), whole, product.n), "")
              << rows << " rows, " << panels << " panels";
        }
      }
    });
  }
}

TEST(Gemm, ARowOfABatchHasTheBitsOfThatRowAlone) {
  for (const std::size_t n : {1u, 10u, 32u, 70u, 200u}) {
    TestProduct product(250, n, 520);
    product.activation = {ActivationKind::kGelu};
    on_every_isa([&] {
      const std::vector<float> batch = product.multiplied();
      for (std::size_t row = 0; row < product.m; row += 7) {
        std::vector<float> alone(n);
        gemm(1, n, product.k, product.a.data() + row * product.a_row_stride, product.a_row_stride,
             product.packed_b.data(), product.epilogue(), alone.data(), n, 0, panel_count(n));
        for (std::size_t column = 0; column < n; ++column) {
          ASSERT_TRUE(same(alone[column], batch[row * n + column])) << "row " << row << ", column " << column;
        }
      }
    });
  }
}

// Infinities, NaN and zeros of both signs anywhere in A and B, which must not leak into other elements: padding,
// skipped zeros or a wrong start value would show.
TEST(Gemm, SpecialValuesGoWhereIeeeSendsThem) {
  const float specials[] = {kNan, kInfinity, -kInfinity, 0.0f, -0.0f, test::kLeastDenormal, test::kLargest};
  for (const float special : specials) {
    for (const std::size_t m : {1u, 4u, 9u}) {
      for (const std::size_t n : {3u, 64u, 83u}) {
        TestProduct product(m, n, 6);
        product.bias.assign(n, -0.0f);
        product.a[(m - 1) * product.a_row_stride + 2] = special;
        product.b[4 * n + n - 1] = special;
        product.b[2 * n] = 0.0f;
        product.pack();
        expect_chains(product);
      }
    }
  }
}

TEST(Gemm, AgreesWithAProductWrittenByHand) {
  // [1 2; 3 4; 5 6] * [1 0 -1; 2 1 0] + [10 20 30]
  TestProduct product(3, 3, 2);
  product.a_row_stride = 2;
  product.a = {1, 2, 3, 4, 5, 6};
  product.b = {1, 0, -1, 2, 1, 0};
  product.bias = {10, 20, 30};
  product.pack();
  on_every_isa([&] { EXPECT_EQ(product.multiplied(), (std::vector<float>{15, 22, 29, 21, 24, 27, 27, 26, 25})); });
}

}  // namespace
}  // namespace linnet::kernels
