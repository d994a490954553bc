// Portable bitmaps, graymaps and pixmaps, as digits (P1, P2, P3) or bytes (P4, P5, P6): white space and comments from #
// to the end of a line between width, height and (but for bitmaps) the largest value; one byte of white space before
// the pixels. In bitmaps 1 is black.
#include <algorithm>
#include <vector>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

class Reader {
 public:
  explicit Reader(Bytes bytes) : next_(bytes.data), end_(bytes.data + bytes.size) {}

  /// The next number, of at most `digits` digits; -1 where there is none.
  std::int64_t number(int digits = 10) {
    while (next_ != end_ && (is_space(*next_) || *next_ == '#')) {
      if (*next_++ == '#') next_ = std::find(next_, end_, '\n');
    }
    std::int64_t value = 0;
    int count = 0;
    for (; next_ != end_ && *next_ >= '0' && *next_ <= '9' && count < digits; ++next_, ++count)
      value = value * 10 + (*next_ - '0');
    return count == 0 ? -1 : value;
  }
  bool skip_space() { return next_ != end_ && is_space(*next_++); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }
  std::uint8_t byte() { return *next_++; }

 private:
  static bool is_space(std::uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

struct Header {
  bool digits = false;
  bool bitmap = false;
  std::size_t channels = 1;
  std::int64_t width = -1;
  std::int64_t height = -1;
  std::int64_t largest = 1;

  std::size_t row_elements() const { return static_cast<std::size_t>(width) * channels; }
  std::size_t row_bytes() const {
    const std::size_t elements = row_elements();
    return bitmap ? (elements + 7) / 8 : largest > 255 ? 2 * elements : elements;
  }
};

bool read(Reader& reader, Header& header) {
  const std::uint8_t letter = reader.left() > 0 ? reader.byte() : 0;
  const int kind = reader.left() > 0 ? reader.byte() - '0' : 0;
  if (letter != 'P' || kind < 1 || kind > 6) return false;
  header.digits = kind <= 3;
  header.bitmap = kind % 3 == 1;
  header.channels = kind % 3 == 0 ? 3 : 1;
  header.width = reader.number();
  header.height = reader.number();
  if (!header.bitmap) header.largest = reader.number();
  const bool sized = header.width > 0 && header.width <= INT32_MAX && header.height > 0 && header.height <= INT32_MAX;
  if (!sized || header.largest < 1 || header.largest > UINT16_MAX || !reader.skip_space()) return false;
  // A digit takes a byte at least. So what is no longer than its header says is not asked memory for.
  const std::size_t row = header.digits ? header.row_elements() : header.row_bytes();
  return row <= reader.left() / static_cast<std::size_t>(header.height);
}

/// False where they end.
bool read_row(Reader& reader, const Header& header, std::uint8_t* elements) {
  const std::size_t count = header.row_elements();
  std::uint8_t bits = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t value = 0;
    if (header.digits) {
      value = reader.number(header.bitmap ? 1 : 5);
      if (value < 0) return false;
    } else if (header.bitmap) {
      if (i % 8 == 0) bits = reader.byte();
      value = bits >> (7 - i % 8) & 1;
    } else {
      value = reader.byte();
      if (header.largest > 255) value = value << 8 | reader.byte();
    }
    value = std::min(value, header.largest);
    const std::int64_t scaled = (value * 255 + header.largest / 2) / header.largest;
    elements[i] = static_cast<std::uint8_t>(header.bitmap ? 255 - scaled : scaled);
  }
  return true;
}

ImageStatus measure(Bytes bytes, ImageSize& size) {
  Reader reader(bytes);
  Header header;
  if (!read(reader, header)) return ImageStatus::kNoImage;
  size.height = header.height;
  size.width = header.width;
  size.memory = 4 * static_cast<std::uint64_t>(header.width);
  return ImageStatus::kDone;
}

ImageStatus decode(Bytes bytes, const ImageSink& sink) {
  Reader reader(bytes);
  Header header;
  if (!read(reader, header)) return ImageStatus::kNoImage;
  std::vector<std::uint8_t> elements(header.row_elements());
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(header.width) * 3);
  for (std::int64_t y = 0; y < header.height; ++y) {
    if (!read_row(reader, header, elements.data())) return ImageStatus::kNoImage;
    for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = elements[header.channels == 3 ? i : i / 3];
    if (!sink.row(sink.context, rgb.data())) return ImageStatus::kStopped;
  }
  return ImageStatus::kDone;
}

}  // namespace

const Decoder kPortable{measure, decode};

}  // namespace linnet::internal
