// What Conv and ConvTranspose must give: every element of one side and every tap, one after the other.
#pragma once

#include <vector>

#include "ops/convolution/convolution.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/places.hpp"
#include "tests/ops/product/product_expectation.hpp"

namespace linnet::internal {

/// A convolution with the numbers that auto_pad, output_padding and output_shape come to.
struct ConvolutionCase {
  const char* name;
  Shape x, w;
  std::int64_t group = 1;
  std::vector<std::int64_t> strides, dilations, pads;  ///< pads at the beginnings; ones, ones and zeros when empty
  Shape y;                                             ///< spatial sizes
};

/// In double, rounded once. `b` may be null.
inline ConstantPtr convolved(const ConvolutionCase& c, bool transposed, const ConstantPtr& x, const ConstantPtr& w,
                             const ConstantPtr& b) {
  const Shape x_sizes(c.x.begin() + 2, c.x.end());
  const Shape kernel(c.w.begin() + 2, c.w.end());
  const std::int64_t y_channels = transposed ? c.w[1] * c.group : c.w[0];
  const std::int64_t x_group = c.x[1] / c.group, y_group = y_channels / c.group;
  Shape y_shape = {c.x[0], y_channels};
  y_shape.insert(y_shape.end(), c.y.begin(), c.y.end());
  const std::vector<double> xs = doubles_of(*x), ws = doubles_of(*w);
  std::vector<double> ys(static_cast<std::size_t>(element_count(y_shape)), 0.0);
  const std::int64_t plane = element_count(c.y);
  if (b != nullptr) {
    const std::vector<double> bs = doubles_of(*b);
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys[i] = bs[i / static_cast<std::size_t>(plane) % static_cast<std::size_t>(y_channels)];
    }
  }
  // The side that moves by strides, and the one that it moves over.
  const Shape& mover_sizes = transposed ? x_sizes : c.y;
  const Shape& ground_sizes = transposed ? c.y : x_sizes;
  const auto number = [](const std::vector<std::int64_t>& list, std::size_t axis, std::int64_t otherwise) {
    return list.empty() ? otherwise : list[axis];
  };
  for_places(mover_sizes, [&](const std::vector<std::int64_t>& mover) {
    for_places(kernel, [&](const std::vector<std::int64_t>& tap) {
      std::vector<std::int64_t> ground;
      for (std::size_t axis = 0; axis < tap.size(); ++axis) {
        ground.push_back(mover[axis] * number(c.strides, axis, 1) - number(c.pads, axis, 0) +
                         tap[axis] * number(c.dilations, axis, 1));
        if (ground[axis] < 0 || ground[axis] >= ground_sizes[axis]) return;
      }
      const std::int64_t x_place = offset_of(x_sizes, transposed ? mover : ground);
      const std::int64_t y_place = offset_of(c.y, transposed ? ground : mover);
      const std::int64_t w_place = offset_of(kernel, tap);
      const std::int64_t x_plane = element_count(x_sizes), taps = element_count(kernel);
      for (std::int64_t image = 0; image < c.x[0]; ++image) {
        for (std::int64_t yc = 0; yc < y_channels; ++yc) {
          for (std::int64_t i = 0; i < x_group; ++i) {
            const std::int64_t xc = yc / y_group * x_group + i;
            const std::int64_t w_pair = transposed ? xc * y_group + yc % y_group : yc * x_group + i;
            ys[static_cast<std::size_t>((image * y_channels + yc) * plane + y_place)] +=
                xs[static_cast<std::size_t>((image * c.x[1] + xc) * x_plane + x_place)] *
                ws[static_cast<std::size_t>(w_pair * taps + w_place)];
          }
        }
      }
    });
  });
  return tensor_of_doubles(x->type, y_shape, ys);
}

inline AttributesPtr attributes_with_channels_last(const Attributes& attributes) {
  auto last = new_shared<ConvolutionAttributes>(dynamic_cast<const ConvolutionAttributes&>(attributes));
  last->channels_last = true;
  return last;
}

/// What the hook of the producer of `y` says.
inline std::optional<ChannelsLast> channels_last_hook(const MiniGraph& graph, ValueId y) {
  return graph.producer(y).op->facts.channels_last(graph.view(y));
}

/// The producer of `y` with channels last. Requires: its inputs are constants.
inline ValueId with_channels_last(MiniGraph& graph, ValueId y) {
  const std::optional<ChannelsLast> last = channels_last_hook(graph, y);
  if (!last) fail(ErrorCode::kInternal, "the hook does not want the node");
  Replacement replacement{graph.producer(y).op, last->attributes, {}};
  const std::vector<ValueId> inputs = graph.producer(y).inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (has_bit(last->images, i)) {
      replacement.inputs.emplace_back(to_channels_last(*graph.value(inputs[i]).constant));
    } else {
      replacement.inputs.emplace_back(inputs[i]);
    }
  }
  return graph.node(replacement);
}

/// A test of the case with whole numbers, whose sums are exact in every order, but for the attributes.
inline OpTest convolution_test(const ConvolutionCase& c, bool transposed, DataType type, bool bias, int opset = 22,
                               bool channels_last = false) {
  const ConstantPtr x = small_integers(type, c.x, 1);
  const ConstantPtr w = small_integers(type, c.w, 2);
  const ConstantPtr b = bias ? small_integers(type, {transposed ? c.w[1] * c.group : c.w[0]}, 3) : nullptr;
  OpTest test(transposed ? "ConvTranspose" : "Conv", opset);
  test.named(text(c.name, " ", type, bias ? " with B" : "", channels_last ? ", channels last" : ""));
  test.input(channels_last ? to_channels_last(*x) : x).input(w);
  if (b != nullptr) test.input(b);
  const ConstantPtr y = convolved(c, transposed, x, w, b);
  test.expect(channels_last ? to_channels_last(*y) : y).tolerance(ulp(0));
  if (channels_last) test.rewritten(attributes_with_channels_last);
  if (c.group != 1) test.attribute("group", c.group);
  return test;
}

/// strides, dilations and pads, those at the ends as `pads_end` says.
inline OpTest& with_window(OpTest& test, const ConvolutionCase& c, const std::vector<std::int64_t>& pads_end) {
  if (!c.strides.empty()) test.ints("strides", c.strides);
  if (!c.dilations.empty()) test.ints("dilations", c.dilations);
  if (!c.pads.empty() || !pads_end.empty()) {
    std::vector<std::int64_t> pads = c.pads.empty() ? std::vector<std::int64_t>(pads_end.size(), 0) : c.pads;
    pads.insert(pads.end(), pads_end.begin(), pads_end.end());
    test.ints("pads", pads);
  }
  return test;
}

}  // namespace linnet::internal
