// The formats of images, a file each. What they are given is not trusted.
#pragma once

#include "ops/image/image_api.hpp"

namespace linnet::internal {

struct Bytes {
  const std::uint8_t* data;
  std::size_t size;
};

// Errors of both: std::bad_alloc.
struct Decoder {
  /// Sets height, width and memory. Sizes of 2^31 and more are looked at by the caller.
  ImageStatus (*measure)(Bytes bytes, ImageSize& size);
  ImageStatus (*decode)(Bytes bytes, const ImageSink& sink);
};

extern const Decoder kBmp;
extern const Decoder kPortable;
extern const Decoder kJpeg;
extern const Decoder kPng;
extern const Decoder kTiff;
extern const Decoder kWebp;
extern const Decoder kJpeg2000;

}  // namespace linnet::internal
