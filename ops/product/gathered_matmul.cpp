// GatheredMatMul (of Linnet's own domain): products of rows with a matrix each, which an index names, as mixtures of
// experts have them:
//   Y[r] = A[r / repeats] W[indices[r]]^T + bias[indices[r]]
// A and Y: float32, as GatheredForm says. indices: int32 or int64 in [-G, G), one for each row. W [G, N, K]: float32,
// float16 or bfloat16; or [G, K, N] with transpose_w 0, float32. bias [G, N] may be left out. Only matrices that an
// index names are read. Sums are those of MatMul with such a B as float32.
#include "ops/product/gathered_matmul.hpp"

#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kA = kGatheredA, kIndices = kGatheredIndices, kW = kGatheredWeights, kBias = 3;

const GatheredMatMulAttributes& attributes_of(const NodeView& node) {
  return node.attributes<GatheredMatMulAttributes>();
}

std::optional<WantedElements> wanted(const NodeView& node, std::size_t input) {
  // Weights stand at the same place in both operators.
  if (input != kIndices || node.input_rank(kW) == 0) return std::nullopt;
  return wanted_indices(node.input_dims(kW)[0], "a matrix");
}

void infer(InferContext& context) {
  const Dims& w = context.input_dims(kW);
  const bool transposed = attributes_of(context).transpose_w;
  if (w.size() != 3) invalid_model("input W is ", w, ", expected rank 3");
  if (!transposed) require_type(context, kW, "W", kFloat32Type);
  const Dim n = w[transposed ? 1 : 2];
  if (context.has_input(kBias)) check_gathered_dims(context, kBias, {w[0], n});
  infer_gathered_rows(context, w[transposed ? 2 : 1], n);
}

struct State : GatheredRows {
  DataType weights = DataType::kUndefined;
  bool transpose_w = true;
  bool has_bias = false;
  std::size_t packed_floats = 0;            ///< of a matrix; of a panel, where a run packs it
  std::shared_ptr<const std::byte> packed;  ///< null where a run packs
  std::size_t panels_at = 0;                ///< in the workspace

  const float* bias(const RunArguments& args) const {
    return has_bias ? static_cast<const float*>(args.inputs[kBias]) : nullptr;
  }
  std::size_t matrix_bytes() const { return n * k * size_of(weights); }
  std::size_t panels() const { return kernels::panel_count(n); }
};

State state_of(const NodeView& node) {
  const Shape w = node.input_shape(kW);
  State state;
  set_gathered_rows(node, state);
  state.transpose_w = attributes_of(node).transpose_w;
  state.matrices = static_cast<std::size_t>(w[0]);
  state.n = static_cast<std::size_t>(w[state.transpose_w ? 1 : 2]);
  state.k = static_cast<std::size_t>(w[state.transpose_w ? 2 : 1]);
  state.weights = node.input_type(kW);
  state.has_bias = node.has_input(kBias);
  return state;
}

double work_of(const State& state, double products_per_ns, double weights_per_ns) {
  const auto rows = static_cast<double>(state.rows);
  const auto used = static_cast<double>(std::min(state.rows, state.matrices));
  return static_cast<double>(state.n) * static_cast<double>(state.k) *
         std::max(rows / products_per_ns, used / weights_per_ns);
}

double folding_ns(const NodeView& node) { return work_of(state_of(node), 1, 1); }

/// One panel of a matrix at any address. False: the run is to stop, and it is not whole.
bool pack_panel(RunControl& control, const State& state, const std::byte* w, std::size_t panel, float* to) {
  constexpr std::size_t kPiece = 4096;
  constexpr std::size_t kLine = 64;
  const std::size_t column = panel * kernels::kPanelColumns;
  const std::size_t columns = std::min(kernels::kPanelColumns, state.n - column);
  const std::size_t width = kernels::panel_width(state.n, panel);
  const std::size_t size = size_of(state.weights);
  const bool is_half = state.weights != DataType::kFloat32;
  const std::size_t piece = is_half ? kLine : kPiece;
  const std::size_t k_stride = state.transpose_w ? 1 : state.n;
  const std::size_t column_stride = state.transpose_w ? state.k : 1;
  w += column * column_stride * size;
  for (std::size_t k = 0; k < state.k; k += piece) {
    if (control.abandon_if_stopped()) return false;
    const std::size_t count = std::min(piece, state.k - k);
    if (!is_half) {
      kernels::pack_b(w + k * k_stride * size, k_stride, column_stride, count, columns, 1.0F, to + k * width);
      continue;
    }
    float lines[kernels::kPanelColumns][kLine];
    for (std::size_t i = 0; i < columns; ++i)
      kernels::widen(half_type(state.weights), w + (i * state.k + k) * size, count, lines[i]);
    kernels::pack_b(lines, 1, kLine, count, columns, 1.0F, to + k * width);
  }
  return true;
}

Prepared prepare_simd(const PrepareContext& context) {
  auto state = new_shared<State>(state_of(context));
  if (state->rows == 0 || state->n == 0) return {std::move(state), 0, 0};
  const auto width = static_cast<std::int64_t>(state->panels() * kernels::kPanelColumns);
  const auto one = checked_product(width, static_cast<std::int64_t>((state->k + 1) * sizeof(float)));
  if (!one || !checked_product(*one, static_cast<std::int64_t>(state->matrices)))
    fail(ErrorCode::kLimitExceeded, "W needs more bytes when packed than 64 bits can count");
  const std::size_t panels = state->panels();
  WorkspaceLayout workspace;
  state->reserve(workspace);
  Prepared prepared;
  if (const ConstantPtr& w = context.input_constant(kW); w != nullptr && state->k > 0) {
    // Whole cache lines, as those of a column unit are.
    state->packed_floats = kernels::packed_b_bytes(state->k, state->n) / sizeof(float);
    const std::string key = text("gathered ", state->matrices, " of [", state->n, ",", state->k, "]",
                                 state->transpose_w ? " transposed" : "");
    const std::size_t bytes = state->packed_floats * state->matrices * sizeof(float);
    state->packed = context.weights().get(w, key, bytes, [&](std::byte* memory) {
      auto* packed = reinterpret_cast<float*>(memory);
      const double work = static_cast<double>(state->matrix_bytes()) * 0.3;
      for (std::size_t matrix = 0; matrix < state->matrices; ++matrix, packed += state->packed_floats) {
        const std::byte* const from = w->data + matrix * state->matrix_bytes();
        context.control().parallel_for(panels, work, [&](std::size_t panel) {
          pack_panel(context.control(), *state, from, panel, packed + panel * kernels::kPanelColumns * state->k);
        });
        w->forget_range(from, state->matrix_bytes());
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
  if (state.rows == 0 || state.n == 0) return state.check(args);
  GatheredRows::Grouped grouped;
  state.gather(args, grouped);
  const float* const bias = state.bias(args);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const double matrix = static_cast<double>(state.n) * static_cast<double>(state.k);
  const double panel_row = static_cast<double>(state.k * kernels::kPanelColumns) / kProductsPerNanosecond;
  GroupParts parts = GroupParts::of(state.panels(), panel_row, matrix / kWeightsPerNanosecond);
  if (state.packed == nullptr) {
    // A panel is packed once, for all rows.
    parts.task_rows = state.rows;
    parts.joins_panels = false;
    parts.matrix_work = matrix / 2;
  }
  const std::size_t rows_at_once = rows_of_panel(state.k);
  for_parts(args.control, grouped, parts, [&](const GroupPart& part, std::size_t worker) {
    kernels::GemmEpilogue epilogue;
    if (bias != nullptr) epilogue.bias = bias + part.matrix * state.n;
    const float* const a = grouped.a;
    float* const y = grouped.y;
    if (state.packed != nullptr) {
      const float* const packed =
          reinterpret_cast<const float*>(state.packed.get()) + part.matrix * state.packed_floats;
      kernels::gemm(part.rows, state.n, state.k, a + part.row * state.k, state.k, packed, epilogue,
                    y + part.row * state.n, state.n, part.panel_begin, part.panel_end);
      return;
    }
    float* const packed = reinterpret_cast<float*>(workspace + state.panels_at) + worker * state.packed_floats;
    const auto* const w = static_cast<const std::byte*>(args.inputs[kW]) + part.matrix * state.matrix_bytes();
    if (!pack_panel(args.control, state, w, part.panel_begin, packed)) return;
    const std::size_t column = part.panel_begin * kernels::kPanelColumns;
    if (bias != nullptr) epilogue.bias += column;
    for (std::size_t row = part.row; row < part.row + part.rows; row += rows_at_once) {
      if (args.control.abandon_if_stopped()) return;
      kernels::gemm(std::min(rows_at_once, part.row + part.rows - row),
                    std::min(kernels::kPanelColumns, state.n - column), state.k, a + row * state.k, state.k, packed,
                    epilogue, y + row * state.n + column, state.n, 0, 1);
    }
  });
  state.scatter(args, grouped);
}

Prepared prepare(const PrepareContext& context) { return {new_shared<State>(state_of(context)), 0, 0}; }

void run(const RunArguments& args) {
  constexpr std::size_t kLine = 64;
  const State& state = *static_cast<const State*>(args.state);
  state.check(args);
  const auto* const a = static_cast<const float*>(args.inputs[kA]);
  const float* const bias = state.bias(args);
  args.control.parallel_for(state.rows * state.n, work_of(state, 0.5, 0.5), [&](std::size_t index) {
    const std::size_t row = index / state.n;
    const std::size_t column = index % state.n;
    const std::size_t matrix = state.matrix_of(args, row);
    const std::size_t w = matrix * state.n * state.k + (state.transpose_w ? column * state.k : column);
    const std::size_t step = state.transpose_w ? 1 : state.n;
    double sum = bias == nullptr ? 0.0 : static_cast<double>(bias[matrix * state.n + column]);
    for (std::size_t k = 0; k < state.k; ++k) {
      if (k % kLine == 0 && args.control.abandon_if_stopped()) return;
      float weight = 0;
      load_line(state.weights, args.inputs[kW], w + k * step, 1, &weight);
      sum += static_cast<double>(a[row / state.repeats * state.k + k]) * static_cast<double>(weight);
    }
    static_cast<float*>(args.outputs[0])[index] = static_cast<float>(sum);
  });
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<GatheredMatMulAttributes>();
  parse_repeats(context, *attributes);
  attributes->transpose_w = context.get_int("transpose_w", 1) != 0;
  const std::int64_t form = context.get_int("form", 0);
  if (form < 0 || form > 2) invalid_model("form is ", form, ", expected 0 to 2");
  attributes->form = static_cast<GatheredForm>(form);
  if (attributes->form != GatheredForm::kRows && attributes->repeats != 1)
    invalid_model("repeats is ", attributes->repeats, ", expected 1 with this form");
  return attributes;
}

constexpr InputDef kInputs[] = {{"A", kFloat32Type},
                                {"indices", kGatheredIndexTypes},
                                {"W", kGatheredWeightTypes},
                                {"bias", kFloat32Type, kMayBeLeftOut}};

}  // namespace

void check_gathered_dims(const NodeView& node, std::size_t input, const Dims& wanted) {
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() == wanted.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = !dims[i].differs(wanted[i]);
  if (!fits) invalid_model("input ", input, " is ", dims, ", expected ", wanted);
}

void infer_gathered_rows(InferContext& context, Dim k, Dim n) {
  const GatheredMatMulAttributes& attributes = attributes_of(context);
  const Dims& a = context.input_dims(kA);
  const Dims& indices = context.input_dims(kIndices);
  const Dim count = product_of(indices, 0, indices.size());
  if (attributes.form == GatheredForm::kRows) {
    if (a.empty() || a.back().differs(k)) invalid_model("input A is ", a, ", expected a last dimension of ", k);
    const Dim rows = product_of(a, 0, a.size() - 1);
    if (rows.known() && count.known() && checked_product(rows.value(), attributes.repeats) != count.value()) {
      invalid_model("there are ", count, " indices for ", rows, " rows, expected ", attributes.repeats,
                    " for each row");
    }
    Dims dims = indices;
    dims.push_back(n);
    context.set_output(0, std::move(dims));
    return;
  }
  const bool columns = attributes.form == GatheredForm::kColumns;
  if (a.size() != 3 || a[columns ? 2 : 1].differs(1) || a[columns ? 1 : 2].differs(k))
    invalid_model("input A is ", a, ", expected [R,", columns ? k : Dim(1), ",", columns ? Dim(1) : k, "]");
  if (!a[0].is(1) && !count.is(1) && a[0].differs(count))
    invalid_model("input A is ", a, " but there are ", count, " indices");
  const Dim all = broadcast({a[0]}, {count})[0];
  context.set_output(0, columns ? Dims{all, n, 1} : Dims{all, 1, n});
}

void set_gathered_rows(const NodeView& node, GatheredRows& result) {
  const GatheredMatMulAttributes& attributes = attributes_of(node);
  result.indices = kIndices;
  result.index_type = node.input_type(kIndices);
  const auto count = static_cast<std::size_t>(element_count(node.input_shape(kIndices)));
  result.rows = count;
  result.repeats = static_cast<std::size_t>(attributes.repeats);
  if (attributes.form == GatheredForm::kRows) return;
  const auto rows = static_cast<std::size_t>(node.input_shape(kA)[0]);
  result.rows = count == 1 ? rows : count;
  result.index_step = count == 1 ? 0 : 1;
  result.repeats = rows == 1 ? std::max<std::size_t>(result.rows, 1) : 1;
}

void parse_repeats(ParseContext& context, GatheredMatMulAttributes& attributes) {
  attributes.repeats = context.get_int("repeats", 1);
  if (attributes.repeats < 1) invalid_model("repeats is ", attributes.repeats, ", expected 1 or more");
}

OpDef gathered_operator(const char* name, InputTable inputs) {
  OpDef op;
  op.name = name;
  op.domain = kOwnDomain;
  op.inputs = inputs;
  op.outputs = kYOfFirst;
  op.facts.wanted_elements = wanted;
  return op;
}

void register_gathered_matmul(Registry& registry) {
  OpDef op = gathered_operator(kGatheredMatMul, kInputs);
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"simd", Backend::kSimd, nullptr, prepare_simd, run_simd},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
