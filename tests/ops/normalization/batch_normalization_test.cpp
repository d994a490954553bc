#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/shared/fusion_facts.hpp"
#include "runtime/data_type.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// One X for every channel of two samples: (x - mean) / sqrt(var + epsilon) * scale + B, exact in every step.
OpTest small_case(int opset) {
  OpTest test("BatchNormalization", opset);
  test.attribute("epsilon", 1.0F).input<float>({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  test.input<float>({2}, {2, 4}).input<float>({2}, {10, 20}).input<float>({2}, {1, 3}).input<float>({2}, {3, 15});
  // Channel 0: (x - 1) / 2 * 2 + 10, channel 1: (x - 3) / 4 * 4 + 20.
  test.expect<float>({2, 2, 2}, {10, 11, 20, 21, 14, 15, 24, 25});
  return test;
}

TEST(BatchNormalization, NormalizesChannels) {
  for (const int opset : {7, 9, 14, 15, 25}) {
    OpTest test = small_case(opset);
    if (opset < 14) test.attribute("momentum", 0.5F);
    if (opset >= 14) test.attribute("training_mode", std::int64_t{0});
    test.expect_implementations({"simd", "reference"}).run();
  }
}

TEST(BatchNormalization, TakesEveryRank) {
  OpTest("BatchNormalization", 15)
      .attribute("epsilon", 0.0F)
      .input<float>({3}, {1, 2, 3})
      .input<float>({1}, {2})
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .input<float>({1}, {4})
      .expect<float>({3}, {1, 2, 3})
      .run();
  const Shape shapes[] = {{5, 7},       {1, 1},           {4, 1},     {3, 40, 1},     {2, 3, 17},
                          {2, 3, 5, 7}, {1, 2, 100, 400}, {2000, 33}, {2, 3, 2, 2, 3}};
  for (const Shape& shape : shapes) {
    OpTest test("BatchNormalization", 15);
    test.random_input(DataType::kFloat32, shape, -4, 4);
    for (int i = 0; i < 3; ++i) test.random_input(DataType::kFloat32, {shape[1]}, -2, 2);
    test.random_input(DataType::kFloat32, {shape[1]}, 0.1, 2);
    // Three roundings of values of at most 6 / sqrt(0.1) * 2 + 2.
    test.expect_reference().tolerance_of("simd", close(0, 3 * 40 * 0x1p-24)).run();
  }
}

TEST(BatchNormalization, KeepsDigitsFarFromZero) {
  OpTest("BatchNormalization", 15)
      .attribute("epsilon", 0.0F)
      .input<float>({2, 1}, {10000001, 10000002})
      .input<float>({1}, {1})
      .input<float>({1}, {0.5F})
      .input<float>({1}, {10000000})
      .input<float>({1}, {1})
      .expect<float>({2, 1}, {1.5F, 2.5F})
      .run();
}

TEST(BatchNormalization, TakesEveryTypeAlsoMixed) {
  const DataType types[] = {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16};
  for (const DataType x : types) {
    for (const DataType affine : types) {
      for (const DataType statistics : types) {
        OpTest test("BatchNormalization", 15);
        const auto as = [](DataType type, const Shape& shape, std::vector<float> values) {
          std::byte* data = nullptr;
          ConstantPtr tensor = make_constant(type, shape, &data);
          visit_float_type(type, [&](auto tag) {
            using T = typename decltype(tag)::type;
            for (std::size_t i = 0; i < values.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(values[i]);
          });
          return tensor;
        };
        test.attribute("epsilon", 1.0F)
            .input(as(x, {1, 2}, {5, 7}))
            .input(as(affine, {2}, {2, 4}))
            .input(as(affine, {2}, {1, 2}));
        test.input(as(statistics, {2}, {1, 3})).input(as(statistics, {2}, {3, 15})).expect(as(x, {1, 2}, {5, 6})).run();
      }
    }
  }
}

TEST(BatchNormalization, TreatsEveryFeatureAsAChannelWithoutSpatial) {
  OpTest("BatchNormalization", 7)
      .attribute("spatial", std::int64_t{0})
      .attribute("epsilon", 0.0F)
      .input<float>({2, 1, 2}, {1, 2, 3, 4})
      .input<float>({1, 2}, {1, 2})
      .input<float>({1, 2}, {10, 20})
      .input<float>({1, 2}, {0, 1})
      .input<float>({1, 2}, {1, 1})
      .expect<float>({2, 1, 2}, {11, 22, 13, 26})
      .run();
}

TEST(BatchNormalization, PassesOnNanAndInfinities) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  OpTest("BatchNormalization", 15)
      .attribute("epsilon", 0.0F)
      .input<float>({2, 2}, {nan, inf, -inf, 1})
      .input<float>({2}, {1, 1})
      .input<float>({2}, {0, 0})
      .input<float>({2}, {0, 0})
      .input<float>({2}, {1, -1})
      .expect<float>({2, 2}, {nan, nan, -inf, nan})
      .run();
}

TEST(BatchNormalization, TakesEmptyTensors) {
  OpTest("BatchNormalization", 15)
      .input<float>({0, 2, 3}, {})
      .input<float>({2}, {1, 1})
      .input<float>({2}, {1, 1})
      .input<float>({2}, {1, 1})
      .input<float>({2}, {1, 1})
      .expect<float>({0, 2, 3}, {})
      .run();
  OpTest("BatchNormalization", 15)
      .input<float>({2, 0}, {})
      .input<float>({0}, {})
      .input<float>({0}, {})
      .input<float>({0}, {})
      .input<float>({0}, {})
      .expect<float>({2, 0}, {})
      .run();
}

OpTest symbolic(int opset, const NamedDims& x, const NamedDims& scale, const NamedDims& others) {
  OpTest test("BatchNormalization", opset);
  test.symbolic_input(DataType::kFloat32, x).symbolic_input(DataType::kFloat32, scale);
  for (int i = 0; i < 3; ++i) test.symbolic_input(DataType::kFloat32, others);
  return test;
}

TEST(BatchNormalization, NamesWhatIsWrong) {
  symbolic(15, {2, 4}, {3}, {4})
      .expect_error(ErrorCode::kInvalidModel, "input scale is [3], expected [4] for X [2,4]")
      .infer_only();
  symbolic(15, {2, 4}, {4}, {4, 1})
      .expect_error(ErrorCode::kInvalidModel, "input B is [4,1], expected [4] for X [2,4]")
      .infer_only();
  symbolic(15, {}, {1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X is a scalar, expected rank 1 or more")
      .infer_only();
  symbolic(15, {2}, {2}, {2})
      .expect_error(ErrorCode::kInvalidModel, "input scale is [2], expected [1] for X [2]")
      .infer_only();
  symbolic(15, {2, 4}, {4}, {4})
      .attribute("training_mode", std::int64_t{1})
      .expect_error(ErrorCode::kUnsupported, "training_mode is 1, but only inference is supported")
      .infer_only();
  symbolic(9, {2, 4}, {4}, {4})
      .attribute("training_mode", std::int64_t{1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"training_mode\" does not exist at opset 9")
      .infer_only();
  symbolic(9, {2, 4}, {4}, {4})
      .attribute("spatial", std::int64_t{0})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"spatial\" does not exist at opset 9")
      .infer_only();
  symbolic(7, {2, 4, 5}, {4}, {4, 5})
      .attribute("spatial", std::int64_t{0})
      .expect_error(ErrorCode::kInvalidModel, "input scale is [4], expected [4,5] for X [2,4,5]")
      .infer_only();
  symbolic(9, {2, 4}, {4}, {4})
      .expect_dims(DataType::kFloat32, {2, 4})
      .expect_dims(DataType::kFloat32, {4})
      .expect_error(ErrorCode::kUnsupported, "output running_mean belongs to training, but only inference is supported")
      .infer_only();
  OpTest("BatchNormalization", 15)
      .symbolic_input(DataType::kInt32, {2, 4})
      .symbolic_input(DataType::kFloat32, {4})
      .symbolic_input(DataType::kFloat32, {4})
      .symbolic_input(DataType::kFloat32, {4})
      .symbolic_input(DataType::kFloat32, {4})
      .expect_error(ErrorCode::kInvalidModel, "input X is int32, expected one of")
      .infer_only();
  OpTest("BatchNormalization", 15)
      .symbolic_input(DataType::kFloat32, {2, 4})
      .symbolic_input(DataType::kFloat32, {4})
      .expect_error(ErrorCode::kInvalidModel, "2 inputs, expected 5")
      .infer_only();
}

TEST(BatchNormalization, KeepsSymbols) {
  symbolic(15, {"batch", 4, "height", "?"}, {4}, {4})
      .expect_dims(DataType::kFloat32, {"batch", 4, "height", "?"})
      .infer_only();
  symbolic(15, {"batch", "?", 2}, {4}, {"?"}).expect_dims(DataType::kFloat32, {"batch", 4, 2}).infer_only();
}

TEST(BatchNormalization, DeclaresItsScaleAndShift) {
  MiniGraph graph;
  const auto row = [&](float first, float second) { return graph.constant(tensor_of<float>({2}, {first, second})); };
  const ValueId x = graph.variable(DataType::kFloat32, {Dim::symbol(0), 2});
  const ValueId y =
      graph.node("BatchNormalization", 15, {{"epsilon", 1.0F}}, {x, row(2, 4), row(10, 20), row(1, 3), row(3, 15)});
  const auto* declared = dynamic_cast<const ChannelAffineAttributes*>(graph.producer(y).attributes.get());
  ASSERT_NE(declared, nullptr);
  const std::optional<ChannelAffine> affine = declared->channel_affine(graph.view(y));
  ASSERT_TRUE(affine.has_value());
  EXPECT_EQ((std::vector<double>{1, 1}), affine->scale);
  EXPECT_EQ((std::vector<double>{9, 17}), affine->shift);
  const ValueId mean = graph.variable(DataType::kFloat32, {2});
  const ValueId unknown = graph.node("BatchNormalization", 15, {}, {x, row(2, 4), row(10, 20), mean, row(3, 15)});
  EXPECT_FALSE(declared->channel_affine(graph.view(unknown)).has_value()) << "the mean is no constant";
}

}  // namespace
}  // namespace linnet::internal
