// WebP by libwebp. Animations are not decoded.
#include <vector>

#include <webp/decode.h>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

ImageStatus measure(Bytes bytes, ImageSize& size) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(bytes.data, bytes.size, &features);
  if (status == VP8_STATUS_OUT_OF_MEMORY) return ImageStatus::kOutOfMemory;
  if (status != VP8_STATUS_OK || features.has_animation != 0) return ImageStatus::kNoImage;
  size.height = features.height;
  size.width = features.width;
  // The pixels, and as much again and a little more of four channels within the library.
  size.memory = 8 * static_cast<std::uint64_t>(size.height) * static_cast<std::uint64_t>(size.width);
  return ImageStatus::kDone;
}

ImageStatus decode(Bytes bytes, const ImageSink& sink) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return ImageStatus::kNoImage;
  if (WebPGetFeatures(bytes.data, bytes.size, &config.input) != VP8_STATUS_OK) return ImageStatus::kNoImage;
  const std::size_t stride = static_cast<std::size_t>(config.input.width) * 3;
  const auto height = static_cast<std::size_t>(config.input.height);
  std::vector<std::uint8_t> pixels(stride * height);
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.data(), static_cast<int>(stride), pixels.size()};
  const VP8StatusCode status = WebPDecode(bytes.data, bytes.size, &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OUT_OF_MEMORY) return ImageStatus::kOutOfMemory;
  if (status != VP8_STATUS_OK) return ImageStatus::kNoImage;
  for (std::size_t y = 0; y < height; ++y) {
    if (!sink.row(sink.context, pixels.data() + y * stride)) return ImageStatus::kStopped;
  }
  return ImageStatus::kDone;
}

}  // namespace

const Decoder kWebp{measure, decode};

}  // namespace linnet::internal
