// The part of OpTest that turns nodes to channels last.
#include <gtest/gtest.h>

#include <cstring>

#include "ops/shared/layout.hpp"
#include "runtime/evaluate.hpp"
#include "tests/ops/op_tester.hpp"
#include "tests/ops/places.hpp"

namespace linnet::internal {

ConstantPtr to_channels_last(const Constant& image) {
  const Shape shape = to_channels_last(image.shape);
  const std::size_t size = size_of(image.type);
  std::byte* data = nullptr;
  ConstantPtr turned = make_constant(image.type, shape, &data);
  for_places(image.shape, [&](const std::vector<std::int64_t>& place) {
    std::memcpy(data + static_cast<std::size_t>(offset_of(shape, to_channels_last(place))) * size,
                image.data + static_cast<std::size_t>(offset_of(image.shape, place)) * size, size);
  });
  return turned;
}

OpTest& OpTest::channels_last(Backend backend) {
  SCOPED_TRACE(title());
  Case item = parse_case(~std::uint64_t{0});
  infer_node(item.node, item.values, item.options, item.symbols);
  item.options.backend = backend;
  const auto hook = item.op->facts.channels_last;
  const std::optional<ChannelsLast> turned = hook == nullptr ? std::nullopt : hook(item.view());
  if (!turned) {
    ADD_FAILURE() << "the operator says nothing of channels last";
    return *this;
  }
  outputs_.clear();
  for (const ConstantPtr& output : evaluate(item.view())) {
    output == nullptr ? no_output() : expect(to_channels_last(*output));
  }
  rewritten([attributes = turned->attributes](const Attributes&) { return attributes; });
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (has_bit(turned->images, i)) inputs_[i].tensor = to_channels_last(*inputs_[i].tensor);
  }
  return *this;
}

}  // namespace linnet::internal
