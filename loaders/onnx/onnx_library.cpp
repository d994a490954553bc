#include "loaders/onnx/onnx_library.hpp"

#include <dlfcn.h>
#include <sys/mman.h>

#include <array>
#include <new>

#include "loaders/onnx_module/onnx_module.hpp"
#include "runtime/error.hpp"
#include "runtime/module_loader.hpp"

namespace linnet::internal::onnx {
namespace {

constexpr const char* kModule = "liblinnet_onnx.so";

/// The dynamic loader says of too little memory only that it cannot map the file, and may end the process over it. The
/// module and protobuf take 3 MB to map, and some for themselves.
void require_memory_to_open() {
  constexpr std::size_t kBytes = std::size_t{16} << 20;
  void* const probe = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) throw std::bad_alloc();
  ::munmap(probe, kBytes);
}

struct Library {
  LinnetOnnxFunctionBody function_body = nullptr;
  LinnetOnnxConvertVersion convert_version = nullptr;
  std::string reason;  ///< why it cannot be used; empty when it can

  /// Errors: std::bad_alloc, and then the next question tries again.
  Library() {
    require_memory_to_open();
    void* module = open_module(kModule, &reason);
    if (module == nullptr) return;
    const auto interface = reinterpret_cast<LinnetOnnxInterface>(::dlsym(module, "linnet_onnx_interface"));
    if (interface == nullptr || interface() != kLinnetOnnxInterface) {
      reason = text("the module ", kModule, " belongs to another version of Linnet");
      return;
    }
    function_body = reinterpret_cast<LinnetOnnxFunctionBody>(::dlsym(module, "linnet_onnx_function_body"));
    convert_version = reinterpret_cast<LinnetOnnxConvertVersion>(::dlsym(module, "linnet_onnx_convert_version"));
    const auto start = reinterpret_cast<LinnetOnnxStart>(::dlsym(module, "linnet_onnx_start"));
    if (function_body == nullptr || convert_version == nullptr || start == nullptr) {
      reason = text("the module ", kModule, " is incomplete");
      return;
    }
    if (start() == kLinnetOnnxOutOfMemory) throw std::bad_alloc();
  }
};

const Library& library() {
  static const Library kLibrary;
  return kLibrary;
}

/// LinnetOnnxEmit: `context` is the shared_ptr to fill.
bool keep(void* context, const void* bytes, std::size_t size) {
  try {
    *static_cast<std::shared_ptr<const MappedFile>*>(context) = MappedFile::copy(bytes, size);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

using ErrorText = std::array<char, 1024>;

}  // namespace

FunctionBody find_function_body(const std::string& domain, const std::string& op_type, int opset, std::string_view node,
                                const std::vector<TensorType>& input_types) {
  FunctionBody result;
  if (domain.find('\0') != std::string::npos || op_type.find('\0') != std::string::npos) {
    result.reason = text("ONNX has no such operator at opset ", opset);
    return result;
  }
  if (!library().reason.empty()) {
    result.reason = text(
        "there is no kernel for it, and its definition through other operators, if ONNX has one, could not be looked "
        "up: ",
        library().reason);
    return result;
  }
  std::vector<LinnetOnnxType> types;
  std::vector<std::vector<std::int64_t>> dims(input_types.size());
  for (std::size_t i = 0; i < input_types.size(); ++i) {
    for (const Dim dim : input_types[i].dims) dims[i].push_back(dim.known() ? dim.value() : -1);
    types.push_back(
        {static_cast<std::int32_t>(input_types[i].type), input_types[i].ranked, dims[i].size(), dims[i].data()});
  }
  ErrorText error{};
  const int status =
      library().function_body(domain.c_str(), op_type.c_str(), opset, node.data(), node.size(), types.data(),
                              types.size(), keep, &result.bytes, error.data(), error.size());
  if (status == kLinnetOnnxDone) return result;
  if (status == kLinnetOnnxOutOfMemory) throw std::bad_alloc();
  result.bytes.reset();
  switch (status) {
    case kLinnetOnnxUnknownOperator:
      result.reason = text("ONNX has no such operator at opset ", opset);
      break;
    case kLinnetOnnxNoFunction:
      result.reason = "there is no kernel for it, and ONNX does not define it through other operators";
      break;
    default:
      result.needs_types = true;
      result.reason = text("ONNX cannot define it through other operators: ", printable(error.data(), 400));
  }
  return result;
}

std::shared_ptr<const MappedFile> convert_to_opset(const MappedFile& model, int opset) {
  if (!library().reason.empty()) {
    unsupported("operator sets before ", opset, " are converted by ONNX's own library, and ", library().reason);
  }
  std::shared_ptr<const MappedFile> converted;
  ErrorText error{};
  const int status =
      library().convert_version(model.data(), model.size(), opset, keep, &converted, error.data(), error.size());
  if (status == kLinnetOnnxOutOfMemory) throw std::bad_alloc();
  if (status != kLinnetOnnxDone)
    unsupported("ONNX cannot convert the model to opset ", opset, ": ", printable(error.data(), 400));
  return converted;
}

}  // namespace linnet::internal::onnx
