#include <gtest/gtest.h>

#include <limits>

#include "ops/source/random_numbers.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kThree = {1, -0.0F, 3};

TEST(Dropout, KeepsEverythingAtInference) {
  for (const int opset : {7, 10, 12, 13, 22}) {
    OpTest("Dropout", opset).input<float>({3}, kThree).expect<float>({3}, kThree).run();
    OpTest("Dropout", opset).input<double>({0, 2}, {}).expect<double>({0, 2}, {}).run();
    OpTest("Dropout", opset).input<Float16>({}, {2}).expect<Float16>({}, {2}).run();
    OpTest("Dropout", opset).input<Bfloat16>({1}, {2}).expect<Bfloat16>({1}, {2}).run();
  }
  for (const int opset : {7, 10})
    OpTest("Dropout", opset).attribute("ratio", 0.75F).input<float>({3}, kThree).expect<float>({3}, kThree).run();
  for (const int opset : {12, 22}) {
    OpTest("Dropout", opset)
        .attribute("seed", 1)
        .input<float>({3}, kThree)
        .input<float>({}, {0.75F})
        .expect<float>({3}, kThree)
        .run();
    OpTest("Dropout", opset)
        .input<float>({3}, kThree)
        .no_input()
        .input<bool>({}, {false})
        .expect<float>({3}, kThree)
        .run();
    OpTest("Dropout", opset)
        .input<float>({3}, kThree)
        .input<double>({1}, {0.5})
        .input<bool>({1}, {false})
        .expect<float>({3}, kThree)
        .run();
  }
}

TEST(Dropout, HasAMaskOfOnes) {
  OpTest("Dropout", 7).input<float>({3}, kThree).expect<float>({3}, kThree).expect<float>({3}, {1, 1, 1}).run();
  OpTest("Dropout", 7).input<Float16>({2}, {1, 2}).expect<Float16>({2}, {1, 2}).expect<Float16>({2}, {1, 1}).run();
  for (const int opset : {10, 12, 13, 22}) {
    OpTest("Dropout", opset)
        .input<float>({3}, kThree)
        .expect<float>({3}, kThree)
        .expect<bool>({3}, {true, true, true})
        .run();
    OpTest("Dropout", opset).input<float>({3}, kThree).no_output().expect<bool>({3}, {true, true, true}).run();
  }
}

TEST(Dropout, DropsNothingInTrainingWithRatio0) {
  for (const int opset : {12, 13, 22}) {
    OpTest("Dropout", opset)
        .input<float>({3}, kThree)
        .input<float>({}, {0})
        .input<bool>({}, {true})
        .expect<float>({3}, kThree)
        .expect<bool>({3}, {true, true, true})
        .run();
  }
}

/// What is kept is larger; the mask is that of the numbers drawn.
template <typename T>
void check_training(double ratio, bool ratio_given) {
  constexpr std::int64_t kCount = 20001;
  const ConstantPtr x = random_tensor(data_type_of<T>(), {kCount}, 1, 2, 3);
  std::byte *data = nullptr, *mask = nullptr;
  const ConstantPtr y = make_constant(data_type_of<T>(), {kCount}, &data);
  const ConstantPtr kept = make_constant(DataType::kBool, {kCount}, &mask);
  std::vector<double> drawn(static_cast<std::size_t>(kCount));
  random_uniforms(77, 0, drawn.size(), drawn.data());
  double share = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const bool is_kept = drawn[i] >= ratio;
    mask[i] = static_cast<std::byte>(is_kept ? 1 : 0);
    share += is_kept ? 1.0 / kCount : 0.0;
    reinterpret_cast<T*>(data)[i] = static_cast<T>(is_kept ? static_cast<double>(x->as<T>()[i]) / (1 - ratio) : 0.0);
  }
  EXPECT_NEAR(share, 1 - ratio, 0.02);
  OpTest test("Dropout", 22);
  test.attribute("seed", std::int64_t{77}).input(x);
  ratio_given ? test.template input<float>({}, {static_cast<float>(ratio)}) : test.no_input();
  test.template input<bool>({}, {true}).expect(y).expect(kept).tolerance(ulp(1)).run();
}

TEST(Dropout, DropsInTraining) {
  check_training<float>(0.5, false);
  check_training<float>(0.25, true);
  check_training<double>(0.75, true);
  check_training<Float16>(0.25, true);
  check_training<Bfloat16>(0.25, true);
}

TEST(Dropout, RefusesRatiosThatAreNone) {
  for (const float ratio : {1.0F, -0.5F, 2.0F, std::numeric_limits<float>::quiet_NaN()}) {
    OpTest("Dropout", 13)
        .input<float>({3}, kThree)
        .input<float>({}, {ratio})
        .input<bool>({}, {true})
        .expect_error(ErrorCode::kRuntimeFault, "expected 0 to below 1")
        .run();
  }
}

TEST(Dropout, IsAnIdentityUnlessItMayTrain) {
  const auto dropout = [] {
    return OpTest("Dropout", 13)
        .symbolic_input(DataType::kFloat32, {"batch", 4})
        .expect_dims(DataType::kFloat32, {"batch", 4});
  };
  dropout().expect_identity(true).infer_only();
  dropout().symbolic_input(DataType::kFloat32, {}).named("a ratio").expect_identity(true).infer_only();
  dropout().no_input().constant_input<bool>({}, {false}).named("inference").expect_identity(true).infer_only();
  dropout().no_input().symbolic_input(DataType::kBool, {}).named("maybe training").expect_identity(false).infer_only();
  dropout()
      .constant_input<float>({}, {0})
      .symbolic_input(DataType::kBool, {})
      .named("ratio 0")
      .expect_identity(true)
      .infer_only();
  dropout()
      .constant_input<float>({}, {0.5F})
      .symbolic_input(DataType::kBool, {})
      .named("a ratio, maybe training")
      .expect_identity(false)
      .infer_only();
}

TEST(Dropout, KeepsSymbols) {
  OpTest("Dropout", 13)
      .symbolic_input(DataType::kFloat32, {"batch", "?"})
      .symbolic_input(DataType::kFloat32, {})
      .symbolic_input(DataType::kBool, {})
      .expect_dims(DataType::kFloat32, {"batch", "?"})
      .expect_dims(DataType::kBool, {"batch", "?"})
      .infer_only();
}

TEST(Dropout, SaysWhatIsWrong) {
  OpTest("Dropout", 13)
      .input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input data is int32, expected one of float32")
      .run();
  OpTest("Dropout", 13)
      .input<float>({1}, {1})
      .input<float>({2}, {0, 0})
      .expect_error(ErrorCode::kInvalidModel, "input ratio has shape [2], expected a scalar")
      .run();
  OpTest("Dropout", 13)
      .input<float>({1}, {1})
      .input<std::int64_t>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input ratio is int64, expected one of float32")
      .run();
  OpTest("Dropout", 13)
      .input<float>({1}, {1})
      .no_input()
      .input<float>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input training_mode is float32, expected bool")
      .run();
  OpTest("Dropout", 13)
      .input<float>({1}, {1})
      .no_input()
      .input<bool>({0}, {})
      .expect_error(ErrorCode::kInvalidModel, "input training_mode has shape [0], expected a scalar")
      .run();
  OpTest("Dropout", 10)
      .input<float>({1}, {1})
      .input<float>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "2 inputs, expected 1 before opset 12")
      .run();
}

}  // namespace
}  // namespace linnet::internal
