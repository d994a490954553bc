// JPEG 2000 by OpenJPEG, in its container (JP2) or without: grey or RGB, each component in full size. Other colour
// spaces are not decoded.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <openjpeg.h>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

constexpr std::uint64_t kCopies = 3;  ///< of a component's integers, that the library has at once

struct File {
  Bytes bytes{};
  std::size_t at = 0;
  ImageStatus status = ImageStatus::kNoImage;  ///< what an error means
};

constexpr auto kEnd = static_cast<OPJ_SIZE_T>(-1);

OPJ_SIZE_T read(void* to, OPJ_SIZE_T size, void* context) {
  File& file = *static_cast<File*>(context);
  const std::size_t count = std::min<std::size_t>(size, file.bytes.size - file.at);
  if (count == 0) return kEnd;
  std::memcpy(to, file.bytes.data + file.at, count);
  file.at += count;
  return count;
}

OPJ_BOOL seek(OPJ_OFF_T offset, void* context) {
  File& file = *static_cast<File*>(context);
  if (offset < 0 || static_cast<std::uint64_t>(offset) > file.bytes.size) return OPJ_FALSE;
  file.at = static_cast<std::size_t>(offset);
  return OPJ_TRUE;
}

OPJ_OFF_T skip(OPJ_OFF_T count, void* context) {
  File& file = *static_cast<File*>(context);
  if (count < 0 || static_cast<std::uint64_t>(count) > file.bytes.size - file.at) return -1;
  file.at += static_cast<std::size_t>(count);
  return count;
}

void note_error(const char* message, void* context) {
  if (std::strstr(message, "memory") != nullptr) static_cast<File*>(context)->status = ImageStatus::kOutOfMemory;
}

struct Destroyer {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};
struct StreamDestroyer {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};

/// What a file is read with. The order matters: the image goes first.
struct Reading {
  File file;
  std::unique_ptr<opj_stream_t, StreamDestroyer> stream;
  std::unique_ptr<opj_codec_t, Destroyer> codec;
  std::unique_ptr<opj_image_t, Destroyer> image;
};

bool read_header(Bytes bytes, Reading& reading) {
  reading.file.bytes = bytes;
  reading.stream.reset(opj_stream_default_create(OPJ_TRUE));
  reading.codec.reset(opj_create_decompress(bytes.data[0] == 0 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  if (reading.stream == nullptr || reading.codec == nullptr) return false;
  opj_stream_t* const stream = reading.stream.get();
  opj_stream_set_user_data(stream, &reading.file, nullptr);
  opj_stream_set_user_data_length(stream, bytes.size);
  opj_stream_set_read_function(stream, read);
  opj_stream_set_seek_function(stream, seek);
  opj_stream_set_skip_function(stream, skip);
  opj_set_error_handler(reading.codec.get(), note_error, &reading.file);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (opj_setup_decoder(reading.codec.get(), &parameters) == 0) return false;
  opj_image_t* image = nullptr;
  const bool found = opj_read_header(stream, reading.codec.get(), &image) != 0;
  reading.image.reset(image);
  return found && image != nullptr && image->x1 > image->x0 && image->y1 > image->y0;
}

std::int64_t width_of(const opj_image_t& image) { return std::int64_t{image.x1} - image.x0; }
std::int64_t height_of(const opj_image_t& image) { return std::int64_t{image.y1} - image.y0; }

std::uint8_t byte_of(const opj_image_comp_t& component, std::size_t place) {
  const std::int64_t largest = (std::int64_t{1} << component.prec) - 1;
  const std::int64_t value =
      std::int64_t{component.data[place]} + (component.sgnd != 0 ? std::int64_t{1} << (component.prec - 1) : 0);
  const std::int64_t inside = std::clamp<std::int64_t>(value, 0, largest);
  return static_cast<std::uint8_t>(component.prec > 8 ? inside >> (component.prec - 8) : inside * 255 / largest);
}

/// Once it is decoded.
bool is_plain(const opj_image_t& image) {
  const bool colour = image.numcomps >= 3;
  if (image.numcomps == 0 || image.color_space == OPJ_CLRSPC_SYCC || image.color_space == OPJ_CLRSPC_EYCC ||
      image.color_space == OPJ_CLRSPC_CMYK)
    return false;
  for (OPJ_UINT32 i = 0; i < (colour ? 3U : 1U); ++i) {
    const opj_image_comp_t& component = image.comps[i];
    if (component.data == nullptr || component.prec < 1 || component.prec > 31 || component.w != width_of(image) ||
        component.h != height_of(image))
      return false;
  }
  return true;
}

ImageStatus measure(Bytes bytes, ImageSize& size) {
  Reading reading;
  if (!read_header(bytes, reading)) return reading.file.status;
  const opj_image_t& image = *reading.image;
  size.height = height_of(image);
  size.width = width_of(image);
  const double memory = static_cast<double>(size.height) * static_cast<double>(size.width) * image.numcomps *
                        static_cast<double>(kCopies * sizeof(OPJ_INT32));
  size.memory = memory >= 0x1p63 ? UINT64_MAX : static_cast<std::uint64_t>(memory);
  return ImageStatus::kDone;
}

ImageStatus decode(Bytes bytes, const ImageSink& sink) {
  Reading reading;
  if (!read_header(bytes, reading)) return reading.file.status;
  opj_image_t& image = *reading.image;
  if (opj_decode(reading.codec.get(), reading.stream.get(), &image) == 0 ||
      opj_end_decompress(reading.codec.get(), reading.stream.get()) == 0)
    return reading.file.status;
  if (!is_plain(image)) return ImageStatus::kNoImage;
  const auto width = static_cast<std::size_t>(width_of(image));
  std::vector<std::uint8_t> rgb(width * 3);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height_of(image)); ++y) {
    for (std::size_t i = 0; i < rgb.size(); ++i)
      rgb[i] = byte_of(image.comps[image.numcomps >= 3 ? i % 3 : 0], y * width + i / 3);
    if (!sink.row(sink.context, rgb.data())) return ImageStatus::kStopped;
  }
  return ImageStatus::kDone;
}

}  // namespace

const Decoder kJpeg2000{measure, decode};

}  // namespace linnet::internal
