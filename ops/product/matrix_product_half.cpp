// Matrix products of float16 and bfloat16 elements by the float32 kernels: operands are widened once, which is exact,
// sums are those of float32, and every element of Y is rounded once. A constant B is packed as float32 at load; A, C
// and a B that only the run knows are widened into the workspace, where Y stands as float32, too, until a slice of it
// is done.
//
// Where the CPU has a fast AVX512_BF16, bfloat16 operands stay what they are, in pairs along k: twice the
// multiply-adds, half the bytes, and the same bits, but that denormals count as zero. Where it has AMX, they are pairs
// in tiles, which are summed in an order of their own (gemm_tiles.hpp). Not with an alpha, which makes floats of B's
// elements, nor with a transposed A.
#include <algorithm>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tiles.hpp"
#include "ops/kernels/half.hpp"
#include "ops/kernels/tiles.hpp"
#include "ops/product/matrix_product.hpp"
#include "ops/product/matrix_product_packing.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kWidenedPerNanosecond = 4.0;
constexpr double kPackedPerNanosecond = 1.0;
constexpr std::size_t kWidenedElements = 1 << 17;  ///< of one task
constexpr std::size_t kHalfBytes = 2;

/// What operands are made into. The multiply-adds of each take so much of the time of those of floats.
enum class Form { kFloats, kPairs, kTiles };
constexpr double time_share(Form form) { return form == Form::kFloats ? 1.0 : form == Form::kPairs ? 0.5 : 0.1; }
constexpr const char* name(Form form) {
  return form == Form::kFloats ? "widened" : form == Form::kPairs ? "paired" : "tiled";
}

/// A part of the workspace, in floats.
struct Part {
  std::size_t begin = 0;
  std::size_t count = 0;
};

struct HalfProduct {
  MatrixProduct product;
  kernels::HalfType type = kernels::HalfType::kFloat16;
  Form form = Form::kFloats;
  std::size_t steps = 0;  ///< along k: floats, or pairs that stand where there would be a float
  kernels::GemmSlices slices;
  std::size_t a_elements = 0;               ///< of one A [rows, depth], in its form
  std::size_t packed_elements = 0;          ///< of one B, whole cache lines
  std::shared_ptr<const std::byte> packed;  ///< all B; null when they are packed into the workspace
  Part a, b, c, y;
  Part sums;  ///< of kTiles: those of one worker; they follow each other
};

std::string accepts(const NodeView& node) {
  const DataType type = node.input_type(0);
  if (type != DataType::kFloat16 && type != DataType::kBfloat16) return text("only float16 and bfloat16, not ", type);
  return reordered_refusal(node);
}

std::size_t panels(const MatrixProduct& product) {
  return kernels::panel_count(static_cast<std::size_t>(product.columns));
}

kernels::Bfloat16Pair* pairs_of(float* pairs) { return reinterpret_cast<kernels::Bfloat16Pair*>(pairs); }
const kernels::Bfloat16Pair* pairs_of(const float* pairs) {
  return reinterpret_cast<const kernels::Bfloat16Pair*>(pairs);
}

/// Packs a panel of the B at `b`, at any address: blocks of 64 x 64 are widened on the stack, 16 KiB.
void pack_panel(const HalfProduct& state, const std::byte* b, std::size_t panel, float* packed) {
  constexpr std::size_t kBlock = 64;
  const MatrixProduct& product = state.product;
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto all_columns = static_cast<std::size_t>(product.columns);
  const std::size_t columns = std::min(kernels::kPanelColumns, all_columns - panel * kernels::kPanelColumns);
  const std::size_t width = kernels::panel_width(all_columns, panel);
  const std::size_t block_steps = state.form == Form::kPairs ? kBlock / 2 : kBlock;
  const bool rows_are_contiguous = product.b_column_stride == 1;
  alignas(64) float block[kBlock * kBlock];
  float* to = packed + panel * kernels::kPanelColumns * state.steps;
  for (std::size_t row = 0; row < depth; row += kBlock, to += block_steps * width) {
    const std::size_t rows = std::min(kBlock, depth - row);
    const std::size_t lines = rows_are_contiguous ? rows : columns;
    for (std::size_t line = 0; line < lines; ++line) {
      const std::size_t at_row = rows_are_contiguous ? row + line : row;
      const std::size_t at_column = panel * kernels::kPanelColumns + (rows_are_contiguous ? 0 : line);
      const std::size_t element = at_row * static_cast<std::size_t>(product.b_depth_stride) +
                                  at_column * static_cast<std::size_t>(product.b_column_stride);
      kernels::widen(state.type, b + element * kHalfBytes, rows_are_contiguous ? columns : rows, block + line * kBlock);
    }
    const std::size_t row_stride = rows_are_contiguous ? kBlock : 1;
    const std::size_t column_stride = rows_are_contiguous ? 1 : kBlock;
    if (state.form == Form::kTiles) {
      kernels::pack_b_tiles(block, row_stride, column_stride, depth, all_columns, 1.0F, panel, row, rows,
                            reinterpret_cast<std::byte*>(packed));
    } else if (state.form == Form::kPairs) {
      kernels::pack_b_bfloat16(block, row_stride, column_stride, rows, columns, 1.0F, pairs_of(to));
    } else {
      kernels::pack_b(block, row_stride, column_stride, rows, columns, product.alpha, to);
    }
  }
}

Form form_of(const MatrixProduct& product, kernels::HalfType type) {
  constexpr std::int64_t kLeastTiledDepth = 16;  // half of a tile: fewer steps would leave most of it empty
  const bool stays =
      type == kernels::HalfType::kBfloat16 && product.depth > 0 && product.alpha == 1.0F && !product.transposed_a();
  if (!stays) return Form::kFloats;
  if (product.depth >= kLeastTiledDepth && kernels::tiles() != kernels::Tiles::kNone) return Form::kTiles;
  return kernels::bfloat16_pairs_are_fast() ? Form::kPairs : Form::kFloats;
}

/// Elements of one A in its form.
std::size_t a_elements(const HalfProduct& state) {
  const auto rows = static_cast<std::size_t>(state.product.rows);
  if (state.form != Form::kTiles) return rows * state.steps;
  return kernels::tiled_a_bytes(rows, static_cast<std::size_t>(state.product.depth)) / sizeof(float);
}

/// Elements of one packed B.
std::size_t b_elements(const HalfProduct& state) {
  const auto columns = static_cast<std::size_t>(state.product.columns);
  const std::size_t bytes = state.form == Form::kTiles
                                ? kernels::tiled_b_bytes(static_cast<std::size_t>(state.product.depth), columns)
                                : kernels::packed_b_bytes(state.steps, columns);
  return bytes / sizeof(float);
}

/// Packs all B, several threads at once.
void pack_all(RunControl& control, const HalfProduct& state, const std::byte* b, float* packed) {
  const MatrixProduct& product = state.product;
  const std::size_t count = panels(product);
  const auto elements = static_cast<std::size_t>(product.depth * product.columns);
  const auto matrices = static_cast<std::size_t>(product.b_matrices);
  const double work = static_cast<double>(elements) * static_cast<double>(matrices) / kPackedPerNanosecond;
  control.parallel_for(count * matrices, work, [&](std::size_t task) {
    const std::size_t matrix = task / count;
    pack_panel(state, b + matrix * elements * kHalfBytes, task % count, packed + matrix * state.packed_elements);
  });
}

std::size_t whole_lines(std::size_t elements) { return (elements + 15) / 16 * 16; }

/// Adds room for `count` floats to the workspace. Errors: kLimitExceeded when its bytes cannot be counted.
Part reserve(Prepared& prepared, std::int64_t count) {
  const auto bytes = checked_product(count + 15, sizeof(float));
  if (!bytes) fail(ErrorCode::kLimitExceeded, "its operands need more bytes as float32 than 64 bits can count");
  const Part part = {prepared.workspace_bytes / sizeof(float), static_cast<std::size_t>(count)};
  prepared.workspace_bytes += whole_lines(part.count) * sizeof(float);
  return part;
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<HalfProduct>();
  state->product = matrix_product(context);
  const MatrixProduct& product = state->product;
  state->type = half_type(context.input_type(0));
  Prepared prepared;
  if (product.batches == 0) {
    prepared.state = std::move(state);
    return prepared;
  }
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto most = checked_product(product.columns + 64, product.depth + 32);
  const auto all = most ? checked_product(*most, product.b_matrices) : most;
  if (!all || !checked_product(*all, sizeof(float)))
    fail(ErrorCode::kLimitExceeded, "B needs more bytes when packed than 64 bits can count");
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto threads = static_cast<std::size_t>(context.threads());
  state->form = form_of(product, state->type);
  state->steps = state->form == Form::kFloats ? depth : kernels::pair_count(depth);
  state->packed_elements = whole_lines(b_elements(*state));
  state->a_elements = a_elements(*state);
  const std::int64_t matrices = depth == 0 ? 0 : element_count(context.input_shape(0)) / (product.rows * product.depth);
  state->a = reserve(prepared, matrices * static_cast<std::int64_t>(state->a_elements));
  state->y = reserve(prepared, product.batches * product.y_elements());
  if (product.has_c) state->c = reserve(prepared, element_count(context.input_shape(2)));
  const std::size_t packed = state->packed_elements * static_cast<std::size_t>(product.b_matrices);
  if (const ConstantPtr& b = context.input_constant(1); b != nullptr) {
    const std::string key =
        text("simd ", name(state->form), " ", product.b_matrices, " of [", product.depth, ",", product.columns,
             "] strides ", product.b_depth_stride, " ", product.b_column_stride, " times ", product.alpha);
    state->packed = context.weights().get(b, key, packed * sizeof(float), [&](std::byte* memory) {
      pack_all(context.control(), *state, b->data, reinterpret_cast<float*>(memory));
    });
    prepared.unread_inputs |= 2;
  } else {
    state->b = reserve(prepared, static_cast<std::int64_t>(packed));
  }
  if (context.has_input(2) && !product.has_c) prepared.unread_inputs |= 4;
  if (state->form == Form::kTiles) {
    state->slices = kernels::choose_tile_slices(rows, columns, depth, threads);
    const std::size_t sums = kernels::tile_sums_bytes(state->slices, rows, depth) / sizeof(float);
    state->sums = {reserve(prepared, static_cast<std::int64_t>(whole_lines(sums) * threads)).begin, whole_lines(sums)};
  } else {
    state->slices = kernels::choose_slices(rows, columns, state->steps, threads);
  }
  prepared.state = std::move(state);
  return prepared;
}

void widen_all(const RunArguments& args, kernels::HalfType type, const void* from, std::size_t count, float* to) {
  const auto* bytes = static_cast<const std::byte*>(from);
  const double work = static_cast<double>(count) / kWidenedPerNanosecond;
  args.control.parallel_for((count + kWidenedElements - 1) / kWidenedElements, work, [&](std::size_t task) {
    const std::size_t first = task * kWidenedElements;
    kernels::widen(type, bytes + first * kHalfBytes, std::min(kWidenedElements, count - first), to + first);
  });
}

/// Every row of every A as pairs.
void join_pairs(const RunArguments& args, const HalfProduct& state, float* to) {
  const auto depth = static_cast<std::size_t>(state.product.depth);
  const std::size_t rows = state.a.count / state.steps;
  const std::size_t rows_of_task = std::max<std::size_t>(1, kWidenedElements / depth);
  const double work = static_cast<double>(state.a.count) / kWidenedPerNanosecond;
  const auto* a = static_cast<const std::byte*>(args.inputs[0]);
  args.control.parallel_for((rows + rows_of_task - 1) / rows_of_task, work, [&](std::size_t task) {
    const std::size_t row = task * rows_of_task;
    kernels::join_bfloat16_pairs(a + row * depth * kHalfBytes, std::min(rows_of_task, rows - row), depth,
                                 pairs_of(to + row * state.steps));
  });
}

/// Every A in tiles.
void join_tiles(const RunArguments& args, const HalfProduct& state, float* to) {
  const auto rows = static_cast<std::size_t>(state.product.rows);
  const auto depth = static_cast<std::size_t>(state.product.depth);
  const double work = static_cast<double>(state.a.count) / kWidenedPerNanosecond;
  const auto* a = static_cast<const std::byte*>(args.inputs[0]);
  for_row_tiles(args.control, state.a.count / state.a_elements, rows, depth, work,
                [&](std::size_t matrix, std::size_t row_tile, std::size_t step_begin, std::size_t step_end) {
                  kernels::join_bfloat16_tiles(a + matrix * rows * depth * kHalfBytes, rows, depth, row_tile,
                                               step_begin, step_end,
                                               reinterpret_cast<std::byte*>(to + matrix * state.a_elements));
                });
}

/// Every A [depth, rows] as [rows, depth].
void widen_transposed(const RunArguments& args, const HalfProduct& state, float* to) {
  constexpr std::size_t kLine = 16;  // rows of a cache line of floats
  const auto rows = static_cast<std::size_t>(state.product.rows);
  const auto depth = static_cast<std::size_t>(state.product.depth);
  const std::size_t lines = (rows + kLine - 1) / kLine;
  const std::size_t matrices = state.a.count / (rows * depth);
  const double work = static_cast<double>(state.a.count);
  const auto* a = static_cast<const std::byte*>(args.inputs[0]);
  args.control.parallel_for(matrices * lines, work, [&](std::size_t task) {
    const std::size_t matrix = task / lines * rows * depth;
    const std::size_t row = task % lines * kLine;
    const std::size_t count = std::min(kLine, rows - row);
    float line[kLine];
    for (std::size_t k = 0; k < depth; ++k) {
      kernels::widen(state.type, a + (matrix + k * rows + row) * kHalfBytes, count, line);
      for (std::size_t i = 0; i < count; ++i) to[matrix + (row + i) * depth + k] = line[i];
    }
  });
}

/// A slice of one product. `sums` is where a worker keeps those of tiles.
void multiply(const HalfProduct& state, const kernels::GemmSlice& slice, const float* a, const float* b,
              const kernels::GemmEpilogue& epilogue, float* sums, float* y) {
  const auto rows = static_cast<std::size_t>(state.product.rows);
  const auto columns = static_cast<std::size_t>(state.product.columns);
  if (state.form == Form::kTiles) {
    const kernels::TiledProduct product = {rows,
                                           columns,
                                           static_cast<std::size_t>(state.product.depth),
                                           reinterpret_cast<const std::byte*>(a),
                                           reinterpret_cast<const std::byte*>(b),
                                           epilogue,
                                           y,
                                           columns};
    return kernels::gemm_tiles(product, slice, reinterpret_cast<std::byte*>(sums));
  }
  const std::size_t count = slice.row_end - slice.row_begin;
  const float* const from = a + slice.row_begin * state.steps;
  float* const to = y + slice.row_begin * columns;
  const kernels::GemmEpilogue of_rows = epilogue.from_row(slice.row_begin);
  if (state.form == Form::kPairs) {
    kernels::gemm_bfloat16(count, columns, state.steps, pairs_of(from), state.steps, pairs_of(b), of_rows, to, columns,
                           slice.panel_begin, slice.panel_end);
  } else {
    kernels::gemm(count, columns, state.steps, from, state.steps, b, of_rows, to, columns, slice.panel_begin,
                  slice.panel_end);
  }
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const HalfProduct*>(args.state);
  const MatrixProduct& product = state.product;
  if (product.batches == 0) return;
  auto* workspace = static_cast<float*>(args.workspace);
  float* const a = workspace + state.a.begin;
  if (state.form == Form::kTiles) {
    join_tiles(args, state, a);
  } else if (state.form == Form::kPairs) {
    join_pairs(args, state, a);
  } else if (product.transposed_a()) {
    widen_transposed(args, state, a);
  } else {
    widen_all(args, state.type, args.inputs[0], state.a.count, a);
  }
  const auto* packed = reinterpret_cast<const float*>(state.packed.get());
  if (packed == nullptr) {
    pack_all(args.control, state, static_cast<const std::byte*>(args.inputs[1]), workspace + state.b.begin);
    packed = workspace + state.b.begin;
  }
  const void* inputs[] = {nullptr, nullptr, workspace + state.c.begin};
  if (product.has_c) widen_all(args, state.type, args.inputs[2], state.c.count, workspace + state.c.begin);
  const kernels::GemmEpilogue epilogue = epilogue_of(product, nullptr, inputs);
  const auto columns = static_cast<std::size_t>(product.columns);
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto rows = static_cast<std::size_t>(product.rows);
  const auto a_size = product.rows * product.depth;
  const auto b_size = product.depth * product.columns;
  const std::size_t count = state.slices.count();
  const double weights = static_cast<double>(columns) * static_cast<double>(depth + 1);
  const double work =
      static_cast<double>(product.batches) * time_share(state.form) *
      std::max(weights * static_cast<double>(product.rows) / kProductsPerNanosecond, weights / kWeightsPerNanosecond);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t row_unit = state.form == Form::kTiles ? kernels::row_tile_height(rows) : 1;
  args.control.parallel_for(
      count * static_cast<std::size_t>(product.batches), work, [&](std::size_t task, std::size_t worker) {
        const auto index = static_cast<std::int64_t>(task / count);
        const kernels::GemmSlice slice = state.slices.slice(task % count);
        const MatrixProduct::Batch batch = product.batch(index);
        const std::size_t matrix = b_size == 0 ? 0 : static_cast<std::size_t>(batch.b / b_size);
        const std::size_t a_matrix = a_size == 0 ? 0 : static_cast<std::size_t>(batch.a / a_size);
        const float* const from = a + a_matrix * state.a_elements;
        const float* const b = packed + matrix * state.packed_elements;
        const std::size_t first = static_cast<std::size_t>(index * product.y_elements());
        float* const sums = workspace + state.y.begin + first;
        multiply(state, slice, from, b, epilogue, workspace + state.sums.begin + worker * state.sums.count, sums);
        const std::size_t column = slice.panel_begin * kernels::kPanelColumns;
        const std::size_t width = std::min(columns, slice.panel_end * kernels::kPanelColumns) - column;
        const std::size_t row_end = std::min(rows, slice.row_end * row_unit);
        for (std::size_t row = slice.row_begin * row_unit; row < row_end; ++row) {
          const std::size_t element = row * columns + column;
          kernels::narrow(state.type, sums + element, width, y + (first + element) * kHalfBytes);
        }
      });
}

}  // namespace

Implementation half_matrix_product() { return {"simd half", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
