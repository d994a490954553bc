// Gemm and MatMul of bfloat16 operands, by request (Precision::kBf16) and as they are stored, in tiles too: on small
// integers, which every order of sums gives exactly.
#include <gtest/gtest.h>

#include "ops/kernels/tiles.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

class Bfloat16Product : public testing::Test {
 protected:
  void SetUp() override { kernels::set_tiles(kernels::Tiles::kEmulated); }
  void TearDown() override { kernels::set_tiles(kernels::Tiles::kInstructions); }
};

Options bf16() {
  Options options;
  options.precision = Precision::kBf16;
  return options;
}

float integer(std::int64_t seed) { return static_cast<float>((seed * 37 + seed / 7) % 13 - 6); }

struct Product {
  std::int64_t rows = 1, columns = 1, depth = 1;
  float alpha = 1.0F, beta = 1.0F;
  bool transposed_b = false;
  Shape c = {};  ///< not there when empty

  std::vector<float> a() const { return values(rows * depth, 1); }
  std::vector<float> b() const { return values(depth * columns, 5); }
  std::vector<float> c_values() const {
    std::int64_t count = 1;
    for (const std::int64_t size : c) count *= size;
    return values(count, 9);
  }
  std::vector<float> y() const {
    const std::vector<float> of_a = a();
    const std::vector<float> of_b = b();
    const std::vector<float> of_c = c_values();
    std::vector<float> result;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        float sum = 0;
        for (std::int64_t k = 0; k < depth; ++k) {
          sum += of_a[static_cast<std::size_t>(i * depth + k)] *
                 of_b[static_cast<std::size_t>(transposed_b ? j * depth + k : k * columns + j)];
        }
        sum *= alpha;
        if (!c.empty()) {
          const std::int64_t row = c.size() == 2 && c[0] != 1 ? i * c[1] : 0;
          sum += beta * of_c[static_cast<std::size_t>(row + (c.back() != 1 ? j : 0))];
        }
        result.push_back(sum);
      }
    }
    return result;
  }

  void run() const {
    OpTest test("Gemm", 13);
    test.options(bf16()).attribute("alpha", alpha).attribute("beta", beta).attribute("transB", transposed_b ? 1 : 0);
    test.input<float>({rows, depth}, a())
        .constant_input<float>(transposed_b ? Shape{columns, depth} : Shape{depth, columns}, b());
    if (!c.empty()) test.input<float>(c, c_values());
    test.expect<float>({rows, columns}, y()).run();
  }

  /// The elements are stored as bfloat16; B is a constant or an input.
  void run_stored(bool constant_b) const {
    SCOPED_TRACE(testing::Message() << rows << " x " << depth << " x " << columns << (constant_b ? "" : ", B unknown"));
    const Shape b_shape = transposed_b ? Shape{columns, depth} : Shape{depth, columns};
    OpTest test("Gemm", 13);
    test.attribute("alpha", alpha).attribute("beta", beta).attribute("transB", transposed_b ? 1 : 0);
    test.input<Bfloat16>({rows, depth}, a());
    constant_b ? test.constant_input<Bfloat16>(b_shape, b()) : test.input<Bfloat16>(b_shape, b());
    if (!c.empty()) test.input<Bfloat16>(c, c_values());
    test.expect<Bfloat16>({rows, columns}, y()).expect_implementations({"simd half", "reference"}).run();
  }

 private:
  static std::vector<float> values(std::int64_t count, std::int64_t seed) {
    std::vector<float> result;
    for (std::int64_t i = 0; i < count; ++i) result.push_back(integer(i + seed));
    return result;
  }
};

TEST_F(Bfloat16Product, OfEveryShape) {
  for (const std::int64_t rows : {1, 16, 17, 50}) {
    for (const std::int64_t columns : {1, 64, 70}) {
      for (const std::int64_t depth : {1, 33, 100}) {
        for (const bool transposed : {false, true}) {
          SCOPED_TRACE(testing::Message() << rows << " x " << depth << " x " << columns);
          Product{rows, columns, depth, 1.0F, 1.0F, transposed}.run();
        }
      }
    }
  }
}

TEST_F(Bfloat16Product, AcrossBlocksOfK) {
  Product{40, 130, 1100}.run();
  Product{270, 70, 600}.run();
}

TEST_F(Bfloat16Product, WithC) {
  for (const Shape& c : {Shape{20}, {1}, {1, 20}, {18, 1}, {18, 20}}) {
    Product{18, 20, 40, 1.0F, 1.0F, false, c}.run();
    Product{18, 20, 40, 0.5F, 2.0F, true, c}.run();
  }
}

TEST_F(Bfloat16Product, OfManyMatricesAndOneB) {
  const Product flat = {6, 5, 40};
  OpTest("MatMul", 13)
      .options(bf16())
      .input<float>({2, 3, 40}, flat.a())
      .constant_input<float>({40, 5}, flat.b())
      .expect<float>({2, 3, 5}, flat.y())
      .run();
}

TEST_F(Bfloat16Product, OfStoredElements) {
  for (const bool constant_b : {true, false}) {
    for (const std::int64_t rows : {1, 17, 50}) {
      Product{rows, 70, 33, 1.0F, 1.0F, true}.run_stored(constant_b);
      Product{rows, 9, 100}.run_stored(constant_b);
    }
    Product{18, 20, 40, 1.0F, 2.0F, false, {18, 20}}.run_stored(constant_b);
    Product{18, 20, 40, 0.5F, 1.0F, true, {1, 20}}.run_stored(constant_b);
  }
  Product{40, 70, 300}.run_stored(true);
}

// In tiles a denormal is zero; in float32 its product is not.
TEST_F(Bfloat16Product, OfStoredElementsIsInTiles) {
  const std::vector<float> ones(32, 0x1p100F);
  std::vector<float> denormals(32, 0x1p-130F);
  OpTest("MatMul", 13)
      .input<Bfloat16>({1, 32}, denormals)
      .constant_input<Bfloat16>({32, 1}, ones)
      .expect<Bfloat16>({1, 1}, {0})
      .tolerance_of("reference", close(0, 0x1p-25))
      .run();
}

TEST_F(Bfloat16Product, OfOneStoredMatrixAndMany) {
  const Product one = {3, 5, 40};
  const std::vector<float> y = one.y();
  const std::vector<float> of_b = one.b();
  std::vector<float> b = of_b, twice = y;
  b.insert(b.end(), of_b.begin(), of_b.end());
  twice.insert(twice.end(), y.begin(), y.end());
  OpTest("MatMul", 13)
      .input<Bfloat16>({3, 40}, one.a())
      .input<Bfloat16>({2, 40, 5}, b)
      .expect<Bfloat16>({2, 3, 5}, twice)
      .run();
}

TEST_F(Bfloat16Product, OfManyStoredMatrices) {
  const Product one = {3, 5, 40};
  const std::vector<float> a = Product{6, 1, 40}.a();
  const std::vector<float> b = Product{1, 10, 40}.b();
  std::vector<float> y;
  for (std::int64_t batch = 0; batch < 2; ++batch) {
    for (std::int64_t i = 0; i < one.rows; ++i) {
      for (std::int64_t j = 0; j < one.columns; ++j) {
        float sum = 0;
        for (std::int64_t k = 0; k < one.depth; ++k) {
          sum += a[static_cast<std::size_t>((batch * one.rows + i) * one.depth + k)] *
                 b[static_cast<std::size_t>((batch * one.depth + k) * one.columns + j)];
        }
        y.push_back(sum);
      }
    }
  }
  for (const bool constant_b : {true, false}) {
    OpTest test("MatMul", 13);
    test.input<Bfloat16>({2, 3, 40}, a);
    constant_b ? test.constant_input<Bfloat16>({2, 40, 5}, b) : test.input<Bfloat16>({2, 40, 5}, b);
    test.expect<Bfloat16>({2, 3, 5}, y).expect_implementations({"simd half", "reference"}).run();
  }
}

}  // namespace
}  // namespace linnet::internal
