// MatMulInteger         Y = S, int32. (A, B, a_zero_point, b_zero_point), opset 10 to newest
// QLinearMatMul         y = saturate(round(S * scale) + y_zero_point). (a, a_scale, a_zero_point, b, b_scale,
//                       b_zero_point, y_scale, y_zero_point), opset 10 to newest; scales are float32, float16 or
//                       bfloat16, and from 21 elements may be float8, of which sums are those of double
// MatMulIntegerToFloat  Y = S * scale + bias, of a_scale's type. (A, B, a_scale, b_scale, a_zero_point, b_zero_point,
//                       bias), com.microsoft
// DynamicQuantizeMatMul the same of float32 A, quantised to uint8 as by DynamicQuantizeLinear. (A, B, b_scale,
//                       b_zero_point, bias), com.microsoft
// S and scale are those of integer_product.hpp; shapes of A, B and Y those of MatMul. Scales and zero points of A (and
// of y) have one element or one for each row: [M], or the shape of A with 1 for its last dimension. Those of B have one
// or one for each column: [N], or the shape of B with 1 for the last dimension but one.
#include "ops/product/integer_product.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>
#include <utility>

#include "ops/kernels/gemm_int8.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kScaleTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr TypeSet kSaturatedFloats{DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                                   DataType::kFloat8e5m2fnuz};
constexpr const char* kMicrosoftDomain = "com.microsoft";

AttributesPtr with_inputs(const IntegerProductInputs& inputs, bool quantizes_a = false) {
  auto attributes = new_shared<IntegerProductAttributes>();
  attributes->inputs = inputs;
  attributes->quantizes_a = quantizes_a;
  return attributes;
}

constexpr std::size_t kNone = IntegerProductInputs::kNone;
AttributesPtr parse_matmul_integer(ParseContext&) {
  return with_inputs({0, kNone, 2, 1, kNone, 3, kNone, kNone, kNone});
}
AttributesPtr parse_qlinear_matmul(ParseContext&) { return with_inputs(kQLinearMatMulInputs); }
AttributesPtr parse_to_float(ParseContext&) { return with_inputs(kMatMulIntegerToFloatInputs); }
AttributesPtr parse_dynamic(ParseContext&) { return with_inputs({0, kNone, kNone, 1, 2, 3, kNone, kNone, 4}, true); }

const IntegerProductAttributes& attributes_of(const NodeView& node) {
  return node.attributes<IntegerProductAttributes>();
}

Dims swapped(Dims dims) {
  if (dims.size() >= 2) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return dims;
}

/// Of B as it is multiplied.
Dims b_dims(const NodeView& node) {
  const IntegerProductAttributes& attributes = attributes_of(node);
  const Dims& dims = node.input_dims(attributes.inputs.b);
  return attributes.transpose_b ? swapped(dims) : dims;
}

/// Errors: kInvalidModel unless there is one element, or one for each index of `axis` of the matrices `of`.
void check_granularity(const NodeView& node, std::size_t input, const char* name, const Dims& of, std::size_t axis,
                       const char* each) {
  if (!node.has_input(input)) return;
  const Dims& dims = node.input_dims(input);
  if (std::all_of(dims.begin(), dims.end(), [](Dim dim) { return !dim.known() || dim.is(1); })) return;
  bool fits = of.size() >= 2;
  if (fits && dims.size() == 1) {
    fits = !dims[0].differs(of[axis]);
  } else if (fits) {
    fits = dims.size() == of.size();
    const std::size_t summed = axis + 1 == of.size() ? axis - 1 : axis + 1;
    for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = !dims[i].differs(i == summed ? Dim(1) : of[i]);
  }
  if (!fits) {
    invalid_model("input ", name, " is ", dims, ", expected one element, or one for each ", each, " of ", of);
  }
}

void check_same_type(const NodeView& node, std::size_t input, const char* name, std::size_t as, const char* as_name) {
  if (node.has_input(input) && node.input_type(input) != node.input_type(as)) {
    invalid_model("input ", name, " is ", node.input_type(input), ", but ", as_name, " is ", node.input_type(as));
  }
}

void check_scale_types(const NodeView& node, const IntegerProductInputs& in) {
  if (in.a_scale != kNone) check_same_type(node, in.b_scale, "b_scale", in.a_scale, "a_scale");
  if (in.y_scale != kNone) check_same_type(node, in.y_scale, "y_scale", in.a_scale, "a_scale");
}

void infer(InferContext& context) {
  const IntegerProductAttributes& attributes = attributes_of(context);
  const IntegerProductInputs& in = attributes.inputs;
  if (kInt8Types.has(context.input_type(in.b)) != (kInt8Types.has(context.input_type(in.a)) || attributes.quantizes_a))
    invalid_model("A is ", context.input_type(in.a), " but B is ", context.input_type(in.b));
  check_same_type(context, in.a_zero, "a_zero_point", in.a, "A");
  check_same_type(context, in.b_zero, "b_zero_point", in.b, "B");
  check_scale_types(context, in);
  const Dims& a = context.input_dims(in.a);
  const Dims b = b_dims(context);
  const Dims y = matmul_dims(a, b);
  const std::size_t row = a.size() < 2 ? 0 : a.size() - 2;
  check_granularity(context, in.a_scale, "a_scale", a, row, "row");
  check_granularity(context, in.a_zero, "a_zero_point", a, row, "row");
  check_granularity(context, in.b_scale, "b_scale", b, b.size() - 1, "column");
  check_granularity(context, in.b_zero, "b_zero_point", b, b.size() - 1, "column");
  const std::size_t y_row = y.size() < 2 ? 0 : y.size() - 2;
  check_granularity(context, in.y_scale, "y_scale", y, y_row, "row");
  check_granularity(context, in.y_zero, "y_zero_point", y, y_row, "row");
  if (context.has_input(in.bias)) {
    const Dims& bias = context.input_dims(in.bias);
    if (bias.size() != 1 || b.size() < 2 || bias[0].differs(b.back()))
      invalid_model("input bias is ", bias, ", expected one element for each column of ", b);
  }
  context.set_output(0, y);
}

/// From what SSE4 kernels and the reference reach.
double folding_ns(const NodeView& node) {
  const MatrixProduct product = integer_product(node).product;
  const double products = static_cast<double>(product.batches) * static_cast<double>(product.rows) *
                          static_cast<double>(product.columns) * static_cast<double>(product.depth + 1);
  return products * (node.options().backend == Backend::kReference ? 4.0 : 0.1);
}

constexpr InputDef kMatMulInteger[] = {
    {"A", kInt8Types},
    {"B", kInt8Types},
    {"a_zero_point", kInt8Types, kMayBeLeftOut},
    {"b_zero_point", kInt8Types, kMayBeLeftOut},
};
constexpr TypeSet kQuantized = kInt8Types | kSaturatedFloats;
constexpr InputDef kQLinearMatMul[] = {
    {"a", kQuantized},        {"a_scale", kScaleTypes},     {"a_zero_point", kQuantized}, {"b", kQuantized},
    {"b_scale", kScaleTypes}, {"b_zero_point", kQuantized}, {"y_scale", kScaleTypes},     {"y_zero_point", kQuantized},
};
constexpr InputDef kMatMulIntegerToFloat[] = {
    {"A", kInt8Types},
    {"B", kInt8Types},
    {"a_scale", kScaleTypes},
    {"b_scale", kScaleTypes},
    {"a_zero_point", kInt8Types, kMayBeLeftOut},
    {"b_zero_point", kInt8Types, kMayBeLeftOut},
    {"bias", kScaleTypes, kMayBeLeftOut},
};
constexpr InputDef kDynamicQuantizeMatMul[] = {
    {"A", kFloat32Type},
    {"B", kInt8Types},
    {"b_scale", kFloat32Type},
    {"b_zero_point", kInt8Types, kMayBeLeftOut},
    {"bias", kScaleTypes, kMayBeLeftOut},
};
constexpr OutputDef kSums[] = {{"Y", {DataType::kInt32}}};
constexpr OutputDef kLikeZeroPoint[] = {{"y", TypeOf{7}}};
constexpr OutputDef kLikeScale[] = {{"Y", TypeOf{2}}};

void add_product(Registry& registry, const char* domain, const char* name, InputTable inputs, OutputTable outputs,
                 AttributesPtr (*parse)(ParseContext&)) {
  OpDef op;
  op.name = name;
  op.domain = domain;
  op.since_opset = *domain == '\0' ? 10 : 1;
  op.inputs = inputs;
  op.outputs = outputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_integer_product(), reference_integer_product()};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

std::int32_t wrapped(double zero, bool flips) { return static_cast<std::int32_t>(zero) + (flips ? 128 : 0); }

/// Elements of an input as a list that is `count` long: all, or one for every `repeat` of them.
class Lists {
 public:
  Lists(const IntegerProduct& node, const void* const* inputs) : node_(node), inputs_(inputs) {}

  double at(std::size_t input, std::size_t index) const {
    double element = 0;
    load_line(node_.types[input], inputs_[input], index % node_.counts[input], 1, &element);
    return element;
  }
  /// Elements [first, first + count), which do not go round the end of the list.
  void line(std::size_t input, std::size_t first, std::size_t count, float* to) const {
    if (node_.counts[input] == 1) {
      std::fill_n(to, count, static_cast<float>(at(input, 0)));
      return;
    }
    load_line(node_.types[input], inputs_[input], first % node_.counts[input], count, to);
  }
  double first(std::size_t input, double otherwise) const { return node_.has_input(input) ? at(input, 0) : otherwise; }

 private:
  const IntegerProduct& node_;
  const void* const* inputs_;
};

}  // namespace

std::size_t IntegerProduct::parameter_bytes() const {
  WorkspaceLayout layout;
  layout.add(a_rows * sizeof(std::int32_t));
  layout.add(a_rows * sizeof(float));
  const std::size_t columns = padded_columns * static_cast<std::size_t>(product.b_matrices);
  layout.add(columns * sizeof(std::int32_t));
  layout.add(columns * sizeof(float));
  layout.add(padded_columns * sizeof(float));
  return layout.bytes();
}

IntegerParameters IntegerProduct::fill_parameters(const void* const* inputs, const float* a_scale,
                                                  const std::uint8_t* a_zero, std::byte* memory) const {
  const IntegerProductInputs& in = attributes.inputs;
  const Lists lists(*this, inputs);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto matrices = static_cast<std::size_t>(product.b_matrices);
  WorkspaceLayout layout;
  const auto place = [&](std::size_t bytes) { return memory + layout.add(bytes); };
  IntegerParameters result;
  result.a_zero = reinterpret_cast<std::int32_t*>(place(a_rows * sizeof(std::int32_t)));
  auto* const row_scale = reinterpret_cast<float*>(place(a_rows * sizeof(float)));
  result.b_zero = reinterpret_cast<std::int32_t*>(place(padded_columns * matrices * sizeof(std::int32_t)));
  auto* const column_scale = reinterpret_cast<float*>(place(padded_columns * matrices * sizeof(float)));
  auto* const column_bias = reinterpret_cast<float*>(place(padded_columns * sizeof(float)));
  const bool flips_a = a == DataType::kUint8 || a_zero != nullptr;
  const bool one_a_zero = count_or_one(in.a_zero) == 1;
  for (std::size_t row = 0; row < a_rows; ++row) {
    if (row == 0 || !one_a_zero) {
      const double zero = a_zero != nullptr ? *a_zero : has_input(in.a_zero) ? lists.at(in.a_zero, row) : 0;
      result.a_zero[row] = wrapped(zero, false) - (flips_a ? 128 : 0);
    } else {
      result.a_zero[row] = result.a_zero[0];
    }
    result.shifts_a = result.shifts_a || result.a_zero[row] != 0;
  }
  const bool flips_b = b == DataType::kInt8;
  for (std::size_t matrix = 0; matrix < matrices; ++matrix) {
    std::int32_t* const zeros = result.b_zero + matrix * padded_columns;
    for (std::size_t i = 0; i < (one_b_zero() ? 1 : columns); ++i) {
      zeros[i] = wrapped(has_input(in.b_zero) ? lists.at(in.b_zero, matrix * columns + i) : 0, flips_b);
    }
  }
  if (y == DataType::kInt32) return result;
  const bool has_row_scales = count_or_one(in.a_scale) > 1;
  const double one_a_scale = a_scale != nullptr ? *a_scale : has_row_scales ? 1.0 : lists.first(in.a_scale, 1.0);
  const bool one_y_scale = count_or_one(in.y_scale) == 1;
  const double y_scale = one_y_scale ? lists.first(in.y_scale, 1.0) : 1.0;
  if (has_row_scales) {
    for (std::size_t row = 0; row < a_rows; ++row) row_scale[row] = static_cast<float>(lists.at(in.a_scale, row));
    result.row_scale = row_scale;
  }
  for (std::size_t matrix = 0; matrix < matrices; ++matrix) {
    float* const to = column_scale + matrix * padded_columns;
    lists.line(in.b_scale, matrix * columns, columns, to);
    for (std::size_t i = 0; i < columns; ++i) to[i] = static_cast<float>(one_a_scale * to[i] / y_scale);
  }
  result.column_scale = column_scale;
  if (has_input(in.bias)) {
    lists.line(in.bias, 0, columns, column_bias);
    if (y_scale != 1.0) {
      for (std::size_t i = 0; i < columns; ++i) column_bias[i] = static_cast<float>(column_bias[i] / y_scale);
    }
    result.column_bias = column_bias;
  }
  if (kInt8Types.has(y) && count_or_one(in.y_zero) == 1) result.y_zero = wrapped(lists.first(in.y_zero, 0), false);
  result.bounds = scaled_bounds({attributes.low, attributes.high}, y_scale, y, result.y_zero);
  return result;
}

IntegerProduct integer_product(const NodeView& node) {
  IntegerProduct result;
  result.attributes = attributes_of(node);
  const IntegerProductInputs& in = result.attributes.inputs;
  Shape b = node.input_shape(in.b);
  MatrixProductAttributes as;
  as.transpose_b = result.attributes.transpose_b;
  result.product = matrix_product(as, node.input_shape(in.a), b, nullptr, node.output_shape(0));
  result.a = node.input_type(in.a);
  result.b = node.input_type(in.b);
  result.y = node.output(0).type;
  const Shape a = node.input_shape(in.a);
  result.a_rows = static_cast<std::size_t>(element_count(Shape(a.begin(), a.end() - 1)));
  const auto columns = static_cast<std::size_t>(result.product.columns);
  result.padded_columns = kernels::panel_count(columns) * kernels::kPanelColumns;
  for (std::size_t i = 0; i < std::min<std::size_t>(9, node.input_count()); ++i) {
    result.has[i] = node.has_input(i);
    if (!result.has[i]) continue;
    result.types[i] = node.input_type(i);
    result.counts[i] = static_cast<std::size_t>(element_count(node.input_shape(i)));
  }
  return result;
}

void register_integer_product(Registry& registry) {
  add_product(registry, "", "MatMulInteger", kMatMulInteger, kSums, parse_matmul_integer);
  add_product(registry, "", "QLinearMatMul", kQLinearMatMul, kLikeZeroPoint, parse_qlinear_matmul);
  add_product(registry, kMicrosoftDomain, "MatMulIntegerToFloat", kMatMulIntegerToFloat, kLikeScale, parse_to_float);
  add_product(registry, kMicrosoftDomain, "DynamicQuantizeMatMul", kDynamicQuantizeMatMul, kYOfFirst, parse_dynamic);
}

}  // namespace linnet::internal
