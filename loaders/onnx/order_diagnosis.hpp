// Why a node reads a value that is not there yet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// Explains, for a message, why node `reader` (an index into `nodes`) cannot read `name`: nothing produces it, it is
/// the node's own output, a later node produces it but from what this one makes (a cycle), or the nodes are merely not
/// in topological order. Linear in the bytes of the nodes.
std::string diagnose_missing(const std::vector<Span>& nodes, std::size_t reader, std::string_view name);

}  // namespace linnet::internal::onnx
