// Transpose: output dimension i is input dimension perm[i]; default perm reverses the order. Any shape and type. Opsets
// 1 to newest.
#include "ops/shape_helpers.hpp"
#include "ops/strided_copy.hpp"

namespace linnet::internal {
namespace {

struct TransposeAttributes : Attributes {
  std::optional<std::vector<std::int64_t>> perm;
};

AttributesPtr parse_transpose(ParseContext& context) {
  auto attributes = std::make_shared<TransposeAttributes>();
  attributes->perm = context.get_ints("perm");
  return attributes;
}

/// Errors: kInvalidModel unless perm holds every axis once.
std::vector<std::size_t> permutation_of(const NodeView& node) {
  const std::size_t rank = node.input_rank(0);
  const auto& perm = node.attributes<TransposeAttributes>().perm;
  std::vector<std::size_t> order;
  if (!perm) {
    for (std::size_t axis = rank; axis-- > 0;) order.push_back(axis);
    return order;
  }
  if (perm->size() != rank) invalid_model("perm ", short_list(*perm), " has ", perm->size(), " axes, expected ", rank);
  std::vector<bool> used(rank, false);
  for (const std::int64_t axis : *perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank))
      invalid_model("perm ", short_list(*perm), " names axis ", axis, ", which is outside [0,", rank, ")");
    if (used[static_cast<std::size_t>(axis)]) invalid_model("perm ", short_list(*perm), " names axis ", axis, " twice");
    used[static_cast<std::size_t>(axis)] = true;
    order.push_back(static_cast<std::size_t>(axis));
  }
  return order;
}

void infer_transpose(InferContext& context) {
  require_tensor_type(context, 0, "data");
  const Dims& dims = context.input_dims(0);
  Dims result;
  for (const std::size_t axis : permutation_of(context)) result.push_back(dims[axis]);
  context.set_output(0, context.input_type(0), std::move(result));
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

Prepared prepare_transpose(const PrepareContext& context) {
  if (element_count(context.input_shape(0)) == 0) return {std::make_shared<const StridedCopy>(), 0, 0};
  const std::vector<std::int64_t> strides = row_major_strides(context.input_shape(0));
  std::vector<std::int64_t> permuted;
  for (const std::size_t axis : permutation_of(context)) permuted.push_back(strides[axis]);
  const StridedCopy copy = make_strided_copy(size_of(context.input_type(0)), context.output_shape(0), permuted, 0);
  return {std::make_shared<const StridedCopy>(copy), 0, 0};
}

void run_transpose(const RunArguments& args) {
  run_strided_copy(args.control, *static_cast<const StridedCopy*>(args.state), args.inputs[0], args.outputs[0]);
}

}  // namespace

void register_transpose(Registry& registry) {
  OpDef op;
  op.name = "Transpose";
  op.parse = parse_transpose;
  op.infer = infer_transpose;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_transpose, run_transpose}};
  op.facts.element_inputs = 1U << 0;
  op.facts.is_identity = moves_nothing;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
