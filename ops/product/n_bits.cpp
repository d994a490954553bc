// Weights of few bits: what a node says of them, and the implementations that make them float32 first.
#include "ops/product/n_bits.hpp"

#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

/// Row `row` of all W from `first` on, as floats.
void dequantize(const NBits& node, const RunArguments& args, std::size_t row, std::size_t first, std::size_t count,
                float* line) {
  const std::int32_t* const g_idx = node.g_idx(args);
  node.codes.load(args.inputs[node.inputs.codes], row, first, count, line);
  std::size_t block = node.blocks;
  float zero = node.zero_point;
  float scale = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = first + i;
    const std::size_t wanted = g_idx == nullptr ? k / node.block : static_cast<std::size_t>(g_idx[k]);
    if (wanted != block) {
      block = wanted;
      if (const void* zeros = node.zeros(args)) node.zero_points.load(zeros, row, block, 1, &zero);
      node.scales.load(args.inputs[node.inputs.scales], row, block, 1, &scale);
    }
    line[i] = (line[i] - zero) * scale;
  }
}

/// Errors: kRuntimeFault for one that is no block.
void check_g_idx(const NBits& node, const RunArguments& args) {
  const std::int32_t* const g_idx = node.g_idx(args);
  for (std::size_t i = 0; g_idx != nullptr && i < node.k; ++i) {
    if (g_idx[i] < 0 || static_cast<std::size_t>(g_idx[i]) >= node.blocks) {
      fail(ErrorCode::kRuntimeFault, "g_idx[", i, "] is ", g_idx[i], ", expected 0 to ", node.blocks - 1);
    }
  }
}

struct FloatState {
  NBits node;
  std::size_t panel_floats = 0;  ///< of a worker
  std::size_t panels_at = 0;     ///< in the workspace
};

Prepared prepare_float(const PrepareContext& context) {
  auto state = new_shared<FloatState>();
  state->node = n_bits(context);
  state->panel_floats = state->node.k * kernels::kPanelColumns;
  WorkspaceLayout workspace;
  state->node.reserve(workspace);
  state->panels_at = workspace.add(state->panel_floats * sizeof(float) * static_cast<std::size_t>(context.threads()));
  Prepared prepared;
  prepared.workspace_bytes = workspace.bytes();
  prepared.state = std::move(state);
  return prepared;
}

/// Panels of W as float32, multiplied while they are in the second-level cache.
void run_float(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const auto& state = *static_cast<const FloatState*>(args.state);
  const NBits& node = state.node;
  const std::size_t rows_at_once = rows_of_panel(node.k);
  check_g_idx(node, args);
  GatheredRows::Grouped grouped;
  node.gather(args, grouped);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const float* const a = grouped.a;
  float* const y = grouped.y;
  // A part is all rows of a group by one panel, which is made once.
  GroupParts parts;
  parts.panels = kernels::panel_count(node.n);
  parts.task_rows = std::max<std::size_t>(node.rows, 1);
  parts.joins_panels = false;
  parts.row_work = static_cast<double>(node.n * node.k) / kProductsPerNanosecond;
  parts.matrix_work = static_cast<double>(node.n * node.k) / 2;
  for_parts(args.control, grouped, parts, [&](const GroupPart& part, std::size_t worker) {
    float* const packed = reinterpret_cast<float*>(workspace + state.panels_at) + worker * state.panel_floats;
    const std::size_t column = part.panel_begin * kernels::kPanelColumns;
    const std::size_t columns = std::min(kernels::kPanelColumns, node.n - column);
    const std::size_t width = kernels::panel_width(columns, 0);
    float lines[kernels::kPanelColumns][kLine];
    for (std::size_t k = 0; k < node.k; k += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, node.k - k);
      for (std::size_t i = 0; i < columns; ++i)
        dequantize(node, args, part.matrix * node.n + column + i, k, count, lines[i]);
      kernels::pack_b(lines, 1, kLine, count, columns, 1.0F, packed + k * width);
    }
    kernels::GemmEpilogue epilogue;
    if (node.has_bias) epilogue.bias = static_cast<const float*>(node.bias(args)) + part.matrix * node.n + column;
    const std::size_t end = part.row + part.rows;
    for (std::size_t row = part.row; row < end; row += rows_at_once) {
      if (args.control.abandon_if_stopped()) return;
      kernels::gemm(std::min(rows_at_once, end - row), columns, node.k, a + row * node.k, node.k, packed, epilogue,
                    y + row * node.n + column, node.n, 0, 1);
    }
  });
  node.scatter(args, grouped);
}

Prepared prepare(const PrepareContext& context) { return {new_shared<NBits>(n_bits(context)), 0, 0}; }

void run(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const auto& node = *static_cast<const NBits*>(args.state);
  node.check(args);
  check_g_idx(node, args);
  args.control.parallel_for(node.rows * node.n, n_bits_work(node, 0.3, 0.3), [&](std::size_t index) {
    const std::size_t row = index / node.n;
    const std::size_t column = node.matrix_of(args, row) * node.n + index % node.n;
    double sum = 0;
    if (node.has_bias) load_line(node.type, node.bias(args), column, 1, &sum);
    for (std::size_t k = 0; k < node.k; k += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, node.k - k);
      float a[kLine];
      float w[kLine];
      load_line(node.type, args.inputs[0], row / node.repeats * node.k + k, count, a);
      dequantize(node, args, column, k, count, w);
      for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(w[i]);
    }
    store_line(node.type, &sum, index, 1, args.outputs[0]);
  });
}

}  // namespace

void RowElements::load(const void* elements, std::size_t at_row, std::size_t first, std::size_t count,
                       float* line) const {
  if (step == 1) return load_line(type, elements, at_row * row + first, count, line);
  for (std::size_t i = 0; i < count; ++i) load_line(type, elements, at_row * row + (first + i) * step, 1, line + i);
}

void NBits::look_at(const NodeView& node) {
  type = node.input_type(0);
  has_g_idx = inputs.g_idx != 0 && node.has_input(inputs.g_idx);
  has_bias = node.has_input(inputs.bias);
}

void parse_bits(ParseContext& context, NBitsAttributes& attributes) {
  attributes.bits = context.get_int("bits", 4);
  attributes.accuracy_level = context.get_int("accuracy_level", 0);
  const std::int64_t bits = attributes.bits;
  if (bits != 2 && bits != 4 && bits != 8) unsupported("bits is ", bits, ", supported are 2, 4 and 8");
}

double n_bits_work(const NBits& node, double products_per_ns, double weights_per_ns) {
  const double weights = static_cast<double>(node.n) * static_cast<double>(node.k);
  const auto used = static_cast<double>(std::min(node.rows, node.matrices));
  return weights * std::max(static_cast<double>(node.rows) / products_per_ns, used / weights_per_ns);
}

double n_bits_folding_ns(const NodeView& node) { return n_bits_work(n_bits(node), 0.5, 0.5); }

Implementation n_bits_panels() { return {"simd panels", Backend::kSimd, accepts_float32, prepare_float, run_float}; }

Implementation n_bits_reference() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

std::vector<Implementation> n_bits_implementations() {
  return {n_bits_int8(), n_bits_packed(), n_bits_panels(), n_bits_reference()};
}

}  // namespace linnet::internal
