#include <gtest/gtest.h>

#include <string>

#include "tests/ops/image/image_files.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using test::bitmap;
using test::bytes_of_text;
using test::ImageBytes;
using test::operator+;
using test::little;
using test::png;
using test::png_chunk;

class ImageDecoder : public testing::Test {
 protected:
  void SetUp() override {
    if (!LINNET_WITH_IMAGE) GTEST_SKIP() << "built without the module for images";
  }
};
using ImageDecoderWithoutModule = testing::Test;

OpTest decoding(const ImageBytes& file, const char* format = "RGB") {
  OpTest test("ImageDecoder", 20);
  test.attribute("pixel_format", std::string(format));
  return test.input<std::uint8_t>({static_cast<std::int64_t>(file.size())}, file);
}

void expect_rgb(const char* name, const ImageBytes& file, std::int64_t height, std::int64_t width,
                const ImageBytes& pixels) {
  decoding(file).named(name).expect<std::uint8_t>({height, width, 3}, pixels).run();
}

void expect_nothing(const std::string& name, const ImageBytes& file) {
  decoding(file).named(name).expect<std::uint8_t>({0, 0, 3}, {}).run();
}

/// A file that ends early, wherever it does.
void expect_no_beginning(const ImageBytes& file) {
  for (std::size_t size = 0; size < file.size(); ++size)
    expect_nothing(text("the first ", size, " bytes"),
                   {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)});
}

const ImageBytes kFour{255, 0, 0, 1, 2, 3, 0, 255, 0, 250, 251, 252};  // 2 x 2
const ImageBytes kPixmap = bytes_of_text("P6 2 2 255\n") + kFour;

TEST_F(ImageDecoder, PortableOnes) {
  expect_rgb("P6", kPixmap, 2, 2, kFour);
  expect_rgb("P6 of 16 bits", bytes_of_text("P6 1 1 65535\n") + ImageBytes{0, 0, 0x80, 0x80, 0xff, 0xff}, 1, 1,
             {0, 128, 255});
  expect_rgb("P5, of 3 values", bytes_of_text("P5\n# by hand\n3 1\n2\n") + ImageBytes{0, 1, 2}, 1, 3,
             {0, 0, 0, 128, 128, 128, 255, 255, 255});
  expect_rgb("P4", bytes_of_text("P4 2 2\n") + ImageBytes{0x80, 0x40}, 2, 2,
             {0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0});
  expect_rgb("P3", bytes_of_text("P3 1 2 9 1 2 3\n#\n 9 9 0 "), 2, 1, {28, 57, 85, 255, 255, 0});
  expect_rgb("P2", bytes_of_text("P2 2 1 255 7 300 "), 1, 2, {7, 7, 7, 255, 255, 255});
  expect_rgb("P1, without space", bytes_of_text("P1 4 1\n0110"), 1, 4,
             {255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255});
}

TEST_F(ImageDecoder, Bitmaps) {
  const ImageBytes bottom{3, 2, 1, 6, 5, 4, 0, 0};
  const ImageBytes top{9, 8, 7, 12, 11, 10, 0, 0};
  const ImageBytes pixels{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6};
  expect_rgb("from the bottom up", bitmap(2, 2, 24, 0, {}, bottom + top), 2, 2, pixels);
  expect_rgb("from the top down", bitmap(2, -2, 24, 0, {}, top + bottom), 2, 2, pixels);
  expect_rgb("of 32 bits", bitmap(1, 1, 32, 0, {}, {3, 2, 1, 99}), 1, 1, {1, 2, 3});
  expect_rgb("of 15 bits", bitmap(1, 1, 16, 0, {}, {0xe0, 0x7f, 0, 0}), 1, 1, {255, 255, 0});
  expect_rgb("of 5, 6 and 5 bits",
             bitmap(1, 1, 16, 3, little(0xf800, 4) + little(0x7e0, 4) + little(0x1f, 4), {0xe1, 7, 0, 0}), 1, 1,
             {0, 255, 8});
  const ImageBytes palette{1, 2, 3, 0, 4, 5, 6, 0};
  expect_rgb("of 8 bits", bitmap(3, 1, 8, 0, palette, {0, 1, 2, 0}, 2), 1, 3, {3, 2, 1, 6, 5, 4, 0, 0, 0});
  expect_rgb("of 1 bit", bitmap(3, 1, 1, 0, palette, {0xa0, 0, 0, 0}), 1, 3, {6, 5, 4, 3, 2, 1, 6, 5, 4});
  const ImageBytes os2 = bytes_of_text("BM") + little(0, 8) + little(26, 4) + little(12, 4) + little(1, 2) +
                         little(1, 2) + little(1, 2) + little(24, 2) + ImageBytes{3, 2, 1, 0};
  expect_rgb("of OS/2", os2, 1, 1, {1, 2, 3});
}

TEST_F(ImageDecoder, Pngs) {
  if (!LINNET_WITH_IMAGE_CODECS) GTEST_SKIP() << "built without some of the formats";
  expect_rgb("RGB", png(2, 2, 8, 2, {0, 255, 0, 0, 1, 2, 3, 0, 0, 255, 0, 250, 251, 252}), 2, 2, kFour);
  expect_rgb("RGBA", png(1, 1, 8, 6, {0, 1, 2, 3, 0}), 1, 1, {1, 2, 3});
  expect_rgb("of 16 bits", png(1, 1, 16, 2, {0, 0, 0, 0x80, 0x80, 0xff, 0xff}), 1, 1, {0, 128, 255});
  expect_rgb("grey", png(2, 1, 8, 0, {0, 9, 200}), 1, 2, {9, 9, 9, 200, 200, 200});
  expect_rgb("of 2 bits", png(3, 1, 2, 0, {0, 0x1b}), 1, 3, {0, 0, 0, 85, 85, 85, 170, 170, 170});
  expect_rgb("palette", png(2, 1, 1, 3, {0, 0x40}, png_chunk("PLTE", {1, 2, 3, 4, 5, 6})), 1, 2, {1, 2, 3, 4, 5, 6});
  const ImageBytes passes{0, 255, 0, 0, 0, 1, 2, 3, 0, 0, 255, 0, 250, 251, 252};  // of Adam7: 1, 6, 7
  expect_rgb("interlaced", png(2, 2, 8, 2, passes, {}, 1), 2, 2, kFour);
  ImageBytes file = png(2, 1, 8, 0, {0, 9, 200});
  expect_no_beginning(file);
  file[file.size() - 14] ^= 1;  // in the CRC of the pixels
  expect_nothing("a CRC that is wrong", file);
}

TEST_F(ImageDecoder, PixelFormats) {
  decoding(kPixmap, "BGR").expect<std::uint8_t>({2, 2, 3}, {0, 0, 255, 3, 2, 1, 0, 255, 0, 252, 251, 250}).run();
  decoding(kPixmap, "Grayscale").expect<std::uint8_t>({2, 2, 1}, {76, 2, 150, 251}).run();
  OpTest("ImageDecoder", 20)
      .input<std::uint8_t>({static_cast<std::int64_t>(kPixmap.size())}, kPixmap)
      .expect<std::uint8_t>({2, 2, 3}, kFour)
      .run();
  decoding({}, "Grayscale").expect<std::uint8_t>({0, 0, 1}, {}).run();
}

TEST_F(ImageDecoder, WhatIsNoImageIsEmpty) {
  expect_nothing("no bytes", {});
  expect_nothing("text", bytes_of_text("an image"));
  expect_nothing("P7", bytes_of_text("P7 1 1 255\n   "));
  expect_nothing("no width", bytes_of_text("P6 0 1 255\n   "));
  expect_nothing("a value of 17 bits", bytes_of_text("P5 1 1 65536\n   "));
  expect_nothing("more pixels than bytes", bytes_of_text("P6 2147483647 2147483647 255\n   "));
  expect_nothing("a width of 31 digits", bytes_of_text("P5 1111111111111111111111111111111 1 255\n "));
  expect_nothing("no such height", bitmap(1, INT32_MIN, 24, 0, {}, {0, 0, 0, 0}));
  expect_nothing("runs", bitmap(1, 1, 8, 1, ImageBytes(1024), {1, 0, 0, 1}));
  expect_nothing("3 bits", bitmap(1, 1, 3, 0, {}, {0, 0, 0, 0}));
  expect_no_beginning(kPixmap);
  expect_no_beginning(bitmap(2, 1, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0}));
}

TEST_F(ImageDecoder, InfersTheChannels) {
  OpTest("ImageDecoder", 20)
      .symbolic_input(DataType::kUint8, {"n"})
      .expect_dims(DataType::kUint8, {"?", "?", 3})
      .infer_only();
  OpTest("ImageDecoder", 20)
      .attribute("pixel_format", std::string("Grayscale"))
      .symbolic_input(DataType::kUint8, {"n"})
      .expect_dims(DataType::kUint8, {"?", "?", 1})
      .infer_only();
}

TEST_F(ImageDecoder, Refusals) {
  decoding(kPixmap, "RGBA").expect_error(ErrorCode::kInvalidModel, "pixel_format").run();
  OpTest("ImageDecoder", 20)
      .input<std::uint8_t>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X has rank 2, expected 1")
      .run();
}

TEST_F(ImageDecoderWithoutModule, SaysWhatIsMissing) {
  if (LINNET_WITH_IMAGE) GTEST_SKIP() << "built with the module for images";
  decoding(kPixmap)
      .expect_error(ErrorCode::kUnsupported,
                    "images are decoded by a module, and the module liblinnet_image.so was not found")
      .run();
}

}  // namespace
}  // namespace linnet::internal
