// ImageDecoder: Y ([height,width,channels], uint8) is the image in X ([bytes], uint8): BMP, JPEG, JPEG 2000, TIFF, PNG,
// WebP, or PBM, PGM and PPM. `pixel_format` "RGB", "BGR" (3 channels) or "Grayscale" (1). Opset 20. As ONNX wants it, Y
// is [0,0,channels] where X is no image or a broken one; a file that ends early is broken. Of 16 bits 8 are kept, alpha
// is left out, CMYK becomes RGB; grey is (19595 R + 38470 G + 7471 B) / 65536, rounded, as Pillow makes it. Orientation
// and colour profiles are not looked at. Of several images in a file it is the first. Formats are read by the module
// liblinnet_image.so, which is opened when a model has an ImageDecoder; a run stops between rows, or where a library
// gives them all at once (TIFF, WebP, JPEG 2000), behind it.
#include "ops/image/image_api.hpp"
#include "ops/shared/named_value.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal {
namespace {

enum class PixelFormat : std::uint8_t { kRgb, kBgr, kGrayscale };
constexpr NamedValue<PixelFormat> kPixelFormats[] = {
    {"RGB", PixelFormat::kRgb}, {"BGR", PixelFormat::kBgr}, {"Grayscale", PixelFormat::kGrayscale}};

/// Errors: kUnsupported without the module.
const ImageApi& image_api() {
  static std::string& reason = *new std::string;  // never destroyed: other threads may load while the process exits
  static const ImageApi* const kApi =
      module_api<ImageApiFunction>("liblinnet_image.so", "linnet_image_api", kImageApiVersion, &reason);
  if (kApi == nullptr) unsupported("images are decoded by a module, and ", reason);
  return *kApi;
}

struct ImageAttributes : Attributes {
  PixelFormat format = PixelFormat::kRgb;
  std::int64_t channels() const { return format == PixelFormat::kGrayscale ? 1 : 3; }
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ImageAttributes>();
  attributes->format = named_value(context, "pixel_format", kPixelFormats);
  image_api();
  return attributes;
}

void infer(InferContext& context) {
  if (context.input_rank(0) != 1) invalid_model("input X has rank ", context.input_rank(0), ", expected 1");
  context.set_output(0, DataType::kUint8,
                     {Dim::unknown(), Dim::unknown(), Dim(context.attributes<ImageAttributes>().channels())});
}

struct State {
  AttributesPtr attributes;
  std::size_t size = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = context.node().attributes;
  state->size = static_cast<std::size_t>(context.input_shape(0)[0]);
  return {state};
}

/// Where the rows go.
struct Rows {
  RunControl* control;
  PixelFormat format;
  std::size_t width;
  std::uint8_t* next;
  const std::uint8_t* end;
};

bool take_row(void* context, const std::uint8_t* rgb) {
  Rows& rows = *static_cast<Rows*>(context);
  if (rows.next == rows.end || rows.control->stop_requested()) return false;
  for (std::size_t x = 0; x < rows.width; ++x, rgb += 3) {
    if (rows.format == PixelFormat::kGrayscale) {
      *rows.next++ = static_cast<std::uint8_t>((19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 0x8000U) >> 16U);
      continue;
    }
    const bool swapped = rows.format == PixelFormat::kBgr;
    *rows.next++ = rgb[swapped ? 2 : 0];
    *rows.next++ = rgb[1];
    *rows.next++ = rgb[swapped ? 0 : 2];
  }
  return true;
}

/// Errors: kUnsupported, kOutOfMemory, kLimitExceeded.
ImageStatus decode(const RunArguments& args, const State& state, const ImageAttributes& attributes, Held& output) {
  const ImageApi& api = image_api();
  const auto* const bytes = static_cast<const std::uint8_t*>(args.inputs[0]);
  ImageSize size;
  ImageStatus status = api.measure(bytes, state.size, &size);
  if (status == ImageStatus::kNoCodec) unsupported("liblinnet_image.so was built without ", size.format);
  if (status != ImageStatus::kDone) return status;
  std::byte* const pixels = output.make(DataType::kUint8, {size.height, size.width, attributes.channels()});
  const std::uint64_t memory = output.bytes() + size.memory;
  output.check_budget(memory < size.memory ? SIZE_MAX : memory);
  Rows rows{&args.control, attributes.format, static_cast<std::size_t>(size.width),
            reinterpret_cast<std::uint8_t*>(pixels), nullptr};
  rows.end = rows.next + output.bytes();
  const ImageSink sink{take_row, &rows};
  status = api.decode(bytes, state.size, &sink);
  if (status == ImageStatus::kDone && rows.next != rows.end) return ImageStatus::kNoImage;
  return status;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto& attributes = static_cast<const ImageAttributes&>(*state.attributes);
  Held& output = held(args.outputs[0]);
  const ImageStatus status = decode(args, state, attributes, output);
  if (status == ImageStatus::kDone) return;
  args.control.check();
  if (status == ImageStatus::kOutOfMemory) fail(ErrorCode::kOutOfMemory, "no memory to decode an image");
  output.make(DataType::kUint8, {0, 0, attributes.channels()});
}

constexpr InputDef kInputs[] = {{"encoded_stream", {DataType::kUint8}}};
constexpr OutputDef kOutputs[] = {{"image", {DataType::kUint8}}};

}  // namespace

void register_image_decoder(Registry& registry) {
  OpDef op;
  op.name = "ImageDecoder";
  op.since_opset = 20;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
