// Einsum of two operands as a product of matrices. A label is a batch (in both operands and the output), a row (in A
// and the output), a column (in B and the output) or the depth (in both operands only). Operands whose labels already
// stand in the order batch, row, depth and batch, depth, column, or with the last two changed over, are multiplied
// where they lie; others are copied into the workspace in that order, and Y is copied out of it where its labels stand
// otherwise.
#include <algorithm>
#include <array>

#include "ops/movement/strided_copy.hpp"
#include "ops/product/einsum.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

using Indices = std::vector<std::size_t>;

/// The labels by what they are, each in the order of Y; those of size 1 are left out.
struct Roles {
  Indices batch, rows, columns, depth;
};

Indices joined(const Indices& a, const Indices& b, const Indices& c) {
  Indices all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

/// Nothing for a label that one operand alone is summed over.
std::optional<Roles> roles_of(const Contraction& contraction) {
  Roles roles;
  for (const std::size_t index : contraction.output) {
    if (contraction.sizes[index] == 1) continue;
    const bool in_a = contraction.strides[0][index] != 0, in_b = contraction.strides[1][index] != 0;
    (in_a && in_b ? roles.batch : in_a ? roles.rows : roles.columns).push_back(index);
  }
  for (const std::size_t index : contraction.summed) {
    if (contraction.sizes[index] == 1) continue;
    if (contraction.strides[0][index] == 0 || contraction.strides[1][index] == 0) return std::nullopt;
    roles.depth.push_back(index);
  }
  // In the order of A, that it may be multiplied where it lies.
  std::sort(roles.depth.begin(), roles.depth.end(),
            [&](std::size_t i, std::size_t j) { return contraction.strides[0][i] > contraction.strides[0][j]; });
  return roles;
}

Shape sizes_of(const Contraction& contraction, const Indices& order) {
  Shape sizes;
  for (const std::size_t index : order) sizes.push_back(contraction.sizes[index]);
  return sizes;
}

/// Whether the operand's elements follow each other in this order of its labels.
bool is_dense(const Contraction& contraction, std::size_t operand, const Indices& order) {
  std::int64_t stride = 1;
  for (std::size_t i = order.size(); i-- > 0; stride *= contraction.sizes[order[i]]) {
    if (contraction.strides[operand][order[i]] != stride) return false;
  }
  return true;
}

/// An operand as the product has it: [batch, rows or depth, depth or columns].
struct Layout {
  bool transposed = false;  ///< its last two dimensions are changed over
  bool copied = false;
};

Layout layout_of(const Contraction& contraction, std::size_t operand, const Indices& batch, const Indices& first,
                 const Indices& second) {
  if (is_dense(contraction, operand, joined(batch, first, second))) return {};
  if (is_dense(contraction, operand, joined(batch, second, first))) return {true, false};
  return {false, true};
}

/// The product that does the work, as a node of its own.
struct Lowered {
  Roles roles;
  Layout a, b;
  bool y_copied = false;
  Node node;
  std::vector<Value> values;
};

Value value_of(DataType type, const Shape& shape) {
  Value value;
  value.type = {type, true, to_dims(shape)};
  return value;
}

/// Whether Y's labels stand in this order.
bool is_output(const Contraction& contraction, const Indices& order) {
  Indices output;
  for (const std::size_t index : contraction.output) {
    if (contraction.sizes[index] != 1) output.push_back(index);
  }
  return output == order;
}

/// Why there is none, in words; else fills `lowered`.
std::string lower(const NodeView& node, const Contraction& contraction, Lowered& lowered) {
  const std::optional<Roles> found = roles_of(contraction);
  if (!found) return "a label is summed in one operand alone";
  const Roles& roles = *found;
  const std::int64_t batch = contraction.size_of(roles.batch), rows = contraction.size_of(roles.rows);
  const std::int64_t columns = contraction.size_of(roles.columns), depth = contraction.size_of(roles.depth);
  if (depth == 1 && (rows == 1 || columns == 1)) return "it is no product of matrices";
  const DataType type = node.input_type(0);
  lowered.a = layout_of(contraction, 0, roles.batch, roles.rows, roles.depth);
  lowered.b = layout_of(contraction, 1, roles.batch, roles.depth, roles.columns);
  lowered.y_copied = !is_output(contraction, joined(roles.batch, roles.rows, roles.columns));
  auto attributes = new_shared<MatrixProductAttributes>();
  attributes->transpose_a = lowered.a.transposed;
  attributes->transpose_b = lowered.b.transposed;
  lowered.node.op = node.node().op;
  lowered.node.attributes = std::move(attributes);
  lowered.node.inputs = {0, 1};
  lowered.node.outputs = {2};
  lowered.values = {value_of(type, lowered.a.transposed ? Shape{batch, depth, rows} : Shape{batch, rows, depth}),
                    value_of(type, lowered.b.transposed ? Shape{batch, columns, depth} : Shape{batch, depth, columns}),
                    value_of(type, {batch, rows, columns})};
  lowered.roles = roles;
  return "";
}

/// Of MatMul, those for one type each.
std::array<Implementation, 3> products() {
  return {simd_matrix_product(), half_matrix_product(), double_matrix_product()};
}

std::string accepts(const NodeView& node) {
  if (node.input_count() != 2) return text("only two operands, not ", node.input_count());
  if (element_count(node.input_shape(0)) == 0 || element_count(node.input_shape(1)) == 0) return "an operand is empty";
  Lowered lowered;
  std::string reason = lower(node, contraction_of(node), lowered);
  if (!reason.empty()) return reason;
  for (const Implementation& product : products()) {
    reason = product.accepts(NodeView(lowered.node, lowered.values, node.options()));
    if (reason.empty()) return "";
  }
  return reason;
}

struct State {
  Prepared product;
  void (*run)(const RunArguments&) = nullptr;
  std::array<std::optional<StridedCopy>, 2> operand_copies;
  std::optional<StridedCopy> y_copy;
  std::array<std::size_t, 3> offsets = {};  ///< of the copies of A, B and Y in the workspace, in bytes
};

/// Of Y, from the order in which the product makes it.
StridedCopy copy_of_y(const Contraction& contraction, const Indices& order, std::size_t element_bytes) {
  const std::vector<std::int64_t> made = row_major_strides(sizes_of(contraction, order));
  std::vector<std::int64_t> strides;
  for (const std::size_t index : contraction.output) {
    const auto found = std::find(order.begin(), order.end(), index);
    strides.push_back(found == order.end() ? 0 : made[static_cast<std::size_t>(found - order.begin())]);
  }
  return make_strided_copy(element_bytes, sizes_of(contraction, contraction.output), strides, 0);
}

/// A constant operand that is multiplied where it lies is packed beforehand, as MatMul's.
void pass_constant(const PrepareContext& context, Lowered& lowered) {
  const ConstantPtr& b = context.input_constant(1);
  if (b == nullptr || lowered.b.copied) return;
  auto constant = new_shared<Constant>(*b);
  constant->shape = to_shape(lowered.values[1].type.dims);
  lowered.values[1].constant = std::move(constant);
}

Prepared prepare(const PrepareContext& context) {
  const Contraction contraction = contraction_of(context);
  Lowered lowered;
  lower(context, contraction, lowered);
  pass_constant(context, lowered);
  const NodeView view(lowered.node, lowered.values, context.options());
  auto state = new_shared<State>();
  for (const Implementation& product : products()) {
    if (!product.accepts(view).empty()) continue;
    state->product = product.prepare(PrepareContext(view, context.threads(), context.weights(), context.control()));
    state->run = product.run;
    break;
  }
  Prepared prepared;
  prepared.unread_inputs = state->product.unread_inputs;
  WorkspaceLayout layout(state->product.workspace_bytes);
  const DataType type = context.input_type(0);
  const Roles& roles = lowered.roles;
  const std::array<Indices, 2> orders = {joined(roles.batch, roles.rows, roles.depth),
                                         joined(roles.batch, roles.depth, roles.columns)};
  for (std::size_t operand = 0; operand < 2; ++operand) {
    if (!(operand == 0 ? lowered.a : lowered.b).copied) continue;
    std::vector<std::int64_t> strides;
    for (const std::size_t index : orders[operand]) strides.push_back(contraction.strides[operand][index]);
    const Shape shape = sizes_of(contraction, orders[operand]);
    state->operand_copies[operand] = make_strided_copy(size_of(type), shape, strides, 0);
    state->offsets[operand] = layout.add(byte_count(type, shape));
  }
  if (lowered.y_copied) {
    const Indices order = joined(roles.batch, roles.rows, roles.columns);
    state->y_copy = copy_of_y(contraction, order, size_of(type));
    state->offsets[2] = layout.add(byte_count(type, sizes_of(contraction, order)));
  }
  prepared.workspace_bytes = layout.bytes();
  prepared.state = std::move(state);
  return prepared;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const void* inputs[2] = {args.inputs[0], args.inputs[1]};
  for (std::size_t operand = 0; operand < 2; ++operand) {
    if (!state.operand_copies[operand]) continue;
    void* copy = workspace + state.offsets[operand];
    run_strided_copy(args.control, *state.operand_copies[operand], args.inputs[operand], copy);
    inputs[operand] = copy;
  }
  void* const outputs[1] = {state.y_copy ? workspace + state.offsets[2] : args.outputs[0]};
  state.run({state.product.state.get(), inputs, outputs, args.workspace, args.control});
  if (state.y_copy) run_strided_copy(args.control, *state.y_copy, outputs[0], args.outputs[0]);
}

}  // namespace

Implementation einsum_by_product() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
