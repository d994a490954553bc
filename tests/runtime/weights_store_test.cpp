#include "runtime/weights_store.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "runtime/model_impl.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::internal {
namespace {

using test::attribute;
using test::model;

constexpr std::int64_t kSize = 64;

/// y = x * B and z = x * W, where the largest element of B is the number of rows of x: so B's values decide a shape.
std::string model_whose_b_decides_a_shape() {
  std::vector<float> weights(kSize * kSize, 0.5F);
  return model()
      .input("x", DataType::kFloat32, {"n"})
      .input("B", DataType::kFloat32, {kSize, kSize})
      .initializer("W", {kSize, kSize}, weights)
      .initializer<std::int64_t>("columns", {1}, {kSize})
      .initializer<std::int64_t>("one", {1}, {1})
      .node("ReduceMax", {"B"}, {"most"}, {attribute("keepdims", 0)})
      .node("Cast", {"most"}, {"rows"}, {attribute("to", 7)})
      .node("Reshape", {"rows", "one"}, {"row_list"})
      .node("Concat", {"row_list", "columns"}, {"shape"}, {attribute("axis", 0)})
      .node("Reshape", {"x", "shape"}, {"matrix"})
      .node("MatMul", {"matrix", "B"}, {"y"})
      .node("MatMul", {"matrix", "W"}, {"z"})
      .output("y")
      .output("z")
      .bytes();
}

TEST(WeightsStore, IsBounded) {
  WeightsStore store(1000);
  const ConstantPtr source = make_int64_constant({1});
  const auto pack = [](std::byte* memory) { *memory = std::byte{1}; };
  store.get(source, "a", 600, pack);
  store.get(source, "b", 400, pack);
  store.get(source, "a", 600, pack);
  EXPECT_EQ(store.total_bytes(), 1000U);
  try {
    store.get(source, "c", 1, pack);
    ADD_FAILURE() << "one byte more than the limit";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    EXPECT_STREQ(error.what(),
                 "packed weights of 1 bytes beside 1000 bytes packed before exceed the machine's 1000 bytes of memory");
  }
}

TEST(WeightsStore, DoesNotKeepWhatWasPackedFromAnInput) {
  const std::string bytes = model_whose_b_decides_a_shape();
  const Model loaded = Model::load(bytes.data(), bytes.size());
  std::size_t kept = 0;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t rows = 1 + i % 3;
    Tensor x = Tensor::of<float>({rows * kSize});
    Tensor b = Tensor::of<float>({kSize, kSize});
    for (std::size_t k = 0; k < x.count(); ++k) x.data<float>()[k] = 1.0F;
    for (std::size_t k = 0; k < b.count(); ++k) b.data<float>()[k] = 0.001F * static_cast<float>(i);
    b.data<float>()[0] = static_cast<float>(rows);
    const std::vector<Tensor> outputs = loaded.run({x, b});
    ASSERT_EQ(outputs[0].shape(), (linnet::Shape{rows, kSize}));
    EXPECT_NEAR(outputs[0].data<float>()[1], 0.001F * static_cast<float>(i * kSize), 1e-4F);
    EXPECT_EQ(outputs[1].data<float>()[0], 0.5F * kSize);
    if (i == 0) kept = loaded.impl()->packed_weights_bytes();
    EXPECT_EQ(loaded.impl()->packed_weights_bytes(), kept) << "run " << i;
  }
  EXPECT_EQ(kept, kSize * kSize * sizeof(float)) << "W alone";
}

TEST(WeightsStore, PacksOnceByConstantAndKey) {
  WeightsStore store;
  const ConstantPtr one = make_int64_constant({1});
  const ConstantPtr other = make_int64_constant({2});
  int packed = 0;
  const auto get = [&](const ConstantPtr& source, const char* key) {
    return store.get(source, key, 64, [&](std::byte*) { ++packed; });
  };
  EXPECT_EQ(get(one, "a"), get(one, "a"));
  EXPECT_NE(get(one, "a"), get(one, "b"));
  EXPECT_NE(get(one, "a"), get(other, "a"));
  EXPECT_EQ(packed, 3);
  EXPECT_EQ(store.total_bytes(), 192U);
}

}  // namespace
}  // namespace linnet::internal
