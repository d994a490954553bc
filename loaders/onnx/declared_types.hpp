// What a model declares about its inputs and outputs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loaders/name_table.hpp"
#include "loaders/onnx/proto.hpp"
#include "runtime/graph.hpp"

namespace linnet::internal::onnx {

/// Names of dimensions to indices into Graph::symbols, or to the sizes that the options give them; equal names are
/// equal dimensions. Borrows the options.
class SymbolTable {
 public:
  /// Errors: kInvalidArgument for a size below zero in the options.
  SymbolTable(std::vector<std::string>& symbols, const Options& options);
  /// The dimension of this name (may be empty; "?" is no name either) and denotation (may be empty): a size of the
  /// options, a symbol, or unknown.
  /// Requires: `name` outlives this.
  Dim intern(std::string_view name, std::string_view denotation);
  /// A warning for each size of the options that no dimension asked for.
  void log_unused() const;

 private:
  using Sizes = std::vector<std::pair<std::string, std::int64_t>>;
  static std::optional<std::size_t> find(const Sizes& sizes, std::string_view name);

  NameTable indices_;
  std::vector<std::string>* symbols_;
  const Options& options_;
  std::vector<bool> used_names_;        ///< beside Options::dimensions
  std::vector<bool> used_denotations_;  ///< beside Options::denoted_dimensions
};

/// Of a tensor, a sequence of tensors, or an optional one of the two; kUndefined for none. Errors: kInvalidModel for an
/// unknown element type, kUnsupported for other kinds of values and for types that Linnet cannot hold.
DataType value_type(const TypeProto& type);

/// A type of which no dimension is known: a sequence and an optional have one.
TensorType type_without_shape(DataType type);

/// The declared type. Without an element type: kUndefined, for the caller to judge. A dimension of -1, which some
/// writers put for an open one, is unknown, and logged as a warning about `what`.
/// Errors: kInvalidModel for another negative dimension, dimensions whose product overflows, or an unknown element
/// type; kUnsupported as value_type;
/// kLimitExceeded past Options::limits.rank. Without the value's name.
TensorType declared_type(const TypeProto& type, SymbolTable& symbols, const Options& options, const std::string& what);

/// Compares what is declared of `what` with what is known; nothing is wrong where either is unknown. A shape that is
/// not the known one is stale: it is logged as a warning. `symbols` are the graph's. Errors: kInvalidModel for another
/// element type, naming `what`.
void check_declared(const TensorType& declared, const TensorType& known, const std::vector<std::string>& symbols,
                    const Options& options, const std::string& what);

}  // namespace linnet::internal::onnx
