// Outputs and inputs whose rank is open until the run: their element type is known, in C++, C and JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <linnet/inspect.hpp>

#include "tests/api/c/c_handles.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

/// x [batch,1,4] -> Squeeze -> Sigmoid -> "y", of rank 1 or 2; and "small", whether y is below a half.
std::string squeezed() {
  return model()
      .input("x", DataType::kFloat32, {"batch", 1, 4})
      .initializer<float>("half", {}, {0.5F})
      .node("Squeeze", {"x"}, {"s"})
      .node("Sigmoid", {"s"}, {"y"})
      .node("Less", {"y", "half"}, {"small"})
      .output("y", DataType::kFloat32)
      .output("small", DataType::kBool)
      .bytes();
}

TEST(UnknownRank, OfAnOutput) {
  const Model model = load(squeezed(), {});
  EXPECT_EQ(model.outputs()[0].type, DataType::kFloat32);
  EXPECT_FALSE(model.outputs()[0].has_shape);
  EXPECT_EQ(model.outputs()[1].type, DataType::kBool);
  EXPECT_EQ(model.run({sample_tensor({1, 1, 4})})[0].shape(), Shape({4}));
  EXPECT_EQ(model.run({sample_tensor({3, 1, 4})})[0].shape(), Shape({3, 4}));
  const auto json = nlohmann::json::parse(to_json(summarize(model)));
  EXPECT_EQ(json["outputs"][0],
            nlohmann::json::parse(R"({"name": "y", "kind": "tensor", "type": "float32", "shape": null})"));

  const CModel handle = c_model(squeezed(), c_options().get());
  const linnet_value_info* info = nullptr;
  EXPECT_OK(linnet_model_output(handle.get(), 1, &info));
  EXPECT_EQ(linnet_value_info_type(info), LINNET_BOOL);
  EXPECT_EQ(linnet_value_info_has_shape(info), 0);
  EXPECT_EQ(linnet_value_info_rank(info), 0U);
}

TEST(UnknownRank, OfAnInput) {
  const std::string bytes = model()
                                .input("x", DataType::kFloat32)
                                .initializer<float>("w", {4, 2}, sample_values(8))
                                .initializer<float>("b", {2}, {1, 2})
                                .node("Gemm", {"x", "w", "b"}, {"h"})
                                .node("Cast", {"h"}, {"i"}, {attribute("to", 7)})
                                .node("Shape", {"i"}, {"n"})
                                .output("i")
                                .output("n")
                                .bytes();
  const Model model = load(bytes, {});
  EXPECT_FALSE(model.inputs()[0].has_shape);
  EXPECT_EQ(model.outputs()[0].type, DataType::kInt64);
  EXPECT_EQ(model.outputs()[1].type, DataType::kInt64);
  const std::vector<Tensor> results = model.run({sample_tensor({3, 4})});
  EXPECT_EQ(results[0].shape(), Shape({3, 2}));
  EXPECT_EQ(results[1].data<std::int64_t>()[0], 3);
}

}  // namespace
}  // namespace linnet::test
