#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/kernels/targets.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/product/product_expectation.hpp"

namespace linnet::internal {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Sizes {
  std::int64_t m, n, k;
};

/// Gemm of small whole numbers; every implementation must give the exact result (a zero may have either sign).
OpTest exact_gemm(DataType type, const Sizes& sizes, bool transpose_a, bool transpose_b, const Shape* c_shape,
                  float alpha, float beta, int opset = 13) {
  const ConstantPtr a = small_integers(type, transpose_a ? Shape{sizes.k, sizes.m} : Shape{sizes.m, sizes.k}, 1);
  const ConstantPtr b = small_integers(type, transpose_b ? Shape{sizes.n, sizes.k} : Shape{sizes.k, sizes.n}, 2);
  const ConstantPtr c = c_shape != nullptr ? small_integers(type, *c_shape, 3) : nullptr;
  OpTest test("Gemm", opset);
  test.attribute("alpha", alpha).attribute("beta", beta);
  test.attribute("transA", std::int64_t{transpose_a}).attribute("transB", std::int64_t{transpose_b});
  test.input(a).input(b);
  if (c != nullptr) test.input(c);
  const std::vector<double> y = product_in_double(*a, transpose_a, *b, transpose_b, alpha, c.get(), beta);
  test.expect(tensor_of_doubles(type, {sizes.m, sizes.n}, y)).tolerance(ulp(0));
  return test;
}

constexpr DataType kFloats[] = {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16};

TEST(Gemm, MultipliesEveryShape) {
  const Sizes table[] = {{1, 1, 1},   {1, 5, 3},  {4, 64, 100}, {13, 65, 17},  {1, 130, 40}, {25, 16, 1},
                         {2, 3, 500}, {64, 1, 9}, {97, 47, 31}, {12, 192, 64}, {6, 300, 8}};
  for (const Sizes& sizes : table) {
    const Shape row = {sizes.n};
    for (const DataType type : kFloats) {
      for (const bool transpose_b : {false, true}) {
        exact_gemm(type, sizes, false, transpose_b, &row, 1.0F, 1.0F).named("row").run();
        exact_gemm(type, sizes, true, transpose_b, nullptr, 1.0F, 1.0F).named("A transposed, no C").run();
      }
    }
  }
}

TEST(Gemm, BroadcastsAndScalesC) {
  for (const Sizes& sizes : {Sizes{5, 70, 9}, Sizes{1, 3, 2}, Sizes{17, 1, 4}}) {
    const Shape shapes[] = {{}, {1}, {1, 1}, {sizes.n}, {1, sizes.n}, {sizes.m, 1}, {sizes.m, sizes.n}};
    for (const Shape& c : shapes) {
      for (const DataType type : kFloats) {
        for (const float beta : {1.0F, -2.0F, 0.0F})
          exact_gemm(type, sizes, false, true, &c, 1.0F, beta).named(text("beta ", beta)).run();
        exact_gemm(type, sizes, true, false, &c, 0.5F, 0.25F).named("alpha 0.5, beta 0.25").run();
      }
    }
  }
}

TEST(Gemm, SlicesLargeProductsBetweenThreads) {
  const Shape row = {700};
  exact_gemm(DataType::kFloat32, {300, 700, 400}, true, true, &row, 1.0F, 2.0F).run();
  exact_gemm(DataType::kFloat32, {300, 70, 2100}, true, true, nullptr, 1.0F, 1.0F).run();
  exact_gemm(DataType::kFloat32, {1, 2000, 1500}, false, false, nullptr, -1.0F, 1.0F).run();
  for (const DataType type : {DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    exact_gemm(type, {300, 70, 2100}, true, true, nullptr, 1.0F, 1.0F).run();
    exact_gemm(type, {1, 2000, 1500}, false, false, nullptr, -1.0F, 1.0F).run();
  }
}

TEST(Gemm, TakesEveryType) {
  const std::vector<std::pair<DataType, std::vector<std::string>>> types = {
      {DataType::kFloat64, {"simd double", "reference"}},
      {DataType::kFloat16, {"simd half", "reference"}},
      {DataType::kBfloat16, {"simd half", "reference"}},
      {DataType::kInt32, {"reference"}},
      {DataType::kInt64, {"reference"}},
      {DataType::kUint32, {"reference"}},
      {DataType::kUint64, {"reference"}},
  };
  const Shape column = {3, 1};
  for (const auto& [type, implementations] : types) {
    exact_gemm(type, {3, 4, 5}, false, true, &column, 2.0F, 3.0F).expect_implementations(implementations).run();
    exact_gemm(type, {3, 4, 5}, true, false, nullptr, 1.0F, 1.0F).expect_implementations(implementations).run();
  }
}

TEST(Gemm, IsTheSameAtEveryOpset) {
  const Shape row = {4};
  for (const int opset : {7, 9, 11, 13, 25})
    exact_gemm(DataType::kFloat32, {3, 4, 5}, false, true, &row, 1.0F, 1.0F, opset).run();
  for (const int opset : {11, 13, 25})
    exact_gemm(DataType::kFloat32, {3, 4, 5}, false, false, nullptr, 1.0F, 1.0F, opset).run();
}

#if LINNET_WITH_ONEDNN
TEST(Gemm, LeavesToOnednnWhatItIsGoodAt) {
  const Shape row = {4};
  const Shape column = {3, 1};
  const auto gemm = [](const Sizes& sizes, const Shape* c) {
    return exact_gemm(DataType::kFloat32, sizes, false, false, c, 1.0F, 1.0F);
  };
  gemm({3, 4, 5}, &row).expect_implementations({"simd", "onednn", "reference"}).run();
  gemm({3, 4, 5}, &column).expect_implementations({"simd", "reference"}).run();
  gemm({3, 4, 0}, &row).expect_implementations({"simd", "reference"}).run();
  gemm({0, 4, 5}, &row).expect_implementations({"simd", "reference"}).run();
}
#endif

TEST(Gemm, LeavesOutCByAnEmptyName) {
  OpTest("Gemm", 11)
      .input<float>({1, 2}, {1, 2})
      .input<float>({2, 1}, {3, 4})
      .no_input()
      .expect<float>({1, 1}, {11})
      .run();
}

TEST(Gemm, WrapsIntegersAround) {
  OpTest("Gemm", 11)
      .input<std::int32_t>({1, 2}, {2147483647, 3})
      .input<std::int32_t>({2, 1}, {2, 1})
      .input<std::int32_t>({1}, {5})
      .expect<std::int32_t>({1, 1}, {6})
      .run();
  OpTest("Gemm", 11)
      .attribute("alpha", -1.0F)
      .input<std::uint32_t>({1, 1}, {1})
      .input<std::uint32_t>({1, 1}, {1})
      .expect<std::uint32_t>({1, 1}, {4294967295U})
      .run();
  OpTest("Gemm", 11)
      .input<std::int64_t>({1, 1}, {std::numeric_limits<std::int64_t>::min()})
      .input<std::int64_t>({1, 1}, {-1})
      .expect<std::int64_t>({1, 1}, {std::numeric_limits<std::int64_t>::min()})
      .run();
}

TEST(Gemm, CutsIntegersWithFractionalFactors) {
  OpTest("Gemm", 11)
      .attribute("alpha", 0.5F)
      .attribute("beta", 0.25F)
      .input<std::int32_t>({2, 1}, {7, -7})
      .input<std::int32_t>({1, 1}, {1})
      .input<std::int32_t>({}, {1})
      .expect<std::int32_t>({2, 1}, {3, -3})
      .run();
  OpTest("Gemm", 11)
      .attribute("alpha", 4194304.5F)
      .attribute("beta", 0.5F)
      .input<std::int32_t>({1, 2}, {1000, -1000})
      .input<std::int32_t>({2, 2}, {1, 0, 0, 1})
      .input<std::int32_t>({}, {1})
      .expect<std::int32_t>({1, 2},
                            {std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()})
      .run();
  OpTest("Gemm", 11)
      .attribute("alpha", 0.5F)
      .input<std::uint32_t>({1, 1}, {5})
      .input<std::uint32_t>({1, 1}, {1})
      .input<std::uint32_t>({}, {7})
      .expect<std::uint32_t>({1, 1}, {9})
      .run();
}

TEST(Gemm, DoesNotReadCWhenBetaIsZero) {
  OpTest("Gemm", 13)
      .attribute("beta", 0.0F)
      .input<float>({1, 2}, {1, 2})
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<float>({2}, {kNan, kInf})
      .expect<float>({1, 2}, {7, 10})
      .run();
}

TEST(Gemm, GivesBetaTimesCForAnEmptySum) {
  OpTest("Gemm", 13)
      .attribute("beta", 2.0F)
      .input<float>({2, 0}, {})
      .input<float>({0, 3}, {})
      .input<float>({3}, {1, 2, 3})
      .expect<float>({2, 3}, {2, 4, 6, 2, 4, 6})
      .run();
  OpTest("Gemm", 13)
      .attribute("transA", std::int64_t{1})
      .input<float>({0, 2}, {})
      .input<float>({0, 3}, {})
      .expect<float>({2, 3}, {0, 0, 0, 0, 0, 0})
      .run();
  OpTest("Gemm", 13)
      .input<std::int32_t>({1, 0}, {})
      .input<std::int32_t>({0, 1}, {})
      .expect<std::int32_t>({1, 1}, {0})
      .run();
}

TEST(Gemm, GivesNothingForNoRowsOrColumns) {
  OpTest("Gemm", 13)
      .input<float>({0, 2}, {})
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<float>({2}, {1, 2})
      .expect<float>({0, 2}, {})
      .run();
  OpTest("Gemm", 13)
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<float>({2, 0}, {})
      .input<float>({2, 1}, {1, 2})
      .expect<float>({2, 0}, {})
      .run();
}

TEST(Gemm, PassesOnNanAndInfinities) {
  // 0 * inf is NaN, whatever stands beside it.
  OpTest("Gemm", 13)
      .input<float>({3, 2}, {0, 1, 1, 1, kNan, 0})
      .input<float>({2, 2}, {kInf, 1, 2, -kInf})
      .expect<float>({3, 2}, {kNan, -kInf, kInf, -kInf, kNan, kNan})
      .run();
  OpTest("Gemm", 13)
      .input<float>({1, 1}, {1})
      .input<float>({1, 2}, {kInf, 1})
      .input<float>({2}, {-kInf, kNan})
      .expect<float>({1, 2}, {kNan, kNan})
      .run();
}

TEST(Gemm, NamesWhatIsWrong) {
  struct Case {
    const char* words;
    NamedDims a, b, c;
    bool transpose_b = false;
  };
  const Case cases[] = {
      {"input A is [4,100] but B transposed is [64,128]: inner dimensions differ", {4, 100}, {128, 64}, {1}, true},
      {"input A is [4,100] but B is [64,128]: inner dimensions differ", {4, 100}, {64, 128}, {1}},
      {"input A is [1,4,100] with rank 3, expected rank 2", {1, 4, 100}, {100, 128}, {1}},
      {"input B is [100] with rank 1, expected rank 2", {4, 100}, {100}, {1}},
      {"input C is [5] but A times B is [4,128]: C must broadcast to it", {4, 100}, {100, 128}, {5}},
      {"input C is [128,1] but A times B is [4,128]: C must broadcast to it", {4, 100}, {100, 128}, {128, 1}},
      {"input C is [1,1,128] but A times B is [4,128]: C must broadcast to it", {4, 100}, {100, 128}, {1, 1, 128}},
  };
  for (const Case& c : cases) {
    OpTest("Gemm", 13)
        .attribute("transB", std::int64_t{c.transpose_b})
        .symbolic_input(DataType::kFloat32, c.a)
        .symbolic_input(DataType::kFloat32, c.b)
        .symbolic_input(DataType::kFloat32, c.c)
        .expect_error(ErrorCode::kInvalidModel, c.words)
        .infer_only();
  }
  OpTest("Gemm", 13)
      .attribute("transA", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {4, 100})
      .symbolic_input(DataType::kFloat32, {100, 3})
      .expect_error(ErrorCode::kInvalidModel, "input A transposed is [100,4] but B is [100,3]")
      .infer_only();
  OpTest("Gemm", 13)
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat64, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input B is float64, but A is float32")
      .infer_only();
  OpTest("Gemm", 13)
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kInt32, {1})
      .expect_error(ErrorCode::kInvalidModel, "input C is int32, but A is float32")
      .infer_only();
  OpTest("Gemm", 13)
      .symbolic_input(DataType::kInt8, {1, 1})
      .symbolic_input(DataType::kInt8, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input A is int8, expected one of")
      .infer_only();
  OpTest("Gemm", 13)
      .symbolic_input(DataType::kString, {1, 1})
      .symbolic_input(DataType::kString, {1, 1})
      .expect_error(ErrorCode::kUnsupported, "input A is string")
      .infer_only();
  OpTest("Gemm", 9)
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat32, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input C is missing; it may be left out from opset 11")
      .infer_only();
  OpTest("Gemm", 13)
      .attribute("alpha", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat32, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"alpha\" is an int, expected a float")
      .infer_only();
}

TEST(Gemm, KeepsSymbols) {
  OpTest("Gemm", 13)
      .attribute("transB", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {"batch", 100})
      .symbolic_input(DataType::kFloat32, {64, 100})
      .symbolic_input(DataType::kFloat32, {64})
      .expect_dims(DataType::kFloat32, {"batch", 64})
      .infer_only();
  OpTest("Gemm", 13)
      .attribute("transA", std::int64_t{1})
      .symbolic_input(DataType::kFloat32, {"?", "batch"})
      .symbolic_input(DataType::kFloat32, {7, "?"})
      .symbolic_input(DataType::kFloat32, {1, 5})
      .expect_dims(DataType::kFloat32, {"batch", 5})
      .infer_only();
}

/// |computed - exact| <= gamma * |A||B| for every element, with two roundings more than terms for alpha and C.
TEST(Gemm, StaysWithinTheErrorBound) {
  const Backend backends[] = {Backend::kSimd, Backend::kOnednn, Backend::kReference};
  for (const Sizes& sizes : {Sizes{5, 67, 300}, Sizes{33, 10, 4096}, Sizes{1, 1, 1}, Sizes{40, 130, 64}}) {
    const ConstantPtr a = random_tensor(DataType::kFloat32, {sizes.m, sizes.k}, -1, 1, 1);
    const ConstantPtr b = random_tensor(DataType::kFloat32, {sizes.n, sizes.k}, -1, 1, 2);
    const ConstantPtr c = random_tensor(DataType::kFloat32, {sizes.n}, -1, 1, 3);
    const float alpha = 0.7F;
    const float beta = -1.3F;
    const std::vector<double> exact_y = product_in_double(*a, false, *b, true, alpha, c.get(), beta);
    const std::vector<double> magnitude = product_in_double(*a, false, *b, true, alpha, c.get(), beta, true);
    const double terms = (static_cast<double>(sizes.k) + 2) * 0x1p-24;
    const double gamma = terms / (1 - terms);
    for (const Backend backend : backends) {
      const std::vector<const char*> isas =
          backend == Backend::kSimd ? kernels::supported_targets() : std::vector<const char*>{"auto"};
      for (const char* isa : isas) {
        ASSERT_TRUE(kernels::set_isa(isa));
        MiniGraph graph;
        const ValueId y = graph.node("Gemm", 13, {{"alpha", alpha}, {"beta", beta}, {"transB", std::int64_t{1}}},
                                     {graph.constant(a), graph.constant(b), graph.constant(c)});
        const ConstantPtr result = graph.evaluate(y, backend);
        double worst = 0;
        for (std::size_t i = 0; i < exact_y.size(); ++i) {
          worst = std::max(worst, std::abs(static_cast<double>(result->as<float>()[i]) - exact_y[i]) / magnitude[i]);
        }
        EXPECT_LE(worst, gamma) << isa << ", " << sizes.m << " x " << sizes.n << " x " << sizes.k;
      }
    }
  }
  kernels::set_isa("auto");
}

class GemmRows : public testing::TestWithParam<DataType> {};

TEST_P(GemmRows, HaveTheSameBitsInEveryBatch) {
  const DataType type = GetParam();
  const std::int64_t batch = 37;
  const std::int64_t n = 75;
  const std::int64_t k = 130;
  const ConstantPtr a = random_tensor(type, {batch, k}, -1, 1, 1);
  const ConstantPtr b = random_tensor(type, {k, n}, -1, 1, 2);
  const ConstantPtr c = random_tensor(type, {n}, -1, 1, 3);
  const auto row_of = [&](const ConstantPtr& tensor, std::int64_t row, std::int64_t columns) {
    return tensor->data + static_cast<std::size_t>(row * columns) * size_of(type);
  };
  const auto rows = [&](std::int64_t first, std::int64_t count) {
    MiniGraph graph;
    const ConstantPtr part = copy_constant(type, {count, k}, row_of(a, first, k));
    return graph.evaluate(graph.node("Gemm", 13, {}, {graph.constant(part), graph.constant(b), graph.constant(c)}),
                          Backend::kSimd);
  };
  for (const char* isa : kernels::supported_targets()) {
    ASSERT_TRUE(kernels::set_isa(isa));
    const ConstantPtr all = rows(0, batch);
    for (const std::int64_t count : {1, 2, 3, 5, 12, 13}) {
      for (std::int64_t first = 0; first + count <= batch; first += count) {
        const auto elements = static_cast<std::size_t>(count * n);
        EXPECT_EQ(difference(type, elements, rows(first, count)->data, row_of(all, first, n), exact()), "")
            << isa << ", rows " << first << " and " << count << " on";
      }
    }
  }
  kernels::set_isa("auto");
}

INSTANTIATE_TEST_SUITE_P(Types, GemmRows, testing::ValuesIn(kFloats),
                         [](const testing::TestParamInfo<DataType>& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace linnet::internal
