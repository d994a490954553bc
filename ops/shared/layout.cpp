#include "ops/shared/layout.hpp"

#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {

std::optional<ChannelsLast> same_in_any_layout(const NodeView& node) {
  constexpr std::size_t kMostInputs = 64;  // of a mask
  if (!node.has_output(0) || !node.output(0).ranked || node.input_count() > kMostInputs) return std::nullopt;
  const std::size_t rank = node.output(0).dims.size();
  if (rank < 3) return std::nullopt;
  ChannelsLast result = {node.node().attributes};
  for (std::size_t input = 0; input < node.input_count(); ++input) {
    if (!node.has_input(input) || element_count(node.input_dims(input)).is(1)) continue;
    if (node.input_rank(input) < rank && node.input_constant(input) == nullptr) return std::nullopt;
    result.images |= std::uint64_t{1} << input;
  }
  return result;
}

}  // namespace linnet::internal
