// MatMulNBits (com.microsoft): Y = A W^T + bias, where W [N, K] is quantised in blocks along K:
//   W[n, k] = (B[n, k] - zero_points[n, g]) * scales[n, g],   g = k / block_size, or g_idx[k]
// A [..., K] and Y [..., N]: float32, float16 or bfloat16, as scales, zero_points that are no integers, and bias [N].
// B: uint8 [N, blocks, block_size * bits / 8], elements of `bits` 2, 4 or 8, the first in the lowest bits; blocks =
// K / block_size, rounded up. scales [N, blocks]. zero_points: uint8, packed like B, each n beginning a byte; or one
// element for each scale; without it 2^(bits - 1). g_idx: int32, one for each k.
//
// Constant W of 4 bits is multiplied by ops/kernels/gemm_int4.hpp: with A rounded to int8 in blocks where
// accuracy_level is 4, which allows that; else with A as it is. Other W becomes float32 panel by panel, in each run: it
// is never in memory as such.
#include <algorithm>
#include <cmath>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_int4.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr std::size_t kA = 0, kB = 1, kScales = 2, kZeroPoints = 3, kGroups = 4, kBias = 5;
constexpr std::int64_t kMostSize = std::int64_t{1} << 31;

struct NBitsAttributes : Attributes {
  std::int64_t k = 0, n = 0, bits = 4, block_size = 0, accuracy_level = 0;

  std::int64_t blocks() const { return (k + block_size - 1) / block_size; }
  std::int64_t row_bytes() const { return blocks() * block_size * bits / 8; }
  std::int64_t zero_row_bytes() const { return (blocks() * bits + 7) / 8; }
};

std::int64_t positive(ParseContext& context, const char* name) {
  const std::int64_t value = context.require_int(name);
  if (value < 1 || value >= kMostSize) invalid_model(name, " is ", value, ", expected 1 to ", kMostSize - 1);
  return value;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<NBitsAttributes>();
  attributes->k = positive(context, "K");
  attributes->n = positive(context, "N");
  attributes->block_size = positive(context, "block_size");
  attributes->bits = context.get_int("bits", 4);
  attributes->accuracy_level = context.get_int("accuracy_level", 0);
  const std::int64_t bits = attributes->bits;
  if (bits != 2 && bits != 4 && bits != 8) unsupported("bits is ", bits, ", supported are 2, 4 and 8");
  const std::int64_t block = attributes->block_size;
  if (block < 16 || (block & (block - 1)) != 0)
    invalid_model("block_size is ", block, ", expected a power of 2 from 16 on");
  return attributes;
}

const NBitsAttributes& attributes_of(const NodeView& node) { return node.attributes<NBitsAttributes>(); }

void check_count(const NodeView& node, std::size_t input, const char* name, std::int64_t count) {
  const Dim elements = element_count(node.input_dims(input));
  if (elements.differs(count)) {
    invalid_model("input ", name, " is ", node.input_dims(input), ", expected ", count, " elements");
  }
}

void infer(InferContext& context) {
  const NBitsAttributes& attributes = attributes_of(context);
  check_count(context, kB, "B", attributes.n * attributes.row_bytes());
  check_count(context, kScales, "scales", attributes.n * attributes.blocks());
  if (context.has_input(kZeroPoints)) {
    const bool packed = context.input_type(kZeroPoints) == DataType::kUint8;
    if (!packed) require_type(context, kZeroPoints, "zero_points", {context.input_type(kA)});
    check_count(context, kZeroPoints, "zero_points",
                attributes.n * (packed ? attributes.zero_row_bytes() : attributes.blocks()));
  }
  if (context.has_input(kGroups)) {
    const Dim count = element_count(context.input_dims(kGroups));
    const std::int64_t padded = attributes.blocks() * attributes.block_size;
    if (count.differs(attributes.k) && count.differs(padded)) {
      invalid_model("input g_idx has ", count, " elements, expected ", attributes.k, ", one for each k");
    }
  }
  if (context.has_input(kBias)) check_count(context, kBias, "bias", attributes.n);
  Dims dims = context.input_dims(kA);
  if (dims.empty() || dims.back().differs(attributes.k)) {
    invalid_model("input A is ", dims, ", expected a last dimension of K, ", attributes.k);
  }
  dims.back() = attributes.n;
  context.set_output(0, std::move(dims));
}

/// A node with concrete shapes.
struct NBits {
  std::size_t rows = 0, k = 0, n = 0, bits = 4, block = 0, blocks = 0, row_bytes = 0, zero_row_bytes = 0;
  DataType type = DataType::kUndefined;
  DataType element = DataType::kUint4;          ///< of B
  DataType zero_points = DataType::kUndefined;  ///< kUndefined for none
  bool has_groups = false, has_bias = false;

  const std::int32_t* groups(const RunArguments& args) const {
    return has_groups ? static_cast<const std::int32_t*>(args.inputs[kGroups]) : nullptr;
  }
  const void* zeros(const RunArguments& args) const {
    return zero_points == DataType::kUndefined ? nullptr : args.inputs[kZeroPoints];
  }
  const void* bias(const RunArguments& args) const { return has_bias ? args.inputs[kBias] : nullptr; }

  /// Zero points of the blocks of row n, from block `first` on.
  void load_zeros(const void* from, std::size_t row, std::size_t first, std::size_t count, float* line) const {
    if (zero_points == DataType::kUndefined) {
      std::fill_n(line, count, static_cast<float>(1U << (bits - 1)));
    } else if (zero_points == DataType::kUint8) {
      load_line(element, static_cast<const std::byte*>(from) + row * zero_row_bytes, first, count, line);
    } else {
      load_line(zero_points, from, row * blocks + first, count, line);
    }
  }
};

NBits n_bits(const NodeView& node) {
  const NBitsAttributes& attributes = attributes_of(node);
  NBits result;
  const Shape a = node.input_shape(kA);
  result.rows = static_cast<std::size_t>(element_count(Shape(a.begin(), a.end() - 1)));
  result.k = static_cast<std::size_t>(attributes.k);
  result.n = static_cast<std::size_t>(attributes.n);
  result.bits = static_cast<std::size_t>(attributes.bits);
  result.block = static_cast<std::size_t>(attributes.block_size);
  result.blocks = static_cast<std::size_t>(attributes.blocks());
  result.row_bytes = static_cast<std::size_t>(attributes.row_bytes());
  result.zero_row_bytes = static_cast<std::size_t>(attributes.zero_row_bytes());
  result.type = node.input_type(kA);
  result.element = result.bits == 2 ? DataType::kUint2 : result.bits == 4 ? DataType::kUint4 : DataType::kUint8;
  result.zero_points = node.input_type(kZeroPoints);
  result.has_groups = node.has_input(kGroups);
  result.has_bias = node.has_input(kBias);
  return result;
}

double work_of(const NBits& node, double products_per_ns, double weights_per_ns) {
  const double weights = static_cast<double>(node.n) * static_cast<double>(node.k);
  return weights * std::max(static_cast<double>(node.rows) / products_per_ns, 1 / weights_per_ns);
}

double folding_ns(const NodeView& node) { return work_of(n_bits(node), 0.5, 0.5); }

// 4 bits, multiplied as they are packed.

struct PackedState {
  NBits node;
  std::shared_ptr<const std::byte> packed, scales, zero_points;  ///< the last one may be null
  std::size_t elements_at = 0, row_scales_at = 0, sums_at = 0;   ///< in the workspace
  std::size_t depth() const { return node.blocks * node.block; }
};

std::string accepts_packed(const NodeView& node) {
  const NBitsAttributes& attributes = attributes_of(node);
  if (attributes.bits != 4 || attributes.block_size > 256) return "only 4 bits in blocks of 256 at most";
  if (node.input_type(kA) != DataType::kFloat32) return text("only float32, not ", node.input_type(kA));
  if (node.has_input(kGroups)) return "it has g_idx";
  for (const std::size_t input : {kB, kScales, kZeroPoints}) {
    if (node.has_input(input) && node.input_constant(input) == nullptr) return "its weights are no constants";
  }
  return "";
}

std::string accepts_int8(const NodeView& node) {
  const std::int64_t level = attributes_of(node).accuracy_level;
  return level < 4 ? text("accuracy_level is ", level, ", not 4") : accepts_packed(node);
}

/// Calls pack(panel, column of the panel, row of W); what is missing of the last panel repeats the last row.
template <typename Pack>
void for_columns(const PrepareContext& context, const NBits& node, const Pack& pack) {
  constexpr std::size_t kColumns = kernels::kInt4PanelColumns;
  context.control().parallel_for(kernels::int4_panels(node.n), static_cast<double>(node.n * node.k),
                                 [&](std::size_t i) {
                                   if (context.control().abandon_if_stopped()) return;
                                   for (std::size_t column = 0; column < kColumns; ++column) {
                                     pack(i, column, std::min(i * kColumns + column, node.n - 1));
                                   }
                                 });
}

/// A number for each block and column: line(row, block, to) of W.
template <typename Line>
std::shared_ptr<const std::byte> pack_list(const PrepareContext& context, const NBits& node, std::size_t input,
                                           const Line& line) {
  constexpr std::size_t kColumns = kernels::kInt4PanelColumns;
  const std::size_t bytes = kernels::int4_panels(node.n) * node.blocks * kColumns * sizeof(float);
  const std::string key = text("int4 list ", node.n, " ", node.block);
  return context.weights().get(context.input_constant(input), key, bytes, [&](std::byte* memory) {
    for_columns(context, node, [&](std::size_t panel, std::size_t column, std::size_t row) {
      float* to = reinterpret_cast<float*>(memory) + panel * node.blocks * kColumns + column;
      for (std::size_t block = 0; block < node.blocks; ++block, to += kColumns) line(row, block, to);
    });
  });
}

Prepared prepare_packed(const PrepareContext& context, bool rounds) {
  auto state = new_shared<PackedState>();
  state->node = n_bits(context);
  const NBits& node = state->node;
  const std::size_t depth = state->depth();
  const std::size_t bytes = kernels::int4_panels(node.n) * kernels::int4_panel_bytes(depth);
  const ConstantPtr& b = context.input_constant(kB);
  state->packed = context.weights().get(b, text("int4 ", node.n, " ", node.block), bytes, [&](std::byte* memory) {
    for_columns(context, node, [&](std::size_t panel, std::size_t column, std::size_t row) {
      kernels::pack_int4_column(b->data + row * node.row_bytes, depth, column,
                                reinterpret_cast<std::uint8_t*>(memory) + panel * kernels::int4_panel_bytes(depth));
    });
    b->forget_range(b->data, b->bytes);
  });
  const std::byte* const scales = context.input_constant(kScales)->aligned();
  state->scales = pack_list(context, node, kScales, [&](std::size_t row, std::size_t block, float* to) {
    load_line(DataType::kFloat32, scales, row * node.blocks + block, 1, to);
  });
  if (context.has_input(kZeroPoints)) {
    const std::byte* const zeros = context.input_constant(kZeroPoints)->aligned();
    state->zero_points = pack_list(context, node, kZeroPoints, [&](std::size_t row, std::size_t block, float* to) {
      node.load_zeros(zeros, row, block, 1, to);
    });
  }
  WorkspaceLayout workspace;
  if (rounds) {
    state->elements_at = workspace.add(node.rows * depth);
    state->row_scales_at = workspace.add(node.rows * node.blocks * sizeof(float));
    state->sums_at = workspace.add(node.rows * node.blocks * sizeof(std::int32_t));
  }
  Prepared prepared;
  prepared.workspace_bytes = workspace.bytes();
  prepared.unread_inputs = 1U << kB | 1U << kScales | 1U << kZeroPoints;
  prepared.state = std::move(state);
  return prepared;
}

Prepared prepare_int8(const PrepareContext& context) { return prepare_packed(context, true); }
Prepared prepare_floats(const PrepareContext& context) { return prepare_packed(context, false); }

/// Calls multiply(part, row) for parts of the product that begin at a row; 0.3 ms each at most.
template <typename Multiply>
void for_parts(const RunArguments& args, const PackedState& state, double products_per_ns, const Multiply& multiply) {
  constexpr std::size_t kColumns = kernels::kInt4PanelColumns;
  const NBits& node = state.node;
  kernels::Int4Product product;
  product.n = node.n;
  product.blocks = node.blocks;
  product.block = node.block;
  product.packed_b = reinterpret_cast<const std::uint8_t*>(state.packed.get());
  product.scales = reinterpret_cast<const float*>(state.scales.get());
  product.zero_points = reinterpret_cast<const float*>(state.zero_points.get());
  product.bias = static_cast<const float*>(node.bias(args));
  product.c_row_stride = node.n;
  const std::size_t panels = kernels::int4_panels(node.n);
  const double panel_row = static_cast<double>(state.depth() * kColumns) / products_per_ns;
  const auto task_rows = static_cast<std::size_t>(std::max(4.0, 3e5 / panel_row));
  const auto step = node.rows < task_rows ? std::max<std::size_t>(1, task_rows / (8 * (node.rows + 1))) : 1;
  const std::size_t steps = (panels + step - 1) / step;
  const std::size_t parts = (node.rows + task_rows - 1) / task_rows;
  args.control.parallel_for(steps * parts, work_of(node, products_per_ns, 80), [&](std::size_t task) {
    kernels::Int4Product part = product;
    const std::size_t row = task / steps * task_rows;
    part.m = std::min(task_rows, node.rows - row);
    part.c = static_cast<float*>(args.outputs[0]) + row * node.n;
    part.panel_begin = task % steps * step;
    part.panel_end = std::min(panels, part.panel_begin + step);
    multiply(part, row);
  });
}

void run_int8(const RunArguments& args) {
  const auto& state = *static_cast<const PackedState*>(args.state);
  const NBits& node = state.node;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  const auto rows_at = [&](std::size_t row) {
    return kernels::Int4Rows{reinterpret_cast<std::int8_t*>(workspace + state.elements_at) + row * state.depth(),
                             reinterpret_cast<float*>(workspace + state.row_scales_at) + row * node.blocks,
                             reinterpret_cast<std::int32_t*>(workspace + state.sums_at) + row * node.blocks};
  };
  args.control.parallel_for(node.rows, 0.5 * static_cast<double>(node.rows * node.k), [&](std::size_t row) {
    kernels::quantize_int4_row(a + row * node.k, node.k, node.block, rows_at(row));
  });
  for_parts(args, state, 200, [&](kernels::Int4Product& part, std::size_t row) {
    part.a = rows_at(row);
    kernels::gemm_int4(part);
  });
}

void run_floats(const RunArguments& args) {
  const auto& state = *static_cast<const PackedState*>(args.state);
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  for_parts(args, state, 50, [&](kernels::Int4Product& part, std::size_t row) {
    part.x = a + row * state.node.k;
    part.k = state.node.k;
    kernels::gemm_int4_floats(part);
  });
}

// In float32, and the reference.

/// W[n, first ... first + count) as floats. `groups`: g_idx, or null.
void dequantize(const NBits& node, const RunArguments& args, std::size_t row, std::size_t first, std::size_t count,
                float* line) {
  const std::int32_t* const groups = node.groups(args);
  load_line(node.element, static_cast<const std::byte*>(args.inputs[kB]) + row * node.row_bytes, first, count, line);
  std::size_t group = node.blocks;
  float zero = 0;
  float scale = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = first + i;
    const std::size_t wanted = groups == nullptr ? k / node.block : static_cast<std::size_t>(groups[k]);
    if (wanted != group) {
      group = wanted;
      node.load_zeros(node.zeros(args), row, group, 1, &zero);
      load_line(node.type, args.inputs[kScales], row * node.blocks + group, 1, &scale);
    }
    line[i] = (line[i] - zero) * scale;
  }
}

/// Errors: kRuntimeFault for one that is no block.
void check_groups(const NBits& node, const RunArguments& args) {
  const std::int32_t* const groups = node.groups(args);
  for (std::size_t i = 0; groups != nullptr && i < node.k; ++i) {
    if (groups[i] < 0 || static_cast<std::size_t>(groups[i]) >= node.blocks) {
      fail(ErrorCode::kRuntimeFault, "g_idx[", i, "] is ", groups[i], ", expected 0 to ", node.blocks - 1);
    }
  }
}

struct FloatState {
  NBits node;
  std::size_t panel_floats = 0;  ///< of a worker
};

std::string accepts_float(const NodeView& node) { return accepts_float32(node); }

Prepared prepare_float(const PrepareContext& context) {
  auto state = new_shared<FloatState>();
  state->node = n_bits(context);
  state->panel_floats = state->node.k * kernels::kPanelColumns;
  const std::size_t bytes = state->panel_floats * sizeof(float) * static_cast<std::size_t>(context.threads());
  return {std::move(state), bytes, 0};
}

/// Panels of W as float32, multiplied while they are in the second-level cache.
void run_float(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const auto& state = *static_cast<const FloatState*>(args.state);
  const NBits& node = state.node;
  check_groups(node, args);
  if (node.rows == 0) return;
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  auto* const y = static_cast<float*>(args.outputs[0]);
  const std::size_t panels = kernels::panel_count(node.n);
  const double work = work_of(node, kProductsPerNanosecond, 2.0);
  args.control.parallel_for(panels, work, [&](std::size_t panel, std::size_t worker) {
    float* const packed = static_cast<float*>(args.workspace) + worker * state.panel_floats;
    const std::size_t column = panel * kernels::kPanelColumns;
    const std::size_t columns = std::min(kernels::kPanelColumns, node.n - column);
    const std::size_t width = kernels::panel_width(columns, 0);
    float lines[kernels::kPanelColumns][kLine];
    for (std::size_t k = 0; k < node.k; k += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, node.k - k);
      for (std::size_t i = 0; i < columns; ++i) dequantize(node, args, column + i, k, count, lines[i]);
      kernels::pack_b(lines, 1, kLine, count, columns, 1.0F, packed + k * width);
    }
    kernels::GemmEpilogue epilogue;
    if (node.has_bias) epilogue.bias = static_cast<const float*>(node.bias(args)) + column;
    constexpr std::size_t kRows = 240;
    for (std::size_t row = 0; row < node.rows; row += kRows) {
      if (args.control.abandon_if_stopped()) return;
      kernels::gemm(std::min(kRows, node.rows - row), columns, node.k, a + row * node.k, node.k, packed, epilogue,
                    y + row * node.n + column, node.n, 0, 1);
    }
  });
}

Prepared prepare(const PrepareContext& context) { return {new_shared<NBits>(n_bits(context)), 0, 0}; }

void run(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const auto& node = *static_cast<const NBits*>(args.state);
  check_groups(node, args);
  args.control.parallel_for(node.rows * node.n, work_of(node, 0.3, 0.3), [&](std::size_t index) {
    const std::size_t row = index / node.n;
    const std::size_t column = index % node.n;
    double sum = 0;
    if (node.has_bias) load_line(node.type, node.bias(args), column, 1, &sum);
    for (std::size_t k = 0; k < node.k; k += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, node.k - k);
      float a[kLine];
      float w[kLine];
      load_line(node.type, args.inputs[kA], row * node.k + k, count, a);
      dequantize(node, args, column, k, count, w);
      for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(w[i]);
    }
    store_line(node.type, &sum, index, 1, args.outputs[0]);
  });
}

constexpr InputDef kInputs[] = {
    {"A", kTypes},
    {"B", {DataType::kUint8}},
    {"scales", kTypes, kTypeOfFirst},
    {"zero_points", kTypes | TypeSet{DataType::kUint8}, kMayBeLeftOut},
    {"g_idx", {DataType::kInt32}, kMayBeLeftOut},
    {"bias", kTypes, kMayBeLeftOut | kTypeOfFirst},
};

}  // namespace

void register_matmul_n_bits(Registry& registry) {
  OpDef op;
  op.name = "MatMulNBits";
  op.domain = "com.microsoft";
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"simd int8", Backend::kSimd, accepts_int8, prepare_int8, run_int8},
                        {"simd", Backend::kSimd, accepts_packed, prepare_floats, run_floats},
                        {"simd panels", Backend::kSimd, accepts_float, prepare_float, run_float},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
