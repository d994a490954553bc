#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

TEST(Constant, GivesATensor) {
  for (const int opset : {7, 9, 11, 12, 13, 25}) {
    OpTest("Constant", opset).attribute("value", tensor_of<float>({2, 1}, {1, 2})).expect<float>({2, 1}, {1, 2}).run();
    OpTest("Constant", opset).attribute("value", tensor_of<bool>({}, {true})).expect<bool>({}, {true}).run();
    OpTest("Constant", opset).attribute("value", tensor_of<Float16>({0, 3}, {})).expect<Float16>({0, 3}, {}).run();
  }
}

TEST(Constant, GivesNumbersAndLists) {
  for (const int opset : {12, 13, 25}) {
    OpTest("Constant", opset).attribute("value_float", 0.5F).expect<float>({}, {0.5F}).run();
    OpTest("Constant", opset).floats("value_floats", {0.5F, -1}).expect<float>({2}, {0.5F, -1}).run();
    OpTest("Constant", opset).floats("value_floats", {}).expect<float>({0}, {}).run();
    OpTest("Constant", opset).attribute("value_int", INT64_MIN).expect<std::int64_t>({}, {INT64_MIN}).run();
    OpTest("Constant", opset).ints("value_ints", {3, -1}).expect<std::int64_t>({2}, {3, -1}).run();
    OpTest("Constant", opset).ints("value_ints", {}).expect<std::int64_t>({0}, {}).run();
  }
}

TEST(Constant, TellsSmallIntegersAsElements) {
  OpTest("Constant", 13)
      .ints("value_ints", {3, -1})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({3, -1})
      .infer_only();
  OpTest("Constant", 13)
      .attribute("value", tensor_of<std::int32_t>({1, 1}, {8}))
      .expect_dims(DataType::kInt32, {1, 1})
      .expect_elements({8})
      .infer_only();
  OpTest("Constant", 13)
      .attribute("value_float", 2.0F)
      .expect_dims(DataType::kFloat32, {})
      .expect_no_elements()
      .infer_only();
  OpTest("Constant", 13)
      .ints("value_ints", std::vector<std::int64_t>(1025, 1))
      .expect_dims(DataType::kInt64, {1025})
      .expect_no_elements()
      .infer_only();
}

TEST(Constant, SaysWhatIsWrong) {
  OpTest("Constant", 13)
      .expect_error(ErrorCode::kInvalidModel, "Constant node (opset 13): no attribute gives the value")
      .run();
  OpTest("Constant", 13)
      .attribute("value_int", 1)
      .attribute("value_float", 1.0F)
      .expect_error(ErrorCode::kInvalidModel,
                    "attributes \"value_float\" and \"value_int\" are both given, expected one")
      .run();
  OpTest("Constant", 13)
      .attribute("value", 1)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"value\" is an int, expected a tensor")
      .run();
  OpTest("Constant", 11)
      .attribute("value_int", 1)
      .expect_error(ErrorCode::kInvalidModel, "no attribute gives the value")
      .run();
  OpTest("Constant", 11)
      .attribute("sparse_value", OpaqueAttribute{"a sparse tensor"})
      .expect_error(ErrorCode::kUnsupported, "attribute \"sparse_value\" is not supported")
      .run();
  auto pairs = std::make_shared<Constant>();
  pairs->type = DataType::kComplex64;
  OpTest("Constant", 13)
      .attribute("value", ConstantPtr(pairs))
      .expect_error(ErrorCode::kUnsupported, "attribute \"value\" is a tensor of complex64, which is not supported")
      .run();
}

}  // namespace
}  // namespace linnet::internal
