#include "loaders/loader.hpp"

#include "loaders/file_kind.hpp"
#include "loaders/onnx/importer.hpp"
#include "loaders/onnx/onnx_library.hpp"
#include "loaders/onnx/value_proto.hpp"

namespace linnet::internal {
namespace {

using onnx::ExternalData;
using onnx::OpsetImports;

onnx::Span span_of(const MappedFile& file) {
  const char* data = reinterpret_cast<const char*>(file.data());
  return {data, file.size(), data};
}

void check_ir_version(std::int64_t version) {
  if (version >= onnx::kOldestIrVersion && version <= onnx::kNewestIrVersion) return;
  invalid_model("the model has IR version ", version, "; versions ", onnx::kOldestIrVersion, " to ",
                onnx::kNewestIrVersion, " can be read");
}

/// body(), with the file's name before the errors about what is in it.
template <typename Body>
decltype(auto) naming(const std::string& path, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kOutOfMemory) throw;  // name what they are about
    throw Error(error.code(), text("\"", printable(path, 400), "\": ", error.what()));
  }
}

/// Whether the bytes are one TensorProto with its data, as in the `.pb` files beside ONNX's test models.
bool is_tensor_proto(const MappedFile& file) {
  try {
    const auto tensor = onnx::read<onnx::TensorProto>(span_of(file));
    const std::size_t elements = tensor.raw_data.size() + tensor.float_count + tensor.int32_count + tensor.int64_count +
                                 tensor.double_count + tensor.uint64_count + tensor.string_count;
    return tensor.data_type > 0 && elements > 0;
  } catch (const Error&) {
    return false;
  }
}

/// Says what the file seems to be instead of a model, if that is known.
[[noreturn]] void refuse_file(const MappedFile& file, const char* why) {
  std::string kind = seems_to_be({span_of(file).data, file.size()});
  if (kind.empty() && is_tensor_proto(file)) kind = "an ONNX tensor (TensorProto): tensors are inputs, not models";
  if (kind.empty()) invalid_model(why);
  invalid_model("this is no ONNX model; it seems to be ", kind);
}

onnx::ModelProto read_model(const MappedFile& file) {
  if (file.size() == 0) invalid_model("the model is empty (0 bytes)");
  onnx::ModelProto model;
  try {
    read(model, span_of(file));
  } catch (const Error& error) {
    refuse_file(file, error.what());
  }
  if (!model.has_graph) refuse_file(file, "the model has no graph; is this an ONNX model?");
  check_ir_version(model.ir_version);
  if (model.opset_imports.empty()) invalid_model("the model imports no operator set");
  return model;
}

ModelMetadata metadata_of(const onnx::ModelProto& model) {
  ModelMetadata metadata;
  metadata.producer_name = model.producer_name;
  metadata.producer_version = model.producer_version;
  metadata.domain = model.domain;
  metadata.version = model.model_version;
  metadata.description = model.doc_string;
  metadata.graph_name = model.graph.name;
  metadata.graph_description = model.graph.doc_string;
  for (const onnx::StringStringEntryProto& entry : model.metadata_props)
    metadata.custom.emplace(entry.key, entry.value);
  return metadata;
}

/// With a list of what is unsupported.
LoadedModel examine(std::shared_ptr<const MappedFile> file, ExternalData& external, const Registry& registry,
                    const Options& options, const Stop& stop) {
  stop.check();
  onnx::ModelProto model = read_model(*file);
  LoadedModel result;
  result.ir_version = model.ir_version;
  result.metadata = metadata_of(model);
  OpsetImports opsets(model.opset_imports, "the model");
  for (const auto& [domain, version] : opsets.all()) result.opsets.emplace(domain, version);

  if (const int opset = opsets.find(""); opset != 0 && opset < onnx::kOldestOpset) {
    file = onnx::convert_to_opset(*file, onnx::kOldestOpset);
    stop.check();
    model = read_model(*file);
    opsets = OpsetImports(model.opset_imports, "the converted model");
  }
  onnx::ImportedGraph imported = onnx::import_graph(model, opsets, {file, &external, &options, stop}, registry);
  result.graph = std::move(imported.graph);
  result.unsupported = std::move(imported.unsupported);
  result.unknown_operators = std::move(imported.unknown_operators);
  return result;
}

}  // namespace

LoadedModel examine_model_file(const std::string& path, const Registry& registry, const Options& options,
                               const Stop& stop) {
  const FileDescriptor descriptor = open_file(path);
  ExternalData external(path, descriptor, options);
  const std::shared_ptr<const MappedFile> file = MappedFile::map(descriptor, path, options.limits.file_bytes);
  return naming(path, [&] { return examine(file, external, registry, options, stop); });
}

LoadedModel load_model_file(const std::string& path, const Registry& registry, const Options& options,
                            const Stop& stop) {
  LoadedModel loaded = examine_model_file(path, registry, options, stop);
  naming(path, [&] { loaded.unsupported.throw_if_any(); });
  return loaded;
}

LoadedModel load_model_bytes(const void* bytes, std::size_t size, const Registry& registry, const Options& options,
                             const Stop& stop) {
  if (bytes == nullptr && size > 0) invalid_argument("the model's bytes are null");
  if (options.limits.file_bytes != 0 && size > options.limits.file_bytes) {
    fail(ErrorCode::kLimitExceeded, "the model has ", size, " bytes; the limit (Options::limits.file_bytes) is ",
         options.limits.file_bytes);
  }
  ExternalData external(options);
  LoadedModel loaded = examine(MappedFile::copy(bytes, size), external, registry, options, stop);
  loaded.unsupported.throw_if_any();
  return loaded;
}

std::shared_ptr<const Held> read_value_file(const std::string& path, ValueKind kind) {
  const Options options;
  const FileDescriptor descriptor = open_file(path);
  ExternalData external(path, descriptor, options);
  const std::shared_ptr<const MappedFile> file = MappedFile::map(descriptor, path, options.limits.file_bytes);
  return naming(path, [&] { return onnx::read_value(span_of(*file), kind, {file, &external, &options}); });
}

ConstantPtr read_tensor_proto_file(const std::string& path) {
  const Options options;
  const FileDescriptor descriptor = open_file(path);
  ExternalData external(path, descriptor, options);
  const std::shared_ptr<const MappedFile> file = MappedFile::map(descriptor, path, options.limits.file_bytes);
  return naming(path, [&] {
    onnx::TensorProto tensor;
    try {
      read(tensor, span_of(*file));
    } catch (const Error& error) {
      const std::string kind = seems_to_be({span_of(*file).data, file->size()});
      if (kind.empty()) throw;
      invalid_model("this is no ONNX tensor; it seems to be ", kind);
    }
    return onnx::read_tensor(tensor, {file, &external, &options});
  });
}

}  // namespace linnet::internal
