// Images that are broken, and such as are larger than they look (sections O, R).
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <linnet/tensor_file.hpp>

#include "tests/hostile/one_node.hpp"
#include "tests/ops/image/image_files.hpp"

namespace linnet::test {
namespace {

constexpr std::size_t kBudget = std::size_t{16} << 20;

Model decoder() {
  const std::string bytes = ModelWriter()
                                .opset(20)
                                .input("x", DataType::kUint8, {"N"})
                                .output("y")
                                .node("ImageDecoder", {"x"}, {"y"})
                                .bytes();
  Options options;
  options.threads = 1;
  options.memory_budget = kBudget;
  return Model::load(bytes.data(), bytes.size(), options);
}

Shape decode(const Model& model, const ImageBytes& file) {
  Tensor x = Tensor::of<std::uint8_t>({static_cast<std::int64_t>(file.size())});
  std::copy(file.begin(), file.end(), x.data<std::uint8_t>());
  return model.run({x}).front().shape();
}

/// Those of ONNX's node tests: one of each format, of 32 x 32 pixels.
std::vector<ImageBytes> samples() {
  std::vector<ImageBytes> files;
  for (const char* format : {"bmp", "jpeg2k", "jpeg", "png", "pnm", "tiff", "webp"}) {
    const Tensor file = read_tensor_proto(std::string(LINNET_TEST_DATA_DIR "/node_tests/test_image_decoder_decode_") +
                                          format + "_rgb/test_data_set_0/input_0.pb");
    const auto* const bytes = file.data<std::uint8_t>();
    files.emplace_back(bytes, bytes + file.count());
  }
  return files;
}

class HostileImages : public testing::Test {
 protected:
  void SetUp() override {
    if (!LINNET_WITH_IMAGE_CODECS) GTEST_SKIP() << "built without some of the formats";
  }
};

TEST_F(HostileImages, ThatEndEarlyAreEmpty) {
  const Model model = decoder();
  const Shape nothing{0, 0, 3};
  for (const ImageBytes& file : samples()) {
    EXPECT_EQ(decode(model, file), (Shape{32, 32, 3}));
    for (std::size_t size = 0; size < file.size() / 2; size += 1 + size / 16)
      EXPECT_EQ(decode(model, ImageBytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))), nothing)
          << size << " of " << file.size();
  }
}

/// Whatever comes of it: no more memory than the budget, and the process is as good as before.
TEST_F(HostileImages, WithWrongBytesHarmNothing) {
  const Model model = decoder();
  std::size_t decoded = 0;
  for (const ImageBytes& file : samples()) {
    for (std::size_t at = 0; at < file.size(); at += 1 + at / 64) {
      for (const std::uint8_t change : {std::uint8_t{0x01}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
        ImageBytes changed = file;
        changed[at] ^= change;
        try {
          decoded += decode(model, changed) == Shape{32, 32, 3} ? 1 : 0;
        } catch (const Error& error) {
          EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kOutOfMemory) << error.what();
        }
      }
    }
    EXPECT_EQ(decode(model, file), (Shape{32, 32, 3}));
  }
  EXPECT_GT(decoded, 0U);
}

TEST_F(HostileImages, ThatExplodeEndAtTheBudget) {
  const Model model = decoder();
  const auto expect_bomb = [&](const char* name, const ImageBytes& file) {
    expect_refusal(name, kLimit, {"the memory budget is 16777216"}, [&] { decode(model, file); });
  };
  expect_bomb("a PNG of 100,000 x 100,000", png(100000, 100000, 8, 2, {0}));
  expect_bomb("an interlaced one whose rows are held", png(2000, 2000, 1, 0, {0}, {}, 1));
  const ImageBytes quantities = ImageBytes{0xff, 0xdb, 0, 67, 0} + ImageBytes(64, 1);
  const ImageBytes frame{0xff, 0xc2, 0, 11, 8, 0xff, 0, 0xff, 0, 1, 1, 0x11, 0};
  const ImageBytes scan{0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0};
  expect_bomb("a progressive JPEG of 65,280 x 65,280", ImageBytes{0xff, 0xd8} + quantities + frame + scan);
}

}  // namespace
}  // namespace linnet::test
