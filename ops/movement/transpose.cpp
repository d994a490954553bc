// Transpose: output dimension i is input dimension perm[i]; default perm reverses the order. Any shape and type. Opsets
// 1 to newest.
#include <algorithm>

#include "ops/attention/attention.hpp"
#include "ops/movement/strided_copy.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/shared/axis_order.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct TransposeAttributes : AxisOrderAttributes {
  std::optional<std::vector<std::int64_t>> perm;

  std::vector<std::size_t> order(std::size_t rank) const override;
};

AttributesPtr parse_transpose(ParseContext& context) {
  auto attributes = new_shared<TransposeAttributes>();
  attributes->perm = context.get_ints("perm");
  return attributes;
}

std::vector<std::size_t> TransposeAttributes::order(std::size_t rank) const {
  std::vector<std::size_t> order;
  order.reserve(rank);
  for (std::size_t i = 0; i < rank; ++i) order.push_back(perm ? static_cast<std::size_t>((*perm)[i]) : rank - 1 - i);
  return order;
}

/// Errors: kInvalidModel unless perm holds every axis once.
std::vector<std::size_t> permutation_of(const NodeView& node) {
  const std::size_t rank = node.input_rank(0);
  const auto& attributes = node.attributes<TransposeAttributes>();
  const auto& perm = attributes.perm;
  if (!perm) return attributes.order(rank);
  if (perm->size() != rank) invalid_model("perm ", short_list(*perm), " has ", perm->size(), " axes, expected ", rank);
  std::vector<bool> used(rank, false);
  for (const std::int64_t axis : *perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank))
      invalid_model("perm ", short_list(*perm), " names axis ", axis, ", which is outside [0,", rank, ")");
    if (used[static_cast<std::size_t>(axis)]) invalid_model("perm ", short_list(*perm), " names axis ", axis, " twice");
    used[static_cast<std::size_t>(axis)] = true;
  }
  return attributes.order(rank);
}

void infer_transpose(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  context.set_output(0, in_order(dims, permutation_of(context)));
  if (dims.size() < 2) pass_elements(context);
}

/// True when only axes of size 1 change their order, and the shape stays.
bool moves_nothing(const NodeView& node) {
  const Dims& dims = node.input_dims(0);
  const std::vector<std::size_t> order = permutation_of(node);
  std::size_t next = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i && !dims[order[i]].same(dims[i])) return false;
    if (dims[order[i]].is(1)) continue;
    if (order[i] < next) return false;
    next = order[i] + 1;
  }
  return true;
}

/// Two Transposes are one, or nothing at all.
std::optional<Replacement> merge(const FusionContext& context, const AxisOrderAttributes& next) {
  const std::vector<std::size_t> first = permutation_of(context.producer);
  const std::vector<std::size_t> both = composed(first, next.order(first.size()));
  const std::vector<ValueId>& inputs = context.producer.node().inputs;
  if (std::is_sorted(both.begin(), both.end())) {
    const OpDef* identity = context.registry.find("", "Identity");
    if (identity == nullptr) return std::nullopt;
    return Replacement{identity, new_shared<NoAttributes>(), {inputs[0]}, true};
  }
  auto merged = new_shared<TransposeAttributes>();
  merged->perm.emplace(both.begin(), both.end());
  return Replacement{context.producer.node().op, std::move(merged), {inputs[0]}, true};
}

std::optional<Replacement> absorb_transpose(const FusionContext& context) {
  if (const auto* next = dynamic_cast<const AxisOrderAttributes*>(context.consumer.node().attributes.get()))
    return merge(context, *next);
  if (std::optional<Replacement> product = absorb_transpose_of_operand(context)) return product;
  return absorb_transpose_of_attention(context);
}

Prepared prepare_transpose(const PrepareContext& context) {
  if (element_count(context.input_shape(0)) == 0) return {new_shared<const StridedCopy>(), 0, 0};
  const std::vector<std::int64_t> strides =
      in_order(row_major_strides(context.input_shape(0)), permutation_of(context));
  const StridedCopy copy = make_strided_copy(size_of(context.input_type(0)), context.output_shape(0), strides, 0);
  return {new_shared<const StridedCopy>(copy), 0, 0};
}

void run_transpose(const RunArguments& args) {
  run_strided_copy(args.control, *static_cast<const StridedCopy*>(args.state), args.inputs[0], args.outputs[0]);
}

constexpr InputDef kInputs[] = {{"data", kByteTypes, kMoved}};
constexpr OutputDef kOutputs[] = {{"transposed", TypeOf{0}}};

}  // namespace

void register_transpose(Registry& registry) {
  OpDef op;
  op.name = "Transpose";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_transpose;
  op.infer = infer_transpose;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_transpose, run_transpose}};
  op.facts.is_identity = moves_nothing;
  op.facts.absorb_transpose = absorb_transpose;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
