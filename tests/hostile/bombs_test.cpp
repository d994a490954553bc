// Small models and inputs that ask for much: sizes that explode, and shapes without elements that ask for endless loops
// over nothing (section B).
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

constexpr DataType kI = DataType::kInt64;

TEST(HostileBombs, SizesThatExplode) {
  for (const bool constant : {true, false}) {
    const auto sized = [&](OneNode node, const Ints& sizes) {
      const Shape shape = {static_cast<std::int64_t>(sizes.size())};
      return constant ? node.constant<std::int64_t>(shape, sizes) : node.given<std::int64_t>(shape, sizes);
    };
    const auto filled = [&](const Ints& sizes) { return sized(OneNode("ConstantOfShape"), sizes); };
    const auto of_x = [&](const char* op, const Ints& sizes) { return sized(OneNode(op).given(kF, {2, 4}), sizes); };
    const char* const uncountable = "has more elements than 64 bits can count";
    const char* const budget = "the memory budget is 67108864";
    expect_nodes_refused({
        {"2^38", filled({std::int64_t{1} << 38}),
         "[274877906944] needs 1099511627776 bytes, the memory budget is 67108864", kLimit},
        {"2^80", filled({kTwo40, kTwo40}), uncountable},
        {"-1", filled({-1, -1}), "shape [-1,-1], with a negative dimension"},
        {"rank 65", filled(Ints(65, 1)), "output output has rank 65, the limit is 64", kLimit},
        {"rank 10^5", filled(Ints(100000, 1)), "output output has rank 100000, the limit is 64", kLimit},
        {"2^38", of_x("Expand", {std::int64_t{1} << 38, 2, 4}), budget, kLimit},
        {"2^62", of_x("Expand", {kTwo62, 1, 1}), uncountable},
        {"-2", of_x("Expand", {-2, 4}), "is [-2,4], with a negative dimension"},
        {"rank 100", of_x("Expand", Ints(100, 1)), "output output has rank 100, the limit is 64", kLimit},
        {"2^20", of_x("Tile", {1 << 20, 1 << 10}), budget, kLimit},
        {"2^60", of_x("Tile", {1 << 30, 1 << 30}), uncountable},
        {"2^63-1", of_x("Tile", {kMax, kMax}), "9223372036854775807"},
        {"-1", of_x("Tile", {-1, 1}), "repeats is [-1,1], with a negative number"},
        {"2^40", of_x("Reshape", {kMax, kMax}), uncountable},
        {"2^40", sized(OneNode("Resize", 18).given(kF, {1, 1, 2, 2}).left_out().left_out(), {1, 1, 1 << 20, 1 << 20}),
         budget, kLimit},
    });
    for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
      const auto padded = [&](const Ints& pads) {
        return sized(OneNode("Pad", 19).given(kF, {2, 4}), pads).with(attribute("mode", mode));
      };
      expect_nodes_refused({
          {"2^20", padded({1 << 20, 1 << 20, 1 << 20, 1 << 20}), budget, kLimit},
          {"2^40", padded({kTwo40, kTwo40, kTwo40, kTwo40}), uncountable},
          {"2^63-1", padded({kMax, kMax, kMax, kMax}), "9223372036854775807"},
          {"-2^63", padded({kMin, kMin, kMin, kMin}), "take away more than the dimension 2"},
          {"-5", padded({-5, 0, 0, 0}), "pads -5 and 0 take away more than the dimension 2"},
          {"1 pad", padded({1}), "[1]"},
      });
      if (mode != std::string("constant")) {
        expect_nodes_refused(
            {{"of nothing", sized(OneNode("Pad", 19).given(kF, {0, 4}), {1, 0, 1, 0}).with(attribute("mode", mode)),
              ""}});
      }
    }
  }
}

TEST(HostileBombs, Ranges) {
  for (const bool constant : {true, false}) {
    const auto range = [&](const Ints& values) {
      OneNode node("Range");
      for (const std::int64_t value : values)
        constant ? node.constant<std::int64_t>({}, {value}) : node.given<std::int64_t>({}, {value});
      return node;
    };
    const auto floats = [&](const std::vector<float>& values) {
      OneNode node("Range");
      for (const float value : values) constant ? node.constant<float>({}, {value}) : node.given<float>({}, {value});
      return node;
    };
    expect_nodes_refused({
        {"delta 0", range({0, 5, 0}), "delta is 0"},
        {"2^40", range({0, kTwo40, 1}), "the memory budget is 67108864", kLimit},
        {"2^63-1", range({0, kMax, 1}), "needs more bytes than 64 bits can count"},
        {"2^64", range({kMin, kMax, 1}), "too many elements"},
        {"-2^64", range({kMax, kMin, -1}), "too many elements"},
        {"NaN", floats({0, kNan, 1}), "from 0 to nan by 1: no number of elements"},
        {"delta NaN", floats({0, 1, kNan}), "from 0 to 1 by nan: no number of elements"},
        {"infinite", floats({0, kInfinity, 1}), "from 0 to inf by 1: no number of elements"},
        {"1e60", floats({0, 1e30F, 1e-30F}), "no number of elements"},
        {"delta 0.0", floats({0, 1, 0}), "delta is 0"},
    });
    EXPECT_EQ(range({5, 0, 1}).run()[0].count(), 0U);
    EXPECT_EQ(range({kMin, kMax, kMax}).run()[0].count(), 3U);
    const auto depth = [&](std::int64_t value) {
      OneNode node = OneNode("OneHot").given(kI, {2});
      return (constant ? node.constant<std::int64_t>({}, {value}) : node.given<std::int64_t>({}, {value}))
          .constant<float>({2}, {0, 1});
    };
    expect_nodes_refused({
        {"depth 2^40", depth(kTwo40), "[2,1099511627776] needs 8796093022208 bytes", kLimit},
        {"depth 2^63-1", depth(kMax), "has more elements than 64 bits can count"},
        {"depth -1", depth(-1), "depth is -1, expected 0 or more"},
        {"depth -2^63", depth(kMin), "depth is -9223372036854775808, expected 0 or more"},
    });
    EXPECT_EQ(depth(0).run()[0].count(), 0U);
  }
  expect_nodes_refused({
      {"2^20 x 1 x 2^20", OneNode("MatMul").given(kF, {1 << 20, 1}).given(kF, {1, 1 << 20}),
       "[1048576,1048576] needs 4398046511104 bytes", kLimit},
      {"2^40 x 0 x 2^40", OneNode("MatMul").given(kF, {kTwo40, 0}).given(kF, {0, kTwo40}),
       "has more elements than 64 bits can count"},
      {"sums of nothing", OneNode("ReduceSum").given(kF, {kTwo40, 0}).constant<std::int64_t>({1}, {1}),
       "[1099511627776,1] needs 4398046511104 bytes", kLimit},
      {"padded", OneNode("Pad").given(kF, {kTwo40, 0}).constant<std::int64_t>({4}, {0, 1, 0, 0}),
       "[1099511627776,1] needs", kLimit},
  });
}

/// 2^40 rows without elements, or none of 2^40 elements: there is nothing to do, however much of it. A loop over it
/// would not be seen to end.
TEST(HostileBombs, NothingManyTimes) {
  const auto expect_nothing = [](const std::string& name, const OneNode& node) {
    SCOPED_TRACE(name);
    try {
      for (const Tensor& y : node.run()) EXPECT_LE(y.count(), 4U);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kInvalidModel) << error.what();
    }
  };
  for (const Shape& shape : {Shape{kTwo40, 0}, Shape{0, kTwo40}}) {
    for (const char* op :
         {"Relu",   "Exp",      "Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "Transpose", "Flatten",
          "Trilu",  "EyeLike",  "Erf",     "IsNaN",      "Not",     "Shape",           "Size",      "NonZero",
          "Unique", "Identity", "Dropout", "Clip"}) {
      expect_nothing(op, OneNode(op).given(op == std::string("Not") ? DataType::kBool : kF, shape));
    }
    expect_nothing("Cast", OneNode("Cast").given(kF, shape).with(attribute("to", 11)));
    for (const std::int64_t axis : {0, 1}) {
      const auto along = [&](const char* op) { return OneNode(op).given(kF, shape).with(attribute("axis", axis)); };
      const auto axes = [&](const char* op) {
        return OneNode(op).given(kF, shape).with(attribute("axes", Ints{axis}));
      };
      for (const char* op : {"Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "ArgMax", "Unique", "Concat"})
        expect_nothing(op, along(op));
      for (const char* op :
           {"ReduceMax", "ReduceMean", "ReduceProd", "ReduceLogSumExp", "ReduceL2", "MeanVarianceNormalization"})
        expect_nothing(op, axes(op));
      expect_nothing("Split", along("Split").outputs(2));
      expect_nothing("CumSum", OneNode("CumSum").given(kF, shape).constant<std::int64_t>({}, {axis}));
      expect_nothing("TopK", along("TopK").constant<std::int64_t>({1}, {0}).outputs(2));
      expect_nothing("Gather", along("Gather").given(kI, {0}));
      expect_nothing("GatherElements", along("GatherElements").given(kI, shape));
      expect_nothing("ScatterElements", along("ScatterElements").given(kI, shape).given(kF, shape));
      expect_nothing("OneHot", OneNode("OneHot")
                                   .given(kI, shape)
                                   .constant<std::int64_t>({}, {3})
                                   .constant<float>({2}, {0, 1})
                                   .with(attribute("axis", axis)));
      expect_nothing("LayerNormalization", along("LayerNormalization").constant<float>({1}, {1}));
      expect_nothing("Compress", along("Compress").given<bool>({2}, {false, false}));
    }
    expect_nothing("Add", OneNode("Add").given(kF, shape).given(kF, {1, 1}));
    expect_nothing("Where", OneNode("Where").given(DataType::kBool, {1, 1}).given(kF, shape).given(kF, shape));
    expect_nothing("Sum", OneNode("Sum").given(kF, shape).given(kF, {1}).given(kF, {1, 1}));
    expect_nothing("Expand", OneNode("Expand").given(kF, shape).constant<std::int64_t>({3}, {1024, 1, 1}));
    expect_nothing("Tile", OneNode("Tile").given(kF, shape).constant<std::int64_t>({2}, {1 << 10, 1 << 10}));
    expect_nothing("Pad", OneNode("Pad").given(kF, shape).constant<std::int64_t>({4}, {0, 0, 0, 0}));
    expect_nothing("Slice", OneNode("Slice")
                                .given(kF, shape)
                                .constant<std::int64_t>({2}, {0, 0})
                                .constant<std::int64_t>({2}, {kMax, kMax}));
    expect_nothing("ScatterND", OneNode("ScatterND").given(kF, shape).given(kI, {0, 1}).given(kF, {0, shape[1]}));
    expect_nothing("GatherND", OneNode("GatherND").given(kF, shape).given(kI, {kTwo40, 0, 1}));
    expect_nothing("Gemm", OneNode("Gemm").given(kF, shape).given(kF, shape).with(attribute("transA", 1)));
    expect_nothing("MatMul", OneNode("MatMul").given(kF, shape).given(kF, {shape[1], shape[0]}));
    for (const char* equation : {"ij,ij->", "ij,ij->i", "ij,ij->j", "ij,ik->jk", "ij,kj->ik"})
      expect_nothing(equation,
                     OneNode("Einsum").given(kF, shape).given(kF, shape).with(attribute("equation", equation)));
    expect_nothing("ij->", OneNode("Einsum").given(kF, shape).with(attribute("equation", "ij->")));
    expect_nothing("QuantizeLinear", OneNode("QuantizeLinear").given(kF, shape).constant<float>({}, {1}));
  }
  const auto windowed = [&](const char* op, const Shape& x) {
    return OneNode(op).given(kF, x).with(attribute("kernel_shape", Ints{1, 1}));
  };
  for (const Shape& shape : {Shape{kTwo40, 0, 3, 3}, Shape{0, 1, 1 << 20, 1 << 19}, Shape{kTwo40, 1, 0, 3}}) {
    for (const char* op : {"MaxPool", "AveragePool", "LpPool"}) expect_nothing(op, windowed(op, shape));
    for (const char* op : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
      expect_nothing(op, OneNode(op).given(kF, shape));
    const Shape kernel = {shape[1], shape[1], 1, 1};
    const std::vector<float> weights = ones(kernel);
    expect_nothing("Conv", OneNode("Conv").given(kF, shape).constant<float>(kernel, weights));
    expect_nothing("ConvTranspose", OneNode("ConvTranspose").given(kF, shape).constant<float>(kernel, weights));
    expect_nothing("LRN", OneNode("LRN").given(kF, shape).with(attribute("size", 3)));
    const std::vector<float> per_channel = ones({shape[1]});
    OneNode batch = OneNode("BatchNormalization").given(kF, shape);
    for (int i = 0; i < 4; ++i) batch.constant<float>({shape[1]}, per_channel);
    expect_nothing("BatchNormalization", batch);
    expect_nothing("InstanceNormalization", OneNode("InstanceNormalization")
                                                .given(kF, shape)
                                                .constant<float>({shape[1]}, per_channel)
                                                .constant<float>({shape[1]}, per_channel));
    expect_nothing("Resize", OneNode("Resize").given(kF, shape).left_out().constant<float>({4}, {1, 1, 2, 2}));
    expect_nothing("GridSample", OneNode("GridSample").given(kF, shape).given(kF, {shape[0], 0, 2, 2}));
  }
  expect_nothing("ReverseSequence", OneNode("ReverseSequence").given(kF, {kTwo40, 4, 0}).given(kI, {4}));
  expect_nothing("DepthToSpace", OneNode("DepthToSpace").given(kF, {kTwo40, 4, 0, 2}).with(attribute("blocksize", 2)));
  expect_nothing(
      "NonMaxSuppression",
      OneNode("NonMaxSuppression").given(kF, {1, 0, 4}).given(kF, {1, kTwo40, 0}).given<std::int64_t>({}, {3}));
  expect_nothing(
      "NonMaxSuppression",
      OneNode("NonMaxSuppression").given(kF, {kTwo40, 0, 4}).given(kF, {kTwo40, 1, 0}).given<std::int64_t>({}, {3}));
  for (const auto& [op, gates] : {std::pair<const char*, std::int64_t>{"LSTM", 4}, {"GRU", 3}, {"RNN", 1}}) {
    const auto cell = [&, op = op, gates = gates](const Shape& x) {
      const std::int64_t rows = 3 * gates;
      return OneNode(op)
          .given(kF, x)
          .constant<float>({1, rows, x[2]}, ones({1, rows, x[2]}))
          .constant<float>({1, rows, 3}, ones({1, rows, 3}))
          .with(attribute("hidden_size", 3));
    };
    expect_nothing(op, cell({kTwo40, 0, 2}));
    expect_nothing(op, cell({0, kTwo40, 2}));
    expect_nothing(op, cell({kTwo40, 1, 0}));
  }
}

}  // namespace
}  // namespace linnet::test
