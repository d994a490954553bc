#include "ops/quantization/scales.hpp"

#include <algorithm>

namespace linnet::internal {
namespace {

/// What a scale of this shape is one of: of all elements, of an index along the axis, or of a block.
enum class Granularity { kTensor, kAxis, kBlock };

Granularity granularity_of(const NodeView& node) {
  if (node.attributes<QuantizationAttributes>().block_size != 0) return Granularity::kBlock;
  const Dims& scale = node.input_dims(1);
  return scale.empty() || (scale.size() == 1 && scale[0].is(1)) ? Granularity::kTensor : Granularity::kAxis;
}

/// Whether a scale or zero point may have one element: [] and [1] are the same, as far as ONNX's own tests go.
bool may_be_one(const Dims& dims) { return dims.empty() || (dims.size() == 1 && !dims[0].differs(1)); }

/// Errors: kInvalidModel for one that the tensor does not have. A tensor of rank 1 has only one, whatever is given.
std::size_t axis_of(const NodeView& node) {
  const std::size_t rank = node.input_rank(0);
  if (rank == 1) return 0;
  return static_cast<std::size_t>(normalized_axis(node.attributes<QuantizationAttributes>().axis, rank));
}

void check_blocks(const NodeView& node, const char* name) {
  const Dims& dims = node.input_dims(0);
  const Dims& scale = node.input_dims(1);
  const std::int64_t block = node.attributes<QuantizationAttributes>().block_size;
  if (scale.size() != dims.size())
    invalid_model("input ", name, " has rank ", scale.size(), ", expected ", dims.size(), " with block_size ", block);
  const std::size_t axis = axis_of(node);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    Dim expected = dims[i];
    if (i == axis)
      expected = expected.known() ? Dim(expected.value() / block + (expected.value() % block != 0)) : Dim();
    if (scale[i].differs(expected))
      invalid_model("input ", name, " has shape ", scale, ", expected ", expected, " along axis ", i, " for ", dims,
                    " in blocks of ", block, " along axis ", axis);
  }
}

void check_axis(const NodeView& node, const char* name) {
  const Dims& dims = node.input_dims(0);
  const Dims& scale = node.input_dims(1);
  if (scale.size() != 1)
    invalid_model("input ", name, " has rank ", scale.size(), ", expected 0 or 1 without block_size");
  if (dims.empty()) {
    if (scale[0].differs(1)) invalid_model("input ", name, " has ", scale[0], " elements, expected 1 for a scalar");
    return;
  }
  // A single element is for the whole tensor, so that a length that is not known fits always.
  const std::size_t axis = axis_of(node);
  if (scale[0].differs(dims[axis]) && scale[0].differs(1))
    invalid_model("input ", name, " has ", scale[0], " elements, expected ", dims[axis], " as axis ", axis, " of ",
                  dims);
}

}  // namespace

void parse_granularity(ParseContext& context, QuantizationAttributes& attributes) {
  if (context.opset() >= 13) attributes.axis = context.get_int("axis", 1);
  if (context.opset() >= 21) attributes.block_size = context.get_int("block_size", 0);
  if (attributes.block_size < 0)
    invalid_model("block_size is ", attributes.block_size, ", expected 1 or more, or 0 for no blocks");
}

void check_scales(const NodeView& node, const char* scale, const char* zero_point) {
  const Granularity granularity = granularity_of(node);
  if (granularity == Granularity::kBlock) check_blocks(node, scale);
  if (granularity == Granularity::kAxis) check_axis(node, scale);
  if (!node.has_input(2)) return;
  const Dims& scales = node.input_dims(1);
  const Dims& zeros = node.input_dims(2);
  if (granularity != Granularity::kBlock && may_be_one(scales) && may_be_one(zeros)) return;
  bool same = scales.size() == zeros.size();
  for (std::size_t i = 0; same && i < scales.size(); ++i) same = !scales[i].differs(zeros[i]);
  if (!same) invalid_model("input ", zero_point, " has shape ", zeros, ", but ", scale, " has ", scales);
}

ScaleLayout::ScaleLayout(const NodeView& node) {
  const Shape shape = node.input_shape(0);
  const Granularity granularity = granularity_of(node);
  if (granularity == Granularity::kTensor || shape.empty()) {
    inner_ = std::max<std::size_t>(1, static_cast<std::size_t>(element_count(shape)));
    return;
  }
  const std::size_t axis = axis_of(node);
  axis_size_ = static_cast<std::size_t>(shape[axis]);
  inner_ = static_cast<std::size_t>(
      element_count(Shape(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end())));
  if (granularity == Granularity::kAxis) {
    block_stride_ = 1;
    return;
  }
  block_ = static_cast<std::size_t>(node.attributes<QuantizationAttributes>().block_size);
  block_stride_ = inner_;
  outer_stride_ = static_cast<std::size_t>(node.input_shape(1)[axis]) * inner_;
  inner_stride_ = 1;
}

}  // namespace linnet::internal
