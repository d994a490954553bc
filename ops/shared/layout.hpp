// What operators on images say of layouts (runtime/axis_order.hpp).
#pragma once

#include "runtime/axis_order.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Where an axis of an image with channels first is with channels last; below 0, it is counted from the end.
/// Requires: one of an image.
constexpr std::int64_t channels_last_axis(std::int64_t axis, std::size_t rank) {
  const auto axes = static_cast<std::int64_t>(rank);
  if (axis < 0) axis += axes;
  if (axis == 0) return 0;
  return axis == 1 ? axes - 1 : axis - 1;
}

/// For `channels_last` of a node whose only image is input 0: nothing where it has no spatial axes. `change` makes of a
/// copy of the attributes those with channels last.
template <typename A, typename Change>
std::optional<ChannelsLast> turned(const NodeView& node, const Change& change) {
  if (node.input_rank(0) < 3) return std::nullopt;
  auto attributes = new_shared<A>(node.attributes<A>());
  change(*attributes);
  return ChannelsLast{std::move(attributes), 1, 0};
}

/// The same of attributes that know of layouts.
template <typename A>
std::optional<ChannelsLast> turned(const NodeView& node) {
  return turned<A>(node, [](A& attributes) { attributes.channels_last = true; });
}

/// The `channels_last` of what makes each element from those at its own place, broadcasts included: every input is an
/// image but those of one element. Nothing where a run makes one of lower rank.
std::optional<ChannelsLast> same_in_any_layout(const NodeView& node);

}  // namespace linnet::internal
