// PNG by libpng, which returns from errors by longjmp: only plain data lies in between.
#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include <png.h>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

struct Png {
  png_structp read = nullptr;
  png_infop info = nullptr;
  png_voidp rows = nullptr;
  Bytes left{};
  ImageStatus status = ImageStatus::kNoImage;  ///< what an error means

  Png() = default;
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() {
    if (read == nullptr) return;
    png_free(read, rows);
    png_destroy_read_struct(&read, &info, nullptr);
  }
};

[[noreturn]] void give_up(png_structp read, png_const_charp) { png_longjmp(read, 1); }
void say_nothing(png_structp, png_const_charp) {}

png_voidp allocate(png_structp read, png_alloc_size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) static_cast<Png*>(png_get_mem_ptr(read))->status = ImageStatus::kOutOfMemory;
  return memory;
}

void release(png_structp, png_voidp memory) { std::free(memory); }

void take(png_structp read, png_bytep to, std::size_t size) {
  Bytes& left = static_cast<Png*>(png_get_io_ptr(read))->left;
  if (size > left.size) png_error(read, "the file ends");
  std::memcpy(to, left.data, size);
  left.data += size;
  left.size -= size;
}

void measure(Png& png, ImageSize& size) {
  size.height = png_get_image_height(png.read, png.info);
  size.width = png_get_image_width(png.read, png.info);
  const bool whole = png_get_interlace_type(png.read, png.info) != PNG_INTERLACE_NONE;
  size.memory = 3 * static_cast<std::uint64_t>(size.width) * static_cast<std::uint64_t>(whole ? size.height : 1);
}

ImageStatus decode(Png& png, const ImageSink& sink) {
  const png_uint_32 height = png_get_image_height(png.read, png.info);
  const std::size_t stride = std::size_t{png_get_image_width(png.read, png.info)} * 3;
  const png_byte colour = png_get_color_type(png.read, png.info);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png.read);
  if (colour == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png.read);
  if ((colour & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(png.read);
  png_set_scale_16(png.read);
  png_set_strip_alpha(png.read);
  const int passes = png_set_interlace_handling(png.read);
  png_read_update_info(png.read, png.info);
  if (png_get_rowbytes(png.read, png.info) != stride) return ImageStatus::kNoImage;
  png.rows = png_malloc(png.read, passes == 1 ? stride : stride * height);
  auto* const rows = static_cast<png_bytep>(png.rows);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t y = 0; y < height; ++y) {
      png_bytep const row = passes == 1 ? rows : rows + y * stride;
      png_read_row(png.read, row, nullptr);
      if (pass + 1 == passes && !sink.row(sink.context, row)) return ImageStatus::kStopped;
    }
  }
  png_read_end(png.read, nullptr);
  return ImageStatus::kDone;
}

ImageStatus run(Png& png, ImageSize* size, const ImageSink* sink) {
  if (setjmp(png_jmpbuf(png.read)) != 0) return png.status;
  png_set_read_fn(png.read, &png, take);
  png_read_info(png.read, png.info);
  if (sink != nullptr) return decode(png, *sink);
  measure(png, *size);
  return ImageStatus::kDone;
}

ImageStatus with_png(Bytes bytes, ImageSize* size, const ImageSink* sink) {
  Png png;
  png.left = bytes;
  png.read = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &png, give_up, say_nothing, &png, allocate, release);
  if (png.read == nullptr) return ImageStatus::kOutOfMemory;
  png.info = png_create_info_struct(png.read);
  if (png.info == nullptr) return ImageStatus::kOutOfMemory;
  return run(png, size, sink);
}

}  // namespace

const Decoder kPng{[](Bytes bytes, ImageSize& size) { return with_png(bytes, &size, nullptr); },
                   [](Bytes bytes, const ImageSink& sink) { return with_png(bytes, nullptr, &sink); }};

}  // namespace linnet::internal
