// LinearRegressor and LinearClassifier, which the loader writes out with Gemm and Decide.
#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

using Floats = std::vector<float>;
using Integers = std::vector<std::int64_t>;

TextTest regressor(std::int64_t targets, const Floats& coefficients, const Floats& intercepts = {}) {
  TextTest test("LinearRegressor", 1, "ai.onnx.ml");
  test.with(attribute("targets", targets)).with(attribute("coefficients", coefficients));
  return intercepts.empty() ? test : test.with(attribute("intercepts", intercepts));
}

TEST(LinearRegressor, TargetsAndTypes) {
  const auto expect = [](const Value& x) {
    regressor(2, {1, 2, 3, 4, 5, 6}, {0.5F, -0.5F}).input(x).expect<float>({2, 2}, {-1.5F, -2.5F, 6.5F, 11.5F}).run();
  };
  expect(value_of<float>({2, 3}, {1, 0, -1, 0, 0, 2}));
  expect(value_of<double>({2, 3}, {1, 0, -1, 0, 0, 2}));
  expect(value_of<std::int32_t>({2, 3}, {1, 0, -1, 0, 0, 2}));
  expect(value_of<std::int64_t>({2, 3}, {1, 0, -1, 0, 0, 2}));
  regressor(1, {1, 2, 3}).input<float>({0, 3}, {}).expect<float>({0, 1}, {}).run();
  expect_same(regressor(1, {1, 2, 3}).input<float>({3}, {1, 1, 1}).results()[0], value_of<float>({1, 1}, {6}));
}

TEST(LinearRegressor, Transforms) {
  const auto of_two = [](const char* transform) {
    return regressor(2, {1, -1}).with(attribute("post_transform", transform)).input<float>({1, 1}, {1});
  };
  of_two("NONE").expect<float>({1, 2}, {1, -1}).run();
  of_two("SOFTMAX").expect<float>({1, 2}, {0.880797088F, 0.119202919F}).run();
  of_two("LOGISTIC").expect<float>({1, 2}, {0.731058598F, 0.268941432F}).run();
  const auto of_one = [](const char* transform) {
    return regressor(1, {1}).with(attribute("post_transform", transform)).input<float>({1, 1}, {0.5F});
  };
  of_one("LOGISTIC").expect<float>({1, 1}, {0.5F}).run();  // as ONNX Runtime has it
  of_one("PROBIT").expect<float>({1, 1}, {0}).run();
  of_one("TANH").refused(ErrorCode::kInvalidModel, "TANH");
}

TEST(LinearRegressor, Refusals) {
  const auto refused = [](TextTest test, const char* words) {
    test.input<float>({1, 3}, {0, 0, 0}).refused(ErrorCode::kInvalidModel, words);
  };
  refused(regressor(0, {1, 2, 3}), "targets is 0, expected 1 to 2147483647");
  refused(regressor(2, {1, 2, 3}), "Reshape");
  refused(regressor(1, {1, 2}), "Gemm");
}

TextTest classifier(const Integers& labels, const Floats& coefficients, const Floats& intercepts) {
  return TextTest("LinearClassifier", 1, "ai.onnx.ml")
      .with(attribute("classlabels_ints", labels))
      .with(attribute("coefficients", coefficients))
      .with(attribute("intercepts", intercepts));
}

TEST(LinearClassifier, ManyClasses) {
  classifier({4, 5, 6}, {1, 0, 0, 1, -1, -1}, {0, 0, 0.5F})
      .with(attribute("multi_class", 1))
      .input<float>({4, 2}, {1, 0, 0, 1, -1, -1, 1, 1})
      .expect<std::int64_t>({4}, {4, 5, 6, 4})
      .expect<float>({4, 3}, {1, 0, -0.5F, 0, 1, -0.5F, -1, -1, 2.5F, 1, 1, -1.5F})
      .run();
  classifier({4, 5, 6}, {1, 0, -1}, {0, 0, 0})
      .with(attribute("post_transform", "SOFTMAX"))
      .input<double>({1, 1}, {1})
      .expect<std::int64_t>({1}, {4})
      .expect<float>({1, 3}, {0.665240943F, 0.244728476F, 0.0900305733F})
      .run();
}

TEST(LinearClassifier, OneScore) {
  const auto of = [](const Integers& labels, const char* transform) {
    return classifier(labels, {2}, {-0.25F})
        .with(attribute("post_transform", transform))
        .input<float>({2, 1}, {0.25F, 0});
  };
  of({3, 7}, "NONE").expect<std::int64_t>({2}, {7, 3}).expect<float>({2, 2}, {0.75F, 0.25F, 1.25F, -0.25F}).run();
  of({3, 7}, "SOFTMAX").expect<std::int64_t>({2}, {7, 3}).expect<float>({2, 2}, {0.75F, 0.25F, 1.25F, -0.25F}).run();
  of({3, 7}, "LOGISTIC")
      .expect<std::int64_t>({2}, {7, 3})
      .expect<float>({2, 2}, {0.437823504F, 0.562176526F, 0.562176526F, 0.437823504F})
      .run();
  of({3}, "NONE").expect<std::int64_t>({2}, {1, 0}).expect<float>({2, 1}, {0.25F, -0.25F}).run();
  of({3, 7}, "NONE").expect<std::int64_t>({2}, {7, 3}).run();
}

TEST(LinearClassifier, LabelsThatAreStrings) {
  const auto test = [](const Texts& labels, const Floats& intercepts) {
    return TextTest("LinearClassifier", 1, "ai.onnx.ml")
        .with(attribute("classlabels_strings", labels))
        .with(attribute("coefficients", Floats(intercepts.size(), 1.0F)))
        .with(attribute("intercepts", intercepts))
        .input<float>({2, 1}, {1, -1});
  };
  test({"no", "yes"}, {0.5F})
      .expect_strings({2}, {"yes", "no"})
      .expect<float>({2, 2}, {-0.5F, 1.5F, 1.5F, -0.5F})
      .run();
  test({"one"}, {0.5F}).expect_strings({2}, {"1", "0"}).expect<float>({2, 1}, {1.5F, -0.5F}).run();
  test({"a", "b", "c"}, {0, 1, -1}).expect_strings({2}, {"b", "b"}).expect<float>({2, 3}, {1, 2, 0, -1, 0, -2}).run();
}

TEST(LinearClassifier, Refusals) {
  classifier({1, 2, 3}, {1, 2}, {0, 0})
      .input<float>({1, 1}, {0})
      .refused(ErrorCode::kInvalidModel, "there are 2 scores for 3 labels");
  TextTest("LinearClassifier", 1, "ai.onnx.ml")
      .with(attribute("coefficients", Floats{1}))
      .input<float>({1, 1}, {0})
      .refused(ErrorCode::kInvalidModel, "there are no labels and no intercepts");
  classifier({1, 2}, {1}, {0})
      .with(attribute("classlabels_strings", Texts{"a", "b"}))
      .input<float>({1, 1}, {0})
      .refused(ErrorCode::kInvalidModel, "both of classlabels_ints and classlabels_strings are given");
}

}  // namespace
}  // namespace linnet::test
