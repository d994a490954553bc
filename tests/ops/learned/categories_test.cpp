// OneHotEncoder, CategoryMapper and Imputer.
#include <limits>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/text/text_test.hpp"

namespace linnet::internal {
namespace {

OpTest encoder(const std::vector<std::int64_t>& categories) {
  return OpTest("OneHotEncoder", 1, "ai.onnx.ml").ints("cats_int64s", categories);
}

TEST(OneHotEncoder, NumbersOfEveryType) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kInt64}) {
    encoder({-1, 5, 3})
        .input(tensor_of(type, {2, 2}, {3, -1, 5, 4}))
        .expect<float>({2, 2, 3}, {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0})
        .run();
  }
  encoder({1, 2, 1}).input<std::int64_t>({2}, {1, 2}).expect<float>({2, 3}, {0, 0, 1, 0, 1, 0}).run();
  encoder({1}).input<float>({0, 3}, {}).expect<float>({0, 3, 1}, {}).run();
  encoder({1}).input<std::int32_t>({}, {1}).expect<float>({1}, {1}).run();
  const float inf = std::numeric_limits<float>::infinity();
  encoder({0, 1})
      .input<float>({5}, {0.75F, 1.9F, inf, std::numeric_limits<float>::quiet_NaN(), -1e30F})
      .expect<float>({5, 2}, {1, 0, 0, 1, 0, 0, 0, 0, 0, 0})
      .run();
  encoder({0, 1}).symbolic_input(DataType::kInt64, {"n", 3}).expect_dims(DataType::kFloat32, {"n", 3, 2}).infer_only();
}

TEST(OneHotEncoder, Refusals) {
  encoder({1, 2})
      .attribute("zeros", std::int64_t{0})
      .input<std::int64_t>({4}, {1, 2, 4, 3})
      .expect_error(ErrorCode::kRuntimeFault, "element 2 of X is no category, and zeros is 0")
      .run();
  encoder({1}).input<std::uint8_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is uint8").run();
  encoder({})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "neither of cats_int64s and cats_strings is given")
      .run();
  encoder({1})
      .strings("cats_strings", {"a"})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "both of cats_int64s and cats_strings are given")
      .run();
}

}  // namespace
}  // namespace linnet::internal

namespace linnet::test {
namespace {

using Integers = std::vector<std::int64_t>;

TEST(OneHotEncoder, Strings) {
  TextTest("OneHotEncoder", 1, "ai.onnx.ml")
      .with(attribute("cats_strings", Texts{"b", "a"}))
      .strings({2, 2}, {"a", "b", "", "a"})
      .expect<float>({2, 2, 2}, {0, 1, 1, 0, 0, 0, 0, 1})
      .run();
  TextTest("OneHotEncoder", 1, "ai.onnx.ml")
      .with(attribute("cats_strings", Texts{"b"}))
      .input<std::int64_t>({1}, {1})
      .refused(ErrorCode::kInvalidModel, "input X is int64, but the categories are strings");
}

TEST(CategoryMapper, BothWays) {
  const auto mapper = [] {
    return TextTest("CategoryMapper", 1, "ai.onnx.ml")
        .with(attribute("cats_strings", Texts{"a", "b", "a"}))
        .with(attribute("cats_int64s", Integers{7, -1, 9}));
  };
  mapper().strings({3}, {"b", "a", "c"}).expect<std::int64_t>({3}, {-1, 9, -1}).run();
  mapper().input<std::int64_t>({2, 2}, {7, 9, -1, 0}).expect_strings({2, 2}, {"a", "a", "b", "_Unused"}).run();
  mapper().with(attribute("default_int64", 5)).strings({1}, {"?"}).expect<std::int64_t>({1}, {5}).run();
  mapper().with(attribute("default_string", "none")).input<std::int64_t>({1}, {3}).expect_strings({1}, {"none"}).run();
  TextTest("CategoryMapper", 1, "ai.onnx.ml")
      .with(attribute("cats_strings", Texts{"a"}))
      .with(attribute("cats_int64s", Integers{7, 8}))
      .strings({1}, {"a"})
      .refused(ErrorCode::kInvalidModel, "cats_int64s has 2 elements, cats_strings 1");
}

TEST(Imputer, ReplacesValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto imputer = [] { return TextTest("Imputer", 1, "ai.onnx.ml"); };
  imputer()
      .with(attribute("imputed_value_floats", std::vector<float>{5, 6}))
      .with(attribute("replaced_value_float", nan))
      .input<float>({2, 2}, {nan, 1, 2, nan})
      .expect<float>({2, 2}, {5, 1, 2, 6})
      .run();
  imputer()
      .with(attribute("imputed_value_floats", std::vector<float>{5}))
      .input<double>({2, 2}, {0, 1, -0.0, 3})
      .expect<double>({2, 2}, {5, 1, 5, 3})
      .run();
  imputer()
      .with(attribute("imputed_value_int64s", Integers{5, 6}))
      .with(attribute("replaced_value_int64", -1))
      .input<std::int64_t>({2, 2}, {-1, 0, 3, -1})
      .expect<std::int64_t>({2, 2}, {5, 0, 3, 6})
      .run();
  imputer().input<float>({1, 1}, {0}).refused(ErrorCode::kInvalidModel, "neither is given");
}

}  // namespace
}  // namespace linnet::test
