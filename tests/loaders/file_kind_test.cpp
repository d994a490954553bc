// What files that are no models are called.
#include "loaders/file_kind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::seems_to_be;
using testing::HasSubstr;
using testing::StartsWith;
using std::string_literals::operator""s;

/// The local header of a zip archive's member, and the member.
std::string zipped(const std::string& name) {
  std::string out = "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s;
  out += static_cast<char>(name.size());
  return out + "\0\0\0"s + name + "some data";
}

struct Kind {
  std::string bytes;
  const char* words;
};

std::vector<Kind> kinds() {
  return {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 97781920\n",
       "a Git LFS pointer, which stands for a file of 97781920 bytes: fetch that with \"git lfs pull\""},
      {"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page"},
      {"\n  <HTML lang=en>", "an HTML page"},
      {"<?xml version=\"1.0\"?><net name=\"m\"><layers>", "a model of OpenVINO"},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document"},
      {"{\"model_type\": \"bert\"}", "a JSON document"},
      {"{\"format\": \"layers-model\", \"modelTopology\": {}}", "a TensorFlow.js model"},
      {"ir_version: 8\nproducer_name: \"pytorch\"\n", "an ONNX model written as text"},
      {"<\n  ir_version: 8,\n  opset_import: [\"\" : 17]\n>", "an ONNX model written as text"},
      {"not found", "a text: \"not found\""},
      {" \n\t\n", "nothing but spaces"},
      {std::string(4096, '\0'), "nothing but zero bytes"},
      {zipped("archive/data.pkl"), "a PyTorch checkpoint: export the model with torch.onnx.export"},
      {zipped("net/constants.pkl"), "a TorchScript program: export the model with torch.onnx.export"},
      {zipped("m/archive_format"), "a program of torch.export (.pt2)"},
      {zipped("model.weights.h5"), "a Keras model"},
      {zipped("arr_0.npy"), "NumPy arrays (.npz)"},
      {zipped("model.onnx"), "a zip archive with an ONNX model in it"},
      {zipped("notes.txt"), "a zip archive: unpack it first"},
      {"\x40\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"}}"s,
       "a safetensors file, which holds weights but no graph"},
      {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s, "a PyTorch checkpoint (pickle)"},
      {"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94."s, "a Python pickle"},
      {"\x1f\x8b\x08\0"s, "a gzip archive"},
      {"BZh91AY", "a bzip2 archive"},
      {"\xfd\x37zXZ\0"s, "an xz archive"},
      {"\x28\xb5\x2f\xfd\x04", "a Zstandard archive"},
      {"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
      {std::string(257, 'm') + "ustar", "a tar archive"},
      {"\x1c\0\0\0TFL3"s, "a TensorFlow Lite model"},
      {"\x1c\0\0\0ORTM"s, "ONNX Runtime's own format"},
      {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"GGUF\x03", "a GGUF file"},
      {"\x93NUMPY\x01", "a NumPy array"},
      {"ftrt", "a TensorRT engine"},
      {"7767517\n2 2\n", "an ncnn model"},
      {"\x7f"
       "ELF",
       "a program or a library"},
      {"\n\x1e\n\x05input\x12\x0bPlaceholder*\x0b\n\x05"
       "dtype",
       "a TensorFlow graph"},
      {tensor<float>({2}, {1, 2}, "x").str(), "an ONNX tensor (TensorProto)"},
  };
}

TEST(FileKind, IsSaidOfFilesThatAreNoModels) {
  const TemporaryFolder folder;
  for (const Kind& kind : kinds()) {
    const std::string path = folder.write("model.onnx", kind.bytes);
    const Error error = error_of([&] { internal::load_model_file(path, toy_operators(), {}); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
    EXPECT_THAT(error.what(), StartsWith("\"" + path + "\": this is no ONNX model; it seems to be "));
    EXPECT_THAT(error.what(), HasSubstr(kind.words));
    const Error from_memory = error_of([&] { load_toy(kind.bytes); });
    EXPECT_THAT(from_memory.what(), HasSubstr(kind.words));
  }
}

TEST(FileKind, OfModelsIsNotAsked) {
  EXPECT_EQ(seems_to_be(relu_model().bytes()), "");
  EXPECT_EQ(seems_to_be(""), "");
  const Error damaged = error_of([] { load_toy(relu_model().bytes().substr(0, 40)); });
  EXPECT_THAT(damaged.what(), HasSubstr("cut short or damaged"));
}

TEST(FileKind, OfTensorFilesIsSaidToo) {
  const TemporaryFolder folder;
  const std::string path = folder.write("input_0.pb", "version https://git-lfs.github.com/spec/v1\nsize 12\n");
  const Error error = error_of([&] { internal::read_tensor_proto_file(path); });
  EXPECT_THAT(error.what(), HasSubstr("this is no ONNX tensor; it seems to be a Git LFS pointer"));
}

}  // namespace
}  // namespace linnet::test
