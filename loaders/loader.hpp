// Files and bytes to graphs.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include <linnet/inspect.hpp>

#include "loaders/unsupported_list.hpp"
#include "runtime/held.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct LoadedModel {
  Graph graph;
  std::int64_t ir_version = 0;
  std::map<std::string, std::int64_t> opsets;  ///< by domain, as the model has them; "" is ONNX's own
  ModelMetadata metadata;
  UnsupportedList unsupported;
  /// What stands for operators that Linnet does not have, in nodes that are listed there.
  std::shared_ptr<const std::deque<OpDef>> unknown_operators;
};

/// Loads an ONNX model: IR versions 3 to 14, ONNX's own operator sets 7 to 28 (older ones are converted by ONNX's
/// library). The graph's types are inferred; no pass has run. Constants may lie in the mapped file and keep it mapped.
/// Errors: kIo, kInvalidModel, kUnsupported (one error for all that is unsupported), kLimitExceeded; std::bad_alloc.
/// `stop` may end it. Errors: those of Stop::check too.
LoadedModel load_model_file(const std::string& path, const Registry& registry, const Options& options,
                            const Stop& stop = {});
/// The same, but returns with a list of what is unsupported instead of an error.
LoadedModel examine_model_file(const std::string& path, const Registry& registry, const Options& options,
                               const Stop& stop = {});
/// As load_model_file from memory, which is copied once. External data comes from where the options say; kUnsupported
/// when they say nothing.
LoadedModel load_model_bytes(const void* bytes, std::size_t size, const Registry& registry, const Options& options,
                             const Stop& stop = {});

/// Reads a file that holds one serialized TensorProto, as the `.pb` files of ONNX's tests do. Errors: kIo,
/// kInvalidModel, kUnsupported.
ConstantPtr read_tensor_proto_file(const std::string& path);
/// Likewise a TensorProto, SequenceProto or OptionalProto; which, `kind` says.
std::shared_ptr<const Held> read_value_file(const std::string& path, ValueKind kind);

}  // namespace linnet::internal
