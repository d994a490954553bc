// DFT: the discrete Fourier transform of input along `axis`: y[j] = sum over k of x[k] exp(-2 pi i j k / n), and the
// inverse with +i, divided by n. input [..., 1] is real, [..., 2] complex. n is dft_length (int32 or int64, one
// element), by default the size of the axis; what the axis has less counts as 0, what it has more is left out.
//   onesided           the first n / 2 + 1 numbers of the spectrum
//   inverse, onesided  input is such a half of the spectrum of a real signal, output [..., 1] is that signal; n is by
//                      default 2 * (size - 1)
// STFT: the same, forward and along the last axis, of the frames that begin at every frame_step-th number of signal
// [batch, length, 1 or 2], each times `window`. frame_length, by default that of the window or of the signal, is n;
// output [batch, frames, n or n / 2 + 1, 2].
//
// DFT from opset 17, with the axis (not the last) as attribute, default 1; from 20 as input, default -2. STFT from 17,
// onesided by default. Types: float, double, float16, bfloat16, computed in double. Deviation: onesided may be asked of
// complex inputs, as in ONNX's reference.
#include <algorithm>

#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/spectral/transforms.hpp"

namespace linnet::internal {
namespace {

struct SpectralAttributes : Attributes {
  std::int64_t axis = -2;  ///< where it is no input
  bool inverse = false;
  bool onesided = false;
};

const SpectralAttributes& attributes_of(const NodeView& node) { return node.attributes<SpectralAttributes>(); }

AttributesPtr parse_dft(ParseContext& context) {
  auto attributes = new_shared<SpectralAttributes>();
  if (context.opset() < 20) {
    if (context.input_count() > 2) invalid_model(context.input_count(), " inputs, expected 2 at most before opset 20");
    attributes->axis = context.get_int("axis", 1);
  }
  attributes->inverse = context.get_int("inverse", 0) != 0;
  attributes->onesided = context.get_int("onesided", 0) != 0;
  return attributes;
}

AttributesPtr parse_stft(ParseContext& context) {
  auto attributes = new_shared<SpectralAttributes>();
  attributes->onesided = context.get_int("onesided", 1) != 0;
  return attributes;
}

/// The one element of an integer input; unknown where it is not known.
Dim number(const NodeView& node, std::size_t input, const char* name) {
  if (list_length(node, input, name).differs(1)) {
    invalid_model("input ", name, " is ", node.input_dims(input), ", expected one element");
  }
  const std::optional<Dims> elements = node.input_elements(input);
  return elements && elements->size() == 1 ? elements->front() : Dim::unknown();
}

void require_signal(const NodeView& node, const char* name) {
  const Dims& dims = node.input_dims(0);
  const bool fits = dims.size() >= 2 && (!dims.back().known() || dims.back().is(1) || dims.back().is(2));
  if (!fits) invalid_model("input ", name, " is ", dims, ", expected [...,1] (real) or [...,2] (complex)");
}

/// Unknown where the model does not say it before the run.
Dim axis_of(const NodeView& node) {
  const Dim axis = node.has_input(2) ? number(node, 2, "axis") : Dim(attributes_of(node).axis);
  if (!axis.known()) return Dim::unknown();
  const std::int64_t normalized = normalized_axis(axis.value(), node.input_rank(0));
  if (normalized + 1 == static_cast<std::int64_t>(node.input_rank(0))) {
    invalid_model("axis ", axis, " is the last one, of real and imaginary parts; expected another one");
  }
  return normalized;
}

void check_length(Dim length, const char* name) {
  if (length.known() && length.value() < 1) invalid_model(name, " is ", length, ", expected 1 or more");
}

Dim dft_length(const NodeView& node, Dim size) {
  if (node.has_input(1)) return number(node, 1, "dft_length");
  const bool from_half = attributes_of(node).inverse && attributes_of(node).onesided;
  return !from_half ? size : size.known() ? Dim(2 * (size.value() - 1)) : Dim::unknown();
}

Dim half(Dim length) { return length.known() ? Dim(length.value() / 2 + 1) : Dim::unknown(); }

void infer_dft(InferContext& context) {
  require_signal(context, "input");
  const SpectralAttributes& attributes = attributes_of(context);
  Dims dims = context.input_dims(0);
  const Dim axis = axis_of(context);
  if (axis.known()) {
    Dim& size = dims[static_cast<std::size_t>(axis.value())];
    const Dim length = dft_length(context, size);
    check_length(length, "the length of the transform");
    size = attributes.onesided && !attributes.inverse ? half(length) : length;
  } else {
    if (context.has_input(1)) number(context, 1, "dft_length");
    dims.assign(dims.size(), Dim::unknown());
  }
  dims.back() = attributes.onesided && attributes.inverse ? 1 : 2;
  context.set_output(0, std::move(dims));
}

Dim frame_length(const NodeView& node) {
  const Dim window = node.has_input(2) ? node.input_dims(2)[0] : Dim::unknown();
  Dim length = node.has_input(3) ? number(node, 3, "frame_length") : window;
  if (!length.known()) length = window;
  if (!node.has_input(2) && !node.has_input(3)) length = node.input_dims(0)[1];
  check_length(length, "frame_length");
  if (node.has_input(2) && window.differs(length)) {
    invalid_model("input window has ", window, " elements, expected ", length, ", frame_length");
  }
  return length;
}

void infer_stft(InferContext& context) {
  require_signal(context, "signal");
  const Dims& signal = context.input_dims(0);
  if (signal.size() != 3) invalid_model("input signal is ", signal, ", expected [batch,length,1 or 2]");
  if (context.has_input(2) && context.input_rank(2) != 1)
    invalid_model("input window is ", context.input_dims(2), ", expected rank 1");
  const Dim step = number(context, 1, "frame_step");
  check_length(step, "frame_step");
  const Dim length = frame_length(context);
  Dim frames = Dim::unknown();
  if (length.known() && signal[1].known()) {
    if (length.value() > signal[1].value()) {
      invalid_model("a frame has ", length, " numbers, but the signal only ", signal[1]);
    }
    if (step.known()) frames = 1 + (signal[1].value() - length.value()) / step.value();
  }
  const Dim bins = attributes_of(context).onesided ? half(length) : length;
  context.set_output(0, {signal[0], frames, bins, 2});
}

Transforms transforms_of(const PrepareContext& context) {
  Transforms transforms;
  transforms.type = context.input_type(0);
  transforms.inverse = attributes_of(context).inverse;
  transforms.half_input = transforms.inverse && attributes_of(context).onesided;
  transforms.from.parts = static_cast<std::size_t>(context.input_shape(0).back());
  transforms.to.parts = static_cast<std::size_t>(context.output_shape(0).back());
  return transforms;
}

/// Of a tensor of this shape along an axis.
SignalLayout along(const Shape& shape, std::size_t axis, std::size_t parts) {
  SignalLayout layout;
  layout.parts = layout.step = parts;
  layout.count = static_cast<std::size_t>(shape[axis]);
  for (std::size_t i = axis + 1; i + 1 < shape.size(); ++i) layout.group *= static_cast<std::size_t>(shape[i]);
  layout.stride = layout.group * parts;
  layout.group_stride = layout.count * layout.stride;
  return layout;
}

Prepared prepare_dft(const PrepareContext& context) {
  Transforms transforms = transforms_of(context);
  const Shape input = context.input_shape(0), output = context.output_shape(0);
  const auto axis = static_cast<std::size_t>(axis_of(context).value());
  if (element_count(output) == 0) return {};
  transforms.length = static_cast<std::size_t>(dft_length(context, input[axis]).value());
  transforms.from = along(input, axis, transforms.from.parts);
  transforms.to = along(output, axis, transforms.to.parts);
  transforms.count = static_cast<std::size_t>(element_count(output)) / (transforms.to.count * transforms.to.parts);
  return prepare_transforms(context, transforms);
}

Prepared prepare_stft(const PrepareContext& context) {
  Transforms transforms = transforms_of(context);
  const Shape output = context.output_shape(0);
  if (element_count(output) == 0) return {};
  const auto frames = static_cast<std::size_t>(output[1]);
  const std::size_t parts = transforms.from.parts;
  transforms.length = static_cast<std::size_t>(frame_length(context).value());
  transforms.count = static_cast<std::size_t>(output[0]) * frames;
  transforms.window_input = context.has_input(2) ? 2 : 0;
  transforms.from.group = frames;
  transforms.from.group_stride = static_cast<std::size_t>(context.input_shape(0)[1]) * parts;
  transforms.from.step = static_cast<std::size_t>(number(context, 1, "frame_step").value()) * parts;
  transforms.from.stride = parts;
  transforms.from.count = transforms.length;
  transforms.to.count = static_cast<std::size_t>(output[2]);
  transforms.to.stride = 2;
  transforms.to.step = 2 * transforms.to.count;
  transforms.to.group_stride = transforms.to.step;
  return prepare_transforms(context, transforms);
}

void run(const RunArguments& args) {
  if (args.state != nullptr) run_transforms(args);
}

double folding_ns(const NodeView& node) {
  const Shape output = node.output_shape(0);
  const std::int64_t length = output.size() < 2 ? 1 : *std::max_element(output.begin(), output.end());
  return transforms_ns(static_cast<std::size_t>(element_count(output) / std::max<std::int64_t>(1, length)) + 1,
                       static_cast<std::size_t>(length));
}

std::optional<WantedElements> wanted_by_dft(const NodeView& node, std::size_t input) {
  if (input == 2) return wanted_list({static_cast<std::int64_t>(node.input_rank(0)) - 2}, "the axis to transform");
  if (input != 1) return std::nullopt;
  const Dims& dims = node.input_dims(0);
  const Dim size = dims.size() < 2 ? Dim::unknown() : dims[dims.size() - 2];
  return wanted_list({size.known() && size.value() > 0 ? size.value() : 1}, "the length of the transform");
}

std::optional<WantedElements> wanted_by_stft(const NodeView& node, std::size_t input) {
  if (input == 1) return wanted_list({1}, "the step from frame to frame");
  if (input != 3) return std::nullopt;
  const Dim window = node.has_input(2) && node.input_rank(2) == 1 ? node.input_dims(2)[0] : Dim::unknown();
  return wanted_list({window.known() ? window.value() : 1}, "the length of a frame");
}

constexpr InputDef kDftInputs[] = {
    {"input", kFloatTypes},
    {"dft_length", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
    {"axis", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
};
constexpr InputDef kStftInputs[] = {
    {"signal", kFloatTypes},
    {"frame_step", kIndexTypes, kDecidesShapes},
    {"window", kFloatTypes, kMayBeLeftOut | kTypeOfFirst},
    {"frame_length", kIndexTypes, kMayBeLeftOut | kDecidesShapes},
};

OpDef spectral(const char* name) {
  OpDef op;
  op.name = name;
  op.since_opset = 17;
  op.facts.folding_ns = folding_ns;
  return op;
}

}  // namespace

void register_dft(Registry& registry) {
  OpDef op = spectral("DFT");
  op.inputs = kDftInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_dft;
  op.infer = infer_dft;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_dft, run}};
  op.facts.wanted_elements = wanted_by_dft;
  registry.add(std::move(op));
}

void register_stft(Registry& registry) {
  OpDef op = spectral("STFT");
  op.inputs = kStftInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_stft;
  op.infer = infer_stft;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_stft, run}};
  op.facts.wanted_elements = wanted_by_stft;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
