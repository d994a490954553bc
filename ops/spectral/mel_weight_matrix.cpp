// MelWeightMatrix: output [dft_length / 2 + 1, num_mel_bins], the triangles that make mel bins of a spectrum. With
// mel(f) = 2595 log10(1 + f / 700), num_mel_bins + 2 edges stand evenly between mel(lower_edge_hertz) and
// mel(upper_edge_hertz), that one left out, and fall into the spectrum's bins floor((dft_length + 1) * f /
// sample_rate). Column i rises from 0 at edge i to 1 at edge i + 1, and falls to 0 at edge i + 2. num_mel_bins,
// dft_length and sample_rate (int32, int64), lower_edge_hertz and upper_edge_hertz (floats) have one element each.
// output_datatype: any numeric type, by default float; integers are rounded towards 0. Opsets 17 to newest. Computed in
// double. An edge outside the spectrum is an error of the run.
#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr InputDef kInputs[] = {
    {"num_mel_bins", kIndexTypes, kDecidesShapes},
    {"dft_length", kIndexTypes, kDecidesShapes},
    {"sample_rate", kIndexTypes},
    {"lower_edge_hertz", kFloatTypes},
    {"upper_edge_hertz", kFloatTypes},
};
constexpr OutputDef kOutputs[] = {{"output", kNumericTypes}};
constexpr double kCost = 1.0;  // ns per element

struct MelAttributes : Attributes {
  DataType type = DataType::kFloat32;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<MelAttributes>();
  const DataType type = parse_element_type(context, "output_datatype", kNumericTypes);
  if (type != DataType::kUndefined) attributes->type = type;
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) { return node.attributes<MelAttributes>().type; }

Dim number(const NodeView& node, std::size_t input, std::int64_t least) {
  const std::optional<std::vector<std::int64_t>> elements = node.input_integers(input);
  if (!elements || elements->size() != 1) return Dim::unknown();
  const std::int64_t value = elements->front();
  if (value < least || value > INT32_MAX) {
    invalid_model("input ", kInputs[input].name, " is ", value, ", expected ", least, " to ", INT32_MAX);
  }
  return value;
}

void infer(InferContext& context) {
  for (std::size_t input = 0; input < 5; ++input) {
    if (list_length(context, input, kInputs[input].name).differs(1)) {
      invalid_model("input ", kInputs[input].name, " is ", context.input_dims(input), ", expected one element");
    }
  }
  const Dim length = number(context, 1, 1);
  const Dim rows = length.known() ? Dim(length.value() / 2 + 1) : Dim::unknown();
  context.set_output(0, output_type(context, 0), {rows, number(context, 0, 0)});
}

struct State {
  DataType type{}, rate_type{}, edge_types[2] = {};
  std::size_t rows = 0, columns = 0;
  double length = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = output_type(context, 0);
  state->rate_type = context.input_type(2);
  state->edge_types[0] = context.input_type(3);
  state->edge_types[1] = context.input_type(4);
  const Shape output = context.output_shape(0);
  state->rows = static_cast<std::size_t>(output[0]);
  state->columns = static_cast<std::size_t>(output[1]);
  state->length = static_cast<double>(number(context, 1, 1).value());
  return {std::move(state), 0, 0};
}

double mel(double hertz) { return 2595 * std::log1p(hertz / 700) / std::log(10.0); }

/// Where the edges stand.
struct Edges {
  double low, step, bins_per_hertz;
  double bin(std::size_t edge) const {
    const double hertz = 700 * std::expm1((low + step * static_cast<double>(edge)) / 2595 * std::log(10.0));
    return std::floor(bins_per_hertz * hertz);
  }
};

void store(const State& state, void* output, double row, std::size_t column, double value) {
  const std::size_t element = static_cast<std::size_t>(row) * state.columns + column;
  if (kFloatTypes.has(state.type)) return store_line(state.type, &value, element, 1, output);
  const auto whole = static_cast<std::int64_t>(value);
  store_line(state.type, &whole, element, 1, output);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  std::int64_t rate;
  load_line(state.rate_type, args.inputs[2], 0, 1, &rate);
  if (rate < 1) fail(ErrorCode::kRuntimeFault, "sample_rate is ", rate, ", expected 1 or more");
  double hertz[2];
  for (std::size_t i = 0; i < 2; ++i) load_line(state.edge_types[i], args.inputs[3 + i], 0, 1, hertz + i);
  const double low = mel(hertz[0]);
  const Edges edges = {low, (mel(hertz[1]) - low) / static_cast<double>(state.columns + 2),
                       (state.length + 1) / static_cast<double>(rate)};
  const auto last = static_cast<double>(state.rows - 1);
  for (std::size_t edge = 0; edge < state.columns + 2 && state.columns > 0; ++edge) {
    const double bin = edges.bin(edge);
    // The last one is where a triangle has reached 0.
    const double most = edge == state.columns + 1 ? last + 1 : last;
    if (bin >= 0 && bin <= most) continue;
    fail(ErrorCode::kRuntimeFault, "edge ", edge, " between ", hertz[0], " and ", hertz[1], " Hz falls into bin ", bin,
         ", outside [0,", most, "]");
  }
  const double work = kCost * static_cast<double>(state.rows) * static_cast<double>(state.columns);
  void* const output = args.outputs[0];
  args.control.parallel_for(state.columns, work, [&](std::size_t column) {
    for (double row = 0; row <= last; ++row) store(state, output, row, column, 0);
    const double left = edges.bin(column), center = edges.bin(column + 1), right = edges.bin(column + 2);
    for (double row = left; row < center; ++row) store(state, output, row, column, (row - left) / (center - left));
    store(state, output, center, column, 1);
    for (double row = center; row < right; ++row) store(state, output, row, column, (right - row) / (right - center));
  });
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  static constexpr std::int64_t kValues[] = {8, 64, 16000, 0, 8000};
  return wanted_list({kValues[input]}, kInputs[input].name);
}

}  // namespace

void register_mel_weight_matrix(Registry& registry) {
  OpDef op;
  op.name = "MelWeightMatrix";
  op.since_opset = 17;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
