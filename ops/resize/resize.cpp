// Resize: Y is X with other lengths along its axes, resampled along one axis after the other. The input `scales`
// (float32) gives floor(size * scale) elements, or `sizes` (int64) their number; one of them is given, the other left
// out or empty, with one element for each of `axes` (from 18, default: all). keep_aspect_ratio_policy (18) of sizes:
//   stretch (default): the sizes themselves; not_larger, not_smaller: the smallest, or largest, size / length of all
//   axes is the scale of all, and lengths are rounded to the nearest, halves up.
// coordinate_transformation_mode says where in X an element i of Y lies, for a scale s and lengths n of X and m = s n:
//   half_pixel (default): (i + 0.5) / s - 0.5; pytorch_half_pixel: the same, 0 where Y has one element;
//   half_pixel_symmetric (19): half_pixel + n / 2 * (1 - length of Y / m); tf_half_pixel_for_nn (11): (i + 0.5) / s;
//   asymmetric: i / s; align_corners: i (n - 1) / (m - 1), 0 where m is 1;
//   tf_crop_and_resize: (start + i (end - start) / (m - 1)) (n - 1), the middle where m is 1, of the input
//   `roi` [starts..., ends...]; what lies outside [0, n - 1] becomes extrapolation_value.
// mode, there: nearest (default): one element, chosen by nearest_mode; linear: of 2, by their distance; cubic: of 4, by
// Keys's kernel with cubic_coeff_a. Elements outside are those at the border, or with exclude_outside = 1 left out, the
// other weights scaled to add up to 1. antialias = 1 (18): where s < 1, linear and cubic reach 1 / s times as far. An
// axis with a scale of 1, and all of the roi, stays as it is.
// Before opset 11: nearest and linear, asymmetric; nearest takes floor where it enlarges and ceil where it shrinks.
// Upsample (7 and, with scales as input 1, from 9) is that, with scales of 1 or more.
// Opsets 10 to newest (Upsample: 7). Types: all numeric ones, bool with nearest; integers are rounded, halves to even,
// and cut to their range. roi, scales and sizes may be inputs of the graph, or follow from shapes.
// Deviations: m is s n, also where that is no whole number (ONNX's tests have it so, its text has the length of Y, as
// PyTorch). scales and roi are rounded to float32: a place that comes out next to a multiple of 1/2 is taken for it,
// and floor(n s) is that of the product rounded to float32. Strings are not supported.
#include <algorithm>
#include <cmath>

#include "ops/resize/resize_axis.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr NamedValue<ResizeMode> kOldModes[] = {{"nearest", ResizeMode::kNearest}, {"linear", ResizeMode::kLinear}};
constexpr NamedValue<ResizeMode> kModes[] = {
    {"nearest", ResizeMode::kNearest}, {"linear", ResizeMode::kLinear}, {"cubic", ResizeMode::kCubic}};
constexpr NamedValue<NearestMode> kNearestModes[] = {{"round_prefer_floor", NearestMode::kRoundPreferFloor},
                                                     {"round_prefer_ceil", NearestMode::kRoundPreferCeil},
                                                     {"floor", NearestMode::kFloor},
                                                     {"ceil", NearestMode::kCeil}};
constexpr NamedValue<CoordinateMode> kCoordinateModes[] = {
    {"half_pixel", CoordinateMode::kHalfPixel},
    {"half_pixel_symmetric", CoordinateMode::kHalfPixelSymmetric},
    {"pytorch_half_pixel", CoordinateMode::kPytorchHalfPixel},
    {"align_corners", CoordinateMode::kAlignCorners},
    {"asymmetric", CoordinateMode::kAsymmetric},
    {"tf_half_pixel_for_nn", CoordinateMode::kTfHalfPixelForNn},
    {"tf_crop_and_resize", CoordinateMode::kTfCropAndResize}};
constexpr NamedValue<AspectPolicy> kPolicies[] = {{"stretch", AspectPolicy::kStretch},
                                                  {"not_larger", AspectPolicy::kNotLarger},
                                                  {"not_smaller", AspectPolicy::kNotSmaller}};

std::shared_ptr<ResizeAttributes> parse_before_opset_11(ParseContext& context) {
  auto attributes = new_shared<ResizeAttributes>();
  attributes->mode = named_value(context, "mode", kOldModes);
  attributes->nearest = NearestMode::kBeforeOpset11;
  attributes->coordinates = CoordinateMode::kAsymmetric;
  attributes->scales_input = 1;
  return attributes;
}

AttributesPtr parse_upsample(ParseContext& context) {
  auto attributes = parse_before_opset_11(context);
  attributes->never_shrinks = true;
  if (context.opset() >= 9) return attributes;
  attributes->scales = context.get_floats("scales");
  if (!attributes->scales) invalid_model("attribute \"scales\" is missing");
  return attributes;
}

AttributesPtr parse_resize(ParseContext& context) {
  if (context.opset() < 11) return parse_before_opset_11(context);
  auto attributes = new_shared<ResizeAttributes>();
  attributes->mode = named_value(context, "mode", kModes);
  attributes->nearest = named_value(context, "nearest_mode", kNearestModes);
  attributes->coordinates = named_value(context, "coordinate_transformation_mode", kCoordinateModes);
  attributes->cubic_a = static_cast<double>(context.get_float("cubic_coeff_a", -0.75F));
  attributes->exclude_outside = context.get_int("exclude_outside", 0) != 0;
  attributes->extrapolation_value = static_cast<double>(context.get_float("extrapolation_value", 0));
  if (context.opset() < 18) return attributes;
  attributes->antialias = context.get_int("antialias", 0) != 0;
  if (attributes->antialias && attributes->mode == ResizeMode::kNearest) {
    invalid_model("antialias is 1, which mode nearest cannot do, expected mode linear or cubic");
  }
  attributes->policy = named_value(context, "keep_aspect_ratio_policy", kPolicies);
  attributes->axes = context.get_ints("axes");
  return attributes;
}

constexpr std::size_t kRoi = 1, kSizes = 3;

const ResizeAttributes& attributes_of(const NodeView& node) { return node.attributes<ResizeAttributes>(); }

std::vector<std::size_t> axes_of(const NodeView& node) {
  if (attributes_of(node).axes) return distinct_axes(*attributes_of(node).axes, node.input_rank(0));
  std::vector<std::size_t> axes(node.input_rank(0));
  for (std::size_t axis = 0; axis < axes.size(); ++axis) axes[axis] = axis;
  return axes;
}

/// Whether the input is there; nothing where it may be empty.
std::optional<bool> is_given(const NodeView& node, std::size_t input, const char* name) {
  if (!node.has_input(input)) return false;
  const Dim length = list_length(node, input, name);
  if (!length.known()) return std::nullopt;
  return length.value() > 0;
}

/// What makes the lengths of Y; kUnknown: one of the two inputs, but which one is not known.
enum class Source : std::uint8_t { kScales, kSizes, kUnknown };

/// Errors: kInvalidModel when there is none, or two.
Source source_of(const NodeView& node) {
  if (attributes_of(node).scales) return Source::kScales;
  const std::size_t scales = attributes_of(node).scales_input;
  const std::optional<bool> has_scales = is_given(node, scales, "scales");
  const std::optional<bool> has_sizes = scales < kSizes ? is_given(node, kSizes, "sizes") : false;
  if (has_scales && has_sizes) {
    if (*has_scales && *has_sizes) invalid_model("both scales and sizes are given, expected one of them");
    if (!*has_scales && !*has_sizes) invalid_model("neither scales nor sizes is given, expected one of them");
  }
  if (has_scales) return *has_scales ? Source::kScales : Source::kSizes;
  if (has_sizes) return *has_sizes ? Source::kSizes : Source::kScales;
  return Source::kUnknown;
}

void check_length(const NodeView& node, std::size_t input, const char* name, std::size_t expected) {
  const Dim length = list_length(node, input, name);
  if (length.differs(static_cast<std::int64_t>(expected))) {
    invalid_model("input ", name, " has ", length, " elements, expected ", expected);
  }
}

/// Nothing while they are not known. Errors: kInvalidModel for others than finite numbers above 0.
std::optional<std::vector<float>> scales_of(const NodeView& node) {
  const ResizeAttributes& attributes = attributes_of(node);
  std::vector<float> scales;
  if (attributes.scales) {
    scales = *attributes.scales;
  } else {
    const ConstantPtr& constant = node.input_constant(attributes.scales_input);
    if (constant == nullptr) return std::nullopt;
    scales.assign(constant->as<float>(), constant->as<float>() + constant->count());
  }
  for (const float scale : scales) {
    if (!std::isfinite(scale) || scale <= 0) {
      invalid_model("scales holds ", scale, ", expected finite numbers above 0");
    }
    if (attributes.never_shrinks && scale < 1) invalid_model("scales holds ", scale, ", expected 1 or more");
  }
  return scales;
}

/// A size for an axis of X, by the number `to` of elements for each `from`.
struct Ratio {
  double to = 1, from = 1;
};

/// What all axes are scaled by. Errors: kInvalidModel for an empty X.
Ratio common_ratio(AspectPolicy policy, const Shape& shape, const std::vector<std::size_t>& axes,
                   const std::vector<std::int64_t>& sizes) {
  Ratio ratio;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t length = shape[axes[i]];
    if (length == 0) invalid_model("X is empty along axis ", axes[i], ": it has no aspect ratio to keep");
    const Ratio own = {static_cast<double>(sizes[i]), static_cast<double>(length)};
    const bool smaller = own.to / own.from < ratio.to / ratio.from;
    const bool larger = own.to / own.from > ratio.to / ratio.from;
    if (i == 0 || (policy == AspectPolicy::kNotLarger ? smaller : larger)) ratio = own;
  }
  return ratio;
}

std::int64_t rounded_length(std::int64_t length, const Ratio& ratio) {
  const double rounded = std::floor(static_cast<double>(length) * ratio.to / ratio.from + 0.5);
  if (rounded >= 0x1p63) invalid_model("a dimension of Y would be larger than 64 bits can count");
  return static_cast<std::int64_t>(rounded);
}

void resize_by_scales(const NodeView& node, const std::vector<std::size_t>& axes, Dims& dims) {
  const std::optional<std::vector<float>> scales = scales_of(node);
  if (scales && scales->size() != axes.size()) {
    invalid_model("scales has ", scales->size(), " elements, expected ", axes.size());
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Dim& dim = dims[axes[i]];
    if (scales && (*scales)[i] == 1) continue;
    dim = scales && dim.known() ? Dim(resized_length(dim.value(), (*scales)[i])) : Dim::unknown();
  }
}

void resize_to_sizes(const NodeView& node, const std::vector<std::size_t>& axes, Dims& dims) {
  const Dims sizes = node.input_elements(kSizes).value_or(Dims(axes.size()));
  for (const Dim size : sizes) {
    if (size.known() && size.value() < 0) invalid_model("sizes is ", sizes, ", with a negative number");
  }
  const AspectPolicy policy = attributes_of(node).policy;
  bool known = all_known(sizes);
  for (const std::size_t axis : axes) known = known && dims[axis].known();
  Ratio ratio;
  if (policy != AspectPolicy::kStretch && known) {
    Shape shape(dims.size(), 1);
    for (const std::size_t axis : axes) shape[axis] = dims[axis].value();
    ratio = common_ratio(policy, shape, axes, to_shape(sizes));
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Dim& dim = dims[axes[i]];
    if (policy == AspectPolicy::kStretch) {
      dim = sizes[i];
    } else {
      dim = known ? Dim(rounded_length(dim.value(), ratio)) : Dim::unknown();
    }
  }
}

/// Starts and ends in the order of `axes`. Nothing while they are not known.
std::optional<std::vector<double>> roi_of(const NodeView& node) {
  const ConstantPtr& constant = node.input_constant(kRoi);
  if (constant == nullptr) return std::nullopt;
  std::vector<double> roi(static_cast<std::size_t>(constant->count()));
  load_line(constant->type, constant->aligned(), 0, roi.size(), roi.data());
  for (const double number : roi) {
    if (!std::isfinite(number)) invalid_model("roi holds ", number, ", expected finite numbers");
  }
  return roi;
}

bool crops(const NodeView& node) { return attributes_of(node).coordinates == CoordinateMode::kTfCropAndResize; }

void check_roi(const NodeView& node, std::size_t axes) {
  if (is_given(node, kRoi, "roi") == false) {
    invalid_model("roi is missing, which coordinate_transformation_mode tf_crop_and_resize needs");
  }
  check_length(node, kRoi, "roi", 2 * axes);
  roi_of(node);
}

void check_lists(const NodeView& node, Source source, std::size_t axes) {
  const std::size_t scales = attributes_of(node).scales_input;
  if (source == Source::kScales && !attributes_of(node).scales) {
    check_length(node, scales, "scales", axes);
  }
  if (source == Source::kSizes) {
    check_length(node, kSizes, "sizes", axes);
  }
  if (crops(node)) check_roi(node, axes);
}

void infer(InferContext& context) {
  const bool nearest = attributes_of(context).mode == ResizeMode::kNearest;
  if (!nearest) require_type(context, 0, "X", kNumericTypes);
  const std::vector<std::size_t> axes = axes_of(context);
  const Source source = source_of(context);
  check_lists(context, source, axes.size());
  Dims dims = context.input_dims(0);
  switch (source) {
    case Source::kScales:
      resize_by_scales(context, axes, dims);
      break;
    case Source::kSizes:
      resize_to_sizes(context, axes, dims);
      break;
    case Source::kUnknown:
      for (const std::size_t axis : axes) dims[axis] = Dim::unknown();
  }
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (context.input_dims(0)[axis].is(0) && dims[axis].known() && !dims[axis].is(0)) {
      invalid_model("X is empty along axis ", axis, ": there is nothing to make ", dims[axis], " elements of");
    }
  }
  context.set_output(0, std::move(dims));
}

bool changes_nothing(const NodeView& node) {
  if (crops(node) || source_of(node) != Source::kScales) return !crops(node) && keeps_shape(node);
  const std::optional<std::vector<float>> scales = scales_of(node);
  if (!scales) return false;
  for (const float scale : *scales) {
    if (scale != 1) return false;
  }
  return true;
}

/// What leaves X as it is.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  const std::size_t length = length_of(node, input);
  if (input == attributes_of(node).scales_input) {
    return wanted_list(std::vector<std::int64_t>(length, 1), "how much longer each axis becomes");
  }
  if (input == kRoi) {
    std::vector<std::int64_t> roi(length, 0);
    std::fill(roi.begin() + static_cast<std::ptrdiff_t>(length / 2), roi.end(), 1);
    return wanted_list(std::move(roi), "the part of X to resize");
  }
  if (input != kSizes) return std::nullopt;
  std::vector<std::int64_t> sizes(length, 1);
  const std::vector<std::size_t> axes = axes_of(node);
  for (std::size_t i = 0; i < length && i < axes.size(); ++i) {
    const Dim dim = node.input_dims(0)[axes[i]];
    if (dim.known()) sizes[i] = dim.value();
  }
  return wanted_list(std::move(sizes), "sizes to resize to");
}

/// Axes may be named in any order: scales, sizes and roi stay as they are.
std::optional<ChannelsLast> channels_last(const NodeView& node) {
  return turned<ResizeAttributes>(node, [&](ResizeAttributes& attributes) {
    std::vector<std::int64_t> axes;
    for (const std::size_t axis : axes_of(node)) {
      axes.push_back(channels_last_axis(static_cast<std::int64_t>(axis), node.input_rank(0)));
    }
    attributes.axes = std::move(axes);
  });
}

constexpr InputDef kUpsampleInputs[] = {{"X", kTensorTypes}, {"scales", kFloat32Type, kMayBeLeftOut | kDecidesShapes}};
constexpr InputDef kResizeInputs[] = {
    {"X", kTensorTypes},
    {"roi", kFloatTypes, kMayBeLeftOut | kDecidesShapes},
    {"scales", kFloat32Type, kMayBeLeftOut | kDecidesShapes},
    {"sizes", kInt64Type, kMayBeLeftOut | kDecidesShapes},
};

void add(Registry& registry, const char* name, int since_opset, InputTable inputs,
         AttributesPtr (*parse)(ParseContext&)) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = inputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_resize(), reference_resize()};
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = changes_nothing;
  op.facts.channels_last = channels_last;
  registry.add(std::move(op));
}

}  // namespace

std::vector<AxisResize> resized_axes(const NodeView& node) {
  const std::vector<std::size_t> axes = axes_of(node);
  const Shape x = node.input_shape(0);
  const Shape y = node.output_shape(0);
  std::vector<AxisResize> result(x.size());
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    result[axis].size = x[axis];
    result[axis].resized = y[axis];
  }
  const bool by_scales = source_of(node) == Source::kScales;
  const AspectPolicy policy = attributes_of(node).policy;
  Ratio ratio;
  if (!by_scales && policy != AspectPolicy::kStretch)
    ratio = common_ratio(policy, x, axes, *node.input_integers(kSizes));
  const std::vector<float> scales = by_scales ? *scales_of(node) : std::vector<float>();
  const std::vector<double> roi = crops(node) ? *roi_of(node) : std::vector<double>();
  for (std::size_t i = 0; i < axes.size(); ++i) {
    AxisResize& axis = result[axes[i]];
    if (by_scales) {
      axis.to = static_cast<double>(scales[i]);
      axis.rounded_scale = true;
    } else if (policy == AspectPolicy::kStretch) {
      axis.to = static_cast<double>(axis.resized);
      axis.from = static_cast<double>(axis.size);
    } else {
      axis.to = ratio.to;
      axis.from = ratio.from;
    }
    if (roi.empty()) continue;
    axis.start = roi[i];
    axis.end = roi[axes.size() + i];
  }
  return result;
}

void register_resize(Registry& registry) { add(registry, "Resize", 10, kResizeInputs, parse_resize); }
void register_upsample(Registry& registry) { add(registry, "Upsample", 7, kUpsampleInputs, parse_upsample); }

}  // namespace linnet::internal
