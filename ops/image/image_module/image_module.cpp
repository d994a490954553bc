// Which format the bytes have, by how they begin.
#include <cstring>
#include <exception>
#include <new>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

struct Format {
  const char* name;
  const char* begin;  ///< a dot is any byte
  std::size_t size;
  const Decoder* decoder;  ///< null: built without it
};

constexpr Format kFormats[] = {
    {"BMP", "BM", 2, &kBmp},
    {"JPEG", "\xff\xd8\xff", 3, LINNET_WITH_JPEG ? &kJpeg : nullptr},
    {"PNG", "\x89PNG\r\n\x1a\n", 8, LINNET_WITH_PNG ? &kPng : nullptr},
    {"TIFF", "II\x2a\0", 4, LINNET_WITH_TIFF ? &kTiff : nullptr},
    {"TIFF", "MM\0\x2a", 4, LINNET_WITH_TIFF ? &kTiff : nullptr},
    {"TIFF", "II\x2b\0", 4, LINNET_WITH_TIFF ? &kTiff : nullptr},
    {"TIFF", "MM\0\x2b", 4, LINNET_WITH_TIFF ? &kTiff : nullptr},
    {"WebP", "RIFF....WEBP", 12, LINNET_WITH_WEBP ? &kWebp : nullptr},
    {"JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n", 12, LINNET_WITH_OPENJP2 ? &kJpeg2000 : nullptr},
    {"JPEG 2000", "\xff\x4f\xff\x51", 4, LINNET_WITH_OPENJP2 ? &kJpeg2000 : nullptr},
    {"PNM", "P", 1, &kPortable}};

const Format* format_of(Bytes bytes) {
  for (const Format& format : kFormats) {
    bool fits = bytes.size >= format.size;
    for (std::size_t i = 0; fits && i < format.size; ++i)
      fits = format.begin[i] == '.' || static_cast<std::uint8_t>(format.begin[i]) == bytes.data[i];
    if (fits) return &format;
  }
  return nullptr;
}

template <typename Work>
ImageStatus without_exceptions(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return ImageStatus::kOutOfMemory;
  } catch (const std::exception&) {
    return ImageStatus::kNoImage;
  }
}

ImageStatus measure(const std::uint8_t* data, std::size_t size, ImageSize* found) {
  constexpr std::int64_t kMost = INT32_MAX;
  const Format* const format = format_of({data, size});
  if (format == nullptr) return ImageStatus::kNoImage;
  found->format = format->name;
  if (format->decoder == nullptr) return ImageStatus::kNoCodec;
  const ImageStatus status = without_exceptions([&] { return format->decoder->measure({data, size}, *found); });
  const bool sized = found->height > 0 && found->height <= kMost && found->width > 0 && found->width <= kMost;
  return status == ImageStatus::kDone && !sized ? ImageStatus::kNoImage : status;
}

ImageStatus decode(const std::uint8_t* data, std::size_t size, const ImageSink* sink) {
  return without_exceptions([&] { return format_of({data, size})->decoder->decode({data, size}, *sink); });
}

constexpr ImageApi kApi{measure, decode};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ImageApi* linnet_image_api(std::uint32_t version) {
  return version == kImageApiVersion ? &kApi : nullptr;
}

}  // namespace linnet::internal
