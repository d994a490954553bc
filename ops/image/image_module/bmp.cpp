// Windows bitmaps of 1, 4, 8 (with a palette), 16, 24 and 32 bits a pixel, from the bottom up or from the top down,
// with headers of 12 bytes (OS/2) or 40 and more. Runs (RLE) and JPEG or PNG within a bitmap are not decoded.
#include <cstdlib>
#include <vector>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kFileHeader = 14;

std::uint32_t number(const std::uint8_t* bytes, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint32_t{bytes[i]} << 8 * i;
  return value;
}

/// Where a colour is in a pixel.
struct Mask {
  std::uint32_t bits = 0;

  std::uint8_t of(std::uint32_t pixel) const {
    if (bits == 0) return 0;
    const std::uint32_t lowest = bits & (~bits + 1);
    const std::uint64_t value = (pixel & bits) / lowest;
    const std::uint64_t largest = bits / lowest;
    return static_cast<std::uint8_t>((value * 255 + largest / 2) / largest);
  }
};

struct Header {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool top_down = false;
  std::uint32_t bits = 0;  ///< of a pixel
  Mask masks[3];           ///< of red, green and blue; for 16 and 32 bits
  const std::uint8_t* palette = nullptr;
  std::size_t colours = 0;
  std::size_t colour_bytes = 0;
  const std::uint8_t* pixels = nullptr;
  std::size_t stride = 0;
};

/// Masks in or behind the header, or those that are meant where none are given.
bool read_masks(Bytes bytes, std::uint32_t compression, std::size_t header_size, Header& header) {
  constexpr std::size_t kMasks = kFileHeader + 40;
  constexpr std::uint32_t kBitFields = 3;
  constexpr std::uint32_t kAlphaBitFields = 6;
  if (compression == kBitFields || compression == kAlphaBitFields) {
    if (header_size < 40 || (header.bits != 16 && header.bits != 32) || bytes.size < kMasks + 12) return false;
    for (std::size_t i = 0; i < 3; ++i) header.masks[i].bits = number(bytes.data + kMasks + 4 * i, 4);
    return true;
  }
  constexpr Mask kOf16[] = {{0x7c00}, {0x3e0}, {0x1f}};
  constexpr Mask kOf32[] = {{0xff0000}, {0xff00}, {0xff}};
  for (std::size_t i = 0; i < 3; ++i) header.masks[i] = header.bits == 16 ? kOf16[i] : kOf32[i];
  return compression == 0;
}

bool read(Bytes bytes, Header& header) {
  if (bytes.size < kFileHeader + 12) return false;
  const std::uint8_t* const info = bytes.data + kFileHeader;
  const std::size_t offset = number(bytes.data + 10, 4);
  const std::size_t header_size = number(info, 4);
  if ((header_size != 12 && header_size < 40) || header_size > bytes.size - kFileHeader) return false;
  std::uint32_t compression = 0;
  if (header_size == 12) {
    header.width = number(info + 4, 2);
    header.height = number(info + 6, 2);
    header.bits = number(info + 10, 2);
    header.colour_bytes = 3;
  } else {
    header.width = static_cast<std::int32_t>(number(info + 4, 4));
    header.height = static_cast<std::int32_t>(number(info + 8, 4));
    header.bits = number(info + 14, 2);
    compression = number(info + 16, 4);
    header.colours = number(info + 32, 4);
    header.colour_bytes = 4;
  }
  header.top_down = header.height < 0;
  header.height = std::abs(header.height);
  const std::uint32_t bits = header.bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) return false;
  if (header.width <= 0 || header.height <= 0 || header.height > INT32_MAX) return false;
  if (!read_masks(bytes, compression, header_size, header)) return false;
  if (bits <= 8) {
    const std::size_t all = std::size_t{1} << bits;
    if (header.colours == 0 || header.colours > all) header.colours = all;
    const std::size_t begin = kFileHeader + header_size;
    if (header.colours * header.colour_bytes > bytes.size - begin) return false;
    header.palette = bytes.data + begin;
  }
  header.stride = (static_cast<std::size_t>(header.width) * bits + 31) / 32 * 4;
  if (offset > bytes.size) return false;
  header.pixels = bytes.data + offset;
  return header.stride <= (bytes.size - offset) / static_cast<std::size_t>(header.height);
}

void convert_row(const Header& header, const std::uint8_t* row, std::uint8_t* rgb) {
  for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x, rgb += 3) {
    if (header.bits <= 8) {
      const std::size_t bit = x * header.bits;
      const std::size_t mask = (std::size_t{1} << header.bits) - 1;
      const std::size_t index = row[bit / 8] >> (8 - header.bits - bit % 8) & mask;
      const std::uint8_t* const colour =
          index < header.colours ? header.palette + index * header.colour_bytes : nullptr;
      for (std::size_t i = 0; i < 3; ++i) rgb[i] = colour == nullptr ? std::uint8_t{0} : colour[2 - i];
    } else if (header.bits == 24) {
      for (std::size_t i = 0; i < 3; ++i) rgb[i] = row[3 * x + 2 - i];
    } else {
      const std::size_t size = header.bits / 8;
      const std::uint32_t pixel = number(row + x * size, size);
      for (std::size_t i = 0; i < 3; ++i) rgb[i] = header.masks[i].of(pixel);
    }
  }
}

ImageStatus measure(Bytes bytes, ImageSize& size) {
  Header header;
  if (!read(bytes, header)) return ImageStatus::kNoImage;
  size.height = header.height;
  size.width = header.width;
  size.memory = 3 * static_cast<std::uint64_t>(header.width);
  return ImageStatus::kDone;
}

ImageStatus decode(Bytes bytes, const ImageSink& sink) {
  Header header;
  if (!read(bytes, header)) return ImageStatus::kNoImage;
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(header.width) * 3);
  const auto rows = static_cast<std::size_t>(header.height);
  for (std::size_t y = 0; y < rows; ++y) {
    convert_row(header, header.pixels + (header.top_down ? y : rows - 1 - y) * header.stride, rgb.data());
    if (!sink.row(sink.context, rgb.data())) return ImageStatus::kStopped;
  }
  return ImageStatus::kDone;
}

}  // namespace

const Decoder kBmp{measure, decode};

}  // namespace linnet::internal
