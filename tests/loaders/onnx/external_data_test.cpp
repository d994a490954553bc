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
  ExternalData data(folder.path(), options);
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
  ExternalData data(folder.path("model"), options);
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
    EXPECT_TRUE(open_beneath(root, "a/b/c.bin", false, use_openat2).valid());
    EXPECT_TRUE(open_beneath(root, "./a//b/./c.bin", false, use_openat2).valid());
    for (const char* link : {"a/b/link", "a/way/c.bin"}) {
      const Error error = error_of([&] { open_beneath(root, link, false, use_openat2); });
      EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
      EXPECT_THAT(error.what(), HasSubstr("is reached through a symbolic link"));
      EXPECT_TRUE(open_beneath(root, link, true, use_openat2).valid());
    }
    for (const char* missing : {"nothing", "a/nothing/c.bin", "a/b/c.bin/d"}) {
      const Error error = error_of([&] { open_beneath(root, missing, false, use_openat2); });
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      EXPECT_THAT(error.what(), HasSubstr("cannot open external data \"" + std::string(missing)));
    }
  }
}

}  // namespace
}  // namespace linnet::test
