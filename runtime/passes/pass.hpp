// A pass makes the graph smaller or cheaper and leaves its meaning. Each stands in a file of its own and can be
// switched off by name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/op.hpp"
#include "runtime/passes/folding_allowance.hpp"

namespace linnet::internal {

struct PassContext {
  Graph& graph;
  const Registry& registry;
  const Options& options;
  Stop stop = {};                       ///< looked at between nodes, and within what takes long
  FoldingAllowance* folding = nullptr;  ///< null: as Limits say, for this graph alone
};

struct Pass {
  const char* name;
  /// Returns the number of changes. Nodes stay in topological order; a node that is no longer needed may stay until
  /// remove_dead.
  std::size_t (*run)(PassContext& context);
};

std::size_t fuse_quantized(PassContext& context);
std::size_t fold_constants(PassContext& context);
std::size_t take_branches(PassContext& context);
std::size_t remove_identity(PassContext& context);
std::size_t fuse_activation_parts(PassContext& context);
std::size_t fuse_layer_parts(PassContext& context);
std::size_t fuse_addend(PassContext& context);
std::size_t fuse_affine(PassContext& context);
std::size_t fuse_activation(PassContext& context);
std::size_t choose_layouts(PassContext& context);
std::size_t fuse_transpose(PassContext& context);
std::size_t remove_dead(PassContext& context);

/// The names of passes by which fusions say whose they are (pattern.hpp).
inline constexpr const char* kFuseActivationParts = "fuse_activation_parts";
inline constexpr const char* kFuseLayerParts = "fuse_layer_parts";
inline constexpr const char* kFuseQuantized = "fuse_quantized";
// Steps of that pass.
inline constexpr const char* kFuseQuantizedSums = "fuse_quantized: sums";
inline constexpr const char* kFuseQuantizedProducts = "fuse_quantized: products";

/// In the order they run.
const std::vector<Pass>& all_passes();

/// Steps of programs that are joined by the compiler (row_chain.hpp, element_group.hpp): switched off by these names
/// like passes.
inline constexpr const char* kChainRows = "chain_rows";
inline constexpr const char* kGroupElements = "group_elements";

/// Names of all_passes(), kChainRows and kGroupElements.
std::vector<std::string> all_pass_names();

/// Whether Options::disabled_passes names it, or all.
bool is_disabled(const Options& options, std::string_view pass);

/// Runs every pass that Options::disabled_passes does not name, on the bodies of nodes and then on the graph; returns
/// names and changes of those that ran.
/// Errors: kInvalidArgument for a name in disabled_passes that is no pass, naming those there are; those of
/// Stop::check.
std::vector<std::pair<std::string, std::size_t>> run_passes(PassContext& context);

/// Takes the nodes marked by an empty `op` out of the graph and renumbers the rest.
void drop_nodes_without_op(Graph& graph);

}  // namespace linnet::internal
