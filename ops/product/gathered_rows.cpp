#include "ops/product/gathered_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/movement/index_inputs.hpp"
#include "ops/shared/element_lines.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr double kTaskNanoseconds = 3e5;
/// Where products are made of rows, fewer would not fill a tile.
constexpr double kLeastTaskRows = 12;
/// Of matrices so narrow that stores take longer than products.
constexpr double kMostTaskRows = 4096;
constexpr double kCopiedPerNanosecond = 2.0;  ///< floats
constexpr std::size_t kUnwatched = 1 << 14;   ///< rows between two looks at the stop

/// copy(row) for all rows of so many floats.
template <typename Copy>
void copy_rows(RunControl& control, std::size_t rows, std::size_t floats, const Copy& copy) {
  const std::size_t step = std::max<std::size_t>(1, (std::size_t{1} << 16) / (floats + 1));
  const double work = static_cast<double>(rows * floats) / kCopiedPerNanosecond;
  control.parallel_for((rows + step - 1) / step, work, [&](std::size_t task) {
    for (std::size_t row = task * step; row < std::min(rows, (task + 1) * step); ++row) copy(row);
  });
}

}  // namespace

std::size_t GatheredRows::matrix_of(const RunArguments& args, std::size_t row) const {
  if (indices == 0) return 0;
  std::int64_t index = 0;
  load_line(index_type, args.inputs[indices], row * index_step, 1, &index);
  return counted_from_front(index, static_cast<std::int64_t>(matrices));
}

void GatheredRows::check(const RunArguments& args) const {
  if (indices == 0 || rows == 0) return;
  const auto size = static_cast<std::int64_t>(matrices);
  check_indices(args.control, index_type, args.inputs[indices], index_step == 0 ? 1 : rows, &size);
}

void GatheredRows::reserve(WorkspaceLayout& workspace) {
  const auto add = [&](std::size_t count, std::size_t size) {
    const auto bytes = checked_product(static_cast<std::int64_t>(count), static_cast<std::int64_t>(size));
    if (!bytes) fail(ErrorCode::kLimitExceeded, "its rows need more bytes than 64 bits can count");
    return workspace.add(static_cast<std::size_t>(*bytes));
  };
  firsts_at_ = add((indices == 0 ? 1 : std::min(rows, matrices)) + 1, sizeof(std::size_t));
  if (indices == 0) return;
  rows_at_ = add(rows, sizeof(std::int64_t));
  order_at_ = add(rows, sizeof(std::int64_t));
  ends_at_ = add(rows, sizeof(std::int64_t));
  matrices_at_ = add(rows, sizeof(std::int64_t));
  counts_at_ = add(std::min(matrices, most_counted()), sizeof(std::int64_t));
  a_at_ = add(rows, k * sizeof(float));
  y_at_ = add(rows, n * sizeof(float));
}

/// Those of one matrix in their order.
void GatheredRows::sort_rows(const std::int64_t* matrix_of_row, std::int64_t* counts, std::int64_t* order) const {
  if (matrices > most_counted()) {
    for (std::size_t row = 0; row < rows; ++row) order[row] = static_cast<std::int64_t>(row);
    std::sort(order, order + rows, [&](std::int64_t a, std::int64_t b) {
      return std::make_pair(matrix_of_row[a], a) < std::make_pair(matrix_of_row[b], b);
    });
    return;
  }
  std::fill_n(counts, matrices, std::int64_t{0});
  for (std::size_t row = 0; row < rows; ++row) ++counts[matrix_of_row[row]];
  // Where each begins: every row that it gets moves that on.
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < matrices; ++i) begin += std::exchange(counts[i], begin);
  for (std::size_t row = 0; row < rows; ++row) order[counts[matrix_of_row[row]]++] = static_cast<std::int64_t>(row);
}

void GatheredRows::gather(const RunArguments& args, Grouped& grouped) const {
  grouped.a = static_cast<const float*>(args.inputs[0]);
  grouped.y = static_cast<float*>(args.outputs[0]);
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  grouped.firsts = reinterpret_cast<std::size_t*>(workspace + firsts_at_);
  grouped.all = static_cast<std::int64_t>(rows);
  grouped.groups = {&grouped.all, nullptr, 1};
  if (indices == 0) return;
  check(args);
  const auto numbers = [&](std::size_t at) { return reinterpret_cast<std::int64_t*>(workspace + at); };
  std::int64_t* const matrix_of_row = numbers(rows_at_);
  std::int64_t* const order = numbers(order_at_);
  for (std::size_t row = 0; row < rows; ++row) {
    if (row % kUnwatched == 0) args.control.check();
    matrix_of_row[row] = static_cast<std::int64_t>(matrix_of(args, row));
  }
  sort_rows(matrix_of_row, numbers(counts_at_), order);
  args.control.check();
  std::int64_t* const ends = numbers(ends_at_);
  std::int64_t* const used = numbers(matrices_at_);
  std::size_t count = 0;
  bool in_order = repeats == 1;
  for (std::size_t place = 0; place < rows; ++place) {
    const std::int64_t matrix = matrix_of_row[order[place]];
    if (count == 0 || used[count - 1] != matrix) used[count++] = matrix;
    ends[count - 1] = static_cast<std::int64_t>(place) + 1;
    in_order &= order[place] == static_cast<std::int64_t>(place);
  }
  grouped.groups = {ends, used, count};
  if (in_order) return;
  const float* const from = grouped.a;
  auto* const a = reinterpret_cast<float*>(workspace + a_at_);
  copy_rows(args.control, rows, k, [&](std::size_t row) {
    std::memcpy(a + row * k, from + static_cast<std::size_t>(order[row]) / repeats * k, k * sizeof(float));
  });
  grouped.a = a;
  grouped.y = reinterpret_cast<float*>(workspace + y_at_);
  grouped.moved = true;
}

void GatheredRows::scatter(const RunArguments& args, const Grouped& grouped) const {
  if (!grouped.moved) return;
  const auto* const order = reinterpret_cast<const std::int64_t*>(static_cast<std::byte*>(args.workspace) + order_at_);
  auto* const y = static_cast<float*>(args.outputs[0]);
  copy_rows(args.control, rows, n, [&](std::size_t row) {
    std::memcpy(y + static_cast<std::size_t>(order[row]) * n, grouped.y + row * n, n * sizeof(float));
  });
}

GroupParts GroupParts::of(std::size_t panels, double panel_row_work, double matrix_work) {
  GroupParts parts;
  parts.panels = panels;
  parts.task_rows = static_cast<std::size_t>(
      std::clamp(kTaskNanoseconds / std::max(panel_row_work, 1e-3), kLeastTaskRows, kMostTaskRows));
  parts.row_work = panel_row_work * static_cast<double>(panels);
  parts.matrix_work = matrix_work;
  return parts;
}

std::size_t GroupParts::step(std::size_t rows) const {
  // A part that several threads share is worth taking; where parts stay so, each thread has as many.
  constexpr double kPartNanoseconds = 1e4, kLeastPartNanoseconds = 2e3;
  if (!joins_panels || rows >= task_rows || panels == 0) return 1;
  const double of_panel = std::max(row_work * static_cast<double>(rows), matrix_work) / static_cast<double>(panels);
  const auto most = static_cast<std::size_t>(
      std::clamp((threads == 1 ? 10 * kPartNanoseconds : kPartNanoseconds) / std::max(of_panel, 1e-3), 1.0,
                 static_cast<double>(panels)));
  std::size_t parts = (panels + most - 1) / most;
  const std::size_t even = (parts + threads - 1) / threads * threads;
  const double of_part = of_panel * static_cast<double>(panels) / static_cast<double>(even);
  if (parts > 1 && of_part >= kLeastPartNanoseconds) parts = even;
  return (panels + parts - 1) / parts;
}

std::size_t GroupParts::count(const RowGroups& groups, std::size_t* firsts) const {
  std::size_t tasks = 0;
  for (std::size_t i = 0; i < groups.count; ++i) {
    firsts[i] = tasks;
    const std::size_t rows = groups.rows(i);
    const std::size_t panels_of_part = step(rows);
    tasks += (rows + task_rows - 1) / task_rows * ((panels + panels_of_part - 1) / panels_of_part);
  }
  firsts[groups.count] = tasks;
  return tasks;
}

double GroupParts::work(const RowGroups& groups) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < groups.count; ++i) {
    const std::size_t rows = groups.rows(i);
    if (rows > 0) sum += std::max(row_work * static_cast<double>(rows), matrix_work);
  }
  return sum;
}

GroupPart GroupParts::part(const RowGroups& groups, const std::size_t* firsts, std::size_t task) const {
  GroupPart part;
  const auto group = static_cast<std::size_t>(std::upper_bound(firsts, firsts + groups.count, task) - firsts) - 1;
  part.matrix = groups.matrices == nullptr ? 0 : static_cast<std::size_t>(groups.matrices[group]);
  const std::size_t rows = groups.rows(group);
  const std::size_t panels_of_part = step(rows);
  const std::size_t row_parts = (rows + task_rows - 1) / task_rows;
  const std::size_t index = task - firsts[group];
  // Parts of the same panels follow each other: threads that take them in order share the weights.
  const std::size_t row = index % row_parts * task_rows;
  part.row = groups.begin(group) + row;
  part.rows = std::min(task_rows, rows - row);
  part.panel_begin = index / row_parts * panels_of_part;
  part.panel_end = std::min(panels, part.panel_begin + panels_of_part);
  return part;
}

}  // namespace linnet::internal
