#include "loaders/mapped_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::MappedFile;
using testing::HasSubstr;

std::string content(const MappedFile& file) { return {reinterpret_cast<const char*>(file.data()), file.size()}; }

TEST(MappedFile, ReadsSmallFilesAndMapsLargeOnes) {
  const TemporaryFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, MappedFile::kReadBytes, MappedFile::kReadBytes + 1}) {
    std::string bytes(size, 'a');
    if (size > 0) bytes.back() = 'z';
    const auto file = MappedFile::open(folder.write("f", bytes), 0);
    EXPECT_EQ(content(*file), bytes);
    EXPECT_NE(file->data(), nullptr);
    EXPECT_EQ(file->is_private(), size <= MappedFile::kReadBytes);
  }
}

TEST(MappedFile, ForgottenPagesAreReadAnew) {
  const TemporaryFolder folder;
  const std::string bytes(1 << 20, 'q');
  const auto file = MappedFile::open(folder.write("f", bytes), 0);
  file->forget(file->data() + 100, bytes.size() - 200);
  file->forget(file->data() + 5, 10);
  file->forget(file->data() + bytes.size(), 10);  // outside: nothing happens
  EXPECT_EQ(content(*file), bytes);
}

TEST(MappedFile, CopiesMemory) {
  std::string bytes = "abc";
  const auto file = MappedFile::copy(bytes.data(), bytes.size());
  bytes[0] = 'x';
  EXPECT_EQ(content(*file), "abc");
  EXPECT_TRUE(file->is_private());
  EXPECT_EQ(MappedFile::copy(nullptr, 0)->size(), 0u);
}

TEST(MappedFile, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {folder.path(), pipe, std::string("/dev/zero")}) {
    const Error error = error_of([&] { MappedFile::open(path, 0); });
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.what(), HasSubstr("is not a regular file")) << path;
  }
}

TEST(MappedFile, NamesAMissingFile) {
  const Error error = error_of([] { MappedFile::open("/no/such/model.onnx", 0); });
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_STREQ(error.what(), "cannot open \"/no/such/model.onnx\": No such file or directory");
}

TEST(MappedFile, KeepsTheSizeLimit) {
  const TemporaryFolder folder;
  const std::string path = folder.write("f", "12345");
  EXPECT_EQ(MappedFile::open(path, 5)->size(), 5u);
  const Error error = error_of([&] { MappedFile::open(path, 4); });
  EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
  EXPECT_THAT(error.what(), HasSubstr("has 5 bytes; the limit (Options::limits.file_bytes) is 4"));
}

TEST(MappedFile, ManyFilesLeaveNoDescriptorOpen) {
  const TemporaryFolder folder;
  const std::string path = folder.write("f", std::string(MappedFile::kReadBytes * 2, 'x'));
  std::vector<std::shared_ptr<const MappedFile>> files;
  files.reserve(2000);
  for (int i = 0; i < 2000; ++i) files.push_back(MappedFile::open(path, 0));  // more than a process may have open
  EXPECT_EQ(files.back()->size(), MappedFile::kReadBytes * 2);
}

}  // namespace
}  // namespace linnet::test
