// The bytes of a file, read-only: mapped when large, read into memory when small.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace linnet::internal {

/// Owns an open descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const noexcept { return descriptor_; }
  bool valid() const noexcept { return descriptor_ >= 0; }
  int release() noexcept;

 private:
  int descriptor_;
};

/// Opens a file for reading, without waiting for a pipe. Errors: kIo.
FileDescriptor open_file(const std::string& path);
/// Where the open file or folder lies, without links on the way; "" where the system does not tell (no /proc).
std::string path_of(const FileDescriptor& file);

/// Thread-safety: immutable.
/// A mapped file that is cut short by someone else afterwards raises SIGBUS where its pages are read;
/// Options::copy_weights is the answer to that.
class MappedFile {
 public:
  /// Files up to this size are read, not mapped: that is quicker, and nothing that happens to the file later matters.
  static constexpr std::size_t kReadBytes = std::size_t{64} << 10;

  /// Errors: kIo for a file that is missing, unreadable or no regular file (a pipe or device is refused without waiting
  /// for it), kLimitExceeded for one of more than `limit_bytes` (0: no limit).
  static std::shared_ptr<const MappedFile> open(const std::string& path, std::size_t limit_bytes);
  /// The same for an open descriptor; `name` is for messages.
  static std::shared_ptr<const MappedFile> map(const FileDescriptor& file, const std::string& name,
                                               std::size_t limit_bytes);
  /// A copy of bytes in memory, for what has no file.
  static std::shared_ptr<const MappedFile> copy(const void* bytes, std::size_t size);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// Never null, also when the file is empty.
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// Whether the bytes are memory of this process, which nobody else can change.
  bool is_private() const noexcept { return !mapped_; }

  /// Gives back the whole pages within [begin, begin + bytes), which was read and is not needed soon; they are read
  /// anew when touched.
  void forget(const std::byte* begin, std::size_t bytes) const noexcept;

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool mapped_ = false;
  std::shared_ptr<const std::byte> memory_;  ///< holds what was read
};

}  // namespace linnet::internal
