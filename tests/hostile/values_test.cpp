// Values that operators must refuse or bound, at load or at the run (sections R and B; more of them in
// operators_test.cpp, windows_test.cpp, indices_test.cpp and bombs_test.cpp).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;
constexpr std::int64_t kMax = INT64_MAX;
constexpr std::int64_t kMin = INT64_MIN;

ModelWriter with_input() { return model().input("x", kF, {2, 4}); }

/// `op` on x float32 [2,4] and int64 lists (initializers).
std::string with_lists(const char* op, const std::vector<std::vector<std::int64_t>>& lists,
                       std::vector<Message> attributes = {}) {
  ModelWriter writer = with_input();
  Names inputs{"x"};
  for (const auto& list : lists) {
    inputs.push_back("i" + std::to_string(inputs.size()));
    writer.initializer<std::int64_t>(inputs.back(), {static_cast<std::int64_t>(list.size())}, list);
  }
  return writer.node(op, inputs, {"y"}, std::move(attributes), "n").output("y").bytes();
}

TEST(HostileValues, ShapesAndAxes) {
  const auto axis = [](const char* op, std::int64_t value) {
    return with_input().node(op, {"x"}, {"y"}, {attribute("axis", value)}, "n").output("y").bytes();
  };
  const auto perm = [](const std::vector<std::int64_t>& values) {
    return with_input().node("Transpose", {"x"}, {"y"}, {attribute("perm", values)}, "n").output("y").bytes();
  };
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"Reshape", with_lists("Reshape", {{3, 3}})},
      {"Reshape", with_lists("Reshape", {{-1, -1}})},
      {"Reshape", with_lists("Reshape", {{-2, 4}})},
      {"Reshape", with_lists("Reshape", {{kMax, kMax}})},
      {"Reshape", with_lists("Reshape", {{-1, 3}})},
      {"Reshape", with_lists("Reshape", {{0, 0, 0}})},
      {"Reshape",
       with_lists("Reshape", {{std::int64_t{1} << 32, std::int64_t{1} << 32, 0}}, {attribute("allowzero", 0)})},
      {"Slice", with_lists("Slice", {{0}, {2}, {0}, {0}})},
      {"Slice", with_lists("Slice", {{0}, {2}, {2}})},
      {"Slice", with_lists("Slice", {{0, 0, 0}, {2, 2, 2}})},
      {"Slice", with_lists("Slice", {{0}, {1}, {kMin}})},
      {"Slice", with_lists("Slice", {{0, 0}, {1, 1}, {1, -1}})},
      {"Softmax", axis("Softmax", 2)},
      {"Softmax", axis("Softmax", kMin)},
      {"LogSoftmax", axis("LogSoftmax", -3)},
      {"Flatten", axis("Flatten", 3)},
      {"Flatten", axis("Flatten", kMax)},
      {"Concat", axis("Concat", 2)},
      {"LayerNormalization",
       with_input().node("LayerNormalization", {"x", "x"}, {"y"}, {attribute("axis", 5)}, "n").output("y").bytes()},
      {"Transpose", perm({0, 0})},
      {"Transpose", perm({0, 2})},
      {"Transpose", perm({-1, 0})},
      {"Transpose", perm({0})},
      {"Squeeze", with_lists("Squeeze", {{0}})},
      {"Squeeze", with_lists("Squeeze", {{7}})},
      {"Unsqueeze", with_lists("Unsqueeze", {{0, 0}})},
      {"Unsqueeze", with_lists("Unsqueeze", {{9}})},
      {"Gather", with_lists("Gather", {{0}}, {attribute("axis", 2)})},
      {"ReduceMean", with_input()
                         .node("ReduceMean", {"x"}, {"y"}, {attribute("axes", std::vector<std::int64_t>{2})}, "n")
                         .output("y")
                         .bytes()},
      {"MatMul", with_input().node("MatMul", {"x", "x"}, {"y"}, {}, "n").output("y").bytes()},
      {"Gemm", with_input().node("Gemm", {"x", "x"}, {"y"}, {}, "n").output("y").bytes()},
      {"Gemm",
       with_input()
           .initializer<float>("c", {3}, {1, 2, 3})
           .node("Gemm", {"x", "x", "c"}, {"y"}, {attribute("transB", 1)}, "n")
           .output("y")
           .bytes()},
      {"BatchNormalization", with_input()
                                 .initializer<float>("c", {3}, {1, 2, 3})
                                 .node("BatchNormalization", {"x", "c", "c", "c", "c"}, {"y"}, {}, "n")
                                 .output("y")
                                 .bytes()},
  };
  for (const auto& [op, bytes] : cases) {
    expect_refused(op, bytes, ErrorCode::kInvalidModel, {std::string(op) + " node \"n\" (opset 17)"});
  }
}

TEST(HostileValues, SlicesTakeExtremeBounds) {
  const Model all = accept(with_lists("Slice", {{kMin, kMin}, {kMax, kMax}}));
  EXPECT_EQ(all.outputs()[0].shape[1].value, 4);
  const Model none = accept(with_lists("Slice", {{kMax}, {kMin}}));
  EXPECT_EQ(none.outputs()[0].shape[0].value, 0);
  const Model backwards = accept(with_lists("Slice", {{kMax}, {kMin}, {1}, {-1}}));
  EXPECT_EQ(backwards.outputs()[0].shape[1].value, 4);
  EXPECT_EQ(accept(with_lists("Slice", {{kMax}, {kMin}, {1}, {kMin}})).outputs()[0].shape[1].value, 1);
}

TEST(HostileValues, IndicesAreCheckedAtTheRun) {
  const Model gather = accept(with_input()
                                  .input("i", DataType::kInt64, {1})
                                  .node("Gather", {"x", "i"}, {"y"}, {attribute("axis", 1)}, "g")
                                  .output("y")
                                  .bytes());
  const Tensor x = Tensor::of<float>({2, 4});
  Tensor i = Tensor::of<std::int64_t>({1});
  for (const std::int64_t index : {std::int64_t{4}, std::int64_t{-5}, kMax, kMin}) {
    i.data<std::int64_t>()[0] = index;
    expect_refusal("Gather", ErrorCode::kRuntimeFault, {std::to_string(index)}, [&] { gather.run({x, i}); });
  }
  i.data<std::int64_t>()[0] = -4;
  EXPECT_EQ(gather.run({x, i})[0].count(), 2u) << "the process is as good as before";
}

TEST(HostileValues, ConstantIndicesFailCleanly) {
  const std::string bytes = model()
                                .initializer<float>("w", {2}, {1, 2})
                                .initializer<std::int64_t>("i", {1}, {5})
                                .node("Gather", {"w", "i"}, {"y"}, {}, "g")
                                .output("y")
                                .bytes();
  try {
    accept(bytes).run(std::vector<Tensor>{});
    ADD_FAILURE() << "an index out of range went unnoticed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("5"));
  }
}

TEST(HostileValues, IntegerDivision) {
  const Model divide = accept(model()
                                  .input("a", DataType::kInt32, {2})
                                  .input("b", DataType::kInt32, {2})
                                  .node("Div", {"a", "b"}, {"y"})
                                  .output("y")
                                  .bytes());
  Tensor a = Tensor::of<std::int32_t>({2});
  Tensor b = Tensor::of<std::int32_t>({2});
  a.data<std::int32_t>()[0] = INT32_MIN;
  a.data<std::int32_t>()[1] = 7;
  b.data<std::int32_t>()[0] = -1;
  b.data<std::int32_t>()[1] = 0;
  expect_refusal("by 0", ErrorCode::kRuntimeFault, {"integer division by zero at element 1"}, [&] {
    divide.run({a, b});
  });
  b.data<std::int32_t>()[0] = b.data<std::int32_t>()[1] = 2;
  EXPECT_EQ(divide.run({a, b})[0].data<std::int32_t>()[1], 3) << "the process is as good as before";
}

TEST(HostileValues, CastsOfWhatFitsNowhere) {
  for (const DataType type : {DataType::kInt8, DataType::kInt32, DataType::kInt64, DataType::kUint8, DataType::kBool}) {
    const Model cast = accept(model()
                                  .input("x", kF, {4})
                                  .node("Cast", {"x"}, {"y"}, {attribute("to", static_cast<int>(type))})
                                  .output("y")
                                  .bytes());
    Tensor x = Tensor::of<float>({4});
    const float values[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -3e38f,
                            3e38f};
    std::copy(std::begin(values), std::end(values), x.data<float>());
    EXPECT_EQ(cast.run({x})[0].type(), type);
  }
}

TEST(HostileValues, EmptySumsAreZero) {
  const Model product = accept(model()
                                   .input("a", kF, {2, 0})
                                   .input("b", kF, {0, 3})
                                   .node("MatMul", {"a", "b"}, {"y"})
                                   .output("y", kF, {2, 3})
                                   .bytes());
  const std::vector<Tensor> y = product.run({Tensor::of<float>({2, 0}), Tensor::of<float>({0, 3})});
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y[0].data<float>()[i], 0.0f);
}

// --- Bombs ---

/// 40 doublings of a constant: folding must stop long before 2^40 elements.
TEST(HostileValues, DoublingsByConcat) {
  ModelWriter constant = model().initializer<float>("v0", {1024}, std::vector<float>(1024, 1.0f));
  ModelWriter input = model().input("v0", kF, {1024});
  for (ModelWriter* writer : {&constant, &input}) {
    for (int i = 0; i < 40; ++i) {
      const std::string from = "v" + std::to_string(i);
      writer->node("Concat", {from, from}, {"v" + std::to_string(i + 1)}, {attribute("axis", 0)});
    }
    writer->output("v40");
  }
  const PeakMemory memory;
  const Model loaded = accept(constant.bytes());
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, std::size_t{256} << 20) << "folding is bounded by Options::limits.folded_bytes, 64 MiB";
  }
  Options options;
  options.memory_budget = std::size_t{32} << 20;
  const Model budgeted = accept(input.bytes(), options);
  expect_refusal("run", ErrorCode::kLimitExceeded, {"budget"}, [&] { budgeted.run({Tensor::of<float>({1024})}); });
}

TEST(HostileValues, AnOuterProductPastTheBudget) {
  Options options;
  options.memory_budget = std::size_t{16} << 20;
  const Model outer = accept(model()
                                 .input("a", kF, {"n", 1})
                                 .node("Transpose", {"a"}, {"b"})
                                 .node("MatMul", {"a", "b"}, {"c"})
                                 .node("Relu", {"c"}, {"y"})
                                 .output("y")
                                 .bytes(),
                             options);
  expect_refusal("2^40 elements", ErrorCode::kLimitExceeded, {"budget"}, [&] {
    outer.run({Tensor::of<float>({1 << 20, 1})});
  });
  EXPECT_EQ(outer.run({Tensor::of<float>({3, 1})})[0].count(), 9u);
}

TEST(HostileValues, ADeclaredInputThatNobodyCanGive) {
  const std::int64_t huge = std::int64_t{1} << 60;
  const Model loaded = accept(model().input("x", kF, {huge}).node("Relu", {"x"}, {"y"}).output("y").bytes());
  expect_refusal("wrong shape", ErrorCode::kInvalidArgument, {"1152921504606846976"},
                 [&] { loaded.run({Tensor::of<float>({4})}); });
}

TEST(HostileValues, PartsAndPlaces) {
  const auto split = [](std::int64_t parts) {
    return with_input()
        .opset(18)
        .node("Split", {"x"}, {"y"}, {attribute("num_outputs", parts)}, "n")
        .output("y")
        .bytes();
  };
  const auto joined = [](std::int64_t axis) {
    return with_input()
        .node("SequenceConstruct", {"x"}, {"s"})
        .node("ConcatFromSequence", {"s"}, {"y"}, {attribute("axis", axis)}, "n")
        .output("y")
        .bytes();
  };
  expect_all_refused({
      {"split 0", split(0), {"Split node \"n\" (opset 18): num_outputs is 0, but there are 1 outputs"}},
      {"split -1", split(-1), {"num_outputs is -1"}},
      {"split 2^62", split(std::int64_t{1} << 62), {"num_outputs is 4611686018427387904"}},
  });
  const Tensor x = Tensor::of<float>({2, 4});
  for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, kMax, kMin}) {
    const Model whole = accept(joined(axis));
    expect_refusal("joined", ErrorCode::kRuntimeFault, {"ConcatFromSequence node \"n\"", std::to_string(axis)},
                   [&] { whole.run({x}); });
  }
  const Model cropped =
      accept(with_input()
                 .opset(18)
                 .initializer<std::int64_t>("s", {1}, {std::int64_t{1} << 62})
                 .node("CenterCropPad", {"x", "s"}, {"y"}, {attribute("axes", std::vector<std::int64_t>{0})}, "n")
                 .output("y")
                 .bytes());
  expect_refusal("crop 2^62", ErrorCode::kInvalidModel, {"[4611686018427387904,4] has more elements"},
                 [&] { cropped.run({x}); });
  const Model picked = accept(with_input()
                                  .opset(1, "ai.onnx.ml")
                                  .input("i", DataType::kInt64, {1})
                                  .node("ArrayFeatureExtractor", {"x", "i"}, {"y"}, {}, "n", "ai.onnx.ml")
                                  .output("y")
                                  .bytes());
  Tensor i = Tensor::of<std::int64_t>({1});
  for (const std::int64_t place : {std::int64_t{4}, std::int64_t{-5}, kMax, kMin}) {
    i.data<std::int64_t>()[0] = place;
    expect_refusal("feature", ErrorCode::kRuntimeFault, {std::to_string(place)}, [&] { picked.run({x, i}); });
  }
}

}  // namespace
}  // namespace linnet::test
