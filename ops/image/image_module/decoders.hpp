// The formats of images, a file each. What they are given is not trusted.
#pragma once

#include "ops/image/image_api.hpp"

namespace linnet::internal {

struct Bytes {
  const std::uint8_t* data;
  std::size_t size;
};

/// Sets height, width and memory. Sizes of 2^31 and more are looked at by the caller.
using Measure = ImageStatus (*)(Bytes bytes, ImageSize& size);
using Decode = ImageStatus (*)(Bytes bytes, const ImageSink& sink);

// Errors of both: std::bad_alloc.
ImageStatus measure_bmp(Bytes bytes, ImageSize& size);
ImageStatus decode_bmp(Bytes bytes, const ImageSink& sink);
ImageStatus measure_portable(Bytes bytes, ImageSize& size);
ImageStatus decode_portable(Bytes bytes, const ImageSink& sink);
ImageStatus measure_jpeg(Bytes bytes, ImageSize& size);
ImageStatus decode_jpeg(Bytes bytes, const ImageSink& sink);
ImageStatus measure_png(Bytes bytes, ImageSize& size);
ImageStatus decode_png(Bytes bytes, const ImageSink& sink);
ImageStatus measure_tiff(Bytes bytes, ImageSize& size);
ImageStatus decode_tiff(Bytes bytes, const ImageSink& sink);
ImageStatus measure_webp(Bytes bytes, ImageSize& size);
ImageStatus decode_webp(Bytes bytes, const ImageSink& sink);
ImageStatus measure_jpeg2000(Bytes bytes, ImageSize& size);
ImageStatus decode_jpeg2000(Bytes bytes, const ImageSink& sink);

}  // namespace linnet::internal
