// What an operator's attributes may declare of a node, so that another operator can take it in. Attributes derive from
// these; a fusion hook asks with dynamic_cast and never looks at a name.
#pragma once

#include <optional>
#include <vector>

#include "runtime/axis_order.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The node is input 0 + input 1, broadcast as NumPy does.
struct AdditionAttributes : Attributes {};

/// output = input 0 * scale[channel] + shift[channel]. As many of each as there are channels.
struct ChannelAffine {
  std::vector<double> scale;
  std::vector<double> shift;
};

/// The node scales and shifts every channel (axis 1) of input 0 by itself.
struct ChannelAffineAttributes : Attributes {
  /// Nothing when the factors are not constants or differ within a channel.
  virtual std::optional<ChannelAffine> channel_affine(const NodeView& node) const = 0;
};

/// The node adds zeros around input 0, and does nothing else.
struct ZeroPadAttributes : Attributes {
  /// How many at the beginning of each axis, then at the end of each; none is negative. Nothing where it adds something
  /// else or takes away, or where that is not known. Requires: the node has passed infer.
  virtual std::optional<std::vector<std::int64_t>> zero_pads(const NodeView& node) const = 0;
};

}  // namespace linnet::internal
