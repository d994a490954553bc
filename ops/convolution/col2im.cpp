// Col2Im: sums overlapping blocks into an image: output[n, c, i...] is the sum of input[n, c * taps + t, l] over every
// tap t of a block and every place l of blocks for which block l has tap t at i, with i = l * stride - pad + t *
// dilation along each axis. input [N, C * taps, places], output [N, C, image_shape...]; image_shape and block_shape
// (int64) have an element for each spatial axis; taps is the product of block_shape, places that of the numbers of
// blocks along each axis, as ops/shared/window.hpp counts them. Opsets 18 to newest; all numeric types. Sums of floats
// are added in double and rounded once; integers wrap around. Deviation: bools and strings are not supported.
#include <algorithm>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/shared/window.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr double kCost = 2.0;  // ns per element of a block

struct Col2ImAttributes : Attributes {
  WindowAttributes window;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<Col2ImAttributes>();
  WindowForm form;
  form.needs_kernel_shape = false;
  form.auto_pad = false;
  form.dilations = true;
  attributes->window = parse_window(context, form);
  return attributes;
}

/// Nothing where image or block are not known in full.
std::optional<std::vector<WindowAxis>> axes_of(const NodeView& node) {
  const auto image = node.input_integers(1);
  const auto block = node.input_integers(2);
  if (!image || !block) return std::nullopt;
  std::vector<WindowAxis> axes;
  for (std::size_t i = 0; i < image->size(); ++i) {
    if ((*image)[i] < 1) invalid_model("image_shape[", i, "] is ", (*image)[i], ", expected 1 or more");
    check_kernel_size(i, (*block)[i]);
    axes.push_back(window_axis(node.attributes<Col2ImAttributes>().window, i, (*image)[i], (*block)[i]));
  }
  return axes;
}

/// The product of what `member` says of every axis. Errors: kInvalidModel when it overflows.
std::int64_t product(const std::vector<WindowAxis>& axes, std::int64_t WindowAxis::*member) {
  Shape sizes;
  for (const WindowAxis& axis : axes) sizes.push_back(axis.*member);
  return element_count(sizes);
}

void infer(InferContext& context) {
  const Dims& input = context.input_dims(0);
  if (input.size() != 3) invalid_model("input is ", input, ", expected [N,C*taps,places]");
  const Dim rank = list_length(context, 1, "image_shape");
  const Dim block_rank = list_length(context, 2, "block_shape");
  if (rank.differs(block_rank)) {
    invalid_model("image_shape has ", rank, " elements and block_shape ", block_rank, ", expected as many");
  }
  if (rank.is(0)) invalid_model("image_shape has no elements, expected one for each spatial axis");
  if (!rank.known()) return set_output_of_rank(context, 0, Dim::unknown());
  check_rank(context, 0, rank.value() + 2);
  check_window_rank(context.attributes<Col2ImAttributes>().window, static_cast<std::size_t>(rank.value()));
  Dims output(static_cast<std::size_t>(rank.value()) + 2);
  output[0] = input[0];
  if (const auto image = context.input_elements(1)) std::copy(image->begin(), image->end(), output.begin() + 2);
  if (const auto axes = axes_of(context)) {
    const std::int64_t taps = product(*axes, &WindowAxis::kernel);
    const std::int64_t places = product(*axes, &WindowAxis::output);
    if (input[2].differs(places)) {
      invalid_model("input has ", input[2], " places of blocks, but image_shape and block_shape make ", places);
    }
    if (input[1].known()) {
      if (input[1].value() % taps != 0) {
        invalid_model("input has ", input[1], " rows, expected a multiple of the ", taps, " elements of a block");
      }
      output[1] = input[1].value() / taps;
    }
  }
  context.set_output(0, std::move(output));
}

struct State {
  DataType type = DataType::kUndefined;
  std::vector<WindowAxis> axes;
  std::int64_t rows = 0;  ///< of the output: of all axes but the last, batches and channels included
  std::int64_t plane_rows = 1, taps = 1, places = 1;
  std::size_t worker_words = 0;  ///< of 8 bytes
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  const Shape output = context.output_shape(0);
  if (element_count(output) == 0) return {std::move(state), 0, 0};
  state->axes = *axes_of(context);
  state->taps = product(state->axes, &WindowAxis::kernel);
  state->places = product(state->axes, &WindowAxis::output);
  state->rows = element_count(output) / output.back();
  state->plane_rows = state->rows / (output[0] * output[1]);
  const WindowAxis& last = state->axes.back();
  state->worker_words = (static_cast<std::size_t>(last.input) + static_cast<std::size_t>(last.output) + 7) / 8 * 8;
  WorkspaceLayout layout;
  for (int worker = 0; worker < context.threads(); ++worker) layout.add(state->worker_words * sizeof(double));
  return {std::move(state), layout.bytes(), 0};
}

/// The row of places whose blocks have `tap` of all axes but the last at row `row` of a plane; -1: none.
std::int64_t met_places(const State& state, std::int64_t row, std::int64_t tap) {
  std::int64_t places = 0, stride = 1;
  for (std::size_t i = state.axes.size() - 1; i-- > 0;) {
    const WindowAxis& axis = state.axes[i];
    const std::int64_t reached = row % axis.input + axis.pad_begin - tap % axis.kernel * axis.dilation;
    if (reached < 0 || reached % axis.stride != 0 || reached / axis.stride >= axis.output) return -1;
    places += reached / axis.stride * stride;
    stride *= axis.output;
    row /= axis.input;
    tap /= axis.kernel;
  }
  return places;
}

template <typename W>
void sum_row(const State& state, const RunArguments& args, std::int64_t row, W* sums) {
  const WindowAxis& last = state.axes.back();
  W* const line = sums + last.input;
  std::fill_n(sums, last.input, W{});
  const std::int64_t plane = row / state.plane_rows;
  for (std::int64_t tap = 0; tap < state.taps; ++tap) {
    const std::int64_t places = met_places(state, row % state.plane_rows, tap / last.kernel);
    if (places < 0) continue;
    const std::int64_t at = tap % last.kernel;
    const auto [begin, end] = last.outputs_of(at);
    if (begin >= end) continue;
    const std::int64_t first = (plane * state.taps + tap) * state.places + places * last.output + begin;
    const auto count = static_cast<std::size_t>(end - begin);
    load_line(state.type, args.inputs[0], static_cast<std::size_t>(first), count, line);
    W* to = sums + (last.start(begin) + at * last.dilation);
    for (std::size_t i = 0; i < count; ++i) to[static_cast<std::int64_t>(i) * last.stride] += line[i];
  }
  const auto width = static_cast<std::size_t>(last.input);
  store_line(state.type, sums, static_cast<std::size_t>(row) * width, width, args.outputs[0]);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.rows == 0) return;
  const double row_cost = kCost * static_cast<double>(state.taps) * static_cast<double>(state.axes.back().output) + 10;
  const double work = row_cost * static_cast<double>(state.rows);
  args.control.parallel_for(static_cast<std::size_t>(state.rows), work, [&](std::size_t row, std::size_t worker) {
    if (args.control.abandon_if_stopped()) return;
    double* const words = static_cast<double*>(args.workspace) + worker * state.worker_words;
    if (kFloatTypes.has(state.type)) {
      sum_row(state, args, static_cast<std::int64_t>(row), words);
    } else {
      sum_row(state, args, static_cast<std::int64_t>(row), reinterpret_cast<std::uint64_t*>(words));
    }
  });
}

/// Blocks of one element over an image that they cover.
std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input == 0) return std::nullopt;
  std::vector<std::int64_t> sizes(length_of(node, input), 1);
  const Dim places = node.input_dims(0).size() == 3 ? node.input_dims(0)[2] : Dim::unknown();
  if (input == 1 && !sizes.empty() && places.known()) sizes.back() = std::max<std::int64_t>(1, places.value());
  return wanted_list(std::move(sizes), input == 1 ? "the shape of the image" : "the shape of a block");
}

constexpr InputDef kInputs[] = {
    {"input", kNumericTypes},
    {"image_shape", kInt64Type, kDecidesShapes},
    {"block_shape", kInt64Type, kDecidesShapes},
};

}  // namespace

void register_col2im(Registry& registry) {
  OpDef op;
  op.name = "Col2Im";
  op.since_opset = 18;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
