// What a matrix product takes in: from its only reader an addend, a channel-wise scale and shift, an activation, a
// Transpose, and Transposes of its operands. All keep the numbers within rounding; float16 and bfloat16 products take
// in nothing, for they would skip a rounding step.
#include <algorithm>

#include "ops/elementwise/activation.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/shared/axis_order.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/scaled_constant.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kFused{DataType::kFloat32, DataType::kFloat64};

const MatrixProductAttributes& attributes_of(const NodeView& node) {
  return node.attributes<MatrixProductAttributes>();
}

bool has_activation(const NodeView& node) {
  return attributes_of(node).activation.kind != kernels::ActivationKind::kNone;
}

ConstantPtr reshaped(const ConstantPtr& source, Shape shape) {
  auto constant = new_shared<Constant>(*source);
  constant->shape = std::move(shape);
  return constant;
}

/// C for a product of [rows, columns]: nothing when the addend would broadcast the product, or has more dimensions.
ConstantPtr addend_of_matrix(const ConstantPtr& addend, Dim rows, Dim columns) {
  const Shape& shape = addend->shape;
  if (shape.size() > 2) return nullptr;
  if (!shape.empty() && shape.back() != 1 && !columns.is(shape.back())) return nullptr;
  if (shape.size() == 2 && shape.front() != 1 && !rows.is(shape.front())) return nullptr;
  return addend;
}

/// The same for a row or a scalar that is added to every row of a batch.
ConstantPtr addend_of_rows(const ConstantPtr& addend, std::size_t rank, Dim columns) {
  const Shape& shape = addend->shape;
  if (shape.size() > rank) return nullptr;
  if (addend->count() == 1) return reshaped(addend, {});
  if (!columns.is(addend->count()) || shape.back() != addend->count()) return nullptr;
  return reshaped(addend, {addend->count()});
}

/// A row of doubles: beta * C of every column. Nothing when C is not a constant or has a value for each row.
std::optional<std::vector<double>> constant_row(const NodeView& node, std::int64_t columns) {
  std::vector<double> row(static_cast<std::size_t>(columns), 0.0);
  const double beta = attributes_of(node).beta;
  if (!node.has_input(2) || beta == 0.0) return row;
  const ConstantPtr& c = node.input_constant(2);
  if (c == nullptr || (c->count() != 1 && (c->count() != columns || c->shape.back() != columns))) return std::nullopt;
  visit_float_type(c->type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t n = 0; n < row.size(); ++n)
      row[n] = beta * static_cast<double>(c->as<T>()[c->count() == 1 ? 0 : n]);
  });
  return row;
}

}  // namespace

std::optional<Replacement> absorb_addend_into_product(const FusionContext& context) {
  const NodeView& product = context.producer;
  const DataType type = product.input_type(0);
  if (dynamic_cast<const AdditionAttributes*>(context.consumer.node().attributes.get()) == nullptr) return std::nullopt;
  if (has_activation(product) || product.has_input(2) || !attributes_of(product).y_order.empty()) return std::nullopt;
  if (!kFused.has(type) && !(kIntegerTypes.has(type) && attributes_of(product).alpha == 1.0F)) return std::nullopt;
  const ConstantPtr& addend = context.consumer.input_constant(1 - context.consumer_input);
  if (addend == nullptr) return std::nullopt;
  const Dims& output = product.output(0).dims;
  const bool matrices = product.input_rank(0) == 2 && product.input_rank(1) == 2;
  if (!matrices && product.input_rank(1) != 2) return std::nullopt;
  const ConstantPtr c =
      matrices ? addend_of_matrix(addend, output[0], output[1]) : addend_of_rows(addend, output.size(), output.back());
  const OpDef* op = matrices ? context.registry.find("", "Gemm") : product.node().op;
  if (c == nullptr || op == nullptr) return std::nullopt;
  auto attributes = new_shared<MatrixProductAttributes>(attributes_of(product));
  attributes->beta = 1.0F;
  return Replacement{op, std::move(attributes), {product.node().inputs[0], product.node().inputs[1], c}};
}

std::optional<Replacement> absorb_affine_into_product(const FusionContext& context) {
  const NodeView& product = context.producer;
  const auto* affine = dynamic_cast<const ChannelAffineAttributes*>(context.consumer.node().attributes.get());
  if (affine == nullptr || context.consumer_input != 0 || has_activation(product)) return std::nullopt;
  if (attributes_of(product).reordered()) return std::nullopt;
  const DataType type = product.input_type(0);
  const ConstantPtr& b = product.input_constant(1);
  const bool matrices = product.input_rank(0) == 2 && product.input_rank(1) == 2;
  if (!matrices || !kFused.has(type) || b == nullptr) return std::nullopt;
  constexpr std::uint64_t kB = 1 << 1;
  if ((context.shared_inputs & kB) != 0) return std::nullopt;  // a scaled copy for each reader could be any number
  const MatrixProductAttributes& before = attributes_of(product);
  const std::int64_t columns = b->shape[before.transpose_b ? 0 : 1];
  std::optional<std::vector<double>> row = constant_row(product, columns);
  const std::optional<ChannelAffine> factors = affine->channel_affine(context.consumer);
  const OpDef* op = context.registry.find("", "Gemm");
  if (!row || !factors || factors->scale.size() != row->size() || op == nullptr) return std::nullopt;
  for (std::size_t n = 0; n < row->size(); ++n) (*row)[n] = (*row)[n] * factors->scale[n] + factors->shift[n];
  const std::size_t inner = before.transpose_b ? static_cast<std::size_t>(b->shape[1]) : 1;
  const ConstantPtr new_b = b->count() == 0 ? b : scaled_constant(*b, inner, factors->scale);
  const ConstantPtr new_c = rounded_list(type, *row);
  if (new_b == nullptr || new_c == nullptr) return std::nullopt;
  auto attributes = new_shared<MatrixProductAttributes>(before);
  attributes->beta = 1.0F;
  return Replacement{op, std::move(attributes), {product.node().inputs[0], new_b, new_c}};
}

std::optional<Replacement> absorb_activation_into_product(const FusionContext& context) {
  const NodeView& product = context.producer;
  if (context.consumer_input != 0 || has_activation(product) || product.input_type(0) != DataType::kFloat32)
    return std::nullopt;
  const std::optional<kernels::Activation> activation = activation_of(context.consumer);
  if (!activation) return std::nullopt;
  auto attributes = new_shared<MatrixProductAttributes>(attributes_of(product));
  attributes->activation = *activation;
  std::vector<std::variant<ValueId, ConstantPtr>> inputs(product.node().inputs.begin(), product.node().inputs.end());
  return Replacement{product.node().op, std::move(attributes), std::move(inputs)};
}

std::optional<Replacement> absorb_transpose_into_product(const FusionContext& context) {
  const NodeView& product = context.producer;
  const auto* transpose = dynamic_cast<const AxisOrderAttributes*>(context.consumer.node().attributes.get());
  if (transpose == nullptr || product.input_type(0) != DataType::kFloat32) return std::nullopt;
  if (product.input_rank(0) < 2 || product.input_rank(1) < 2) return std::nullopt;
  const std::size_t rank = product.output(0).dims.size();
  if (rank > 2 && product.input_rank(1) == 2) return std::nullopt;
  auto attributes = new_shared<MatrixProductAttributes>(attributes_of(product));
  attributes->y_order = composed(attributes->y_order, transpose->order(rank));
  if (attributes->y_order.back() != rank - 1) return std::nullopt;  // columns would not be contiguous
  std::vector<std::variant<ValueId, ConstantPtr>> inputs(product.node().inputs.begin(), product.node().inputs.end());
  return Replacement{product.node().op, std::move(attributes), std::move(inputs)};
}

std::optional<Replacement> absorb_transpose_of_operand(const FusionContext& context) {
  const NodeView& transpose = context.producer;
  const NodeView& product = context.consumer;
  const auto* order = dynamic_cast<const AxisOrderAttributes*>(transpose.node().attributes.get());
  const auto* before = dynamic_cast<const MatrixProductAttributes*>(product.node().attributes.get());
  if (order == nullptr || before == nullptr || context.consumer_input > 1) return std::nullopt;
  if (product.input_type(0) != DataType::kFloat32) return std::nullopt;
  const std::size_t rank = product.input_rank(context.consumer_input);
  if (rank < 2) return std::nullopt;
  const bool bfloat16 = product.options().precision == Precision::kBf16 && product.input_constant(1) != nullptr;
  if (bfloat16) return std::nullopt;  // those products want dense operands
  auto attributes = new_shared<MatrixProductAttributes>(*before);
  const bool is_a = context.consumer_input == 0;
  std::vector<std::size_t>& axes = is_a ? attributes->a_order : attributes->b_order;
  axes = composed(order->order(rank), axes);
  const bool inner_contiguous = axes[rank - 1] == rank - 1;
  const bool outer_contiguous = axes[rank - 2] == rank - 1;
  if (is_a && rank > 2) {
    const bool depth_contiguous = attributes->transpose_a ? outer_contiguous : inner_contiguous;
    if (!depth_contiguous || product.input_rank(1) == 2) return std::nullopt;
  } else if (!inner_contiguous && !outer_contiguous) {
    return std::nullopt;
  }
  std::vector<std::variant<ValueId, ConstantPtr>> inputs(product.node().inputs.begin(), product.node().inputs.end());
  inputs[context.consumer_input] = transpose.node().inputs[0];
  return Replacement{product.node().op, std::move(attributes), std::move(inputs), true};
}

}  // namespace linnet::internal
