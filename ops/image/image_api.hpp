// The boundary between the core and liblinnet_image.so, the module that holds what is linked against the libraries of
// image formats: functions on plain data. No type of the standard library and no exception crosses it. Thread-safety:
// every function may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::internal {

inline constexpr std::uint32_t kImageApiVersion = 1;

enum class ImageStatus : std::int32_t {
  kDone,
  kNoImage,  ///< of an unknown format, or broken
  kNoCodec,  ///< of a format that the module was built without
  kOutOfMemory,
  kStopped  ///< by the sink
};

struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::uint64_t memory = 0;      ///< bytes that decoding takes beside the image, about
  const char* format = nullptr;  ///< "JPEG", ...; null: unknown
};

/// Takes the rows of an image from the top down, each of `width` pixels of red, green and blue. False: no more are
/// wanted. Never throws.
struct ImageSink {
  bool (*row)(void* context, const std::uint8_t* rgb);
  void* context;
};

struct ImageApi {
  /// Reads what stands before the pixels. Sizes are from 1 to 2^31 - 1.
  ImageStatus (*measure)(const std::uint8_t* bytes, std::size_t size, ImageSize* found);
  /// Requires: bytes that were measured.
  ImageStatus (*decode)(const std::uint8_t* bytes, std::size_t size, const ImageSink* sink);
};

/// Exported as linnet_image_api. Null for another version.
using ImageApiFunction = const ImageApi* (*)(std::uint32_t version);

}  // namespace linnet::internal
