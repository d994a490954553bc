// Products of 8-bit integers by Linnet's own kernels (ops/kernels/gemm_int8.hpp). A constant B is packed once, with its
// column sums behind it; another one at every run. Rows of A are copied with the sums that B's zero points are
// multiplied with.
#include <algorithm>
#include <cstring>
#include <optional>

#include "ops/kernels/gemm_int8.hpp"
#include "ops/kernels/quantize.hpp"
#include "ops/product/integer_product.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/quantization/dynamic_scale.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

/// For choosing tasks only.
constexpr double kInt8ProductsPerNanosecond = 200.0;
constexpr double kPackedPerNanosecond = 4.0;
constexpr double kCopiedPerNanosecond = 20.0;
constexpr std::size_t kCopiedBytes = std::size_t{1} << 16;  ///< of one task

struct State {
  IntegerProduct node;
  kernels::GemmSlices slices;
  std::size_t packed_bytes = 0;                 ///< of one B and its column sums, whole cache lines
  std::size_t sums_begin = 0;                   ///< in them
  std::shared_ptr<const std::byte> packed;      ///< all B; null when they are packed by every run
  std::shared_ptr<const std::byte> parameters;  ///< null when they are filled in by every run
  IntegerParameters filled;
  std::size_t parameters_at = 0, rows_at = 0, sums_at = 0, b_at = 0, ones_at = 0;  ///< in the workspace
};

std::string accepts(const NodeView& node) {
  const auto& attributes = node.attributes<IntegerProductAttributes>();
  const IntegerProductInputs& in = attributes.inputs;
  if (!kInt8Types.has(node.input_type(in.b))) return text("only of int8 and uint8, not ", node.input_type(in.b));
  const DataType y = node.output(0).type;
  if (y != DataType::kInt32 && y != DataType::kFloat32 && !kInt8Types.has(y)) return text("not to ", y);
  for (const std::size_t input : {in.y_scale, in.y_zero}) {
    if (node.has_input(input) && element_count(node.input_shape(input)) != 1) return "a row of Y has its own scale";
  }
  return "";
}

/// The sums of the columns of one panel of one packed B: its product with a row of ones.
void add_column_sums(const State& state, std::size_t panel, std::byte* packed, const std::int8_t* ones) {
  const MatrixProduct& product = state.node.product;
  const auto depth = static_cast<std::size_t>(product.depth);
  kernels::Int8Product sums;
  sums.m = 1;
  sums.n = static_cast<std::size_t>(product.columns);
  sums.k = depth;
  sums.a = ones;
  sums.packed_b = reinterpret_cast<const std::uint8_t*>(packed);
  sums.c = packed + state.sums_begin;
  sums.panel_begin = panel;
  sums.panel_end = panel + 1;
  kernels::gemm_int8(sums);
}

/// Packs every B, which lie one after the other, and their column sums.
void pack_all(const State& state, RunControl& control, const std::byte* b, std::byte* packed, std::int8_t* ones) {
  const MatrixProduct& product = state.node.product;
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const std::size_t panels = kernels::panel_count(columns);
  const auto matrices = static_cast<std::size_t>(product.b_matrices);
  const std::uint8_t flip = state.node.b == DataType::kInt8 ? kernels::kInt8Flip : 0;
  const double work = static_cast<double>(depth * columns * matrices) / kPackedPerNanosecond;
  std::memset(ones, 1, kernels::quad_count(depth) * 4);
  control.parallel_for(panels * matrices, work, [&](std::size_t task) {
    if (control.abandon_if_stopped()) return;
    const std::size_t matrix = task / panels;
    const std::size_t panel = task % panels;
    const std::size_t column = panel * kernels::kPanelColumns;
    std::byte* const to = packed + matrix * state.packed_bytes;
    const auto column_stride = static_cast<std::size_t>(product.b_column_stride);
    kernels::pack_int8(b + matrix * depth * columns + column * column_stride,
                       static_cast<std::size_t>(product.b_depth_stride), column_stride, depth,
                       std::min(kernels::kPanelColumns, columns - column), flip,
                       reinterpret_cast<std::uint8_t*>(to) + column * kernels::quad_count(depth) * 4);
    add_column_sums(state, panel, to, ones);
  });
}

/// Fills in the parameters where all that they are made of is constant.
void fill_at_load(const PrepareContext& context, State& state) {
  const IntegerProductInputs& in = state.node.attributes.inputs;
  if (state.node.attributes.quantizes_a) return;
  const std::optional<IntegerOperands> operands = constant_operands(context, in.a, in.b);
  if (!operands) return;
  const std::shared_ptr<std::byte> memory = allocate_aligned(state.node.parameter_bytes());
  state.filled = state.node.fill_parameters(operands->data(), nullptr, nullptr, memory.get());
  state.parameters = memory;
}

void pack_at_load(const PrepareContext& context, State& state) {
  const MatrixProduct& product = state.node.product;
  const ConstantPtr& b = context.input_constant(state.node.attributes.inputs.b);
  // The shape is the constant's.
  const char* const key = state.node.attributes.transpose_b ? "int8 transposed" : "int8";
  const std::size_t bytes = state.packed_bytes * static_cast<std::size_t>(product.b_matrices);
  state.packed = context.weights().get(b, key, bytes, [&](std::byte* memory) {
    const std::shared_ptr<std::byte> ones =
        allocate_aligned(4 * kernels::quad_count(static_cast<std::size_t>(product.depth)));
    pack_all(state, context.control(), b->data, memory, reinterpret_cast<std::int8_t*>(ones.get()));
    b->forget_range(b->data, b->bytes);
  });
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->node = integer_product(context);
  const MatrixProduct& product = state->node.product;
  Prepared prepared;
  if (product.batches == 0) {
    prepared.state = std::move(state);
    return prepared;
  }
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto most = checked_product(product.columns + 64, product.depth + 8);
  if (!most || !checked_product(*most, product.b_matrices))
    fail(ErrorCode::kLimitExceeded, "B needs more bytes when packed than 64 bits can count");
  WorkspaceLayout one_b;
  one_b.add(kernels::packed_int8_bytes(depth, columns));
  state->sums_begin = one_b.bytes();
  one_b.add(state->node.padded_columns * sizeof(std::int32_t));
  state->packed_bytes = one_b.bytes();
  WorkspaceLayout workspace;
  const std::size_t row_bytes = kernels::quad_count(depth) * 4;
  state->rows_at = workspace.add(state->node.a_rows * row_bytes);
  state->sums_at = workspace.add(state->node.a_rows * sizeof(std::int32_t));
  fill_at_load(context, *state);
  if (state->parameters == nullptr) state->parameters_at = workspace.add(state->node.parameter_bytes());
  const std::size_t b = state->node.attributes.inputs.b;
  if (context.input_constant(b) != nullptr) {
    pack_at_load(context, *state);
    prepared.unread_inputs |= std::uint64_t{1} << b;
  } else {
    state->b_at = workspace.add(state->packed_bytes * static_cast<std::size_t>(product.b_matrices));
    state->ones_at = workspace.add(row_bytes);
  }
  state->slices =
      kernels::choose_slices(static_cast<std::size_t>(product.rows), columns, std::max<std::size_t>(1, depth / 4),
                             static_cast<std::size_t>(context.threads()));
  prepared.workspace_bytes = workspace.bytes();
  prepared.state = std::move(state);
  return prepared;
}

/// One run.
class Runner {
 public:
  explicit Runner(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        node_(state_.node),
        product_(node_.product),
        workspace_(static_cast<std::byte*>(args.workspace)),
        rows_(reinterpret_cast<std::int8_t*>(workspace_ + state_.rows_at)),
        sums_(reinterpret_cast<std::int32_t*>(workspace_ + state_.sums_at)),
        packed_(state_.packed.get()),
        parameters_(state_.filled) {}

  void run() {
    DynamicScale scale = {};
    const std::size_t a_elements = node_.a_rows * static_cast<std::size_t>(product_.depth);
    const bool quantizes = node_.attributes.quantizes_a;
    if (quantizes) scale = dynamic_scale_of(args_.control, static_cast<const float*>(args_.inputs[0]), a_elements);
    if (state_.parameters == nullptr) {
      parameters_ = node_.fill_parameters(args_.inputs, quantizes ? &scale.scale : nullptr,
                                          quantizes ? &scale.zero : nullptr, workspace_ + state_.parameters_at);
    }
    if (packed_ == nullptr) {
      std::byte* const packed = workspace_ + state_.b_at;
      pack_all(state_, args_.control, static_cast<const std::byte*>(args_.inputs[node_.attributes.inputs.b]), packed,
               reinterpret_cast<std::int8_t*>(workspace_ + state_.ones_at));
      packed_ = packed;
    }
    copy_rows(scale);
    multiply();
  }

 private:
  void copy_rows(const DynamicScale& scale) {
    const auto depth = static_cast<std::size_t>(product_.depth);
    const std::size_t row_bytes = kernels::quad_count(depth) * 4;
    const bool quantizes = node_.attributes.quantizes_a;
    const std::uint8_t flip = node_.a == DataType::kUint8 ? kernels::kInt8Flip : 0;
    const kernels::QuantizedBytes type = {true, scale.scale, static_cast<float>(scale.zero) - 128.0F};
    const std::size_t step = std::max<std::size_t>(1, kCopiedBytes / (row_bytes + 1));
    const double cost = quantizes ? 0.3 : 1 / kCopiedPerNanosecond;
    const double work = cost * static_cast<double>(node_.a_rows) * static_cast<double>(depth);
    const bool one_b_zero = node_.one_b_zero();
    args_.control.parallel_for((node_.a_rows + step - 1) / step, work, [&](std::size_t task) {
      const std::size_t first = task * step;
      const std::size_t count = std::min(step, node_.a_rows - first);
      std::int8_t* const to = rows_ + first * row_bytes;
      if (quantizes) {
        const float* const x = static_cast<const float*>(args_.inputs[0]) + first * depth;
        for (std::size_t row = 0; row < count; ++row) {
          kernels::quantize(type, x + row * depth, depth, to + row * row_bytes);
        }
        kernels::copy_int8_rows(to, row_bytes, count, depth, 0, to, sums_ + first);
      } else {
        const auto* const a = static_cast<const std::byte*>(args_.inputs[node_.attributes.inputs.a]);
        kernels::copy_int8_rows(a + first * depth, depth, count, depth, flip, to, sums_ + first);
      }
      for (std::size_t row = first; row < first + count; ++row) {
        // Modulo 2^32.
        const auto zero = static_cast<std::uint32_t>(parameters_.a_zero[row]);
        auto rest = static_cast<std::uint32_t>(sums_[row]) - static_cast<std::uint32_t>(depth) * zero;
        if (one_b_zero) rest = 0U - rest * static_cast<std::uint32_t>(*parameters_.b_zero);
        sums_[row] = static_cast<std::int32_t>(rest);
      }
    });
  }

  kernels::Int8Epilogue epilogue(std::size_t matrix, std::size_t a_row) const {
    kernels::Int8Epilogue epilogue;
    const std::size_t column = matrix * node_.padded_columns;
    if (node_.one_b_zero()) {
      epilogue.row_start = sums_;
    } else {
      epilogue.a_rest = sums_;
      epilogue.b_zero = parameters_.b_zero + column;
    }
    if (parameters_.shifts_a) {
      epilogue.a_zero = parameters_.a_zero;
      epilogue.column_sums =
          reinterpret_cast<const std::int32_t*>(packed_ + matrix * state_.packed_bytes + state_.sums_begin);
    }
    epilogue.result = int8_result(node_.y);
    if (node_.y != DataType::kInt32) {
      epilogue.row_scale = parameters_.row_scale;
      epilogue.column_scale = parameters_.column_scale + column;
      epilogue.column_bias = parameters_.column_bias;
      epilogue.low = parameters_.bounds.low;
      epilogue.high = parameters_.bounds.high;
      epilogue.zero = parameters_.y_zero;
    }
    return epilogue.from_row(a_row);
  }

  void multiply() {
    const auto depth = static_cast<std::size_t>(product_.depth);
    const auto columns = static_cast<std::size_t>(product_.columns);
    const std::size_t count = state_.slices.count();
    const double weights = static_cast<double>(columns) * static_cast<double>(depth + 1);
    const double work = static_cast<double>(product_.batches) *
                        std::max(weights * static_cast<double>(product_.rows) / kInt8ProductsPerNanosecond,
                                 weights / (4 * kWeightsPerNanosecond));
    const std::size_t element = node_.y == DataType::kInt32 || node_.y == DataType::kFloat32 ? 4 : 1;
    auto* const y = static_cast<std::byte*>(args_.outputs[0]);
    args_.control.parallel_for(count * static_cast<std::size_t>(product_.batches), work, [&](std::size_t task) {
      const std::size_t index = task / count;
      const kernels::GemmSlice slice = state_.slices.slice(task % count);
      const MatrixProduct::Batch batch = product_.batch(static_cast<std::int64_t>(index));
      const std::size_t a_row = (depth == 0 ? 0 : static_cast<std::size_t>(batch.a) / depth) + slice.row_begin;
      const std::size_t matrix = depth == 0 ? 0 : static_cast<std::size_t>(batch.b) / (depth * columns);
      kernels::Int8Product product;
      product.m = slice.row_end - slice.row_begin;
      product.n = columns;
      product.k = depth;
      product.a = rows_ + a_row * kernels::quad_count(depth) * 4;
      product.packed_b = reinterpret_cast<const std::uint8_t*>(packed_ + matrix * state_.packed_bytes);
      product.epilogue = epilogue(matrix, a_row);
      product.c = y + (static_cast<std::size_t>(batch.y) + slice.row_begin * columns) * element;
      product.c_row_stride = columns;
      product.panel_begin = slice.panel_begin;
      product.panel_end = slice.panel_end;
      kernels::gemm_int8(product);
    });
  }

  const RunArguments& args_;
  const State& state_;
  const IntegerProduct& node_;
  const MatrixProduct& product_;
  std::byte* workspace_;
  std::int8_t* rows_;
  std::int32_t* sums_;
  const std::byte* packed_;
  IntegerParameters parameters_;
};

void run(const RunArguments& args) {
  if (static_cast<const State*>(args.state)->node.product.batches != 0) Runner(args).run();
}

}  // namespace

Implementation simd_integer_product() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
