// What Resize and Upsample are asked for: older forms, what is known of shapes, and what is wrong.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

TEST(Resize, HasOlderForms) {
  const Floats x = {1, 2, 3, 4, 5, 6, 7, 8};
  // Of ONNX's tests at opset 10.
  OpTest("Resize", 10)
      .input<float>({1, 1, 2, 4}, x)
      .input<float>({4}, {1, 1, 0.6F, 0.6F})
      .expect<float>({1, 1, 1, 2}, {1, 3})
      .run();
  OpTest("Resize", 10)
      .attribute("mode", "linear")
      .input<float>({1, 1, 2, 4}, x)
      .input<float>({4}, {1, 1, 0.6F, 0.6F})
      .expect<float>({1, 1, 1, 2}, {1, 2.6666665F})
      .tolerance(ulp(1))
      .run();
  for (const int opset : {7, 9}) {
    for (const char* mode : {"nearest", "linear"}) {
      OpTest test("Upsample", opset);
      test.named(text(mode, " at ", opset)).attribute("mode", mode);
      if (opset < 9) test.floats("scales", {1, 2.5F});
      test.input<float>({2, 2}, {1, 3, 5, 9});
      if (opset >= 9) test.input<float>({2}, {1, 2.5F});
      if (mode == std::string("nearest")) {
        test.expect<float>({2, 5}, {1, 1, 1, 3, 3, 5, 5, 5, 9, 9});
      } else {
        test.expect<float>({2, 5}, {1, 1.8F, 2.6F, 3, 3, 5, 6.6F, 8.2F, 9, 9}).tolerance(close(1e-6, 0));
      }
      test.run();
    }
  }
}

TEST(Resize, KnowsSymbols) {
  OpTest("Resize", 19)
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .constant_input<float>({4}, {1, 1, 2, 1.5F})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", 7})
      .infer_only();
  OpTest("Resize", 19)
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .no_input()
      .symbolic_input(DataType::kInt64, {4})
      .elements({"n", 3, "m", 10})
      .expect_dims(DataType::kFloat32, {"n", 3, "m", 10})
      .infer_only();
  OpTest("Resize", 19)
      .ints("axes", {2, 3})
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .symbolic_input(DataType::kFloat32, {"?"})
      .symbolic_input(DataType::kInt64, {"?"})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", "?"})
      .infer_only();
  OpTest("Resize", 19)
      .ints("axes", {2, 3})
      .attribute("keep_aspect_ratio_policy", "not_larger")
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .no_input()
      .constant_input<std::int64_t>({2}, {4, 4})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", "?"})
      .infer_only();
}

TEST(Resize, KnowsWhatItKeeps) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {2, 3}, -1, 1, 1);
  OpTest("Resize", 13).input(x).no_input().constant_input<float>({2}, {1, 1}).expect(x).expect_identity(true).run();
  OpTest("Resize", 13)
      .named("a scale that keeps the length moves elements")
      .attribute("mode", "linear")
      .input(x)
      .no_input()
      .constant_input<float>({2}, {1, 1.25F})
      .expect_identity(false)
      .expect_reference()
      .tolerance(close(1e-6, 1e-6))
      .run();
}

TEST(Resize, SaysWhatIsWrong) {
  struct Case {
    const char* words;
    Shape shape;
    Floats scales;
    Ints sizes;
    ErrorCode code = ErrorCode::kInvalidModel;
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Case cases[] = {
      {"neither scales nor sizes is given, expected one of them", {2, 3}, {}, {}},
      {"both scales and sizes are given, expected one of them", {2, 3}, {1, 2}, {2, 6}},
      {"input scales has 3 elements, expected 2", {2, 3}, {1, 2, 3}, {}},
      {"input sizes has 1 elements, expected 2", {2, 3}, {}, {4}},
      {"scales holds 0, expected finite numbers above 0", {2, 3}, {1, 0}, {}},
      {"scales holds -2, expected finite numbers above 0", {2, 3}, {1, -2}, {}},
      {"scales holds nan, expected finite numbers above 0", {2, 3}, {1, kNan}, {}},
      {"scales holds inf, expected finite numbers above 0", {2, 3}, {1, kInfinity}, {}},
      {"dimension 3 times 1e+30 is larger than 64 bits can count", {2, 3}, {1, 1e30F}, {}},
      {"sizes is [2,-1], with a negative number", {2, 3}, {}, {2, -1}},
      {"X is empty along axis 0: there is nothing to make 2 elements of", {0, 3}, {}, {2, 3}},
      {"", {2, 3}, {}, {INT64_MAX, 2}},
      {"", {2, 3}, {2e18F, 2e18F}, {}},
  };
  for (const Case& c : cases) {
    OpTest test("Resize", 13);
    test.named(c.words).random_input(DataType::kFloat32, c.shape, -1, 1).no_input();
    test.constant_input<float>({static_cast<std::int64_t>(c.scales.size())}, c.scales);
    test.constant_input<std::int64_t>({static_cast<std::int64_t>(c.sizes.size())}, c.sizes);
    test.expect_error(c.code, c.words).run();
  }
}

TEST(Resize, SaysWhichAttributeIsWrong) {
  struct Case {
    int opset;
    const char* attribute;
    AttributeValue value;
    const char* words;
  };
  const Case cases[] = {
      {10, "mode", "cubic", "mode is \"cubic\", expected one of nearest, linear"},
      {13, "mode", "area", "mode is \"area\", expected one of nearest, linear, cubic"},
      {13, "nearest_mode", "round", "nearest_mode is \"round\", expected one of round_prefer_floor,"},
      {13, "coordinate_transformation_mode", "corner", "coordinate_transformation_mode is \"corner\", expected one of"},
      {18, "keep_aspect_ratio_policy", "both", "keep_aspect_ratio_policy is \"both\", expected one of stretch,"},
      {18, "antialias", std::int64_t{1}, "antialias is 1, which mode nearest cannot do, expected mode linear or cubic"},
      {18, "axes", Ints{0, -2}, "name axis 0 twice"},
      {18, "axes", Ints{2}, "axis 2 is outside [-2,1] for rank 2"},
      {13, "coordinate_transformation_mode", "tf_crop_and_resize",
       "roi is missing, which coordinate_transformation_mode tf_crop_and_resize needs"},
  };
  for (const Case& c : cases) {
    OpTest test("Resize", c.opset);
    test.named(c.words).attribute(c.attribute, c.value).random_input(DataType::kFloat32, {2, 3}, -1, 1);
    if (c.opset >= 11) test.no_input();
    test.constant_input<float>({2}, {1, 2}).expect_error(ErrorCode::kInvalidModel, c.words).run();
  }
  OpTest("Resize", 13)
      .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .constant_input<float>({2}, {0, std::numeric_limits<float>::infinity()})
      .constant_input<float>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "roi holds inf, expected finite numbers")
      .run();
  OpTest("Resize", 18)
      .attribute("keep_aspect_ratio_policy", "not_larger")
      .random_input(DataType::kFloat32, {2, 0}, -1, 1)
      .no_input()
      .no_input()
      .constant_input<std::int64_t>({2}, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "X is empty along axis 1: it has no aspect ratio to keep")
      .run();
  OpTest("Resize", 13)
      .attribute("mode", "linear")
      .random_input(DataType::kBool, {2}, 0, 1)
      .no_input()
      .constant_input<float>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "input X is bool, expected one of")
      .run();
  OpTest("Upsample", 9)
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .constant_input<float>({1}, {0.5F})
      .expect_error(ErrorCode::kInvalidModel, "scales holds 0.5, expected 1 or more")
      .run();
  OpTest("Upsample", 7)
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"scales\" is missing")
      .run();
}

}  // namespace
}  // namespace linnet::internal
