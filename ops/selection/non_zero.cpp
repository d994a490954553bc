// NonZero: the indices of the elements of X that are not zero, in row-major order: output [rank of X, number of them]
// (int64), a column for each element. -0 is zero, NaN is not. A scalar gives [0, 1] or [0, 0]. Opsets 9 to newest; all
// types that Linnet holds but packed ones. How many there are only the run knows.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/element_types.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kBlock = 1 << 14;  // elements of a task
constexpr double kCost = 1.0;            // ns per element

void infer(InferContext& context) {
  require_type(context, 0, "X", kTensorTypes);
  context.set_output(0, DataType::kInt64, {static_cast<std::int64_t>(context.input_rank(0)), Dim::unknown()});
}

struct State {
  DataType type = DataType::kUndefined;
  Shape shape;
  std::size_t count = 0;
  std::size_t blocks = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->shape = context.input_shape(0);
  state->count = static_cast<std::size_t>(element_count(state->shape));
  state->blocks = (state->count + kBlock - 1) / kBlock;
  return {state, state->blocks * sizeof(std::int64_t)};
}

/// Calls found(index) for every element of a block that is not zero.
template <typename Found>
void scan(const State& state, const void* x, std::size_t block, const Found& found) {
  visit_line_type(state.type, [&](auto tag) {
    using W = typename decltype(tag)::type;
    const std::size_t first = block * kBlock;
    for_lined_up(first, std::min(kBlock, state.count - first), [&](std::size_t begin, std::size_t count) {
      W line[kLinedUp];
      load_line(state.type, x, begin, count, line);
      for (std::size_t i = 0; i < count; ++i) {
        if (line[i] != 0) found(begin + i);
      }
    });
  });
}

/// Writes columns from `column` on, of `columns`. What a row of X has in common is found out once for the row.
class IndexWriter {
 public:
  IndexWriter(const State& state, std::int64_t* indices, std::size_t columns, std::size_t column)
      : shape_(state.shape), indices_(indices), columns_(columns), column_(column) {}

  void add(std::size_t element) {
    const std::size_t rank = shape_.size();
    if (rank == 0) return;
    const auto inner = static_cast<std::size_t>(shape_.back());
    const bool same_row = row_column_ != kNone && element - row_ < inner;
    if (same_row) {
      for (std::size_t axis = 0; axis + 1 < rank; ++axis) at(axis, column_) = at(axis, row_column_);
    } else {
      begin_row(element, inner);
    }
    at(rank - 1, column_) = static_cast<std::int64_t>(element - row_);
    ++column_;
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  std::int64_t& at(std::size_t axis, std::size_t column) { return indices_[axis * columns_ + column]; }

  void begin_row(std::size_t element, std::size_t inner) {
    std::size_t left = element / inner;
    row_ = left * inner;
    row_column_ = column_;
    for (std::size_t axis = shape_.size() - 1; axis-- > 0;) {
      const auto size = static_cast<std::size_t>(shape_[axis]);
      at(axis, column_) = static_cast<std::int64_t>(left % size);
      left /= size;
    }
  }

  const Shape& shape_;
  std::int64_t* indices_;
  std::size_t columns_;
  std::size_t column_;
  std::size_t row_ = 0;             ///< the first element of the row
  std::size_t row_column_ = kNone;  ///< the first column of the row
};

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* counts = static_cast<std::int64_t*>(args.workspace);
  const double work = kCost * static_cast<double>(state.count);
  args.control.parallel_for(state.blocks, work, [&](std::size_t block) {
    std::int64_t count = 0;
    scan(state, args.inputs[0], block, [&](std::size_t) { ++count; });
    counts[block] = count;
  });
  std::int64_t columns = 0;
  for (std::size_t block = 0; block < state.blocks; ++block) {
    const std::int64_t count = counts[block];
    counts[block] = columns;
    columns += count;
  }
  std::byte* const memory =
      held(args.outputs[0]).make(DataType::kInt64, {static_cast<std::int64_t>(state.shape.size()), columns});
  auto* indices = reinterpret_cast<std::int64_t*>(memory);
  args.control.parallel_for(state.blocks, work, [&](std::size_t block) {
    IndexWriter writer(state, indices, static_cast<std::size_t>(columns), static_cast<std::size_t>(counts[block]));
    scan(state, args.inputs[0], block, [&](std::size_t element) { writer.add(element); });
  });
}

}  // namespace

void register_non_zero(Registry& registry) {
  OpDef op;
  op.name = "NonZero";
  op.since_opset = 9;
  op.parse = parse_nothing;
  op.infer = infer;
  op.output_type = [](const NodeView&, std::size_t) { return DataType::kInt64; };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
