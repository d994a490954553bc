// RotaryEmbedding: turns pairs of the first R elements of each head by an angle that the token's position p gives:
//   y1 = cos[p] x1 - sin[p] x2, y2 = sin[p] x1 + cos[p] x2
// A pair is elements i and i + R/2, where `interleaved` is 1 elements 2i and 2i + 1. R is rotary_embedding_dim, all of
// the head where that is 0; what is behind R stays. X is [batch, heads, tokens, width], or [batch, tokens, heads *
// width] with num_heads. cos_cache and sin_cache are [positions, R/2] with position_ids [batch, tokens] (int64,
// negative ones count from the back as in Gather, which the definition uses), or [batch, tokens, R/2] without; batch
// and tokens may be 1 there. Opsets 23 to newest. Types: float32, float16, bfloat16, all the same.
//
// Deviation: it is computed in float32 and rounded once, where the definition rounds every product.
//
// Nodes that spell it out (fusions/rotary_fusions.cpp) may have cos and sin for each element of R:
//   y[i] = x[i] cos[i] - x[i + R/2] sin[i], y[i + R/2] = x[i + R/2] cos[i + R/2] + x[i] sin[i + R/2]
// likewise with `interleaved`.
#include "ops/attention/rotary_embedding.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "ops/kernels/rotation.hpp"
#include "ops/movement/index_inputs.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr std::int64_t kTaskElements = 32768;
constexpr double kCost = 0.3;  // ns per element

using Rotary = RotaryEmbeddingAttributes;

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<Rotary>();
  attributes->interleaved = context.get_int("interleaved", 0) != 0;
  attributes->heads = context.get_int("num_heads", 0);
  attributes->turned = context.get_int("rotary_embedding_dim", 0);
  return attributes;
}

/// Elements of a head, as far as known.
Dim width_of(const NodeView& node) {
  const Dims& x = node.input_dims(0);
  if (x.size() != 3 || node.attributes<Rotary>().broadcasts) return x.back();
  return x[2].known() ? Dim(x[2].value() / node.attributes<Rotary>().heads) : Dim::unknown();
}

/// Pairs of a head, as far as known.
Dim pairs_of(const NodeView& node) {
  const std::int64_t turned = node.attributes<Rotary>().turned;
  if (turned != 0) return turned / 2;
  const Dim width = width_of(node);
  return width.known() ? Dim(width.value() / 2) : Dim::unknown();
}

void check_sizes(const NodeView& node) {
  const auto& attributes = node.attributes<Rotary>();
  const Dims& x = node.input_dims(0);
  if (x.size() != 3 && x.size() != 4) invalid_model("X is ", x, ", expected rank 3 or 4");
  if (x.size() == 3 && attributes.heads <= 0) {
    invalid_model("num_heads is ", attributes.heads, ", expected the heads of X, which is ", x);
  }
  if (x.size() == 3 && x[2].known() && x[2].value() % attributes.heads != 0) {
    invalid_model("X is ", x, ", whose last dimension is no multiple of num_heads ", attributes.heads);
  }
  const Dim width = width_of(node);
  const std::int64_t turned = attributes.turned;
  if (turned < 0 || turned % 2 != 0 || (width.known() && turned > width.value())) {
    invalid_model("rotary_embedding_dim is ", turned, ", expected an even number up to the width of a head, ", width);
  }
  if (turned == 0 && width.known() && width.value() % 2 != 0) {
    invalid_model("heads are ", width, " wide, expected an even width");
  }
}

void check_table(const NodeView& node, std::size_t input, const char* name) {
  const Dims& table = node.input_dims(input);
  const Dims& x = node.input_dims(0);
  const bool by_position = node.has_input(3);
  if (table.size() != (by_position ? 2 : 3)) {
    invalid_model(name, " is ", table, ", expected rank ", by_position ? "2 with" : "3 without", " position_ids");
  }
  const Dim pairs = pairs_of(node);
  if (table.back().differs(pairs)) {
    invalid_model(name, " is ", table, ", expected ", pairs, " columns: half of what is turned of each head");
  }
  if (by_position) return;
  const Dim tokens = x[x.size() == 3 ? 1 : 2];
  if ((!table[0].is(1) && table[0].differs(x[0])) || (!table[1].is(1) && table[1].differs(tokens))) {
    invalid_model(name, " is ", table, ", expected [", x[0], ",", tokens, ",", pairs, "] for X ", x);
  }
}

void check_positions(const NodeView& node) {
  const Dims& positions = node.input_dims(3);
  const Dims& x = node.input_dims(0);
  const Dim tokens = x[x.size() == 3 ? 1 : 2];
  const bool fits = positions.size() == 2 && (positions[0].is(1) || !positions[0].differs(x[0])) &&
                    (positions[1].is(1) || !positions[1].differs(tokens));
  if (!fits) invalid_model("position_ids is ", positions, ", expected [", x[0], ",", tokens, "] for X ", x);
}

void infer(InferContext& context) {
  if (context.attributes<Rotary>().broadcasts) {
    Dims y = context.input_dims(0);
    for (const std::size_t table : {1, 2}) {
      Dims dims = context.input_dims(table);
      dims.back() = y.back();  // a pair has one column or two
      y = broadcast(y, dims);
    }
    return context.set_output(0, std::move(y));
  }
  check_sizes(context);
  check_table(context, 1, "cos_cache");
  check_table(context, 2, "sin_cache");
  if (context.has_input(3)) check_positions(context);
  context.set_output(0, context.input_dims(0));
}

/// Strides along the dimensions of Y before its rows.
using Strides = std::array<std::int64_t, 3>;

/// Y as rows of one head and one token.
struct State {
  DataType type = DataType::kFloat32;
  bool interleaved = false;
  std::int64_t rows = 0;
  std::array<std::int64_t, 3> sizes = {1, 1, 1};  ///< their product is `rows`
  std::int64_t width = 0, pairs = 0;
  std::int64_t step = 1;    ///< from the cos and sin of a pair to those of the next one
  std::int64_t second = 0;  ///< where those of a pair's second element begin
  Strides x = {}, cos = {}, sin = {};
  bool by_position = false;
  Strides positions = {};
  std::size_t position_count = 0;
  std::int64_t cos_rows = 0, sin_rows = 0;  ///< of tables by position
};

/// Of a tensor whose dimensions are those of Y, or 1, from the last on.
Strides broadcast_strides(const Shape& shape) {
  const std::vector<std::int64_t> dense = row_major_strides(shape);
  Strides strides = {};
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
    if (shape[i] != 1) strides[3 - (shape.size() - 1 - i)] = dense[i];
  }
  return strides;
}

/// Of [batch, tokens, ...], where heads lie before or behind the tokens of Y.
Strides token_strides(const Shape& shape, std::int64_t columns, bool heads_first) {
  const std::int64_t batch = shape[0] == 1 ? 0 : shape[1] * columns;
  const std::int64_t token = shape[1] == 1 ? 0 : columns;
  return heads_first ? Strides{batch, 0, token} : Strides{batch, token, 0};
}

void place_tables(const PrepareContext& context, State& state) {
  const bool heads_first = context.input_rank(0) == 4;
  const Shape cos = context.input_shape(1);
  const Shape sin = context.input_shape(2);
  if (!state.by_position) {
    state.cos = token_strides(cos, cos[2], heads_first);
    state.sin = token_strides(sin, sin[2], heads_first);
    return;
  }
  state.positions = token_strides(context.input_shape(3), 1, heads_first);
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<Rotary>();
  auto state = new_shared<State>();
  const Shape y = context.output_shape(0);
  state->type = context.input_type(0);
  state->interleaved = attributes.interleaved;
  state->width = width_of(context).value();
  state->pairs = pairs_of(context).value();
  state->by_position = context.has_input(3);
  if (state->by_position) {
    state->position_count = static_cast<std::size_t>(element_count(context.input_shape(3)));
    state->cos_rows = context.input_shape(1)[0];
    state->sin_rows = context.input_shape(2)[0];
  }
  if (element_count(y) == 0) return {state, 0, 0};  // the other sizes may be any
  state->rows = element_count(y) / state->width;
  if (attributes.broadcasts) {
    for (std::size_t i = 0; i + 1 < y.size(); ++i) state->sizes[3 - (y.size() - 1 - i)] = y[i];
    if (context.input_shape(1).back() == 2 * state->pairs) {
      state->step = state->interleaved ? 2 : 1;
      state->second = state->interleaved ? 1 : state->pairs;
    }
    state->x = broadcast_strides(context.input_shape(0));
    state->cos = broadcast_strides(context.input_shape(1));
    state->sin = broadcast_strides(context.input_shape(2));
  } else {
    state->sizes = {y[0], y[1], y.size() == 4 ? y[2] : attributes.heads};
    state->x = {state->sizes[1] * state->sizes[2] * state->width, state->sizes[2] * state->width, state->width};
    place_tables(context, *state);
  }
  return {state, 0, 0};
}

/// Where the parts of a row lie, in elements; of tables by position, where its position does.
struct Row {
  std::int64_t x = 0, cos = 0, sin = 0, position = 0;
};

/// Rows one after the other.
class Rows {
 public:
  Rows(const RunArguments& args, const State& state, std::int64_t first)
      : state_(&state), positions_(state.by_position ? static_cast<const std::int64_t*>(args.inputs[3]) : nullptr) {
    for (std::size_t i = 3; i-- > 0;) {
      index_[i] = first % state.sizes[i];
      first /= state.sizes[i];
    }
    find();
  }

  Row row() const {
    if (positions_ == nullptr) return {row_.x, row_.cos, row_.sin, 0};
    const std::int64_t position = positions_[row_.position];
    return {row_.x, static_cast<std::int64_t>(counted_from_front(position, state_->cos_rows)) * state_->pairs,
            static_cast<std::int64_t>(counted_from_front(position, state_->sin_rows)) * state_->pairs, 0};
  }

  void next() {
    row_.x += state_->x[2];
    row_.cos += state_->cos[2];
    row_.sin += state_->sin[2];
    row_.position += state_->positions[2];
    if (++index_[2] < state_->sizes[2]) return;
    index_[2] = 0;
    if (++index_[1] == state_->sizes[1]) {
      index_[1] = 0;
      ++index_[0];
    }
    find();
  }

 private:
  void find() {
    const auto along = [&](const Strides& strides) {
      return index_[0] * strides[0] + index_[1] * strides[1] + index_[2] * strides[2];
    };
    row_ = {along(state_->x), along(state_->cos), along(state_->sin), along(state_->positions)};
  }

  const State* state_;
  const std::int64_t* positions_;
  std::array<std::int64_t, 3> index_ = {};
  Row row_;
};

/// The rows one after the other, in tasks.
template <typename Turn>
void for_rows(const RunArguments& args, const Turn& turn) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.by_position) {
    const std::int64_t table_rows = std::min(state.cos_rows, state.sin_rows);
    check_indices(args.control, DataType::kInt64, args.inputs[3], state.position_count, &table_rows);
  }
  if (state.rows == 0) return;
  const std::size_t chunk = static_cast<std::size_t>(std::max<std::int64_t>(1, kTaskElements / state.width));
  for_chunks(args.control, static_cast<std::size_t>(state.rows), chunk, kCost * static_cast<double>(state.width),
             [&](std::size_t first, std::size_t count) {
               Rows rows(args, state, static_cast<std::int64_t>(first));
               for (std::size_t i = 0; i < count; ++i, rows.next()) {
                 turn(state, rows.row(), static_cast<std::int64_t>(first + i) * state.width);
               }
             });
}

/// What is behind the pairs.
void keep_rest(const RunArguments& args, const State& state, const Row& row, std::int64_t y) {
  if (state.width == 2 * state.pairs) return;
  const auto size = static_cast<std::int64_t>(size_of(state.type));
  const std::byte* from = static_cast<const std::byte*>(args.inputs[0]) + (row.x + 2 * state.pairs) * size;
  std::byte* to = static_cast<std::byte*>(args.outputs[0]) + (y + 2 * state.pairs) * size;
  if (from != to) std::memcpy(to, from, static_cast<std::size_t>((state.width - 2 * state.pairs) * size));
}

void turn_float_row(const RunArguments& args, const State& state, const Row& row, std::int64_t y_offset) {
  const float* x = static_cast<const float*>(args.inputs[0]) + row.x;
  const float* cos = static_cast<const float*>(args.inputs[1]) + row.cos;
  const float* sin = static_cast<const float*>(args.inputs[2]) + row.sin;
  float* y = static_cast<float*>(args.outputs[0]) + y_offset;
  const kernels::Rotation by = {cos, sin, cos + state.second, sin + state.second};
  const auto pairs = static_cast<std::size_t>(state.pairs);
  if (state.step == 2) return kernels::rotate_neighbours(x, cos, sin, y, 2 * pairs);
  if (state.interleaved) return kernels::rotate_pairs(x, by, y, pairs);
  kernels::rotate_halves(x, x + pairs, by, y, y + pairs, pairs);
}

/// Any type, a line of pairs after the other. A row of one line is widened and rounded as a whole: to begin takes
/// longer than a line.
void turn_lines(const RunArguments& args, const State& state, const Row& row, std::int64_t y) {
  constexpr std::int64_t kLine = 128;
  float x[2 * kLine], cos[2 * kLine], sin[2 * kLine];
  const auto load = [&](const void* from, std::int64_t at, std::int64_t count, float* line) {
    load_line(state.type, from, static_cast<std::size_t>(at), static_cast<std::size_t>(count), line);
  };
  const auto store = [&](const float* line, std::int64_t at, std::int64_t count) {
    store_line(state.type, line, static_cast<std::size_t>(at), static_cast<std::size_t>(count), args.outputs[0]);
  };
  const bool whole = state.interleaved || state.pairs <= kLine;
  const std::int64_t second_at = state.second == 0 ? 0 : kLine;
  for (std::int64_t i = 0; i < state.pairs; i += kLine) {
    const std::int64_t count = std::min(kLine, state.pairs - i);
    load(args.inputs[1], row.cos + i, count, cos);
    load(args.inputs[2], row.sin + i, count, sin);
    if (state.second != 0) {
      load(args.inputs[1], row.cos + state.second + i, count, cos + kLine);
      load(args.inputs[2], row.sin + state.second + i, count, sin + kLine);
    }
    const kernels::Rotation by = {cos, sin, cos + second_at, sin + second_at};
    const auto pairs = static_cast<std::size_t>(count);
    float* const x2 = whole ? x + count : x + kLine;
    load(args.inputs[0], row.x + (state.interleaved ? 2 * i : i), whole ? 2 * count : count, x);
    if (!whole) load(args.inputs[0], row.x + state.pairs + i, count, x2);
    if (state.interleaved) {
      kernels::rotate_pairs(x, by, x, pairs);
    } else {
      kernels::rotate_halves(x, x2, by, x, x2, pairs);
    }
    store(x, y + (state.interleaved ? 2 * i : i), whole ? 2 * count : count);
    if (!whole) store(x2, y + state.pairs + i, count);
  }
}

void run(const RunArguments& args) {
  for_rows(args, [&](const State& state, const Row& row, std::int64_t y) {
    keep_rest(args, state, row, y);
    state.type == DataType::kFloat32 ? turn_float_row(args, state, row, y) : turn_lines(args, state, row, y);
  });
}

/// In double, a pair after the other.
void run_reference(const RunArguments& args) {
  for_rows(args, [&](const State& state, const Row& row, std::int64_t y) {
    keep_rest(args, state, row, y);
    const auto load = [&](std::size_t input, std::int64_t at) {
      double element = 0;
      load_line(state.type, args.inputs[input], static_cast<std::size_t>(at), 1, &element);
      return element;
    };
    for (std::int64_t i = 0; i < state.pairs; ++i) {
      const std::int64_t first = state.interleaved ? 2 * i : i;
      const std::int64_t second = state.interleaved ? 2 * i + 1 : i + state.pairs;
      const double x1 = load(0, row.x + first);
      const double x2 = load(0, row.x + second);
      const std::int64_t own = i * state.step;
      const std::int64_t other = state.second + own;
      const double y1 = x1 * load(1, row.cos + own) - x2 * load(2, row.sin + own);
      const double y2 = x2 * load(1, row.cos + other) + x1 * load(2, row.sin + other);
      store_line(state.type, &y1, static_cast<std::size_t>(y + first), 1, args.outputs[0]);
      store_line(state.type, &y2, static_cast<std::size_t>(y + second), 1, args.outputs[0]);
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 3) return std::nullopt;
  const Dim cos = node.input_dims(1)[0];
  const Dim sin = node.input_dims(2)[0];
  const Dim rows = cos.known() && sin.known() ? Dim(std::min(cos.value(), sin.value())) : Dim::unknown();
  return wanted_indices(rows, "a position, a row of cos_cache and sin_cache");
}

constexpr InputDef kInputs[] = {
    {"X", kTypes},
    {"cos_cache", kTypes, kTypeOfFirst},
    {"sin_cache", kTypes, kTypeOfFirst},
    {"position_ids", kInt64Type, kMayBeLeftOut},
};

}  // namespace

void register_rotary_embedding(Registry& registry) {
  OpDef op;
  op.name = "RotaryEmbedding";
  op.since_opset = 23;
  op.inputs = kInputs;
  op.outputs = kYOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, nullptr, prepare, run},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
