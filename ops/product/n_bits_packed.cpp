// Weights of few bits, multiplied as they are packed (ops/kernels/gemm_n_bits.hpp): with A as it is, or, of 4 bits
// where accuracy_level is 4, which allows that, rounded to int8 in blocks.
#include <algorithm>
#include <cstring>

#include "ops/kernels/gemm_n_bits.hpp"
#include "ops/product/n_bits.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kColumns = kernels::kNBitsPanelColumns;
constexpr std::size_t kUnwatched = 1024;  ///< rows of a panel between two looks at the stop

/// The blocks that a kernel multiplies: those of the node, or equal parts of them where they are longer. 0: there are
/// none.
std::size_t packed_block(const NBits& node) {
  for (std::size_t block = kernels::kNBitsMostBlock; block > 0; block -= kernels::kNBitsBlockUnit) {
    if (node.block % block == 0) return block;
  }
  return 0;
}

struct PackedState {
  NBits node;
  std::size_t block = 0, blocks = 0;                             ///< as they are packed
  std::shared_ptr<const std::byte> packed, scales, zero_points;  ///< of all matrices; the last one may be null
  std::size_t elements_at = 0, row_scales_at = 0, sums_at = 0;   ///< in the workspace
  std::size_t wide_a_at = 0, wide_y_at = 0, wide_bias_at = 0;    ///< of 16-bit types, likewise

  std::size_t depth() const { return blocks * block; }
  std::size_t panels() const { return kernels::n_bits_panels(node.n); }  ///< of a matrix
  std::size_t list_floats() const { return panels() * blocks * kColumns; }
};

std::string accepts_packed(const NodeView& view) {
  const NBits node = n_bits(view);
  if (node.has_g_idx) return "it has g_idx";
  if (packed_block(node) == 0) return text("blocks of ", node.block, " are no multiples of ", kernels::kNBitsBlockUnit);
  for (const std::size_t input : {node.inputs.codes, node.inputs.scales, node.inputs.zero_points}) {
    if (view.has_input(input) && view.input_constant(input) == nullptr) return "its weights are no constants";
  }
  return "";
}

std::string accepts_int8(const NodeView& node) {
  const auto& attributes = node.attributes<NBitsAttributes>();
  const std::int64_t level = attributes.accuracy_level;
  if (attributes.bits != 4) return text("only weights of 4 bits, not ", attributes.bits);
  return level < 4 ? text("accuracy_level is ", level, ", not 4") : accepts_packed(node);
}

/// Calls pack(panel of all, first row of all W that has a column in it, rows).
template <typename Pack>
void for_panels(const PrepareContext& context, const PackedState& state, const Pack& pack) {
  const NBits& node = state.node;
  const std::size_t panels = state.panels();
  const double work = static_cast<double>(node.n * node.k) * static_cast<double>(node.matrices);
  context.control().parallel_for(panels * node.matrices, work, [&](std::size_t i) {
    if (context.control().abandon_if_stopped()) return;
    const std::size_t column = i % panels * kColumns;
    pack(i, i / panels * node.n + column, std::min(kColumns, node.n - column));
  });
}

/// Of everything that decides what is packed, for constants that several nodes share.
std::string layout_key(const PackedState& state, const RowElements& elements) {
  const NBits& node = state.node;
  return text(" ", node.matrices, " ", node.n, " ", node.k, " blocks ", node.block, " ", state.block, " of ", node.bits,
              " bits ", node.is_signed(), " as ", elements.type, " ", elements.row, " ", elements.step);
}

std::shared_ptr<const std::byte> pack_codes(const PrepareContext& context, const PackedState& state) {
  const NBits& node = state.node;
  const std::size_t panel_bytes = kernels::n_bits_panel_bytes(state.depth(), node.bits);
  const ConstantPtr& codes = context.input_constant(node.inputs.codes);
  const std::string key = text("codes", layout_key(state, node.codes));
  const unsigned flip = node.is_signed() ? 1U << (node.bits - 1) : 0;
  return context.weights().get(codes, key, state.panels() * node.matrices * panel_bytes, [&](std::byte* memory) {
    for_panels(context, state, [&](std::size_t panel, std::size_t row, std::size_t rows) {
      auto* const to = reinterpret_cast<std::uint8_t*>(memory) + panel * panel_bytes;
      std::memset(to, 0, panel_bytes);
      if (node.codes.step == 1) {
        for (std::size_t i = 0; i < rows && !context.control().abandon_if_stopped(); ++i)
          kernels::pack_n_bits_column(codes->data, (row + i) * node.codes.row, node.k, node.bits, flip, i, to);
        return;
      }
      for (std::size_t k = 0; k < node.k; ++k) {
        if (k % kUnwatched == 0 && context.control().abandon_if_stopped()) return;
        const std::size_t at = row * node.codes.row + k * node.codes.step;
        kernels::pack_n_bits_row(codes->data, at, rows, k, node.bits, flip, to);
      }
    });
    codes->forget_range(codes->data, codes->bytes);
  });
}

/// A number for each block and column: line(row of all W, block of the node, to). What is missing of a last panel is
/// that of the last column.
template <typename Line>
std::shared_ptr<const std::byte> pack_list(const PrepareContext& context, const PackedState& state, std::size_t input,
                                           const char* what, const RowElements& elements, const Line& line) {
  const NBits& node = state.node;
  const std::size_t bytes = state.list_floats() * node.matrices * sizeof(float);
  const std::size_t parts = node.block / state.block;
  const std::string key = text(what, layout_key(state, elements));
  return context.weights().get(context.input_constant(input), key, bytes, [&](std::byte* memory) {
    for_panels(context, state, [&](std::size_t panel, std::size_t row, std::size_t rows) {
      float* to = reinterpret_cast<float*>(memory) + panel * state.blocks * kColumns;
      for (std::size_t block = 0; block < state.blocks; ++block) {
        if (block % kUnwatched == 0 && context.control().abandon_if_stopped()) return;
        for (std::size_t column = 0; column < kColumns; ++column, ++to)
          line(row + std::min(column, rows - 1), block / parts, to);
      }
    });
  });
}

/// Errors: kLimitExceeded where packed weights are more than can be counted.
void check_countable(const PackedState& state) {
  const auto columns = static_cast<std::int64_t>(state.panels() * kColumns);
  const auto row = checked_product(static_cast<std::int64_t>(state.depth()), sizeof(float));
  const auto one = row ? checked_product(*row, columns) : row;
  if (!one || !checked_product(*one, static_cast<std::int64_t>(state.node.matrices)))
    fail(ErrorCode::kLimitExceeded, "B needs more bytes when packed than 64 bits can count");
}

Prepared prepare_packed(const PrepareContext& context, bool rounds) {
  auto state = new_shared<PackedState>();
  state->node = n_bits(context);
  const NBits& node = state->node;
  state->block = packed_block(node);
  state->blocks = (node.k + state->block - 1) / state->block;
  check_countable(*state);
  const std::size_t depth = state->depth();
  state->packed = pack_codes(context, *state);
  const std::byte* const scales = context.input_constant(node.inputs.scales)->aligned();
  state->scales =
      pack_list(context, *state, node.inputs.scales, "scales", node.scales,
                [&](std::size_t row, std::size_t block, float* to) { node.scales.load(scales, row, block, 1, to); });
  // Those of unsigned codes.
  const float middle = static_cast<float>(1U << (node.bits - 1));
  const float raised = node.is_signed() ? middle : 0.0F;
  const bool has_zeros = context.has_input(node.inputs.zero_points);
  if (has_zeros || node.zero_point + raised != middle) {
    const std::size_t source = has_zeros ? node.inputs.zero_points : node.inputs.codes;
    const std::byte* const zeros = has_zeros ? context.input_constant(source)->aligned() : nullptr;
    state->zero_points = pack_list(context, *state, source, "zeros", node.zero_points,
                                   [&](std::size_t row, std::size_t block, float* to) {
                                     *to = node.zero_point;
                                     if (has_zeros) node.zero_points.load(zeros, row, block, 1, to);
                                     *to += raised;
                                   });
  }
  WorkspaceLayout workspace;
  state->node.reserve(workspace);
  if (rounds) {
    state->elements_at = workspace.add(node.rows * depth);
    state->row_scales_at = workspace.add(node.rows * state->blocks * sizeof(float));
    state->sums_at = workspace.add(node.rows * state->blocks * sizeof(std::int32_t));
  }
  if (is_half(node.type)) {
    state->wide_a_at = workspace.add(node.rows * node.k * sizeof(float));
    state->wide_y_at = workspace.add(node.rows * node.n * sizeof(float));
    state->wide_bias_at = workspace.add(node.n * sizeof(float));
  }
  Prepared prepared;
  prepared.workspace_bytes = workspace.bytes();
  prepared.unread_inputs = std::uint64_t{1} << node.inputs.codes | std::uint64_t{1} << node.inputs.scales |
                           std::uint64_t{1} << node.inputs.zero_points;
  prepared.state = std::move(state);
  return prepared;
}

Prepared prepare_int8(const PrepareContext& context) { return prepare_packed(context, true); }
Prepared prepare_floats(const PrepareContext& context) { return prepare_packed(context, false); }

constexpr std::size_t kHalfBytes = 2;
constexpr double kConvertedPerNanosecond = 4.0;

/// What a product reads and writes, in float32.
struct Operands {
  GatheredRows::Grouped grouped;
  const float* bias = nullptr;
};

/// Into `operands`, which stay where they are. An operator on 16-bit types has one matrix.
void gather(const RunArguments& args, const PackedState& state, Operands& operands) {
  const NBits& node = state.node;
  node.gather(args, operands.grouped);
  operands.bias = static_cast<const float*>(node.bias(args));
  if (!is_half(node.type)) return;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  auto* const a = reinterpret_cast<float*>(workspace + state.wide_a_at);
  const auto* const from = static_cast<const std::byte*>(args.inputs[0]);
  const double work = static_cast<double>(node.rows * node.k) / kConvertedPerNanosecond;
  args.control.parallel_for(node.rows, work, [&](std::size_t row) {
    kernels::widen(half_type(node.type), from + row * node.k * kHalfBytes, node.k, a + row * node.k);
  });
  operands.grouped.a = a;
  operands.grouped.y = reinterpret_cast<float*>(workspace + state.wide_y_at);
  if (!node.has_bias) return;
  auto* const bias = reinterpret_cast<float*>(workspace + state.wide_bias_at);
  kernels::widen(half_type(node.type), node.bias(args), node.n, bias);
  operands.bias = bias;
}

void scatter(const RunArguments& args, const PackedState& state, const Operands& operands) {
  const NBits& node = state.node;
  if (!is_half(node.type)) return node.scatter(args, operands.grouped);
  auto* const y = static_cast<std::byte*>(args.outputs[0]);
  const double work = static_cast<double>(node.rows * node.n) / kConvertedPerNanosecond;
  args.control.parallel_for(node.rows, work, [&](std::size_t row) {
    kernels::narrow(half_type(node.type), operands.grouped.y + row * node.n, node.n, y + row * node.n * kHalfBytes);
  });
}

/// Calls multiply(part, row) for parts of the product that begin at a row; 0.3 ms each at most.
template <typename Multiply>
void for_products(const RunArguments& args, const PackedState& state, const Operands& operands, double products_per_ns,
                  const Multiply& multiply) {
  const NBits& node = state.node;
  const double panel_row = static_cast<double>(state.depth() * kColumns) / products_per_ns;
  const GroupParts parts = GroupParts::of(state.panels(), panel_row, static_cast<double>(node.n * node.k) / 80);
  for_parts(args.control, operands.grouped, parts, [&](const GroupPart& part, std::size_t) {
    kernels::NBitsProduct product;
    product.m = part.rows;
    product.n = node.n;
    product.blocks = state.blocks;
    product.block = state.block;
    product.bits = node.bits;
    product.packed_b = reinterpret_cast<const std::uint8_t*>(state.packed.get()) +
                       part.matrix * state.panels() * kernels::n_bits_panel_bytes(state.depth(), node.bits);
    const std::size_t list = part.matrix * state.list_floats();
    product.scales = reinterpret_cast<const float*>(state.scales.get()) + list;
    if (state.zero_points != nullptr)
      product.zero_points = reinterpret_cast<const float*>(state.zero_points.get()) + list;
    if (operands.bias != nullptr) product.bias = operands.bias + part.matrix * node.n;
    product.c = operands.grouped.y + part.row * node.n;
    product.c_row_stride = node.n;
    product.panel_begin = part.panel_begin;
    product.panel_end = part.panel_end;
    multiply(product, part.row);
  });
}

void run_int8(const RunArguments& args) {
  const auto& state = *static_cast<const PackedState*>(args.state);
  const NBits& node = state.node;
  Operands operands;
  gather(args, state, operands);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const float* const a = operands.grouped.a;
  const auto rows_at = [&](std::size_t row) {
    return kernels::QuantizedRows{reinterpret_cast<std::int8_t*>(workspace + state.elements_at) + row * state.depth(),
                                  reinterpret_cast<float*>(workspace + state.row_scales_at) + row * state.blocks,
                                  reinterpret_cast<std::int32_t*>(workspace + state.sums_at) + row * state.blocks};
  };
  args.control.parallel_for(node.rows, 0.5 * static_cast<double>(node.rows * node.k), [&](std::size_t row) {
    kernels::quantize_row_in_blocks(a + row * node.k, node.k, state.block, rows_at(row));
  });
  for_products(args, state, operands, 200, [&](kernels::NBitsProduct& product, std::size_t row) {
    product.a = rows_at(row);
    kernels::gemm_int4(product);
  });
  scatter(args, state, operands);
}

void run_floats(const RunArguments& args) {
  const auto& state = *static_cast<const PackedState*>(args.state);
  Operands operands;
  gather(args, state, operands);
  const float* const a = operands.grouped.a;
  for_products(args, state, operands, 50, [&](kernels::NBitsProduct& product, std::size_t row) {
    product.x = a + row * state.node.k;
    product.k = state.node.k;
    kernels::gemm_n_bits(product);
  });
  scatter(args, state, operands);
}

}  // namespace

Implementation n_bits_int8() { return {"simd int8", Backend::kSimd, accepts_int8, prepare_int8, run_int8}; }

Implementation n_bits_packed() { return {"simd", Backend::kSimd, accepts_packed, prepare_floats, run_floats}; }

}  // namespace linnet::internal
