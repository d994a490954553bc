// Attention by Linnet's own kernels. A task has some rows of queries that share a head of K and V. It packs that head,
// and goes through its rows in blocks: their scores stay in a second-level cache from one product to the other.
//
// Keys at the end that a mask hides from all rows of a block, as from the first ones of a causal one, are left out of
// that block: their probabilities are 0, which changes no bit of the rows as long as V is finite.
//
// Few rows, as in decoding, read K and V where they lie instead. Their scores are summed in another order: a row's bits
// depend on whether it is one of few, and on nothing else of its neighbours.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ops/attention/attention.hpp"
#include "ops/kernels/activation.hpp"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/quantize.hpp"
#include "ops/kernels/softmax.hpp"
#include "ops/shared/truth.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kProductsPerNanosecond = 50.0;
constexpr double kSoftmaxNanoseconds = 0.4;  ///< per score
constexpr double kTanhNanoseconds = 0.3;     ///< the same
constexpr double kTaskNanoseconds = 3e5;
/// Rows of a block: whole tiles of the product, 256 KiB of scores at most, where 12 rows are no more than that.
constexpr std::int64_t kTileRows = 12;
constexpr std::int64_t kMostBlockRows = 96;
constexpr std::int64_t kBlockScores = 65536;
/// Multiply-adds, and scores of a softmax, between two looks at the stop token.
constexpr std::int64_t kUnstoppedProducts = 2'000'000;
constexpr std::int64_t kUnstoppedScores = 500'000;
/// Rows of a block that leaves out keys, and keys that there are at least then.
constexpr std::int64_t kNarrowRows = 24;
constexpr std::int64_t kLeastNarrowedKeys = 64;
/// What chunks of keys are multiples of: whole panels of the first product, whole groups of the second one's sums.
constexpr std::int64_t kChunkUnit = kernels::kGroupLength;
static_assert(kChunkUnit % static_cast<std::int64_t>(kernels::kPanelColumns) == 0);

struct State {
  AttentionPlan plan;
  std::int64_t rows = 0;  ///< of all heads that share one of K and V
  std::int64_t rows_per_task = 0, tasks_per_key_head = 0, block_rows = 0, chunk_keys = 0;
  bool in_place = false;        ///< few rows
  bool packs_v = false;         ///< else it lies as if packed, or is read as rows
  bool reads_rows = false;      ///< of V, which stay in the caches
  bool scaled_keys = false;     ///< the scale is a power of two, which packing multiplies K by without rounding
  bool starts_as_mask = false;  ///< the scores do: it is the same for all rows
  bool narrows = false;         ///< blocks may leave out keys: every row has a mask of its own
  std::size_t score_stride = 0;
  /// In bytes, from the workspace of a worker.
  std::size_t packed_k = 0, packed_v = 0, scores = 0;
  std::size_t worker_bytes = 0;
};

/// One that takes no digits from numbers of usual size.
bool is_power_of_two(float factor) {
  constexpr int kMostExponent = 20;
  int exponent = 0;
  return std::isfinite(factor) && std::frexp(factor, &exponent) == 0.5F && std::abs(exponent) <= kMostExponent;
}

std::string accepts(const NodeView& node) {
  const AttentionPlan plan = attention_plan(node);
  for (const std::int64_t size : {plan.batches, plan.heads, plan.queries, plan.keys, plan.depth, plan.width}) {
    if (size == 0) return "an operand has no elements";
  }
  if (plan.q[3] != 1 || plan.y[3] != 1) return "rows of Q or of the output are not contiguous";
  return "";
}

std::int64_t whole_tiles(std::int64_t rows) { return (rows + kTileRows - 1) / kTileRows * kTileRows; }

/// From its product to its part of the output.
double score_nanoseconds(const AttentionPlan& plan) {
  const double products = static_cast<double>(plan.depth + plan.width) / kProductsPerNanosecond;
  return products + kSoftmaxNanoseconds + (plan.cap != 0 ? kTanhNanoseconds : 0);
}

void choose_tasks(State& state, int threads) {
  const AttentionPlan& plan = state.plan;
  const double row_work = static_cast<double>(plan.keys) * score_nanoseconds(plan);
  const std::int64_t key_heads = plan.batches * (plan.heads / plan.heads_of_key);
  const auto most = static_cast<std::int64_t>(std::max(1.0, kTaskNanoseconds / row_work));
  const std::int64_t wanted = (2 * threads + key_heads - 1) / key_heads;
  state.rows_per_task = std::min(most, (state.rows + wanted - 1) / wanted);
  if (!state.in_place) state.rows_per_task = whole_tiles(state.rows_per_task);
  state.tasks_per_key_head = (state.rows + state.rows_per_task - 1) / state.rows_per_task;
}

std::size_t bytes_of(std::int64_t rows, std::int64_t columns) {
  const std::optional<std::int64_t> elements = checked_product(rows, columns);
  const std::optional<std::int64_t> bytes = elements ? checked_product(*elements, sizeof(float)) : elements;
  if (!bytes) fail(ErrorCode::kLimitExceeded, "the scores need more bytes than 64 bits can count");
  return static_cast<std::size_t>(*bytes);
}

void place_workspace(State& state) {
  const AttentionPlan& plan = state.plan;
  const auto unit = static_cast<std::int64_t>(kernels::kColumnUnit);
  const auto padded = [&](std::int64_t columns) { return (columns + unit - 1) / unit * unit; };
  WorkspaceLayout layout;
  if (!state.in_place) state.packed_k = layout.add(bytes_of(plan.depth, padded(plan.keys)));
  if (state.packs_v) state.packed_v = layout.add(bytes_of(plan.keys, padded(plan.width)));
  const std::int64_t scores = plan.keys + (plan.has_sinks ? 1 : 0);
  state.score_stride = static_cast<std::size_t>(state.in_place ? scores : padded(scores));
  state.scores = layout.add(bytes_of(state.block_rows, padded(scores)));
  state.worker_bytes = layout.bytes();
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->plan = attention_plan(context);
  const AttentionPlan& plan = state->plan;
  state->rows = plan.heads_of_key * plan.queries;
  const bool dense_rows = plan.k[3] == 1 && plan.v[3] == 1;
  const bool one_stride = plan.queries == 1 || plan.heads_of_key == 1;
  state->in_place = state->rows <= static_cast<std::int64_t>(kernels::kMostRowsInPlace) && dense_rows && one_stride;
  const auto unit = static_cast<std::int64_t>(kernels::kColumnUnit);
  const bool lies_packed = plan.v[3] == 1 && plan.v[2] == plan.width && plan.width % unit == 0 &&
                           plan.width <= static_cast<std::int64_t>(kernels::kPanelColumns);
  state->reads_rows =
      !state->in_place && !lies_packed && plan.v[3] == 1 &&
      kernels::stays_in_caches(static_cast<std::size_t>(plan.keys), static_cast<std::size_t>(plan.width),
                               static_cast<std::size_t>(plan.v[2]));
  state->packs_v = !state->in_place && !lies_packed && !state->reads_rows;
  state->scaled_keys = !state->in_place && is_power_of_two(plan.scale.factor);
  state->block_rows = std::clamp(kBlockScores / plan.keys / kTileRows * kTileRows, kTileRows, kMostBlockRows);
  if (state->in_place) state->block_rows = state->rows;
  const bool only_mask = plan.has_mask && !plan.has_filled && !plan.has_bias;
  state->starts_as_mask = state->scaled_keys && only_mask && plan.cap == 0 && plan.mask[2] == 0 && plan.mask[3] == 1;
  state->narrows = !state->in_place && dense_rows && only_mask && plan.mask[2] != 0 && plan.mask[3] == 1 &&
                   plan.keys >= kLeastNarrowedKeys && std::abs(plan.cap) < kernels::kMostScore;
  const std::int64_t key_products = state->block_rows * std::max(plan.depth, plan.width);
  state->chunk_keys = std::max<std::int64_t>(1, kUnstoppedProducts / key_products / kChunkUnit) * kChunkUnit;
  choose_tasks(*state, context.threads());
  place_workspace(*state);
  const auto threads = static_cast<std::int64_t>(context.threads());
  const std::optional<std::int64_t> bytes = checked_product(static_cast<std::int64_t>(state->worker_bytes), threads);
  if (!bytes) fail(ErrorCode::kLimitExceeded, "the scores need more bytes than 64 bits can count");
  return {state, static_cast<std::size_t>(*bytes), 0};
}

/// One task: rows that share a head of K and V.
class Task {
 public:
  Task(const RunArguments& args, const State& state, std::size_t worker)
      : args_(args),
        state_(state),
        plan_(state.plan),
        workspace_(static_cast<std::byte*>(args.workspace) + worker * state.worker_bytes) {}

  void run(std::int64_t key_head, std::int64_t first, std::int64_t rows) {
    const std::int64_t key_heads = plan_.heads / plan_.heads_of_key;
    batch_ = key_head / key_heads;
    first_head_ = key_head % key_heads * plan_.heads_of_key;
    k_ = input(kK) + batch_ * plan_.k[0] + key_head % key_heads * plan_.k[1];
    v_ = input(kV) + batch_ * plan_.v[0] + key_head % key_heads * plan_.v[1];
    if (!state_.in_place && !pack()) return;
    for (const std::int64_t end = first + rows; first < end;) {
      const std::int64_t row = first % plan_.queries;
      const std::int64_t left = state_.in_place ? rows : plan_.queries - row;
      Block block = {first_head_ + first / plan_.queries, row, std::min({end - first, state_.block_rows, left}),
                     plan_.keys};
      narrow(block);
      if (!run_block(block)) return;
      first += block.count;
    }
  }

 private:
  const float* input(std::size_t index) const { return static_cast<const float*>(args_.inputs[index]); }
  float* place(std::size_t bytes) const { return reinterpret_cast<float*>(workspace_ + bytes); }

  /// Rows of one head; of few rows with one query each, of neighbouring heads.
  struct Block {
    std::int64_t head, row, count;
    std::int64_t keys;  ///< the first ones; the mask hides the others
  };

  /// The largest magnitude of an element; infinity where one is NaN, and when the run is to stop.
  float largest(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t row_stride) const {
    const std::int64_t together = row_stride == columns ? std::max<std::int64_t>(1, kUnstoppedScores / columns) : 1;
    float result = 0;
    for (std::int64_t row = 0; row < rows; row += together) {
      const std::int64_t elements = std::min(together, rows - row) * columns;
      const kernels::Extremes extremes = kernels::find_extremes(x + row * row_stride, size(elements));
      if (extremes.has_nan || args_.control.abandon_if_stopped()) return kInfinity;
      result = std::max({result, -extremes.low, extremes.high});
    }
    return result;
  }

  /// Makes a block of fewer rows that leaves out keys, where it can.
  void narrow(Block& block) {
    if (!state_.narrows) return;
    const std::int64_t rows = std::min(block.count, kNarrowRows);
    const std::size_t keys =
        kernels::seen_columns(mask_at(block, 0), size(plan_.mask[2]), size(rows), size(plan_.keys));
    if (keys == size(plan_.keys)) return;
    if (!largest_key_) {
      largest_key_ = largest(k_, plan_.keys, plan_.depth, plan_.k[2]);
      if (!std::isfinite(largest(v_, plan_.keys, plan_.width, plan_.v[2]))) largest_key_ = kInfinity;
    }
    const float* q = input(kQ) + batch_ * plan_.q[0] + block.head * plan_.q[1] + block.row * plan_.q[2];
    const float factor = plan_.scale.divides ? 1 / plan_.scale.factor : plan_.scale.factor;
    const float most = largest(q, rows, plan_.depth, plan_.q[2]) * *largest_key_ * static_cast<float>(plan_.depth);
    // Before and after it is scaled; not with NaN.
    if (!(most < kernels::kMostScore && most * std::abs(factor) < kernels::kMostScore)) return;
    block.count = rows;
    block.keys = static_cast<std::int64_t>(keys);
  }

  /// Calls body(first, count) for chunks of keys. False when the run is to stop.
  template <typename Body>
  bool for_keys(std::int64_t keys, const Body& body) const {
    for (std::int64_t first = 0; first < keys; first += state_.chunk_keys) {
      if (args_.control.abandon_if_stopped()) return false;
      body(first, std::min(state_.chunk_keys, keys - first));
    }
    return true;
  }

  bool pack() const {
    float alpha = 1.0F;
    if (state_.scaled_keys) alpha = plan_.scale.divides ? 1.0F / plan_.scale.factor : plan_.scale.factor;
    const bool packed_k = for_keys(plan_.keys, [&](std::int64_t first, std::int64_t count) {
      kernels::pack_b(k_ + first * plan_.k[2], size(plan_.k[3]), size(plan_.k[2]), size(plan_.depth), size(count),
                      alpha, place(state_.packed_k) + first * plan_.depth);
    });
    return packed_k && (!state_.packs_v ||
                        for_keys(plan_.keys, [&](std::int64_t first, std::int64_t count) { pack_v(first, count); }));
  }

  /// Some rows of every panel.
  void pack_v(std::int64_t first, std::int64_t count) const {
    const std::size_t width = size(plan_.width);
    for (std::size_t panel = 0; panel < kernels::panel_count(width); ++panel) {
      const std::size_t column = panel * kernels::kPanelColumns;
      const std::size_t panel_width = kernels::panel_width(width, panel);
      kernels::pack_b(v_ + first * plan_.v[2] + static_cast<std::int64_t>(column) * plan_.v[3], size(plan_.v[2]),
                      size(plan_.v[3]), size(count), std::min(kernels::kPanelColumns, width - column), 1.0F,
                      place(state_.packed_v) + column * size(plan_.keys) + size(first) * panel_width);
    }
  }

  /// False when the run is to stop.
  bool run_block(const Block& block) const {
    if (!multiply_keys(block)) return false;
    const std::int64_t group = std::max<std::int64_t>(1, kUnstoppedScores / block.keys);
    for (std::int64_t first = 0; first < block.count; first += group) {
      if (args_.control.abandon_if_stopped()) return false;
      weigh(block, first, std::min(group, block.count - first));
    }
    return multiply_values(block);
  }

  /// What the rows of a block lie along: 1 for heads and 2 for queries.
  std::size_t dimension() const { return state_.in_place && plan_.queries == 1 ? 1 : 2; }

  bool multiply_keys(const Block& block) const {
    const float* q = input(kQ) + batch_ * plan_.q[0] + block.head * plan_.q[1] + block.row * plan_.q[2];
    const std::size_t q_stride = size(plan_.q[dimension()]);
    float* scores = place(state_.scores);
    kernels::GemmEpilogue epilogue;
    if (state_.starts_as_mask) epilogue.bias = mask_at(block, 0);
    epilogue.fills_padding = true;
    return for_keys(block.keys, [&](std::int64_t first, std::int64_t count) {
      if (state_.in_place) {
        kernels::dot_rows(size(block.count), size(plan_.depth), q, q_stride, k_ + first * plan_.k[2], size(plan_.k[2]),
                          size(count), scores + first, state_.score_stride);
        return;
      }
      kernels::gemm(size(block.count), size(plan_.keys), size(plan_.depth), q, q_stride, place(state_.packed_k),
                    epilogue, scores, state_.score_stride, size(first) / kernels::kPanelColumns,
                    kernels::panel_count(size(first + count)));
    });
  }

  /// What softmax sees of the products of row `i` of the block.
  void prepare_row(float* scores, const Block& block, std::int64_t i) const {
    const std::size_t keys = size(block.keys);
    kernels::ScoreScale scale = state_.scaled_keys ? kernels::ScoreScale{} : plan_.scale;  // what is left to do of it
    const auto add = [&](const float* addend, std::int64_t stride) {
      kernels::scale_and_mask(scores, keys, scale, addend, size(stride));
      scale = {};
    };
    if (plan_.cap != 0) {
      if (scale.factor != 1.0F) add(nullptr, 0);
      kernels::apply_activation({kernels::ActivationKind::kTanh}, scores, scores, keys);
      scale = {plan_.cap, false};
    }
    if (plan_.has_filled) {
      add(nullptr, 0);
      fill(scores, block, i);
    }
    if (plan_.has_bias) add(input(kBias) + row_of(plan_.bias, block, i), plan_.bias[3]);
    if (plan_.has_mask || scale.factor != 1.0F) add(mask_at(block, i), plan_.mask[3]);
  }

  /// From scores to probabilities, in their place, for some rows of the block.
  void weigh(const Block& block, std::int64_t first, std::int64_t count) const {
    const std::size_t keys = size(block.keys);
    const std::size_t stride = state_.score_stride;
    float* const rows = place(state_.scores) + size(first) * stride;
    for (std::int64_t i = 0; i < count && !state_.starts_as_mask; ++i)
      prepare_row(rows + size(i) * stride, block, first + i);
    for (std::int64_t i = 0; i < count && plan_.has_sinks; ++i)
      rows[size(i) * stride + keys] = input(kSinks)[row_of(plan_.sinks, block, first + i)];
    kernels::softmax_padded(rows, stride, rows, stride, size(count), keys + (plan_.has_sinks ? 1 : 0));
    if (!plan_.nan_is_zero && !plan_.has_zero_rows) return;
    for (std::int64_t i = 0; i < count; ++i) {
      float* const row = rows + size(i) * stride;
      // A row of softmax is NaN everywhere or nowhere.
      const bool nan = plan_.nan_is_zero && std::isnan(*row);
      if (nan || is_zero_row(block, first + i)) std::fill_n(row, keys, 0.0F);
    }
  }

  /// Chunks are whole groups of the sum: its bits do not depend on them.
  bool multiply_values(const Block& block) const {
    float* y =
        static_cast<float*>(args_.outputs[0]) + batch_ * plan_.y[0] + block.head * plan_.y[1] + block.row * plan_.y[2];
    const std::size_t rows = size(block.count);
    const std::size_t width = size(plan_.width);
    const std::size_t y_stride = size(plan_.y[dimension()]);
    const float* probabilities = place(state_.scores);
    const std::size_t stride = state_.score_stride;
    const float* packed = state_.packs_v ? place(state_.packed_v) : v_;
    return for_keys(block.keys, [&](std::int64_t first, std::int64_t count) {
      kernels::GemmEpilogue epilogue;
      if (first != 0) epilogue = {nullptr, y, y_stride, 1};
      if (state_.in_place) {
        kernels::gemm_in_place(rows, size(count), probabilities + first, stride, v_ + first * plan_.v[2],
                               size(plan_.v[2]), epilogue, y, y_stride, 0, width);
        return;
      }
      if (state_.reads_rows) {
        kernels::gemm_of_rows(rows, width, size(count), probabilities + first, stride, v_ + first * plan_.v[2],
                              size(plan_.v[2]), epilogue, y, y_stride);
        return;
      }
      if (count == plan_.keys) {
        kernels::gemm(rows, width, size(count), probabilities, stride, packed, {}, y, y_stride, 0,
                      kernels::panel_count(width));
        return;
      }
      for (std::size_t panel = 0; panel < kernels::panel_count(width); ++panel) {
        const std::size_t column = panel * kernels::kPanelColumns;
        kernels::GemmEpilogue of_panel = epilogue;
        if (first != 0) of_panel.addend = y + column;
        kernels::gemm(rows, std::min(kernels::kPanelColumns, width - column), size(count), probabilities + first,
                      stride, packed + column * size(plan_.keys) + size(first) * kernels::panel_width(width, panel),
                      of_panel, y + column, y_stride, 0, 1);
      }
    });
  }

  /// Where a row of the block begins in a mask.
  std::int64_t row_of(const AttentionStrides& strides, const Block& block, std::int64_t i) const {
    return batch_ * strides[0] + block.head * strides[1] + block.row * strides[2] + i * strides[dimension()];
  }

  /// Null without a mask.
  const float* mask_at(const Block& block, std::int64_t i) const {
    return plan_.has_mask ? input(kMask) + row_of(plan_.mask, block, i) : nullptr;
  }

  bool is_zero_row(const Block& block, std::int64_t i) const {
    return plan_.has_zero_rows && is_true_at(args_.inputs[kZeroRows], size(row_of(plan_.zero_rows, block, i)));
  }

  void fill(float* scores, const Block& block, std::int64_t i) const {
    const auto* filled = static_cast<const std::uint8_t*>(args_.inputs[kFilled]) + row_of(plan_.filled, block, i);
    for (std::int64_t key = 0; key < plan_.keys; ++key) {
      const bool fills = (filled[key * plan_.filled[3]] != 0) == plan_.fills_where;
      scores[key] = fills ? plan_.fill : scores[key];
    }
  }

  static std::size_t size(std::int64_t number) { return static_cast<std::size_t>(number); }

  const RunArguments& args_;
  const State& state_;
  const AttentionPlan& plan_;
  std::byte* workspace_;
  std::int64_t batch_ = 0, first_head_ = 0;
  const float* k_ = nullptr;
  const float* v_ = nullptr;
  std::optional<float> largest_key_;  ///< a magnitude; infinity where V is not finite
};

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const AttentionPlan& plan = state.plan;
  const std::int64_t key_heads = plan.batches * (plan.heads / plan.heads_of_key);
  const double scores =
      static_cast<double>(key_heads) * static_cast<double>(state.rows) * static_cast<double>(plan.keys);
  const double work = scores * score_nanoseconds(plan);
  args.control.parallel_for(
      static_cast<std::size_t>(key_heads * state.tasks_per_key_head), work, [&](std::size_t task, std::size_t worker) {
        const auto index = static_cast<std::int64_t>(task);
        const std::int64_t first = index % state.tasks_per_key_head * state.rows_per_task;
        Task(args, state, worker)
            .run(index / state.tasks_per_key_head, first, std::min(state.rows_per_task, state.rows - first));
      });
}

}  // namespace

Implementation simd_attention() { return {"simd", Backend::kSimd, accepts, prepare, run}; }

}  // namespace linnet::internal
