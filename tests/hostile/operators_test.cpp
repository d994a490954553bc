// Attributes, sizes and indices that operators must refuse, and odd values that they must live with (section R).
#include <cmath>
#include <limits>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;
constexpr std::int64_t kMax = INT64_MAX;
constexpr std::int64_t kMin = INT64_MIN;
constexpr std::int64_t kTwo40 = std::int64_t{1} << 40;
constexpr std::int64_t kTwo62 = std::int64_t{1} << 62;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr ErrorCode kLimit = ErrorCode::kLimitExceeded;
constexpr ErrorCode kFault = ErrorCode::kRuntimeFault;
using Ints = std::vector<std::int64_t>;

std::vector<float> ones(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return std::vector<float>(count, 1.0F);
}

// --- Windows ---

OneNode conv(const char* attribute_name, const Ints& values, const Shape& kernel = {1, 1, 3, 3}) {
  return OneNode("Conv")
      .given(kF, {1, 1, 4, 4})
      .constant<float>(kernel, ones(kernel))
      .with(attribute(attribute_name, values));
}
OneNode grouped(std::int64_t group, std::int64_t channels = 1, std::int64_t filters = 1) {
  return OneNode("Conv")
      .given(kF, {1, channels, 4, 4})
      .constant<float>({filters, 1, 3, 3}, ones({filters, 1, 3, 3}))
      .with(attribute("group", group));
}

TEST(HostileOperators, Convolutions) {
  expect_nodes_refused({
      {"kernel larger than X", conv("strides", {1, 1}, {1, 1, 9, 9}),
       "spatial axis 0 of 4 elements, with pads 0 and 0, has no place for a window of 9"},
      {"kernel of 0", conv("strides", {1, 1}, {1, 1, 0, 3}), "the kernel has 0 elements along spatial axis 0"},
      {"kernel_shape differs", conv("kernel_shape", {2, 2}), "kernel_shape is [2,2] but W is [1,1,3,3]"},
      {"stride 0", conv("strides", {0, 1}), "strides [0,1] has 0, expected numbers from 1 to 2147483647"},
      {"stride -1", conv("strides", {-1, 1}), "strides [-1,1] has -1"},
      {"stride 2^62", conv("strides", {kTwo62, 1}), "has 4611686018427387904, expected numbers from 1 to 2147483647"},
      {"one stride", conv("strides", {1}), "strides [1] has 1 element, expected 2 for 2 spatial axes"},
      {"dilation 0", conv("dilations", {0, 1}), "dilations [0,1] has 0, expected numbers from 1"},
      {"dilation 2^40", conv("dilations", {kTwo40, 1}), "has 1099511627776, expected numbers from 1 to 2147483647"},
      {"dilation that leaves X", conv("dilations", {1 << 30, 1}), "has no place for a window of 2147483649"},
      {"pad -1", conv("pads", {-1, 0, 0, 0}), "pads [-1,0,0,0] has -1, expected numbers from 0"},
      {"pads 2^40", conv("pads", {kTwo40, 0, 0, 0}), "has 1099511627776, expected numbers from 0 to 2147483647"},
      {"pads of 2^63-1", conv("pads", {kMax, kMax, kMax, kMax}), "has 9223372036854775807"},
      {"three pads", conv("pads", {1, 1, 1}), "pads [1,1,1] has 3 elements, expected 4 for 2 spatial axes"},
      {"pads that fill the machine", conv("pads", {1 << 20, 1 << 20, 1 << 20, 1 << 20}), "the memory budget is",
       kLimit},
      {"group 0", grouped(0), "group is 0, expected 1 or more"},
      {"group -1", grouped(-1), "group is -1, expected 1 or more"},
      {"group 2^40", grouped(kTwo40), "X has 1 channels, no multiple of group 1099511627776"},
      {"group that does not divide the filters", grouped(2, 2, 3), "Y has 3 channels, no multiple of group 2"},
      {"auto_pad",
       OneNode("Conv").given(kF, {1, 1, 4, 4}).constant<float>({1, 1, 1, 1}, {1}).with(attribute("auto_pad", "SOME")),
       "auto_pad is \"SOME\", expected NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
      {"bias", OneNode("Conv").given(kF, {1, 1, 4, 4}).constant<float>({1, 1, 1, 1}, {1}).constant<float>({2}, {1, 2}),
       "input B is [2], expected [1], one for each channel of Y"},
      {"no spatial axis", OneNode("Conv").given(kF, {4}).constant<float>({1}, {1}),
       "input X is [4] with rank 1, expected rank 3 or more"},
  });
}

TEST(HostileOperators, TransposedConvolutions) {
  const auto with = [](Message attribute, const Shape& kernel = {1, 1, 3, 3}) {
    return OneNode("ConvTranspose")
        .given(kF, {1, 1, 4, 4})
        .constant<float>(kernel, ones(kernel))
        .with(std::move(attribute));
  };
  expect_nodes_refused({
      {"stride 0", with(attribute("strides", Ints{0, 1})), "strides [0,1] has 0, expected numbers from 1"},
      {"stride 2^62", with(attribute("strides", Ints{kTwo62, 1})), "has 4611686018427387904"},
      {"strides of 2^20", with(attribute("strides", Ints{1 << 20, 1 << 20})), "the memory budget is", kLimit},
      {"dilation 0", with(attribute("dilations", Ints{0, 1})), "dilations [0,1] has 0"},
      {"group 0", with(attribute("group", 0)), "group is 0, expected 1 or more"},
      {"group 3", with(attribute("group", 3)), "X has 1 channels, no multiple of group 3"},
      {"pads take all", with(attribute("pads", Ints{5, 5, 5, 5})), "pads 5 and 5 leave nothing of the 6 elements"},
      {"pad -1", with(attribute("pads", Ints{-1, 0, 0, 0})), "pads [-1,0,0,0] has -1"},
      {"output_padding -1", with(attribute("output_padding", Ints{-1, 0})), "output_padding [-1,0] has -1"},
      {"output_padding 2^62", with(attribute("output_padding", Ints{kTwo62, 0})),
       "expected numbers from 0 to 2147483647"},
      {"output_shape -5", with(attribute("output_shape", Ints{-5, 4})), "output_shape [-5,4] has -5"},
      {"output_shape 2^63-1", with(attribute("output_shape", Ints{kMax, kMax})),
       "expected numbers from 1 to 2147483647"},
      {"output_shape of 1 axis", with(attribute("output_shape", Ints{4})), "has 1 elements, expected 2"},
      {"channels", with(attribute("group", 1), {2, 1, 3, 3}),
       "input X is [1,1,4,4] but W is [2,1,3,3]: channels differ"},
  });
}

TEST(HostileOperators, Pools) {
  for (const char* op : {"MaxPool", "AveragePool", "LpPool"}) {
    const auto with = [&](const Ints& kernel, const char* name = "strides", const Ints& values = {1, 1}) {
      return OneNode(op).given(kF, {1, 1, 4, 4}).with(attribute("kernel_shape", kernel)).with(attribute(name, values));
    };
    expect_nodes_refused({
        {"kernel larger than X", with({9, 9}), "spatial axis 0 of 4 elements, with pads 0 and 0, has no place"},
        {"kernel 0", with({0, 2}), "kernel_shape [0,2] has 0, expected numbers from 1 to 2147483647"},
        {"kernel -2", with({-2, 2}), "kernel_shape [-2,2] has -2"},
        {"kernel 2^62", with({kTwo62, kTwo62}), "has 4611686018427387904"},
        {"kernel of 1 axis", with({2}), "kernel_shape [2] has 1 element, expected 2 for 2 spatial axes"},
        {"no kernel", OneNode(op).given(kF, {1, 1, 4, 4}), "kernel_shape is missing"},
        {"stride 0", with({2, 2}, "strides", {0, 1}), "strides [0,1] has 0"},
        {"pads 2^40", with({2, 2}, "pads", {kTwo40, 0, 0, 0}), "has 1099511627776"},
        {"pad -1", with({2, 2}, "pads", {-1, 0, 0, 0}), "pads [-1,0,0,0] has -1"},
        {"empty axis", OneNode(op).given(kF, {1, 1, 0, 3}).with(attribute("kernel_shape", Ints{1, 1})),
         "spatial axis 0 of 0 elements"},
    });
  }
  const auto unpool = [](std::int64_t index) {
    return OneNode("MaxUnpool")
        .given(kF, {1, 1, 1, 1})
        .given<std::int64_t>({1, 1, 1, 1}, {index})
        .with(attribute("kernel_shape", Ints{2, 2}))
        .with(attribute("strides", Ints{2, 2}));
  };
  const auto unpool_to = [](const Ints& shape) {
    return OneNode("MaxUnpool")
        .given(kF, {1, 1, 1, 1})
        .given(DataType::kInt64, {1, 1, 1, 1})
        .given<std::int64_t>({4}, shape)
        .with(attribute("kernel_shape", Ints{2, 2}))
        .with(attribute("strides", Ints{2, 2}));
  };
  expect_nodes_refused({
      {"index 4", unpool(4), "index 4 at position 0 is outside [-4,3]", kFault},
      {"index 2^63-1", unpool(kMax), "index 9223372036854775807 at position 0", kFault},
      {"index -2^63", unpool(kMin), "index -9223372036854775808 at position 0", kFault},
      {"output_shape -8", unpool_to({1, 1, -8, 8}), "[1,1,-8,8]"},
      {"output_shape 2^40", unpool_to({1, 1, kTwo40, kTwo40}), "has more elements than 64 bits can count"},
      {"LpPool p",
       OneNode("LpPool").given(kF, {1, 1, 4}).with(attribute("kernel_shape", Ints{2})).with(attribute("p", 0)),
       "p is 0, expected 1 or more"},
      {"GlobalLpPool p", OneNode("GlobalLpPool").given(kF, {1, 1, 4}).with(attribute("p", -1)), "p is -1"},
      {"LRN 0", OneNode("LRN").given(kF, {1, 1, 4, 4}).with(attribute("size", 0)), "size is 0"},
      {"DepthToSpace 0", OneNode("DepthToSpace").given(kF, {1, 4, 1, 1}).with(attribute("blocksize", 0)),
       "blocksize is 0"},
      {"DepthToSpace 2^32",
       OneNode("DepthToSpace").given(kF, {1, 4, 1, 1}).with(attribute("blocksize", std::int64_t{1} << 32)),
       "4294967296"},
      {"SpaceToDepth 2^32",
       OneNode("SpaceToDepth").given(kF, {1, 4, 1, 1}).with(attribute("blocksize", std::int64_t{1} << 32)),
       "4294967296"},
  });
}

// --- Sampling ---

TEST(HostileOperators, Resize) {
  const auto scaled = [](const std::vector<float>& scales, bool constant) {
    OneNode node = OneNode("Resize", 18).given(kF, {1, 1, 4, 4}).left_out();
    const Shape shape = {static_cast<std::int64_t>(scales.size())};
    return constant ? node.constant<float>(shape, scales) : node.given<float>(shape, scales);
  };
  const auto sized = [](const Ints& sizes) {
    return OneNode("Resize", 18)
        .given(kF, {1, 1, 4, 4})
        .left_out()
        .left_out()
        .given<std::int64_t>({static_cast<std::int64_t>(sizes.size())}, sizes);
  };
  for (const bool constant : {true, false}) {
    expect_nodes_refused({
        {"scale NaN", scaled({1, 1, kNan, 1}, constant), "scales holds nan, expected finite numbers above 0"},
        {"scale 0", scaled({1, 1, 0, 1}, constant), "scales holds 0, expected finite numbers above 0"},
        {"scale -1", scaled({1, 1, -1, 1}, constant), "scales holds -1"},
        {"scale infinite", scaled({1, 1, kInfinity, 1}, constant), "scales holds inf"},
        {"scale 1e30", scaled({1, 1, 1e30F, 1}, constant), "dimension 4 times 1e+30 is larger than 64 bits can count"},
        {"scale 1e9", scaled({1, 1, 1e9F, 1}, constant), "[1,1,4000000000,4] needs 64000000000 bytes", kLimit},
    });
  }
  const auto with = [&](Message attribute) { return scaled({1, 1, 2, 2}, true).with(std::move(attribute)); };
  expect_nodes_refused({
      {"size -4", sized({1, 1, -4, 4}), "sizes is [1,1,-4,4], with a negative number"},
      {"sizes 2^40", sized({1, 1, kTwo40, kTwo40}), "has more elements than 64 bits can count"},
      {"sizes 2^20", sized({1, 1, 1 << 20, 1 << 20}), "the memory budget is 67108864", kLimit},
      {"9 sizes", sized(Ints(9, 1)), "input sizes has 9 elements, expected 4"},
      {"both", scaled({1, 1, 2, 2}, true).given<std::int64_t>({4}, {1, 1, 8, 8}),
       "both scales and sizes are given, expected one of them"},
      {"neither", OneNode("Resize", 18).given(kF, {1, 1, 4, 4}), "neither scales nor sizes is given"},
      {"axes twice", scaled({2, 2}, true).with(attribute("axes", Ints{2, 2})), "axes [2,2] name axis 2 twice"},
      {"axis 9", scaled({2}, true).with(attribute("axes", Ints{9})), "axis 9 is outside [-4,3] for rank 4"},
      {"mode", with(attribute("mode", "best")), "mode is \"best\", expected one of nearest, linear, cubic"},
      {"nearest_mode", with(attribute("nearest_mode", "best")), "nearest_mode is \"best\""},
      {"of nothing",
       OneNode("Resize", 18).given(kF, {1, 1, 0, 3}).left_out().left_out().given<std::int64_t>({4}, {1, 1, 4, 6}),
       "X is empty along axis 2: there is nothing to make 4 elements of"},
      {"roi NaN",
       OneNode("Resize", 18)
           .given(kF, {1, 1, 4, 4})
           .constant<float>({8}, {0, 0, kNan, 0, 1, 1, 1, 1})
           .constant<float>({4}, {1, 1, 2, 2})
           .with(attribute("coordinate_transformation_mode", "tf_crop_and_resize")),
       "roi holds nan, expected finite numbers"},
      {"Upsample 0", OneNode("Upsample", 9).given(kF, {1, 1, 4, 4}).constant<float>({4}, {1, 1, 0, 1}),
       "scales holds 0, expected finite numbers above 0"},
  });
  EXPECT_EQ(scaled({1, 1, 1e-30F, 1}, false).run()[0].shape(), (Shape{1, 1, 0, 4}));
}

/// Wherever a point lies, what is read lies within the image.
TEST(HostileOperators, GridsOfAnyPoints) {
  const Shape image = {1, 1, 3, 3};
  for (const float place : {kNan, kInfinity, -kInfinity, 1e30F, -3e38F}) {
    for (const char* mode : {"bilinear", "nearest", "bicubic"}) {
      for (const char* padding : {"zeros", "border", "reflection"}) {
        const OneNode node = OneNode("GridSample")
                                 .given<float>(image, {0, 1, 2, 3, 4, 5, 6, 7, 8})
                                 .given<float>({1, 1, 2, 2}, {place, 0, 0, place})
                                 .with(attribute("mode", mode))
                                 .with(attribute("padding_mode", padding));
        EXPECT_EQ(node.run()[0].shape(), (Shape{1, 1, 1, 2})) << mode << " " << padding << " " << place;
      }
    }
  }
  expect_nodes_refused({
      {"last dimension 3", OneNode("GridSample").given(kF, image).given(kF, {1, 1, 2, 3}),
       "expected a last dimension of 2"},
      {"batches", OneNode("GridSample").given(kF, image).given(kF, {2, 1, 2, 2}), "first dimensions differ"},
      {"rank", OneNode("GridSample").given(kF, image).given(kF, {1, 2, 2}), "input grid has rank 3, expected 4 as X"},
      {"empty image", OneNode("GridSample").given(kF, {1, 1, 0, 3}).given(kF, {1, 1, 2, 2}),
       "X is empty along axis 2: there is nothing to sample"},
      {"2^40 points", OneNode("GridSample").given(kF, {1, kTwo40, 1, 0}).given(kF, {1, 1, 1, 2}),
       "X is empty along axis 3: there is nothing to sample"},
  });
}

// --- Recurrent ---

TEST(HostileOperators, Recurrent) {
  const std::pair<const char*, std::int64_t> cells[] = {{"LSTM", 4}, {"GRU", 3}, {"RNN", 1}};
  for (const auto& [op, gates] : cells) {
    const std::int64_t rows = 3 * gates;
    const auto cell = [&, op = op](std::int64_t hidden) {
      return OneNode(op)
          .given(kF, {4, 2, 2})
          .constant<float>({1, rows, 2}, ones({1, rows, 2}))
          .constant<float>({1, rows, 3}, ones({1, rows, 3}))
          .with(attribute("hidden_size", hidden));
    };
    const auto lengths = [&](const std::vector<std::int32_t>& values) {
      return cell(3).left_out().given<std::int32_t>({static_cast<std::int64_t>(values.size())}, values);
    };
    expect_nodes_refused({
        {"hidden_size 2^30", cell(1 << 30), "expected [1," + std::to_string(gates << 30) + ",2]"},
        {"hidden_size 2^62", cell(kTwo62), "4611686018427387904"},
        {"hidden_size 0", cell(0), "hidden_size is 0, expected 1 or more"},
        {"hidden_size -1", cell(-1), "hidden_size is -1, expected 1 or more"},
        {"two directions", cell(3).with(attribute("direction", "bidirectional")),
         "input W is [1," + std::to_string(rows) + ",2], expected [2," + std::to_string(rows) + ",2]"},
        {"direction", cell(3).with(attribute("direction", "sideways")),
         "direction is \"sideways\", expected forward, reverse or bidirectional"},
        {"layout", cell(3).with(attribute("layout", 9)), "layout is 9, expected 0 or 1"},
        {"clip NaN", cell(3).with(attribute("clip", kNan)), "clip is nan, expected a number above 0"},
        {"clip -1", cell(3).with(attribute("clip", -1.0F)), "clip is -1, expected a number above 0"},
        {"7 activations", cell(3).with(attribute("activations", std::vector<std::string>(7, "Tanh"))),
         "activations has 7 names"},
        {"alphas of none", cell(3).with(attribute("activation_alpha", std::vector<float>(100, 1.0F))),
         "activation_alpha has 100 values, but 0 of the "},
        {"lengths of 1", lengths({4}), "input sequence_lens is [1], expected [2]: batch"},
        {"length 5", lengths({4, 5}), "sequence_lens[1] is 5, expected 0 to 4, the steps of X", kFault},
        {"length -1", lengths({4, -1}), "sequence_lens[1] is -1, expected 0 to 4", kFault},
        {"length -2^31", lengths({INT32_MIN, INT32_MAX}), "sequence_lens[0] is -2147483648", kFault},
    });
    EXPECT_EQ(lengths({0, 0}).run()[0].data<float>()[0], 0.0F);
  }
}

// --- Indices ---

TEST(HostileOperators, Indices) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, kMax, kMin}) {
    const auto node = [&](const char* op, const Shape& indices, const Shape& updates, std::int64_t opset = 17) {
      OneNode result = OneNode(op, opset).given(kF, {2, 4});
      result.given<std::int64_t>(indices, indices.empty() ? Ints{index} : Ints{index, 0});
      return updates.empty() ? result : result.given(kF, updates);
    };
    const std::string words = "index " + std::to_string(index) + " at position 0 is outside [-2,1]";
    expect_nodes_refused({
        {"", node("Gather", {}, {}), words, kFault},
        {"", node("GatherElements", {1, 2}, {}), words, kFault},
        {"", node("GatherND", {1, 2}, {}), words, kFault},
        {"", node("ScatterElements", {1, 2}, {1, 2}), words, kFault},
        {"", node("Scatter", {1, 2}, {1, 2}, 9), words, kFault},
        {"", node("ScatterND", {1, 2}, {1}), words, kFault},
    });
    // To OneHot an index out of range is no fault: nothing is on.
    OneNode one_hot = OneNode("OneHot").given<std::int64_t>({1}, {index});
    one_hot.constant<std::int64_t>({}, {1}).constant<float>({2}, {5, 6});
    EXPECT_EQ(one_hot.run()[0].data<float>()[0], 5.0F);
  }
  expect_nodes_refused({
      {"int32", OneNode("Gather").given(kF, {2, 4}).given<std::int32_t>({1}, {INT32_MIN}), "index -2147483648", kFault},
      {"9 rows", OneNode("GatherElements").given(kF, {2, 4}).given(DataType::kInt64, {9, 9}), "[9,9]"},
      {"tuples of 3", OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 3}), "[1,3]"},
      {"tuples of 0", OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 0}), "[1,0]"},
      {"batch_dims 5",
       OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 1}).with(attribute("batch_dims", 5)),
       "batch_dims is 5"},
      {"batch_dims -1",
       OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 1}).with(attribute("batch_dims", -1)),
       "batch_dims is -1"},
      {"updates of another shape",
       OneNode("ScatterElements").given(kF, {2, 4}).given(DataType::kInt64, {1, 2}).given(kF, {2, 1}), "[2,1]"},
      {"updates of another size", OneNode("ScatterND").given(kF, {2, 4}).given(DataType::kInt64, {1, 2}).given(kF, {9}),
       "[9]"},
      {"lengths of 9", OneNode("ReverseSequence").given(kF, {2, 4}).given<std::int64_t>({4}, {1, 9, 1, 1}),
       "element 1 of sequence_lens is 9, outside [0,2]", kFault},
      {"lengths of -1", OneNode("ReverseSequence").given(kF, {2, 4}).given<std::int64_t>({4}, {-1, 1, 1, 1}),
       "element 0 of sequence_lens is -1, outside [0,2]", kFault},
  });
}

TEST(HostileOperators, CountsAndAxes) {
  for (const bool constant : {true, false}) {
    const auto list = [&](OneNode node, const Shape& shape, const Ints& values) {
      return constant ? node.constant<std::int64_t>(shape, values) : node.given<std::int64_t>(shape, values);
    };
    const auto top = [&](std::int64_t k) { return list(OneNode("TopK").given(kF, {2, 4}), {1}, {k}).outputs(2); };
    const auto sum = [&](std::int64_t axis) { return list(OneNode("CumSum").given(kF, {2, 4}), {}, {axis}); };
    const ErrorCode of_axis = constant ? ErrorCode::kInvalidModel : kFault;
    expect_nodes_refused({
        {"K 5", top(5), "K is 5, but axis 1 has only 4 elements"},
        {"K 2^63-1", top(kMax), "K is 9223372036854775807, but axis 1 has only 4 elements"},
        {"K -1", top(-1), "K is -1, expected 0 or more"},
        {"K -2^63", top(kMin), "K is -9223372036854775808, expected 0 or more"},
        {"axis 2", sum(2), "axis 2 is outside [-2,1] for rank 2", of_axis},
        {"axis 2^63-1", sum(kMax), "axis 9223372036854775807 is outside [-2,1]", of_axis},
        {"axis -2^63", sum(kMin), "axis -9223372036854775808 is outside [-2,1]", of_axis},
        {"sum of axis 5", list(OneNode("ReduceSum").given(kF, {2, 4}), {1}, {5}),
         "axis 5 is outside [-2,1] for rank 2"},
        {"sum of one axis twice", list(OneNode("ReduceSum").given(kF, {2, 4}), {2}, {0, -2}),
         "axes [0,-2] name axis 0 twice"},
        {"70 axes more", list(OneNode("Unsqueeze").given(kF, {2, 4}), {70}, Ints(70, 0)), "output 0 has rank 72",
         kLimit},
        {"squeezed", list(OneNode("Squeeze").given(kF, {2, 4}), {1}, {0}),
         "axis 0 of shape [2,4] has size 2, expected 1"},
        {"split -1", list(OneNode("Split").given(kF, {2, 4}), {2}, {-1, 3}).outputs(2),
         "split is [-1,3], with a negative size"},
        {"split 2^63-1", list(OneNode("Split").given(kF, {2, 4}), {2}, {kMax, kMax}).outputs(2), "9223372036854775807"},
        {"step 0", list(list(list(list(OneNode("Slice").given(kF, {2, 4}), {1}, {0}), {1}, {2}), {1}, {0}), {1}, {0}),
         "the step along axis 0 is 0"},
        {"two -1", list(OneNode("Reshape").given(kF, {2, 4}), {2}, {-1, -1}), "shape [-1,-1] has more than one -1"},
    });
  }
  for (const std::int64_t k : {kMax, kMin}) {
    EXPECT_EQ(OneNode("EyeLike").given(kF, {2, 4}).with(attribute("k", k)).run()[0].data<float>()[0], 0.0F);
    EXPECT_EQ(OneNode("Trilu").given(kF, {2, 4}).given<std::int64_t>({}, {k}).run()[0].count(), 8U);
    EXPECT_LE(OneNode("Shape").given(kF, {2, 4}).with(attribute("start", k)).run()[0].count(), 2U);
  }
}

TEST(HostileOperators, RotaryPositions) {
  const auto rotary = [](std::int64_t position, const Shape& x = {1, 2, 1, 4}) {
    return OneNode("RotaryEmbedding", 23)
        .given(kF, x)
        .constant<float>({5, 2}, ones({5, 2}))
        .constant<float>({5, 2}, ones({5, 2}))
        .given<std::int64_t>({1, 1}, {position});
  };
  expect_nodes_refused({
      {"5", rotary(5), "5", kFault},
      {"-6", rotary(-6), "-6", kFault},
      {"2^63-1", rotary(kMax), "9223372036854775807", kFault},
      {"-2^63", rotary(kMin), "-9223372036854775808", kFault},
      {"odd width", rotary(0, {1, 2, 1, 5}), "5"},
      {"dimension 2^62", rotary(0).with(attribute("rotary_embedding_dim", kTwo62)), "4611686018427387904"},
      {"dimension -2", rotary(0).with(attribute("rotary_embedding_dim", -2)), "-2"},
      {"no heads", rotary(0, {1, 1, 8}), "num_heads"},
      {"heads -1", rotary(0, {1, 1, 8}).with(attribute("num_heads", -1)), "num_heads is -1"},
  });
}

// --- Equations ---

TEST(HostileOperators, Equations) {
  const auto einsum = [](const std::string& equation, std::size_t operands = 1) {
    OneNode node("Einsum");
    for (std::size_t i = 0; i < operands; ++i) node.given(kF, {2, 4});
    return node.with(attribute("equation", equation.c_str()));
  };
  std::vector<RefusedNode> cases;
  for (const char* equation : {"", "->", "i", "ij->ijk", "ij->ii", "ij-", "ij->>i", "ij,", "i1", "i...j...", ".ij",
                               "..ij", "ijk", "ii", "\xc3\xa9j", "-", ">", ",", "ij->k"})
    cases.push_back({equation, einsum(equation), "", ErrorCode::kInvalidModel});
  cases.push_back({"too few", einsum("ij", 2), ""});
  cases.push_back({"sizes", einsum("ij,jk->ik", 2), ""});
  cases.push_back({"10^6 letters", einsum(std::string(1000000, 'a')), ""});
  cases.push_back({"10^5 letters out", einsum("ij->" + std::string(100000, 'i')), ""});
  cases.push_back({"10^5 operands", einsum(std::string(100000, ',')), ""});
  cases.push_back({"10^5 dots", einsum(std::string(300000, '.')), ""});
  expect_nodes_refused(cases);
  for (const RefusedNode& refused : cases) {
    try {
      refused.node.run();
    } catch (const Error& error) {
      EXPECT_LT(std::string(error.what()).size(), 1000U) << refused.name;
    }
  }
  OneNode outer("Einsum");
  for (int i = 0; i < 4; ++i) outer.given(kF, {1 << 13});
  expect_nodes_refused({{"2^52 elements", outer.with(attribute("equation", "a,b,c,d->abcd")),
                         "[8192,8192,8192,8192] needs 18014398509481984 bytes", kLimit}});
  // A sum of 2^60 products takes no memory: a deadline ends it.
  OneNode sum("Einsum");
  for (int i = 0; i < 3; ++i) sum.given(kF, {1 << 10, 1 << 10});
  const Model model = accept(sum.with(attribute("equation", "ab,cd,ef->")).bytes());
  RunOptions until;
  until.timeout = std::chrono::milliseconds(20);
  const Tensor x = Tensor::of<float>({1 << 10, 1 << 10});
  expect_refusal("2^60 products", ErrorCode::kDeadlineExceeded, {"deadline"}, [&] { model.run({x, x, x}, until); });
}

// --- Quantisation ---

TEST(HostileOperators, ScalesAndBlocks) {
  for (const bool quantize : {true, false}) {
    const auto node = [&](const Shape& scales, std::int64_t axis, std::int64_t block) {
      OneNode result(quantize ? "QuantizeLinear" : "DequantizeLinear", 21);
      result.given(quantize ? kF : DataType::kInt8, {2, 4}).constant<float>(scales, ones(scales));
      if (block != 0) result.with(attribute("block_size", block));
      return result.with(attribute("axis", axis));
    };
    expect_nodes_refused({
        {"axis 2", node({4}, 2, 0), "axis 2 is outside [-2,1] for rank 2"},
        {"axis -2^63", node({4}, kMin, 0), "axis -9223372036854775808 is outside [-2,1]"},
        {"3 scales", node({3}, 1, 0), "[3]"},
        {"no scales", node({0}, 1, 0), "[0]"},
        {"block -1", node({2, 2}, 1, -1), "block_size is -1"},
        {"no block", node({2, 2}, 1, 0), "[2,2]"},
        {"block 9", node({2, 2}, 1, 9), "[2,2]"},
        {"block 2^62", node({2, 2}, 1, kTwo62), "[2,2]"},
        {"rank", node({2, 2, 2}, 1, 2), "[2,2,2]"},
    });
    EXPECT_EQ(node({2, 1}, 1, kMax).run()[0].count(), 8U) << "one block, larger than the axis";
    for (const float scale : {0.0F, kNan, kInfinity, -kInfinity, -1.0F, 1e-45F}) {
      OneNode odd(quantize ? "QuantizeLinear" : "DequantizeLinear", 21);
      odd.given(quantize ? kF : DataType::kInt8, {5}).given<float>({}, {scale});
      EXPECT_EQ(odd.run()[0].count(), 5U) << scale;
    }
  }
  const OneNode odd =
      OneNode("QuantizeLinear", 21).given<float>({4}, {kNan, kInfinity, -kInfinity, 3e38F}).constant<float>({}, {1});
  const std::vector<Tensor> made = odd.run();
  EXPECT_EQ(made[0].data<std::uint8_t>()[1], 255);
  EXPECT_EQ(made[0].data<std::uint8_t>()[2], 0);
  EXPECT_EQ(made[0].data<std::uint8_t>()[3], 255);
}

// --- Integers ---

TEST(HostileOperators, Integers) {
  for (const char* op : {"Div", "Mod"}) {
    expect_nodes_refused({
        {"by 0", OneNode(op).given<std::int32_t>({2}, {INT32_MIN, 7}).given<std::int32_t>({2}, {-1, 0}),
         "integer division by zero at element 1", kFault},
        {"constant 0", OneNode(op).given<std::int64_t>({2}, {kMin, 7}).constant<std::int64_t>({2}, {-1, 0}),
         "integer division by zero at element 1", kFault},
    });
    const std::vector<Tensor> y = OneNode(op).given<std::int64_t>({1}, {kMin}).given<std::int64_t>({1}, {-1}).run();
    EXPECT_EQ(y[0].data<std::int64_t>()[0], op == std::string("Div") ? kMin : 0);
  }
  const OneNode shift = OneNode("BitShift")
                            .given<std::uint8_t>({3}, {1, 2, 3})
                            .given<std::uint8_t>({3}, {8, 64, 255})
                            .with(attribute("direction", "LEFT"));
  EXPECT_EQ(shift.run()[0].data<std::uint8_t>()[2], 0) << "wider than the type";
  EXPECT_EQ(OneNode("Pow").given<std::int64_t>({2}, {2, 0}).given<std::int64_t>({2}, {kMax, -1}).run()[0].count(), 2U);
}

}  // namespace
}  // namespace linnet::test
