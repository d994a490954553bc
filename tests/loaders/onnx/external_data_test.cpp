// External data that is there. What is refused: tests/hostile/external_data_test.cpp.
#include "loaders/onnx/external_data.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::FileDescriptor;
using internal::onnx::ExternalData;
using internal::onnx::open_beneath;
using internal::onnx::open_within;
using internal::onnx::read;
using internal::onnx::Span;
using internal::onnx::TensorProto;
using testing::HasSubstr;

TensorProto external(const Entries& entries, std::string& bytes) {
  bytes = external_tensor(DataType::kFloat32, {1}, entries).str();
  return read<TensorProto>(Span{bytes.data(), bytes.size(), bytes.data()});
}

TEST(ExternalData, FindsRangesAndSharesFiles) {
  const TemporaryFolder folder;
  folder.write("w.bin", "0123456789");
  folder.write("sub/v.bin", "abc");
  const Options options;
  const std::string model = folder.write("model.onnx", "");
  ExternalData data(model, internal::open_file(model), options);
  std::string keep[5];
  const auto whole = data.find(external({{"location", "w.bin"}}, keep[0]), 10);
  const auto part = data.find(
      external({{"location", "w.bin"}, {"offset", "3"}, {"length", "4"}, {"checksum", "?"}, {"color", "red"}}, keep[1]),
      4);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(whole.data), 10), "0123456789");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(part.data), 4), "3456");
  EXPECT_EQ(whole.file, part.file);
  EXPECT_EQ(std::string(
                reinterpret_cast<const char*>(data.find(external({{"location", "./sub//v.bin"}}, keep[2]), 3).data), 3),
            "abc");
  EXPECT_NE(data.find(external({{"location", "w.bin"}, {"offset", "10"}}, keep[3]), 0).data, nullptr);
}

TEST(ExternalData, LinksAreTakenWhenAllowed) {
  const TemporaryFolder folder;
  folder.write("cache/blob", "data");
  folder.write("model/hard", "hard");
  ASSERT_EQ(::symlink("../cache/blob", folder.path("model/link").c_str()), 0);
  ASSERT_EQ(::link(folder.path("model/hard").c_str(), folder.path("model/other").c_str()), 0);
  Options options;
  options.allow_external_links = true;
  const std::string model = folder.write("model/model.onnx", "");
  ExternalData data(model, internal::open_file(model), options);
  std::string keep[2];
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(data.find(external({{"location", "link"}}, keep[0]), 4).data), 4),
            "data");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(data.find(external({{"location", "hard"}}, keep[1]), 4).data), 4),
            "hard");
}

/// Both ways of opening must agree.
TEST(OpenBeneath, WithAndWithoutTheKernelsHelp) {
  const TemporaryFolder folder;
  folder.write("a/b/c.bin", "x");
  ASSERT_EQ(::symlink("c.bin", folder.path("a/b/link").c_str()), 0);
  ASSERT_EQ(::symlink("b", folder.path("a/way").c_str()), 0);
  const FileDescriptor root(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const bool use_openat2 : {true, false}) {
    EXPECT_TRUE(open_beneath(root, "a/b/c.bin", use_openat2).file.valid());
    EXPECT_TRUE(open_beneath(root, "./a//b/./c.bin", use_openat2).file.valid());
    for (const char* link : {"a/b/link", "a/way/c.bin"})
      EXPECT_EQ(open_beneath(root, link, use_openat2).error, ELOOP) << link;
    EXPECT_EQ(open_beneath(root, "nothing", use_openat2).error, ENOENT);
    EXPECT_EQ(open_beneath(root, "a/nothing/c.bin", use_openat2).error, ENOENT);
    EXPECT_EQ(open_beneath(root, "a/b/c.bin/d", use_openat2).error, ENOTDIR);
  }
}

TEST(OpenWithin, FollowsLinksToItsFolders) {
  const TemporaryFolder folder;
  folder.write("snapshot/near.bin", "near");
  folder.write("blobs/far.bin", "far");
  folder.write("blobs/deep/far.bin", "far");
  folder.write("elsewhere/other.bin", "other");
  const auto link = [&](const char* target, const char* name) {
    ASSERT_EQ(::symlink(target, folder.path(name).c_str()), 0);
  };
  link("near.bin", "snapshot/inside");
  link("../blobs/far.bin", "snapshot/data");
  link("../blobs", "snapshot/linked_folder");
  link("data", "snapshot/link_to_link");
  link("../elsewhere/other.bin", "snapshot/outside");
  link("../blobs/../elsewhere/other.bin", "snapshot/through");
  std::vector<FileDescriptor> folders;
  for (const char* name : {"snapshot", "blobs"})
    folders.emplace_back(::open(folder.path(name).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const bool use_openat2 : {true, false}) {
    for (const char* taken :
         {"near.bin", "far.bin", "deep/far.bin", "inside", "data", "linked_folder/deep/far.bin", "link_to_link"}) {
      EXPECT_TRUE(open_within(folders, taken, false, use_openat2).valid()) << taken;
    }
    for (const char* refused : {"outside", "through"}) {
      const Error error = error_of([&] { open_within(folders, refused, false, use_openat2); });
      EXPECT_EQ(error.code(), ErrorCode::kInvalidModel) << refused;
      EXPECT_THAT(error.what(), HasSubstr("symbolic link that leads out of the model's folder"));
      EXPECT_TRUE(open_within(folders, refused, true, use_openat2).valid());
    }
    for (const bool allow_links : {true, false}) {
      const Error error = error_of([&] { open_within(folders, "nothing", allow_links, use_openat2); });
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      EXPECT_THAT(error.what(), HasSubstr("cannot open external data \"nothing\": No such file or directory"));
    }
  }
}

/// As Hugging Face's cache lays models out: all files of a snapshot are links into blobs/.
TEST(ExternalData, OfALinkedModelMayLieBesideWhatItLeadsTo) {
  const TemporaryFolder folder;
  folder.write("hub/blobs/1a2b", "model");
  folder.write("hub/blobs/3c4d", "data");
  folder.write("hub/snapshots/rev/onnx/readme", "");
  ASSERT_EQ(::symlink("../../../blobs/1a2b", folder.path("hub/snapshots/rev/onnx/model.onnx").c_str()), 0);
  ASSERT_EQ(::symlink("../../../blobs/3c4d", folder.path("hub/snapshots/rev/onnx/model.onnx_data").c_str()), 0);
  const std::string model = folder.path("hub/snapshots/rev/onnx/model.onnx");
  const Options options;
  ExternalData data(model, internal::open_file(model), options);
  std::string keep[2];
  const auto found = data.find(external({{"location", "model.onnx_data"}}, keep[0]), 4);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(found.data), 4), "data");

  // A link to the model alone: its data lies beside the target, under the name that the model has for it.
  folder.write("models/m.onnx", "model");
  folder.write("models/m.data", "more");
  ASSERT_EQ(::symlink("models/m.onnx", folder.path("latest.onnx").c_str()), 0);
  const std::string latest = folder.path("latest.onnx");
  ExternalData beside(latest, internal::open_file(latest), options);
  const auto more = beside.find(external({{"location", "m.data"}}, keep[1]), 4);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(more.data), 4), "more");
}

TEST(ExternalData, ComesFromGivenBytesAndAGivenFolder) {
  const TemporaryFolder folder;
  folder.write("given/v.bin", "file");
  std::string bytes = "0123456789";
  Options options;
  options.external_data = {{"w.bin", bytes.data(), bytes.size()}};
  options.external_data_folder = folder.path("given");
  ExternalData data(options);
  std::string keep[3];
  const auto from_bytes = data.find(external({{"location", "w.bin"}, {"offset", "3"}}, keep[0]), 4);
  const auto again = data.find(external({{"location", "w.bin"}}, keep[1]), 4);
  const auto from_file = data.find(external({{"location", "v.bin"}}, keep[2]), 4);
  bytes.assign(10, '?');
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(from_bytes.data), 4), "3456") << "a copy";
  EXPECT_EQ(from_bytes.file, again.file) << "one for all tensors";
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(from_file.data), 4), "file");
}

}  // namespace
}  // namespace linnet::test
