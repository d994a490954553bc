// Layouts of images. ONNX has [N, C, spatial...], channels first; the pass choose_layouts turns what gains by it into
// [N, spatial..., C], channels last.
#pragma once

#include <algorithm>

namespace linnet::internal {

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
