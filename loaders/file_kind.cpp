// Sources: the formats' own documents. Names of files within a zip lie in its central directory, at its end, and in the
// headers of its members.
#include "loaders/file_kind.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/text.hpp"

namespace linnet::internal {
namespace {

using std::string_view_literals::operator""sv;

constexpr const char* kFromTorch = "export the model with torch.onnx.export, or load it with linnet.from_torch";

/// Bytes at a place of the file.
struct Magic {
  std::size_t at;
  std::string_view bytes;
  const char* kind;
};

constexpr Magic kMagics[] = {
    {0, "\x1f\x8b"sv, "a gzip archive: unpack it first"},
    {0, "BZh"sv, "a bzip2 archive: unpack it first"},
    {0, "\xfd\x37zXZ\0"sv, "an xz archive: unpack it first"},
    {0, "\x28\xb5\x2f\xfd"sv, "a Zstandard archive: unpack it first"},
    {0, "\x04\x22\x4d\x18"sv, "an LZ4 archive: unpack it first"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive: unpack it first"},
    {0, "Rar!\x1a\x07"sv, "a RAR archive: unpack it first"},
    {257, "ustar"sv, "a tar archive: unpack it first"},
    {4, "TFL3"sv, "a TensorFlow Lite model: convert it with tf2onnx"},
    {4, "ORTM"sv, "a model in ONNX Runtime's own format (.ort): take the .onnx file it was made from"},
    {4, "ET12"sv, "an ExecuTorch program: export the model with torch.onnx.export instead"},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file, such as a Keras model: convert it with tf2onnx"},
    {0, "GGUF"sv, "a GGUF file (llama.cpp), which holds weights but no graph"},
    {0, "\x93NUMPY"sv, "a NumPy array (.npy): arrays are inputs, not models"},
    {0, "ftrt"sv, "a TensorRT engine: take the .onnx file it was built from"},
    {0, "7767517\n"sv, "an ncnn model: take the .onnx file it was converted from"},
    {0,
     "\x7f"
     "ELF"sv,
     "a program or a library (ELF)"},
    {0, "\x89PNG\r\n"sv, "a PNG picture"},
    {0, "\xff\xd8\xff"sv, "a JPEG picture"},
    {0, "%PDF-"sv, "a PDF document"},
};

bool contains(std::string_view bytes, std::string_view part) { return bytes.find(part) != std::string_view::npos; }

std::string_view without_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Begins with `word` in small or capital letters.
bool begins_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
         });
}

std::string git_lfs_pointer(std::string_view bytes) {
  constexpr std::string_view kSize = "\nsize ";
  std::string out = "a Git LFS pointer, which stands for a file";
  const std::size_t size = bytes.find(kSize);
  if (size != std::string_view::npos) {
    const std::string_view digits = bytes.substr(size + kSize.size(), 20);
    out += text(" of ", printable(digits.substr(0, digits.find_first_not_of("0123456789"))), " bytes");
  }
  return out + ": fetch that with \"git lfs pull\"";
}

std::string zip(std::string_view bytes) {
  constexpr std::size_t kEnds = std::size_t{1} << 16;
  const std::string_view begin = bytes.substr(0, kEnds);
  const std::string_view end = bytes.substr(bytes.size() - std::min(bytes.size(), kEnds));
  const auto has = [&](std::string_view name) { return contains(begin, name) || contains(end, name); };
  if (has("constants.pkl")) return text("a TorchScript program: ", kFromTorch);
  if (has("archive_format") || has("serialized_exported_program.json"))
    return text("a program of torch.export (.pt2): ", kFromTorch);
  if (has("data.pkl")) return text("a PyTorch checkpoint: ", kFromTorch);
  if (has("model.weights.h5")) return "a Keras model: convert it with tf2onnx";
  if (has(".npy")) return "NumPy arrays (.npz): arrays are inputs, not models";
  if (has(".onnx")) return "a zip archive with an ONNX model in it: unpack it first";
  if (has("word/document.xml") || has("[Content_Types].xml")) return "an office document";
  return "a zip archive: unpack it first";
}

/// A safetensors file is the length of its header, 8 bytes, and the header, a JSON object.
bool is_safetensors(std::string_view bytes) {
  constexpr std::uint64_t kMostHeader = 100'000'000;  // what the format allows
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length + 2) return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length >= 2 && length <= kMostHeader && bytes[8] == '{' && (bytes[9] == '"' || bytes[9] == '}');
}

std::string pickle(std::string_view bytes) {
  // torch.save before PyTorch 1.6 begins with this number, as a long of 10 bytes.
  constexpr std::string_view kTorchMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
  if (contains(bytes.substr(0, 64), kTorchMagic) || contains(bytes.substr(0, 4096), "torch"))
    return text("a PyTorch checkpoint (pickle): ", kFromTorch);
  return "a Python pickle, which Linnet does not open";
}

/// Text, from its first character that is no space.
std::string text_file(std::string_view start) {
  if (begins_with(start, "<!doctype html") || begins_with(start, "<html") || begins_with(start, "<head"))
    return "an HTML page, such as a login or an error instead of a download: fetch the file itself";
  if (begins_with(start, "<?xml"))
    return contains(start.substr(0, 4096), "<layers")
               ? "a model of OpenVINO (.xml): take the .onnx file it was converted from"
               : "an XML document";
  if (begins_with(start, "ir_version:") || (start[0] == '<' && contains(start.substr(0, 256), "ir_version")))
    return "an ONNX model written as text: save it with onnx.save";
  if (begins_with(start, "{") && contains(start.substr(0, 4096), "modelTopology"))
    return "a TensorFlow.js model: convert it with tf2onnx";
  if (start[0] == '{' || start[0] == '[') return "a JSON document";
  return {};
}

/// The first message within TensorFlow's GraphDef is a node: its name and then its operator.
bool is_graph_def(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 512);
  return start.substr(0, 1) == "\n" && (contains(start, "\x12\x0bPlaceholder") || contains(start,
                                                                                           "\x12\x05"
                                                                                           "Const"));
}

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return code >= 0x20 || code == '\t' || code == '\r' || code == '\n';
  });
}

}  // namespace

std::string seems_to_be(std::string_view bytes) {
  constexpr std::size_t kTextBytes = 512;
  constexpr std::size_t kShown = 40;
  if (bytes.empty()) return {};
  if (begins_with(bytes, "version https://git-lfs")) return git_lfs_pointer(bytes);
  for (const Magic& magic : kMagics) {
    if (bytes.size() >= magic.at && bytes.substr(magic.at, magic.bytes.size()) == magic.bytes) return magic.kind;
  }
  if (bytes.substr(0, 4) == "PK\x03\x04"sv || bytes.substr(0, 4) == "PK\x05\x06"sv) return zip(bytes);
  if (is_safetensors(bytes)) return text("a safetensors file, which holds weights but no graph: ", kFromTorch);
  if (bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5) return pickle(bytes);
  if (is_graph_def(bytes)) return "a TensorFlow graph: convert it with tf2onnx";
  const std::string_view start = without_space(bytes.substr(0, kTextBytes));
  if (start.empty()) return "a file of nothing but spaces";
  if (is_text(start)) {
    const std::string kind = text_file(without_space(bytes));
    return kind.empty()
               ? text("a text: \"", printable(start.substr(0, std::min(kShown, start.find_first_of("\r\n")))), "\"")
               : kind;
  }
  const auto is_zero = [](char byte) { return byte == 0; };
  if (std::all_of(bytes.begin(), bytes.end(), is_zero))
    return "nothing but zero bytes: was it copied or fetched whole?";
  return {};
}

}  // namespace linnet::internal
