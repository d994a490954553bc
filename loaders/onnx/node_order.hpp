// In which order nodes can be imported.
#pragma once

#include <cstdint>
#include <vector>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// Indices into `nodes` such that every node comes after those that it reads from, directly or in its subgraphs. Nodes
/// stay as they stand; what one needs and comes later is put in front of it. Linear in the bytes of the nodes, not
/// recursive. Errors: kInvalidModel for a cycle, naming two nodes of it.
std::vector<std::uint32_t> sorted_order(const std::vector<Span>& nodes);

}  // namespace linnet::internal::onnx
