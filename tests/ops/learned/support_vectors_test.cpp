#include <algorithm>
#include <cmath>
#include <tuple>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/text/text_test.hpp"

namespace linnet::internal {
namespace {

using Floats = std::vector<float>;
using Integers = std::vector<std::int64_t>;

const Floats kVectors = {1, 0, 0, 1, 1, 1, -1, 2};  // [4, 2]
const Floats kParameters = {0.5F, 0.25F, 3};        // gamma, coef0, degree

/// In float64, whatever the kernel.
double kernel(const std::string& type, const float* x, const float* v) {
  const auto [x0, x1, v0, v1] = std::tuple<double, double, double, double>(x[0], x[1], v[0], v[1]);
  const double product = x0 * v0 + x1 * v1;
  const double distance = (x0 - v0) * (x0 - v0) + (x1 - v1) * (x1 - v1);
  return type == "LINEAR" ? product
         : type == "POLY" ? std::pow(0.5 * product + 0.25, 3)
         : type == "RBF"  ? std::exp(-0.5 * distance)
                          : std::tanh(0.5 * product + 0.25);
}

OpTest regressor(const char* type) {
  OpTest test("SVMRegressor", 1, "ai.onnx.ml");
  test.attribute("kernel_type", type).floats("kernel_params", kParameters).floats("support_vectors", kVectors);
  test.floats("coefficients", {1, -2, 0.5F, 3}).floats("rho", {0.125F});
  return test.attribute("n_supports", std::int64_t{4});
}

TEST(SVMRegressor, Kernels) {
  const Floats x = {0.5F, -1, 2, 0.25F, 0, 0};
  const Floats coefficients = {1, -2, 0.5F, 3};
  for (const char* type : {"LINEAR", "POLY", "RBF", "SIGMOID"}) {
    Floats y, signs;
    for (std::size_t row = 0; row < 3; ++row) {
      double sum = 0.125;
      for (std::size_t i = 0; i < 4; ++i)
        sum += static_cast<double>(coefficients[i]) * kernel(type, &x[2 * row], &kVectors[2 * i]);
      y.push_back(static_cast<float>(sum));
      signs.push_back(sum > 0 ? 1.0F : -1.0F);
    }
    regressor(type).named(type).input<float>({3, 2}, x).expect<float>({3, 1}, y).tolerance(ulp(2)).run();
    regressor(type).attribute("one_class", std::int64_t{1}).input<float>({3, 2}, x).expect<float>({3, 1}, signs).run();
  }
}

TEST(SVMRegressor, WithoutVectors) {
  OpTest test("SVMRegressor", 1, "ai.onnx.ml");
  test.attribute("kernel_type", "RBF").floats("coefficients", {2, -1, 4}).floats("rho", {0.5F});
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kInt64})
    OpTest(test).input(tensor_of(type, {2, 3}, {1, 1, 1, 0, 2, 0})).expect<float>({2, 1}, {5.5F, -1.5F}).run();
  OpTest(test).input<float>({3}, {1, 1, 1}).expect<float>({1, 1}, {5.5F}).run();
}

TEST(SVMRegressor, Refusals) {
  const auto refused = [](OpTest test, const char* words) {
    test.input<float>({1, 2}, {0, 0}).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  OpTest test("SVMRegressor", 1, "ai.onnx.ml");
  test.floats("support_vectors", kVectors).floats("coefficients", {1, 2, 3}).floats("rho", {1});
  refused(OpTest(test).attribute("n_supports", std::int64_t{3}),
          "support_vectors has 8 elements, which are no whole rows");
  refused(OpTest(test).attribute("n_supports", std::int64_t{4}), "coefficients has 3 elements, expected 4");
  refused(OpTest(test).attribute("n_supports", std::int64_t{-1}), "n_supports is -1");
  refused(OpTest(test).attribute("n_supports", std::int64_t{2}),
          "rows of X have 2 elements, but vectors of the model 4");
  refused(OpTest(test).floats("kernel_params", {1}), "kernel_params has 1 elements, expected 3");
  refused(OpTest("SVMRegressor", 1, "ai.onnx.ml").floats("coefficients", {1, 2}), "rho has 0 elements, expected 1");
}

/// Three classes with 2, 1 and 1 vectors.
OpTest classifier(const char* type, bool probabilities) {
  OpTest test("SVMClassifier", 1, "ai.onnx.ml");
  test.attribute("kernel_type", type).floats("kernel_params", kParameters).floats("support_vectors", kVectors);
  test.floats("coefficients", {1, 0.5F, -1, -2, 0.25F, -1, 2, 1}).floats("rho", {0.25F, -0.5F, 0.125F});
  test.ints("vectors_per_class", {2, 1, 1}).ints("classlabels_ints", {10, 20, 30});
  if (probabilities) test.floats("prob_a", {-1, -2, -0.5F}).floats("prob_b", {0.25F, 0, -0.5F});
  return test;
}

TEST(SVMClassifier, PairsVote) {
  const Floats x = {0.5F, -1, 2, 0.25F, 0, 3};
  const Floats coefficients = {1, 0.5F, -1, -2, 0.25F, -1, 2, 1};
  const Floats rho = {0.25F, -0.5F, 0.125F};
  const std::size_t begins[] = {0, 2, 3, 4};
  for (const char* type : {"LINEAR", "POLY", "RBF", "SIGMOID"}) {
    Floats z;
    Integers y;
    for (std::size_t row = 0; row < 3; ++row) {
      int votes[3] = {};
      std::size_t pair = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = i + 1; j < 3; ++j, ++pair) {
          double sum = static_cast<double>(rho[pair]);
          for (std::size_t v = begins[i]; v < begins[i + 1]; ++v)
            sum += static_cast<double>(coefficients[4 * (j - 1) + v]) * kernel(type, &x[2 * row], &kVectors[2 * v]);
          for (std::size_t v = begins[j]; v < begins[j + 1]; ++v)
            sum += static_cast<double>(coefficients[4 * i + v]) * kernel(type, &x[2 * row], &kVectors[2 * v]);
          z.push_back(static_cast<float>(sum));
          ++votes[sum > 0 ? i : j];
        }
      }
      y.push_back(10 * (1 + (std::max_element(votes, votes + 3) - votes)));
    }
    classifier(type, false)
        .named(type)
        .input<float>({3, 2}, x)
        .expect<std::int64_t>({3}, y)
        .expect<float>({3, 3}, z)
        .tolerance(ulp(2))
        .run();
  }
}

// As far as LibSVM's iteration goes; exact are 0.28600931, 0.37013224, 0.34385845.
TEST(SVMClassifier, ProbabilitiesFitThoseOfThePairs) {
  classifier("RBF", true)
      .input<float>({1, 2}, {0.5F, -1})
      .expect<std::int64_t>({1}, {10})
      .expect<float>({1, 3}, {0.28570741F, 0.37027678F, 0.34401587F})
      .tolerance(close(0, 1e-5))
      .run();
}

OpTest two_classes(const char* transform) {
  OpTest test("SVMClassifier", 1, "ai.onnx.ml");
  test.floats("support_vectors", {1, 2}).floats("coefficients", {1, -1}).floats("rho", {0.25F});
  test.ints("vectors_per_class", {1, 1}).ints("classlabels_ints", {10, 20});
  return test.attribute("post_transform", transform).input<float>({2, 1}, {-1, 1});
}

TEST(SVMClassifier, TwoClasses) {
  two_classes("NONE").expect<std::int64_t>({2}, {10, 20}).expect<float>({2, 2}, {-1.25F, 1.25F, 0.75F, -0.75F}).run();
  two_classes("SOFTMAX")
      .expect<std::int64_t>({2}, {10, 20})
      .expect<float>({2, 2}, {-0.25F, 1.25F, 1.75F, -0.75F})
      .run();
  two_classes("LOGISTIC")
      .expect<std::int64_t>({2}, {10, 20})
      .expect<float>({2, 2}, {0.22270014F, 0.77729986F, 0.6791787F, 0.3208213F})
      .tolerance(ulp(2))
      .run();
}

TEST(SVMClassifier, WithoutVectors) {
  OpTest test("SVMClassifier", 1, "ai.onnx.ml");
  test.floats("coefficients", {1, 0, 0, 1}).floats("rho", {0.25F}).ints("classlabels_ints", {10, 20});
  OpTest(test)
      .input<float>({3, 2}, {1, 0, 0, 1, -1, -2})
      .expect<std::int64_t>({3}, {20, 20, 10})
      .expect<float>({3, 2}, {1.25F, 0.25F, 0.25F, 1.25F, -0.75F, -1.75F})
      .run();
}

TEST(SVMClassifier, Refusals) {
  const auto refused = [](OpTest test, const char* words) {
    test.input<float>({1, 2}, {0, 0}).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  OpTest test("SVMClassifier", 1, "ai.onnx.ml");
  test.floats("support_vectors", kVectors).ints("classlabels_ints", {1, 2, 3});
  refused(OpTest(test).ints("vectors_per_class", {2, 2}).floats("rho", {1}),
          "vectors_per_class has 2 elements, but there are 3");
  OpTest fits = test;
  fits.ints("vectors_per_class", {2, 1, 1}).floats("coefficients", Floats(8));
  refused(OpTest(fits).floats("rho", {1, 2}), "rho has 2 elements, expected 3");
  refused(OpTest(fits).floats("rho", {1, 2, 3}).floats("prob_a", {1, 2, 3}), "prob_b has 0 elements, expected 3");
  refused(OpTest(test).ints("vectors_per_class", {2, 1, 1}).floats("rho", {1, 2, 3}),
          "coefficients has 0 elements, expected 8");
  refused(OpTest(test).ints("vectors_per_class", {2, -1, 1}), "vectors_per_class has -1");
  refused(OpTest(fits).attribute("kernel_type", "COSINE"), "COSINE");
}

}  // namespace
}  // namespace linnet::internal

namespace linnet::test {
namespace {

TEST(SVMClassifier, LabelsThatAreStrings) {
  TextTest("SVMClassifier", 1, "ai.onnx.ml")
      .with(attribute("support_vectors", std::vector<float>{1, 2}))
      .with(attribute("coefficients", std::vector<float>{1, -1}))
      .with(attribute("rho", std::vector<float>{0.25F}))
      .with(attribute("vectors_per_class", std::vector<std::int64_t>{1, 1}))
      .with(attribute("classlabels_strings", Texts{"a", "b"}))
      .input<float>({2, 1}, {-1, 1})
      .expect_strings({2}, {"a", "b"})
      .expect<float>({2, 2}, {-1.25F, 1.25F, 0.75F, -0.75F})
      .run();
}

}  // namespace
}  // namespace linnet::test
