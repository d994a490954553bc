// Mode nearest: every element of Y is one of X.
#include <algorithm>
#include <cstring>

#include "ops/kernels/transpose.hpp"
#include "ops/resize/resize_axis.hpp"
#include "ops/shared/chunks.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kChunkBytes = 65536;  // of Y, that a task writes, about
constexpr double kCost = 0.5;                // ns per unit
constexpr double kCostOfByte = 0.05;         // the same, beside it

/// An axis of Y.
struct NearestAxis {
  std::int64_t size = 1;
  std::int64_t stride = 0;             ///< of X, in bytes
  std::vector<std::int64_t> elements;  ///< of X, by index in Y; empty: the same index

  std::int64_t offset(std::int64_t index) const {
    return (elements.empty() ? index : elements[static_cast<std::size_t>(index)]) * stride;
  }
};

struct NearestState {
  std::vector<NearestAxis> outer;  ///< outermost first; at least one, where Y has elements
  NearestAxis row;                 ///< the innermost axis
  std::int64_t unit_bytes = 1;     ///< of what the axes inside it keep together
  std::int64_t repeats = 0;        ///< where not 0: unit i of a row of Y is unit i / repeats of X
  bool twice = false;              ///< Y is X with every unit twice along the two innermost axes
  std::int64_t units = 0;
  std::int64_t chunk = 1;  ///< units that a task writes; a multiple of repeats, where not 0
  Extrapolation extrapolation;

  /// Where a row of Y begins in X.
  std::int64_t row_offset(std::int64_t index) const {
    std::int64_t offset = 0;
    for (std::size_t i = outer.size(); i-- > 0;) {
      offset += outer[i].offset(index % outer[i].size);
      index /= outer[i].size;
    }
    return offset;
  }
};

/// Innermost first; what they keep together goes into the unit, as long as that is short.
std::vector<NearestAxis> joined_axes(const ResizeAttributes& attributes, const std::vector<AxisResize>& axes,
                                     std::int64_t& unit_bytes) {
  std::vector<NearestAxis> joined;
  std::int64_t stride = unit_bytes;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const AxisResize& axis = axes[i];
    if (!axis.keeps()) {
      joined.push_back({axis.resized, stride, nearest_elements(attributes, axis)});
    } else if (joined.empty() && unit_bytes * axis.size <= kChunkBytes) {
      unit_bytes *= axis.size;
    } else if (!joined.empty() && joined.back().elements.empty()) {
      joined.back().size *= axis.size;
    } else if (axis.size > 1) {
      joined.push_back({axis.size, stride, {}});
    }
    stride *= axis.size;
  }
  return joined;
}

template <std::size_t kBytes>
void copy_units_of(const NearestAxis& row, const std::byte* x, std::int64_t begin, std::int64_t end, std::byte* y) {
  struct Unit {
    std::byte bytes[kBytes];
  };
  const std::int64_t* elements = row.elements.data();
  for (std::int64_t i = begin; i < end; ++i, y += kBytes) {
    std::memcpy(y, x + elements[i] * static_cast<std::int64_t>(kBytes), sizeof(Unit));
  }
}

/// How often a row of Y repeats every unit of X; 0 where it does something else.
std::int64_t repeats_of(const NearestAxis& row) {
  const std::vector<std::int64_t>& elements = row.elements;
  const auto repeats = static_cast<std::int64_t>(std::count(elements.begin(), elements.end(), 0));
  if (repeats < 2 || row.size % repeats != 0) return 0;
  for (std::int64_t i = 0; i < row.size; ++i) {
    if (elements[static_cast<std::size_t>(i)] != i / repeats) return 0;
  }
  return repeats;
}

/// Units [begin, end) of a row, both multiples of repeats; the row of X begins at x, what is written at y.
void copy_units(const NearestState& state, const std::byte* x, std::int64_t begin, std::int64_t end, std::byte* y) {
  const std::int64_t bytes = state.unit_bytes;
  if (state.row.elements.empty()) {
    std::memcpy(y, x + begin * bytes, static_cast<std::size_t>((end - begin) * bytes));
    return;
  }
  if (state.repeats != 0) {
    const std::int64_t repeats = state.repeats;
    const auto units = static_cast<std::size_t>((end - begin) / repeats);
    return kernels::transpose(static_cast<std::size_t>(bytes), {x + begin / repeats * bytes, 0, y, repeats * bytes},
                              units, static_cast<std::size_t>(repeats));
  }
  switch (bytes) {
    case 1:
      return copy_units_of<1>(state.row, x, begin, end, y);
    case 2:
      return copy_units_of<2>(state.row, x, begin, end, y);
    case 4:
      return copy_units_of<4>(state.row, x, begin, end, y);
    case 8:
      return copy_units_of<8>(state.row, x, begin, end, y);
    default:
      for (std::int64_t i = begin; i < end; ++i, y += bytes) {
        std::memcpy(y, x + state.row.offset(i), static_cast<std::size_t>(bytes));
      }
  }
}

/// Rows of Y in order, and where they begin in X.
class RowWalk {
 public:
  RowWalk(const NearestState& state, std::int64_t row) : state_(state), row_(row) { start(); }
  std::int64_t offset() const { return base_ + axis().offset(index_); }
  void next() {
    ++row_;
    if (++index_ == axis().size) start();
  }

 private:
  const NearestAxis& axis() const { return state_.outer.back(); }
  void start() {
    index_ = row_ % axis().size;
    base_ = state_.row_offset(row_) - axis().offset(index_);
  }

  const NearestState& state_;
  std::int64_t row_;
  std::int64_t index_ = 0;
  std::int64_t base_ = 0;
};

/// Whether the two innermost axes repeat every unit twice, and all of X, whose rows come one after another then.
bool repeats_twice(const NearestState& state) {
  if ((state.unit_bytes != 2 && state.unit_bytes != 4) || state.repeats != 2) return false;
  const NearestAxis& column = state.outer.back();
  const std::int64_t row_bytes = state.row.size / 2 * state.unit_bytes;
  if (repeats_of(column) != 2 || column.stride != row_bytes) return false;
  if (state.outer.size() == 1) return true;
  const NearestAxis& plane = state.outer.front();
  return state.outer.size() == 2 && plane.elements.empty() && plane.stride == column.size / 2 * row_bytes;
}

/// Units [first, end) of Y. A row that is made of the same row of X as the one before it is a copy of that one.
void copy_rows(const NearestState& state, const RunArguments& args, std::int64_t first, std::int64_t end) {
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const std::int64_t size = state.row.size;
  const std::int64_t row_bytes = size * state.unit_bytes;
  std::int64_t whole_row = -1;  // where the row before begins in X, if this task wrote all of it
  RowWalk walk(state, first / size);
  std::int64_t begin = first % size;
  while (first < end) {
    const std::int64_t last = std::min(size, begin + (end - first));
    const std::int64_t offset = walk.offset();
    std::byte* to = y + first * state.unit_bytes;
    const bool whole = begin == 0 && last == size;
    if (whole && offset == whole_row) {
      std::memcpy(to, to - row_bytes, static_cast<std::size_t>(row_bytes));
    } else {
      copy_units(state, x + offset, begin, last, to);
    }
    whole_row = whole ? offset : -1;
    first += last - begin;
    begin = 0;
    walk.next();
  }
}

/// `count` units of Y from `first` on, both multiples of two rows.
void repeat_rows(const NearestState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  const auto unit = static_cast<std::size_t>(state.unit_bytes);
  const auto row = static_cast<std::size_t>(state.row.size);
  kernels::repeat_twice(unit, static_cast<const std::byte*>(args.inputs[0]) + first / 4 * unit, count / (2 * row),
                        row / 2, static_cast<std::byte*>(args.outputs[0]) + first * unit);
}

}  // namespace

std::shared_ptr<const void> prepare_nearest(const NodeView& node) {
  auto state = new_shared<NearestState>();
  const std::int64_t count = element_count(node.output_shape(0));
  if (count == 0) return state;
  const std::vector<AxisResize> axes = resized_axes(node);
  state->unit_bytes = static_cast<std::int64_t>(size_of(node.input_type(0)));
  const std::int64_t bytes = count * state->unit_bytes;
  state->outer = joined_axes(node.attributes<ResizeAttributes>(), axes, state->unit_bytes);
  state->units = bytes / state->unit_bytes;
  if (state->outer.empty()) {
    state->row = {state->units, state->unit_bytes, {}};
  } else {
    state->row = std::move(state->outer.front());
    state->outer.erase(state->outer.begin());
    std::reverse(state->outer.begin(), state->outer.end());
  }
  if (state->outer.empty()) state->outer.emplace_back();  // of one row
  const std::int64_t unit = state->unit_bytes;
  state->chunk = std::max<std::int64_t>(1, kChunkBytes / unit);
  if (unit == 1 || unit == 2 || unit == 4 || unit == 8) {
    const std::int64_t repeats = repeats_of(state->row);
    if (repeats != 0 && repeats <= state->chunk) {
      state->repeats = repeats;
      state->chunk -= state->chunk % repeats;
    }
  }
  state->twice = repeats_twice(*state);
  if (state->twice) {
    const std::int64_t two_rows = 2 * state->row.size;
    state->chunk = std::max<std::int64_t>(1, state->chunk / two_rows) * two_rows;
  }
  state->extrapolation = Extrapolation(node, axes);
  return state;
}

void run_nearest(const void* prepared, const RunArguments& args) {
  const NearestState& state = *static_cast<const NearestState*>(prepared);
  const double cost = kCost + kCostOfByte * static_cast<double>(state.unit_bytes);
  for_chunks(args.control, static_cast<std::size_t>(state.units), static_cast<std::size_t>(state.chunk), cost,
             [&](std::size_t first, std::size_t size) {
               if (state.twice) return repeat_rows(state, args, first, size);
               copy_rows(state, args, static_cast<std::int64_t>(first), static_cast<std::int64_t>(first + size));
             });
  state.extrapolation.run(args);
}

}  // namespace linnet::internal
