// Tensor data in files beside the model.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "loaders/mapped_file.hpp"
#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// A location as a model may give it: relative, without `..`, backslash or NUL. Errors: kInvalidModel.
void check_location(std::string_view location);

/// Opens the regular file `location` below `folder` for reading, without following symbolic links (in no component)
/// unless `allow_links`, and without waiting for pipes. With `use_openat2` the kernel checks the whole path at once;
/// otherwise, or where it cannot, every component is opened in turn. Requires: check_location(location). Errors: kIo,
/// kInvalidModel for a link.
FileDescriptor open_beneath(const FileDescriptor& folder, const std::string& location, bool allow_links,
                            bool use_openat2 = true);

/// The external data of one model. Every file is opened once. Thread-safety: one thread at a time.
class ExternalData {
 public:
  struct Bytes {
    const std::byte* data = nullptr;
    std::shared_ptr<const MappedFile> file;
  };

  /// For a model from memory: every request is refused.
  explicit ExternalData(const Options& options) : options_(&options) {}
  ExternalData(const std::string& folder, const Options& options)
      : options_(&options), has_folder_(true), folder_path_(folder) {}

  /// The `bytes` bytes that the tensor's external_data names. Errors: kInvalidModel for a wrong location or range, kIo,
  /// kLimitExceeded, kUnsupported without a folder.
  Bytes find(const TensorProto& tensor, std::size_t bytes);

 private:
  const std::shared_ptr<const MappedFile>& file(const std::string& location);

  const Options* options_;
  bool has_folder_ = false;
  std::string folder_path_;
  FileDescriptor folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace linnet::internal::onnx
