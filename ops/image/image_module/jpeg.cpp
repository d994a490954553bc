// JPEG by libjpeg, which returns from errors by longjmp: only plain data lies in between.
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include "ops/image/image_module/decoders.hpp"

namespace linnet::internal {
namespace {

constexpr int kMostScans = 500;  ///< of a progressive image: each goes over all of it, however few bytes it has

struct Jpeg {
  jpeg_decompress_struct state;
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf back;
  ImageStatus status;
};

[[noreturn]] void give_up(j_common_ptr state) {
  Jpeg& jpeg = *static_cast<Jpeg*>(state->client_data);
  jpeg.status = state->err->msg_code == JERR_OUT_OF_MEMORY ? ImageStatus::kOutOfMemory : ImageStatus::kNoImage;
  std::longjmp(jpeg.back, 1);
}

/// Of a file that ends early the rest would be grey.
void note(j_common_ptr state, int level) {
  if (level < 0 && state->err->msg_code == JWRN_JPEG_EOF) give_up(state);
}

void say_nothing(j_common_ptr) {}

void count_scans(j_common_ptr state) {
  if (reinterpret_cast<j_decompress_ptr>(state)->input_scan_number > kMostScans) give_up(state);
}

void open(Jpeg& jpeg, Bytes bytes) {
  jpeg_create_decompress(&jpeg.state);
  jpeg.progress.progress_monitor = count_scans;
  jpeg.state.progress = &jpeg.progress;
  jpeg_mem_src(&jpeg.state, bytes.data, static_cast<unsigned long>(bytes.size));
  jpeg_read_header(&jpeg.state, TRUE);
}

void measure(Jpeg& jpeg, ImageSize& size) {
  size.height = jpeg.state.image_height;
  size.width = jpeg.state.image_width;
  const bool whole = jpeg_has_multiple_scans(&jpeg.state) != 0;
  std::uint64_t blocks = 0;  // of the image, or of a row of it
  for (int i = 0; i < jpeg.state.num_components; ++i) {
    const jpeg_component_info& component = jpeg.state.comp_info[i];
    const auto rows = whole ? component.height_in_blocks : static_cast<JDIMENSION>(component.v_samp_factor);
    blocks += std::uint64_t{component.width_in_blocks} * rows;
  }
  size.memory = blocks * sizeof(JBLOCK);
}

/// As Adobe writes CMYK, 255 is no ink.
void convert_cmyk(const JSAMPLE* cmyk, std::size_t count, bool inverted, JSAMPLE* rgb) {
  for (; count > 0; --count, cmyk += 4, rgb += 3) {
    const int black = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int i = 0; i < 3; ++i)
      rgb[i] = static_cast<JSAMPLE>(((inverted ? cmyk[i] : 255 - cmyk[i]) * black + 127) / 255);
  }
}

ImageStatus decode(Jpeg& jpeg, const ImageSink& sink) {
  jpeg_decompress_struct& state = jpeg.state;
  const bool cmyk = state.jpeg_color_space == JCS_CMYK || state.jpeg_color_space == JCS_YCCK;
  state.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&state);
  const JDIMENSION width = state.output_width;
  const auto common = reinterpret_cast<j_common_ptr>(&state);
  JSAMPARRAY row = state.mem->alloc_sarray(common, JPOOL_IMAGE, width * (cmyk ? 4 : 3), 1);
  JSAMPARRAY rgb = cmyk ? state.mem->alloc_sarray(common, JPOOL_IMAGE, width * 3, 1) : row;
  while (state.output_scanline < state.output_height) {
    jpeg_read_scanlines(&state, row, 1);
    if (cmyk) convert_cmyk(row[0], width, state.saw_Adobe_marker != 0, rgb[0]);
    if (!sink.row(sink.context, rgb[0])) return ImageStatus::kStopped;
  }
  jpeg_finish_decompress(&state);
  return ImageStatus::kDone;
}

ImageStatus run(Jpeg& jpeg, Bytes bytes, ImageSize* size, const ImageSink* sink) {
  if (setjmp(jpeg.back) != 0) return jpeg.status;
  open(jpeg, bytes);
  if (sink != nullptr) return decode(jpeg, *sink);
  measure(jpeg, *size);
  return ImageStatus::kDone;
}

ImageStatus with_jpeg(Bytes bytes, ImageSize* size, const ImageSink* sink) {
  Jpeg jpeg{};
  jpeg.state.err = jpeg_std_error(&jpeg.errors);
  jpeg.state.client_data = &jpeg;
  jpeg.errors.error_exit = give_up;
  jpeg.errors.emit_message = note;
  jpeg.errors.output_message = say_nothing;
  const ImageStatus status = run(jpeg, bytes, size, sink);
  jpeg_destroy_decompress(&jpeg.state);
  return status;
}

}  // namespace

const Decoder kJpeg{[](Bytes bytes, ImageSize& size) { return with_jpeg(bytes, &size, nullptr); },
                    [](Bytes bytes, const ImageSink& sink) { return with_jpeg(bytes, nullptr, &sink); }};

}  // namespace linnet::internal
