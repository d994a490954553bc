// Orders of axes: those of nodes that change them, which passes know of, and those of layouts of images. ONNX has
// [N, C, spatial...], channels first; the pass choose_layouts turns what gains by it into [N, spatial..., C], channels
// last.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

/// Dimension i of the output is dimension order(rank)[i] of input 0, and nothing else happens.
struct AxisOrderAttributes : Attributes {
  /// Requires: the node has passed infer, with `rank` dimensions of input 0.
  virtual std::vector<std::size_t> order(std::size_t rank) const = 0;
};

/// Dimensions, or anything else by axis, of an image with channels first, as they are with channels last.
/// Requires: two at least.
template <typename List>
List to_channels_last(List list) {
  std::rotate(list.begin() + 1, list.begin() + 2, list.end());
  return list;
}

/// The other way round.
template <typename List>
List to_channels_first(List list) {
  std::rotate(list.begin() + 1, list.end() - 1, list.end());
  return list;
}

}  // namespace linnet::internal
