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

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string quoted(std::string_view location) { return text("\"", printable(location, 400), "\""); }

[[noreturn]] void cannot_open(const std::string& location, int error) {
  fail(ErrorCode::kIo, "cannot open external data ", quoted(location), ": ", std::strerror(error));
}

bool is_link(int folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

Opened open_components(const FileDescriptor& folder, const std::string& location) {
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
        return {FileDescriptor(), is_link(parent, name.c_str()) ? ELOOP : error};
      }
      if (last) return {std::move(next)};
      current = std::move(next);
    }
    begin = end + 1;
  }
}

/// Opens what the links of `location` lead to, when that lies below one of the folders.
FileDescriptor follow_links(const FileDescriptor& folder, const std::vector<FileDescriptor>& folders,
                            const std::string& location, bool use_openat2) {
  // Only to learn its name: nothing is read through this descriptor, and opening so does nothing to a device.
  const FileDescriptor target(::openat(folder.get(), location.c_str(), O_PATH | O_CLOEXEC));
  if (!target.valid()) cannot_open(location, errno);
  const std::string path = path_of(target);
  for (const FileDescriptor& candidate : folders) {
    std::string root = path_of(candidate);
    if (root.empty()) continue;
    if (root.back() != '/') root += '/';
    if (path.size() <= root.size() || path.compare(0, root.size(), root) != 0) continue;
    Opened opened = open_beneath(candidate, path.substr(root.size()), use_openat2);
    if (!opened.file.valid()) cannot_open(location, opened.error);
    return std::move(opened.file);
  }
  invalid_model("external data ", quoted(location),
                " is reached through a symbolic link that leads out of the model's folder; "
                "Options::allow_external_links accepts it");
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

Opened open_beneath(const FileDescriptor& folder, const std::string& location, bool use_openat2) {
  if (use_openat2) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(kReadFlags | O_NOFOLLOW);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    FileDescriptor file(static_cast<int>(::syscall(SYS_openat2, folder.get(), location.c_str(), &how, sizeof how)));
    if (file.valid()) return {std::move(file)};
    // An old kernel, or a sandbox that does not know the call.
    if (errno != ENOSYS && errno != EPERM && errno != EINVAL) return {FileDescriptor(), errno};
  }
  return open_components(folder, location);
}

FileDescriptor open_within(const std::vector<FileDescriptor>& folders, const std::string& location, bool allow_links,
                           bool use_openat2) {
  int first_error = 0;
  for (const FileDescriptor& folder : folders) {
    Opened opened;
    if (allow_links) {
      opened.file = FileDescriptor(::openat(folder.get(), location.c_str(), kReadFlags));
      if (!opened.file.valid()) opened.error = errno;
    } else {
      opened = open_beneath(folder, location, use_openat2);
      if (opened.error == ELOOP) return follow_links(folder, folders, location, use_openat2);
    }
    if (opened.file.valid()) return std::move(opened.file);
    if (opened.error != ENOENT) cannot_open(location, opened.error);
    if (first_error == 0) first_error = opened.error;
  }
  cannot_open(location, first_error == 0 ? ENOENT : first_error);
}

ExternalData::ExternalData(const Options& options) : options_(&options) {
  if (!options.external_data_folder.empty()) folder_paths_ = {options.external_data_folder};
}

ExternalData::ExternalData(const std::string& path, const FileDescriptor& model, const Options& options)
    : ExternalData(options) {
  if (!folder_paths_.empty()) return;
  folder_paths_ = {folder_of(path)};
  const std::string real_path = path_of(model);
  if (!real_path.empty() && folder_of(real_path) != folder_paths_[0]) folder_paths_.push_back(folder_of(real_path));
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
  if (std::shared_ptr<const MappedFile> given = buffer(location); given != nullptr)
    return files_.emplace(location, std::move(given)).first->second;

  if (folder_paths_.empty()) {
    unsupported("the data is in the file ", quoted(location),
                ", but the model was loaded from memory and has no folder; Options::external_data_folder names one, "
                "Options::external_data gives the bytes of files");
  }
  open_folders();
  const FileDescriptor file = open_within(folders_, location, options_->allow_external_links);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) cannot_open(location, errno);
  if (S_ISREG(status.st_mode) && status.st_nlink > 1 && !options_->allow_external_links) {
    invalid_model("external data ", quoted(location), " is a file with ", static_cast<std::uint64_t>(status.st_nlink),
                  " hard links, so it may belong elsewhere; Options::allow_external_links accepts it");
  }
  return files_.emplace(location, MappedFile::map(file, location, options_->limits.file_bytes)).first->second;
}

/// A copy of the caller's bytes; null when there are none for this location.
std::shared_ptr<const MappedFile> ExternalData::buffer(const std::string& location) const {
  for (const ExternalBuffer& given : options_->external_data) {
    if (given.location != location) continue;
    if (given.data == nullptr && given.size > 0) {
      invalid_argument("the bytes given for external data ", quoted(location), " are null");
    }
    if (options_->limits.file_bytes != 0 && given.size > options_->limits.file_bytes) {
      fail(ErrorCode::kLimitExceeded, quoted(location), " has ", given.size,
           " bytes; the limit (Options::limits.file_bytes) is ", options_->limits.file_bytes);
    }
    return MappedFile::copy(given.data, given.size);
  }
  return nullptr;
}

void ExternalData::open_folders() {
  if (!folders_.empty()) return;
  for (const std::string& path : folder_paths_) {
    FileDescriptor folder(::open(path.c_str(), kFolderFlags));
    if (!folder.valid()) {
      fail(ErrorCode::kIo, "cannot open the folder ", quoted(path), " of external data: ", std::strerror(errno));
    }
    folders_.push_back(std::move(folder));
  }
}

}  // namespace linnet::internal::onnx
