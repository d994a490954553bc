// What a model declares about its inputs and outputs.
#pragma once

#include <string>
#include <vector>

#include "loaders/name_table.hpp"
#include "loaders/onnx/proto.hpp"
#include "runtime/graph.hpp"

namespace linnet::internal::onnx {

/// Names of dimensions to indices into Graph::symbols; equal names are equal dimensions.
class SymbolTable {
 public:
  explicit SymbolTable(std::vector<std::string>& symbols) : symbols_(&symbols) {}
  /// Requires: `name` outlives this and is not empty.
  Dim intern(std::string_view name);

 private:
  NameTable indices_;
  std::vector<std::string>* symbols_;
};

/// The declared type. Without an element type: kUndefined, for the caller to judge. A dimension of -1, which some
/// writers put for an open one, is unknown, and logged as a warning about `what`.
/// Errors: kInvalidModel for another negative dimension, dimensions whose product overflows, or an unknown element
/// type; kUnsupported for one that Linnet cannot hold and for sequences, maps, optionals, sparse and opaque values;
/// kLimitExceeded past Options::limits.rank. Without the value's name.
TensorType declared_type(const TypeProto& type, SymbolTable& symbols, const Options& options, const std::string& what);

/// Compares what is declared of `what` with what is known; nothing is wrong where either is unknown. A shape that is
/// not the known one is stale: it is logged as a warning. `symbols` are the graph's. Errors: kInvalidModel for another
/// element type, naming `what`.
void check_declared(const TensorType& declared, const TensorType& known, const std::vector<std::string>& symbols,
                    const Options& options, const std::string& what);

}  // namespace linnet::internal::onnx
