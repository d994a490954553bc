// Transposes that an attention takes in: its operands and its result are read and written where they lie.
#include "ops/attention/attention.hpp"
#include "ops/shared/axis_order.hpp"
#include "ops/shared/fusion_facts.hpp"

namespace linnet::internal {
namespace {

std::vector<std::variant<ValueId, ConstantPtr>> inputs_of(const NodeView& node) {
  return {node.node().inputs.begin(), node.node().inputs.end()};
}

}  // namespace

std::optional<Replacement> absorb_transpose_into_attention(const FusionContext& context) {
  const NodeView& attention = context.producer;
  const auto* transpose = dynamic_cast<const AxisOrderAttributes*>(context.consumer.node().attributes.get());
  if (transpose == nullptr) return std::nullopt;
  auto attributes = new_shared<AttentionAttributes>(attention.attributes<AttentionAttributes>());
  const std::size_t rank = attention.output(0).dims.size();
  attributes->y_order = composed(attributes->y_order, transpose->order(rank));
  if (attributes->y_order.back() != rank - 1) return std::nullopt;  // rows would not be contiguous
  return Replacement{attention.node().op, std::move(attributes), inputs_of(attention)};
}

std::optional<Replacement> absorb_transpose_of_attention(const FusionContext& context) {
  const NodeView& attention = context.consumer;
  const auto* order = dynamic_cast<const AxisOrderAttributes*>(context.producer.node().attributes.get());
  const auto* before = dynamic_cast<const AttentionAttributes*>(attention.node().attributes.get());
  if (order == nullptr || before == nullptr || context.consumer_input > kV) return std::nullopt;
  if (context.producer.input_constant(0) != nullptr) return std::nullopt;
  auto attributes = new_shared<AttentionAttributes>(*before);
  const std::size_t rank = attention.input_rank(context.consumer_input);
  std::vector<std::size_t>& axes = context.consumer_input == kQ   ? attributes->q_order
                                   : context.consumer_input == kK ? attributes->k_order
                                                                  : attributes->v_order;
  axes = composed(order->order(rank), axes);
  const bool rows_contiguous = axes[rank - 1] == rank - 1;
  const bool columns_contiguous = axes[rank - 2] == rank - 1 && context.consumer_input != kQ;
  if (!rows_contiguous && !columns_contiguous) return std::nullopt;
  std::vector<std::variant<ValueId, ConstantPtr>> inputs = inputs_of(attention);
  inputs[context.consumer_input] = context.producer.node().inputs[0];
  return Replacement{attention.node().op, std::move(attributes), std::move(inputs), true};
}

}  // namespace linnet::internal
