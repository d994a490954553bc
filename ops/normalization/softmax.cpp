// Softmax: Y = exp(X - m) / sum(exp(X - m)), and LogSoftmax: Y = X - m - log(sum(exp(X - m))), where m is the maximum
// along the axis and the sums run over it. X and Y have the same type and shape, of rank 1 or more. Opsets 7 to newest:
//   from 13 `axis` is one axis, -1 by default;
//   before 13 X counts as a matrix [dimensions before `axis`, dimensions from `axis` on] and the sums run over its
//   rows; `axis` is 1 by default.
// bfloat16 (from 13) is accepted at every opset. NaN or +inf in a row makes the row NaN, as does a row of -inf only;
// finite rows never give NaN. float32 by the kernels, 16-bit floats by way of float32 (simd half), float64 by
// kernels of its own (simd double); the reference computes in double and rounds once.
#include "ops/normalization/softmax.hpp"
#include "ops/normalization/softmax_tasks.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>
#include <cmath>

#include "ops/kernels/softmax.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

template <bool kLogarithm>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<SoftmaxAttributes>();
  attributes->flattened = context.opset() < 13;
  attributes->axis = context.get_int("axis", attributes->flattened ? 1 : -1);
  attributes->logarithm = kLogarithm;
  return attributes;
}

void infer(InferContext& context) {
  infer_like_first(context);
  normalized_axis(context.attributes<SoftmaxAttributes>().axis, context.input_rank(0));
}

constexpr double kSimdCost = 1.5;  // ns per element
constexpr double kReferenceCost = 25.0;

using State = SoftmaxState;
using Task = SoftmaxTask;

Prepared prepare(const PrepareContext& context) {
  Prepared prepared;
  prepared.state = softmax_state(context);
  return prepared;
}

/// Contiguous rows longer than this are shared by tasks of kPart elements; the parts' sums lie in the workspace.
constexpr std::int64_t kLongRow = std::int64_t{1} << 18;
constexpr std::int64_t kPart = std::int64_t{1} << 16;

bool has_long_rows(const SoftmaxExtents& extents) { return extents.inner == 1 && extents.axis > kLongRow; }

std::int64_t parts_of(const SoftmaxExtents& extents) { return (extents.axis + kPart - 1) / kPart; }

void run_rows(const RowArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto rows = state.logarithm ? kernels::log_softmax_padded : kernels::softmax_padded;
  const auto columns = static_cast<std::size_t>(state.extents.axis);
  rows(static_cast<const float*>(args.x), args.x_row_bytes / sizeof(float), static_cast<float*>(args.y), columns,
       args.rows, columns);
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const SoftmaxExtents extents = softmax_extents(context);
  if (has_long_rows(extents)) {
    prepared.workspace_bytes = static_cast<std::size_t>(parts_of(extents)) * sizeof(kernels::LogSoftmaxSums);
  } else if (extents.inner == 1 && extents.count() > 0) {
    RowWise& rows = prepared.row_wise;
    rows.run = run_rows;
    rows.rows = static_cast<std::size_t>(extents.outer);
    rows.x_row_bytes = rows.y_row_bytes = static_cast<std::size_t>(extents.axis) * sizeof(float);
    rows.reads_padded = true;
    rows.row_cost = static_cast<double>(extents.axis) * kSimdCost;
  }
  return prepared;
}

/// One row in parts: how it is cut, and so its bits, depends on its length only.
class LongRow {
 public:
  LongRow(const RunArguments& args, const SoftmaxExtents& extents, std::int64_t row)
      : control_(args.control),
        x_(static_cast<const float*>(args.inputs[0]) + row * extents.axis),
        y_(static_cast<float*>(args.outputs[0]) + row * extents.axis),
        length_(extents.axis),
        parts_(static_cast<std::size_t>(parts_of(extents))),
        sums_(static_cast<kernels::LogSoftmaxSums*>(args.workspace)) {}

  void softmax() {
    const float maximum = find_maximum();
    for_parts([&](std::size_t part, std::size_t begin, std::size_t size) {
      sums_[part].scaled_others = kernels::softmax_exponentials(x_ + begin, y_ + begin, size, maximum);
    });
    const double sum = total().scaled_others;
    for_parts(
        [&](std::size_t, std::size_t begin, std::size_t size) { kernels::softmax_divide(sum, y_ + begin, size); });
  }

  void log_softmax() {
    const float maximum = find_maximum();
    for_parts([&](std::size_t part, std::size_t begin, std::size_t size) {
      sums_[part] = kernels::log_softmax_sums(x_ + begin, size, maximum);
    });
    const kernels::LogSoftmaxSums sums = total();
    for_parts([&](std::size_t, std::size_t begin, std::size_t size) {
      kernels::log_softmax_results(x_ + begin, y_ + begin, size, maximum, sums);
    });
  }

 private:
  template <typename Body>
  void for_parts(const Body& body) {
    control_.parallel_for(parts_, static_cast<double>(length_) * kSimdCost / 3.0, [&](std::size_t part) {
      const std::int64_t begin = static_cast<std::int64_t>(part) * kPart;
      body(part, static_cast<std::size_t>(begin), static_cast<std::size_t>(std::min(kPart, length_ - begin)));
    });
  }

  float find_maximum() {
    for_parts([&](std::size_t part, std::size_t begin, std::size_t size) {
      sums_[part] = {static_cast<double>(kernels::softmax_maximum(x_ + begin, size)), 0.0};
    });
    double largest = sums_[0].equal;
    for (std::size_t part = 1; part < parts_; ++part) largest = std::max(largest, sums_[part].equal);
    return static_cast<float>(largest);
  }

  kernels::LogSoftmaxSums total() const {
    kernels::LogSoftmaxSums sums;
    for (std::size_t part = 0; part < parts_; ++part) {
      sums.equal += sums_[part].equal;
      sums.scaled_others += sums_[part].scaled_others;
    }
    return sums;
  }

  RunControl& control_;
  const float* x_;
  float* y_;
  std::int64_t length_;
  std::size_t parts_;
  kernels::LogSoftmaxSums* sums_;
};

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const SoftmaxExtents& extents = state.extents;
  if (has_long_rows(extents)) {
    for (std::int64_t row = 0; row < extents.outer; ++row) {
      LongRow long_row(args, extents, row);
      state.logarithm ? long_row.log_softmax() : long_row.softmax();
    }
    return;
  }
  const auto axis = static_cast<std::size_t>(extents.axis);
  const auto inner = static_cast<std::size_t>(extents.inner);
  const auto rows = state.logarithm ? kernels::log_softmax : kernels::softmax;
  const auto columns = state.logarithm ? kernels::log_softmax_columns : kernels::softmax_columns;
  for_softmax_tasks(args.control, extents, kSimdCost, [&](const Task& task, std::size_t) {
    const std::int64_t begin = task.first * extents.axis * extents.inner + task.column;
    const float* x = static_cast<const float*>(args.inputs[0]) + begin;
    float* y = static_cast<float*>(args.outputs[0]) + begin;
    if (inner == 1) {
      rows(x, y, static_cast<std::size_t>(task.count), axis);
      return;
    }
    for (std::int64_t outer = 0; outer < task.count; ++outer, x += axis * inner, y += axis * inner) {
      columns(x, y, axis, inner, static_cast<std::size_t>(task.columns));
    }
  });
}

/// At least the elements that a task widens at once.
std::int64_t task_elements(const SoftmaxExtents& extents) {
  return std::max(kTaskElements, extents.axis * std::min(kLeastColumns, extents.inner));
}

std::string accepts_short_half(const NodeView& node) {
  std::string why_not = accepts_half(node);
  if (!why_not.empty()) return why_not;
  const std::int64_t elements = task_elements(softmax_extents(node));
  return elements <= kLongRow ? "" : text("only tasks of up to ", kLongRow, " elements, not ", elements);
}

/// A worker widens the elements of a task, and narrows what becomes of them.
Prepared prepare_half(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.workspace_bytes = static_cast<std::size_t>(task_elements(softmax_extents(context))) * sizeof(float) *
                             static_cast<std::size_t>(context.threads());
  return prepared;
}

void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const SoftmaxExtents& extents = state.extents;
  const auto axis = static_cast<std::size_t>(extents.axis);
  const auto inner = static_cast<std::size_t>(extents.inner);
  const auto rows = state.logarithm ? kernels::log_softmax : kernels::softmax;
  const auto columns_of = state.logarithm ? kernels::log_softmax_columns : kernels::softmax_columns;
  for_softmax_tasks(args.control, extents, kSimdCost, [&](const Task& task, std::size_t worker) {
    float* const block =
        static_cast<float*>(args.workspace) + worker * static_cast<std::size_t>(task_elements(extents));
    const auto begin = static_cast<std::size_t>(task.first) * axis * inner + static_cast<std::size_t>(task.column);
    const auto count = static_cast<std::size_t>(task.count);
    if (inner == 1) {
      load_line(state.type, args.inputs[0], begin, count * axis, block);
      rows(block, block, count, axis);
      return store_line(state.type, block, begin, count * axis, args.outputs[0]);
    }
    const auto columns = static_cast<std::size_t>(task.columns);
    for (std::size_t first = begin; first < begin + count * axis * inner; first += axis * inner) {
      for (std::size_t i = 0; i < axis; ++i)
        load_line(state.type, args.inputs[0], first + i * inner, columns, block + i * columns);
      columns_of(block, block, axis, columns, columns);
      for (std::size_t i = 0; i < axis; ++i)
        store_line(state.type, block + i * columns, first + i * inner, columns, args.outputs[0]);
    }
  });
}

/// One row of `length` elements, `stride` apart: in double, rounded once; doubles are summed in long double. The term
/// of the maximum, 1, stays out of the sum until the end, so that the logarithm keeps the digits of the others beside
/// it.
template <typename T>
void reference_row(const T* x, T* y, std::int64_t length, std::int64_t stride, bool logarithm) {
  const auto at = [&](std::int64_t i) { return static_cast<double>(x[i * stride]); };
  std::int64_t largest = 0;
  for (std::int64_t i = 1; i < length; ++i) {
    if (at(i) > at(largest)) largest = i;
  }
  const double maximum = at(largest);
  using Sum = std::conditional_t<std::is_same_v<T, double>, long double, double>;
  Sum sum = maximum - maximum;  // 0, or NaN for an infinite maximum
  for (std::int64_t i = 0; i < length; ++i) {
    if (i != largest) sum += std::exp(at(i) - maximum);
  }
  const auto others = static_cast<double>(sum);
  const double log_sum = std::log1p(others);
  for (std::int64_t i = 0; i < length; ++i) {
    const double shifted = at(i) - maximum;
    y[i * stride] = static_cast<T>(logarithm ? shifted - log_sum : std::exp(shifted) / (1 + others));
  }
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const SoftmaxExtents& extents = state.extents;
  visit_float_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_softmax_tasks(args.control, extents, kReferenceCost, [&](const Task& task, std::size_t) {
      for (std::int64_t outer = task.first; outer < task.first + task.count; ++outer) {
        for (std::int64_t column = task.column; column < task.column + task.columns; ++column) {
          const std::int64_t begin = outer * extents.axis * extents.inner + column;
          reference_row(static_cast<const T*>(args.inputs[0]) + begin, static_cast<T*>(args.outputs[0]) + begin,
                        extents.axis, extents.inner, state.logarithm);
        }
      }
    });
  });
}

std::optional<ChannelsLast> channels_last(const NodeView& node) {
  /// Of a row that lies in one piece, in the time of copying an element, whatever its length.
  constexpr double kRow = 64.0;
  if (node.attributes<SoftmaxAttributes>().flattened) return std::nullopt;
  auto result = turned<SoftmaxAttributes>(node, [&](SoftmaxAttributes& attributes) {
    attributes.axis = channels_last_axis(attributes.axis, node.input_rank(0));
  });
  if (result && normalized_axis(node.attributes<SoftmaxAttributes>().axis, node.input_rank(0)) == 1) {
    const Dim channels = node.input_dims(0)[1];
    result->gain = -kRow / static_cast<double>(channels.known() ? std::max<std::int64_t>(channels.value(), 1) : 1);
  }
  return result;
}

OpDef definition(const char* name) {
  OpDef op;
  op.name = name;
  op.inputs = kInputOfFloats;
  op.outputs = kOutputOverFirst;
  op.infer = infer;
  op.implementations = softmax_implementations();
  op.facts.channels_last = channels_last;
  return op;
}

}  // namespace

SoftmaxExtents softmax_extents(const NodeView& node) {
  const auto& attributes = node.attributes<SoftmaxAttributes>();
  const Shape shape = node.input_shape(0);
  const auto axis = static_cast<std::ptrdiff_t>(normalized_axis(attributes.axis, shape.size()));
  const auto end = attributes.flattened ? shape.end() : shape.begin() + axis + 1;
  SoftmaxExtents extents;
  extents.outer = element_count(Shape(shape.begin(), shape.begin() + axis));
  extents.axis = element_count(Shape(shape.begin() + axis, end));
  extents.inner = element_count(Shape(end, shape.end()));
  return extents;
}

std::shared_ptr<const SoftmaxState> softmax_state(const NodeView& node) {
  auto state = new_shared<SoftmaxState>();
  state->extents = softmax_extents(node);
  state->logarithm = node.attributes<SoftmaxAttributes>().logarithm;
  state->type = node.input_type(0);
  return state;
}

std::vector<Implementation> softmax_implementations() {
  return {
      onednn_softmax_implementation(),
      {"simd", Backend::kSimd, accepts_float32, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_short_half, prepare_half, run_half},
      double_softmax_implementation(),
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
}

void register_softmax(Registry& registry) {
  OpDef op = definition("Softmax");
  op.parse = parse<false>;
  registry.add(std::move(op));
}

void register_log_softmax(Registry& registry) {
  OpDef op = definition("LogSoftmax");
  op.parse = parse<true>;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
