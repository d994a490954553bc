// ArgMax, ArgMin: where along `axis` (in [-r,r), default 0) the largest or smallest element of data stands. Of equal
// ones the first counts, with select_last_index = 1 (from opset 12) the last; NaN comes before every number, as in
// PyTorch and NumPy, and 0 and -0 are equal. reduced (int64) has data's shape, in which the axis has size 1 (keepdims =
// 1, the default) or is dropped. Opsets 1 to newest; all numeric types are accepted at every opset. An axis of size 0
// is refused, unless the result is empty.
#include "ops/reduction/arg_max.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTask = 32768;  // elements
constexpr double kSimdCost = 0.15;    // ns per element
constexpr double kReferenceCost = 1.0;
constexpr std::size_t kColumns = 512;
constexpr std::size_t kLeastColumns = 64;
constexpr std::int64_t kLongestColumn = 1 << 20;
constexpr std::size_t kShortRow = 40;  // from here on the kernel pays

struct ArgAttributes : Attributes {
  std::int64_t axis = 0;
  bool keep_dims = true;
  bool last = false;
  bool smallest = false;
};

template <bool kSmallest>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ArgAttributes>();
  attributes->axis = context.get_int("axis", 0);
  attributes->keep_dims = context.get_int("keepdims", 1) != 0;
  if (context.opset() >= 12) attributes->last = context.get_int("select_last_index", 0) != 0;
  attributes->smallest = kSmallest;
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<ArgAttributes>().axis, node.input_rank(0)));
}

void infer(InferContext& context) {
  Dims dims = context.input_dims(0);
  if (dims.empty()) invalid_model("input data is a scalar, expected rank 1 or more");
  const std::size_t axis = axis_of(context);
  const bool empty = dims[axis].is(0);
  if (context.attributes<ArgAttributes>().keep_dims) {
    dims[axis] = 1;
  } else {
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  const Dim results = element_count(dims);
  if (empty && results.known() && !results.is(0)) {
    invalid_model("axis ", axis, " of input data has size 0, of which no element is the ",
                  context.attributes<ArgAttributes>().smallest ? "smallest" : "largest");
  }
  context.set_output(0, std::move(dims));
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ArgAttributes>();
  auto state = new_shared<ExtremeSearch>();
  state->type = context.input_type(0);
  state->last = attributes.last;
  state->smallest = attributes.smallest;
  const Shape data = context.input_shape(0);
  if (element_count(data) > 0) {
    const auto at_axis = data.begin() + static_cast<std::ptrdiff_t>(axis_of(context));
    state->outer = static_cast<std::size_t>(element_count(Shape(data.begin(), at_axis)));
    state->size = static_cast<std::size_t>(*at_axis);
    state->inner = static_cast<std::size_t>(element_count(Shape(at_axis + 1, data.end())));
  }
  return {std::move(state), 0, 0};
}

/// Of elements that come one after another.
template <typename W>
bool comes_before(W x, W best) {
  if constexpr (std::is_integral_v<W>) {
    return x > best;
  } else {
    return !(x <= best) && !std::isnan(best);
  }
}

/// Elements, changed so that the extreme is the largest, also among uint64 in lines of int64.
template <typename W>
void load(const ExtremeSearch& search, const void* data, std::size_t first, std::size_t count, W* line) {
  load_line(search.type, data, first, count, line);
  if constexpr (std::is_integral_v<W>) {
    const W mask = (search.smallest ? W{-1} : W{0}) ^ (search.type == DataType::kUint64 ? INT64_MIN : W{0});
    for (std::size_t i = 0; mask != 0 && i < count; ++i) line[i] ^= mask;
  } else {
    for (std::size_t i = 0; search.smallest && i < count; ++i) line[i] = -line[i];
  }
}

/// Of a row of elements next to each other, from `begin` on. The last of equal ones is the first from the other end.
template <typename W>
std::int64_t best_of_row(RunControl& control, const ExtremeSearch& search, const void* data, std::size_t begin) {
  W line[kLinedUp];
  W best = 0;
  std::size_t found = search.size;
  for (std::size_t done = 0; done < search.size; done += kLinedUp) {
    if (control.abandon_if_stopped()) return 0;
    const std::size_t count = std::min(kLinedUp, search.size - done);
    const std::size_t first = search.last ? search.size - done - count : done;
    load(search, data, begin + first, count, line);
    if (search.last) std::reverse(line, line + count);
    for (std::size_t i = 0; i < count; ++i) {
      if (found < search.size && !comes_before(line[i], best)) continue;
      best = line[i];
      found = done + i;
    }
  }
  return static_cast<std::int64_t>(search.last ? search.size - 1 - found : found);
}

/// Of `count` columns, from element `begin` on. Index is as wide as W, for the loop to be vectorised.
template <typename W>
void best_of_columns(RunControl& control, const ExtremeSearch& search, const void* data, std::size_t begin,
                     std::size_t count, std::int64_t* to) {
  using Index = std::conditional_t<sizeof(W) == 4, std::uint32_t, std::uint64_t>;
  W line[kColumns];
  W best[kColumns];
  Index found[kColumns] = {};
  const auto load_row = [&](std::size_t done, W* row) {
    load(search, data, begin + (search.last ? search.size - 1 - done : done) * search.inner, count, row);
  };
  load_row(0, best);
  for (std::size_t done = 1; done < search.size; ++done) {
    if (control.abandon_if_stopped()) return;
    load_row(done, line);
    const auto index = static_cast<Index>(done);
    for (std::size_t i = 0; i < count; ++i) {
      const bool better = comes_before(line[i], best[i]);
      best[i] = better ? line[i] : best[i];
      found[i] = better ? index : found[i];
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(found[i]);
    to[i] = static_cast<std::int64_t>(search.last ? search.size - 1 - index : index);
  }
}

/// Calls body(row) for the rows of the result.
template <typename Body>
void for_rows(RunControl& control, const ExtremeSearch& search, double cost, const Body& body) {
  const std::size_t rows = std::max<std::size_t>(1, kTask / search.size);
  const double work = static_cast<double>(search.outer * search.size) * cost;
  control.parallel_for((search.outer + rows - 1) / rows, work, [&](std::size_t task) {
    const std::size_t end = std::min(search.outer, (task + 1) * rows);
    for (std::size_t row = task * rows; row < end; ++row) body(row);
  });
}

template <typename W>
void search_lines(RunControl& control, const ExtremeSearch& search, const void* data, std::int64_t* found) {
  if (search.inner == 1) {
    return for_rows(control, search, kReferenceCost,
                    [&](std::size_t row) { found[row] = best_of_row<W>(control, search, data, row * search.size); });
  }
  const std::size_t blocks = (search.inner + kColumns - 1) / kColumns;
  const double work = static_cast<double>(search.outer * search.size * search.inner) * kReferenceCost;
  control.parallel_for(search.outer * blocks, work, [&](std::size_t task) {
    const std::size_t column = task % blocks * kColumns;
    const std::size_t row = task / blocks;
    best_of_columns<W>(control, search, data, row * search.size * search.inner + column,
                       std::min(kColumns, search.inner - column), found + row * search.inner + column);
  });
}

bool is_best(float x, float best) { return x == best; }
bool is_nan(float x, float) { return std::isnan(x); }

/// The first or last index where found(x[i], best). Requires: there is one.
template <bool (*kFound)(float x, float best)>
std::size_t index_of(const float* x, std::size_t count, float best, bool last) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t done = 0; done < count; done += kBlock) {
    const std::size_t size = std::min(kBlock, count - done);
    const std::size_t first = last ? count - done - size : done;
    int any = 0;
    for (std::size_t i = first; i < first + size; ++i) any |= kFound(x[i], best) ? 1 : 0;
    if (any == 0) continue;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t index = last ? first + size - 1 - i : first + i;
      if (kFound(x[index], best)) return index;
    }
  }
  return 0;
}

/// Grows with x; that of NaN is the largest, and 0 and -0 have the same.
std::int32_t key_of(float x) {
  if (std::isnan(x)) return INT32_MAX;
  x += 0.0F;  // no -0
  std::int32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits < 0 ? bits ^ INT32_MAX : bits;
}

/// As best_of_row, for rows too short for a kernel. With the key above and what is left of the row below, one maximum,
/// which needs no branch, finds the first of equal elements.
std::size_t best_of_short_row(const float* x, std::size_t count, bool smallest, bool last) {
  const float sign = smallest ? -1.0F : 1.0F;
  std::int64_t best = INT64_MIN;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t key = key_of(x[last ? count - 1 - i : i] * sign);
    best = std::max(best, key * (std::int64_t{1} << 32) + static_cast<std::int64_t>(count - 1 - i));
  }
  const auto left = static_cast<std::size_t>(best & UINT32_MAX);
  return last ? left : count - 1 - left;
}

/// The extreme first, then where it stands.
std::size_t best_of_long_row(const float* x, std::size_t count, bool smallest, bool last) {
  const auto kind = smallest ? kernels::ReduceKind::kMinimum : kernels::ReduceKind::kMaximum;
  const auto best = static_cast<float>(kernels::reduce_row(kind, x, count));
  return std::isnan(best) ? index_of<is_nan>(x, count, best, last) : index_of<is_best>(x, count, best, last);
}

/// Where the axis is not the last one: `count` neighbouring results. The last of equal ones is the
/// first from the other end.
void best_of_float_columns(const ExtremeSearch& search, const float* data, std::size_t count, std::int64_t* to) {
  std::uint32_t found[kColumns];
  const auto stride = static_cast<std::ptrdiff_t>(search.inner);
  const float* const first = search.last ? data + (search.size - 1) * search.inner : data;
  kernels::find_extreme_rows(search.smallest, first, found, search.size, count, search.last ? -stride : stride);
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = search.last ? static_cast<std::int64_t>(search.size - 1 - found[i]) : std::int64_t{found[i]};
  }
}

void search_columns(RunControl& control, const ExtremeSearch& search, const float* data, std::int64_t* reduced) {
  const std::size_t columns = std::clamp(kTask / search.size, kLeastColumns, kColumns);
  const std::size_t blocks = (search.inner + columns - 1) / columns;
  const double work = static_cast<double>(search.outer * search.size * search.inner) * kSimdCost;
  control.parallel_for(search.outer * blocks, work, [&](std::size_t task) {
    const std::size_t column = task % blocks * columns;
    const std::size_t row = task / blocks;
    best_of_float_columns(search, data + row * search.size * search.inner + column,
                          std::min(columns, search.inner - column), reduced + row * search.inner + column);
  });
}

void run_simd(const RunArguments& args) {
  const auto& search = *static_cast<const ExtremeSearch*>(args.state);
  if (search.outer == 0) return;
  const auto* data = static_cast<const float*>(args.inputs[0]);
  auto* reduced = static_cast<std::int64_t*>(args.outputs[0]);
  if (search.inner != 1) return search_columns(args.control, search, data, reduced);
  const auto best_of = search.size < kShortRow ? best_of_short_row : best_of_long_row;
  for_rows(args.control, search, kSimdCost, [&](std::size_t row) {
    const std::size_t index = best_of(data + row * search.size, search.size, search.smallest, search.last);
    reduced[row] = static_cast<std::int64_t>(index);
  });
}

void run_reference(const RunArguments& args) {
  find_extremes(args.control, *static_cast<const ExtremeSearch*>(args.state), args.inputs[0],
                static_cast<std::int64_t*>(args.outputs[0]));
}

/// A task that cannot be stopped must not last.
std::string accepts(const NodeView& node) {
  std::string reason = accepts_float32(node);
  if (!reason.empty()) return reason;
  const Shape data = node.input_shape(0);
  const std::size_t axis = axis_of(node);
  const bool is_last = element_count(Shape(data.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.end())) == 1;
  return is_last || data[axis] <= kLongestColumn ? ""
                                                 : text("the axis, not the last one, is longer than ", kLongestColumn);
}

constexpr InputDef kInputs[] = {{"data", kNumericTypes}};
constexpr OutputDef kOutputs[] = {{"reduced", kInt64Type}};

template <bool kSmallest>
OpDef arg(const char* name) {
  OpDef op;
  op.name = name;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse<kSmallest>;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, accepts, prepare, run_simd},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  return op;
}

}  // namespace

void find_extremes(RunControl& control, const ExtremeSearch& search, const void* data, std::int64_t* found) {
  if (search.outer == 0) return;
  if (!kFloatTypes.has(search.type)) return search_lines<std::int64_t>(control, search, data, found);
  // Other floats are exact in 32 bits; indices, which stand beside them, are to fit as well.
  const bool wide = search.type == DataType::kFloat64 || search.size > UINT32_MAX;
  wide ? search_lines<double>(control, search, data, found) : search_lines<float>(control, search, data, found);
}

void register_arg_max(Registry& registry) { registry.add(arg<false>("ArgMax")); }
void register_arg_min(Registry& registry) { registry.add(arg<true>("ArgMin")); }

}  // namespace linnet::internal
