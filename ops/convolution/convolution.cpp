#include "ops/convolution/convolution.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>

#include "ops/shared/element_types.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kMostInput = std::int64_t{1} << 28;  ///< times a stride it is far from overflow

/// `dims` without the first two.
Dims spatial(const Dims& dims) { return Dims(dims.begin() + 2, dims.end()); }

/// What W says of the kernel, or kernel_shape where W is not known.
Dims kernel_dims(const ConvolutionAttributes& attributes, const Dims& w) {
  const auto& kernel_shape = attributes.window.kernel_shape;
  Dims kernel = spatial(w);
  for (std::size_t axis = 0; axis < kernel_shape.size(); ++axis) {
    if (kernel[axis].differs(kernel_shape[axis])) {
      invalid_model("kernel_shape is ", short_list(kernel_shape), " but W is ", w);
    }
    kernel[axis] = kernel_shape[axis];
  }
  return kernel;
}

void check_output_lists(const ConvolutionAttributes& attributes, std::size_t rank) {
  const auto check = [&](const char* name, const std::vector<std::int64_t>& list) {
    if (list.empty() || list.size() == rank) return;
    invalid_model(name, " ", short_list(list), " has ", list.size(), " elements, expected ", rank,
                  ", one for each spatial axis");
  };
  check("output_padding", attributes.output_padding);
  if (attributes.output_shape.size() != rank + 2) check("output_shape", attributes.output_shape);
}

/// What output_shape says of spatial axis `axis`; 0 where it was left out.
std::int64_t wanted_output(const ConvolutionAttributes& attributes, std::size_t axis, std::size_t rank) {
  const auto& shape = attributes.output_shape;
  return shape.empty() ? 0 : shape[shape.size() - rank + axis];
}

WindowAxis transposed_axis(const ConvolutionAttributes& attributes, std::size_t axis, std::size_t rank,
                           std::int64_t input, std::int64_t kernel) {
  if (input < 1 || input > kMostInput) {
    invalid_model("spatial axis ", axis, " of X has ", input, " elements, expected 1 to ", kMostInput);
  }
  check_kernel_size(axis, kernel);
  const WindowAttributes& window = attributes.window;
  WindowAxis result;
  result.input = input;
  result.kernel = kernel;
  result.stride = element_or(window.strides, axis, 1);
  result.dilation = element_or(window.dilations, axis, 1);
  const std::int64_t full =
      result.stride * (input - 1) + element_or(attributes.output_padding, axis, 0) + result.span();
  const bool same_upper = window.auto_pad == AutoPad::kSameUpper;
  const std::int64_t wanted = wanted_output(attributes, axis, rank);
  if (wanted != 0 || is_same(window.auto_pad)) {
    result.output = wanted != 0 ? wanted : input * result.stride;
    const std::int64_t total = std::max<std::int64_t>(0, full - result.output);
    result.pad_begin = same_upper ? total / 2 : total - total / 2;
    result.pad_end = total - result.pad_begin;
    return result;
  }
  if (window.auto_pad == AutoPad::kNotSet) {
    result.pad_begin = element_or(window.pads, axis, 0);
    result.pad_end = element_or(window.pads, rank + axis, 0);
  }
  result.output = full - result.pad_begin - result.pad_end;
  if (result.output < 1) {
    invalid_model("pads ", result.pad_begin, " and ", result.pad_end, " leave nothing of the ", full,
                  " elements of spatial axis ", axis);
  }
  return result;
}

Dim transposed_output(const ConvolutionAttributes& attributes, std::size_t axis, std::size_t rank, Dim input,
                      Dim kernel) {
  const AutoPad auto_pad = attributes.window.auto_pad;
  const bool same = is_same(auto_pad);
  const std::int64_t wanted = wanted_output(attributes, axis, rank);
  if (wanted != 0 && !input.known()) return wanted;
  if (input.known() && (kernel.known() || same || wanted != 0)) {
    return transposed_axis(attributes, axis, rank, input.value(), kernel.known() ? kernel.value() : 1).output;
  }
  const std::int64_t stride = element_or(attributes.window.strides, axis, 1);
  if (stride != 1) return Dim::unknown();
  if (same) return input;
  if (!kernel.known()) return Dim::unknown();
  const bool valid = auto_pad == AutoPad::kValid;
  const auto pad = [&](std::size_t index) { return valid ? 0 : element_or(attributes.window.pads, index, 0); };
  const std::int64_t longer = element_or(attributes.output_padding, axis, 0) +
                              (kernel.value() - 1) * element_or(attributes.window.dilations, axis, 1) - pad(axis) -
                              pad(rank + axis);
  return longer == 0 ? input : Dim::unknown();
}

/// Channels of X (or of Y, of ConvTranspose) that are `group` times those of W, as far as known.
void check_channels(const char* what, Dim channels, Dim of_group, std::int64_t group, const Dims& w) {
  if (channels.known() && channels.value() % group != 0) {
    invalid_model(what, " has ", channels, " channels, no multiple of group ", group);
  }
  if (!channels.known() || !of_group.known()) return;
  if (channels.value() / group != of_group.value()) {
    invalid_model(what, " has ", channels, " channels in ", group, group == 1 ? " group" : " groups", ", but W is ", w);
  }
}

/// Of what a fusion made an input: at run time it must be what it was known to be.
void require_addend(const InferContext& context, const Dims& y) {
  const Dims& addend = context.input_dims(kConvolutionAddend);
  bool same = addend.size() == y.size();
  for (std::size_t i = 0; same && i < y.size(); ++i) same = !addend[i].differs(y[i]);
  if (!same) invalid_model("the sum of Y ", y, " and ", addend, " is not of the shape of Y");
}

double folding_ns(const NodeView& node) {
  constexpr double kSimdNanoseconds = 0.1;
  constexpr double kReferenceNanoseconds = 2.0;
  const Convolution c = convolution_of(node);
  const bool simd =
      node.input_type(kConvolutionX) != DataType::kFloat64 && node.options().backend != Backend::kReference;
  return static_cast<double>(c.images) * static_cast<double>(c.groups) * static_cast<double>(c.x_channels + 1) *
         static_cast<double>(c.y_channels) * static_cast<double>(c.taps) *
         static_cast<double>(c.transposed ? c.x_plane : c.y_plane) * (simd ? kSimdNanoseconds : kReferenceNanoseconds);
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<ConvolutionAttributes>();
  const bool has_b = context.has_input(kConvolutionB);
  const Dims& x = context.input_dims(kConvolutionX);
  const bool turns = attributes.channels_last && x.size() > 1;
  Dims y = convolution_dims(attributes, turns ? to_channels_first(x) : x, context.input_dims(kConvolutionW),
                            has_b ? &context.input_dims(kConvolutionB) : nullptr);
  if (turns) y = to_channels_last(std::move(y));
  if (context.has_input(kConvolutionAddend)) require_addend(context, y);
  context.set_output(0, std::move(y));
}

constexpr InputDef kInputs[] = {
    {"X", kFloatTypes},
    {"W", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kMayBeLeftOut | kTypeOfFirst},
};

}  // namespace

Dims convolution_dims(const ConvolutionAttributes& attributes, const Dims& x, const Dims& w, const Dims* b) {
  if (x.size() < 3) invalid_model("input X is ", x, " with rank ", x.size(), ", expected rank 3 or more");
  if (w.size() != x.size()) {
    invalid_model("input W is ", w, " with rank ", w.size(), " but X is ", x, ": ranks differ");
  }
  const std::size_t rank = x.size() - 2;
  check_window_rank(attributes.window, rank);
  check_output_lists(attributes, rank);
  const std::int64_t group = attributes.group;
  Dim channels;  // of Y
  if (attributes.transposed) {
    if (w[0].differs(x[1])) invalid_model("input X is ", x, " but W is ", w, ": channels differ");
    check_channels("X", x[1].known() ? x[1] : w[0], Dim::unknown(), group, w);
    channels = group == 1 ? w[1] : product_of({w[1], group}, 0, 2);
  } else {
    check_channels("X", x[1], w[1], group, w);
    channels = w[0];
    check_channels("Y", channels, Dim::unknown(), group, w);
  }
  if (b != nullptr) {
    if (b->size() != 1 || (*b)[0].differs(channels)) {
      invalid_model("input B is ", *b, ", expected [", channels, "], one for each channel of Y");
    }
    if (!channels.known()) channels = (*b)[0];
  }
  Dims y = {x[0], channels};
  const Dims kernel = kernel_dims(attributes, w);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    y.push_back(attributes.transposed ? transposed_output(attributes, axis, rank, x[axis + 2], kernel[axis])
                                      : window_output(attributes.window, axis, x[axis + 2], kernel[axis]));
  }
  return y;
}

void parse_windows(ParseContext& context, ConvolutionAttributes& attributes) {
  WindowForm form;
  form.needs_kernel_shape = false;
  form.dilations = true;
  attributes.window = parse_window(context, form);
  attributes.group = context.get_int("group", 1);
  if (attributes.group < 1) invalid_model("group is ", attributes.group, ", expected 1 or more");
}

AttributesPtr parse_convolution(ParseContext& context, bool transposed) {
  auto attributes = new_shared<ConvolutionAttributes>();
  attributes->transposed = transposed;
  parse_windows(context, *attributes);
  if (transposed) {
    attributes->output_padding = parse_window_list(context, "output_padding", 0);
    attributes->output_shape = parse_window_list(context, "output_shape", 1);
  }
  return attributes;
}

Convolution convolution_of(const NodeView& node) {
  const auto& attributes = node.attributes<ConvolutionAttributes>();
  const Shape x = node.input_shape(kConvolutionX);
  return convolution_of(attributes, attributes.channels_last ? to_channels_first(x) : x,
                        node.input_shape(kConvolutionW));
}

Convolution convolution_of(const ConvolutionAttributes& attributes, const Shape& x, const Shape& w) {
  Convolution result;
  result.transposed = attributes.transposed;
  result.channels_last = attributes.channels_last;
  result.activation = attributes.activation;
  result.images = x[0];
  result.groups = attributes.group;
  result.x_channels = x[1] / attributes.group;
  result.y_channels = attributes.transposed ? w[1] : w[0] / attributes.group;
  const std::size_t rank = x.size() - 2;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    result.axes.push_back(attributes.transposed ? transposed_axis(attributes, axis, rank, x[axis + 2], w[axis + 2])
                                                : window_axis(attributes.window, axis, x[axis + 2], w[axis + 2]));
  }
  if (result.y_channels == 0) result.images = 0;
  for (WindowAxis& axis : result.axes) {
    // No two taps of a single element meet in an output, whatever the stride. With one beyond all of them each tap is
    // a phase of its own, and none is multiplied with what is no element.
    if (result.transposed && axis.input == 1 && axis.kernel > 1) {
      axis.stride = axis.output + axis.span() + std::max<std::int64_t>(axis.pad_begin, 0);
    }
  }
  if (rank == 1) result.axes.insert(result.axes.begin(), WindowAxis());
  if (result.images == 0) return result;
  for (const WindowAxis& axis : result.axes) {
    result.y_plane *= axis.output;
    if (result.x_channels == 0) continue;  // nothing bounds what has no elements
    result.x_plane *= axis.input;
    result.taps *= axis.kernel;
  }
  return result;
}

void register_convolution(Registry& registry, const char* name, AttributesPtr (*parse)(ParseContext&)) {
  OpDef op;
  op.name = name;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {depthwise_convolution(), simd_convolution(), half_convolution(), reference_convolution()};
  op.facts.folding_ns = folding_ns;
  op.facts.absorb_affine = absorb_affine_into_convolution;
  op.facts.absorb_activation = absorb_activation_into_convolution;
  op.facts.channels_last = channels_last_convolution;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
