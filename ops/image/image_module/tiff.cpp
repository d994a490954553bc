// TIFF by libtiff, which makes one raster of red, green, blue and alpha of whatever is in the first image of the file.
#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <tiffio.h>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

struct File {
  Bytes bytes{};
  std::size_t at = 0;
  ImageStatus status = ImageStatus::kNoImage;  ///< what an error means
};

tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
  File& file = *static_cast<File*>(handle);
  const std::size_t count =
      file.at < file.bytes.size ? std::min(static_cast<std::size_t>(size), file.bytes.size - file.at) : 0;
  if (count > 0) std::memcpy(to, file.bytes.data + file.at, count);
  file.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  File& file = *static_cast<File*>(handle);
  const std::size_t from = whence == SEEK_CUR ? file.at : whence == SEEK_END ? file.bytes.size : 0;
  file.at = from + static_cast<std::size_t>(offset);
  return file.at;
}

int close(thandle_t) { return 0; }
toff_t size_of_file(thandle_t handle) { return static_cast<File*>(handle)->bytes.size; }

int note_error(TIFF*, void* context, const char*, const char* format, va_list) {
  if (std::strstr(format, "memory") != nullptr) static_cast<File*>(context)->status = ImageStatus::kOutOfMemory;
  return 1;
}

int say_nothing(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct Closer {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

std::unique_ptr<TIFF, Closer> open(File& file) {
  const std::unique_ptr<TIFFOpenOptions, Closer> options(TIFFOpenOptionsAlloc());
  if (options == nullptr) return nullptr;
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), note_error, &file);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), say_nothing, nullptr);
  // "m": no mapping of a file.
  return std::unique_ptr<TIFF, Closer>(
      TIFFClientOpenExt("image", "rm", &file, read, write, seek, close, size_of_file, nullptr, nullptr, options.get()));
}

bool find_size(TIFF* tiff, std::uint32_t& width, std::uint32_t& height) {
  return TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) == 1 && TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) == 1;
}

ImageStatus measure(Bytes bytes, ImageSize& size) {
  File file{bytes};
  const auto tiff = open(file);
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  if (tiff == nullptr || !find_size(tiff.get(), width, height)) return file.status;
  char reason[1024];
  if (TIFFRGBAImageOK(tiff.get(), reason) == 0) return file.status;
  size.height = height;
  size.width = width;
  const std::uint64_t piece = TIFFIsTiled(tiff.get()) != 0 ? TIFFTileSize64(tiff.get()) : TIFFStripSize64(tiff.get());
  size.memory = std::uint64_t{width} * height * sizeof(std::uint32_t);
  size.memory = piece > UINT64_MAX - size.memory ? UINT64_MAX : size.memory + piece;
  return ImageStatus::kDone;
}

ImageStatus decode(Bytes bytes, const ImageSink& sink) {
  File file{bytes};
  const auto tiff = open(file);
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  if (tiff == nullptr || !find_size(tiff.get(), width, height)) return file.status;
  std::vector<std::uint32_t> raster(std::size_t{width} * height);
  if (TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(), ORIENTATION_TOPLEFT, 1) == 0)
    return file.status;
  std::vector<std::uint8_t> rgb(std::size_t{width} * 3);
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint32_t* const row = raster.data() + y * width;
    for (std::size_t x = 0; x < width; ++x) {
      rgb[3 * x] = static_cast<std::uint8_t>(TIFFGetR(row[x]));
      rgb[3 * x + 1] = static_cast<std::uint8_t>(TIFFGetG(row[x]));
      rgb[3 * x + 2] = static_cast<std::uint8_t>(TIFFGetB(row[x]));
    }
    if (!sink.row(sink.context, rgb.data())) return ImageStatus::kStopped;
  }
  return ImageStatus::kDone;
}

}  // namespace

const Decoder kTiff{measure, decode};

}  // namespace linnet::internal
