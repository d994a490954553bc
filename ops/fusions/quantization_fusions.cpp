// Products and convolutions of dequantised operands become those of the integers:
//
//   QuantizeLinear(Relu(MatMul(DequantizeLinear(a), DequantizeLinear(b)) + bias))   QLinearMatMul
//   the same without QuantizeLinear                                                 MatMulIntegerToFloat
//   QuantizeLinear(Relu(Conv(DequantizeLinear(x), DequantizeLinear(w), bias)))      QLinearConv
//   the same without QuantizeLinear                                                 ConvIntegerToFloat
//   Cast(MatMulInteger(a, b)) * scale + bias                                        MatMulIntegerToFloat
//   Cast(ConvInteger(x, w)) * scale                                                 ConvIntegerToFloat
//   MatMul(a, DequantizeLinear(b)) + bias, b a constant of 8, 4 or 2 bits           DequantizedMatMul
//   Gather(DequantizeLinear(x), indices) along the first axis, likewise             GatherDequantized
//
// with Gemm for MatMul, Clip for Relu, and the bias, the activation and a Transpose of b where they are there. Sums of
// integers are exact (no more are added than fit int32), where products of float32 round at every step, and the result
// is scaled once: it is no further from what the nodes mean. Only 8-bit integers and float32. a, x and what is
// quantised have one scale, b and w one or one for each output column or channel. What else reads a dequantised operand
// keeps it. Where b alone is quantised, in blocks along the depth too, a is multiplied as it is, by weights that stay
// as small as they are; few and small ones are folded.
//
// These run before constants are folded, which would make weights four times as large. Scales, zero points and biases
// need not be constant.
#include <algorithm>

#include "ops/convolution/integer_convolution.hpp"
#include "ops/elementwise/activation.hpp"
#include "ops/kernels/gemm_n_bits.hpp"
#include "ops/movement/gather.hpp"
#include "ops/product/dequantized_matmul.hpp"
#include "ops/product/integer_product.hpp"
#include "ops/quantization/gather_dequantized.hpp"
#include "ops/quantization/scales.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::one_of;
using patterns::op;
using patterns::op_on;
using Input = std::variant<ValueId, ConstantPtr>;

/// Fewer output channels in a group are better summed tap by tap, in float32.
constexpr std::int64_t kLeastChannels = 8;
/// Sums of more products of 8-bit integers may not fit int32, where those of floats would.
constexpr std::int64_t kMostDepth = INT32_MAX / (255 * 255);
constexpr std::size_t kNoAxis = ~std::size_t{0};

Pattern product(const char* name) { return op_on(name, any(nullptr), "product"); }
Pattern matmul() { return one_of({product("MatMul"), product("Gemm")}); }
Pattern biased(const Pattern& x) { return op("Add", {x, any("bias")}); }
Pattern quantized(const Pattern& x) {
  return op_on("QuantizeLinear", one_of({op_on("Relu", x, "activation"), op_on("Clip", x, "activation"), x}),
               "quantized");
}
Pattern scaled(const char* name) { return op("Mul", {op("Cast", {product(name)}, "cast"), any("scale")}); }

bool is_single(const TensorType& type) { return element_count(type.dims).is(1); }

bool fits_int32(Dim depth) { return depth.known() && depth.value() <= kMostDepth; }

/// A float32 or a byte.
ConstantPtr scalar(DataType type, float value) {
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(type, {}, &data);
  if (type == DataType::kFloat32) {
    *reinterpret_cast<float*>(data) = value;
  } else {
    *data = static_cast<std::byte>(value);
  }
  return constant;
}

/// Input `input` of the node; 0 where it is left out.
Input zero_point(const NodeView& node, std::size_t input, DataType type) {
  if (node.has_input(input)) return node.node().inputs[input];
  return scalar(type, 0.0F);
}

/// Whether the node's input 0 is a float32 for 8-bit integers, or becomes one, with one scale or with those of `axis`.
bool quantizes_bytes(const NodeView& node, DataType bytes, DataType floats, std::size_t axis) {
  const auto& attributes = node.attributes<QuantizationAttributes>();
  const bool as_float = attributes.precision == DataType::kUndefined || attributes.precision == DataType::kFloat32;
  const bool fits = kInt8Types.has(bytes) && floats == DataType::kFloat32 && as_float &&
                    node.input_type(1) == DataType::kFloat32 && attributes.block_size == 0 && node.input(1).known();
  if (!fits || is_single(node.input(1))) return fits;
  const std::size_t rank = node.input_rank(0);
  return node.input_rank(1) == 1 && rank > 1 &&
         static_cast<std::size_t>(normalized_axis(attributes.axis, rank)) == axis;
}

/// The DequantizeLinear that makes the value, with scales of this axis at most.
std::optional<NodeView> dequantized(const Match& match, ValueId value, std::size_t axis) {
  const std::optional<NodeView> node = match.maker(value);
  if (!node || node->node().op != match.registry().find("", "DequantizeLinear") || !node->input(0).known() ||
      !quantizes_bytes(*node, node->input_type(0), node->output(0).type, axis)) {
    return std::nullopt;
  }
  return node;
}

/// Collects the inputs of an integer operator in the order of its roles.
class Inputs {
 public:
  explicit Inputs(std::size_t count) : list_(count, kNoValue) {}
  void set(std::size_t role, Input input) {
    if (role < list_.size()) list_[role] = std::move(input);
  }
  /// Of a DequantizeLinear.
  void set(const NodeView& node, std::size_t x, std::size_t scale, std::size_t zero) {
    set(x, node.node().inputs[0]);
    set(scale, node.node().inputs[1]);
    set(zero, zero_point(node, 2, node.input_type(0)));
  }
  std::vector<Input> take() { return std::move(list_); }

 private:
  std::vector<Input> list_;
};

/// What a product of floats ends in; false where the integer operator has no place for it.
bool set_ending(const Match& match, const NodeView& written, Dim channels, float& low, float& high, std::size_t y_scale,
                std::size_t y_zero, std::size_t bias, Inputs& inputs) {
  if (match.has("activation")) {
    const std::optional<kernels::Activation> activation = activation_of(match.node("activation"));
    if (!activation) return false;
    const bool is_relu = activation->kind == kernels::ActivationKind::kRelu;
    low = is_relu ? 0.0F : activation->alpha;
    if (!is_relu) high = activation->beta;
    if (low > high) return false;
  }
  const bool adds = match.has("bias");
  if (adds && written.has_input(2)) return false;
  if (adds || written.has_input(2)) {
    const ValueId value = adds ? match.value("bias") : written.node().inputs[2];
    const TensorType& type = adds ? match.type("bias") : written.input(2);
    if (type.type != DataType::kFloat32 || type.dims.size() != 1 || !type.dims[0].same(channels)) return false;
    inputs.set(bias, value);
  }
  if (match.has("quantized")) {
    const NodeView quantize = match.node("quantized");
    const DataType type = quantize.output(0).type;
    if (!quantizes_bytes(quantize, type, quantize.input_type(0), kNoAxis)) return false;
    inputs.set(y_scale, quantize.node().inputs[1]);
    inputs.set(y_zero, zero_point(quantize, 2, type));
  }
  return true;
}

/// A product whose operands are multiplied as they are.
bool is_plain(const MatrixProductAttributes& attributes) {
  return attributes.alpha == 1.0F && attributes.beta == 1.0F && !attributes.transpose_a && !attributes.reordered() &&
         attributes.activation.kind == kernels::ActivationKind::kNone;
}

/// The matrix that a Transpose makes the value of; else the value itself.
ValueId untransposed(const Match& match, ValueId value, bool& transposes) {
  const std::optional<NodeView> node = match.maker(value);
  if (!node) return value;
  const auto* order = dynamic_cast<const AxisOrderAttributes*>(node->node().attributes.get());
  if (order == nullptr || !node->input(0).known() || node->input_rank(0) != 2) return value;
  if (order->order(2) == std::vector<std::size_t>{1, 0}) transposes = !transposes;
  return node->node().inputs[0];
}

const OpDef* to_float(const Match& match) { return match.registry().find("com.microsoft", "MatMulIntegerToFloat"); }

std::optional<Replacement> make_matmul(const Match& match) {
  const NodeView written = match.node("product");
  const auto& product = written.attributes<MatrixProductAttributes>();
  const std::size_t rank = written.input_rank(1);
  if (!is_plain(product) || rank < 2) return std::nullopt;
  const bool quantizes = match.has("quantized");
  auto attributes = new_shared<IntegerProductAttributes>();
  attributes->inputs = quantizes ? kQLinearMatMulInputs : kMatMulIntegerToFloatInputs;
  attributes->transpose_b = product.transpose_b;
  const ValueId b_value = untransposed(match, written.node().inputs[1], attributes->transpose_b);
  const std::size_t column = rank - (attributes->transpose_b ? 2 : 1);
  const std::size_t depth = rank - (attributes->transpose_b ? 1 : 2);
  const std::optional<NodeView> a = dequantized(match, written.node().inputs[0], kNoAxis);
  const std::optional<NodeView> b = dequantized(match, b_value, rank == 2 ? column : kNoAxis);
  const OpDef* const op = quantizes ? match.registry().find("", "QLinearMatMul") : to_float(match);
  if (!a || !b || op == nullptr || !fits_int32(b->input_dims(0)[depth])) return std::nullopt;
  const IntegerProductInputs& in = attributes->inputs;
  Inputs inputs(in.bias + 1);
  inputs.set(*a, in.a, in.a_scale, in.a_zero);
  inputs.set(*b, in.b, in.b_scale, in.b_zero);
  if (!set_ending(match, written, b->input_dims(0)[column], attributes->low, attributes->high, in.y_scale, in.y_zero,
                  in.bias, inputs)) {
    return std::nullopt;
  }
  return Replacement{op, std::move(attributes), inputs.take()};
}

/// Fewer weights are faster as float32, and stay in a cache as such.
constexpr std::int64_t kLeastWeights = std::int64_t{1} << 18;

/// Whether the axis is that of the depth, along which there are blocks, or that of the columns.
bool suits_product(const NodeView& dequantize, bool transpose_b, std::int64_t& block_size) {
  const auto& attributes = dequantize.attributes<QuantizationAttributes>();
  block_size = attributes.block_size;
  const bool is_float = dequantize.output(0).type == DataType::kFloat32 &&
                        dequantize.input_type(1) == DataType::kFloat32 && dequantize.input(1).known();
  if (!is_float || dequantize.input_rank(0) != 2) return false;
  if (block_size == 0 && is_single(dequantize.input(1))) return true;
  const bool of_rows = normalized_axis(attributes.axis, 2) == 0;
  return of_rows == (block_size > 0 ? !transpose_b : transpose_b);
}

/// A constant, or what folding makes one: a few nodes on constants.
bool will_be_constant(const Match& match, const Value& value, ValueId id, int steps = 4) {
  if (value.constant != nullptr) return true;
  const std::optional<NodeView> node = match.maker(id);
  if (!node || steps == 0 || !node->node().op->facts.deterministic || !node->node().bodies.empty()) return false;
  for (std::size_t i = 0; i < node->input_count(); ++i) {
    if (node->has_input(i) && !will_be_constant(match, node->input_value(i), node->node().inputs[i], steps - 1))
      return false;
  }
  return node->input_count() > 0;
}

std::optional<Replacement> make_dequantized_matmul(const Match& match) {
  const NodeView written = match.node("product");
  const auto& product = written.attributes<MatrixProductAttributes>();
  if (!is_plain(product) || written.input_type(0) != DataType::kFloat32 || written.input_rank(0) == 0)
    return std::nullopt;
  auto attributes = new_shared<DequantizedMatMulAttributes>();
  attributes->transpose_b = product.transpose_b;
  const ValueId b_value = untransposed(match, written.node().inputs[1], attributes->transpose_b);
  const std::optional<NodeView> b = match.maker(b_value);
  const OpDef* const op = match.registry().find(kOwnDomain, kDequantizedMatMul);
  if (!b || op == nullptr || b->node().op != match.registry().find("", "DequantizeLinear")) return std::nullopt;
  const ConstantPtr& codes = b->input_constant(0);
  const std::vector<ValueId>& inputs_of_b = b->node().inputs;
  const bool are_constant = will_be_constant(match, b->input_value(1), inputs_of_b[1]) &&
                            (!b->has_input(2) || will_be_constant(match, b->input_value(2), inputs_of_b[2]));
  // With blocks that the kernels cannot take apart weights would become float32 in every run, as in other backends.
  constexpr auto kBlockUnit = static_cast<std::int64_t>(kernels::kNBitsBlockUnit);
  const Backend backend = b->options().backend;
  if (codes == nullptr || !are_constant || !kCodeTypes.has(codes->type) || codes->count() < kLeastWeights ||
      !suits_product(*b, attributes->transpose_b, attributes->block_size) || attributes->block_size % kBlockUnit != 0 ||
      backend == Backend::kOnednn) {
    return std::nullopt;
  }
  std::vector<Input> inputs = {written.node().inputs[0], codes, b->node().inputs[1],
                               b->has_input(2) ? b->node().inputs[2] : kNoValue, kNoValue};
  if (match.has("bias") || written.has_input(2)) {
    if (match.has("bias") && written.has_input(2)) return std::nullopt;
    const ValueId bias = match.has("bias") ? match.value("bias") : written.node().inputs[2];
    const TensorType& type = match.has("bias") ? match.type("bias") : written.input(2);
    const Dim columns = codes->shape[attributes->transpose_b ? 0 : 1];
    if (type.type != DataType::kFloat32 || type.dims.size() != 1 || !type.dims[0].same(columns)) return std::nullopt;
    inputs.back() = bias;
  }
  return Replacement{op, std::move(attributes), std::move(inputs)};
}

/// A table of few bits that is looked up: others, products of a language model with its own embeddings, may read it.
std::optional<Replacement> make_gather(const Match& match) {
  const NodeView gather = match.node("gathered");
  const auto& written = gather.attributes<GatherAttributes>();
  const std::optional<NodeView> table = match.maker(gather.node().inputs[0]);
  const OpDef* const op = match.registry().find(kOwnDomain, kGatherDequantized);
  if (!table || op == nullptr || table->node().op != match.registry().find("", "DequantizeLinear")) return std::nullopt;
  const ConstantPtr& x = table->input_constant(0);
  const bool fits = x != nullptr && kCodeTypes.has(x->type) && !x->shape.empty() && x->count() >= kLeastWeights &&
                    table->input_type(1) == DataType::kFloat32 && table->output(0).type == DataType::kFloat32 &&
                    normalized_axis(written.axis, x->shape.size()) == 0;
  if (!fits) return std::nullopt;
  const std::vector<ValueId>& inputs = table->node().inputs;
  const ValueId zeros = table->has_input(2) ? inputs[2] : kNoValue;
  return Replacement{op, table->node().attributes, {x, inputs[1], zeros, gather.node().inputs[1]}, true};
}

std::shared_ptr<IntegerConvolutionAttributes> with_window(const ConvolutionAttributes& written, bool quantizes) {
  auto attributes = new_shared<IntegerConvolutionAttributes>();
  static_cast<ConvolutionAttributes&>(*attributes) = written;
  attributes->takes_float_bias = true;
  attributes->inputs = quantizes ? kQLinearConvInputs : kConvIntegerToFloatInputs;
  return attributes;
}

const OpDef* conv_to_float(const Match& match) {
  return match.registry().find(kConvIntegerToFloatDomain, kConvIntegerToFloat);
}

std::optional<Replacement> make_conv(const Match& match) {
  const NodeView written = match.node("product");
  const auto& convolution = written.attributes<ConvolutionAttributes>();
  const Dims& w = written.input_dims(1);
  const Dim depth = element_count(Dims(w.begin() + 1, w.end()));
  const bool fits = w.size() <= 4 && fits_int32(depth) && w[0].known() &&
                    w[0].value() / convolution.group >= kLeastChannels &&
                    convolution.activation.kind == kernels::ActivationKind::kNone;
  const std::optional<NodeView> x = dequantized(match, written.node().inputs[0], kNoAxis);
  const std::optional<NodeView> weights = dequantized(match, written.node().inputs[1], 0);
  const bool quantizes = match.has("quantized");
  const OpDef* const op = quantizes ? match.registry().find("", "QLinearConv") : conv_to_float(match);
  if (!fits || !x || !weights || op == nullptr) return std::nullopt;
  auto attributes = with_window(convolution, quantizes);
  const IntegerConvolutionInputs& in = attributes->inputs;
  Inputs inputs(in.bias + 1);
  inputs.set(*x, in.x, in.x_scale, in.x_zero);
  inputs.set(*weights, in.w, in.w_scale, in.w_zero);
  if (!set_ending(match, written, w[0], attributes->low, attributes->high, in.y_scale, in.y_zero, in.bias, inputs)) {
    return std::nullopt;
  }
  return Replacement{op, std::move(attributes), inputs.take()};
}

/// Whether the Cast is to float32, and a factor of it leaves the shape as it is.
bool scales_floats(const Match& match) {
  const TensorType& sums = match.node("cast").output(0);
  const TensorType& scale = match.type("scale");
  return sums.type == DataType::kFloat32 && scale.type == DataType::kFloat32 && scale.dims.size() <= sums.dims.size();
}

/// Each step rounds as the nodes do: the scale is a product with 1.
std::optional<Replacement> make_scaled_matmul(const Match& match) {
  const NodeView written = match.node("product");
  const Dims& b = written.input_dims(1);
  const TensorType& scale = match.type("scale");
  if (b.size() < 2 || !scales_floats(match) || to_float(match) == nullptr) return std::nullopt;
  const bool of_columns = scale.dims.size() == 1 && scale.dims[0].same(b.back()) && b.size() == 2;
  if (!is_single(scale) && !of_columns) return std::nullopt;
  auto attributes = new_shared<IntegerProductAttributes>();
  attributes->inputs = kMatMulIntegerToFloatInputs;
  const IntegerProductInputs& in = attributes->inputs;
  Inputs inputs(in.bias + 1);
  inputs.set(in.a, written.node().inputs[0]);
  inputs.set(in.b, written.node().inputs[1]);
  inputs.set(of_columns ? in.b_scale : in.a_scale, match.value("scale"));
  inputs.set(of_columns ? in.a_scale : in.b_scale, scalar(DataType::kFloat32, 1.0F));
  inputs.set(in.a_zero, zero_point(written, 2, written.input_type(0)));
  inputs.set(in.b_zero, zero_point(written, 3, written.input_type(1)));
  if (match.has("bias")) {
    const TensorType& bias = match.type("bias");
    if (bias.type != DataType::kFloat32 || bias.dims.size() != 1 || !bias.dims[0].same(b.back())) return std::nullopt;
    inputs.set(in.bias, match.value("bias"));
  }
  return Replacement{to_float(match), std::move(attributes), inputs.take()};
}

std::optional<Replacement> make_scaled_conv(const Match& match) {
  const NodeView written = match.node("product");
  const OpDef* const op = conv_to_float(match);
  if (op == nullptr || !scales_floats(match) || !is_single(match.type("scale"))) return std::nullopt;
  auto attributes = with_window(written.attributes<IntegerConvolutionAttributes>(), false);
  const IntegerConvolutionInputs& in = attributes->inputs;
  Inputs inputs(in.w_zero + 1);
  inputs.set(in.x, written.node().inputs[0]);
  inputs.set(in.w, written.node().inputs[1]);
  inputs.set(in.x_scale, match.value("scale"));
  inputs.set(in.w_scale, scalar(DataType::kFloat32, 1.0F));
  inputs.set(in.x_zero, zero_point(written, 2, written.input_type(0)));
  inputs.set(in.w_zero, zero_point(written, 3, written.input_type(1)));
  return Replacement{op, std::move(attributes), inputs.take()};
}

}  // namespace

/// What ends further behind is looked for first, as it takes in more.
void register_quantization_fusions(Registry& registry) {
  const auto add = [&](const char* step, const Pattern& last, std::optional<Replacement> (*make)(const Match&)) {
    registry.add(Fusion{step, last, make});
  };
  const Pattern products = matmul();
  const Pattern convolution = product("Conv");
  const Pattern scaled_matmul = scaled("MatMulInteger");
  add(kFuseQuantized, quantized(biased(products)), make_matmul);
  add(kFuseQuantized, quantized(products), make_matmul);
  add(kFuseQuantized, quantized(convolution), make_conv);
  add(kFuseQuantizedSums, biased(products), make_matmul);
  add(kFuseQuantizedSums, biased(products), make_dequantized_matmul);
  add(kFuseQuantizedSums, biased(scaled_matmul), make_scaled_matmul);
  add(kFuseQuantizedProducts, products, make_matmul);
  add(kFuseQuantizedProducts, products, make_dequantized_matmul);
  add(kFuseQuantizedProducts, op_on("Gather", any(nullptr), "gathered"), make_gather);
  add(kFuseQuantizedProducts, convolution, make_conv);
  add(kFuseQuantizedProducts, scaled_matmul, make_scaled_matmul);
  add(kFuseQuantizedProducts, scaled("ConvInteger"), make_scaled_conv);
}

}  // namespace linnet::internal
