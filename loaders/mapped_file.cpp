#include "loaders/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/constant.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr std::byte kNothing{};

void read_all(int descriptor, const std::string& name, std::byte* memory, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(descriptor, memory + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::kIo, "cannot read \"", printable(name, 400), "\": ", std::strerror(errno));
    if (got == 0) fail(ErrorCode::kIo, "\"", printable(name, 400), "\" became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (valid()) ::close(descriptor_);
}

int FileDescriptor::release() noexcept { return std::exchange(descriptor_, -1); }

FileDescriptor open_file(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) fail(ErrorCode::kIo, "cannot open \"", printable(path, 400), "\": ", std::strerror(errno));
  return file;
}

std::string path_of(const FileDescriptor& file) {
  std::string path(256, '\0');
  while (true) {
    const ssize_t length = ::readlink(text("/proc/self/fd/", file.get()).c_str(), path.data(), path.size());
    if (length < 0) return "";
    if (static_cast<std::size_t>(length) < path.size()) {
      path.resize(static_cast<std::size_t>(length));
      return path;
    }
    path.resize(2 * path.size());
  }
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path, std::size_t limit_bytes) {
  return map(open_file(path), path, limit_bytes);
}

std::shared_ptr<const MappedFile> MappedFile::map(const FileDescriptor& file, const std::string& name,
                                                  std::size_t limit_bytes) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    fail(ErrorCode::kIo, "cannot examine \"", printable(name, 400), "\": ", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::kIo, "\"", printable(name, 400), "\" is not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (limit_bytes != 0 && size > limit_bytes) {
    fail(ErrorCode::kLimitExceeded, "\"", printable(name, 400), "\" has ", size,
         " bytes; the limit (Options::limits.file_bytes) is ", limit_bytes);
  }

  std::shared_ptr<MappedFile> result(new MappedFile);
  result->size_ = size;
  if (size == 0) {
    result->data_ = &kNothing;
  } else if (size <= kReadBytes) {
    const std::shared_ptr<std::byte> memory = allocate_aligned(size);
    read_all(file.get(), name, memory.get(), size);
    result->data_ = memory.get();
    result->memory_ = memory;
  } else {
    void* pages = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (pages == MAP_FAILED) {
      const ErrorCode code = errno == ENOMEM ? ErrorCode::kOutOfMemory : ErrorCode::kIo;
      fail(code, "cannot map \"", printable(name, 400), "\" (", size, " bytes): ", std::strerror(errno));
    }
    result->data_ = static_cast<const std::byte*>(pages);
    result->mapped_ = true;
  }
  return result;
}

std::shared_ptr<const MappedFile> MappedFile::copy(const void* bytes, std::size_t size) {
  std::shared_ptr<MappedFile> result(new MappedFile);
  result->size_ = size;
  result->data_ = &kNothing;
  if (size > 0) {
    const std::shared_ptr<std::byte> memory = allocate_aligned(size);
    std::memcpy(memory.get(), bytes, size);
    result->data_ = memory.get();
    result->memory_ = memory;
  }
  return result;
}

MappedFile::~MappedFile() {
  if (mapped_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::forget(const std::byte* begin, std::size_t bytes) const noexcept {
  if (!mapped_ || begin < data_ || bytes > size_ || static_cast<std::size_t>(begin - data_) > size_ - bytes) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = (static_cast<std::size_t>(begin - data_) + page - 1) / page * page;
  const std::size_t last = (static_cast<std::size_t>(begin - data_) + bytes) / page * page;
  if (first < last) ::madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
}

}  // namespace linnet::internal
