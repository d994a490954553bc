// Graph inputs that a run makes longer and gives back, as a decoder does its caches.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/graph.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// A graph output that is a graph input with more behind it, along one axis, when nobody reads the input itself. A
/// session that carries the one over to the other keeps both in one memory, which has room for more: a run writes what
/// is new behind what is there.
struct GrowingCache {
  std::size_t input = 0;   ///< position in the graph's inputs
  std::size_t output = 0;  ///< position in the graph's outputs
  std::size_t axis = 0;
  /// Whoever reads the output takes elements with room between them. Otherwise there must be none: all dimensions in
  /// front of the axis are 1.
  bool spaced = false;
};

std::vector<GrowingCache> find_growing_caches(const Graph& graph, const Options& options);

/// Into how many pieces the axis cuts memory of this shape.
std::size_t pieces_before(const Shape& shape, std::size_t axis);

}  // namespace linnet::internal
