// Products of 8-bit integers one element at a time. Sums of float8 elements are those of double.
#include <algorithm>
#include <cmath>

#include "ops/kernels/quantize.hpp"
#include "ops/product/integer_product.hpp"
#include "ops/quantization/dynamic_scale.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskProducts = 100000;

struct State {
  IntegerProduct node;
  std::size_t parameters_at = 0, quantized_at = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->node = integer_product(context);
  WorkspaceLayout workspace;
  state->parameters_at = workspace.add(state->node.parameter_bytes());
  if (state->node.attributes.quantizes_a) {
    state->quantized_at = workspace.add(static_cast<std::size_t>(element_count(context.input_shape(0))));
  }
  const std::size_t bytes = workspace.bytes();
  return {std::move(state), bytes, 0};
}

/// What the elements of a run are computed from.
struct Operands {
  const IntegerProduct& node;
  const RunArguments& args;
  IntegerParameters parameters;
  DataType a_type;
  const void* a;
  const void* b;

  double element(std::size_t input, std::size_t index) const {
    double value = 0;
    if (node.has_input(input)) {
      load_line(node.types[input], args.inputs[input], index % node.counts[input], 1, &value);
    }
    return value;
  }
};

/// Where an element of Y comes from.
struct Place {
  std::size_t a_row, b_first, b_column, y_row, y;
};

double sum_at(const Operands& operands, const Place& place) {
  const IntegerProduct& node = operands.node;
  const IntegerProductInputs& in = node.attributes.inputs;
  const auto depth = static_cast<std::size_t>(node.product.depth);
  const double a_zero = operands.a == operands.args.inputs[in.a]
                            ? operands.element(in.a_zero, place.a_row)
                            : static_cast<double>(operands.parameters.a_zero[place.a_row]) + 128.0;
  const double b_zero = operands.element(in.b_zero, place.b_column);
  double sum = 0;
  std::int64_t exact = 0;
  const bool is_integer = kInt8Types.has(node.b);
  for (std::size_t k = 0; k < depth; ++k) {
    double a = 0;
    double b = 0;
    load_line(operands.a_type, operands.a, place.a_row * depth + k, 1, &a);
    load_line(node.b, operands.b, place.b_first + k * static_cast<std::size_t>(node.product.b_depth_stride), 1, &b);
    const double product = (a - a_zero) * (b - b_zero);
    if (is_integer) exact += static_cast<std::int64_t>(product);
    sum += product;
  }
  return is_integer ? static_cast<std::int32_t>(static_cast<std::uint32_t>(exact)) : sum;
}

void store(const Operands& operands, const Place& place, double sum) {
  const IntegerProduct& node = operands.node;
  const IntegerParameters& parameters = operands.parameters;
  const IntegerProductInputs& in = node.attributes.inputs;
  void* const y = operands.args.outputs[0];
  if (node.y == DataType::kInt32) {
    static_cast<std::int32_t*>(y)[place.y] = static_cast<std::int32_t>(sum);
    return;
  }
  const auto columns = static_cast<std::size_t>(node.product.columns);
  const std::size_t column = place.b_column / columns * node.padded_columns + place.b_column % columns;
  float scale = parameters.column_scale[column];
  if (parameters.row_scale != nullptr) scale = parameters.row_scale[place.a_row] * scale;
  float value = static_cast<float>(sum) * scale;
  if (parameters.column_bias != nullptr) value += parameters.column_bias[place.b_column % columns];
  if (node.count_or_one(in.y_scale) > 1) value /= static_cast<float>(operands.element(in.y_scale, place.y_row));
  const double zero = operands.element(in.y_zero, place.y_row);
  if (kInt8Types.has(node.y)) {
    const bool own_zero = node.count_or_one(in.y_zero) > 1;
    const double lowest = node.y == DataType::kInt8 ? -128.0 : 0.0;
    const auto low = own_zero ? static_cast<float>(lowest - zero) : parameters.bounds.low;
    const auto high = own_zero ? static_cast<float>(lowest + 255.0 - zero) : parameters.bounds.high;
    value = value > low ? value : low;
    value = value < high ? value : high;
    const auto whole = static_cast<float>(std::nearbyint(value) + zero);
    store_line(node.y, &whole, place.y, 1, y);
  } else if (in.y_scale != IntegerProductInputs::kNone) {
    const double shifted = static_cast<double>(value) + zero;
    store_small_floats(node.y, {}, &shifted, place.y, 1, y);
  } else {
    const ResultBounds& bounds = parameters.bounds;
    value = value < bounds.low ? bounds.low : value;
    value = value > bounds.high ? bounds.high : value;
    store_line(node.y, &value, place.y, 1, y);
  }
}

void multiply(const Operands& operands) {
  const IntegerProduct& node = operands.node;
  const MatrixProduct& product = node.product;
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto depth = static_cast<std::size_t>(product.depth);
  const std::size_t all_rows = rows * static_cast<std::size_t>(product.batches);
  const std::size_t step = std::max<std::size_t>(1, kTaskProducts / (columns * (depth + 1)));
  const double work = static_cast<double>(all_rows * columns) * static_cast<double>(depth + 1) * 4.0;
  RunControl& control = operands.args.control;
  control.parallel_for((all_rows + step - 1) / step, work, [&](std::size_t task) {
    for (std::size_t y_row = task * step; y_row < std::min(all_rows, (task + 1) * step); ++y_row) {
      if (control.abandon_if_stopped()) return;
      const MatrixProduct::Batch batch = product.batch(static_cast<std::int64_t>(y_row / rows));
      Place place = {};
      place.a_row = y_row % rows + (depth == 0 ? 0 : static_cast<std::size_t>(batch.a) / depth);
      place.y_row = y_row;
      const std::size_t first = depth == 0 ? 0 : static_cast<std::size_t>(batch.b) / depth;  // columns before this B
      for (std::size_t column = 0; column < columns; ++column) {
        place.b_first = static_cast<std::size_t>(batch.b) + column * static_cast<std::size_t>(product.b_column_stride);
        place.b_column = first + column;
        place.y = y_row * columns + column;
        store(operands, place, sum_at(operands, place));
      }
    }
  });
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const State*>(args.state);
  const IntegerProduct& node = state.node;
  if (node.product.batches == 0) return;
  const IntegerProductInputs& in = node.attributes.inputs;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  DynamicScale scale = {};
  const void* a = args.inputs[in.a];
  const bool quantizes = node.attributes.quantizes_a;
  if (quantizes) {
    const auto count = node.a_rows * static_cast<std::size_t>(node.product.depth);
    const auto* const x = static_cast<const float*>(a);
    scale = dynamic_scale_of(args.control, x, count);
    kernels::quantize({false, scale.scale, static_cast<float>(scale.zero)}, x, count, workspace + state.quantized_at);
    a = workspace + state.quantized_at;
  }
  const IntegerParameters parameters =
      node.fill_parameters(args.inputs, quantizes ? &scale.scale : nullptr, quantizes ? &scale.zero : nullptr,
                           workspace + state.parameters_at);
  multiply({node, args, parameters, quantizes ? DataType::kUint8 : node.a, a, args.inputs[in.b]});
}

}  // namespace

Implementation reference_integer_product() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
