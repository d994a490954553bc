// Regions, offsets and signals whose numbers lie outside of what they name (section R; see operators_test.cpp).
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

TEST(HostileOperators, RegionsOfManySamplesEndAtADeadline) {
  for (const char* mode : {"avg", "max"}) {
    SCOPED_TRACE(mode);
    OneNode regions("RoiAlign");
    regions.given(kF, {1, 1, 4, 4}).given(kF, {1, 4}).given(DataType::kInt64, {1});
    regions.with(attribute("mode", mode)).with(attribute("sampling_ratio", INT32_MAX));
    const Model model = accept(regions.bytes());
    Tensor corners = Tensor::of<float>({1, 4});
    for (std::size_t i = 0; i < 4; ++i) corners.data<float>()[i] = i < 2 ? 0.0F : 4.0F;
    RunOptions until;
    until.timeout = std::chrono::milliseconds(20);
    expect_refusal("2^62 samples", ErrorCode::kDeadlineExceeded, {"deadline"}, [&] {
      model.run({Tensor::of<float>({1, 1, 4, 4}), corners, Tensor::of<std::int64_t>({1})}, until);
    });
  }
}

TEST(HostileOperators, Regions) {
  const auto regions = [](const Shape& shape, const std::vector<float>& corners, std::int64_t batch) {
    return OneNode("RoiAlign").given(kF, {2, 1, 4, 4}).given<float>(shape, corners).given<std::int64_t>({1}, {batch});
  };
  const auto pooled = [](const std::vector<float>& region) {
    return OneNode("MaxRoiPool")
        .given(kF, {2, 1, 4, 4})
        .given<float>({1, 5}, region)
        .with(attribute("pooled_shape", Ints{2, 2}));
  };
  const std::vector<float> whole = {0, 0, 4, 4};
  expect_nodes_refused({
      {"image 2", regions({1, 4}, whole, 2), "element 0 of batch_indices is 2, outside [0,1]", kFault},
      {"image -1", regions({1, 4}, whole, -1), "element 0 of batch_indices is -1", kFault},
      {"image 2^63-1", regions({1, 4}, whole, kMax), "element 0 of batch_indices is 9223372036854775807", kFault},
      {"three corners", regions({1, 3}, {0, 0, 4}, 0), "input rois is [1,3]"},
      {"height 2^62", regions({1, 4}, whole, 0).with(attribute("output_height", kTwo62)), "output_height is"},
      {"height -1", regions({1, 4}, whole, 0).with(attribute("output_height", -1)), "output_height is -1"},
      {"samples -1", regions({1, 4}, whole, 0).with(attribute("sampling_ratio", -1)), "sampling_ratio is -1"},
      {"pooled image 2", pooled({2, 0, 0, 1, 1}), "region 0 is of image 2, outside [0,1]", kFault},
      {"pooled image NaN", pooled({kNan, 0, 0, 1, 1}), "region 0 is of image nan", kFault},
      {"pooled corner", pooled({0, 0, kInfinity, 1, 1}), "region 0 has the corner inf", kFault},
  });
  for (const float corner : {kNan, kInfinity, -kInfinity, 3e38F, -3e38F}) {
    EXPECT_EQ(regions({1, 4}, {corner, 0, 0, corner}, 0).run()[0].count(), 1U);
    EXPECT_EQ(regions({1, 4}, {0, corner, corner, 0}, 0).run()[0].count(), 1U);
  }
}

TEST(HostileOperators, MovedTaps) {
  const auto deformed = [](float offset) {
    return OneNode("DeformConv", 19)
        .given(kF, {1, 1, 2, 2})
        .given(kF, {1, 1, 1, 1})
        .given<float>({1, 2, 2, 2}, std::vector<float>(8, offset));
  };
  for (const float offset : {kNan, kInfinity, -kInfinity, 3e38F}) EXPECT_EQ(deformed(offset).run()[0].count(), 4U);
  expect_nodes_refused({
      {"group 0", deformed(0).with(attribute("group", 0)), "group is 0, expected 1 or more"},
      {"group 2^62", deformed(0).with(attribute("group", kTwo62)), "4611686018427387904"},
      {"offset_group -1", deformed(0).with(attribute("offset_group", -1)), "offset_group is -1"},
      {"offset_group 2^62", deformed(0).with(attribute("offset_group", kTwo62)), "4611686018427387904"},
      {"pads 2^40", deformed(0).with(attribute("pads", Ints(4, kTwo40))), "pads"},
  });
}

TEST(HostileOperators, Blocks) {
  const auto blocks = [](const Ints& image, const Ints& block) {
    const auto size = [](const Ints& list) { return Shape{static_cast<std::int64_t>(list.size())}; };
    return OneNode("Col2Im", 18)
        .given(kF, {1, 4, 1})
        .constant<std::int64_t>(size(image), image)
        .constant<std::int64_t>(size(block), block);
  };
  expect_nodes_refused({
      {"image 2^62", blocks({kTwo62, kTwo62}, {2, 2}), "4611686018427387904"},
      {"image -1", blocks({-1, 2}, {2, 2}), "image_shape[0] is -1"},
      {"block 0", blocks({2, 2}, {0, 2}), "the kernel has 0 elements along spatial axis 0"},
      {"block 2^62", blocks({2, 2}, {kTwo62, 2}), "the kernel has 4611686018427387904 elements"},
      {"three sizes", blocks({2, 2, 2}, {2, 2}), "image_shape has 3 elements and block_shape 2"},
      {"stride 0", blocks({2, 2}, {2, 2}).with(attribute("strides", Ints{0, 1})), "strides [0,1] has 0"},
  });
}

TEST(HostileOperators, Signals) {
  const auto dft = [](std::int64_t length, std::int64_t axis = 1) {
    return OneNode("DFT", 20)
        .given(kF, {1, 8, 1})
        .constant<std::int64_t>({}, {length})
        .constant<std::int64_t>({}, {axis});
  };
  const auto stft = [](std::int64_t step, std::int64_t length) {
    return OneNode("STFT")
        .given(kF, {1, 8, 1})
        .constant<std::int64_t>({}, {step})
        .left_out()
        .constant<std::int64_t>({}, {length});
  };
  expect_nodes_refused({
      {"length 0", dft(0), "the length of the transform is 0, expected 1 or more"},
      {"length -1", dft(-1), "the length of the transform is -1"},
      {"length 2^30", dft(std::int64_t{1} << 30), "memory", kLimit},
      {"length 2^40", dft(kTwo40), "memory", kLimit},
      {"length 2^62", dft(kTwo62), ""},
      {"a large prime", dft(1299709), "prime factor above 31", ErrorCode::kUnsupported},
      {"axis 2", dft(8, 2), "axis 2 is the last one"},
      {"axis 2^62", dft(8, kTwo62), "axis 4611686018427387904 is outside [-3,2]"},
      {"step 0", stft(0, 4), "frame_step is 0, expected 1 or more"},
      {"step -2^63", stft(kMin, 4), "frame_step is -9223372036854775808"},
      {"frame 9", stft(1, 9), "a frame has 9 numbers, but the signal only 8"},
      {"frame 0", stft(1, 0), "frame_length is 0"},
  });
  EXPECT_EQ(stft(kMax, 8).run()[0].shape(), (Shape{1, 1, 5, 2}));
}

TEST(HostileOperators, CacheSteps) {
  const auto scatter = [](std::int64_t index, const char* mode) {
    return OneNode("TensorScatter", 24)
        .given(kF, {1, 4, 2})
        .given(kF, {1, 2, 2})
        .given<std::int64_t>({1}, {index})
        .with(attribute("mode", mode));
  };
  expect_nodes_refused({
      {"3", scatter(3, "linear"), "element 0 of write_indices is 3, expected 0 to 2", kFault},
      {"-1", scatter(-1, "circular"), "element 0 of write_indices is -1", kFault},
      {"2^63-1", scatter(kMax, "linear"), "element 0 of write_indices is 9223372036854775807", kFault},
      {"axis 2^62", scatter(0, "linear").with(attribute("axis", kTwo62)), "axis 4611686018427387904"},
  });
  EXPECT_EQ(scatter(kMax, "circular").run()[0].count(), 8U);
}

TEST(HostileOperators, RandomNumbers) {
  const auto shaped = [](const Ints& shape) { return OneNode("RandomNormal").with(attribute("shape", shape)); };
  const auto drawn = [](std::int64_t samples) {
    return OneNode("Multinomial").given(kF, {1, 2}).with(attribute("sample_size", samples));
  };
  expect_nodes_refused({
      {"2^62 numbers", shaped({kTwo62}), ""},
      {"2^40 numbers", shaped({kTwo40}), "memory", kLimit},
      {"-1 numbers", shaped({-1}), "shape is [-1], with a negative size"},
      {"0 samples", drawn(0), "sample_size is 0, expected 1 or more"},
      {"2^40 samples", drawn(kTwo40), "memory", kLimit},
      {"2^62 samples", drawn(kTwo62), ""},
  });
}

TEST(HostileOperators, Determinants) {
  expect_nodes_refused({{"2 x 3", OneNode("Det").given(kF, {2, 3}), "input X is [2,3], expected square matrices"}});
  EXPECT_TRUE(std::isnan(OneNode("Det").given<float>({1, 1}, {kNan}).run()[0].data<float>()[0]));
}

TEST(HostileOperators, BanksOfFilters) {
  const auto bank = [](std::int64_t bins, std::int64_t length, std::int64_t rate, float low, float high) {
    return OneNode("MelWeightMatrix")
        .given<std::int64_t>({}, {bins})
        .given<std::int64_t>({}, {length})
        .given<std::int64_t>({}, {rate})
        .given<float>({}, {low})
        .given<float>({}, {high});
  };
  EXPECT_EQ(bank(2, 16, 8000, 0, 4000).run()[0].shape(), (Shape{9, 2}));
  expect_nodes_refused({
      {"2^62 bins", bank(kTwo62, 16, 8000, 0, 4000), "num_mel_bins is 4611686018427387904"},
      {"-1 bins", bank(-1, 16, 8000, 0, 4000), "num_mel_bins is -1, expected 0 to 2147483647"},
      {"length 2^62", bank(2, kTwo62, 8000, 0, 4000), "dft_length is 4611686018427387904"},
      {"length -1", bank(2, -1, 8000, 0, 4000), "dft_length is -1, expected 1 to 2147483647"},
      {"rate 0", bank(2, 16, 0, 0, 4000), "sample_rate is 0, expected 1 or more", kFault},
      {"from NaN", bank(2, 16, 8000, kNan, 4000), "edge 0 between nan and 4000 Hz", kFault},
      {"to infinity", bank(2, 16, 8000, 0, kInfinity), "edge 0 between 0 and inf Hz", kFault},
  });
}

}  // namespace
}  // namespace linnet::test
