// NonZero: the indices of the elements of X that are not zero, in row-major order: output [rank of X, number of them]
// (int64), a column for each element. -0 is zero, NaN is not. A scalar gives [0, 1] or [0, 0]. Opsets 9 to newest; all
// types that Linnet holds but packed ones. How many there are only the run knows.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/sized_elements.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kBlock = 1 << 14;  // elements of a task
constexpr double kCost = 1.0;            // ns per element

void infer(InferContext& context) {
  context.set_output(0, {static_cast<std::int64_t>(context.input_rank(0)), Dim::unknown()});
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

/// Elements next to each other, as unsigned integers of `bytes` bytes: those that have none of the `kept` bits are
/// zero.
struct Line {
  const void* elements = nullptr;
  std::size_t bytes = 0;
  std::uint64_t kept = 0;
};

/// Those from `first` on.
Line line_of(const State& state, const void* x, std::size_t first) {
  const std::size_t bytes = size_of(state.type);
  const std::uint64_t sign = kFloatTypes.has(state.type) ? std::uint64_t{1} << (8 * bytes - 1) : 0;
  return {static_cast<const std::byte*>(x) + first * bytes, bytes, ~sign};
}

/// As many as are not zero.
std::uint32_t count_of(const Line& line, std::size_t count) {
  return visit_size(line.bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(line.elements);
    const auto kept = static_cast<T>(line.kept);
    std::uint32_t result = 0;
    for (std::size_t i = 0; i < count; ++i) result += (x[i] & kept) != 0 ? 1 : 0;
    return result;
  });
}

/// The places of those that are not zero, without a branch that would depend on them; returns how many there are.
std::size_t find(const Line& line, std::size_t count, std::uint32_t* places) {
  return visit_size(line.bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(line.elements);
    const auto kept = static_cast<T>(line.kept);
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; ++i) {
      places[found] = static_cast<std::uint32_t>(i);
      found += (x[i] & kept) != 0 ? 1 : 0;
    }
    return found;
  });
}

/// Indices as a matrix with a row for each axis and `columns` columns, of which those from `column` on come next.
class IndexWriter {
 public:
  IndexWriter(const State& state, std::int64_t* indices, std::size_t columns, std::size_t column)
      : shape_(state.shape), indices_(indices), columns_(columns), column_(column) {}

  /// Elements begin + places[i], in order, all of them in [begin, end).
  void add(std::size_t begin, std::size_t end, const std::uint32_t* places, std::size_t count) {
    if (shape_.empty()) return;
    const auto inner = static_cast<std::size_t>(shape_.back());
    while (count > 0) {
      const std::size_t row = (begin + *places) / inner;
      const std::size_t row_end = (row + 1) * inner;
      const std::size_t in_row =
          row_end >= end ? count
                         : static_cast<std::size_t>(std::lower_bound(places, places + count, row_end - begin) - places);
      add_row(row, static_cast<std::int64_t>(begin) - static_cast<std::int64_t>(row * inner), places, in_row);
      places += in_row;
      count -= in_row;
    }
  }

 private:
  /// Of one row of X, in which place 0 stands at `first`.
  void add_row(std::size_t row, std::int64_t first, const std::uint32_t* places, std::size_t count) {
    const std::size_t last = shape_.size() - 1;
    for (std::size_t axis = last; axis-- > 0;) {
      const auto size = static_cast<std::size_t>(shape_[axis]);
      std::fill_n(indices_ + axis * columns_ + column_, count, static_cast<std::int64_t>(row % size));
      row /= size;
    }
    std::int64_t* to = indices_ + last * columns_ + column_;
    for (std::size_t i = 0; i < count; ++i) to[i] = first + places[i];
    column_ += count;
  }

  const Shape& shape_;
  std::int64_t* indices_;
  std::size_t columns_;
  std::size_t column_;
};

/// Calls body(first, count) for the lines of a block.
template <typename Body>
void for_lines(const State& state, std::size_t block, const Body& body) {
  const std::size_t first = block * kBlock;
  for_lined_up(first, std::min(kBlock, state.count - first), body);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* counts = static_cast<std::int64_t*>(args.workspace);
  const double work = kCost * static_cast<double>(state.count);
  args.control.parallel_for(state.blocks, work, [&](std::size_t block) {
    std::int64_t count = 0;
    for_lines(state, block, [&](std::size_t first, std::size_t size) {
      count += count_of(line_of(state, args.inputs[0], first), size);
    });
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
    for_lines(state, block, [&](std::size_t first, std::size_t size) {
      std::uint32_t places[kLineElements];
      const std::size_t found = find(line_of(state, args.inputs[0], first), size, places);
      writer.add(first, first + size, places, found);
    });
  });
}

constexpr InputDef kInputs[] = {{"X", kTensorTypes}};
constexpr OutputDef kOutputs[] = {{"Y", kInt64Type}};

}  // namespace

void register_non_zero(Registry& registry) {
  OpDef op;
  op.name = "NonZero";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
