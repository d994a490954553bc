// Windows and places that leave their image: convolutions, pools, resizes and grids, with attributes and sizes that
// must be refused and odd values that they must live with (section R).
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

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
      {"a sum, which only a fusion makes an input",
       OneNode("Conv")
           .given(kF, {1, 1, 4, 4})
           .constant<float>({1, 1, 1, 1}, {1})
           .constant<float>({1}, {1})
           .given(kF, {1, 1, 4, 4}),
       "4 inputs, expected 2 to 3"},
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

}  // namespace
}  // namespace linnet::test
