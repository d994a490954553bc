// Products of rows in groups (of Linnet's own domain), as mixtures of experts have them:
//   Y[r] = A[r] W[g]^T + bias[g]   for the rows r of group g, which are those from ends[g - 1] to ends[g]
// A [R, K] and Y [R, N]: float32. ends [G]: int64, none less than the one before it, the last one R (an error of the
// run otherwise). bias [G, N] may be left out. Only matrices that have rows are read.
// GroupedMatMul       W [G, N, K]: float32, float16 or bfloat16. Sums are those of MatMul with such a B as float32
// GroupedMatMulNBits  W of codes [G, N, K * bits / 8] of `bits` 2, 4 or 8, the first in the lowest bits, scales and
//                     zero_points [G, N, blocks] (left out: 2^(bits - 1)), a block being K / blocks neighbours
#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/product/n_bits.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kFloat32{DataType::kFloat32};
constexpr TypeSet kWeightTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr std::size_t kA = 0, kEnds = 1, kW = 2, kBias = 3;

/// Errors: kInvalidModel where the input has not these dimensions.
void check_dims(const NodeView& node, std::size_t input, const Dims& wanted) {
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() == wanted.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = !dims[i].differs(wanted[i]);
  if (!fits) invalid_model("input ", input, " is ", dims, ", expected ", wanted);
}

/// A and the groups' ends: W has `w` as its first dimensions.
void infer_product(InferContext& context, const Dims& w, std::size_t bias) {
  if (context.input_rank(kA) != 2) invalid_model("input A is ", context.input_dims(kA), ", expected rank 2");
  if (w.size() != 3) invalid_model("the weights are ", w, ", expected rank 3");
  check_dims(context, kEnds, {w[0]});
  if (context.has_input(bias)) check_dims(context, bias, {w[0], w[1]});
  context.set_output(0, {context.input_dims(kA)[0], w[1]});
}

std::optional<WantedElements> wanted(const NodeView& node, std::size_t input) {
  if (input != kEnds || node.input_rank(kA) != 2) return std::nullopt;
  return wanted_ends(node, kEnds);
}

void infer(InferContext& context) {
  const Dims& w = context.input_dims(kW);
  infer_product(context, w, kBias);
  if (w[2].differs(context.input_dims(kA)[1]))
    invalid_model("input A is ", context.input_dims(kA), " but W is ", w, ": inner dimensions differ");
}

struct State {
  std::size_t rows = 0, groups = 0, k = 0, n = 0;
  DataType weights = DataType::kUndefined;
  bool has_bias = false;
  std::size_t packed_floats = 0;            ///< of a matrix; of a panel, where a run packs it
  std::shared_ptr<const std::byte> packed;  ///< null where a run packs
  std::size_t tasks_at = 0, panels_at = 0;  ///< in the workspace

  const float* bias(const RunArguments& args) const {
    return has_bias ? static_cast<const float*>(args.inputs[kBias]) : nullptr;
  }
  std::size_t matrix_bytes() const { return n * k * size_of(weights); }
  std::size_t panels() const { return kernels::panel_count(n); }
};

State state_of(const NodeView& node) {
  const Shape w = node.input_shape(kW);
  State state;
  state.rows = static_cast<std::size_t>(node.input_shape(kA)[0]);
  state.groups = static_cast<std::size_t>(w[0]);
  state.n = static_cast<std::size_t>(w[1]);
  state.k = static_cast<std::size_t>(w[2]);
  state.weights = node.input_type(kW);
  state.has_bias = node.has_input(kBias);
  return state;
}

double work_of(const State& state, double products_per_ns, double weights_per_ns) {
  const auto rows = static_cast<double>(state.rows);
  const auto used = static_cast<double>(std::min(state.rows, state.groups));
  return static_cast<double>(state.n) * static_cast<double>(state.k) *
         std::max(rows / products_per_ns, used / weights_per_ns);
}

double folding_ns(const NodeView& node) { return work_of(state_of(node), 1, 1); }

/// One panel of W [n, k], at any address.
void pack_panel(const State& state, const std::byte* w, std::size_t panel, float* to) {
  constexpr std::size_t kLine = 64;
  const std::size_t row = panel * kernels::kPanelColumns;
  const std::size_t rows = std::min(kernels::kPanelColumns, state.n - row);
  const std::size_t size = size_of(state.weights);
  w += row * state.k * size;
  if (state.weights == DataType::kFloat32) {
    kernels::pack_b(w, 1, state.k, state.k, rows, 1.0F, to);
    return;
  }
  float lines[kernels::kPanelColumns][kLine];
  const std::size_t width = kernels::panel_width(state.n, panel);
  for (std::size_t k = 0; k < state.k; k += kLine) {
    const std::size_t count = std::min(kLine, state.k - k);
    for (std::size_t i = 0; i < rows; ++i)
      kernels::widen(half_type(state.weights), w + (i * state.k + k) * size, count, lines[i]);
    kernels::pack_b(lines, 1, kLine, count, rows, 1.0F, to + k * width);
  }
}

Prepared prepare_simd(const PrepareContext& context) {
  auto state = new_shared<State>(state_of(context));
  if (state->rows == 0 || state->n == 0) return {std::move(state), 0, 0};
  const auto width = static_cast<std::int64_t>(state->panels() * kernels::kPanelColumns);
  const auto one = checked_product(width, static_cast<std::int64_t>((state->k + 1) * sizeof(float)));
  if (!one || !checked_product(*one, static_cast<std::int64_t>(state->groups)))
    fail(ErrorCode::kLimitExceeded, "W needs more bytes when packed than 64 bits can count");
  const std::size_t panels = state->panels();
  WorkspaceLayout workspace;
  state->tasks_at = workspace.add((state->groups + 1) * sizeof(std::size_t));
  Prepared prepared;
  if (const ConstantPtr& w = context.input_constant(kW); w != nullptr && state->k > 0) {
    // Whole cache lines, as those of a column unit are.
    state->packed_floats = kernels::packed_b_bytes(state->k, state->n) / sizeof(float);
    const std::string key = text("grouped ", state->groups, " of [", state->n, ",", state->k, "]");
    const std::size_t bytes = state->packed_floats * state->groups * sizeof(float);
    state->packed = context.weights().get(w, key, bytes, [&](std::byte* memory) {
      auto* packed = reinterpret_cast<float*>(memory);
      const double work = static_cast<double>(state->matrix_bytes()) * 0.3;
      for (std::size_t group = 0; group < state->groups; ++group, packed += state->packed_floats) {
        const std::byte* const matrix = w->data + group * state->matrix_bytes();
        context.control().parallel_for(panels, work, [&](std::size_t panel) {
          if (context.control().abandon_if_stopped()) return;
          pack_panel(*state, matrix, panel, packed + panel * kernels::kPanelColumns * state->k);
        });
        w->forget_range(matrix, state->matrix_bytes());
      }
    });
    prepared.unread_inputs = std::uint64_t{1} << kW;
  } else {
    state->packed_floats = state->k * kernels::kPanelColumns;
    state->panels_at =
        workspace.add(state->packed_floats * sizeof(float) * static_cast<std::size_t>(context.threads()));
  }
  prepared.workspace_bytes = workspace.bytes();
  prepared.state = std::move(state);
  return prepared;
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const RowGroups groups = row_groups(args.inputs[kEnds], state.groups, state.rows);
  if (state.rows == 0 || state.n == 0) return;
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  const float* const bias = state.bias(args);
  auto* const y = static_cast<float*>(args.outputs[0]);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const double matrix = static_cast<double>(state.n) * static_cast<double>(state.k);
  const double panel_row = static_cast<double>(state.k * kernels::kPanelColumns) / kProductsPerNanosecond;
  GroupParts parts = GroupParts::of(state.panels(), panel_row, matrix / kWeightsPerNanosecond);
  if (state.packed == nullptr) {
    // A panel is packed once, for all rows.
    parts.task_rows = std::max<std::size_t>(state.rows, 1);
    parts.joins_panels = false;
    parts.matrix_work = matrix / 2;
  }
  auto* const firsts = reinterpret_cast<std::size_t*>(workspace + state.tasks_at);
  for_parts(args.control, groups, parts, firsts, [&](const GroupPart& part, std::size_t worker) {
    constexpr std::size_t kRows = 240;
    kernels::GemmEpilogue epilogue;
    if (bias != nullptr) epilogue.bias = bias + part.group * state.n;
    if (state.packed != nullptr) {
      const float* const packed = reinterpret_cast<const float*>(state.packed.get()) + part.group * state.packed_floats;
      kernels::gemm(part.rows, state.n, state.k, a + part.row * state.k, state.k, packed, epilogue,
                    y + part.row * state.n, state.n, part.panel_begin, part.panel_end);
      return;
    }
    float* const packed = reinterpret_cast<float*>(workspace + state.panels_at) + worker * state.packed_floats;
    const auto* const w = static_cast<const std::byte*>(args.inputs[kW]) + part.group * state.matrix_bytes();
    pack_panel(state, w, part.panel_begin, packed);
    const std::size_t column = part.panel_begin * kernels::kPanelColumns;
    if (bias != nullptr) epilogue.bias += column;
    for (std::size_t row = part.row; row < part.row + part.rows; row += kRows) {
      if (args.control.abandon_if_stopped()) return;
      kernels::gemm(std::min(kRows, part.row + part.rows - row), std::min(kernels::kPanelColumns, state.n - column),
                    state.k, a + row * state.k, state.k, packed, epilogue, y + row * state.n + column, state.n, 0, 1);
    }
  });
}

Prepared prepare(const PrepareContext& context) { return {new_shared<State>(state_of(context)), 0, 0}; }

void run(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const State& state = *static_cast<const State*>(args.state);
  const RowGroups groups = row_groups(args.inputs[kEnds], state.groups, state.rows);
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  const float* const bias = state.bias(args);
  args.control.parallel_for(state.rows * state.n, work_of(state, 0.5, 0.5), [&](std::size_t index) {
    const std::size_t row = index / state.n;
    const std::size_t w_row = groups.group_of(row) * state.n + index % state.n;
    double sum = bias == nullptr ? 0.0 : static_cast<double>(bias[w_row]);
    for (std::size_t k = 0; k < state.k; k += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, state.k - k);
      float w[kLine];
      load_line(state.weights, args.inputs[kW], w_row * state.k + k, count, w);
      for (std::size_t i = 0; i < count; ++i)
        sum += static_cast<double>(a[row * state.k + k + i]) * static_cast<double>(w[i]);
    }
    static_cast<float*>(args.outputs[0])[index] = static_cast<float>(sum);
  });
}

// With weights of few bits.

constexpr NBitsInputs kFewBits = {2, 3, 4, 5, 0, kEnds};

NBits concrete(const NodeView& node) {
  const Shape scales = node.input_shape(kFewBits.scales);
  NBits result;
  result.inputs = kFewBits;
  result.rows = static_cast<std::size_t>(node.input_shape(kA)[0]);
  result.k = static_cast<std::size_t>(node.input_shape(kA)[1]);
  result.matrices = static_cast<std::size_t>(scales[0]);
  result.n = static_cast<std::size_t>(scales[1]);
  result.blocks = static_cast<std::size_t>(scales[2]);
  result.block = result.k / result.blocks;
  const std::int64_t bits = node.attributes<NBitsAttributes>().bits;
  result.bits = static_cast<std::size_t>(bits);
  result.codes = {code_type(bits), result.k};
  result.scales = {DataType::kFloat32, result.blocks};
  result.zero_points = {node.input_type(kFewBits.zero_points), result.blocks};
  result.zero_point = static_cast<float>(1U << (result.bits - 1));
  result.look_at(node);
  return result;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<NBitsAttributes>(concrete);
  parse_bits(context, *attributes);
  return attributes;
}

void infer_few_bits(InferContext& context) {
  const Dims& scales = context.input_dims(kFewBits.scales);
  infer_product(context, scales, kFewBits.bias);
  const std::int64_t codes_of_byte = 8 / context.attributes<NBitsAttributes>().bits;
  const Dim k = context.input_dims(kA)[1];
  const Dim blocks = scales[2];
  if (k.is(0) || blocks.is(0)) unsupported("K is ", k, " in ", blocks, " blocks, expected 1 or more");
  if (k.known() && k.value() % codes_of_byte != 0) invalid_model("K is ", k, ", expected whole bytes of codes");
  if (k.known() && blocks.known() && k.value() % blocks.value() != 0)
    invalid_model("K is ", k, ", expected a multiple of the ", blocks, " blocks");
  check_dims(context, kFewBits.codes, {scales[0], scales[1], k.known() ? Dim(k.value() / codes_of_byte) : Dim()});
  if (context.has_input(kFewBits.zero_points)) check_dims(context, kFewBits.zero_points, scales);
}

constexpr InputDef kInputs[] = {
    {"A", kFloat32}, {"ends", {DataType::kInt64}}, {"W", kWeightTypes}, {"bias", kFloat32, kMayBeLeftOut}};
constexpr InputDef kFewBitsInputs[] = {{"A", kFloat32},
                                       {"ends", {DataType::kInt64}},
                                       {"codes", {DataType::kUint8}},
                                       {"scales", kFloat32},
                                       {"zero_points", kFloat32, kMayBeLeftOut},
                                       {"bias", kFloat32, kMayBeLeftOut}};

OpDef grouped(const char* name, InputTable inputs) {
  OpDef op;
  op.name = name;
  op.domain = kOwnDomain;
  op.inputs = inputs;
  op.outputs = kYOfFirst;
  op.facts.wanted_elements = wanted;
  return op;
}

}  // namespace

void register_grouped_matmul(Registry& registry) {
  OpDef floats = grouped("GroupedMatMul", kInputs);
  floats.parse = parse_nothing;
  floats.infer = infer;
  floats.implementations = {{"simd", Backend::kSimd, nullptr, prepare_simd, run_simd},
                            {"reference", Backend::kReference, nullptr, prepare, run}};
  floats.facts.folding_ns = folding_ns;
  registry.add(std::move(floats));

  OpDef few_bits = grouped("GroupedMatMulNBits", kFewBitsInputs);
  few_bits.parse = parse;
  few_bits.infer = infer_few_bits;
  few_bits.implementations = n_bits_implementations();
  few_bits.facts.folding_ns = n_bits_folding_ns;
  registry.add(std::move(few_bits));
}

}  // namespace linnet::internal
