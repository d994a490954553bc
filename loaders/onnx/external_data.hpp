// Tensor data in files beside the model.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/mapped_file.hpp"
#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// A location as a model may give it: relative, without `..`, backslash or NUL. Errors: kInvalidModel.
void check_location(std::string_view location);

/// What opening gave: the file, or why not.
struct Opened {
  FileDescriptor file;
  int error = 0;  ///< an errno; ELOOP for a symbolic link on the way
};

/// Opens the file `location` below `folder` for reading, without following symbolic links (in no component) and without
/// waiting for pipes. With `use_openat2` the kernel checks the whole path at once; otherwise, or where it cannot, every
/// component is opened in turn. Requires: check_location(location).
Opened open_beneath(const FileDescriptor& folder, const std::string& location, bool use_openat2 = true);

/// Opens the file `location` below the first of the folders that has it. A symbolic link is followed to a file below
/// any of them, and with `allow_links` anywhere. What is opened in the end is reached from its folder without a link,
/// so that nobody can put another file there between the check and the opening. Errors: kIo, kInvalidModel for a link
/// that leads elsewhere.
FileDescriptor open_within(const std::vector<FileDescriptor>& folders, const std::string& location, bool allow_links,
                           bool use_openat2 = true);

/// The external data of one model. Every file is opened once. Thread-safety: one thread at a time.
class ExternalData {
 public:
  struct Bytes {
    const std::byte* data = nullptr;
    std::shared_ptr<const MappedFile> file;
  };

  /// For a model from memory: there is what the options give, and nothing else.
  explicit ExternalData(const Options& options);
  /// For a model whose file is `model`, opened at `path`: files in the folder of that path, or, when it is a link, in
  /// the folder of the file that it leads to.
  ExternalData(const std::string& path, const FileDescriptor& model, const Options& options);

  /// The `bytes` bytes that the tensor's external_data names. Errors: kInvalidModel for a wrong location or range, kIo,
  /// kLimitExceeded, kUnsupported without a folder.
  Bytes find(const TensorProto& tensor, std::size_t bytes);

 private:
  const std::shared_ptr<const MappedFile>& file(const std::string& location);
  std::shared_ptr<const MappedFile> buffer(const std::string& location) const;
  void open_folders();

  const Options* options_;
  std::vector<std::string> folder_paths_;  ///< in the order of looking
  std::vector<FileDescriptor> folders_;    ///< those of them that can be opened, once one was needed
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace linnet::internal::onnx
