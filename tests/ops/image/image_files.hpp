// Small image files, made by hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace linnet::test {

using ImageBytes = std::vector<std::uint8_t>;

inline ImageBytes operator+(ImageBytes a, const ImageBytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline ImageBytes bytes_of_text(const std::string& text) { return {text.begin(), text.end()}; }

inline ImageBytes little(std::uint32_t value, std::size_t size) {
  ImageBytes bytes(size);
  for (std::size_t i = 0; i < std::min(size, sizeof value); ++i) bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
  return bytes;
}

inline ImageBytes big(std::uint32_t value) {
  const ImageBytes bytes = little(value, 4);
  return {bytes.rbegin(), bytes.rend()};
}

/// A bitmap with a header of 40 bytes. `extra`: masks or palette.
inline ImageBytes bitmap(std::int32_t width, std::int32_t height, std::uint32_t bits, std::uint32_t compression,
                         const ImageBytes& extra, const ImageBytes& rows, std::uint32_t colours = 0) {
  const auto offset = static_cast<std::uint32_t>(54 + extra.size());
  return bytes_of_text("BM") + little(offset + static_cast<std::uint32_t>(rows.size()), 4) + little(0, 4) +
         little(offset, 4) + little(40, 4) + little(static_cast<std::uint32_t>(width), 4) +
         little(static_cast<std::uint32_t>(height), 4) + little(1, 2) + little(bits, 2) + little(compression, 4) +
         little(0, 12) + little(colours, 4) + little(0, 4) + extra + rows;
}

/// A chunk of a PNG, with its CRC.
inline ImageBytes png_chunk(const std::string& type, const ImageBytes& data) {
  const ImageBytes body = bytes_of_text(type) + data;
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : body) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
  }
  return big(static_cast<std::uint32_t>(data.size())) + body + big(~crc);
}

/// zlib's format, with one block that is stored as it is. Of less than 64 KiB.
inline ImageBytes stored(const ImageBytes& data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ImageBytes{0x78, 0x01, 0x01} + little(size, 2) + little(~size & 0xffffU, 2) + data + big(b << 16 | a);
}

/// `rows`: each with the byte of its filter before it. `before`: chunks before the pixels.
inline ImageBytes png(std::uint32_t width, std::uint32_t height, std::uint8_t depth, std::uint8_t colour,
                      const ImageBytes& rows, const ImageBytes& before = {}, std::uint8_t interlaced = 0) {
  return ImageBytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'} +
         png_chunk("IHDR", big(width) + big(height) + ImageBytes{depth, colour, 0, 0, interlaced}) + before +
         png_chunk("IDAT", stored(rows)) + png_chunk("IEND", {});
}

}  // namespace linnet::test
