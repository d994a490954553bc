#include "loaders/onnx/external_data.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace linnet::internal::onnx {
namespace {

constexpr std::size_t kMaxLocation = 4096;  // PATH_MAX
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

std::string quoted(std::string_view location) { return text("\"", printable(location, 400), "\""); }

[[noreturn]] void refuse_link(const std::string& location) {
  invalid_model("external data ", quoted(location),
                " is reached through a symbolic link; Options::allow_external_links accepts links");
}

[[noreturn]] void cannot_open(const std::string& location, int error) {
  if (error == ELOOP) refuse_link(location);
  fail(ErrorCode::kIo, "cannot open external data ", quoted(location), ": ", std::strerror(error));
}

bool is_link(int folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

FileDescriptor open_components(const FileDescriptor& folder, const std::string& location) {
  FileDescriptor current;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = location.find('/', begin);
    const std::string name = location.substr(begin, end == std::string::npos ? end : end - begin);
    const int parent = current.valid() ? current.get() : folder.get();
    const bool last = end == std::string::npos;
    if (last || (!name.empty() && name != ".")) {
      const int flags = (last ? kReadFlags : kFolderFlags) | O_NOFOLLOW;
      FileDescriptor next(::openat(parent, name.c_str(), flags));
      if (!next.valid()) {
        const int error = errno;
        if (is_link(parent, name.c_str())) refuse_link(location);
        cannot_open(location, error);
      }
      if (last) return next;
      current = std::move(next);
    }
    begin = end + 1;
  }
}

/// The value of `key`; nothing when it is missing.
std::optional<std::string_view> entry(const TensorProto& tensor, std::string_view key) {
  std::optional<std::string_view> found;
  for (const StringStringEntryProto& candidate : tensor.external_data) {
    if (candidate.key != key) continue;
    if (found) invalid_model("external_data has the key \"", key, "\" twice");
    found = candidate.value;
  }
  return found;
}

std::optional<std::uint64_t> number_entry(const TensorProto& tensor, std::string_view key) {
  const auto digits = entry(tensor, key);
  if (!digits) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number);
  const bool whole = error == std::errc() && end == digits->data() + digits->size();
  if (!whole || digits->front() == '-') {
    invalid_model("external_data has ", key, " ", quoted(*digits), ", which is no decimal number from 0 to 2^63 - 1");
  }
  return static_cast<std::uint64_t>(number);
}

}  // namespace

void check_location(std::string_view location) {
  const auto refuse = [&](std::string_view why) {
    invalid_model("external data location ", quoted(location), " ", why,
                  "; it must name a file in the model's folder or below");
  };
  if (location.empty()) refuse("is empty");
  if (location.size() > kMaxLocation) refuse("is too long");
  if (location.find('\0') != std::string_view::npos) refuse("contains a NUL byte");
  if (location.find('\\') != std::string_view::npos) refuse("contains a backslash");
  if (location.front() == '/') refuse("is absolute");
  for (std::size_t begin = 0; begin <= location.size();) {
    const std::size_t end = std::min(location.find('/', begin), location.size());
    if (location.substr(begin, end - begin) == "..") refuse("contains \"..\"");
    begin = end + 1;
  }
}

FileDescriptor open_beneath(const FileDescriptor& folder, const std::string& location, bool allow_links,
                            bool use_openat2) {
  if (allow_links) {
    FileDescriptor file(::openat(folder.get(), location.c_str(), kReadFlags));
    if (!file.valid()) cannot_open(location, errno);
    return file;
  }
  if (use_openat2) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(kReadFlags | O_NOFOLLOW);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    FileDescriptor file(static_cast<int>(::syscall(SYS_openat2, folder.get(), location.c_str(), &how, sizeof how)));
    if (file.valid()) return file;
    // An old kernel, or a sandbox that does not know the call.
    if (errno != ENOSYS && errno != EPERM && errno != EINVAL) cannot_open(location, errno);
  }
  return open_components(folder, location);
}

ExternalData::Bytes ExternalData::find(const TensorProto& tensor, std::size_t bytes) {
  const auto location = entry(tensor, "location");
  if (!location) invalid_model("the data is external, but external_data has no location");
  check_location(*location);
  const auto length = number_entry(tensor, "length");
  const std::uint64_t offset = number_entry(tensor, "offset").value_or(0);
  if (length && *length != bytes) {
    invalid_model("external_data has length ", *length, ", but the shape needs ", bytes, " bytes");
  }
  if (!has_folder_) {
    unsupported("the data is in the file ", quoted(*location),
                ", but the model was loaded from memory and has no folder; load it from its file");
  }
  const auto& data = file(std::string(*location));
  if (offset > data->size() || bytes > data->size() - offset) {
    invalid_model("the data is at bytes ", offset, " to ", offset, " + ", bytes, " of ", quoted(*location),
                  ", which has only ", data->size(), " bytes");
  }
  return {data->data() + offset, data};
}

const std::shared_ptr<const MappedFile>& ExternalData::file(const std::string& location) {
  auto found = files_.find(location);
  if (found != files_.end()) return found->second;

  if (!folder_.valid()) {
    folder_ = FileDescriptor(::open(folder_path_.c_str(), kFolderFlags));
    if (!folder_.valid())
      fail(ErrorCode::kIo, "cannot open the folder ", quoted(folder_path_), ": ", std::strerror(errno));
  }
  const FileDescriptor file = open_beneath(folder_, location, options_->allow_external_links);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) cannot_open(location, errno);
  if (S_ISREG(status.st_mode) && status.st_nlink > 1 && !options_->allow_external_links) {
    invalid_model("external data ", quoted(location), " is a file with ", static_cast<std::uint64_t>(status.st_nlink),
                  " hard links; Options::allow_external_links accepts links");
  }
  return files_.emplace(location, MappedFile::map(file, location, options_->limits.file_bytes)).first->second;
}

}  // namespace linnet::internal::onnx
